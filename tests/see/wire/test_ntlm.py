from hypothesis import given
from hypothesis import strategies as st

from leadapron.see.wire import ntlm
from leadapron.see.wire.ntlm import NtlmKind
from tests.see.wire import ntlm_bytes
from tests.see.wire.hostile import mutated


def test_a_server_tells_its_names_and_version_inside_spnego() -> None:
    blob = b"\xa1\x82\x01\x0b0\x82" + ntlm_bytes.challenge("PACS01", "HOSPITAL", "pacs01.hospital.lan")
    message = ntlm.find(blob)
    assert message is not None
    assert message.kind is NtlmKind.CHALLENGE
    assert (message.host, message.domain, message.dns_name) == ("PACS01", "HOSPITAL", "pacs01.hospital.lan")
    assert message.version == "10.0.17763"


def test_a_client_tells_its_workstation_and_nothing_of_its_user() -> None:
    message = ntlm.find(ntlm_bytes.authenticate("canary", "CT01"))
    assert message is not None
    assert (message.host, message.anonymous) == ("CT01", False)
    assert "canary" not in repr(message)


def test_a_null_session_is_anonymous() -> None:
    message = ntlm.find(ntlm_bytes.authenticate("", "CT01"))
    assert message is not None
    assert message.anonymous


def test_the_version_samba_pretends_to_is_not_believed() -> None:
    message = ntlm.find(ntlm_bytes.negotiate(ntlm_bytes.SAMBA))
    assert message is not None
    assert message.version == ""


REAL = [
    ntlm_bytes.negotiate(),
    ntlm_bytes.challenge("A", "B", "c"),
    ntlm_bytes.authenticate("u", "h"),
]


@given(mutated(REAL), st.binary(max_size=8))
def test_hostile_bytes(message: bytes, before: bytes) -> None:
    found = ntlm.find(before + message)
    assert found is None or len(found.host) <= ntlm.MAX_NAME
