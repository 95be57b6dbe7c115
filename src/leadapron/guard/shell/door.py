"""One listening socket, who may come in, and all that are in."""

from __future__ import annotations

import errno
import socket
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from leadapron.guard.certificates import Certificates
from leadapron.guard.conversation import Conversation, Surroundings
from leadapron.guard.defects import place_of
from leadapron.guard.shell.counters import Counters
from leadapron.guard.shell.dialling import CONNECT, Upstreams, literal, split_address
from leadapron.guard.shell.link import Link
from leadapron.guard.shell.poller import Poller
from leadapron.guard.shell.relay import Relay, endpoint
from leadapron.guard.shell.secure import SecureLink
from leadapron.guard.tls import certificate_names, upstream_name
from leadapron.model.errors import UsageError
from leadapron.model.events import Endpoint, Event, GuardDecision
from leadapron.model.guard import Action, Judge, Limits, Listener, Moment, Peer, Reason
from leadapron.see.wire.dissector import Side

Speaker = Callable[[Surroundings], Conversation]
"""Makes the conversations of one protocol."""

BACKLOG = 4096
WAITING = 64
"""Peers of one listener that may be kept waiting (tarpit) at once; the next are refused at once."""
_ACCEPTS = 64
"""Accepted in one turn of the loop."""
MOST_STRANGERS = 1_000
"""Addresses whose refusals are told apart until they are recorded."""
_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Ground(Struct, kw_only=True):
    """What all listeners of a guard share."""

    poller: Poller
    upstreams: Upstreams
    certificates: Certificates
    counters: Counters
    clock: Callable[[], Moment]
    steady: Callable[[], float]
    record: Callable[[Event], None]
    pseudonym: Callable[[str], str]
    digest_key: bytes
    sensor: str
    next_uid: Callable[[], str]
    notice: Callable[..., None]
    """Name of a notice, and `alarm`, `listener`, `detail`: an event about the guard itself."""
    crowded: bool = False
    """The guard uses too much memory: nobody else comes in."""


