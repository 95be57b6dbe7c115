"""Bytes through the guard: passed, held back, refused, cut."""

from __future__ import annotations

import socket
import time

import pytest

from leadapron.model.guard import Limits
from tests.guard.shell.lines import echo_server, lines_of, policy_of, standing


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def test_lines_pass_and_come_back() -> None:
    with echo_server() as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as client:
        client.sendall(b"hello\nwor")
        assert lines_of(client, 1) == [b"hello"]
        client.sendall(b"ld\n")
        assert lines_of(client, 1) == [b"world"]
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b""
    assert stands.notices().count("finished") == 1
    assert stands.guard.counters.bytes["front", "client"] == len(b"hello\nworld\n")
    assert stands.guard.counters.active["front"] == 0


def test_an_answer_after_a_half_close_still_arrives() -> None:
    with echo_server() as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as client:
        client.sendall(b"last\n")
        client.shutdown(socket.SHUT_WR)
        assert lines_of(client, 2) == [b"last"]


def test_a_refusal_is_heard_even_by_who_goes_on_sending() -> None:
    with echo_server() as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as client:
        client.sendall(b"no\n" + b"more\n" * 100_000)
        assert lines_of(client, 1) == [b"refused"]


def test_nobody_behind_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with standing(policy_of(f"127.0.0.1:{port}")) as stands, connect(stands.port()) as client:
        client.sendall(b"hello\n")
        assert lines_of(client, 1) == [b"nobody there"]
    assert stands.guard.counters.upstream_failures[f"127.0.0.1:{port}"] == 1


def test_the_second_upstream_serves_when_the_first_is_down_and_is_asked_first_then() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    down = f"127.0.0.1:{port}"
    with echo_server() as upstream, standing(policy_of(down, upstream)) as stands:
        for _ in range(3):
            with connect(stands.port()) as client:
                client.sendall(b"hello\n")
                assert lines_of(client, 1) == [b"hello"]
    assert stands.guard.counters.upstream_failures[down] == 1


def test_a_defect_ends_one_connection_and_tells_no_content() -> None:
    with (
        echo_server() as upstream,
        standing(policy_of(upstream)) as stands,
        connect(stands.port()) as good,
        connect(stands.port()) as bad,
    ):
        bad.sendall(b"bang\n")
        with pytest.raises(ConnectionResetError):
            bad.recv(10)
        good.sendall(b"hello\n")
        assert lines_of(good, 1) == [b"hello"]
    faults = [event for event in stands.events if getattr(event, "name", "") == "guard.fault"]
    assert len(faults) == 1
    assert "KeyError in _line" in faults[0].detail  # type: ignore[attr-defined]
    assert "patient" not in faults[0].detail  # type: ignore[attr-defined]


def test_cut_resets_both_sides() -> None:
    with echo_server() as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as client:
        client.sendall(b"hello\n")
        lines_of(client, 1)
        client.sendall(b"cut\n")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
    assert stands.guard.counters.aborted["front"] == 1


def test_who_waits_is_answered_later_and_who_finds_no_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadapron.guard.shell.door.WAITING", 1)
    with (
        echo_server() as upstream,
        standing(policy_of(upstream)) as stands,
        connect(stands.port()) as first,
        connect(stands.port()) as second,
    ):
        began = time.monotonic()
        first.sendall(b"wait\n")
        time.sleep(0.05)
        second.sendall(b"wait\n")
        assert lines_of(second, 1) == [b"waited"]
        assert time.monotonic() - began < 0.4
        assert lines_of(first, 1) == [b"waited"]
        assert time.monotonic() - began > 0.4


def test_a_peer_that_does_not_read_is_not_read_from() -> None:
    """It asks and asks, and takes no answer: the guard keeps little, and goes on serving others."""
    with (
        echo_server() as upstream,
        standing(policy_of(upstream)) as stands,
        connect(stands.port()) as greedy,
        connect(stands.port()) as other,
    ):
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.setblocking(False)
        line, blocked = b"big" + bytes(10_000) + b"\n", 0
        for _ in range(10_000):
            try:
                greedy.send(line)
                blocked = 0
            except BlockingIOError:
                blocked += 1
                time.sleep(0.01)
            if blocked == 10:
                break
        else:
            pytest.fail("the guard took 100 MB of questions from who takes no answers")
        other.sendall(b"hello\n")
        assert lines_of(other, 1) == [b"hello"]
        owed = [0]
        (door,) = stands.guard.listeners.doors()
        stands.call(lambda: owed.__setitem__(0, max(relay.client.owed for relay in door.relays)))
        assert 0 < owed[0] < 1_000_000


def test_much_goes_through_unchanged_although_the_server_is_slow() -> None:
    sent = b"".join(b"%07d\n" % number for number in range(200_000))

    def slow(data: bytes) -> bytes:
        time.sleep(0.0002)
        return data

    with echo_server(slow) as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as client:
        import threading

        writer = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
        writer.start()
        received = bytearray()
        while data := client.recv(1 << 16):
            received += data
        writer.join()
    assert bytes(received) == sent


def test_limits_of_time() -> None:
    limits = Limits(handshake=0.3, idle=0.9, stall=0.3)
    with (
        echo_server() as upstream,
        standing(policy_of(upstream, limits=limits)) as stands,
        connect(stands.port()) as silent,
        connect(stands.port()) as idle,
        connect(stands.port()) as stalled,
    ):
        idle.sendall(b"hello\n")
        stalled.sendall(b"hello\nhal")
        assert lines_of(idle, 1) == [b"hello"]
        assert lines_of(stalled, 1) == [b"hello"]
        began = time.monotonic()
        assert lines_of(silent, 1) == [b"too late"]
        assert lines_of(stalled, 1) == [b"too late"]
        assert time.monotonic() - began < 0.8
        assert lines_of(idle, 1) == [b"too late"]
        assert time.monotonic() - began > 0.5


def test_limits_of_number() -> None:
    limits = Limits(connections=3, connections_per_peer=2)
    with (
        echo_server() as upstream,
        standing(policy_of(upstream, limits=limits)) as stands,
        connect(stands.port()) as first,
        connect(stands.port()) as second,
    ):
        second.sendall(b"hello\n")
        lines_of(second, 1)
        with pytest.raises(ConnectionResetError), connect(stands.port()) as third:
            third.recv(10)
        first.close()
        time.sleep(0.1)
        with connect(stands.port()) as fourth:
            fourth.sendall(b"hello\n")
            assert lines_of(fourth, 1) == [b"hello"]
    assert stands.guard.counters.refused["front"] == 1
    assert ("front", "deny", "limit", True) in stands.guard.counters.decisions
