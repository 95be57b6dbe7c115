"""From an event to a real collector over TLS: nothing is lost and the order is kept, whatever happens to either."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from leadapron.guard.audit import AuditTrail
from leadapron.guard.audit.channel import parse_address
from leadapron.guard.audit.spool import SMALLEST, Spool
from leadapron.model.errors import UsageError
from leadapron.model.events import GuardNotice
from leadapron.model.guard import Audit, Tls
from tests.guard.audit import events
from tests.guard.audit.collector import Collector


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    folder = tmp_path / "collector"
    folder.mkdir()
    server = Collector(folder)
    yield server
    server.end(signal.SIGKILL)


class Trail:
    """An audit trail and what it told."""

    def __init__(self, tmp_path: Path, address: str, tls: Tls | None, **more: float | str) -> None:
        self.notices: list[GuardNotice] = []
        settings = {key: more.pop(key) for key in ("spool", "form") if key in more}
        audit = Audit(syslog=address, tls=tls, **settings)  # type: ignore[arg-type]
        self.trail = AuditTrail(audit, tmp_path / "spool", "north", self.notices.append, **more)  # type: ignore[arg-type]
        self.trail.start()

    def echo(self, count: int) -> None:
        for _ in range(count):
            self.trail.record(events.ECHO)

    def names(self) -> list[str]:
        return [notice.name for notice in self.notices]


def wait_until(done: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():  # type: ignore[operator]
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_an_association_reaches_the_collector(tmp_path: Path, collector: Collector) -> None:
    collector.start()
    audit = Trail(tmp_path, collector.address, collector.tls)
    audit.trail.record(events.ECHO)
    collector.wait_for(1)
    audit.trail.stop()
    (line,) = collector.lines()
    assert line.startswith(b"<85>1 2026-11-24T08:30:00.250Z ")
    assert b"<AuditMessage><EventIdentification" in line
    assert b"AETITLES=CT1" in line
    assert audit.names() == []
    assert audit.trail.waiting == 0


def test_fhir_is_an_option(tmp_path: Path, collector: Collector) -> None:
    collector.start()
    audit = Trail(tmp_path, collector.address, collector.tls, form="fhir")
    audit.trail.record(events.STORE)
    collector.wait_for(1)
    audit.trail.stop()
    (line,) = collector.lines()
    assert b" FHIR+AuditEvent " in line
    assert b'{"resourceType":"AuditEvent"' in line


def test_nothing_is_lost_while_the_collector_is_away(tmp_path: Path, collector: Collector) -> None:
    """It is there at first, is killed while messages come, stays away, comes back."""
    collector.start()
    audit = Trail(tmp_path, collector.address, collector.tls, patience=0.3)
    audit.echo(200)
    collector.wait_for(100)
    audit.echo(100)
    collector.end(signal.SIGKILL)
    audit.echo(700)
    wait_until(lambda: "audit.unreachable" in audit.names())
    audit.echo(500)
    wait_until(lambda: audit.trail.waiting >= 1300)
    collector.start()
    collector.wait_for(1500)
    audit.trail.stop()
    assert collector.numbers() == list(range(1, 1501))
    assert audit.names() == ["audit.unreachable", "audit.reached"]
    assert audit.trail.lost == 0


def test_a_guard_that_stops_while_the_collector_is_away_sends_when_it_runs_again(
    tmp_path: Path, collector: Collector
) -> None:
    first = Trail(tmp_path, collector.address, collector.tls)
    first.echo(50)
    first.trail.stop(0.1)
    assert first.trail.waiting == 50
    collector.start()
    second = Trail(tmp_path, collector.address, collector.tls)
    second.echo(50)
    collector.wait_for(100)
    second.trail.stop()
    assert collector.numbers() == list(range(1, 101))
    assert second.trail.waiting == 0


def test_a_collector_that_restarts_again_and_again(tmp_path: Path, collector: Collector) -> None:
    audit = Trail(tmp_path, collector.address, collector.tls)
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        collector.start()
        audit.echo(300)
        time.sleep(0.3)
        collector.end(how)
        audit.echo(50)
    collector.start()
    collector.wait_for(1050)
    audit.trail.stop()
    assert collector.numbers() == list(range(1, 1051))


def test_a_full_spool_is_told_and_what_was_kept_arrives(tmp_path: Path, collector: Collector) -> None:
    audit = Trail(tmp_path, collector.address, collector.tls, spool=2 * SMALLEST)
    audit.echo(500)
    wait_until(lambda: audit.trail.lost > 0)
    wait_until(lambda: audit.trail.lost + audit.trail.waiting == 500)
    kept, lost = audit.trail.waiting, audit.trail.lost
    assert audit.names() == ["audit.full"]
    assert audit.notices[0].alarm
    collector.start()
    collector.wait_for(kept)
    audit.trail.stop()
    assert collector.numbers() == list(range(1, kept + 1))
    again = Trail(tmp_path, collector.address, collector.tls, spool=2 * SMALLEST)
    again.echo(1)
    collector.wait_for(kept + 1)
    again.trail.stop()
    assert kept + lost == 500


def test_room_that_comes_back_is_told_with_what_was_lost(tmp_path: Path, collector: Collector) -> None:
    audit = Trail(tmp_path, collector.address, collector.tls, spool=2 * SMALLEST, resend=0.1)
    audit.echo(500)
    wait_until(lambda: audit.trail.lost + audit.trail.waiting == 500)
    lost = audit.trail.lost
    collector.start()
    wait_until(lambda: audit.trail.waiting == 0)
    audit.echo(1)
    wait_until(lambda: "audit.writing" in audit.names())
    audit.trail.stop()
    assert audit.notices[-1].detail == f"{lost} messages were lost"


def test_a_collector_with_the_wrong_certificate_gets_nothing(tmp_path: Path, collector: Collector) -> None:
    collector.start()
    other = tmp_path / "other"
    other.mkdir()
    audit = Trail(tmp_path, collector.address, Collector(other).tls, patience=0.0)
    audit.echo(1)
    wait_until(lambda: "audit.unreachable" in audit.names())
    audit.trail.stop(0.1)
    assert "certificate" in audit.notices[0].detail.lower()
    assert audit.trail.waiting == 1
    assert collector.lines() == []


def test_an_event_that_cannot_be_told_does_not_end_the_record(tmp_path: Path, collector: Collector) -> None:
    collector.start()
    audit = Trail(tmp_path, collector.address, collector.tls)
    audit.trail.record(events.decision(reason="not a reason"))
    audit.echo(1)
    collector.wait_for(1)
    audit.trail.stop()
    assert audit.names() == ["audit.broken", "audit.writing"]
    assert audit.trail.lost == 1
    assert len(collector.lines()) == 1


def test_without_a_collector_nothing_is_kept(tmp_path: Path) -> None:
    audit = Trail(tmp_path, "", None)
    audit.echo(3)
    audit.trail.stop()
    assert not (tmp_path / "spool").exists()


def test_plain_tcp_for_a_collector_on_this_machine(tmp_path: Path) -> None:
    """A collector that closes in order has read all: then nothing is sent again."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                while data := link.recv(65536):
                    received.append(data)

        thread = threading.Thread(target=serve)
        thread.start()
        audit = Trail(tmp_path, f"127.0.0.1:{server.getsockname()[1]}", None)
        audit.echo(20)
        audit.trail.stop()
        thread.join(5)
    stream, frames = b"".join(received), 0
    while stream:
        length, _, rest = stream.partition(b" ")
        assert rest[: int(length)].endswith(b"</AuditMessage>")
        stream, frames = rest[int(length) :], frames + 1
    assert frames == 20
    assert audit.trail.waiting == 0


def test_a_torn_message_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1 << 20)
    spool.append(b"whole")
    spool.close()
    with next((tmp_path / "spool").glob("*.spool")).open("ab") as file:
        file.write(b"\0\0\0\x10torn")
    audit = Trail(tmp_path, "127.0.0.1:9", None)
    audit.trail.stop(0.0)
    assert audit.names() == ["audit.damaged"]
    assert audit.trail.waiting == 1


@pytest.mark.parametrize("text", ["", "host:", "a:b:c", "[::1", "host:99999", "host:-1"])
def test_wrong_addresses_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="host:port"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("logs.example:6514") == ("logs.example", 6514)
    assert parse_address("[::1]:1514") == ("::1", 1514)
    assert parse_address("logs.example") == ("logs.example", 6514)
