"""Quoting for the languages that texts land in."""

import re

_REFERENCE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*")
_HCL_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def shell_word(text: str) -> str:
    """One word of a POSIX shell that expands to exactly the text."""
    if _PLAIN_WORD.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def shell_value(text: str) -> str:
    """As `shell_word`, but a bare reference such as `$NAME` or `${NAME}` stays one, in double quotes."""
    return f'"{text}"' if _REFERENCE.fullmatch(text) else shell_word(text)


def shell_double_quoted(text: str) -> str:
    """A double-quoted word of a POSIX shell that expands to exactly the text."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", text) + '"'


def hcl_string(text: str) -> str:
    """A quoted HCL string that is exactly the text, template sequences included."""
    escaped = "".join(_HCL_ESCAPES.get(character, character) for character in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def toml_string(text: str) -> str:
    """A basic TOML string that is exactly the text."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def powershell_string(text: str) -> str:
    """A verbatim PowerShell string that is exactly the text; curly quotes count as quotes there."""
    return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text) + "'"


def hcl_heredoc(text: str, *, marker: str = "EOT") -> str:
    """An HCL heredoc that is exactly the text, which must end with a line end; template sequences included."""
    while re.search(rf"^\s*{marker}\s*$", text, re.MULTILINE):
        marker += "X"
    return f"<<{marker}\n" + text.replace("${", "$${").replace("%{", "%%{") + marker
