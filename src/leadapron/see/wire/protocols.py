"""Every protocol the sensor knows: explicit tuples, tried in order. A new protocol is one module and one line here."""

from __future__ import annotations

from leadapron.see.wire.dicom import Dicom
from leadapron.see.wire.dissector import DatagramProtocol, Dissector

STREAM_PROTOCOLS: tuple[type[Dissector], ...] = (Dicom,)
"""Over TCP, recognised by content on any port."""

DATAGRAM_PROTOCOLS: tuple[DatagramProtocol, ...] = ()
"""Over UDP, found by port and confirmed by content."""
