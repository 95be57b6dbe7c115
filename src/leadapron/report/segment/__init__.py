"""Segmentation rules and their rehearsal as documents, on the terminal and as a page.

- `segmentation_document(segmentation, made, names=…)`, `rehearsal_document(rehearsal, segmentation, made, names=…)` →
  the published contracts; `names` are labels of devices by address.
- `render_segmentation_terminal`, `render_rehearsal_terminal`, `render_rehearsal_html`.
"""

from leadapron.report.segment.compose import rehearsal_document, segmentation_document
from leadapron.report.segment.contract import RehearsalDocument, SegmentationDocument
from leadapron.report.segment.page import render_rehearsal_html
from leadapron.report.segment.terminal import render_rehearsal_terminal, render_segmentation_terminal

__all__ = [
    "RehearsalDocument",
    "SegmentationDocument",
    "rehearsal_document",
    "render_rehearsal_html",
    "render_rehearsal_terminal",
    "render_segmentation_terminal",
    "segmentation_document",
]
