"""Audit messages on their way to the collector: taken from the loop at once, kept on disk, sent over TLS in order.

Syslog has no acknowledgements (RFC 5425 §7.2): what was written to a connection may be lost with it. So what was sent
in the last seconds before a connection broke is sent again: a collector may get a message twice, to the last byte the
same (`meta sequenceId` too), but loses none that it had not already taken off the network for longer than that.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from leadapron.guard.audit import channel, syslog
from leadapron.guard.audit.channel import Channel
from leadapron.guard.audit.messages import AuditMessages, to_fhir, to_xml
from leadapron.guard.audit.spool import Spool, SpoolFullError
from leadapron.model.errors import LeadapronError
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Audit

MOST_WAITING = 100_000
"""Events in memory while the disk is slow; beyond, they are counted as lost."""
SYNC_EVERY = 1.0
"""Seconds between two times that what was written is made to survive a power cut."""
BATCH = 256 << 10
"""Bytes sent at once."""
RESEND = 30.0
"""Seconds before a connection's end whose messages are sent again on the next; longer than the network may take to
tell that the other side is gone (`channel.UNANSWERED`)."""
IDLE = 0.1
"""Seconds between two looks for new messages."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between two attempts to connect: doubled each time."""
PATIENCE = 60.0
"""Seconds without the collector after which a person is told."""


