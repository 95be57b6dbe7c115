"""What-if as documents, on the terminal and as pages.

- `outcome_document`, `comparison_document`, `best_document`, `paths_document` → the published contracts;
  `report.encode` writes their JSON. `Made` says by which version, when and in which language.
- `render_…_terminal(document, console)`, `render_…_html(document)` for each of them.
"""

from leadapron.report.whatif.best import best_document
from leadapron.report.whatif.contract import BestDocument, ComparisonDocument, OutcomeDocument, PathsDocument
from leadapron.report.whatif.outcome import Made, Skipped, comparison_document, outcome_document
from leadapron.report.whatif.page import (
    render_best_html,
    render_comparison_html,
    render_outcome_html,
    render_paths_html,
)
from leadapron.report.whatif.paths import paths_document
from leadapron.report.whatif.terminal import (
    render_best_terminal,
    render_comparison_terminal,
    render_outcome_terminal,
    render_paths_terminal,
)

__all__ = [
    "BestDocument",
    "ComparisonDocument",
    "Made",
    "OutcomeDocument",
    "PathsDocument",
    "Skipped",
    "best_document",
    "comparison_document",
    "outcome_document",
    "paths_document",
    "render_best_html",
    "render_best_terminal",
    "render_comparison_html",
    "render_comparison_terminal",
    "render_outcome_html",
    "render_outcome_terminal",
    "render_paths_html",
    "render_paths_terminal",
]
