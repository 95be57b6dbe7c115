"""What every reader of foreign documents needs: a limit, no XML with declarations, what libraries raise on them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable
from xml.parsers import expat  # only the prolog is parsed, and a document type ends it

from leadapron.model.errors import SourceError

LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # RecursionError and NotImplementedError are such
    SyntaxError,  # ElementTree's ParseError is one
    TypeError,
    ValueError,
    expat.ExpatError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What parsers written for honest documents raise on others. Memory is bounded beforehand."""


class _PrologEndError(Exception):
    def __init__(self, doctype: bool) -> None:
        self.doctype = doctype


def has_doctype(chunks: Iterable[bytes]) -> bool:
    """Does this XML document declare a document type, and so perhaps entities (XML 1.0 §2.8)?

    Asked of the same parser that reads the document later, so that no encoding hides the declaration. It can stand
    only before the root element; what is not XML has none.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _doctype
    parser.StartElementHandler = _root
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
    except _PrologEndError as end:
        return end.doctype
    except (expat.ExpatError, LookupError, ValueError):
        return False
    return False


def _doctype(*_: object) -> None:
    raise _PrologEndError(True)


def _root(*_: object) -> None:
    raise _PrologEndError(False)


def one_line(text: str, limit: int) -> str:
    """At most `limit` characters, control characters and white space folded into single spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:limit].rstrip()


def reason(error: BaseException) -> str:
    """What a library said, on one line."""
    messages = getattr(error, "messages", None) or [str(error) or type(error).__name__]
    return one_line(str(messages[0]), 160)


def check_size(data: bytes, most: int, name: str, advice: str) -> None:
    """SourceError, with what to do, when a document has more than `most` bytes."""
    if len(data) > most:
        raise SourceError(f"{name}: {len(data) >> 20} MB, at most {most >> 20} MB are read; {advice}")
