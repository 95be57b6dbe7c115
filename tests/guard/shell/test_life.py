"""The guard's life: questions at the control socket, new policies, draining, clocks that jump."""

from __future__ import annotations

import os
import socket
import stat
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from leadapron.guard.shell import NAME, ask
from leadapron.model.errors import UsageError
from leadapron.model.guard import Action, Limits, Moment, Policy, Rule
from tests.guard.shell.lines import echo_server, lines_of, policy_of, standing, surroundings_of
from tests.guard.shell.test_relay import connect

pytestmark = pytest.mark.enable_socket  # the control socket is a UNIX one


def test_status_tells_who_is_inside(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with echo_server() as upstream, standing(policy_of(upstream, state=str(tmp_path))) as stands:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with connect(stands.port()) as client:
            client.sendall(b"hello\n")
            lines_of(client, 1)
            time.sleep(0.1)
            status = ask(path, {"do": "status"})
    (listener,) = status["listeners"]
    assert (listener["name"], listener["inside"], listener["associations"]) == ("front", 1, 1)
    (inside,) = status["connections"]
    assert (inside["client"], inside["phase"], inside["upstream"]) == (
        f"127.0.0.1:{client.getsockname()[1] if client.fileno() >= 0 else inside['client'].rpartition(':')[2]}",
        "idle",
        upstream,
    )
    assert inside["bytes"] == {"client": 6, "server": 6}
    assert not path.exists()
    with pytest.raises(UsageError, match="is it running"):
        ask(path, {"do": "status"})


def test_a_new_policy_judges_new_requests_of_connections_that_stand(tmp_path: Path) -> None:
    policies: list[Policy] = []
    with echo_server() as upstream:
        policies.append(policy_of(upstream, state=str(tmp_path)))
        with standing(policies[0], reread=lambda: policies[-1]) as stands, connect(stands.port()) as client:
            client.sendall(b"hello\n")
            lines_of(client, 1)
            surroundings = surroundings_of[-1]
            before = surroundings.judge
            assert before.admit(surroundings.peer).action is Action.ALLOW
            denied = Rule(name="nobody", line=1, action=Action.DENY)
            policies.append(replace(policies[0], rules=(denied,), digest="d2"))
            assert ask(tmp_path / NAME, {"do": "reload"})["policy"] == "d2"
            assert surroundings.judge.admit(surroundings.peer).action is Action.DENY
            assert surroundings.policy_digest == "d2"
            client.sendall(b"still here\n")
            assert lines_of(client, 1) == [b"still here"]
    assert "policy.loaded" in stands.notices()


def test_a_broken_policy_leaves_the_old_one(tmp_path: Path) -> None:
    def reread() -> Policy:
        raise UsageError("guard.toml:3: no such key")

    with echo_server() as upstream, standing(policy_of(upstream, state=str(tmp_path)), reread=reread) as stands:
        with pytest.raises(UsageError, match="no such key"):
            ask(tmp_path / NAME, {"do": "reload"})
        with connect(stands.port()) as client:
            client.sendall(b"hello\n")
            assert lines_of(client, 1) == [b"hello"]
        assert ask(tmp_path / NAME, {"do": "status"})["policy"]["broken"] is True
        (notice,) = [event for event in stands.events if getattr(event, "name", "") == "policy.broken"]
        assert notice.alarm  # type: ignore[attr-defined]
        assert stands.guard.vitals().policy_broken


def test_listeners_come_and_go_and_whoever_is_inside_stays(tmp_path: Path) -> None:
    with echo_server() as upstream, socket.create_server(("127.0.0.1", 0)) as taken:
        first = policy_of(upstream, state=str(tmp_path))
        second = replace(first.listeners[0], name="second")
        used = replace(first.listeners[0], name="used", listen=f"127.0.0.1:{taken.getsockname()[1]}")
        policies = [first]
        with standing(first, reread=lambda: policies[-1]) as stands, connect(stands.port()) as client:
            client.sendall(b"hello\n")
            lines_of(client, 1)
            policies.append(replace(first, listeners=(first.listeners[0], second, used)))
            with pytest.raises(UsageError, match="cannot listen"):
                stands.do(stands.guard.reload())
            assert list(stands.guard.addresses) == ["front"]
            policies.append(replace(first, listeners=(second,)))
            old = stands.port()
            stands.do(stands.guard.reload())
            with connect(stands.port("second")) as other:
                other.sendall(b"new\n")
                assert lines_of(other, 1) == [b"new"]
            with pytest.raises(ConnectionRefusedError):
                connect(old)
            client.sendall(b"old\n")
            assert lines_of(client, 1) == [b"old"]


def test_stopping_waits_for_messages_under_way_and_ends_the_others_in_words() -> None:
    with echo_server() as upstream, standing(policy_of(upstream)) as stands:
        with connect(stands.port()) as idle, connect(stands.port()) as busy:
            idle.sendall(b"hello\n")
            busy.sendall(b"hello\nhal")
            assert lines_of(idle, 1) == lines_of(busy, 1) == [b"hello"]
            port = stands.port()
            stands.call(stands.guard.stop)
            with pytest.raises(ConnectionRefusedError):
                connect(port)
            assert lines_of(idle, 1) == [b"too late"]
            busy.sendall(b"f\n")
            assert lines_of(busy, 2) == [b"half", b"too late"]
        assert stands.join()
    assert stands.notices()[-3:].count("guard.stopped") == 1


def test_glass_is_opened_by_a_person_for_a_time(tmp_path: Path) -> None:
    path = tmp_path / NAME
    denied = Rule(name="nobody", line=1, action=Action.DENY)
    policy = replace(policy_of("127.0.0.1:1", state=str(tmp_path)), rules=(denied,))
    with standing(policy) as stands, connect(stands.port()) as client:
        client.sendall(b"big\n")
        lines_of(client, 1)
        judge, peer = surroundings_of[-1].judge, surroundings_of[-1].peer
        for wrong in (
            {"minutes": 5},
            {"person": "Dr No", "minutes": "x"},
            {"person": "a", "minutes": 5, "listener": "z"},
        ):
            with pytest.raises(UsageError):
                ask(path, {"do": "break-glass", **wrong})
        answer = ask(path, {"do": "break-glass", "person": "Dr Martin", "minutes": 5, "listener": "front"})
        assert answer["until"]
        assert judge.admit(peer).person == "Dr Martin"
        assert [one["person"] for one in ask(path, {"do": "status"})["glass"]] == ["Dr Martin"]
        assert ask(path, {"do": "mend-glass"})["closed"] == 1
        assert judge.admit(peer).action is Action.DENY
        ask(path, {"do": "break-glass", "person": "Dr Martin", "minutes": 0.002})
        time.sleep(0.4)
    assert stands.notices().count("break-glass.opened") == 2
    assert "break-glass.closed" in stands.notices()
    assert "break-glass.ended" in stands.notices()


def test_the_control_socket_survives_nonsense(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with standing(policy_of("127.0.0.1:1", state=str(tmp_path))):
        for nonsense in (b"\xff\n", b"[1]\n", b'{"do": 7}\n', b"[" * 10_000 + b"\n", b"x" * 100_000 + b"\n", b""):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(5)
                sock.connect(str(path))
                try:
                    sock.sendall(nonsense)
                    sock.shutdown(socket.SHUT_WR)
                    sock.recv(1000)
                except OSError:
                    pass
        assert ask(path, {"do": "status"})["name"] == "guard"


def test_a_second_guard_is_refused_and_a_dead_ones_socket_replaced(tmp_path: Path) -> None:
    policy = policy_of("127.0.0.1:1", state=str(tmp_path))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / NAME))
    with standing(policy):
        with pytest.raises(UsageError, match="another guard"), standing(policy):
            pass
        assert ask(tmp_path / NAME, {"do": "status"})["ok"]
    (tmp_path / NAME).write_text("precious")
    with pytest.raises(UsageError), standing(policy):
        pass
    assert (tmp_path / NAME).read_text() == "precious"


