"""Answers on their way back, faults on either side, and a guard that changes while it runs."""

import asyncio
import re
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvloop

from leadapron.guard.policy.judging import RuleJudge
from leadapron.guard.tls import client_context, server_context
from leadapron.guard.web import WebGuard
from leadapron.model.events import GuardDecision, GuardNotice, HttpSession, TlsSession
from leadapron.model.guard import Action, Decision, Limits, Listener, Query, Rate, Rule, Speech, Task, Tls
from tests.guard.web.peers import Script, free_port, guarded, rule, scripted, wiring_for

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n"
INSTANCE = "/dicom-web/studies/1.2/series/1.3/instances/1.4"


def answering(answer: bytes, *, seen: list[bytes] | None = None) -> Script:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if seen is not None:
                seen.append(head)
            writer.write(answer)
            await writer.drain()

    return serve


def get(script: Script, path: str, *rules: Rule, **options: Any) -> tuple[httpx.Response | str, list[Any]]:
    """The answer (or the name of the client's error) to one request, and the events."""
    fields = options.pop("fields", {})

    async def run() -> tuple[httpx.Response | str, list[Any]]:
        async with scripted(script) as upstream, guarded(upstream, *rules, **options) as site:
            answer: httpx.Response | str
            async with httpx.AsyncClient(base_url=site.url, timeout=20) as client:
                try:
                    answer = await client.get(path, headers=fields)
                except httpx.TransportError as error:
                    answer = type(error).__name__
            await asyncio.sleep(0.02)
        return answer, site.events

    return uvloop.run(run())


def reasons(events: list[Any]) -> list[tuple[str, str]]:
    return [(one.reason, one.detail) for one in events if isinstance(one, GuardDecision) and one.action == "deny"]


def test_an_answer_streams_through() -> None:
    body = bytes(range(256)) * 4000
    seen: list[bytes] = []
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom\r\nContent-Length: %d\r\nSet-Cookie: a=b\r\n\r\n" % len(
        body
    )
    answer, events = get(answering(head + body, seen=seen), INSTANCE, fields={"Range": "bytes=0-"})
    assert isinstance(answer, httpx.Response)
    assert answer.content == body
    assert "Set-Cookie" not in answer.headers
    assert b"range: bytes=0-" in seen[0].lower()
    (session,) = [one for one in events if isinstance(one, HttpSession)]
    assert [(one.path, one.status) for one in session.exchanges] == [
        ("/dicom-web/studies/{id}/series/{id}/instances/{id}", 200)
    ]
    (decided,) = [one for one in events if isinstance(one, GuardDecision)]
    assert (decided.action, decided.task, decided.command) == (
        "allow",
        "get",
        "GET /studies/{id}/series/{id}/instances/{id}",
    )
    assert "1.4" not in str(events)


def test_more_matches_than_allowed_do_not_come() -> None:
    body = b"[" + b",".join(b'{"00100020":{"vr":"LO","Value":["%d"]}}' % number for number in range(50)) + b"]"
    few = rule(query=Query(wide=True, results=10))
    answer, events = get(answering(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body), "/dicom-web/studies", few)
    assert answer == "RemoteProtocolError" or isinstance(answer, str)
    assert ("results", "") in reasons(events)


