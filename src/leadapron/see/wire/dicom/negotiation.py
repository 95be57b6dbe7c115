"""A-ASSOCIATE request and answer, joined: which contexts were proposed and what became of each (PS3.8 §9.3.3.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from leadapron.model.events import Implementation, PresentationContext
from leadapron.see.wire.dicom.pdu import AssociateItems

_NOBODY = Implementation()


@lru_cache(maxsize=4096)
def negotiation(request: AssociateItems | None, answer: AssociateItems | None) -> dict[str, Any]:
    """The fields of `DicomAssociation` that tell what was agreed. Devices repeat the same negotiation all day, so
    it is joined once: do not change the result."""
    fields: dict[str, Any] = {
        "requestor": request.implementation if request else _NOBODY,
        "acceptor": answer.implementation if answer else _NOBODY,
        "contexts": _contexts(request, answer),
    }
    if request is not None:
        fields.update(
            application_context=request.application_context,
            max_pdu_client=request.max_pdu,
            user_identity=request.user_identity,
            roles=request.roles,
            extended_negotiation=request.extended_negotiation,
            async_operations=request.async_operations,
        )
    if answer is not None:
        fields.update(max_pdu_server=answer.max_pdu, user_identity_confirmed=answer.user_identity_confirmed)
    return fields


def _contexts(request: AssociateItems | None, answer: AssociateItems | None) -> tuple[PresentationContext, ...]:
    answers = {context.id: context for context in answer.contexts} if answer else {}
    if request is None:
        return tuple(
            PresentationContext("", (), _first(context.transfer_syntaxes), context.result)
            for context in answers.values()
        )
    joined = []
    for context in request.contexts:
        reply = answers.get(context.id)
        joined.append(
            PresentationContext(
                context.abstract_syntax,
                context.transfer_syntaxes,
                _first(reply.transfer_syntaxes) if reply and reply.result == 0 else "",
                reply.result if reply else -1,
            )
        )
    return tuple(joined)


def _first(values: tuple[str, ...]) -> str:
    return values[0] if values else ""
