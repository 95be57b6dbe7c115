"""The list of everything a dossier rests on, in a form that two people can hash and compare.

One line an input, fields separated by tabs: kind, name, digest, what else identifies it. `sha256sum` of the list is
the number on the dossier; an Ed25519 signature is over the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC
from enum import StrEnum

import msgspec
from msgspec import Struct

from leadapron.model.assessment import Assessment
from leadapron.report.hostile import harmless

FORMAT = "leadapron.inputs/1"


class InputKind(StrEnum):
    """What an input is."""

    PROGRAM = "program"
    CAPTURE = "capture"
    DOCUMENT = "document"
    FEED = "feed"
    ANSWERS = "answers"


class Input(Struct, frozen=True, kw_only=True):
    """One input."""

    kind: InputKind
    name: str
    digest: str
    """`sha256:…`; of captures `blake2b-ends:…`, over their size, first and last MiB (large files are not read twice).
    Empty for what is shipped with the program."""
    detail: str
    """A date, a size, a version."""


class InputList(Struct, frozen=True, kw_only=True):
    """All inputs of one assessment, in a fixed order."""

    inputs: tuple[Input, ...]

    @property
    def canonical(self) -> bytes:
        """The bytes that are hashed and signed."""
        lines = ("\t".join((one.kind, one.name, one.digest or "-", one.detail or "-")) for one in self.inputs)
        return "".join(f"{line}\n" for line in (FORMAT, *lines)).encode("utf-8")

    @property
    def sha256(self) -> str:
        """Hash of the list, 64 hexadecimal digits."""
        return hashlib.sha256(self.canonical).hexdigest()


class Signature(Struct, frozen=True, kw_only=True):
    """An Ed25519 signature (RFC 8032) of `InputList.canonical`."""

    value: bytes
    public_key: str
    """PEM."""
    fingerprint: str
    """SHA-256 of the public key in DER, as the hospital compares it by telephone."""
    by: str = ""


def input_list(assessment: Assessment) -> InputList:
    """Program, captures, documents, feeds and answers of an assessment."""
    return InputList(inputs=tuple(_inputs(harmless(assessment))))


def _inputs(assessment: Assessment) -> Iterator[Input]:
    moment = assessment.generated.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    yield Input(kind=InputKind.PROGRAM, name=f"Leadapron {assessment.version}", digest="", detail=moment)
    for source in assessment.inventory.sources:
        digest = f"blake2b-ends:{source.fingerprint}" if source.fingerprint else ""
        detail = f"{source.bytes} bytes, {source.packets} packets" + (
            "" if source.complete else ", not read to the end"
        )
        yield Input(kind=InputKind.CAPTURE, name=source.name, digest=digest, detail=detail)
    for document in assessment.declarations.documents:
        detail = " ".join(filter(None, (document.type, document.form, document.dated)))
        yield Input(kind=InputKind.DOCUMENT, name=document.sensor, digest=_sha256(document.sha256), detail=detail)
    for feed in assessment.feeds:
        dated = feed.as_of.isoformat() if feed.as_of else ""
        yield Input(kind=InputKind.FEED, name=feed.id, digest=_sha256(feed.sha256), detail=dated)
    answers = assessment.declarations.answers
    if answers:
        said = msgspec.json.encode([answers[name] for name in sorted(answers)], order="deterministic")
        yield Input(
            kind=InputKind.ANSWERS,
            name="procedures",
            digest=_sha256(hashlib.sha256(said).hexdigest()),
            detail=f"{len(answers)} answers",
        )


def _sha256(digest: str) -> str:
    return f"sha256:{digest}" if digest else ""
