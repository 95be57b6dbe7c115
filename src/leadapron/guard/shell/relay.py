"""Two connections and the conversation between them: bytes go in, and what it orders is done.

The only place that calls a conversation. A defect in one ends its connection and no other.
"""

from __future__ import annotations

from collections.abc import Callable

from leadapron.guard.conversation import Bytes, Conversation, Ending
from leadapron.guard.shell.house import House
from leadapron.guard.shell.link import READ, Link
from leadapron.model.events import Endpoint
from leadapron.see.wire.dissector import Side

LINGER = 10.0
"""Seconds for the last words to arrive once a connection is ending; then it is reset."""
QUIET = 1.0
"""Seconds without a byte after which draining ends an association that is inside nothing."""


class Relay:
    """One client of one listener."""

    __slots__ = (
        "_candidates",
        "_counted",
        "_dialling",
        "_dialling_since",
        "_ending",
        "_ending_since",
        "_house",
        "_kept",
        "_now",
        "_seen",
        "_wait_until",
        "address",
        "began",
        "client",
        "conversation",
        "counted_bytes",
        "over",
        "received_bytes",
        "server",
        "since",
        "uid",
        "upstream",
    )

    def __init__(self, house: House, uid: str, address: Endpoint, now: Callable[[], float]) -> None:
        self._house, self.uid, self.address, self._now = house, uid, address, now
        self.began = self.since = now()
        self.client: Link
        self.server: Link | None = None
        self.conversation: Conversation | None = None
        self.upstream = ""
        self.over = False
        self.received_bytes = [0, 0]
        """By side."""
        self.counted_bytes = [0, 0]
        """Of them, those that counters know."""
        self._candidates: list[str] = []
        self._dialling: Link | None = None
        self._dialling_since = self._ending_since = self._wait_until = 0.0
        self._kept: list[Bytes] = []
        """For the server, until it is there."""
        self._ending: Ending | None = None
        self._counted = False
        self._seen = 0

    @property
    def listener(self) -> str:
        """Where the client came in."""
        return self._house.name

    @property
    def phase(self) -> str:
        """What goes on: `opening`, `waiting`, `dialling`, `idle`, `busy`, `ending`."""
        conversation = self.conversation
        if self._ending is not None:
            return "ending"
        if self._wait_until:
            return "waiting"
        if self._dialling is not None:
            return "dialling"
        if conversation is None or not conversation.opened:
            return "opening"
        return "busy" if conversation.busy or conversation.pending else "idle"

    def begin(self, client: Link, *, secured: bool) -> None:
        """The client's connection was accepted. With TLS, the conversation begins when that stands."""
        self.client = client
        if secured:
            self.secured(client)

    # ------------------------------------------------------------ from the links
    def secured(self, link: Link) -> None:
        """The client may speak."""
        self.conversation = self._house.converse(self)

    def received(self, side: Side, data: bytes) -> None:
        """Bytes came: the path that all images take."""
        conversation = self.conversation
        self.received_bytes[side] += len(data)
        if conversation is None or self._ending is not None:
            return
        conversation.receive(side, data)
        if conversation.to_server or conversation.to_client:
            self._empty(conversation)
        if conversation.dial or conversation.wait or conversation.ending is not None:
            self._obey(conversation)
        elif len(data) < READ and conversation.busy:
            link = self.server if side is Side.SERVER else self.client
            if link is not None:
                link.acknowledge()

    def ended(self, side: Side) -> None:
        """A side will send no more. What it was told before is still sent; the other side may go on, if the
        conversation does not end it."""
        link, other = (self.client, self.server) if side is Side.CLIENT else (self.server, self.client)
        if self._ending is not None:
            if link is not None and link.idle:
                link.close()
                self._check_over()
            return
        conversation = self.conversation
        if conversation is None:
            self._leave(reset=False)
            return
        conversation.closed(side)
        self._settle(conversation)
        if self._ending is None:
            if other is None or other.finished:
                self._end(Ending.CLOSE)
            else:
                other.finish()

    def flushed(self) -> None:
        """What had to wait was written."""
        if self._ending is not None:
            self._part()

    def fault(self, error: Exception) -> None:
        """A defect, most likely of the conversation: nothing more is passed."""
        if self.over:
            return
        try:
            self._house.fault(self, error)
            self._conclude()
        except Exception:  # noqa: BLE001 (a conversation with a defect may fail to say its last words too)
            self.conversation = None
        finally:
            self._leave(reset=True)

    # ------------------------------------------------------------ orders
    def _settle(self, conversation: Conversation) -> None:
        """Carry out what one call has ordered."""
        self._empty(conversation)
        if conversation.dial or conversation.wait or conversation.ending is not None:
            self._obey(conversation)

    def _empty(self, conversation: Conversation) -> None:
        chunks = conversation.to_server
        if chunks:
            if self.server is not None:
                self.server.write(chunks)
            else:
                self._kept.extend(chunks)
            chunks.clear()
        chunks = conversation.to_client
        if chunks:
            self.client.write(chunks)
            chunks.clear()
            if self.client.owed > self._house.limits.memory:  # few bytes asked for very many
                conversation.ending = Ending.RESET

    def _obey(self, conversation: Conversation) -> None:
        if conversation.ending is not None:
            if self._ending is None:
                self._end(conversation.ending)
            return
        if conversation.wait:
            seconds, conversation.wait = conversation.wait, 0.0
            self._wait(conversation, seconds)
        elif conversation.dial and self.server is None and self._dialling is None:
            self._candidates = self._house.ordered(list(conversation.dial))
            conversation.dial = ()
            self.client.paused = True
            self._dial()

    # ------------------------------------------------------------ the server
    def _dial(self) -> None:
        while self._candidates:
            self.upstream = self._candidates.pop(0)
            self._dialling = self._house.reach(self, self.upstream)
            self._dialling_since = self._now()
            if self._dialling is not None:
                return
            self._house.reached(self.upstream, None)
        conversation = self.conversation
        self.upstream = ""
        if conversation is not None and self._ending is None:
            conversation.unreachable()
            self._settle(conversation)
            if self._ending is None:
                self._end(Ending.CLOSE)

    def connected(self, link: Link) -> None:
        """The server is there: what was kept for it goes first."""
        conversation = self.conversation
        self._dialling = None
        if conversation is None or self._ending is not None:
            link.close()
            return
        self._house.reached(self.upstream, link)
        self.server, client = link, self.client
        link.other, client.other = client, link
        if self._kept:
            link.write(self._kept)
            self._kept = []
        host, _, port = self.upstream.rpartition(":")
        conversation.connected(Endpoint(ip=host.strip("[]"), port=int(port)))
        self._settle(conversation)
        if self._ending is None:
            client.resume()

    def unconnected(self, link: Link) -> None:
        """Refused, timed out, or its TLS is not what was asked for: try the next."""
        link.close()
        if self._dialling is link:
            self._dialling = None
            self._house.reached(self.upstream, None)
            self._dial()

    # ------------------------------------------------------------ waiting
    def _wait(self, conversation: Conversation, seconds: float) -> None:
        if self._house.may_wait():
            self._wait_until = self._now() + seconds
            self.client.paused = True
        else:
            conversation.resumed()
            self._settle(conversation)

    def _resume(self) -> None:
        self._stop_waiting()
        conversation = self.conversation
        if conversation is not None and self._ending is None:
            conversation.resumed()
            self._settle(conversation)
            if self._ending is None and self._dialling is None and not self._wait_until:
                self.client.resume()

    def _stop_waiting(self) -> None:
        if self._wait_until:
            self._wait_until = 0.0
            self._house.waited()

    # ------------------------------------------------------------ time
    def sweep(self, now: float, connect_timeout: float) -> None:
        """Called about twice a second: the only clock of a relay, and a steady one."""
        if self._ending is not None:
            if now - self._ending_since > LINGER:
                self._leave(reset=True)
            return
        if self._dialling is not None:
            if now - self._dialling_since > connect_timeout:
                self.unconnected(self._dialling)
            return
        if self._wait_until:
            if now >= self._wait_until or self.client.hung or self._house.draining:
                self._resume()
            return
        server = self.server
        seen = sum(self.received_bytes) + self.client.written + (server.written if server is not None else 0)
        if seen != self._seen:
            self._seen, self.since = seen, now
        self._check_time(now)

    def _check_time(self, now: float) -> None:
        limits, conversation = self._house.limits, self.conversation
        if conversation is None:
            if now - self.began > limits.handshake or self._house.draining:
                self._house.aborted()
                self._leave(reset=True)
            return
        quiet = now - self.since
        if not conversation.opened:
            late = now - self.began > limits.handshake or (self._house.draining and quiet > QUIET)
        else:
            if not self._counted:
                self._counted = True
                self._house.opened()
            late = quiet > (limits.stall if conversation.busy else limits.idle)
        if late or (self._house.draining and quiet > QUIET and not (conversation.busy or conversation.pending)):
            self.expire()

    def expire(self) -> None:
        """End it in words, because a limit of time was met or the guard stops."""
        conversation = self.conversation
        if conversation is not None and self._ending is None:
            conversation.expire()
            self._settle(conversation)
            if self._ending is None:
                self._end(Ending.CLOSE)
            if self._ending is not Ending.RESET:  # else counted
                self._house.aborted()

    # ------------------------------------------------------------ the end
    def _end(self, ending: Ending) -> None:
        """The conversation is over: send what it said last, then close both sides."""
        self._ending, self._ending_since = ending, self._now()
        conversation = self.conversation
        if conversation is not None:
            self._empty(conversation)
        self._kept = []
        self._stop_waiting()
        if self._dialling is not None:
            self._dialling.close()
            self._dialling = None
        self._conclude()
        if ending is Ending.RESET:
            self._house.aborted()
            self._leave(reset=True)
        else:
            self._part()

    def _part(self) -> None:
        """A side that has ended is closed. One that has not is told, and read until it ends too: to close a socket
        with unread bytes in it is a reset, and takes our last words from the peer (RFC 9293 §3.10.4)."""
        for link in (self.client, self.server):
            if link is None or link.closed:
                continue
            # A server has its last words then, and nobody is left to hear its own.
            deserted = link is self.server and (link.hung or not link.readable)
            if link.idle and (link.finished or deserted):
                link.close()
            else:
                link.finish()
                if link.paused:
                    link.resume()
        self._check_over()

    def _check_over(self) -> None:
        if self.client.closed and (self.server is None or self.server.closed):
            self._leave(reset=False)

    def _conclude(self) -> None:
        conversation = self.conversation
        if conversation is not None:
            if conversation.opened and not self._counted:
                self._counted = True
                self._house.opened()
            self.conversation = None
            conversation.finish()

    def abort(self) -> None:
        """At once, in no words: the guard stops."""
        if not self.over:
            self._ending = Ending.RESET
            self._conclude()
            self._leave(reset=True)

    def _leave(self, *, reset: bool) -> None:
        if self.over:
            return
        self.over = True
        self._stop_waiting()
        self._conclude()
        for link in (self.client, self.server, self._dialling):
            if link is not None:
                link.close(reset=reset)
        self._house.left(self)


def endpoint(sock_address: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    """Of an accepted client; an IPv4 client of an IPv6 listener is told as IPv4."""
    ip = sock_address[0]
    return Endpoint(ip=ip[7:] if ip.startswith("::ffff:") else ip.partition("%")[0], port=sock_address[1])
