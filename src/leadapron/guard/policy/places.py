"""On which line of a TOML file each table and key stands, which `tomllib` does not tell.

One pass over the text, which has been read as TOML before: nothing is checked here, only found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""`("rule", 3, "from")`: key `from` of the fourth `[[rule]]`."""

_TOKEN = re.compile(
    r'(?P<text>"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|\'\'\'(?:[^\']|\'(?!\'\'))*+\'{3,5})'
    r"""|(?P<quoted>"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
    r"|(?P<comment>\#[^\n]*+)|(?P<line>\n)|(?P<mark>[=\[\]{}.,])|(?P<space>[ \t\r]++)|(?P<word>[\w+:-]++)",
    re.DOTALL,
)


class _Finder:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.table: Path = ()
        self.counts: dict[Path, int] = {}

    def header(self, parts: tuple[str, ...], line: int, *, many: bool) -> None:
        path = self._within(parts[:-1]) + parts[-1:]
        if many:
            number = self.counts[path] = self.counts.get(path, -1) + 1
            self.lines.setdefault(path, line)
            path = (*path, number)
        self.table = path
        self.lines.setdefault(path, line)

    def _within(self, parts: tuple[str, ...]) -> Path:
        """A table of tables is meant by its last one (TOML v1.0.0, Array of Tables)."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self.counts:
                path = (*path, self.counts[path])
        return path

    def key(self, parts: tuple[str, ...], line: int) -> None:
        path = self.table + parts
        self.lines.setdefault(path, line)


def lines_of(text: str) -> Mapping[Path, int]:
    """Lines, from 1, of the tables and keys of a sound TOML text. What stands inside a value has its key's line."""
    finder, line, place = _Finder(), 1, 0
    parts: list[str] = []
    depth, in_value, opening = 0, False, ""
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            place += 1
            continue
        place, kind, said = token.end(), token.lastgroup, token[0]
        if kind == "line":
            line += 1
            if not depth:
                parts, in_value, opening = [], False, ""
        elif kind == "text":
            line += said.count("\n")
        elif in_value:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(said, 0)
        elif kind in ("word", "quoted"):
            parts.append(said.strip("\"'") if kind == "quoted" else said)
        elif said == "[":
            opening += said
        elif said == "]" and parts:
            finder.header(tuple(parts), line, many=opening == "[[")
            parts = []
        elif said == "=" and parts:
            finder.key(tuple(parts), line)
            parts, in_value = [], True
    return finder.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of that place, or of the nearest thing around it that has one; 1 where nothing has."""
    for end in range(len(path), 0, -1):
        if found := lines.get(path[:end]):
            return found
    return 1