def test_rates_of_requests_and_bytes() -> None:
    async def run() -> None:
        body = b"x" * 600_000
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom\r\nContent-Length: %d\r\n\r\n" % len(body)
        rates = (Rate(what="bytes", amount=1_000_000, seconds=60),)
        async with (
            scripted(answering(head + body)) as upstream,
            guarded(upstream, rule(rates=rates)) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            assert len((await client.get(INSTANCE)).content) == len(body)
            with pytest.raises(httpx.TransportError):
                await client.get(INSTANCE)
        assert ("rate", "") in reasons(site.events)
        few = (Rate(what="queries", amount=2, seconds=60),)
        async with (
            scripted(answering(HEAD + b"Content-Length: 2\r\n\r\n[]")) as upstream,
            guarded(upstream, rule(rates=few)) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            statuses = [(await client.get("/dicom-web/studies")).status_code for _ in range(4)]
            assert statuses == [200, 200, 429, 429]
        counts = {
            one.reason: one.count for one in site.events if isinstance(one, GuardDecision) and one.action == "allow"
        }
        assert counts == {"rule": 2}

    uvloop.run(run())


def test_a_defect_is_told_by_its_place_and_by_nothing_that_it_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(judge: RuleJudge, peer: object, operation: object) -> Decision:
        raise ValueError(f"CANARYNAME {judge} {peer} {operation}")

    monkeypatch.setattr(RuleJudge, "decide", decide)
    answer, events = get(answering(HEAD + b"Content-Length: 2\r\n\r\n[]"), "/dicom-web/studies?PatientName=CANARYNAME")
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 500
    (notice,) = [event for event in events if isinstance(event, GuardNotice)]
    assert (notice.name, notice.alarm) == ("guard.fault", True)
    assert re.fullmatch(r"[0-9a-f]{16} ValueError in decide, test_service\.py:\d+", notice.detail)
    assert "CANARY" not in f"{events}{answer.content!r}{answer.headers}"


def test_one_object_longer_than_allowed_has_no_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = (b"%x\r\n" % 200_000 + b"x" * 200_000 + b"\r\n") * 3 + b"0\r\n\r\n"
    answer, events = get(answering(head + body), INSTANCE, rule(object_size=300_000))
    assert isinstance(answer, str)
    assert reasons(events) == [("size", "")]


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (b"", 502, "web.upstream-broke"),
        (b"garbage\r\n\r\n", 502, "web.upstream-broke"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 502, "web.redirect"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 502, "web.redirect"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", 502, "web.upstream-encoding"),
        (
            HEAD.replace(b"application/dicom+json", b"text/html") + b"Content-Length: 2\r\n\r\n[]",
            502,
            "web.answer-type",
        ),
    ],
)
def test_servers_that_answer_wrongly(answer: bytes, status: int, detail: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    got, events = get(serve, "/dicom-web/studies")
    assert isinstance(got, httpx.Response)
    assert got.status_code == status
    assert reasons(events) == [("upstream", detail)]


def test_a_server_that_dies_in_the_middle() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD.replace(b"+json", b"") + b"Content-Length: 500000\r\n\r\n" + b"x" * 200_000)
        await writer.drain()

    answer, events = get(serve, INSTANCE)
    assert isinstance(answer, str), "a cut answer must not look whole"
    assert reasons(events) == [("upstream", "web.upstream-broke")]


def test_a_server_that_stalls_in_the_middle() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD.replace(b"+json", b"") + b"Content-Length: 500000\r\n\r\n" + b"x")
        await asyncio.sleep(2)

    answer, events = get(serve, INSTANCE, limits=Limits(stall=0.2))
    assert isinstance(answer, str)
    assert reasons(events) == [("upstream", "web.upstream-slow")]


def test_a_server_that_never_answers() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(2)

    answer, events = get(serve, "/dicom-web/studies", limits=Limits(idle=0.2))
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 504
    assert reasons(events) == [("upstream", "web.upstream-slow")]


