"""The dossier as PDF: A4, fonts inside, tagged for screen readers (PDF/UA-1), the same bytes for the same dossier."""

from __future__ import annotations

import string
import unicodedata
from importlib.resources import files

import msgspec

from leadapron.report.dossier.blocks import Dossier


def render_dossier_pdf(dossier: Dossier) -> bytes:
    """The file. Texts reach Typst as JSON that its template reads: they cannot become markup.

    Where a name holds characters that the fonts lack, those are written as their numbers.
    """
    import typst  # eighty megabytes: only whoever wants a PDF waits for it

    template = (files("leadapron.report.dossier") / "dossier.typ").read_bytes()

    def compiled(said: str) -> bytes:
        inputs = {"dossier": said, "attachments": _json(dossier.attachments)}
        compiler = typst.Compiler(input=template, ignore_system_fonts=True, sys_inputs=inputs)
        made = compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=int(dossier.generated.timestamp()))
        assert isinstance(made, bytes)  # noqa: S101 - a PDF is one file
        return made

    said = _json(msgspec.structs.replace(dossier, attachments=()))
    try:
        return compiled(said)
    except typst.TypstError:
        return compiled("".join(map(_shown, said)))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def _shown(character: str) -> str:
    """The character if the fonts are sure to have it: ASCII, accented Latin letters, and what our own sentences use."""
    if character in _OURS or unicodedata.name(character, "").startswith("LATIN "):
        return character
    return f"[U+{ord(character):04X}]"


_OURS = frozenset(string.printable + "\u00a0\u202f–—‘’“”«»…·×°±²³½§©®µ→←↑↓€")
