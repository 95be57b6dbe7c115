"""pynetdicom as an archive, a process of its own: PORT FILE. Notes each request that it understood, a line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.events import Event

from tests.guard.dicom.hostile import CLASSES
from tests.guard.faults.liars import DEFLATED
from tests.see.wire import dicom_bytes as d


def main(port: int, path: Path) -> None:
    with path.open("a", buffering=1) as file:

        def note(name: str, answer: Callable[[], Any]) -> Callable[[Event], Any]:
            def handle(event: Event) -> Any:
                said = event.request
                sop_class = getattr(said, "AffectedSOPClassUID", None) or getattr(said, "RequestedSOPClassUID", "")
                where = getattr(said, "MoveDestination", None) or ""
                file.write(json.dumps([name, str(sop_class), str(where).rstrip("\0 ")]) + "\n")
                return answer()

            return handle

        archive = AE(ae_title="PACS")
        archive.maximum_associations = 100
        for each in CLASSES:
            archive.add_supported_context(each, [d.IMPLICIT, DEFLATED])
        handlers: list[Any] = [
            (evt.EVT_C_ECHO, note("C-ECHO", lambda: 0)),
            (evt.EVT_C_STORE, note("C-STORE", lambda: 0)),
            (evt.EVT_C_FIND, note("C-FIND", lambda: iter([(0, None)]))),
            (evt.EVT_C_MOVE, note("C-MOVE", lambda: iter([(None, None)]))),
            (evt.EVT_C_GET, note("C-GET", lambda: iter([0]))),
            (evt.EVT_N_CREATE, note("N-CREATE", lambda: (0, None))),
        ]
        archive.start_server(("127.0.0.1", port), block=True, evt_handlers=handlers)


main(int(sys.argv[1]), Path(sys.argv[2]))
