"""Chapters on what it all rests on: how old the sources are, and the list of inputs with its hash and signature."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator

from leadapron.know.feeds.keys import spaced
from leadapron.model.advisories import FeedState
from leadapron.report.contract import Document
from leadapron.report.dossier.blocks import Block, Cell, Heading, Paragraph, Table, Tone, Verbatim, cells, facts
from leadapron.report.dossier.inputs import InputKind, InputList, Signature
from leadapron.report.knowledge import feed_state
from leadapron.report.summary import stale_sources
from leadapron.report.words import N_, Words

_KINDS = {
    InputKind.PROGRAM: N_("program"),
    InputKind.CAPTURE: N_("capture"),
    InputKind.DOCUMENT: N_("document"),
    InputKind.FEED: N_("source of knowledge"),
    InputKind.ANSWERS: N_("answers"),
}
_LINE = 64
"""Characters of a signature in one line."""


def sources_chapter(assessed: Document, say: Words) -> Iterator[Block]:
    """Each feed with its age; what old ones mean."""
    _ = say.gettext
    yield Heading(_("How old the sources of knowledge are"))
    for sentence in stale_sources(assessed.feeds, say):
        yield Paragraph(sentence, Tone.BAD)
    if not assessed.feeds:
        yield Paragraph(_("None."))
        return
    yield Table(
        head=(_("Source"), _("Newest entry"), _("Age"), _("Entries"), _("State")),
        rows=tuple(
            cells(
                one.title,
                say.calendar_day(one.as_of) if one.as_of else "",
                say.ngettext("{n} day", "{n} days", one.age_days) if one.age_days is not None else "",
                say.number(one.records),
                Cell(feed_state(one, say), Tone.PLAIN if one.state is FeedState.FRESH else Tone.BAD),
            )
            for one in assessed.feeds
        ),
        widths=(4, 2, 1.2, 1.2, 1.3),
        numbers=(2, 3),
    )


def inputs_chapter(inputs: InputList, signature: Signature | None, say: Words) -> Iterator[Block]:
    """Every input with its hash, the hash of the list, its signature, and how to check both."""
    _ = say.gettext
    yield Heading(_("Inputs"))
    yield Paragraph(
        _(
            "Everything above follows from these inputs. The list stands in the file inputs.txt inside the PDF; its "
            "hash proves which inputs were read, and a signature who vouches for the list."
        )
    )
    yield Table(
        head=(_("Kind"), _("Name"), _("Hash"), _("Detail")),
        rows=tuple(
            cells(_(_KINDS[one.kind]), Cell(one.name, Tone.STRONG), one.digest, one.detail) for one in inputs.inputs
        ),
        widths=(1.3, 2.6, 3.6, 2),
    )
    yield Heading(_("Hash of the list (SHA-256)"), 3)
    yield Verbatim((spaced(inputs.sha256),))
    yield Heading(_("Signature of the list"), 3)
    if signature is None:
        yield Paragraph(_("Not signed: no key was given."))
        return
    yield facts(
        (_("Signed by"), signature.by),
        (_("Method"), "Ed25519 (RFC 8032)"),
        (_("Fingerprint of the key"), spaced(signature.fingerprint)),
    )
    yield Verbatim(tuple(textwrap.wrap(base64.b64encode(signature.value).decode("ascii"), _LINE)))
    yield Paragraph(_("To check it, save the three files inside the PDF, compare the key’s fingerprint, and run:"))
    yield Verbatim(
        (
            "sha256sum inputs.txt",
            "openssl pkey -pubin -in inputs.pub.pem -outform DER | sha256sum",
            "base64 -d inputs.sig.b64 > inputs.sig",
            "openssl pkeyutl -verify -pubin -inkey inputs.pub.pem -rawin -in inputs.txt -sigfile inputs.sig",
        )
    )
