"""The evidence pack: composed once as neutral blocks, written as HTML and as PDF (docs/adr/0010).

- `input_list(assessment)` → `InputList`: what it all rests on; `canonical` is what is hashed and signed.
- `dossier(about, editions, inputs, signature=...)` → `Dossier`; an `Edition` holds the documents of one language.
- `render_dossier_html(dossier)`, `render_dossier_pdf(dossier)`.
"""

from leadapron.report.dossier.blocks import Dossier
from leadapron.report.dossier.compose import About, Edition, dossier
from leadapron.report.dossier.inputs import InputList, Signature, input_list
from leadapron.report.dossier.page import render_dossier_html
from leadapron.report.dossier.pdf import render_dossier_pdf

__all__ = [
    "About",
    "Dossier",
    "Edition",
    "InputList",
    "Signature",
    "dossier",
    "input_list",
    "render_dossier_html",
    "render_dossier_pdf",
]
