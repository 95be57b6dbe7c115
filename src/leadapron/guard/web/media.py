"""Media types and their parameters (RFC 9110 §8.3.1), read strictly: a boundary that two readers find differently
would cut one request into two sets of parts."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

MAX_TEXT: Final = 1024

_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER: Final = re.compile(r'\s*;\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\\x00-\x1f\x7f]*)"|([^\s";,]+))\s*')
"""Quotes may be left out even where they should not be: most clients write `type=application/dicom`."""
_WORD: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class MediaType(Struct, frozen=True):
    """Type and parameters; names in lower case."""

    name: str
    parameters: dict[str, str]

    @property
    def boundary(self) -> bytes:
        """Of a multipart type (RFC 2046 §5.1.1); empty if there is none that is well formed."""
        text = self.parameters.get("boundary", "")
        return text.encode("ascii") if self.name.startswith("multipart/") and _BOUNDARY.fullmatch(text) else b""


def read_media_type(text: str) -> MediaType | None:
    """None if it cannot be read in one way only."""
    found = _TYPE.match(text)
    if found is None or len(text) > MAX_TEXT:
        return None
    at, parameters = found.end(), dict[str, str]()
    while at < len(text):
        parameter = _PARAMETER.match(text, at)
        if parameter is None or (name := parameter[1].lower()) in parameters:
            return None
        if name == "boundary" and parameter[3] is not None and not _WORD.fullmatch(parameter[3]):
            return None  # without quotes, readers end it at different places
        parameters[name] = next(value for value in parameter.groups()[1:] if value is not None)
        at = parameter.end()
    return MediaType(found[0].lower(), parameters)
