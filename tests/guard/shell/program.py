"""A guard of DICOM as a process of its own, to be killed: UPSTREAM STATE JOURNAL. Prints its port."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import uvloop

from leadapron.guard.dicom import DicomConversation, Instruments
from leadapron.guard.inspect import ContentRules, Inspector, Rewriter
from leadapron.guard.shell import Guard
from leadapron.model.events import Event
from leadapron.model.guard import Listener, Policy, Rule, Speech


async def main(upstream: str, state: str, journal: Path) -> None:
    content = ContentRules.load(())
    instruments = Instruments(
        inspector=lambda syntax, depth, ledger: Inspector(
            syntax, content, depth=depth, key=bytes(32) if ledger else None
        ),
        rewriter=Rewriter,
    )
    listener = Listener(name="front", speaks=Speech.DICOM, listen="127.0.0.1:0", upstream=(upstream,), fail="closed")
    with journal.open("ab", buffering=0) as file:

        def record(event: Event) -> None:
            file.write(msgspec.json.encode(event) + b"\n")

        guard = Guard(
            Policy(listeners=(listener,), rules=(Rule(name="all", line=1),), state=state),
            speakers={Speech.DICOM: lambda surroundings: DicomConversation(surroundings, instruments)},
            record=record,
            pseudonym=lambda value: "x",
            digest_key=bytes(32),
            drain=20.0,
        )
        running = asyncio.ensure_future(guard.run())
        standing = asyncio.ensure_future(guard.standing.wait())
        await asyncio.wait((running, standing), return_when=asyncio.FIRST_COMPLETED)
        if standing.done():
            print(guard.addresses["front"].port, flush=True)
        await running


uvloop.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
