"""The guard as a running thing: it stands, sweeps, takes up new policies, answers questions, drains and stops."""

from __future__ import annotations

import asyncio
import gc
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadapron import __version__
from leadapron.guard.certificates import Certificates
from leadapron.guard.defects import place_of
from leadapron.guard.policy import Book, judge
from leadapron.guard.shell import process
from leadapron.guard.shell.asking import NAME
from leadapron.guard.shell.control import Control
from leadapron.guard.shell.counters import Counters
from leadapron.guard.shell.desk import Desk
from leadapron.guard.shell.dialling import RESOLVE_EVERY, Upstreams, split_address
from leadapron.guard.shell.door import Ground, Speaker
from leadapron.guard.shell.endpoint import Endpoint as Monitoring
from leadapron.guard.shell.health import ListenerVitals, Vitals
from leadapron.guard.shell.listeners import Listeners
from leadapron.guard.shell.notify import Notifier
from leadapron.guard.shell.poller import Poller
from leadapron.model.errors import LeadapronError, UsageError
from leadapron.model.events import Endpoint, Event, GuardNotice
from leadapron.model.guard import Judge, Listener, Moment, Policy, Speech

if TYPE_CHECKING:
    from leadapron.guard.dicom import Instruments

TICK = 0.5
"""Seconds between two sweeps: as exact as limits of time are."""
DRAIN = 30.0
"""Seconds that messages under way are given when the guard is told to stop."""
LOOK_EVERY = 60.0
"""Seconds between two looks at certificate files."""
JUMP = 5.0
"""Seconds by which the wall clock may drift from the steady one between two sweeps: beyond, somebody has set it."""


def now() -> Moment:
    """Both clocks of this machine."""
    return Moment(wall=time.time(), steady=time.monotonic())


