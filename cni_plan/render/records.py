"""Records in the formats machines read: JSON, YAML, CSV."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

Record = Mapping[str, Any]


class RecordFormat(StrEnum):
    """The formats that every command with records has."""

    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


def to_json(records: Sequence[Record]) -> str:
    """A JSON list, one record a line."""
    import json

    lines = ",\n".join("  " + json.dumps(record, ensure_ascii=False) for record in records)
    return f"[\n{lines}\n]\n" if records else "[]\n"


def to_yaml(records: Sequence[Record]) -> str:
    """A YAML list of mappings."""
    import yaml

    text: str = yaml.safe_dump([dict(record) for record in records], sort_keys=False, allow_unicode=True, width=4096)
    return text


def to_csv(records: Sequence[Record]) -> str:
    """A CSV table with a header; a list within a cell is joined by semicolons, unknown is an empty cell."""
    import csv
    from io import StringIO

    if not records:
        return ""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return value


_WRITERS: dict[RecordFormat, Callable[[Sequence[Record]], str]] = {
    RecordFormat.JSON: to_json,
    RecordFormat.YAML: to_yaml,
    RecordFormat.CSV: to_csv,
}


def format_records(records: Sequence[Record], record_format: RecordFormat) -> str:
    """The records' text in a format, with a line end."""
    return _WRITERS[record_format](records)


def format_document(document: Record, record_format: RecordFormat) -> str:
    """One record that is the whole answer, as a JSON or YAML mapping."""
    if record_format is RecordFormat.YAML:
        import yaml

        text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=4096)
        return text
    import json

    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
