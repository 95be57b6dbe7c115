"""For scale: a gateway as one writes it with a toolkit. Each object is received whole, decoded, and sent on.

python -m bench.guard.relay PORT UPSTREAM_PORT [PORT UPSTREAM_PORT]...
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association

from bench.guard.objects import Size
from bench.guard.pdus import VERIFICATION

STORED = tuple(size.value[0] for size in Size)
_UNREACHABLE = 0xA700


class Relay:
    """One listener and what is behind it."""

    def __init__(self, port: int, upstream: int) -> None:
        self._upstream = upstream
        self._onward: dict[Association, Association] = {}
        self.entity = AE("RELAY")
        for sop_class in (*STORED, VERIFICATION):
            self.entity.add_supported_context(sop_class, ExplicitVRLittleEndian)
        for sop_class in STORED:
            self.entity.add_requested_context(sop_class, ExplicitVRLittleEndian)
        self.entity.maximum_pdu_size = 131072
        self.entity.maximum_associations = 64
        handlers: list[Any] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_RELEASED, self._over),
            (evt.EVT_ABORTED, self._over),
        ]
        self.entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)

    def _store(self, event: Any) -> int:
        onward = self._onward.get(event.assoc)
        if onward is None:
            onward = self._onward[event.assoc] = self.entity.associate("127.0.0.1", self._upstream)
        if not onward.is_established:
            return _UNREACHABLE
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        return int(onward.send_c_store(dataset).Status)

    def _over(self, event: Any) -> None:
        onward = self._onward.pop(event.assoc, None)
        if onward is not None:
            onward.release()


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    relays = [Relay(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
    threading.Event().wait()
