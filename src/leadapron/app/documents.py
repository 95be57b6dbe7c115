"""Documents and answers in a workspace: added whole or not at all; documents are listed, and taken out again."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import structs

from leadapron.app.assessing import known_of
from leadapron.know.documents.columns import ColumnMemory
from leadapron.know.documents.recognise import read_document
from leadapron.know.documents.targets import Devices, doubts
from leadapron.model.errors import SourceError, UsageError
from leadapron.model.events import LISTS, DocumentAdded, DocumentType, ProcedureAnswered
from leadapron.store import Workspace

MAX_BYTES = 64 << 20
"""Of one document: forms and lists take some hundred kilobytes, the largest bills of materials some tens of MB."""

COLUMNS = "columns.toml"
"""File of the workspace that remembers which column of a list is what."""


def add_document(
    workspace: Workspace,
    path: Path,
    *,
    now: datetime,
    asset: str = "",
    model: str = "",
    kind: DocumentType | None = None,
    columns: Mapping[str, str] | None = None,
) -> DocumentAdded:
    """Read one document into the workspace, in place of what was read of the same name for the same device."""
    memory = ColumnMemory(workspace.path / COLUMNS)
    declared = read_document(
        read_file(path),
        path.name,
        ts=now,
        key=workspace.key,
        kind=kind,
        asset=asset,
        model=model,
        columns=columns,
        memory=memory,
    )
    document = next(event for event in declared if isinstance(event, DocumentAdded))
    told = structs.replace(document, remarks=(*_doubts(workspace, document), *document.remarks))
    workspace.keep(_source(document), [told if event is document else event for event in declared])
    memory.save()
    return told


def documents(workspace: Workspace) -> tuple[DocumentAdded, ...]:
    """All documents of the workspace, by name."""
    return tuple(sorted(workspace.events(DocumentAdded), key=lambda one: (one.sensor, one.asset, one.model)))


def remove_document(workspace: Workspace, name: str) -> int:
    """Take out every document of that name; how many there were. UsageError when there is none."""
    found = [document for document in documents(workspace) if document.sensor == name]
    if not found:
        known = ", ".join(sorted({document.sensor for document in documents(workspace)})) or "none"
        raise UsageError(f"{name}: no such document in the workspace; it holds: {known}")
    for document in found:
        workspace.remove(_source(document))
    return len(found)


def keep_answers(workspace: Workspace, answers: Iterable[ProcedureAnswered], *, now: datetime, source: str) -> int:
    """Answers to procedure questions, kept beside the earlier ones; how many there were."""
    given = tuple(answers)
    workspace.keep(f"procedures/{source}/{now.isoformat()}", given)
    return len(given)


def read_file(path: Path) -> bytes:
    """A file that a person named."""
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise SourceError(f"{path}: a device or a pipe, which may have no end; name a file")
        if status.st_size > MAX_BYTES:
            raise SourceError(f"{path}: larger than {MAX_BYTES >> 20} MB; no form, list or bill of materials is")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error


def _doubts(workspace: Workspace, document: DocumentAdded) -> tuple[str, ...]:
    """What speaks against the device it is for. UsageError when there is none: it would be forgotten."""
    if document.type in LISTS:
        if document.asset or document.model:
            raise UsageError(f"{document.sensor}: a list names its devices itself; leave --asset and --model out")
        return ()
    inventory, _ = known_of(workspace)
    if document.asset and not Devices(inventory).named(document.asset):
        raise UsageError(
            f"{document.asset}: no device, or more than one, goes by that name; `leadapron inventory` lists them"
        )
    return doubts(document, inventory)


def _source(document: DocumentAdded) -> str:
    return "/".join(("document", document.sensor, document.asset, document.model))
