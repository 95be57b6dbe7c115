"""What peers agree on is theirs: the guard changes a byte of it only where a policy says so."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE, build_role
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import AsynchronousOperationsWindowNegotiation, SOPClassExtendedNegotiation
from pynetdicom.pdu_primitives import UserIdentityNegotiation as UserIdentity
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from leadapron.model.events import DicomAssociation
from leadapron.see.wire.dicom import DicomDissector
from leadapron.see.wire.dissector import Side
from tests.guard.dicom.peers import needs, orthanc, run, storescp
from tests.guard.peers.conftest import StartGuard
from tests.guard.peers.guarding import ALL, Guarding, listener
from tests.guard.peers.objects import make_series
from tests.guard.peers.tap import Line, Tap, tapped
from tests.see.wire.playbook import ScriptedConversation

pytestmark = [pytest.mark.enable_socket, needs("storescu", "storescp", "echoscu", "findscu", "getscu", "Orthanc")]

ONLY_CT = """
[[rule]]
name = "only CT, not compressed"
from = "127.0.0.1"
allow = ["echo", "store"]
sop_classes = "CT Image Storage"
transfer_syntaxes = ["Explicit VR Little Endian", "Implicit VR Little Endian"]
"""


class Wires:
    """Peers, a tap, the guard, a tap, and an archive."""

    def __init__(self, stack: ExitStack, upstream: int, start_guard: StartGuard, rules: str = ALL) -> None:
        self.behind: Tap = stack.enter_context(tapped(upstream))
        self.guard: Guarding = start_guard(listener("front", self.behind.port) + rules)
        self.before: Tap = stack.enter_context(tapped(self.guard.port()))

    @property
    def there(self) -> tuple[str | int, ...]:
        return "-aec", "PACS", "127.0.0.1", self.before.port


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("archive")
    with storescp(folder / "moved") as station, orthanc(folder / "orthanc", station) as (port, _):
        yield port


def association_of(line: Line) -> DicomAssociation:
    """What the sensor of captures says of a wire. Its two directions are fed by turns of whole PDUs."""
    conversation = ScriptedConversation()
    dissector = DicomDissector(conversation)
    sides = {Side.CLIENT: bytes(line.client), Side.SERVER: bytes(line.server)}
    for side, data in sides.items():
        first = 6 + int.from_bytes(data[2:6], "big")
        dissector.feed(side, data[:first])
        sides[side] = data[first:]
    for side, data in sides.items():
        dissector.feed(side, data)
    dissector.close()
    (event,) = [event for event in conversation.events if isinstance(event, DicomAssociation)]
    return event


def test_whole_associations_of_real_peers_are_the_same_on_both_wires(
    archive: int, tmp_path: Path, start_guard: StartGuard
) -> None:
    images = make_series(tmp_path / "made", ExplicitVRLittleEndian, range(6))
    got = tmp_path / "got"
    got.mkdir()
    patient = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=CANARYID42")
    with ExitStack() as stack:
        wires = Wires(stack, archive, start_guard)
        with wires.guard.watched() as seen:
            run("echoscu", *wires.there)
            run("storescu", *wires.there, *images)
            run("storescu", "-R", "-pdu", 4096, "--max-send-pdu", 4096, *wires.there, images[0])
            run("findscu", "-S", *wires.there, *patient)
            run("getscu", "-P", "-od", got, *wires.there, *patient)
            _everything_to_negotiate(wires.before.port)
            told = seen(DicomAssociation, 6)
    assert len(wires.before.lines) == len(wires.behind.lines) == 6
    for before, behind in zip(wires.before.lines, wires.behind.lines, strict=True):
        assert bytes(behind.client) == bytes(before.client)
        assert bytes(before.server) == bytes(behind.server)
    for line, event in zip(wires.before.lines, told, strict=True):
        sensed = association_of(line)
        for name in ("calling_ae_title", "requestor", "acceptor", "contexts", "operations", "outcome", "objects",
                     "object_bytes", "transfer_syntaxes", "max_pdu_client", "max_pdu_server", "roles", "wide_finds",
                     "extended_negotiation", "user_identity", "find_matches"):  # fmt: skip
            assert getattr(event, name) == getattr(sensed, name), name
        assert [each.model for each in event.sources] == [each.model for each in sensed.sources]
        assert [each.objects for each in event.studies] == [each.objects for each in sensed.studies]


def _everything_to_negotiate(port: int) -> None:
    """pynetdicom, with every item of user information that it knows (PS3.7 Annex D.3.3)."""
    ae = AE(ae_title="WS01")
    ae.add_requested_context(Verification)
    ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind, [ImplicitVRLittleEndian, "1.2.3.4"])
    ae.add_requested_context(CTImageStorage)
    window, extended, user = AsynchronousOperationsWindowNegotiation(), SOPClassExtendedNegotiation(), UserIdentity()
    window.maximum_number_operations_invoked = window.maximum_number_operations_performed = 2
    extended.sop_class_uid = StudyRootQueryRetrieveInformationModelFind
    extended.service_class_application_information = b"\1\1\1"
    user.user_identity_type, user.primary_field, user.secondary_field = 2, b"reader7", b"CANARYSECRET"
    user.positive_response_requested = False
    association = ae.associate(
        "127.0.0.1", port, ae_title="PACS",
        ext_neg=[window, extended, user, build_role(CTImageStorage, scp_role=True)],
    )  # fmt: skip
    assert association.is_established
    assert association.send_c_echo().Status == 0
    association.release()


def test_only_what_the_policy_refuses_is_taken_out_and_every_context_is_answered(
    tmp_path: Path, start_guard: StartGuard
) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(storescp(tmp_path / "kept"))
        wires = Wires(stack, port, start_guard, ONLY_CT)
        ae = AE(ae_title="CT01")
        ae.add_requested_context(Verification)
        ae.add_requested_context(MRImageStorage)
        ae.add_requested_context(CTImageStorage, [ImplicitVRLittleEndian, "1.2.840.10008.1.2.4.50"])
        ae.add_requested_context(CTImageStorage, ["1.2.840.10008.1.2.4.70"])
        association = ae.associate("127.0.0.1", wires.before.port, ae_title="PACS")
        assert association.is_established
        accepted = [(context.context_id, context.transfer_syntax) for context in association.accepted_contexts]
        refused = [(context.context_id, context.result) for context in association.rejected_contexts]
        assert association.send_c_echo().Status == 0
        association.release()
        run("storescu", *wires.there, *make_series(tmp_path / "made", ExplicitVRLittleEndian, range(2)))
    assert [number for number, _ in accepted] == [1, 5]
    assert accepted[1][1] == [ImplicitVRLittleEndian]
    assert sorted(refused) == [(3, 1), (7, 1)], "user rejection (PS3.8 Table 9-18)"
    for before, behind in zip(wires.before.lines, wires.behind.lines, strict=True):
        _only_narrowed(before, behind)
    assert len(list((tmp_path / "kept").iterdir())) == 2


def _only_narrowed(before: Line, behind: Line) -> None:
    """Compares requests and answers item by item; after them, all bytes."""
    asked, passed = items(before.request), items(behind.request)
    left = iter(asked)
    for item in passed:
        assert any(item == one or _is_part(item, one) for one in left), "in order, and nothing else"
    contexts = [item for item in passed if item[0] == 0x20]
    assert {_abstract(item) for item in contexts} <= {CTImageStorage, Verification}
    assert [item for item in passed if item[0] != 0x20] == [item for item in asked if item[0] != 0x20]
    assert before.request[6:74] == behind.request[6:74], "versions, titles and reserved bytes"
    answered = [item[4] for item in items(before.answer) if item[0] == 0x21]
    assert sorted(answered) == sorted(item[4] for item in asked if item[0] == 0x20), "an answer for every context"
    assert before.client[len(before.request) :] == behind.client[len(behind.request) :]
    assert before.server[len(before.answer) :] == behind.server[len(behind.answer) :]
    for line, kind in ((behind, A_ASSOCIATE_RQ), (before, A_ASSOCIATE_AC)):
        kind().decode(line.request if kind is A_ASSOCIATE_RQ else line.answer)


def items(pdu: bytes) -> list[bytes]:
    """The items after the fixed part (PS3.8 §9.3.2)."""
    found, at = [], 74
    while at < len(pdu):
        end = at + 4 + struct.unpack_from(">H", pdu, at + 2)[0]
        found.append(pdu[at:end])
        at = end
    return found


def _is_part(item: bytes, whole: bytes) -> bool:
    """A context with fewer transfer syntaxes than it was proposed with."""
    return item[4:8] == whole[4:8] and all(sub in _subs(whole) for sub in _subs(item))


def _subs(context: bytes) -> list[bytes]:
    return items(bytes(74) + context[8:])


def _abstract(context: bytes) -> str:
    return _subs(context)[0][4:].decode()
