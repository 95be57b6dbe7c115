"""The certificates in use: renewed without a restart when their files change, and an alarm long before one ends.

A new file that cannot be used never replaces a good one. Time comes from outside; the shell calls `look` each minute.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography import x509
from msgspec import Struct

from leadapron.guard import pem
from leadapron.guard.tls import client_context, revocation_file, server_context
from leadapron.model.errors import UsageError
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Listener, Moment, Tls

STAGES = (60, 30, 14, 7, 1)
"""Days before the end at which an alarm is given."""

DAY = 86400.0
MAX_SEEN = 64
"""Certificates of upstreams that are remembered, one of each."""


class Expiry(Struct, frozen=True, kw_only=True):
    """Something that ends, and what that stops."""

    listener: str
    side: str
    """`front` (what the guard shows and trusts at the listener), `upstream` (towards what stands behind it)."""
    name: str
    """Common name, and what it is."""
    file: str
    """Empty: seen on the wire."""
    begin: datetime
    end: datetime
    identity: bytes
    """Digest, to tell a renewed one from the old."""
    own: bool = False
    """What the guard proves itself with; the others belong to those it trusts."""
    warn: tuple[float, ...] = STAGES
    """Days before the end."""


class _Place(Struct):
    """One side of one listener, and the files it was made from."""

    tls: Tls
    context: ssl.SSLContext
    state: tuple[object, ...]
    expiries: tuple[Expiry, ...]
    found: tuple[object, ...] = ()
    """The files' state when last looked at: a file still being written is left for the next look."""
    refused: tuple[object, ...] = ()
    """The state of files that could not be used, so that one alarm is enough."""


class Certificates:
    """TLS contexts of all listeners. Not thread-safe: one event loop owns it."""

    def __init__(self, *, clock: Callable[[], Moment], record: Callable[[Event], None], sensor: str) -> None:
        self._clock = clock
        self._record = record
        self._sensor = sensor
        self._places: dict[tuple[str, str], _Place] = {}
        self._former: dict[tuple[str, str], _Place] = {}
        self._fronts: dict[str, ssl.SSLContext] = {}
        self._seen: dict[tuple[str, str], tuple[bytes, Expiry]] = {}
        self._told: dict[tuple[bytes, float], float] = {}

    def use(self, listeners: Iterable[Listener]) -> None:
        """Serve these listeners from now on, with files as they are now. UsageError if one is wrong, and then nothing
        has changed. What has ended is served too, and `look` gives an alarm.

        What is in use already, or was before the last call, stays even when its file is broken or has expired
        meanwhile: a new policy, and the way back to the old one, must not fail for it.
        """
        places: dict[tuple[str, str], _Place] = {}
        changed: list[tuple[str, str]] = []
        for listener in listeners:
            for side, tls in (("front", listener.tls), ("upstream", listener.upstream_tls)):
                if tls is None:
                    continue
                key = (listener.name, side)
                known = (self._places.get(key), self._former.get(key))
                kept = next((place for place in known if place is not None and place.tls == tls), None)
                places[key] = kept or self._load(*key, tls, now=None)
                if kept is not None and _state(tls) not in (kept.state, kept.refused):
                    changed.append(key)
        self._former, self._places = self._places, places
        for (name, side), place in places.items():
            if side == "front":
                self._put(name, place)
        self._fronts = {name: front for name, front in self._fronts.items() if (name, "front") in places}
        for key in changed:
            self._renew(*key, places[key], _state(places[key].tls))

    def server(self, listener: str) -> ssl.SSLContext | None:
        """For the listener's own side: the same object for as long as it listens, whatever is renewed meanwhile."""
        return self._fronts.get(listener)

    def client(self, listener: str) -> ssl.SSLContext | None:
        """For the next connection to an upstream."""
        place = self._places.get((listener, "upstream"))
        return place.context if place else None

    def seen(self, listener: str, server: str, der: bytes) -> None:
        """An upstream (`address:port`) showed this certificate; it, too, can end."""
        known = self._seen.get((listener, server))
        if (known and known[0] == der) or (not known and len(self._seen) >= MAX_SEEN):
            return
        try:
            certificate = x509.load_der_x509_certificate(der)
        except ValueError:
            return
        expiry = _expiry(certificate, listener, "upstream", "", f"certificate of {server}")
        self._seen[listener, server] = (der, expiry)

    def expiries(self) -> tuple[Expiry, ...]:
        """All that can end, for metrics and readiness."""
        own = [expiry for place in self._places.values() for expiry in place.expiries]
        return (*own, *(expiry for _, expiry in self._seen.values()))

    def look(self) -> None:
        """Take up changed files, and tell what ends soon. Reads a file only when it changed."""
        for (name, side), place in list(self._places.items()):
            state = _state(place.tls)
            if state not in (place.state, place.refused) and state == place.found:
                self._renew(name, side, place, state)
            place.found = state
        for expiry in self.expiries():
            self._warn(expiry)

    def _load(self, name: str, side: str, tls: Tls, *, now: datetime | None) -> _Place:
        state = _state(tls)
        context = server_context(tls, now) if side == "front" else client_context(tls, now)
        return _Place(tls, context, state, tuple(_expiries(tls, name, side)))

    def _renew(self, name: str, side: str, old: _Place, state: tuple[object, ...]) -> None:
        try:
            place = self._load(name, side, old.tls, now=self._now())
        except UsageError as error:
            old.refused = state
            self._notice("certificate.broken", name, str(error), alarm=True)
            return
        self._places[name, side] = place
        if side == "front":
            self._put(name, place)
        self._notice("certificate.loaded", name, place.expiries[0].name if place.expiries else "")

    def _put(self, name: str, place: _Place) -> None:
        """A listening socket keeps the context it was made with; this hands each new handshake to the current one."""
        front = self._fronts.setdefault(name, place.context)
        front.verify_mode = place.context.verify_mode
        front.verify_flags = place.context.verify_flags
        current = place.context

        def swap(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _front: ssl.SSLContext) -> None:
            connection.context = current

        front.sni_callback = swap if current is not front else None

    def _warn(self, expiry: Expiry) -> None:
        now = self._now()
        left = (expiry.end - now) / timedelta(days=1)
        if now < expiry.begin:
            self._once("certificate.early", expiry, float("inf"), repeat=True)
        elif left < 0:
            self._once("certificate.expired", expiry, 0.0, repeat=True)
        else:
            stage = min((days for days in expiry.warn if left <= days), default=None)
            if stage is not None:
                self._once("certificate.expires", expiry, stage, repeat=False)

    def _once(self, notice: str, expiry: Expiry, stage: float, *, repeat: bool) -> None:
        """Each stage is told once, and what is over once a day, however the wall clock jumps."""
        steady = self._clock().steady
        last = self._told.get((expiry.identity, stage))
        if last is not None and not (repeat and steady - last >= DAY):
            return
        self._told[expiry.identity, stage] = steady
        end = expiry.begin if notice == "certificate.early" else expiry.end
        detail = f"{expiry.name}: {expiry.file}" if expiry.file else expiry.name
        self._notice(notice, expiry.listener, detail, alarm=True, until=end.isoformat())

    def _notice(self, name: str, listener: str, detail: str, *, alarm: bool = False, until: str = "") -> None:
        self._record(
            GuardNotice(
                ts=self._now(),
                sensor=self._sensor,
                packet=0,
                name=name,
                alarm=alarm,
                listener=listener,
                detail=detail,
                until=until,
            )
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock().wall, UTC)