class Guard:
    """One guard of one policy, in one event loop. It may `run` once."""

    def __init__(
        self,
        policy: Policy,
        *,
        speakers: Mapping[Speech, Speaker],
        record: Callable[[Event], None],
        pseudonym: Callable[[str], str],
        digest_key: bytes,
        zone: tzinfo = UTC,
        clock: Callable[[], Moment] = now,
        reread: Callable[[], Policy] | None = None,
        instruments: Instruments | None = None,
        complete: Callable[[Vitals], Vitals] = lambda vitals: vitals,
        drain: float = DRAIN,
        tick: float = TICK,
        memory: int = 0,
    ) -> None:
        """`speakers` make conversations. `reread` reads the policy again (LeadapronError: it is broken). `complete`
        adds to what the guard knows of itself what only its surroundings know (spool, quarantine, disk).
        `instruments`: what DICOMweb objects are looked at with. `memory`: resident bytes above which nobody new is let
        in; 0: 70 % of the machine's or container's. `tick`: seconds between two sweeps."""
        self.policy = policy
        self.book = Book()
        self.counters = Counters()
        self._record, self._zone, self.clock, self._reread = record, zone, clock, reread
        self._speakers, self._instruments, self._complete = speakers, instruments, complete
        self._pseudonym, self._digest_key = pseudonym, digest_key
        self._drain_seconds, self._tick_seconds = drain, tick
        self._most_memory = memory or process.memory_ceiling()
        self.memory: process.Memory
        self.sensor = f"guard:{policy.name}"
        self.listeners: Listeners
        self.ground: Ground
        self._notifier = Notifier()
        self.started = self.loaded = datetime.now(UTC)
        self.broken = False
        self._uids, self._uid_head = 0, secrets.token_hex(6)
        self._stop_at: float | None = None
        self._lag = 0.0
        self._looked, self._resolved = float("-inf"), 0.0
        self._drift = 0.0
        """Wall clock less steady clock at the last sweep."""
        self.glass: frozenset[str] = frozenset()
        """Listeners at which somebody holds the glass open (empty: all of them)."""
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.standing = asyncio.Event()
        """All listeners are bound."""

    # ------------------------------------------------------------ life
    async def run(self) -> None:
        """Guard until told to stop. UsageError: it cannot begin, and why."""
        loop = asyncio.get_running_loop()
        process.raise_files()
        self.memory = process.Memory()
        certificates = Certificates(clock=self.clock, record=self.take, sensor=self.sensor)
        self.ground = Ground(
            poller=Poller(loop),
            upstreams=Upstreams(self.counters, time.monotonic),
            certificates=certificates,
            counters=self.counters,
            clock=self.clock,
            steady=time.monotonic,
            record=self.take,
            pseudonym=self._pseudonym,
            digest_key=self._digest_key,
            sensor=self.sensor,
            next_uid=self._next_uid,
            notice=self.notice,
        )
        self.listeners = Listeners(self.ground, self._speakers, self._judge, self._instruments)
        control = Control(Path(self.policy.state) / NAME, Desk(self).answer) if self.policy.state else None
        monitoring = Monitoring(self.vitals) if self.policy.metrics else None
        try:
            if control is not None:
                await control.start()
            await self._resolve(self.policy)
            await self.listeners.apply(self.policy)
            if monitoring is not None:
                await self._monitor(monitoring)
            if self._watch_signals(loop):
                gc.freeze()  # looking through all that was loaded for garbage would hold images up
            self.notice("guard.started", detail=self.policy.digest)
            self._notifier.ready()
            self.standing.set()
            await self._turn()
        finally:
            self._unwatch_signals(loop)
            await self.listeners.abort()
            for task in tuple(self._tasks):
                task.cancel()
            if monitoring is not None:
                await monitoring.stop()
            if control is not None:
                await control.stop()
            self.ground.poller.close()
            self.memory.close()
            if self.standing.is_set():
                self.notice("guard.stopped")

    async def _turn(self) -> None:
        self._drift = self._drift_now()
        while True:
            began = time.monotonic()
            await asyncio.sleep(self._tick_seconds)
            self._lag = max(self._lag, time.monotonic() - began - self._tick_seconds)
            try:
                self._tick()
            except Exception as error:  # noqa: BLE001 (who is inside must not fall with it)
                self.counters.faults += 1
                self.notice("guard.fault", alarm=True, detail=place_of(error))
            if self._stop_at is not None and (self.listeners.empty or time.monotonic() >= self._stop_at):
                return

    def _tick(self) -> None:
        """Everything that depends on time, on the steady clock."""
        steady = time.monotonic()
        self._notifier.alive(steady)
        self.listeners.sweep(steady)
        self._watch_memory()
        self._watch_glass()
        self._watch_clock()
        if steady - self._looked >= LOOK_EVERY:
            self._looked = steady
            self.ground.certificates.look()
        if steady - self._resolved >= RESOLVE_EVERY:
            self._background(self._resolve(self.policy))

    def stop(self) -> None:
        """Let nobody in, give messages under way `drain` seconds, then stop; asked again, at once."""
        steady = time.monotonic()
        if self._stop_at is not None:
            self._stop_at = steady
            return
        self._stop_at = steady + self._drain_seconds
        self._notifier.stopping()
        self.notice("guard.stopping")
        self.listeners.shut()

    @property
    def addresses(self) -> dict[str, Endpoint]:
        """Listener → where it listens."""
        return self.listeners.addresses()

    async def reload(self) -> None:
        """Read the policy again and go by it. UsageError: it is broken; the old one stays, and an alarm is given."""
        async with self._changing:
            self._notifier.reloading()
            try:
                if self._reread is None:
                    raise UsageError("this guard cannot read its policy again")
                policy = self._reread()
                if (policy.name, policy.state, policy.metrics) != (
                    self.policy.name,
                    self.policy.state,
                    self.policy.metrics,
                ):
                    raise UsageError("`name`, `state` and `metrics` of the guard need a restart to change")
                await self._resolve(policy)
                await self.listeners.apply(policy)
            except LeadapronError as error:
                self.broken = True
                self.counters.reloads[False] += 1
                self.notice("policy.broken", alarm=True, detail=str(error)[:2000])
                raise
            finally:
                self._notifier.ready()
            self.policy, self.loaded, self.broken = policy, datetime.now(UTC), False
            self._looked = float("-inf")
            self.counters.reloads[True] += 1
            self.notice("policy.loaded", detail=policy.digest)

    # ------------------------------------------------------------ what listeners need
    def take(self, event: Event) -> None:
        """Count and record."""
        self.counters.take(event)
        self._record(event)

    def notice(
        self, name: str, *, alarm: bool = False, listener: str = "", person: str = "", detail: str = "", until: str = ""
    ) -> None:
        """Record something about the guard itself."""
        self.take(
            GuardNotice(
                ts=datetime.fromtimestamp(self.clock().wall, UTC),
                sensor=self.sensor,
                packet=0,
                name=name,
                alarm=alarm,
                listener=listener,
                person=person,
                detail=detail,
                until=until,
            )
        )

    def _judge(self, policy: Policy, listener: Listener) -> Judge:
        return judge(policy, listener, self.book, self.clock, self._zone)

    def _next_uid(self) -> str:
        self._uids += 1
        return f"{self._uid_head}{self._uids:08x}"

    async def _resolve(self, policy: Policy) -> None:
        self._resolved = time.monotonic()
        wanted: list[str] = []
        for listener in policy.listeners:
            if listener.speaks is not Speech.DICOMWEB:
                wanted += [*listener.upstream, *(one for route in listener.routes.values() for one in route)]
        await self.ground.upstreams.resolve(wanted)

    async def _monitor(self, monitoring: Monitoring) -> None:
        try:
            await monitoring.start(*split_address(self.policy.metrics))
        except OSError as error:
            raise UsageError(f"metrics: cannot listen on {self.policy.metrics} ({error.strerror})") from error

    # ------------------------------------------------------------ watching itself
    def _watch_memory(self) -> None:
        crowded = self.memory.used() > self._most_memory
        if crowded != self.ground.crowded:
            self.ground.crowded = crowded
            self.notice("guard.crowded" if crowded else "guard.roomy", alarm=crowded)

    def _watch_glass(self) -> None:
        """Tell when an opening has run out; what is closed by hand is told there."""
        if self.glass or self.book.perhaps_open:
            still = frozenset(opening.listener for opening in self.book.openings(self.clock()))
            for listener in self.glass - still:
                self.notice("break-glass.ended", listener=listener)
            self.glass = still

    def _watch_clock(self) -> None:
        """Tell that the wall clock was set: hours of rules and ends of certificates go by it, nothing else does."""
        before, self._drift = self._drift, self._drift_now()
        if abs(self._drift - before) > JUMP:
            self.notice("guard.clock", alarm=True, detail=f"{self._drift - before:+.0f} s")
            self._looked = float("-inf")

    def _drift_now(self) -> float:
        now = self.clock()
        return now.wall - now.steady

    def vitals(self) -> Vitals:
        """For metrics and readiness."""
        lag, self._lag = self._lag, 0.0
        down = set(self.ground.upstreams.down)
        bound = self.listeners.addresses()
        return self._complete(
            Vitals(
                now=datetime.fromtimestamp(self.clock().wall, UTC),
                started=self.started,
                version=__version__,
                policy_digest=self.policy.digest,
                policy_loaded=self.loaded,
                policy_broken=self.broken,
                listeners=tuple(
                    ListenerVitals(
                        name=listener.name,
                        bound=listener.name in bound,
                        upstream=not down.issuperset(listener.upstream),
                    )
                    for listener in self.policy.listeners
                ),
                counters=self.counters,
                certificates=self.ground.certificates.expiries(),
                glass_open=len(self.book.openings(self.clock())),
                lag=lag,
                draining=self._stop_at is not None,
            )
        )

    # ------------------------------------------------------------ signals and questions
    def _watch_signals(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Is the process ours, so that signals are for us?"""
        try:
            loop.add_signal_handler(signal.SIGTERM, self.stop)
            loop.add_signal_handler(signal.SIGINT, self.stop)
            loop.add_signal_handler(signal.SIGHUP, lambda: self._background(self._reload_asked()))
        except (RuntimeError, ValueError):  # not the main thread: somebody else's process
            return False
        return True

    def _unwatch_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            try:
                loop.remove_signal_handler(number)
            except (RuntimeError, ValueError):
                pass

    def _background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload_asked(self) -> None:
        try:
            await self.reload()
        except LeadapronError:  # told by a notice
            pass
