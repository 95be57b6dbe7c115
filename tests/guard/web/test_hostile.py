"""Raw bytes that try to be two requests, another request, or none: what comes out behind is one plain request or
nothing."""

import asyncio

import pytest
import uvloop

from leadapron.model.guard import Limits
from tests.guard.web.peers import guarded, rule, scripted

HEAD = b"GET /dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n"


class Behind:
    """A server that keeps every byte it gets and answers each head."""

    def __init__(self, answer: bytes = b"") -> None:
        self.got = b""
        self.answer = answer or (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nServer: old/1\r\nContent-Length: 2\r\n\r\n[]"
        )

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            self.got += piece
            if piece.endswith(b"\r\n\r\n"):
                writer.write(self.answer)


def talk(data: bytes, behind: Behind, *, seconds: float = 1.0) -> tuple[bytes, list[tuple[str, str, str]]]:
    async def run() -> tuple[bytes, list[tuple[str, str, str]]]:
        async with scripted(behind) as upstream, guarded(upstream, limits=Limits(handshake=0.5)) as site:
            answer = await site.raw(data, seconds=seconds)
            await asyncio.sleep(0)
            return answer, site.decisions()

    return uvloop.run(run())


def test_a_plain_request_is_written_anew() -> None:
    behind = Behind()
    more = b"X-Forwarded-For: 6.6.6.6\r\nCookie: a=b\r\nX-Evil: 1\r\nAccept: application/dicom+json\r\n"
    answer, _ = talk(HEAD.replace(b"studies ", b"studies?PatientID=7&zzz=1&limit=3 ") + more + b"\r\n", behind)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n[]")
    assert b"old/1" not in answer
    assert b"aiohttp" not in answer
    line, _, fields = behind.got.partition(b"\r\n")
    assert line == b"GET /dicom-web/studies?PatientID=7&limit=3 HTTP/1.1"
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in fields
    assert not any(word in fields for word in (b"6.6.6.6", b"Cookie", b"Evil", b"\nHost: pacs"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="both-lengths"),
        pytest.param(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", id="two-lengths"),
        pytest.param(HEAD + b"Content-Length: +5\r\n\r\nabcde", id="signed-length"),
        pytest.param(HEAD + b"Content-Length: 5, 5\r\n\r\nabcde", id="length-list"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", id="coding-list"),
        pytest.param(HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="unknown-coding"),
        pytest.param(HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", id="hidden-coding"),
        pytest.param(HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", id="space-before-colon"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\nGET /x HTTP/1.1\r\n\r\n", id="bare-lf-chunk"),
        pytest.param(HEAD + b"Content-Length: 3\r\n\r\nabc", id="body-of-get"),
        pytest.param(HEAD + b" folded: x\r\n\r\n", id="folded"),
        pytest.param(HEAD + b"X: a\x00b\r\n\r\n", id="nul"),
        pytest.param(HEAD + b"Host: other\r\n\r\n", id="two-hosts"),
        pytest.param(b"GET /dicom-web/studies HTTP/1.1\r\n\r\n", id="no-host"),
        pytest.param(b"GET /dicom-web/studies HTTP/1.1\r\nHost: a\x01b\r\n\r\n", id="odd-host"),
        pytest.param(b'GET /dicom-web/studies HTTP/1.1\r\nHost: a";proto="x\r\n\r\n', id="quoting-host"),
        pytest.param(HEAD + b"X-HTTP-Method-Override: DELETE\r\n\r\n", id="method-override"),
        pytest.param(HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", id="websocket"),
        pytest.param(HEAD + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", id="h2c"),
        pytest.param(b"GET http://evil/dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n\r\n", id="absolute-form"),
        pytest.param(b"CONNECT pacs:8042 HTTP/1.1\r\nHost: pacs\r\n\r\n", id="connect"),
        pytest.param(b"TRACE /dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n\r\n", id="trace"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: pacs\r\n\r\n", id="options-star"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="http2"),
        pytest.param(b"GET /dicom-web/../system HTTP/1.1\r\nHost: pacs\r\n\r\n", id="dots"),
        pytest.param(b"GET /dicom-web/%2e%2e/system HTTP/1.1\r\nHost: pacs\r\n\r\n", id="encoded-dots"),
        pytest.param(b"GET /dicom-web/studies/..%2f..%2fsystem HTTP/1.1\r\nHost: pacs\r\n\r\n", id="encoded-slash"),
        pytest.param(b"GET //dicom-web/studies HTTP/1.1\r\nHost: pacs\r\n\r\n", id="two-slashes"),
        pytest.param(b"GET /dicom-web/studies;x=1 HTTP/1.1\r\nHost: pacs\r\n\r\n", id="path-parameter"),
        pytest.param(b"GET /dicom-web\\studies HTTP/1.1\r\nHost: pacs\r\n\r\n", id="backslash"),
        pytest.param(b"GET /dicom-web/studies#/../x HTTP/1.1\r\nHost: pacs\r\n\r\n", id="fragment"),
        pytest.param(b"GET /dicom-web/studies?a;b HTTP/1.1\r\nHost: pacs\r\n\r\n", id="semicolon-query"),
        pytest.param(b"GET /dicom-web/studies?limit=1&limit=9 HTTP/1.1\r\nHost: pacs\r\n\r\n", id="two-limits"),
        pytest.param(b"GET /dicom-web/studies?PatientID=a&00100020= HTTP/1.1\r\nHost: pacs\r\n\r\n", id="key-twice"),
        pytest.param(b"GET /dicom-web/studies?PatientID=%zz HTTP/1.1\r\nHost: pacs\r\n\r\n", id="bad-encoding"),
        pytest.param(b"GET /dicom-web/studies?PatientID=%0d%0a HTTP/1.1\r\nHost: pacs\r\n\r\n", id="line-end"),
        pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: pacs\r\n\r\n", id="long-target"),
        pytest.param(HEAD + b"A: " + b"a" * 9000 + b"\r\n\r\n", id="long-field"),
        pytest.param(HEAD + b"A: b\r\n" * 200 + b"\r\n", id="many-fields"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), id="tls-to-plain"),
        pytest.param(b"\x01\x00\x00\x00\x00\xce\x00\x01\x00\x00ANY-SCP         " + bytes(64), id="dicom"),
        pytest.param(b"GET /system HTTP/1.1\r\nHost: pacs\r\n\r\n", id="other-interface"),
    ],
)
def test_nothing_of_it_comes_through(data: bytes) -> None:
    behind = Behind()
    answer, decisions = talk(data, behind)
    assert behind.got == b""
    assert answer.split(b" ")[1][:1] == b"4", answer[:200]
    assert decisions
    assert all(action == "deny" for action, _, _ in decisions)


def test_pipelined_requests_stay_two() -> None:
    behind = Behind()
    answer, _ = talk(HEAD + b"\r\n" + b"GET /system HTTP/1.1\r\nHost: pacs\r\n\r\n" + HEAD + b"\r\n", behind)
    assert behind.got.count(b"GET /dicom-web/studies HTTP/1.1\r\n") == 2
    assert behind.got.count(b"GET ") == 2
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 404") == 1


def test_an_answer_cannot_smuggle_a_second_one() -> None:
    behind = Behind(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n[]"
        b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 4\r\n\r\nEVIL"
    )
    answer, _ = talk(HEAD + b"\r\n", behind)
    assert answer.endswith(b"[]")
    behind.got = b""
    answer, _ = talk(HEAD + b"\r\n" + HEAD + b"\r\n", behind)
    assert b"EVIL" not in answer


@pytest.mark.parametrize("body", [b'["a7f3-orthanc-id"]', b'{"error": 1}', b"<html>", b"[1]", b"[{}] [{}]", b"[[{}]]"])
def test_an_answer_that_is_no_answer_to_a_search_does_not_get_out(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer, decisions = talk(HEAD + b"\r\n", Behind(head + body))
    assert body not in answer
    assert ("deny", "protocol", "web.answer-form") in decisions


def test_slow_heads_end() -> None:
    behind = Behind()
    answer, _ = talk(b"GET /dicom-web/studies HT", behind, seconds=3)
    assert answer == b""
    assert behind.got == b""


def test_connections_are_counted() -> None:
    async def run() -> None:
        behind = Behind()
        limits = Limits(connections=4, connections_per_peer=3)
        async with scripted(behind) as upstream, guarded(upstream, rule(), limits=limits) as site:
            held = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(3)]
            await asyncio.sleep(0.05)
            assert site.guard.connections == 3
            assert await site.raw(HEAD + b"\r\n", seconds=1) == b""
            for _, writer in held:
                writer.close()
            await asyncio.sleep(0.05)
            assert site.guard.connections == 0
            answer = await site.raw(HEAD + b"Connection: close\r\n\r\n", seconds=1)
            assert answer.startswith(b"HTTP/1.1 200")
        assert ("deny", "limit", "web.connections") in site.decisions()

    uvloop.run(run())