def _files(tls: Tls) -> list[str]:
    beside = revocation_file(tls.authorities) if tls.authorities else ""
    return [path for path in (tls.certificate, tls.key, tls.authorities, beside) if path]


def _state(tls: Tls) -> tuple[object, ...]:
    """Changes when a file does. A missing file counts too: it may be in the middle of being replaced."""
    state: list[object] = []
    for path in _files(tls):
        try:
            found = os.stat(path)
            state.append((path, found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode))
        except OSError:
            state.append((path, None))
    return tuple(state)


def _expiries(tls: Tls, listener: str, side: str) -> Iterator[Expiry]:
    if tls.certificate:
        own, *others = pem.read_certificates(tls.certificate)
        yield _expiry(own, listener, side, tls.certificate, "own certificate", own=True)
        for other in others:
            yield _expiry(other, listener, side, tls.certificate, "authority of the own certificate")
    if not tls.authorities:
        return
    for authority in pem.read_certificates(tls.authorities):
        yield _expiry(authority, listener, side, tls.authorities, "authority")
    for path in (tls.authorities, revocation_file(tls.authorities)):
        for revoked in pem.read_revoked(path) if path else ():
            begin, end = revoked.last_update_utc, revoked.next_update_utc
            if end is not None:
                yield Expiry(
                    listener=listener,
                    side=side,
                    name=f"{pem.common_name(revoked.issuer)} (revocation list)",
                    file=path,
                    begin=begin,
                    end=end,
                    identity=sha256(revoked.tbs_certlist_bytes).digest(),
                    # Lists live a day or a month: warn in the last tenth of that.
                    warn=((end - begin) / timedelta(days=10),),
                )


def _expiry(
    certificate: x509.Certificate, listener: str, side: str, file: str, what: str, *, own: bool = False
) -> Expiry:
    return Expiry(
        listener=listener,
        side=side,
        name=f"{pem.common_name(certificate.subject) or 'without a name'} ({what})",
        file=file,
        begin=certificate.not_valid_before_utc,
        end=certificate.not_valid_after_utc,
        identity=sha256(certificate.tbs_certificate_bytes).digest(),
        own=own,
    )
