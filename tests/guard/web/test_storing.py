"""Objects on their way in: judged one by one, refused in words, never completed behind when something is found."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvloop

from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom import Suspect
from leadapron.model.events import GuardDecision, ObjectPassed
from leadapron.model.guard import Action, Limits, Rate, Task
from tests.guard.web.objects import EICAR, ct, stow
from tests.guard.web.peers import Site, guarded, instruments, rule, scripted

STORE = frozenset({Task.STORE})
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


class Archive:
    """Takes one chunked body a connection; keeps the bytes, and whether they came to their end."""

    def __init__(self, *, stall: float = 0, status: bytes = b"200 OK") -> None:
        self.asked = 0
        self.bodies: list[bytes] = []
        self.whole: list[bool] = []
        self.stall = stall
        self.status = status

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"transfer-encoding: chunked" in head
        self.asked += 1
        body = bytearray()
        try:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:size]
            await reader.readline()
            self.whole.append(True)
        except (asyncio.IncompleteReadError, ValueError, ConnectionError):
            self.whole.append(False)
        self.bodies.append(bytes(body))
        if self.whole[-1]:
            await asyncio.sleep(self.stall)
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n{}" % self.status
            )


async def slowly(body: bytes, size: int = 20_000) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]
        await asyncio.sleep(0.001)


def send(
    *objects: bytes, archive: Archive, kind: str = "application/dicom", body: bytes = b"", **guard: Any
) -> tuple[httpx.Response, Site]:
    """The guard's answer to one STOW-RS request."""
    rules = guard.pop("rules", (rule(tasks=STORE),))

    async def run() -> tuple[httpx.Response, Site]:
        async with (
            scripted(archive) as upstream,
            guarded(upstream, *rules, **guard) as site,
            httpx.AsyncClient(base_url=site.url, timeout=20) as client,
        ):
            made, fields = stow(*objects, kind=kind)
            answer = await client.post("/dicom-web/studies", content=slowly(body or made), headers=fields)
        await asyncio.sleep(0.05)
        return answer, site

    return uvloop.run(run())


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["reason"]


def test_an_object_passes_in_a_body_of_the_guards_own() -> None:
    archive, one = Archive(), ct(preamble=b"MZ" + bytes(126))
    answer, site = send(one, archive=archive)
    assert answer.status_code == 200
    assert archive.whole == [True]
    assert one[600:] in archive.bodies[0], "the data set is as sent"
    assert b"MZ" not in archive.bodies[0][:200]
    assert b"a-boundary" not in archive.bodies[0]
    assert [event.size for event in site.events if isinstance(event, ObjectPassed)] == [len(one) - head_size(one)]


def head_size(one: bytes) -> int:
    return 144 + int.from_bytes(one[140:144], "little")


@pytest.mark.parametrize("place", range(3))
def test_on_a_hit_the_body_behind_has_no_end(place: int) -> None:
    objects = [ct(seed=number) for number in range(2)]
    objects.insert(place, ct(after=EICAR, rows=300))
    archive = Archive()
    answer, site = send(*objects, archive=archive)
    assert refusal(answer) == (403, "content")
    assert archive.whole in ([], [False])
    assert not any(EICAR in body for body in archive.bodies)
    (denied,) = [event for event in site.events if isinstance(event, GuardDecision) and event.action == "deny"]
    assert denied.detail
    assert denied.sop_class == CT


def test_what_is_refused_at_once_never_reaches_the_archive() -> None:
    for rules, want in (
        ((rule(tasks=STORE, sop_classes=(MR,)),), (403, "no-rule")),
        ((rule(tasks=STORE, transfer_syntaxes=("1.2.840.10008.1.2.4.50",)),), (403, "transfer-syntax")),
        ((rule(tasks=frozenset({Task.FIND})),), (403, "no-rule")),
        ((rule(tasks=STORE, sources=("10.0.0.0/8",)),), (403, "no-rule")),
    ):
        archive = Archive()
        answer, _ = send(ct(), archive=archive, rules=rules)
        assert refusal(answer) == want
        assert archive.asked == 0


def test_sizes_and_rates_are_bounded() -> None:
    archive = Archive()
    answer, _ = send(ct(rows=400), archive=archive, rules=(rule(tasks=STORE, object_size=100_000),))
    assert refusal(answer) == (413, "size")
    assert archive.whole in ([], [False])
    rates = (Rate(what="objects", amount=2, seconds=60),)
    answer, _ = send(ct(), ct(), ct(), archive=(archive := Archive()), rules=(rule(tasks=STORE, rates=rates),))
    assert refusal(answer) == (429, "rate")
    assert answer.headers["Retry-After"]
    assert archive.whole in ([], [False])


def test_a_rule_in_shadow_records_and_blocks_nothing() -> None:
    archive = Archive()
    answer, site = send(ct(after=EICAR), archive=archive, rules=(rule(tasks=STORE, shadow=True),))
    assert answer.status_code == 200
    assert archive.whole == [True]
    assert [
        (one.reason, one.enforced) for one in site.events if isinstance(one, GuardDecision) and one.action == "deny"
    ] == [("content", False)]


class Writer:
    """Quarantine in memory."""

    def __init__(self, suspect: Suspect, kept: list["Writer"]) -> None:
        self.suspect, self.kept, self.data = suspect, kept, b""

    def write(self, data: Bytes) -> None:
        self.data += bytes(data)

    def commit(self) -> str:
        self.kept.append(self)
        return f"evidence-{len(self.kept)}"

    def abort(self) -> None: ...


