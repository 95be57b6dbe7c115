"""Procedures and coverage of frameworks, as documents, on the terminal and as pages.

- `procedures_document(states, assessed)`, `coverage_document(covered, states, assessed)` → the published documents;
  `report.encode` writes their JSON.
- `render_procedures`, `render_coverage` `(document, console)`; `render_practices_html(procedures, coverage)` → a page.
"""

from leadapron.report.practices.compose import coverage_document, procedures_document
from leadapron.report.practices.contract import CoverageDocument, ProceduresDocument
from leadapron.report.practices.page import render_practices_html
from leadapron.report.practices.terminal import render_coverage, render_procedures

__all__ = [
    "CoverageDocument",
    "ProceduresDocument",
    "coverage_document",
    "procedures_document",
    "render_coverage",
    "render_practices_html",
    "render_procedures",
]
