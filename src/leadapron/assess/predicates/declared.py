"""Judgements on makers' forms: the weaknesses they declare, and protections they declare that the wire belies.

Questions are those of ANSI/NEMA HN 1-2019. Only a plain "yes" is held against the wire; "optional" promises nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from leadapron.assess.hits import Case, Hit, Values
from leadapron.assess.predicates.exposures import weights
from leadapron.assess.predicates.titles import TOOL_TITLES
from leadapron.assess.quoting import (
    POSITIVE,
    advisory_citation,
    answer_citation,
    day_of,
    row_citation,
    sources,
    spelled,
)
from leadapron.assess.subjects import asset_subject
from leadapron.assess.view import View
from leadapron.model.advisories import Answer, Verdict
from leadapron.model.declared import Declared
from leadapron.model.events import DeclaredAnswer, FormAnswer, Service
from leadapron.model.findings import Confidence
from leadapron.model.inventory import Flow
from leadapron.model.picture import Exposure, Part
from leadapron.rules.condition import elements, show
from leadapron.rules.rows import flow_row

FORM_FIELD = "mds2."
"""How detections name an answer: `mds2.AUTH-2`."""

ENCRYPTS = ("TXCF-2",)
"""Says that patient data are encrypted before they are sent."""

CAN_ENCRYPT = ("CONN-7", "TXCF-5")
"""Says that TLS, or the secure variants of DICOM and HL7, are there to be used."""

KNOWS_NODES = ("NAUT-1", "TXCF-4")
"""Says that systems prove who they are before they exchange data."""

KNOWS_CERTIFICATES = ("NAUT-3",)
"""Says that they prove it by certificate."""

KNOWS_USERS = ("AUTH-1", "PAUT-1", "AUTH-4")
"""Says that people, or programs on their behalf, must sign in."""

CALL_ANYONE = frozenset({"ANY-SCP", "ANYSCP", "ANY_SCP"})
"""Called titles that tools fill in when they are told none: who accepts them does not check the called title."""

HIDES_CLIENT = "TLS 1.3"
"""From this version on, client certificates cross encrypted (RFC 8446 §4.4.2): their absence cannot be seen."""

UPDATES = {
    Part.DEVICE: ("CSUP-2", "CSUP-3", "CSUP-5", "CSUP-6"),
    Part.SYSTEM: ("CSUP-2",),
    Part.TOOLKIT: ("CSUP-5", "CSUP-6"),
    Part.SERVER: ("CSUP-5", "CSUP-6"),
    Part.COMPONENT: ("CSUP-5", "CSUP-6"),
}
"""Part → the form's sections on updating it, each with what the owner may do (.1), what only the maker may (.2), and
whether third parties' updates need no approval (.4)."""

_NOTHING_SHOWN: Values = {"strangers": (), "uncertified": (), "unsigned": ()}

ANNOUNCES = "CSUP-7"
"""Says that the maker tells its customers when an update is approved."""


# ---------------------------------------------------------------- weaknesses that the form itself declares
def form_answers(case: Case) -> Iterator[Hit]:
    """The answers on which the rule's detection held, quoted."""
    if case.asset is None or case.match is None:
        return
    said = case.view.declared(case.asset.id)
    asked = (field.removeprefix(FORM_FIELD) for field in case.match.positive() if field.startswith(FORM_FIELD))
    answers = [said.form[question] for question in asked if question in said.form]
    if answers:
        yield _declares(said, answers, Hit(asset=case.asset))


def support_passed(case: Case) -> Iterator[Hit]:
    """The end of support that the asset list gives is over."""
    row = case.view.declared(case.asset.id).device if case.asset else None
    end = day_of(row.end_of_support) if row else None
    if row and end and end < case.now.date():
        yield Hit(
            asset=case.asset,
            citations=(row_citation(row),),
            values={"ended": (end.isoformat(),), "document": sources((row,))},
        )


def late_patch(case: Case) -> Iterator[Hit]:
    """A flaw that a later version repairs, in a part whose updates the form lets the hospital install."""
    if case.asset is None:
        return
    said = case.view.declared(case.asset.id)
    for exposure in case.view.picture.exposures.get(case.asset.id, ()):
        answers = [one for one in exposure.answers.answers if one.verdict is Verdict.AFFECTED and one.fixed]
        allowed = _may_update(said, exposure)
        if answers and allowed:
            yield _declares(said, allowed, _repairable(case, exposure, answers))


def _may_update(said: Declared, exposure: Exposure) -> tuple[FormAnswer, ...]:
    """The answers that let the owner install updates of this part; none where the maker must do it."""
    found: list[FormAnswer] = []
    for section in UPDATES[exposure.part]:
        own, maker, third = (said.form.get(f"{section}.{number}") for number in (1, 2, 4))
        if not _says(maker):
            found += (one for one in (own, third) if one and _says(one))
    announced = said.form.get(ANNOUNCES)
    return (*found, announced) if found and announced and _says(announced) else tuple(found)


