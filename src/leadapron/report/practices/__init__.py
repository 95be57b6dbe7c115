"""Procedures and coverage of frameworks, as documents, on the terminal and as pages.

- `procedures_document(states, assessed)`, `coverage_document(covered, states, assessed)` → the published documents.
- `render_procedures`, `render_coverage` `(document, console)`; `render_practices_html(procedures, coverage)` → a page.
"""
