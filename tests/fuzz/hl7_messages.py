"""The guard's HL7 conversation as a fuzz target: what it lets through, a sensor behind it sees as the guard does."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from leadapron.model.events import Hl7Session
from leadapron.see.wire.hl7 import Hl7Dissector
from tests.fuzz.inputs import pack_script, script
from tests.guard.hl7.playbook import CLIENT, RULES, SERVER, Guarded, acknowledgement, block, message
from tests.see.wire.playbook import play

_BATCH = b"BHS|^~\\&|RIS\r" + message() + message("ORU^R01") + b"BTS|2\r"


def _conversation(data: bytes) -> frozenset[str]:
    said = script(data)
    guarded = Guarded(content=RULES).play(said).finish()
    msgspec.json.encode(guarded.events)
    behind = [(CLIENT, guarded.to_server), (SERVER, b"")]
    seen = [event for event in play(Hl7Dissector, behind) if isinstance(event, Hl7Session)]
    kinds = {row.message_type for session in seen for row in session.traffic}
    assert all(kind.upper().startswith("ORM") or kind.upper() == "ORU^R01" for kind in kinds), kinds
    again = Guarded(content=RULES).play(said, cut=3).finish()
    assert (again.to_server, again.to_client, again.refusals) == (
        guarded.to_server,
        guarded.to_client,
        guarded.refusals,
    )
    return frozenset({f"{reason} {detail}" for reason, detail in guarded.refusals} | kinds | {str(guarded.ending)})


def targets() -> list[tuple[str, Callable[[bytes], frozenset[str]], list[bytes]]]:
    """Name, conversation and seeds."""
    streams = [
        [(CLIENT, block(message())), (SERVER, block(acknowledgement()))],
        [(CLIENT, block(message("ADT^A08")) + block(message("ORU^R01")))],
        [(CLIENT, block(_BATCH))],
        [(CLIENT, b"\r\n\x0b" + message(sender="EVIL", version="2.3") + b"\x1c")],
    ]
    return [("guard-hl7", _conversation, [pack_script(said) for said in streams])]