class Door:
    """A listener at work."""

    def __init__(self, ground: Ground, listener: Listener, speaker: Speaker, judge: Judge, policy_digest: str) -> None:
        """Binds at once. UsageError: the address cannot be used."""
        self.ground, self.speaker = ground, speaker
        self.listener, self.judge, self.policy_digest = listener, judge, policy_digest
        self.relays: set[Relay] = set()
        self.draining = False
        self._peers: Counter[str] = Counter()
        self._waiting = 0
        self._refused: Counter[str] = Counter()
        self._since = 0.0
        self._scarce = False
        self.sock = _bind(listener)
        self.address = endpoint(self.sock.getsockname())
        ground.poller.watch(self.sock, self)

    # ------------------------------------------------------------ coming in
    def ready(self, events: int) -> None:
        """As `Watcher`."""
        self.again()

    def again(self) -> None:
        """As `Watcher`."""
        accept = self.sock.accept
        for _ in range(_ACCEPTS):
            try:
                sock, address = accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if self.sock.fileno() < 0:
                    return
                if error.errno in _SCARCE:
                    self._scarce_files(error)
                    return
                continue  # the client left meanwhile (accept(2), "error handling")
            self._enter(sock, endpoint(address))
        self.ground.poller.later(self)

    def failed(self, error: Exception) -> None:
        """As `Watcher`."""
        self.ground.counters.faults += 1
        self.ground.notice("guard.fault", alarm=True, listener=self.listener.name, detail=place_of(error))
        self.ground.poller.later(self)

    def _scarce_files(self, error: OSError) -> None:
        """Who waits in the backlog is let in when others have left; the sweep tries again."""
        if not self._scarce:
            self._scarce = True
            self.ground.notice(
                "guard.no-files", alarm=True, listener=self.listener.name, detail=errno.errorcode[error.errno or 0]
            )

    def _enter(self, sock: socket.socket, client: Endpoint) -> None:
        limits, counters, name = self.listener.limits, self.ground.counters, self.listener.name
        if (
            len(self.relays) >= limits.connections
            or self._peers[client.ip] >= limits.connections_per_peer
            or self.ground.crowded
        ):
            self._refuse(sock, client)
            return
        sock.setblocking(False)
        relay = Relay(self, self.ground.next_uid(), client, self.ground.steady)
        context = self.ground.certificates.server(name) if self.listener.tls is not None else None
        try:
            if context is None:
                link = Link(sock, Side.CLIENT, relay, self.ground.poller)
            else:
                link = SecureLink(sock, Side.CLIENT, relay, self.ground.poller, context)
        except (OSError, ValueError):  # no more sockets can be watched, or OpenSSL has no memory
            self._refuse(sock, client)
            return
        counters.connections[name] += 1
        counters.active[name] += 1
        self._peers[client.ip] += 1
        self.relays.add(relay)
        relay.begin(link, secured=context is None)

    def _refuse(self, sock: socket.socket, client: Endpoint) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4))
        sock.close()
        self.ground.counters.refused[self.listener.name] += 1
        if len(self._refused) < MOST_STRANGERS or client.ip in self._refused:
            self._refused[client.ip] += 1

    # ------------------------------------------------------------ what relays ask (House)
    @property
    def name(self) -> str:
        """As `House`."""
        return self.listener.name

    @property
    def limits(self) -> Limits:
        """As `House`."""
        return self.listener.limits

    def converse(self, relay: Relay) -> Conversation:
        """As `House`."""
        ground, client = self.ground, relay.client
        names = certificate_names(client.certificate) if isinstance(client, SecureLink) and client.certificate else ()
        return self.speaker(
            Surroundings(
                peer=Peer(address=relay.address.ip, listener=self.listener.name, certificates=names),
                client=relay.address,
                server=self.address,
                uid=relay.uid,
                sensor=ground.sensor,
                listener=self.listener,
                judge=self.judge,
                clock=ground.clock,
                record=ground.record,
                pseudonym=ground.pseudonym,
                digest_key=ground.digest_key,
                policy_digest=self.policy_digest,
            )
        )

    def reach(self, relay: Relay, upstream: str) -> Link | None:
        """As `House`."""
        sock = self.ground.upstreams.connect(upstream)
        if sock is None:
            return None
        tls = self.listener.upstream_tls
        if tls is None:
            return Link(sock, Side.SERVER, relay, self.ground.poller, connecting=True)
        context = self.ground.certificates.client(self.listener.name)
        if context is None:
            sock.close()
            return None
        name = upstream_name(tls, split_address(upstream)[0])
        return SecureLink(sock, Side.SERVER, relay, self.ground.poller, context, name=name, connecting=True)

    def ordered(self, upstreams: list[str]) -> list[str]:
        """As `House`."""
        return self.ground.upstreams.ordered(upstreams)

    def reached(self, upstream: str, link: Link | None) -> None:
        """As `House`."""
        if link is None:
            self.ground.upstreams.failed(upstream)
            return
        self.ground.upstreams.answered(upstream)
        if isinstance(link, SecureLink):
            self.ground.certificates.seen(self.listener.name, upstream, link.certificate)

    def may_wait(self) -> bool:
        """As `House`."""
        if self._waiting >= WAITING:
            return False
        self._waiting += 1
        return True

    def waited(self) -> None:
        """As `House`."""
        self._waiting -= 1

    def opened(self) -> None:
        """As `House`."""
        self.ground.counters.associations[self.listener.name] += 1

    def aborted(self) -> None:
        """As `House`."""
        self.ground.counters.aborted[self.listener.name] += 1

    def fault(self, relay: Relay, error: Exception) -> None:
        """As `House`."""
        self.ground.counters.faults += 1
        self.ground.counters.aborted[self.listener.name] += 1
        detail = f"{relay.uid} {place_of(error)}"
        self.ground.notice("guard.fault", alarm=True, listener=self.listener.name, detail=detail)

    def left(self, relay: Relay) -> None:
        """As `House`."""
        self.relays.discard(relay)
        counters, name = self.ground.counters, self.listener.name
        counters.active[name] -= 1
        self._count_bytes(relay)
        self._peers[relay.address.ip] -= 1
        if self._peers[relay.address.ip] <= 0:
            del self._peers[relay.address.ip]

    def _count_bytes(self, relay: Relay) -> None:
        counters, name = self.ground.counters, self.listener.name
        for side, key in ((Side.CLIENT, "client"), (Side.SERVER, "server")):
            counters.bytes[name, key] += relay.received_bytes[side] - relay.counted_bytes[side]
            relay.counted_bytes[side] = relay.received_bytes[side]

    # ------------------------------------------------------------ time and change
    def sweep(self, now: float) -> None:
        """About twice a second."""
        if self._scarce and not self.draining:
            self._scarce = False
            self.again()
        for relay in tuple(self.relays):
            try:
                relay.sweep(now, CONNECT)
            except Exception as error:  # noqa: BLE001 (a defect ends one connection, not the guard)
                relay.fault(error)
            self._count_bytes(relay)
        if self._refused and now - self._since > 10:
            self._since = now
            self.tell_refused()

    def tell_refused(self) -> None:
        """Record who was refused by a limit, one event for each address."""
        refused, self._refused = self._refused, Counter()
        now = datetime.fromtimestamp(self.ground.clock().wall, UTC)
        for ip, count in refused.items():
            self.ground.record(
                GuardDecision(
                    ts=now,
                    end=now,
                    sensor=self.ground.sensor,
                    packet=0,
                    uid=self.ground.next_uid(),
                    client=Endpoint(ip=ip),
                    server=self.address,
                    listener=self.listener.name,
                    policy=self.policy_digest,
                    action=Action.DENY,
                    reason=Reason.LIMIT,
                    enforced=True,
                    detail="connections",
                    count=count,
                )
            )

    def change(self, listener: Listener, judge: Judge, policy_digest: str) -> None:
        """A new policy: for new connections in full, for those that stand in all they ask from now on."""
        self.listener, self.judge, self.policy_digest = listener, judge, policy_digest
        for relay in self.relays:
            if relay.conversation is not None:
                surroundings = relay.conversation.surroundings
                surroundings.judge, surroundings.listener = judge, listener
                surroundings.policy_digest = policy_digest

    def shut(self) -> None:
        """Take in nobody any more; who is in stays until the sweep finds it inside nothing."""
        if not self.draining:
            self.draining = True
            self.ground.poller.dispose(self.sock)
            self.tell_refused()

    def abort(self) -> None:
        """End all that is left, in no words."""
        for relay in tuple(self.relays):
            relay.abort()


def _bind(listener: Listener) -> socket.socket:
    host, port = split_address(listener.listen)
    address = literal(host, port)
    if address is None:
        raise UsageError(f"listener {listener.name}: {listener.listen} is no `address:port` of this machine")
    family, place = address
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit these two from the listening one (Linux), which saves two calls each.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.bind(place)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        what = "ports below 1024 need CAP_NET_BIND_SERVICE" if error.errno == errno.EACCES else "choose another address"
        raise UsageError(
            f"listener {listener.name}: cannot listen on {listener.listen} ({error.strerror}); {what}"
        ) from error
    return sock
