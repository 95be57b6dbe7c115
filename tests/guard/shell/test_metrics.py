"""Monitoring: three pages, bounded, without anything of a patient, and documented name by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from leadapron.guard.certificates import Expiry
from leadapron.guard.shell import endpoint
from leadapron.guard.shell.counters import Counters
from leadapron.guard.shell.endpoint import Endpoint
from leadapron.guard.shell.health import Check, ListenerVitals, SpoolVitals, Vitals, findings, ready
from leadapron.guard.shell.metrics import SERIES, Metrics
from leadapron.model.events import Endpoint as Place
from leadapron.model.events import GuardDecision, GuardNotice, ObjectPassed

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs/reference/guard-metrics.md"


def vitals(**changes: object) -> Vitals:
    well = Vitals(
        now=NOW,
        started=NOW - timedelta(hours=1),
        version="1.2.3",
        policy_digest="0123456789abcdef",
        policy_loaded=NOW - timedelta(hours=1),
        policy_broken=False,
        listeners=(ListenerVitals(name="pacs", bound=True, upstream=True),),
        counters=Counters(),
        state_free=10 << 30,
    )
    return msgspec.structs.replace(well, **changes)


def counted() -> Counters:
    counters = Counters()
    counters.connections["pacs"] = 3
    counters.bytes["pacs", "client"] = 1000
    session = {
        "ts": NOW,
        "end": NOW,
        "sensor": "guard:test",
        "packet": 0,
        "uid": "u",
        "client": Place(ip="10.1.2.3", port=1),
        "server": Place(ip="10.1.2.4", port=104),
        "listener": "pacs",
        "calling_ae_title": "CT_ROOM_1",
    }
    counters.take(
        GuardDecision(**session, policy="p", action="deny", reason="content", enforced=True, user="meier", count=2)
    )
    counters.take(
        ObjectPassed(
            **session,
            instance="i",
            study="s",
            sop_class="1.2",
            transfer_syntax="1.2",
            size=500,
            pixel_digest="",
            dataset_digest="",
        )
    )
    counters.take(GuardNotice(ts=NOW, sensor="guard:test", packet=0, name="guard.started"))
    return counters


def samples(page: bytes) -> dict[str, float]:
    """`name{value of label,…}` by the names of labels → value."""
    return {
        f"{sample.name}{{{','.join(value for _, value in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }


def test_prometheus_reads_what_the_guard_counted() -> None:
    found = samples(Metrics(lambda: vitals(counters=counted())).page())
    assert found["leadapron_guard_connections_total{pacs}"] == 3
    assert found["leadapron_guard_received_bytes_total{pacs,client}"] == 1000
    assert found["leadapron_guard_decisions_total{deny,yes,pacs,content}"] == 2
    assert found["leadapron_guard_objects_total{pacs}"] == 1
    assert found["leadapron_guard_object_bytes_total{pacs}"] == 500
    assert found["leadapron_guard_findings_total{pacs}"] == 2
    assert found["leadapron_guard_notices_total{guard.started}"] == 1
    assert found["leadapron_guard_ready{}"] == 1
    assert found["leadapron_guard_info{0123456789ab,1.2.3}"] == 1
    assert found["process_resident_memory_bytes{}"] > 0
    assert "leadapron_guard_audit_connected{}" not in found


def test_no_title_address_or_user_is_told() -> None:
    expiry = _expiry(own=True, end=NOW + timedelta(days=9))
    page = Metrics(lambda: vitals(counters=counted(), certificates=(expiry,))).page().decode()
    for secret in ("CT_ROOM_1", "10.1.2", "meier", expiry.name):
        assert secret not in page
    assert 'leadapron_guard_certificate_end_time_seconds{listener="pacs",side="front"} ' in page


def _expiry(*, own: bool, end: datetime) -> Expiry:
    return Expiry(
        listener="pacs",
        side="front",
        name="guard.hospital.example (own certificate)",
        file="/etc/guard.pem",
        begin=NOW - timedelta(days=100),
        end=end,
        identity=b"",
        own=own,
    )


@pytest.mark.parametrize(
    ("changes", "check", "stops"),
    [
        ({"draining": True}, Check.DRAINING, True),
        ({"listeners": ()}, Check.LISTENING, True),
        ({"listeners": (ListenerVitals(name="pacs", bound=False),)}, Check.LISTENING, True),
        ({"listeners": (ListenerVitals(name="pacs", bound=True, upstream=False),)}, Check.UPSTREAM, True),
        ({"certificates": (_expiry(own=True, end=NOW - timedelta(1)),)}, Check.CERTIFICATE, True),
        ({"state_free": 1000}, Check.DISK, True),
        ({"spool": SpoolVitals(connected=False, bytes=5, limit=10)}, Check.SPOOL, False),
        ({"spool": SpoolVitals(connected=False, bytes=10, limit=10)}, Check.SPOOL, True),
        ({"policy_broken": True}, Check.POLICY, False),
    ],
)
def test_what_is_wrong_and_whether_it_stops_exams(changes: dict[str, object], check: Check, stops: bool) -> None:
    state = vitals(**changes)
    assert [(finding.check, finding.stops) for finding in findings(state)] == [(check, stops)]
    assert ready(state) is not stops


def test_a_guard_that_nobody_called_yet_is_ready() -> None:
    assert ready(vitals(listeners=(ListenerVitals(name="pacs", bound=True),)))
    assert ready(vitals(certificates=(_expiry(own=False, end=NOW - timedelta(1)),)))  # one old authority of many


async def ask(port: int, request: bytes) -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: guard\r\n\r\n".encode()


def at_the_port(scene: Callable[[int], object], read: Callable[[], Vitals] = vitals) -> None:
    async def run() -> None:
        served = Endpoint(read)
        port = await served.start("127.0.0.1", 0)
        try:
            await scene(port)
        finally:
            await served.stop()

    uvloop.run(run())


def test_three_pages() -> None:
    async def scene(port: int) -> None:
        head, body = await ask(port, get("/metrics"))
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"text/plain; version=0.0.4" in head
        assert b"leadapron_guard_ready 1.0" in body
        assert (await ask(port, get("/health")))[1] == b'{"alive":true}\n'
        assert (await ask(port, get("/ready?verbose")))[1] == b'{"ready":true,"findings":[]}\n'
        head, body = await ask(port, get("/ready", "HEAD"))
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert body == b""
        assert (await ask(port, get("/etc/passwd")))[0].startswith(b"HTTP/1.1 404")
        assert (await ask(port, get("/ready", "POST")))[0].startswith(b"HTTP/1.1 405")
        assert (await ask(port, b"\x16\x03\x01\r\n\r\n"))[0].startswith(b"HTTP/1.1 400")

    at_the_port(scene)


def test_not_ready_is_503_and_says_why() -> None:
    async def scene(port: int) -> None:
        head, body = await ask(port, get("/ready"))
        assert head.startswith(b"HTTP/1.1 503")
        assert msgspec.json.decode(body) == {
            "ready": False,
            "findings": [{"check": "draining", "stops": True, "listener": ""}],
        }

    at_the_port(scene, lambda: vitals(draining=True))


def test_slow_large_and_many_requests_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "PATIENCE", 0.2)

    async def scene(port: int) -> None:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(endpoint.MAX_CONNECTIONS)]
        await asyncio.sleep(0.05)
        assert (await ask(port, b""))[0] == b""  # one too many is closed at once
        for reader, writer in slow:
            assert await reader.read() == b""
            writer.close()
        assert (await ask(port, get("/" + "a" * 100_000)))[0] in (b"", b"HTTP/1.1 400 Bad Request")
        assert (await ask(port, get("/health")))[1]

    at_the_port(scene)


def test_every_metric_is_documented_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(leadapron_guard_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", page, flags=re.MULTILINE)
    expected = [
        (
            f"leadapron_guard_{series.name}{'_total' if series.counter else ''}",
            "counter" if series.counter else "gauge",
            ", ".join(f"`{label}`" for label in series.labels),
            series.says,
        )
        for series in SERIES
    ]
    assert rows == expected
    for check in Check:
        assert f"| `{check}` |" in page
