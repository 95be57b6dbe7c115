"""All listeners of a policy, and how one policy becomes the next while associations stand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from leadapron.guard.shell.dialling import split_address
from leadapron.guard.shell.door import Door, Ground, Speaker
from leadapron.model.errors import UsageError
from leadapron.model.events import Endpoint
from leadapron.model.guard import Judge, Listener, Policy, Speech

if TYPE_CHECKING:  # aiohttp costs 10 MB and a quarter of a second: only who guards DICOMweb pays
    from leadapron.guard.dicom import Instruments
    from leadapron.guard.web.service import WebGuard
    from leadapron.guard.web.wiring import Wiring

Bench = Callable[[Policy, Listener], Judge]
"""Makes the judge of a listener."""


class Web(Struct, kw_only=True):
    """A DICOMweb listener at work."""

    guard: WebGuard
    listener: Listener


class Listeners:
    """Where the guard stands now."""

    def __init__(
        self, ground: Ground, speakers: Mapping[Speech, Speaker], bench: Bench, instruments: Instruments | None
    ) -> None:
        self._ground, self._speakers, self._bench, self._instruments = ground, speakers, bench, instruments
        self._doors: dict[str, Door] = {}
        self._webs: dict[str, Web] = {}
        self._leaving: list[Door] = []
        """Taken out of the policy, while somebody is still inside."""
        self._stopping: set[asyncio.Task[None]] = set()

    async def apply(self, policy: Policy) -> None:
        """Stand where this policy says. UsageError: one address cannot be used, or a speech is unknown; then all is as
        it was before, and certificates too."""
        names = {key_of(listener): listener for listener in policy.listeners}
        fresh: dict[str, Door | Web] = {}
        former = self._in_use()
        self._ground.certificates.use(policy.listeners)
        try:
            for key, listener in names.items():
                if key not in self._doors and key not in self._webs:
                    fresh[key] = await self._open(policy, listener)
        except (UsageError, OSError) as error:
            for opened in fresh.values():
                await self._close(opened)
            self._ground.certificates.use(former)
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"listener {listener.name}: cannot listen on {listener.listen} ({error})") from error
        for key in [key for key in (*self._doors, *self._webs) if key not in names]:
            self._remove(key)
        for key, listener in names.items():
            if key in self._doors:
                self._doors[key].change(listener, self._bench(policy, listener), policy.digest)
            elif key in self._webs:
                await self._change_web(key, policy, listener)
        for key, opened in fresh.items():
            if isinstance(opened, Door):
                self._doors[key] = opened
            else:
                self._webs[key] = opened

    def _in_use(self) -> list[Listener]:
        return [*(door.listener for door in self._doors.values()), *(web.listener for web in self._webs.values())]

    async def _open(self, policy: Policy, listener: Listener) -> Door | Web:
        judge = self._bench(policy, listener)
        if listener.speaks is Speech.DICOMWEB:
            return await self._open_web(listener, self._wiring(judge, policy.digest))
        if listener.speaks not in self._speakers:
            raise UsageError(f"listener {listener.name}: this guard does not speak {listener.speaks}")
        return Door(self._ground, listener, self._speakers[listener.speaks], judge, policy.digest)

    def _remove(self, key: str) -> None:
        door = self._doors.pop(key, None)
        if door is not None:
            door.shut()
            self._leaving.append(door)
        else:
            self._stop_web(self._webs.pop(key))

    @staticmethod
    async def _close(opened: Door | Web) -> None:
        if isinstance(opened, Door):
            opened.shut()
        else:
            await opened.guard.stop(0.0)

    # ------------------------------------------------------------ DICOMweb
    def _wiring(self, judge: Judge, digest: str) -> Wiring:
        from leadapron.guard.web.wiring import Wiring

        if self._instruments is None:
            raise UsageError("this guard was given nothing to inspect DICOMweb with")
        ground = self._ground
        return Wiring(
            judge=judge,
            clock=ground.clock,
            record=ground.record,
            pseudonym=ground.pseudonym,
            digest_key=ground.digest_key,
            sensor=ground.sensor,
            policy_digest=digest,
            instruments=self._instruments,
        )

    async def _open_web(self, listener: Listener, wiring: Wiring) -> Web:
        from leadapron.guard.web.service import WebGuard

        certificates = self._ground.certificates
        front, back = certificates.server(listener.name), certificates.client(listener.name)
        web = Web(guard=WebGuard(listener, wiring, tls=front, upstream_tls=back), listener=listener)
        await web.guard.start()
        return web

    async def _change_web(self, key: str, policy: Policy, listener: Listener) -> None:
        """Rules change under way; anything else of the listener needs a new one, which waits for the old one's port."""
        web, wiring = self._webs[key], self._wiring(self._bench(policy, listener), policy.digest)
        if web.listener == listener:
            web.guard.swap(wiring)
            return
        await web.guard.stop(1.0)
        try:
            self._webs[key] = await self._open_web(listener, wiring)
        except OSError as error:
            del self._webs[key]
            self._ground.notice("listener.lost", alarm=True, listener=listener.name, detail=str(error))

    def _stop_web(self, web: Web) -> None:
        task = asyncio.create_task(web.guard.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    # ------------------------------------------------------------ time and end
    def sweep(self, now: float) -> None:
        """About twice a second."""
        for door in self.doors():
            door.sweep(now)
        self._leaving = [door for door in self._leaving if door.relays]

    def doors(self) -> Iterator[Door]:
        """Those that let in, then those that only let out."""
        yield from self._doors.values()
        yield from self._leaving

    def shut(self) -> None:
        """Let nobody in any more."""
        for key in (*self._doors, *self._webs):
            self._remove(key)

    @property
    def empty(self) -> bool:
        """Is nobody inside?"""
        return not self._stopping and not any(door.relays for door in self.doors())

    async def abort(self) -> None:
        """End what is left."""
        for door in self.doors():
            door.abort()
        for task in tuple(self._stopping):
            task.cancel()
        await asyncio.gather(*self._stopping, return_exceptions=True)

    def addresses(self) -> dict[str, Endpoint]:
        """Listener → where it listens (port 0 of the policy is told as the port it got)."""
        found = {door.listener.name: door.address for door in self._doors.values()}
        for web in self._webs.values():
            for ip, port in web.guard.addresses[:1]:
                found[web.listener.name] = Endpoint(ip=ip, port=port)
        return found

    def webs(self) -> Iterator[Web]:
        """Those of DICOMweb that let in."""
        yield from self._webs.values()


def key_of(listener: Listener) -> str:
    """What makes a listener the same one under a new policy: its address and speech, whatever its name."""
    _, port = split_address(listener.listen)
    return f"{listener.speaks} {listener.listen if port else listener.name}"
