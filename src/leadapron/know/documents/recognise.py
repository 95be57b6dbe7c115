"""Any document that a person adds: what it is, told from its content, and what it declares. All of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from leadapron.know.documents.columns import ColumnMemory
from leadapron.know.documents.lists import is_list, read_list
from leadapron.know.documents.origin import Origin
from leadapron.know.documents.sbom import is_sbom, read_sbom
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.events import Declaration, DocumentType

_BILLS = (DocumentType.SBOM, DocumentType.VEX)
MAX_NAME = 200
"""Characters of a document's name, which every declaration repeats."""


def read_document(
    data: bytes,
    name: str,
    *,
    ts: datetime,
    key: bytes,
    kind: DocumentType | None = None,
    asset: str = "",
    model: str = "",
    columns: Mapping[str, str] | None = None,
    memory: ColumnMemory | None = None,
) -> list[Declaration]:
    """The document (first) and each of its declarations.

    `kind` and `columns` (field → header) overrule recognition; `asset` or `model` says what it was added for; `key`
    is the workspace's, under which serial numbers are hashed. SourceError names file and place; then nothing was read.
    """
    if not data.strip():
        raise SourceError(f"{name}: empty")
    origin = Origin(name=name[-MAX_NAME:], ts=ts, key=key, asset=asset, model=model)
    kind = kind or _kind(data, name, told=bool(columns), memory=memory)
    if columns and kind in (DocumentType.MDS2, *_BILLS):
        raise UsageError(f"{name}: read as {kind}, which has no columns to name; leave --column out")
    if kind is DocumentType.MDS2:
        from leadapron.know.documents.mds2 import declarations, read_mds2

        return declarations(read_mds2(data, origin.name), origin)
    if kind in _BILLS:
        return read_sbom(data, origin)
    return read_list(data, origin, kind=kind, columns=columns, memory=memory)


def _kind(data: bytes, name: str, *, told: bool, memory: ColumnMemory | None) -> DocumentType | None:
    """What it is; None for a list of a kind still to be found from its columns."""
    if data.lstrip()[:5] == b"%PDF-":
        return DocumentType.MDS2
    if name.lower().endswith(".toml"):
        return DocumentType.ZONES
    if is_sbom(data):
        return DocumentType.SBOM
    if told or is_list(data, name, memory):
        return None
    from leadapron.know.documents.mds2 import holds_mds2

    try:
        return DocumentType.MDS2 if holds_mds2(data, name) else None
    except SourceError:
        return None  # reading it as a list says what is wrong with it
