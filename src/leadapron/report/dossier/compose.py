"""The documents of an assessment become one dossier, chapter by chapter, in each language asked for."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, tzinfo

from msgspec import Struct

from leadapron.report.contract import Document
from leadapron.report.dossier.blocks import Attachment, Block, Dossier, EditionBlocks, Heading, facts
from leadapron.report.dossier.inputs import InputList, Signature
from leadapron.report.dossier.network_chapters import (
    devices_chapter,
    findings_chapter,
    measured_chapter,
    numbered,
    verdict_chapter,
)
from leadapron.report.dossier.plan_chapters import accepted_chapter, changes_chapter, plan_chapter
from leadapron.report.dossier.practice_chapters import coverage_chapter, procedures_chapter
from leadapron.report.dossier.proof_chapters import inputs_chapter, sources_chapter
from leadapron.report.hostile import harmless
from leadapron.report.plan.contract import PlanDocument
from leadapron.report.practices.contract import CoverageDocument, ProceduresDocument
from leadapron.report.words import N_, Words, words


class About(Struct, frozen=True, kw_only=True):
    """What a cover says: whose network, which part of it, for whom, by whom."""

    organisation: str
    scope: str
    prepared_by: str
    prepared_for: str = ""


class Edition(Struct, frozen=True, kw_only=True):
    """The four documents of one assessment in one language."""

    assessed: Document
    plan: PlanDocument
    procedures: ProceduresDocument
    coverage: CoverageDocument


def dossier(
    about: About,
    editions: Sequence[Edition],
    inputs: InputList,
    *,
    signature: Signature | None = None,
    zone: tzinfo = UTC,
) -> Dossier:
    """One dossier of editions of the same assessment, in their order; at least one."""
    safe, signed = harmless(about), signature and harmless(signature)  # the signer's name is a person's text
    made = tuple(_edition(safe, one, inputs, signed, words(one.assessed.language, zone=zone)) for one in editions)
    return Dossier(
        title=made[0].title,
        author=safe.prepared_by,
        version=editions[0].assessed.version,
        generated=editions[0].assessed.generated,
        editions=made,
        attachments=_attachments(inputs, signature, words(editions[0].assessed.language)),
    )


def _edition(about: About, one: Edition, inputs: InputList, signature: Signature | None, say: Words) -> EditionBlocks:
    _ = say.gettext
    chapters: tuple[Block, ...] = (
        *_cover(about, one, say),
        *verdict_chapter(one.assessed, one.plan, one.procedures, say),
        *measured_chapter(one.assessed, say),
        *plan_chapter(one.plan, one.assessed.summary.limits, say),
        *accepted_chapter(one.plan, say),
        *changes_chapter(one.plan, say),
        *procedures_chapter(one.procedures, say),
        *coverage_chapter(one.coverage, one.procedures, numbered(one.assessed), say),
        *findings_chapter(one.assessed, say),
        *devices_chapter(one.assessed, say),
        *sources_chapter(one.assessed, say),
        *inputs_chapter(inputs, signature, say),
    )
    return EditionBlocks(
        language=say.language,
        title=_(N_("Imaging security evidence pack")),
        contents=_(N_("Contents")),
        page=_(N_("Page {n} of {all}")),
        blocks=chapters,
    )


def _cover(about: About, one: Edition, say: Words) -> tuple[Block, ...]:
    _, quality = say.gettext, one.assessed.quality
    period = (
        _("{start} to {end}").format(start=say.minute(quality.first), end=say.minute(quality.last))
        if quality.first and quality.last
        else _("no traffic was read")
    )
    return (
        Heading(_(N_("Imaging security evidence pack")), 1, f"edition-{say.language}"),
        facts(
            (_("Organisation"), about.organisation),
            (_("Scope"), about.scope),
            (_("Period of the traffic"), period),
            (_("Made on"), f"{say.minute(one.assessed.generated)} ({say.zone_name(one.assessed.generated)})"),
            (_("Prepared by"), about.prepared_by),
            (_("Prepared for"), about.prepared_for),
            (_("Made with"), f"Leadapron {one.assessed.version}"),
        ),
    )


def _attachments(inputs: InputList, signature: Signature | None, say: Words) -> tuple[Attachment, ...]:
    _ = say.gettext
    files = [
        Attachment(
            name="inputs.txt",
            text=inputs.canonical.decode("utf-8"),
            kind="text/plain",
            about=_(N_("List of inputs")),
        )
    ]
    if signature:
        files += [
            Attachment(
                name="inputs.sig.b64",
                text=base64.b64encode(signature.value).decode("ascii") + "\n",
                kind="text/plain",
                about=_(N_("Signature of the list of inputs (Ed25519, base64)")),
            ),
            Attachment(
                name="inputs.pub.pem",
                text=signature.public_key,
                kind="application/x-pem-file",
                about=_(N_("Public key")),
            ),
        ]
    return tuple(files)
