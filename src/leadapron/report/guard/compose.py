"""A replay becomes a document in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from pydicom._uid_dict import UID_dictionary

from leadapron.model.guard import Action, Answered, Replay
from leadapron.report.guard.contract import REPLAY, AnswerEntry, ReplayDocument
from leadapron.report.hostile import harmless
from leadapron.report.vocabulary import anomaly
from leadapron.report.whatif.outcome import Made
from leadapron.report.words import Words, words


class Said(Protocol):
    """A decision in words (`guard.policy.decision_said`)."""

    def __call__(
        self, action: str, reason: str, rule: str, language: str, *, detail: str = "", shadow: bool = False
    ) -> str: ...


def replay_document(replay: Replay, made: Made, *, names: Mapping[str, str], said: Said) -> ReplayDocument:
    """`names` are labels of devices by address, `said` puts decisions in words."""
    say = words(made.language)
    safe, labels = harmless(replay), harmless(names)
    return ReplayDocument(
        schema=REPLAY,
        version=made.version,
        language=say.language,
        generated=made.generated,
        policy=safe.policy,
        policy_digest=safe.digest,
        answer=tuple(_answer(safe, say)),
        limits=tuple(_limits(safe, say)),
        connections=safe.connections,
        refused=safe.refused,
        unguarded=safe.unguarded,
        answers=tuple(_entry(row, labels, said, say) for row in safe.rows),
    )


def _answer(replay: Replay, say: Words) -> Iterable[str]:
    _ = say.gettext
    if not replay.connections:
        yield _("No listener of the policy stands before a server of this traffic: nothing was judged.")
        return
    yield say.ngettext(
        "{n} connection would have gone through the guard.",
        "{n} connections would have gone through the guard.",
        replay.connections,
    )
    if replay.refused:
        yield say.ngettext(
            "In {n} of them something would have been refused.",
            "In {n} of them something would have been refused.",
            replay.refused,
        )
    else:
        yield _("Nothing would have been refused.")
    studies = sum(row.studies for row in replay.rows if row.answer.refuses)
    if studies:
        yield say.ngettext("{n} study was on its way there.", "{n} studies were on their way there.", studies)
    spared = sum(row.count for row in replay.rows if row.answer.shadow and row.answer.action != Action.ALLOW)
    if spared:
        yield say.ngettext(
            "{n} request would pass only because a rule is in shadow: read below before you enforce it.",
            "{n} requests would pass only because a rule is in shadow: read below before you enforce it.",
            spared,
        )


def _limits(replay: Replay, say: Words) -> Iterable[str]:
    _ = say.gettext
    yield _("A capture shows what happened on its days. What is done once a month may be missing.")
    if replay.unread:
        yield say.ngettext(
            "Bytes of {n} connection are missing in the capture: it was judged up to there.",
            "Bytes of {n} connections are missing in the capture: they were judged up to there.",
            replay.unread,
        )
    if replay.unguarded:
        yield say.ngettext(
            "{n} server with DICOM or HL7 has no listener before it.",
            "{n} servers with DICOM or HL7 have no listener before them.",
            len(replay.unguarded),
        )
    if replay.untold:
        yield say.ngettext(
            "{n} answer was not told apart: too many kinds.",
            "{n} answers were not told apart: too many kinds.",
            replay.untold,
        )
    yield _("DICOMweb and what runs inside TLS are not replayed.")


def _entry(row: Answered, names: Mapping[str, str], said: Said, say: Words) -> AnswerEntry:
    answer = row.answer
    name = UID_dictionary[answer.sop_class][0] if answer.sop_class in UID_dictionary else answer.sop_class
    detail = anomaly(answer.detail, say) if answer.detail else ""
    return AnswerEntry(
        listener=answer.listener,
        client=answer.client,
        client_name=names.get(answer.client, answer.client),
        calling_ae_title=answer.calling,
        called_ae_title=answer.called,
        task=answer.task,
        command=answer.command,
        sop_class=answer.sop_class,
        sop_class_name=name,
        destination=answer.destination,
        action=answer.action,
        reason=answer.reason,
        rule=answer.rule,
        detail=answer.detail,
        refused=answer.refuses,
        shadow=answer.shadow,
        count=row.count,
        studies=row.studies,
        first=row.first,
        connection=row.connection,
        text=said(answer.action, answer.reason, answer.rule, say.language, detail=detail),
    )
