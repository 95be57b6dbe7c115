"""What a dossier is made of: few kinds of blocks that any format can write. Texts only, never markup."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from leadapron.report.words import Language


class Tone(StrEnum):
    """How a text is meant; each format decides how that looks. Colour never says it alone."""

    PLAIN = "plain"
    STRONG = "strong"
    SOFT = "soft"
    BAD = "bad"
    GOOD = "good"


class Cell(Struct, frozen=True):
    """A text in a table."""

    text: str
    tone: Tone = Tone.PLAIN


class Heading(Struct, frozen=True, tag="heading"):
    """A chapter (2) or a part of one (3); 1 is the title of an edition."""

    text: str
    level: int = 2
    anchor: str = ""
    fresh: bool = False
    """Begins a page where there are pages."""


class Paragraph(Struct, frozen=True, tag="paragraph"):
    """Some sentences."""

    text: str
    tone: Tone = Tone.PLAIN


class Bullets(Struct, frozen=True, tag="bullets"):
    """A list without order."""

    items: tuple[str, ...]


class Facts(Struct, frozen=True, tag="facts"):
    """Terms and what they say."""

    pairs: tuple[tuple[str, str], ...]


class Table(Struct, frozen=True, tag="table"):
    """A table with one row of headings, or none where a sentence before it says what stands where.

    `widths` are shares of the width; columns in `numbers` are set to the right.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...]
    numbers: tuple[int, ...] = ()
    tall: bool = False
    """Rows leave room to write by hand."""


class Verbatim(Struct, frozen=True, tag="verbatim"):
    """Lines to be compared letter by letter."""

    lines: tuple[str, ...]


Block = Heading | Paragraph | Bullets | Facts | Table | Verbatim


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that travels inside the PDF, and beside the HTML if someone wants it there."""

    name: str
    text: str
    kind: str
    """Media type."""
    about: str


class EditionBlocks(Struct, frozen=True, kw_only=True):
    """The dossier in one language."""

    language: Language
    title: str
    contents: str = ""
    """Heading of the table of contents; empty: there is none."""
    page: str
    """`Page {n} of {all}`."""
    blocks: tuple[Block, ...]
    large: bool = False
    """To be read at arm's length."""


class Dossier(Struct, frozen=True, kw_only=True):
    """One evidence pack: an edition for each language, first things first."""

    title: str
    author: str
    version: str
    generated: datetime
    editions: tuple[EditionBlocks, ...]
    attachments: tuple[Attachment, ...]

    @property
    def language(self) -> Language:
        """That of the first edition, which the frame of a page speaks."""
        return self.editions[0].language


def cells(*texts: str | Cell) -> tuple[Cell, ...]:
    """A row of a table."""
    return tuple(one if isinstance(one, Cell) else Cell(one) for one in texts)


def facts(*pairs: tuple[str, str]) -> Facts:
    """Facts without the empty ones."""
    return Facts(tuple((term, text) for term, text in pairs if text))
