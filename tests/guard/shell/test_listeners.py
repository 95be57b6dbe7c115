"""Listeners of every kind under one guard, and what a new policy does to them."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest
import trustme
from msgspec.structs import replace

from leadapron.guard.dicom import Instruments
from leadapron.guard.inspect import ContentRules, Inspector, Rewriter
from leadapron.model.errors import UsageError
from leadapron.model.guard import Action, Listener, Policy, Rule, Speech, Tls
from tests.guard.shell.lines import echo_server, policy_of, standing
from tests.guard.tls_files import write_authority, write_identity

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n[]"
INSTRUMENTS = Instruments(
    inspector=lambda syntax, depth, ledger: Inspector(syntax, ContentRules.load(()), depth=depth), rewriter=Rewriter
)
STUDIES = "/dicom-web/studies?ModalitiesInStudy=CT&StudyDate=20260101"


def web_policy(upstream: str, tls: Tls | None = None) -> Policy:
    listener = Listener(
        name="web",
        speaks=Speech.DICOMWEB,
        listen="127.0.0.1:0",
        upstream=(f"http://{upstream}/dicom-web",),
        fail="closed",
        tls=tls,
    )
    return Policy(listeners=(listener,), rules=(Rule(name="all", line=1),), digest="d1")


def test_dicomweb_and_dicom_under_one_guard_and_a_new_policy_for_both(tmp_path: Path) -> None:
    ca = trustme.CA()
    front, context = write_identity(ca, tmp_path, "guard"), httpx.create_ssl_context()
    context.load_verify_locations(write_authority(ca, tmp_path / "ca.pem"))
    with echo_server(lambda _: ANSWER) as upstream:
        web, dicom = web_policy(upstream, front), policy_of(upstream)
        policies = [replace(web, listeners=web.listeners + dicom.listeners)]
        with standing(policies[0], reread=lambda: policies[-1], instruments=INSTRUMENTS) as stands:
            assert set(stands.guard.addresses) == {"web", "front"}
            url = f"https://127.0.0.1:{stands.port('web')}{STUDIES}"
            with httpx.Client(verify=context, trust_env=False) as client:
                assert client.get(url).status_code == 200
                denied = Rule(name="nobody", line=1, action=Action.DENY)
                policies.append(replace(policies[0], rules=(denied,), digest="d2"))
                stands.do(stands.guard.reload())
                assert client.get(url).status_code == 403
            policies.append(dicom)
            stands.do(stands.guard.reload())
            assert set(stands.guard.addresses) == {"front"}
            with pytest.raises(httpx.ConnectError):
                httpx.get(url, verify=context, trust_env=False)
    assert stands.guard.counters.decisions["web", "deny", "rule", True] == 1


def test_a_speech_that_nobody_taught_is_refused() -> None:
    policy = policy_of("127.0.0.1:1")
    hl7 = replace(policy.listeners[0], name="hl7", speaks=Speech.HL7)
    with pytest.raises(UsageError, match="does not speak hl7"), standing(replace(policy, listeners=(hl7,))):
        pass


def test_upstreams_may_be_named() -> None:

    with echo_server() as upstream:
        named = upstream.replace("127.0.0.1", "localhost")
        with (
            standing(policy_of(named)) as stands,
            socket.create_connection(("127.0.0.1", stands.port()), timeout=5) as client,
        ):
            client.sendall(b"hello\n")
            assert client.recv(100) == b"hello\n"
