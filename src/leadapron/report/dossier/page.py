"""The dossier as one HTML page, an edition after the other."""

from __future__ import annotations

from leadapron.report.dossier.blocks import Block, Dossier, EditionBlocks, Heading
from leadapron.report.frame import render_page
from leadapron.report.words import words


def render_dossier_html(dossier: Dossier) -> str:
    """One self-contained page. The frame speaks the first edition's language, each edition its own."""
    say = words(dossier.language)
    return render_page(
        "dossier.html.j2",
        say,
        document=dossier,
        editions=[(edition, _chapters(edition)) for edition in dossier.editions],
    )


def _chapters(edition: EditionBlocks) -> list[tuple[str, list[Block]]]:
    """Blocks under their chapter's id; the first one is the cover."""
    chapters: list[tuple[str, list[Block]]] = []
    for block in edition.blocks:
        if isinstance(block, Heading) and block.level <= 2:
            chapters.append((f"{edition.language}-{len(chapters)}", []))
        chapters[-1][1].append(block)
    return chapters
