"""Small captures for whole runs: clean conversations as pcap files."""

from __future__ import annotations

from collections.abc import Sequence

from tests.see.capture.builder import Frame, pcap
from tests.see.wire import dicom_bytes as d
from tests.see.wire.packets import CLIENT, SERVER, Talk

START = 1_795_000_000_000_000_000
"""Time of the first packet: nanoseconds since the epoch."""


def capture(packets: Sequence[bytes], *, start: int = START) -> bytes:
    """A pcap of Ethernet frames, a millisecond apart."""
    return pcap(Frame(packet, start + index * 1_000_000) for index, packet in enumerate(packets))


def echo(client: tuple[str, int] = CLIENT, server: tuple[str, int] = SERVER) -> Talk:
    """One clean C-ECHO association."""
    talk = Talk(client=client, server=server).open().send(d.associate_rq()).answer(d.associate_ac())
    talk.send(d.command(0x30, d.VERIFICATION)).answer(d.command(0x8030, d.VERIFICATION, status=0))
    return talk.send(d.RELEASE_RQ).answer(d.RELEASE_RP).close()