def test_a_client_that_does_not_read_holds_the_server_back_and_is_cut() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom\r\nContent-Length: 1000000000\r\n\r\n")
        while sent < 1_000_000_000:
            writer.write(bytes(1 << 18))
            await writer.drain()
            sent += 1 << 18

    async def run() -> None:
        async with scripted(serve) as upstream, guarded(upstream, limits=Limits(stall=0.5)) as site:
            _, writer = await asyncio.open_connection("127.0.0.1", site.port, limit=1024)
            writer.write(f"GET {INSTANCE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await asyncio.sleep(0.4)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(1.2)
            assert sent < 100_000_000
            assert site.guard.connections == 0
            writer.close()
        assert reasons(site.events) == [("limit", "web.client-slow")]

    uvloop.run(run())


def test_the_next_server_is_asked_when_the_first_is_down() -> None:
    async def run() -> None:
        async with scripted(answering(HEAD + b"Content-Length: 2\r\n\r\n[]")) as upstream:
            down = f"http://127.0.0.1:{free_port()}/dicom-web"
            async with guarded((down, upstream)) as site, httpx.AsyncClient(base_url=site.url) as client:
                assert (await client.get("/dicom-web/studies")).status_code == 200
            async with guarded(down) as site, httpx.AsyncClient(base_url=site.url) as client:
                answer = await client.get("/dicom-web/studies")
                assert (answer.status_code, answer.json()["detail"]) == (502, "web.unreachable")

    uvloop.run(run())


def test_a_new_policy_counts_from_the_next_request_on() -> None:
    async def run() -> None:
        async with (
            scripted(answering(HEAD + b"Content-Length: 2\r\n\r\n[]")) as upstream,
            guarded(upstream) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            assert (await client.get("/dicom-web/studies")).status_code == 200
            site.guard.swap(wiring_for(site.guard.listener, (rule(action=Action.DENY),), site.events))
            assert (await client.get("/dicom-web/studies")).status_code == 403

    uvloop.run(run())


def test_stopping_lets_a_request_end() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        writer.write(HEAD + b"Content-Length: 2\r\n\r\n[]")

    async def run() -> None:
        async with (
            scripted(serve) as upstream,
            guarded(upstream) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            asking = asyncio.create_task(client.get("/dicom-web/studies"))
            await asyncio.sleep(0.1)
            await site.guard.stop(grace=5)
            assert (await asking).status_code == 200
            with pytest.raises(httpx.ConnectError):
                await client.get("/dicom-web/studies")

    uvloop.run(run())


def test_workitems_are_submitted_once_they_were_looked_at() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 201 Created\r\nLocation: /dicom-web/workitems/1.2\r\nContent-Length: 0\r\n\r\n")

    async def run() -> None:
        fields = {"Content-Type": "application/dicom+json"}
        async with (
            scripted(serve) as upstream,
            guarded(upstream, rule(tasks=frozenset({Task.NORMALISED}))) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            made = await client.post("/dicom-web/workitems?1.2", content=b"{}", headers=fields)
            assert (made.status_code, made.headers["Location"]) == (201, "/dicom-web/workitems/1.2")
            assert seen[0].startswith(b"POST /dicom-web/workitems?1.2 HTTP/1.1\r\n")
            assert seen[0].endswith(b"\r\n\r\n{}")
            script = (
                b'{"x": "<script>eval(atob(1))</script>"}'
                + b"X5O!P%@AP[4\\PZX54(P^)7CC)7}"
                + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
            )
            refused = await client.post("/dicom-web/workitems", content=script, headers=fields)
            assert (refused.status_code, refused.json()["reason"]) == (403, "content")
            assert (await client.post("/dicom-web/workitems", content=b"x", headers={})).status_code == 415
            assert (await client.get("/dicom-web/workitems")).json()["reason"] == "no-rule"
        assert len(seen) == 1

    uvloop.run(run())


def test_tls_on_both_sides_and_names_of_certificates(tmp_path: Path) -> None:
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("viewer.hospital.example")
    files = {name: str(tmp_path / name) for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")}
    authority.cert_pem.write_to_path(files["ca.pem"])
    for name, issued in (("server", server), ("client", client)):
        issued.cert_chain_pems[0].write_to_path(files[f"{name}.pem"])
        issued.private_key_pem.write_to_path(files[f"{name}.key"])
        Path(files[f"{name}.key"]).chmod(0o600)
    tls = Tls(certificate=files["server.pem"], key=files["server.key"], authorities=files["ca.pem"])
    back = Tls(authorities=files["ca.pem"])

    async def run() -> None:
        behind = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        behind.load_cert_chain(files["server.pem"], files["server.key"])

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + b"Content-Length: 2\r\n\r\n[]")
            writer.close()

        archive = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=behind)
        url = f"https://127.0.0.1:{archive.sockets[0].getsockname()[1]}/dicom-web"
        listener = Listener(
            name="web",
            speaks=Speech.DICOMWEB,
            listen="127.0.0.1:0",
            upstream=(url,),
            fail="closed",
            tls=tls,
            upstream_tls=back,
        )
        events: list[Any] = []
        named = rule(certificates=("viewer.hospital.example",))
        guard = WebGuard(
            listener, wiring_for(listener, (named,), events), tls=server_context(tls), upstream_tls=client_context(back)
        )
        await guard.start()
        trust = ssl.create_default_context(cafile=files["ca.pem"])
        trust.load_cert_chain(files["client.pem"], files["client.key"])
        async with httpx.AsyncClient(base_url=f"https://127.0.0.1:{guard.addresses[0][1]}", verify=trust) as client:
            assert (await client.get("/dicom-web/studies")).status_code == 200
        await asyncio.sleep(0.05)
        await guard.stop()
        archive.close()
        (session,) = [one for one in events if isinstance(one, TlsSession)]
        assert session.client_certificate
        assert session.version.startswith("TLS 1.")
        assert not [one for one in events if isinstance(one, HttpSession)], "it was not in clear"

    uvloop.run(run())