class AuditTrail:
    """The record of one guard. `record` may be called from the event loop; the rest happens in two threads.

    `notice` is called from those threads, seldom; it must be safe to call from any.
    """

    def __init__(
        self,
        audit: Audit,
        folder: str | Path,
        name: str,
        notice: Callable[[GuardNotice], None],
        *,
        resend: float = RESEND,
        patience: float = PATIENCE,
    ) -> None:
        """`folder` holds the spool, `name` is the guard's. UsageError: the folder is another guard's."""
        self._audit, self._sensor, self._notify = audit, f"guard:{name}", notice
        self._resend, self._patience = resend, patience
        self._messages = AuditMessages(self._sensor)
        self._write_body = to_fhir if audit.form == "fhir" else to_xml
        identity = syslog.FHIR_ID if audit.form == "fhir" else syslog.DICOM_ID
        self._header = syslog.Origin(socket.gethostname(), audit.source, str(os.getpid()), identity).constant()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._enabled = bool(audit.syslog)
        self._spool = Spool(Path(folder), audit.spool) if self._enabled else None
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._threads: list[threading.Thread] = []
        self._full = False
        self._lost_since = 0
        self._damaged = 0
        self.lost = 0
        """Messages that found no room on disk or in memory."""
        self.sent = 0
        """Messages written to a connection, those sent again too."""
        self.connected = False

    @property
    def waiting(self) -> int:
        """Messages on disk that are not known to be delivered."""
        return self._spool.waiting if self._spool else 0

    def record(self, event: Event) -> None:
        """Takes an event. Never blocks; nothing happens where the policy names no collector."""
        if not self._enabled:
            return
        if self._events.qsize() >= MOST_WAITING:
            self._lose()
            return
        self._events.put(event)

    def start(self) -> None:
        """Begin to write and to send."""
        if self._spool is None:
            return
        if self._spool.torn:
            self._tell("audit.damaged", f"{self._spool.torn} bytes of an unfinished message", alarm=True)
        for work in (self._write, self._deliver):
            thread = threading.Thread(target=work, name=f"audit{work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, patience: float = 5.0) -> None:
        """All that was recorded is on disk when this returns; sends what it can for `patience` seconds.

        Blocks: from a loop, run it in an executor.
        """
        if self._spool is None:
            return
        self._events.put(None)
        self._deadline = time.monotonic() + patience
        for thread in self._threads[:1]:
            thread.join()
        self._closing.set()
        for thread in self._threads[1:]:
            thread.join(patience + channel.TIMEOUT)
        self._spool.close()

    # writing

    def _write(self) -> None:
        assert self._spool is not None  # noqa: S101 (started only with one)
        synced, ended = time.monotonic(), False
        while not ended:
            try:
                event = self._events.get(timeout=SYNC_EVERY)
                if event is None:
                    ended = True
                else:
                    self._keep(self._spool, event)
            except queue.Empty:
                pass
            except Exception as error:  # noqa: BLE001 (top of a worker: one bad event must not end the record)
                self._lose()
                self._tell("audit.broken", f"{type(error).__name__}: {error}", alarm=True)
            if ended or time.monotonic() - synced >= SYNC_EVERY:
                synced = time.monotonic()
                try:
                    self._spool.sync()
                except OSError as error:
                    self._refused(error)

    def _keep(self, spool: Spool, event: Event) -> None:
        for message in self._messages.of(event):
            severity = syslog.Severity.WARNING if message.outcome else syslog.Severity.NOTICE
            body = self._write_body(message, self._audit.source)
            try:
                spool.append(syslog.message(self._header, severity, message.ts, spool.next, body))
            except (SpoolFullError, OSError) as error:
                self._lose()
                self._refused(error)
            else:
                self._accepted()

    def _lose(self) -> None:
        self.lost += 1
        self._lost_since += 1

    def _refused(self, error: Exception) -> None:
        """Told once, until there is room again."""
        if not self._full:
            self._full = True
            self._tell("audit.full", str(error), alarm=True)

    def _accepted(self) -> None:
        if self._lost_since or self._full:
            lost, self._lost_since, self._full = self._lost_since, 0, False
            self._tell("audit.writing", f"{lost} messages were lost", alarm=True)

    # sending

    def _deliver(self) -> None:
        assert self._spool is not None  # noqa: S101 (started only with one)
        pause, gone, told = FIRST_PAUSE, time.monotonic(), False
        while not self._over():
            try:
                with channel.connect(self._audit.syslog, self._audit.tls) as link:
                    self.connected = True
                    if told:
                        self._tell("audit.reached", self._audit.syslog)
                    pause, told = FIRST_PAUSE, False
                    self._pump(self._spool, link)
            except (OSError, LeadapronError) as error:
                if self.connected:
                    gone = time.monotonic()
                if not told and time.monotonic() - gone >= self._patience:
                    told = True
                    self._tell("audit.unreachable", f"{self._audit.syslog}: {error}", alarm=True)
            self.connected = False
            if not self._closing.wait(pause):
                pause = min(pause * 2, LONGEST_PAUSE)
            elif not self._over():
                time.sleep(IDLE)

    def _over(self) -> bool:
        """Stopped, and all is sent or the time for it is up."""
        if not self._closing.is_set():
            return False
        return time.monotonic() >= self._deadline or not self.waiting

    def _pump(self, spool: Spool, link: Channel) -> None:
        """Sends from the first message on that is not known to be delivered, until the connection breaks or all is
        sent and the guard stops."""
        position = spool.confirmed
        sent: deque[tuple[float, int]] = deque()
        while True:
            closing = self._closing.is_set()
            batch = spool.read(position, BATCH)
            if batch:
                link.send(b"".join([syslog.frame(payload) for _, payload in batch]))
                position = batch[-1][0] + 1
                self.sent += len(batch)
                sent.append((time.monotonic(), position))
            elif position < spool.next:
                position = spool.next
            self._look_for_damage(spool)
            self._confirm(spool, sent)
            if closing and (not batch or time.monotonic() >= self._deadline):
                if link.finish():
                    spool.confirm(position)
                self._deadline = 0.0
                return
            link.check(0.0 if batch else IDLE)

    def _confirm(self, spool: Spool, sent: deque[tuple[float, int]]) -> None:
        """What went out longer than `resend` ago, on a connection that still holds, arrived."""
        number, now = 0, time.monotonic()
        while sent and now - sent[0][0] >= self._resend:
            number = sent.popleft()[1]
        if number:
            try:
                spool.confirm(number)
            except OSError as error:
                self._refused(error)

    def _look_for_damage(self, spool: Spool) -> None:
        if spool.damaged > self._damaged:
            count, self._damaged = spool.damaged - self._damaged, spool.damaged
            self._tell("audit.damaged", f"{count} messages on disk cannot be read", alarm=True)

    def _tell(self, name: str, detail: str, *, alarm: bool = False) -> None:
        self._notify(
            GuardNotice(ts=datetime.now(UTC), sensor=self._sensor, packet=0, name=name, alarm=alarm, detail=detail)
        )
