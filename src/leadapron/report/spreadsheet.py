"""CSV files for the asset register and for spreadsheets, safe to open there.

Column names are those of the JSON document, in every language. The separator is the one that the language's
spreadsheets expect, every cell is quoted, and a byte order mark tells them the encoding.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from leadapron.model.findings import Citation
from leadapron.report.contract import (
    AssetEntry,
    Component,
    Control,
    Document,
    ExposureEntry,
    FindingEntry,
    FlowEntry,
    SubjectEntry,
)
from leadapron.report.words import Language

SEPARATORS = {Language.EN: ",", Language.FR: ";"}
_BETWEEN = " | "
"""Between values in one cell; no standard name holds it."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LEFT_OUT = frozenset({"evidence", "contradictions", "declared", "reasons", "rank_reasons"})
"""Nested data, for which the JSON document is the place."""


def write_csv(document: Document, folder: Path) -> tuple[Path, ...]:
    """Write `assets.csv`, `flows.csv` and `findings.csv` into `folder`, made if missing; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    separator = SEPARATORS[Language(document.language)]
    return (
        _write(folder / "assets.csv", AssetEntry, document.assets, separator),
        _write(folder / "flows.csv", FlowEntry, document.flows, separator),
        _write(folder / "findings.csv", FindingEntry, document.findings, separator),
    )


def _write(path: Path, kind: type[Struct], rows: Iterable[Struct], separator: str) -> Path:
    columns = [name for name in kind.__struct_fields__ if name not in _LEFT_OUT]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows([cell(getattr(row, name)) for name in columns] for row in rows)
    return path


def cell(value: object) -> str:
    """A cell's text. A leading apostrophe keeps a spreadsheet from running a name that looks like a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Citation):
        return f"{value.source} {value.place}".strip() + f": {value.quote}"
    if isinstance(value, ExposureEntry):
        return f"{value.advisory} {value.verdict}{' KEV' if value.kev else ''}: {value.product}"
    if isinstance(value, Component):
        return f"{value.name} {value.version}".strip()
    if isinstance(value, Control):
        return f"{value.framework_name} {value.id}"
    if isinstance(value, SubjectEntry):
        return value.label
    if isinstance(value, Mapping):
        return _BETWEEN.join(f"{key}: {item}" for key, item in sorted(value.items()))
    if isinstance(value, tuple):
        return _BETWEEN.join(map(_text, value))
    return str(value)
