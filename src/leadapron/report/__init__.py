"""Results for people: published documents, and the pages, tables and files made of them, in English and French.

- `document(assessment, rules, lang)` → `Document`: the published JSON contract (`docs/reference`), in words.
- `encode(document)` → its JSON; `python -m leadapron.report.schema` writes the JSON Schema.
- `render_html(document, zone=...)` → one self-contained page.
- `render_terminal`, `render_inventory`, `render_flows`, `render_findings` `(document, console, zone=...)`, with Rich.
- `write_csv(document, folder)` → files for the asset register.
- `report.plan`: the same for the plan, and tickets; `report.practices`: for procedures and coverage of frameworks;
  `report.dossier`: all of it in one evidence pack, HTML or PDF.
- `words(lang)` → `Words`: sentences, numbers and dates of a language, for front ends.

Times are UTC in JSON and CSV; pages and terminals show them in the `zone` they are given.
"""

from leadapron.report.compose import document
from leadapron.report.contract import Document, encode
from leadapron.report.page import render_html
from leadapron.report.spreadsheet import write_csv
from leadapron.report.terminal import render_findings, render_flows, render_inventory, render_terminal
from leadapron.report.words import Language, Words, words

__all__ = [
    "Document",
    "Language",
    "Words",
    "document",
    "encode",
    "render_findings",
    "render_flows",
    "render_html",
    "render_inventory",
    "render_terminal",
    "words",
    "write_csv",
]
