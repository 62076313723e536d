"""Files: reading what users name, and writing without ever leaving half a file."""

import os
import sys
from pathlib import Path

from cni_plan.errors import InputError, SourceError

LARGEST_INPUT_BYTES = 20 * 1024 * 1024
"""No file that cni-plan reads comes near this; a larger one is a mistake, or an attack on memory."""


def read_text(path: str) -> str:
    """Read a file the user named, or standard input for `-`.

    Raises:
        InputError: It cannot be read, is too large or is not UTF-8.
    """
    where = "standard input" if path == "-" else path
    try:
        if path == "-":
            data = sys.stdin.buffer.read(LARGEST_INPUT_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(LARGEST_INPUT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise InputError(f"cannot read {where}: {reason}") from None
    if len(data) > LARGEST_INPUT_BYTES:
        raise InputError(f"{where} is larger than {LARGEST_INPUT_BYTES // 2**20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{where} is not UTF-8 text") from None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: to a new file beside it, then rename.

    Raises:
        SourceError: It cannot be written; what stood there before still does.
    """
    from tempfile import NamedTemporaryFile

    target = path.resolve()
    aside = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        with NamedTemporaryFile(
            "w", encoding="utf-8", newline="\n", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as file:
            aside = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(mode)
        aside.replace(target)
        aside = None
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror}; nothing was changed") from None
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
