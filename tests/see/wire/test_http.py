"""HTTP/1.x: ordinary sessions, the shapes of paths, kinds of credentials, and bodies that must not disturb."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, ClockReading, Event, HttpApi, HttpExchange, HttpSession, Service
from leadapron.see.wire.dissector import STOP, Match, Side
from leadapron.see.wire.http import HttpDissector, ledger
from leadapron.see.wire.http.target import read_target
from tests.see.wire.playbook import CLIENT, SERVER, ScriptedConversation, play

Script = list[tuple[Side, bytes]]
CANARY = "ZYXWVUT"
ORTHANC_ID = "19a2bf3c-19a2bf3c-19a2bf3c-19a2bf3c-19a2bf3c"


def request(line: str = "GET /", body: bytes = b"", **fields: str) -> bytes:
    if body:
        fields.setdefault("Content_Length", str(len(body)))
    return message(f"{line} HTTP/1.1", fields) + body


def response(status: int = 200, body: bytes | None = b"", **fields: str) -> bytes:
    if body is not None:
        fields.setdefault("Content_Length", str(len(body)))
    return message(f"HTTP/1.1 {status} Reason", fields) + (body or b"")


def message(start: str, fields: dict[str, str]) -> bytes:
    lines = [start, *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def session(events: Sequence[Event]) -> HttpSession:
    (found,) = (event for event in events if isinstance(event, HttpSession))
    return found


def named(events: Sequence[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, Anomaly)]


def rows(events: Sequence[Event]) -> list[tuple[str, str, int, int]]:
    return [(row.method, row.path, row.status, row.count) for row in session(events).exchanges]


def test_a_dicomweb_search_with_a_password_in_clear() -> None:
    script = [
        (
            CLIENT,
            request(
                f"GET /dicom-web/studies?PatientName={CANARY}",
                Host="pacs:8042",
                User_Agent="OHIF/3.9",
                Authorization="Basic c2VjcmV0OnNlY3JldA==",
            ),
        ),
        (
            SERVER,
            response(
                200,
                CANARY.encode() * 99,
                Server="Orthanc",
                Content_Type="application/dicom+json",
                Date="Tue, 24 Nov 2026 08:00:07 GMT",
            ),
        ),
    ]
    events = play(HttpDissector, script)
    seen = session(events)
    assert seen.exchanges == (
        HttpExchange(
            method="GET",
            path="/dicom-web/studies",
            api=HttpApi.DICOMWEB,
            status=200,
            count=1,
            credentials="basic",
        ),
    )
    assert (seen.requests, seen.host, seen.server_software, seen.user_agent) == (1, "pacs:8042", "Orthanc", "OHIF/3.9")
    assert not seen.challenged
    (clock,) = (event for event in events if isinstance(event, ClockReading))
    assert (clock.ip, clock.source, clock.offset, clock.zone_known) == ("192.0.2.2", Service.HTTP, 7, True)
    assert CANARY.encode() not in msgspec.json.encode(events)
    assert not named(events)


def test_pipelined_requests_are_paired_in_order() -> None:
    script = [
        (CLIENT, request("GET /login") + request("GET /index.html") + request("HEAD /login")),
        (
            SERVER,
            response(302)
            + response(200, b"HTTP/1.1 500 x\r\n\r\nMSH|^~\\&|")
            + response(404, None, Content_Length="9"),
        ),
        (CLIENT, request("GET /login") + b"\r\n\r\n" + request("POST /login", b"MSH|^~\\&|")),
        (SERVER, response(204, None, Content_Length="5") + response(304, None) + response(302)),
    ]
    events = play(HttpDissector, script)
    assert rows(events) == [
        ("GET", "/login", 302, 1),
        ("GET", "/index.html", 200, 1),
        ("HEAD", "/login", 404, 1),
        ("GET", "/login", 204, 1),
        ("POST", "/login", 304, 1),
    ]
    for cut in (1, 5, [3, 60]):
        assert play(HttpDissector, script, cut=cut) == events


def test_chunks_are_walked_without_being_read() -> None:
    chunked = (
        b"1a; name=value\r\n"
        + b"HTTP/1.1 500 no\r\n\r\nabcdefg"
        + b"\r\n3\r\nxyz\r\n000\r\nTrailer: value\r\nOther: value\r\n\r\n"
    )
    body = response(200, None, Transfer_Encoding="chunked") + chunked
    script = [
        (CLIENT, request(Transfer_Encoding="gzip, chunked") + chunked + request("GET /api/")),
        (SERVER, body + response(201)),
    ]
    events = play(HttpDissector, script)
    assert rows(events) == [("GET", "/", 200, 1), ("GET", "/api/", 201, 1)]
    assert not named(events)
    assert play(HttpDissector, script, cut=1) == events


def test_bodies_are_skipped_before_they_arrive() -> None:
    dissector = HttpDissector(ScriptedConversation())
    head = request("POST /instances", Content_Length="1000000")
    assert dissector.feed(CLIENT, head) == len(head)
    assert dissector.feed(CLIENT, b"DICM") == 1_000_000
    assert dissector.feed(CLIENT, head + b"x") == len(head) + 1_000_000
    huge = request("PUT /", Content_Length=str(3 << 30))
    dissector.feed(CLIENT, huge)
    assert [dissector.feed(CLIENT, b"x") for _ in range(3)] == [1 << 30] * 3
    assert dissector.feed(CLIENT, huge) == len(huge)


@pytest.mark.parametrize(
    "answer",
    [response(200, None) + b"HTTP/1.1 500 no\r\n\r\n" * 3, b"HTTP/1.0 200 OK\n\nbody", b"HTTP/1.1 200\r\n\r\nbody"],
)
def test_a_body_that_ends_with_the_connection(answer: bytes) -> None:
    script = [(CLIENT, request()), (SERVER, answer)]
    assert rows(play(HttpDissector, script)) == [("GET", "/", 200, 1)]
    assert play(HttpDissector, script, cut=1) == play(HttpDissector, script)


def test_interim_responses_answer_nothing() -> None:
    script = [(CLIENT, request("POST /", b"x")), (SERVER, response(100, None) + response(103, None) + response(201))]
    assert rows(play(HttpDissector, script)) == [("POST", "/", 201, 1)]


@pytest.mark.parametrize(
    ("line", "status", "expected"),
    [("CONNECT host:443", 200, ("CONNECT", "", 200, 1)), ("GET /ws", 101, ("GET", "/ws", 101, 1))],
)
def test_after_an_upgrade_or_tunnel_nothing_is_http(
    line: str, status: int, expected: tuple[str, str, int, int]
) -> None:
    script = [
        (CLIENT, request(line)),
        (SERVER, response(status, None) + b"\x81\x05hello"),
        (CLIENT, request("GET /secret")),
        (SERVER, response(500)),
    ]
    events = play(HttpDissector, script)
    assert rows(events) == [expected]
    assert not named(events)
    assert play(HttpDissector, script, cut=1) == events


def test_lines_may_end_in_lf_and_fields_may_be_folded() -> None:
    raw = b"\r\nGET http://user:word@pacs/login;jsessionid=1?x=1 HTTP/1.1\nHost: pacs\nUser-Agent: one\n two\n\n"
    seen = session(play(HttpDissector, [(CLIENT, raw)], cut=1))
    assert seen.exchanges[0].path == "/login"
    assert (seen.host, seen.user_agent) == ("pacs", "one two")


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (request(Transfer_Encoding="chunked", Content_Length="5") + b"0\r\n\r\n", ["http.length-conflict"]),
        (request(Content_Length="5, 6"), ["http.length-conflict"]),
        (request(Content_Length="+5"), ["http.length-conflict"]),
        (request(Content_Length="9" * 19), ["http.length-conflict"]),
        (request(Transfer_Encoding="chunked, gzip"), ["http.length-conflict"]),
        (request(Transfer_Encoding="xchunked"), ["http.length-conflict"]),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", ["http.length-conflict"]),
        (b"GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx", ["http.field"]),
        (b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", ["http.field"]),
        (request(Content_Length="5, 5") + b"12345", []),
        (request() + b"\x16\x03\x01\n", ["http.start-line"]),
        (request() + b"A" * 40_000, ["http.start-line"]),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000, ["http.head-length"]),
        (request(Transfer_Encoding="chunked") + b"zz\r\n", ["http.chunk"]),
        (request(Transfer_Encoding="chunked") + b"1" * 5000, ["http.chunk"]),
        (request(Transfer_Encoding="chunked") + b"0\r\n" + b"A" * 40_000, ["http.head-length"]),
        (request() + response(), ["http.role"]),
    ],
)
def test_broken_messages_are_named(head: bytes, names: list[str]) -> None:
    events = play(HttpDissector, [(CLIENT, head)])
    assert named(events) == names
    assert play(HttpDissector, [(CLIENT, head)], cut=[1000, 1, 17]) == events


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", "/"),
        ("/orthanc/app/explorer.html", "/orthanc/app/explorer.html"),
        (
            "/dicom-web/studies/1.2.840.113619.2.1/series/1.2.3.4/metadata",
            "/dicom-web/studies/{id}/series/{id}/metadata",
        ),
        (f"/instances/{ORTHANC_ID}/file", "/instances/{id}/file"),
        ("/fhir/R4/Patient/1234567", "/fhir/R4/Patient/{id}"),
        (f"/Synapse/{CANARY}/{CANARY}.html", "/Synapse/{id}/{id}"),
        (f"/{CANARY}", "/{id}"),
        (f"/{CANARY}.pdf", "/{id}"),
        ("/static/main.3f2a9c.js", "/static/{id}"),
        ("/patients/19700101/doe", "/patients/{id}/{id}"),
        ("/export/DOE%5EJOHN", "/export/{id}"),
        ("/api/v2/users/7", "/api/v2/users/{id}"),
        ("/deadbeef/x/123e4567-e89b-12d3-a456-426614174000", "/{id}/{id}/{id}"),
        ("/a/" + "x/" * 20, "/a/" + "{id}/" * 11 + "…"),
        ("/login?user=x#y", "/login"),
        ("*", "*"),
        ("http://pacs", "/"),
    ],
)
def test_paths_keep_their_shape_and_nothing_of_a_person(target: str, path: str) -> None:
    assert read_target("GET", target.encode(), "").path == path


@pytest.mark.parametrize(
    ("target", "media_types", "answer", "api"),
    [
        ("/dicom-web/studies", "", "", HttpApi.DICOMWEB),
        ("/pacs/rs/studies", "", "application/json", HttpApi.DICOMWEB),
        ("/wado?requestType=WADO&studyUID=1", "", "image/jpeg", HttpApi.DICOMWEB),
        ("/servlet?x=1&RequestType=wado", "", "image/jpeg", HttpApi.DICOMWEB),
        ("/studies", "application/dicom+json", "", HttpApi.DICOMWEB),
        ("/studies", "multipart/related; type=application/dicom", "", HttpApi.DICOMWEB),
        ("/studies?PatientID=1&limit=5", "application/json", "application/json", HttpApi.DICOMWEB),
        ("/studies/1.2.840.1.2/series", "", "application/json", HttpApi.DICOMWEB),
        ("/studies", "", "", HttpApi.DICOMWEB),
        ("/studies", "", "application/dicom+json", HttpApi.DICOMWEB),
        ("/studies", "", "application/json; charset=utf-8", HttpApi.ORTHANC),
        ("/studies", "", "text/html", HttpApi.OTHER),
        ("/crm/studies", "", "application/json", HttpApi.OTHER),
        (f"/studies/{ORTHANC_ID}", "", "", HttpApi.ORTHANC),
        ("/patients", "", "application/json", HttpApi.ORTHANC),
        ("/patients", "", "text/html", HttpApi.OTHER),
        ("/system", "", "", HttpApi.ORTHANC),
        ("/system/settings", "", "", HttpApi.OTHER),
        ("/modalities/CT/store", "", "", HttpApi.ORTHANC),
        ("/tools/find", "", "", HttpApi.ORTHANC),
        ("/tools/hammer", "", "", HttpApi.OTHER),
        ("/app/explorer.html", "", "", HttpApi.ORTHANC),
        ("/Patient/1", "", "", HttpApi.FHIR),
        ("/r4/ImagingStudy?patient=1", "", "", HttpApi.FHIR),
        ("/x", "application/fhir+json", "", HttpApi.FHIR),
        ("/x", "", "application/fhir+json", HttpApi.FHIR),
        ("/patient/1", "", "", HttpApi.OTHER),
        ("/", "", "text/html", HttpApi.OTHER),
    ],
)
def test_what_a_path_is_for(target: str, media_types: str, answer: str, api: HttpApi) -> None:
    assert read_target("GET", target.encode(), media_types).api_answered_with(answer) is api


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (request(), ""),
        (request(Authorization="Digest username=x"), "digest"),
        (request(Authorization="Bearer abc", Cookie="a=b"), "bearer"),
        (request(Authorization=CANARY), "other"),
        (request(Authorization=f"{CANARY} abc"), "other"),
        (request(Cookie="JSESSIONID=1"), "cookie"),
        (request(X_API_Key="1"), "api-key"),
        (request("GET /?token=1"), "query"),
        (request("POST /login", b"user=x&password=" + CANARY.encode(), Content_Type=FORM), "form"),
        (request("POST /login", b"user=x&login%5Bpassword%5D=y", Content_Type=FORM, Cookie="a=b"), "form"),
        (request("POST /login", b"j_username=x&j_password=y", Content_Type=FORM + "; charset=UTF-8"), "form"),
        (request("POST /login", b'{"user": "x", "password": "y"}', Content_Type="application/json"), "form"),
        (request("POST /", b"comment=password", Content_Type=FORM), ""),
        (request("POST /", b"note=x&passenger=y", Content_Type=FORM), ""),
        (request("POST /", b'{"note": "password"}', Content_Type="application/json"), ""),
        (request("POST /", b"x=" + b"y" * 3000 + b"&password=z", Content_Type=FORM), ""),
        (request("POST /", b"password=z", Content_Type="text/plain"), ""),
    ],
)
def test_credentials_are_a_kind_and_never_a_value(sent: bytes, kind: str) -> None:
    events = play(HttpDissector, [(CLIENT, sent), (SERVER, response())])
    (row,) = session(events).exchanges
    assert row.credentials == kind
    assert CANARY.lower().encode() not in msgspec.json.encode(events).lower()
    assert play(HttpDissector, [(CLIENT, sent), (SERVER, response())], cut=1) == events


def test_a_refused_request_without_credentials_is_a_challenge() -> None:
    script = [
        (CLIENT, request()),
        (SERVER, response(401, WWW_Authenticate="Basic")),
        (CLIENT, request(Authorization="Basic eA==")),
        (SERVER, response(200)),
    ]
    seen = session(play(HttpDissector, script))
    assert seen.challenged
    assert [(row.status, row.credentials) for row in seen.exchanges] == [(401, ""), (200, "basic")]


@pytest.mark.parametrize(
    ("fields", "offsets"),
    [
        ({"Date": "Tue, 24 Nov 2026 07:59:00 GMT"}, [-60]),
        ({"Date": "Tue, 24 Nov 2026 07:59:00 GMT", "Age": "60"}, []),
        ({"Date": "Tue, 31 Feb 2026 07:59:00 GMT"}, []),
        ({"Date": "Tue, 24 Foo 2026 07:59:00 GMT"}, []),
        ({"Date": "24/11/2026"}, []),
        ({}, []),
    ],
)
def test_the_servers_clock_is_read_once(fields: dict[str, str], offsets: list[int]) -> None:
    events = play(HttpDissector, [(CLIENT, request() * 2), (SERVER, response(**fields) * 2)])
    assert [event.offset for event in events if isinstance(event, ClockReading)] == offsets


def test_one_side_alone_tells_what_it_can() -> None:
    client = session(play(HttpDissector, [(CLIENT, request("GET /login", Host="pacs") * 200)]))
    assert (client.requests, client.host, client.exchanges[0].count, client.exchanges[0].status) == (
        200,
        "pacs",
        200,
        0,
    )
    server = session(play(HttpDissector, [(SERVER, response(401, Server="IIS") * 2)]))
    assert (server.requests, server.exchanges, server.server_software, server.challenged) == (0, (), "IIS", True)


def test_a_response_captured_before_its_request_is_still_its_own() -> None:
    script = [
        (CLIENT, request("GET /login")),
        (SERVER, response(200) + response(404)),
        (CLIENT, request("GET /api/") + request("GET /index.html")),
        (SERVER, response(500)),
    ]
    assert rows(play(HttpDissector, script)) == [
        ("GET", "/login", 200, 1),
        ("GET", "/api/", 404, 1),
        ("GET", "/index.html", 500, 1),
    ]


def test_a_request_from_the_supposed_server_swaps_the_sides() -> None:
    conversation = ScriptedConversation()
    dissector = HttpDissector(conversation)
    dissector.feed(SERVER, request("GET /login"))
    dissector.feed(CLIENT, response(200, Server="IIS"))
    dissector.close()
    seen = session(conversation.events)
    assert conversation.swapped
    assert (seen.server.ip, seen.server_software, seen.exchanges[0].status) == ("192.0.2.1", "IIS", 200)


def test_after_a_gap_the_next_head_is_found_and_pairing_starts_afresh() -> None:
    conversation = ScriptedConversation()
    dissector = HttpDissector(conversation)
    dissector.feed(CLIENT, request("GET /login"))
    dissector.gap(SERVER, 500)
    body = b"rest of a body\r\nHTTP/1.1 500 no\r\n\r\n"
    assert dissector.feed(SERVER, body) == len(body)
    dissector.feed(CLIENT, request("GET /api/"))
    dissector.feed(SERVER, response(404))
    dissector.close()
    assert rows(conversation.events) == [("GET", "/login", 0, 1), ("GET", "/api/", 404, 1)]
    assert session(conversation.events).gaps == 1


def test_shapes_beyond_the_limit_are_counted_together() -> None:
    words = [f"/v{a}/v{b}" for a in range(10) for b in range(10)]
    stream = b"".join(request(f"GET {path}") for path in words)
    seen = session(play(HttpDissector, [(CLIENT, stream)]))
    assert len(seen.exchanges) == ledger.MAX_EXCHANGES + 1
    assert (seen.exchanges[-1].method, seen.exchanges[-1].count) == (ledger.OVERFLOW, 100 - ledger.MAX_EXCHANGES)


def test_unknown_methods_are_not_kept() -> None:
    assert rows(play(HttpDissector, [(CLIENT, request(f"{CANARY} /"))])) == [("OTHER", "/", 0, 1)]


def test_a_contradiction_ends_the_reading_of_that_side() -> None:
    dissector = HttpDissector(ScriptedConversation())
    assert dissector.feed(CLIENT, request(Content_Length="5, 6")) == STOP


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"", Match.MORE),
        (b"GE", Match.MORE),
        (b"GET /studies HT", Match.MORE),
        (b"\r\nGET / HTTP/1.1\r\n", Match.YES),
        (b"GET / HTTP/1.0\n", Match.YES),
        (b"GET /" + b"x" * 2000, Match.YES),
        (b"XYZ /" + b"x" * 2000, Match.MORE),
        (b"HTTP/1.1 200 OK\r\n", Match.YES),
        (b"HTTP/1.", Match.MORE),
        (b"HTT", Match.MORE),
        (b"HTTP/2 200\r\n", Match.NO),
        (b"PRI * HTTP/2.0\r\n", Match.NO),
        (b"OPTIONS rtsp://x RTSP/1.0\r\n", Match.NO),
        (b"INVITE sip:x SIP/2.0\r\n", Match.NO),
        (b"USER anonymous\r\n", Match.NO),
        (b"EHLO mail\r\n", Match.NO),
        (b"SSH-2.0-OpenSSH\r\n", Match.NO),
        (b"\x0bMSH|^~\\&|", Match.NO),
        (b"\x16\x03\x01", Match.NO),
        (b"\x01\x00\x00\x00\x00\xcd", Match.NO),
    ],
)
def test_recognition(head: bytes, answer: Match) -> None:
    assert HttpDissector.recognise(CLIENT, head) is answer


PIECES = st.sampled_from(
    [
        request(),
        response(),
        request("POST /login", b"password=x", Content_Type=FORM),
        request("HEAD /x/y", Transfer_Encoding="chunked"),
        request("CONNECT a:1"),
        response(200, None, Transfer_Encoding="chunked"),
        response(101, None),
        response(200, None, Content_Length="7"),
        response(401, None, Content_Length="3, 4"),
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"\r\n",
        b"GET ",
        b"HTTP/1.1 ",
    ]
)
STREAMS = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=12)), max_size=12).map(b"".join)
SCRIPTS = st.lists(st.tuples(st.sampled_from([CLIENT, SERVER]), STREAMS), max_size=5)


@given(SCRIPTS, st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_never_raises_and_never_depends_on_cuts(script: Script, cut: list[int]) -> None:
    whole = play(HttpDissector, script)
    assert play(HttpDissector, script, cut=1) == whole
    assert play(HttpDissector, script, cut=cut) == whole
    assert "stream.pending-limit" not in named(whole)


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_target_is_refused(text: str) -> None:
    assert read_target("GET", text.encode("latin-1"), "").path
