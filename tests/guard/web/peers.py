"""What the tests of the DICOMweb proxy stand between: a client, a guard with a real policy, and servers."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest

from leadapron.guard.dicom import Instruments
from leadapron.guard.inspect.inspector import Inspector
from leadapron.guard.inspect.rewrite import Rewriter
from leadapron.guard.inspect.rules import ContentRules
from leadapron.guard.policy.book import Book
from leadapron.guard.policy.judging import RuleJudge
from leadapron.guard.web import WebGuard, Wiring
from leadapron.model.events import Event
from leadapron.model.guard import Limits, Listener, Moment, Policy, Query, Rule, Speech, Task
from leadapron.model.pseudonyms import pseudonym
from tests.guard.ports import free_port

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ALL = frozenset(Task)
KEY = bytes(range(32))


RULES = ContentRules.load(())


def instruments(**more: object) -> Instruments:
    return Instruments(
        inspector=lambda syntax, depth, ledger: Inspector(syntax, RULES, depth=depth, key=KEY if ledger else None),
        rewriter=Rewriter,
        **more,  # type: ignore[arg-type]
    )


def clock() -> Moment:
    return Moment(wall=time.time(), steady=time.monotonic())


def rule(name: str = "viewers", tasks: frozenset[Task] = ALL, **bounds: object) -> Rule:
    return Rule(name=name, line=1, tasks=tasks, **{"query": Query(wide=True), **bounds})  # type: ignore[arg-type]


class Site:
    """A running guard and what it recorded."""

    def __init__(self, guard: WebGuard, events: list[Event]) -> None:
        self.guard = guard
        self.events = events
        self.port = guard.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    def decisions(self) -> list[tuple[str, str, str]]:
        return [
            (event.action, event.reason, event.detail)  # type: ignore[attr-defined]
            for event in self.events
            if type(event).__name__ == "GuardDecision"
        ]

    async def raw(self, data: bytes, *, seconds: float = 5.0) -> bytes:
        """All that the guard answers to these bytes, until it closes the connection or `seconds` have passed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        answer = b""
        try:
            async with asyncio.timeout(seconds):
                while piece := await reader.read(65536):
                    answer += piece
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return answer


def wiring_for(listener: Listener, rules: tuple[Rule, ...], events: list[Event], **more: object) -> Wiring:
    policy = Policy(listeners=(listener,), rules=rules)
    return Wiring(
        judge=RuleJudge(policy, listener, Book(), clock),
        clock=clock,
        record=events.append,
        pseudonym=lambda value: pseudonym(value, KEY),
        digest_key=KEY,
        sensor="guard:test",
        **{"instruments": instruments(), **more},  # type: ignore[arg-type]
    )


@asynccontextmanager
async def guarded(
    upstream: str | tuple[str, ...],
    *rules: Rule,
    limits: Limits | None = None,
    tokens: dict[str, str] | None = None,
    **more: object,
) -> AsyncIterator[Site]:
    """A guard on a free port in front of `upstream`."""
    listener = Listener(
        name="web",
        speaks=Speech.DICOMWEB,
        listen="127.0.0.1:0",
        upstream=(upstream,) if isinstance(upstream, str) else upstream,
        fail="closed",
        limits=limits or Limits(),
        tokens=tokens or {},
    )
    events: list[Event] = []
    guard = WebGuard(listener, wiring_for(listener, rules or (rule(),), events, **more))
    await guard.start()
    try:
        yield Site(guard, events)
    finally:
        await guard.stop(grace=2)
        await asyncio.sleep(0)


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[str]:
    """A server that does what `script` says with each connection; its URL, with the path of a service."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/dicom-web"
    finally:
        server.close()


@contextmanager
def orthanc(folder: Path) -> Iterator[str]:
    """URL of a new Orthanc's DICOMweb service; its own REST interface is at `/`."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc with its DICOMweb plugin is not installed")
    folder.mkdir(exist_ok=True)
    port = free_port()
    settings = {
        "Name": "PACS",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "StableAge": 1,
        "DicomWeb": {"Enable": True},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/dicom-web/studies")
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/dicom-web"
    finally:
        process.kill()  # it would take seconds to leave
        process.wait(20)