def _says(answer: FormAnswer | None) -> bool:
    return answer is not None and answer.answer in POSITIVE


def _repairable(case: Case, exposure: Exposure, answers: list[Answer]) -> Hit:
    product = exposure.answers.product
    return Hit(
        asset=case.asset,
        citations=tuple(advisory_citation(answer) for answer in answers),
        weight=weights(answers),
        values={
            "software": (f"{product.name} {product.version}".rstrip(),),
            "advisories": tuple(answer.advisory for answer in answers),
            "fixed": tuple(dict.fromkeys(answer.fixed for answer in answers)),
        },
    )


def _declares(said: Declared, answers: Sequence[FormAnswer], hit: Hit) -> Hit:
    """A hit with the answers it rests on."""
    return replace(
        hit,
        citations=(*(answer_citation(said, answer) for answer in answers), *hit.citations),
        values={"answers": spelled(answers), "document": sources(answers), **hit.values},
    )


# ---------------------------------------------------------------- protections that the wire belies
def said_encrypted(case: Case) -> Iterator[Hit]:
    """Traffic in clear at a device whose form says that it encrypts (seen), or that it could (likely)."""
    flow, view = case.flow, case.view
    if flow is None:
        return
    for end, partner in ((flow.server, flow.client), (flow.client, flow.server)):
        said = view.declared(end)
        answers = _yes(said, (*ENCRYPTS, *CAN_ENCRYPT))
        if answers:
            does = any(answer.question in ENCRYPTS for answer in answers)
            clear = f"{flow.service}/{flow.port} ({view.label(partner)})"
            confidence = Confidence.SEEN if does else Confidence.LIKELY
            yield _belied(view, end, flow, answers, {"shown": (clear,)}, confidence)


def said_authenticated(case: Case) -> Iterator[Hit]:
    """Strangers let in, or connections without certificate, at a device whose form says otherwise."""
    flow, view = case.flow, case.view
    if flow is None:
        return
    without = _uncertified(flow)
    for end, questions, way, shown in (
        (flow.server, KNOWS_NODES, "strangers", _strangers(view, flow)),
        (flow.server, KNOWS_CERTIFICATES, "uncertified", view.label(flow.client) if without else ""),
        (flow.client, KNOWS_CERTIFICATES, "uncertified", view.label(flow.server) if without else ""),
        (flow.server, KNOWS_USERS, "unsigned", _unsigned(flow)),
    ):
        answers = _yes(view.declared(end), questions) if shown else ()
        if answers:
            values = {**_NOTHING_SHOWN, way: (f"{flow.service}/{flow.port} ({shown})",)}
            yield _belied(view, end, flow, answers, values, Confidence.LIKELY)


def _yes(said: Declared, questions: Iterable[str]) -> tuple[FormAnswer, ...]:
    asked = (said.form[question] for question in questions if question in said.form)
    return tuple(answer for answer in asked if answer.answer is DeclaredAnswer.YES)


def _belied(
    view: View, asset_id: str, flow: Flow, answers: Sequence[FormAnswer], values: Values, confidence: Confidence
) -> Hit:
    hit = Hit(
        flow=flow,
        subject=asset_subject(view, asset_id),
        reasons=tuple(f"{FORM_FIELD}{answer.question}={answer.answer}" for answer in answers),
        values=values,
        confidence=confidence,
    )
    return _declares(view.declared(asset_id), answers, hit)


def _strangers(view: View, flow: Flow) -> str:
    """Who was let in although nobody can have named it as a partner; empty when nobody."""
    if flow.service is not Service.DICOM or not flow.accepted:
        return ""
    titles = sorted((CALL_ANYONE & set(flow.called_ae_titles)) | (TOOL_TITLES & set(flow.calling_ae_titles)))
    client = view.assets.get(flow.client)
    misplaced = client is not None and view.misplaced(client)
    return ", ".join((*([view.label(flow.client)] if misplaced else []), *titles))


def _uncertified(flow: Flow) -> bool:
    """Whether images were sent without a certificate of the client, as far as that can be seen."""
    if flow.service is Service.DICOM:
        return bool(flow.accepted)
    visible = flow.tls_versions and HIDES_CLIENT not in flow.tls_versions
    return bool(flow.service is Service.DICOM_TLS and visible and not flow.mutual)


def _unsigned(flow: Flow) -> str:
    """What was given to a client that had not signed in; empty when nothing was."""
    shares = elements(flow_row(flow).get("open_shares")) if flow.anonymous else ()
    return ", ".join(flow.http_anonymous_ok or map(show, shares))
