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