def test_setting_the_wall_clock_ends_nothing() -> None:
    jump = [0.0]

    def clock() -> Moment:
        return Moment(wall=time.time() + jump[0], steady=time.monotonic())

    limits = Limits(handshake=2.0, idle=2.0, stall=2.0)
    policy = policy_of("127.0.0.1:1", limits=limits)
    with standing(policy, clock=clock) as stands, connect(stands.port()) as client:
        for jump[0] in (0.0, 1e7, -1e7, 0.0):
            client.sendall(b"big\n")
            assert lines_of(client, 1) == [b"pig"]
            time.sleep(0.1)


def test_no_more_files_stops_nobody_who_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real limit of the process, lowered to what is open now and a few."""
    import resource

    with echo_server() as upstream, standing(policy_of(upstream)) as stands, connect(stands.port()) as good:
        good.sendall(b"hello\n")
        lines_of(good, 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        clients = [socket.socket() for _ in range(20)]
        highest, fillers = max(int(name) for name in os.listdir("/proc/self/fd")), [os.dup(0)]
        while fillers[-1] <= highest:  # the limit is on numbers, and there may be free ones below
            fillers.append(os.dup(0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (fillers[-1] + 4, hard))
        try:
            for client in clients:
                client.settimeout(5)
                client.connect(("127.0.0.1", stands.port()))
            time.sleep(0.2)
            good.sendall(b"still\n")
            assert lines_of(good, 1) == [b"still"]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for filler in fillers:
                os.close(filler)
        time.sleep(0.2)
        assert "guard.no-files" in stands.notices()
        for client in clients:
            client.sendall(b"big\n")
            assert lines_of(client, 1) == [b"pig"]
            client.close()


def test_two_hundred_slow_ones_do_not_disturb_a_working_one() -> None:
    limits = Limits(handshake=1.0, connections_per_peer=1000)
    with echo_server() as upstream, standing(policy_of(upstream, limits=limits)) as stands:
        slow = [connect(stands.port()) for _ in range(200)]
        for sock in slow:
            sock.sendall(b"h")
        slowest = 0.0
        with connect(stands.port()) as client:
            for _ in range(200):
                began = time.monotonic()
                client.sendall(b"hello\n")
                assert lines_of(client, 1) == [b"hello"]
                slowest = max(slowest, time.monotonic() - began)
        assert slowest < 0.5
        for sock in slow:
            assert lines_of(sock, 1) == [b"too late"]
            sock.close()
    assert stands.guard.counters.aborted["front"] == 200


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        policy = policy_of("127.0.0.1:1")
        with standing(policy, reread=lambda: policy) as stands:
            stands.do(stands.guard.reload())
            time.sleep(0.3)
        systemd.setblocking(False)
        try:
            while True:
                told.append(systemd.recv(1000).decode())
        except BlockingIOError:
            pass
    assert told[0] == "READY=1"
    assert any(line.startswith("RELOADING=1\nMONOTONIC_USEC=") for line in told)
    assert told.count("WATCHDOG=1") >= 2
    assert told[-1] == "STOPPING=1" or "STOPPING=1" in told


def test_memory_above_the_ceiling_lets_nobody_new_in() -> None:
    with echo_server() as upstream, standing(policy_of(upstream), memory=1) as stands:
        time.sleep(0.2)
        with pytest.raises(ConnectionResetError), connect(stands.port()) as client:
            client.recv(1)
    assert "guard.crowded" in stands.notices()