def test_what_is_found_and_what_a_rule_holds_go_into_quarantine() -> None:
    kept: list[Writer] = []
    evidence = instruments(evidence=lambda suspect: Writer(suspect, kept))
    one = ct(after=EICAR)
    _, site = send(one, archive=Archive(), instruments=evidence)
    assert EICAR in kept[0].data
    assert "evidence-1" in {event.evidence for event in site.events if isinstance(event, GuardDecision)}
    send(one, archive=Archive(), instruments=evidence, rules=(rule(tasks=STORE, on_hit=Action.HOLD),))
    assert kept[1].data.startswith(one[head_size(one) : head_size(one) + 100])
    assert EICAR in kept[1].data
    plain = ct()
    answer, _ = send(
        plain, archive=(archive := Archive()), instruments=evidence, rules=(rule(tasks=STORE, action=Action.HOLD),)
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert archive.asked == 0
    assert kept[2].data == plain[head_size(plain) :]


def test_what_policy_strips_is_not_passed_on() -> None:
    archive, one = Archive(), ct(after=b"secret word" * 8, rows=300)
    answer, site = send(one, archive=archive, rules=(rule(tasks=STORE, strip_private=True),))
    assert answer.status_code == 200
    assert b"secret word" not in archive.bodies[0]
    pixels = one.index(b"\xe0\x7f\x10\0OW\0\0") + 12
    assert one[pixels : pixels + 300 * 300 * 2] in archive.bodies[0], "pixels are as sent"
    (entry,) = [event for event in site.events if isinstance(event, ObjectPassed)]
    assert entry.altered
    assert entry.size < len(one) - head_size(one) - 88


def other_class(one: bytes) -> bytes:
    """Says MR in its head and CT inside."""
    return one[:400].replace(CT.encode() + b"\0", MR.encode() + b"\0", 1) + one[400:]


def part(header: bytes) -> bytes:
    return b"--a-boundary\r\n" + header + b"\r\n\r\nAAAA\r\n--a-boundary--"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (stow(b"no object")[0], "web.part10-cut"),
        (stow(b"x" * 200)[0], "web.part10-prefix"),
        (stow(other_class(ct()))[0], "web.part10-class"),
        (stow(ct()[:-3000])[0], "length-beyond"),
        (stow(ct())[0][:-20], "web.multipart-cut"),
        (b"x" * 5000, "web.multipart-preamble"),
        (stow(ct())[0] + b"x" * 5000, "web.multipart-epilogue"),
        (part(b"Content-Type: application/dicom\r\nContent-Transfer-Encoding: base64"), "web.stow-encoding"),
        (part(b"Content-Type: text/html"), "web.stow-type"),
        (part(b"no colon"), "web.multipart-header"),
        (part(b"A: b\r\nA: c"), "web.multipart-header"),
        (b"--a-boundary--\r\n", "web.multipart-delimiter"),
    ],
)  # fmt: skip
def test_broken_bodies_are_refused(body: bytes, detail: str) -> None:
    archive = Archive()
    answer, site = send(archive=archive, body=body)
    assert answer.status_code in (400, 403, 415), answer.text
    assert archive.whole in ([], [False])
    assert detail in {found for action, _, found in site.decisions() if action == "deny"}


@pytest.mark.parametrize("kind", ["application/dicom+json", "application/dicom+xml", "image/jpeg"])
def test_other_kinds_of_storage_are_refused(kind: str) -> None:
    answer, _ = send(b"{}", archive=(archive := Archive()), kind=kind)
    assert (answer.status_code, answer.json()["detail"]) == (415, "web.stow-type")
    assert archive.asked == 0


def test_a_client_that_dies_completes_nothing() -> None:
    async def run() -> None:
        archive = Archive()
        async with scripted(archive) as upstream, guarded(upstream, rule(tasks=STORE)) as site:
            body, fields = stow(ct(rows=300))
            _, writer = await asyncio.open_connection("127.0.0.1", site.port)
            head = f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {fields['Content-Type']}\r\n"
            writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-30])
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.close()
            await asyncio.sleep(0.2)
        assert archive.whole in ([], [False])
        assert not [event for event in site.events if isinstance(event, ObjectPassed)]

    uvloop.run(run())


def test_a_client_that_stalls_is_cut() -> None:
    async def run() -> None:
        archive = Archive()
        limits = Limits(stall=0.3)
        async with scripted(archive) as upstream, guarded(upstream, rule(tasks=STORE), limits=limits) as site:
            body, fields = stow(ct(rows=300))
            head = f"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: {fields['Content-Type']}\r\n"
            answer = await site.raw(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-30], seconds=4)
            assert b" 408 " in answer.split(b"\r\n")[0]
        assert archive.whole in ([], [False])

    uvloop.run(run())


def test_a_client_that_asks_first_is_told_to_go_on_or_refused() -> None:
    async def run() -> None:
        archive = Archive()
        async with scripted(archive) as upstream, guarded(upstream, rule(tasks=STORE)) as site:
            body, fields = stow(ct())
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            head = "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            head += f"Content-Length: {len(body)}\r\n"
            writer.write(f"{head}Content-Type: {fields['Content-Type']}\r\n\r\n".encode())
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(body)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
            writer.close()
            answer = await site.raw(f"{head}Content-Type: text/plain\r\n\r\n".encode(), seconds=1)
            assert answer.startswith(b"HTTP/1.1 415")
        assert archive.whole == [True]

    uvloop.run(run())
