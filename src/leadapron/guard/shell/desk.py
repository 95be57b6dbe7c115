"""Who answers at the control socket: what people may ask a running guard, and do to it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leadapron import __version__
from leadapron.guard.shell.status import told_connections, told_listener, told_web
from leadapron.model.errors import UsageError

if TYPE_CHECKING:
    from leadapron.guard.shell.guard import Guard

MOST_PERSON = 128
"""Characters."""


class Desk:
    """Of one guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def answer(self, request: Mapping[str, Any], user: int) -> Mapping[str, Any]:
        guard = self._guard
        if not guard.standing.is_set():
            raise UsageError("the guard is still starting; ask again in a moment")
        match request.get("do"):
            case "status":
                return self._status()
            case "reload":
                await guard.reload()
                return {"policy": guard.policy.digest}
            case "break-glass":
                return self._break_glass(request, user)
            case "mend-glass":
                return self._mend_glass(request)
            case "drain":
                guard.stop()
                return {}
        raise UsageError("ask for one of: status, reload, break-glass, mend-glass, drain")

    def _break_glass(self, request: Mapping[str, Any], user: int) -> Mapping[str, Any]:
        guard = self._guard
        person, minutes = str(request.get("person", "")), request.get("minutes", 0)
        listener = self._named(request)
        if not isinstance(minutes, int | float):
            raise UsageError("break-glass: `minutes` is a number")
        opening = guard.book.open_glass(person, minutes, listener or None, guard.clock())
        until = datetime.fromtimestamp(opening.until, UTC).isoformat(timespec="seconds")
        guard.glass |= {opening.listener}
        guard.notice(
            "break-glass.opened",
            alarm=True,
            listener=opening.listener,
            person=opening.person,
            detail=f"user {user}",
            until=until,
        )
        return {"until": until}

    def _mend_glass(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        guard = self._guard
        closed = guard.book.close_glass(self._named(request) or None)
        for opening in closed:
            guard.glass -= {opening.listener}
            guard.notice(
                "break-glass.closed", listener=opening.listener, person=str(request.get("person", ""))[:MOST_PERSON]
            )
        return {"closed": len(closed)}

    def _named(self, request: Mapping[str, Any]) -> str:
        guard = self._guard
        name = str(request.get("listener") or "")
        known = [listener.name for listener in guard.policy.listeners]
        if name and name not in known:
            raise UsageError(f"no listener is called {name!r}; there are {', '.join(known)}")
        return name

    def _status(self) -> Mapping[str, Any]:
        guard = self._guard
        vitals, steady = guard.vitals(), time.monotonic()
        return {
            "name": guard.policy.name,
            "version": __version__,
            "process": os.getpid(),
            "since": guard.started.isoformat(timespec="seconds"),
            "policy": {
                "digest": guard.policy.digest,
                "loaded": guard.loaded.isoformat(timespec="seconds"),
                "broken": guard.broken,
            },
            "draining": vitals.draining,
            "memory": guard.memory.used(),
            "listeners": [
                *(told_listener(door) for door in guard.listeners.doors()),
                *(told_web(web, guard.counters) for web in guard.listeners.webs()),
            ],
            "down": list(guard.ground.upstreams.down),
            "decisions": [
                {"listener": name, "action": action, "reason": reason, "enforced": enforced, "count": count}
                for (name, action, reason, enforced), count in sorted(guard.counters.decisions.items())
            ],
            "certificates": [
                {"listener": one.listener, "side": one.side, "name": one.name, "end": one.end.isoformat()}
                for one in vitals.certificates
            ],
            "spool": vitals.spool,
            "quarantine": {"objects": vitals.quarantined, "bytes": vitals.quarantined_bytes},
            "glass": [
                {
                    "listener": one.listener,
                    "person": one.person,
                    "until": datetime.fromtimestamp(one.until, UTC).isoformat(),
                }
                for one in guard.book.openings(guard.clock())
            ],
            "connections": told_connections(guard.listeners.doors(), steady),
        }
