"""The packet engine on conversations that real networks and attackers produce."""

from __future__ import annotations

import random
import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadapron.model.events import Anomaly, ArpBinding, Connection, DicomAssociation, Event, Service, Sighting
from leadapron.see.wire import ip, link
from leadapron.see.wire.engine import Engine
from tests.see.wire import dicom_bytes as d
from tests.see.wire import packets as p
from tests.see.wire.packets import CLIENT, SERVER, Talk, run


def store(count: int = 3, pixels: int = 60_000) -> Talk:
    """A C-STORE association with `count` objects."""
    talk = Talk().open().send(d.associate_rq(contexts=((d.CT_IMAGE, (d.EXPLICIT,)),)))
    talk.answer(d.associate_ac(accepted=(d.EXPLICIT,)))
    for number in range(count):
        talk.send(d.command(1, d.CT_IMAGE, data_set=True, message=number))
        talk.send(d.values(1, d.image(syntax=d.EXPLICIT, pixels=pixels), command=False))
        talk.answer(d.command(0x8001, d.CT_IMAGE, status=0, message=number))
    return talk.send(d.RELEASE_RQ).answer(d.RELEASE_RP).close()


def of(kind: type, events: list[Event]) -> list:
    return [event for event in events if isinstance(event, kind)]


def plain(events: list[Event]) -> list[Event]:
    """Protocol events and connections, without where they were seen."""
    return of(DicomAssociation, events) + of(Connection, events)


def totals(events: list[Event]) -> tuple[int, int]:
    (association,) = of(DicomAssociation, events)
    return association.objects, association.object_bytes


def test_a_connection_and_its_association() -> None:
    events = run(store().frames)
    (association,) = of(DicomAssociation, events)
    (connection,) = of(Connection, events)
    assert association.objects == 3
    assert association.uid == connection.uid
    assert (connection.client.ip, connection.server.port) == ("192.0.2.1", 11112)
    assert connection.client.mac == "02:00:00:00:00:01"
    assert connection.service is Service.DICOM
    assert connection.answered
    assert connection.established
    assert not connection.midstream
    assert connection.packet == 1
    assert connection.client_bytes > 180_000
    assert connection.end > connection.ts


def test_bytes_are_exact_whether_read_or_jumped_over() -> None:
    talk = store()
    sent = sum(len(frame) - 54 for frame in talk.frames if frame[26:30] == bytes((192, 0, 2, 1)))
    (connection,) = of(Connection, run(talk.frames))
    assert connection.client_bytes == sent


@pytest.mark.parametrize("batch", [1, 2, 7, 50])
def test_batches_change_nothing(batch: int) -> None:
    frames = store().frames
    assert run(frames, batch=batch) == run(frames)


def test_a_packet_mirrored_twice_counts_once() -> None:
    frames = store().frames
    doubled = [frame for frame in frames for _ in range(2)]
    assert [msgspec.structs.replace(e, packet=0, ts=p_time(e), end=p_time(e)) for e in plain(run(doubled))] == [
        msgspec.structs.replace(e, packet=0, ts=p_time(e), end=p_time(e)) for e in plain(run(frames))
    ]


def p_time(event: Event) -> object:
    return event.ts.replace(microsecond=0, second=0)


def test_late_copies_after_the_end_open_no_new_connection() -> None:
    frames = store().frames
    assert len(of(Connection, run(frames + frames[-12:]))) == 1


@pytest.mark.parametrize("seed", range(5))
def test_reordering_changes_nothing(seed: int) -> None:
    frames = list(store().frames)
    rng = random.Random(seed)
    for _ in range(len(frames) // 10):
        i = rng.randrange(4, len(frames) - 5)
        frames[i], frames[i + 1] = frames[i + 1], frames[i]
    assert totals(run(frames)) == totals(run(store().frames))


@pytest.mark.parametrize("seed", range(5))
def test_loss_costs_what_was_lost_and_no_more(seed: int) -> None:
    frames = store(count=20).frames
    rng = random.Random(seed)
    kept = [frame for frame in frames if rng.random() > 0.01]
    (association,) = of(DicomAssociation, run(kept))
    assert 17 <= association.objects <= 20
    assert len(of(Connection, run(kept))) == 1


def test_loss_of_pixels_does_no_harm() -> None:
    frames = store(count=1, pixels=200_000).frames
    pixels = [index for index, frame in enumerate(frames) if len(frame) > 1400][10:]
    lost = {index for index in pixels[::3] if b"\x04\x00\x00" not in frames[index]}
    events = run([frame for index, frame in enumerate(frames) if index not in lost])
    assert totals(events)[0] == 1


def test_midstream_captures_are_said_to_be_so() -> None:
    frames = store(count=4).frames[60:]
    events = run(frames)
    (connection,) = of(Connection, events)
    assert connection.midstream
    assert connection.service is Service.DICOM
    assert totals(events)[0] >= 2


@pytest.mark.parametrize("side", [CLIENT, SERVER])
def test_one_sided_captures(side: tuple[str, int]) -> None:
    wanted = bytes(int(part) for part in side[0].split("."))
    events = run([frame for frame in store().frames if frame[26:30] == wanted])
    (connection,) = of(Connection, events)
    assert (connection.client.ip, connection.server.ip) == ("192.0.2.1", "192.0.2.2")
    assert len(of(DicomAssociation, events)) == 1
    assert connection.answered


def test_ports_used_again_are_another_connection() -> None:
    again = Talk(isn=900_000).open().send(d.associate_rq()).answer(d.associate_ac()).close()
    events = run(store().frames + again.frames)
    assert len(of(Connection, events)) == 2
    assert len({event.uid for event in of(Connection, events)}) == 2


def test_ports_used_again_after_a_connection_whose_opening_was_missed() -> None:
    old = Talk(isn=3_000_000_000).send(b"unknown protocol " * 20).answer(b"x" * 50)
    events = run(old.frames + store().frames)
    assert len(of(Connection, events)) == 2
    assert totals(events)[0] == 3


def test_a_late_opening_is_no_new_connection() -> None:
    frames = store().frames
    events = run([frames[3], *frames[:3], *frames[4:]])
    (connection,) = of(Connection, events)
    assert totals(events)[0] == 3
    assert connection.client_bytes == of(Connection, run(frames))[0].client_bytes


def test_both_ends_may_open_at_once() -> None:
    talk = Talk()
    opening = [p.frame(CLIENT, SERVER, 1000, p.SYN), p.frame(SERVER, CLIENT, 5_001_000, p.SYN)]
    opening += [p.frame(CLIENT, SERVER, 1000, p.SYN | p.ACK, ack=5_001_001)]
    opening += [p.frame(SERVER, CLIENT, 5_001_000, p.SYN | p.ACK, ack=1001)]
    talk.seq = {CLIENT: 1001, SERVER: 5_001_001}
    talk.send(d.associate_rq()).answer(d.associate_ac()).close()
    (connection,) = of(Connection, run(opening + talk.frames))
    assert connection.answered


def test_forged_resets_end_nothing() -> None:
    frames = store().frames
    forged = [p.frame(SERVER, CLIENT, 900_000_000 * factor, p.RST) for factor in range(1, 5)]
    assert plain(run(frames[:6] + forged + frames[6:]))[0].objects == 3


def test_what_comes_after_both_ends_closed_is_still_read() -> None:
    frames = store().frames
    events = run(frames[:-5] + frames[-3:] + frames[-5:-3])
    assert plain(events)[0].outcome == "released"
    assert len(of(Connection, events)) == 1


def test_sequence_numbers_wrap() -> None:
    talk = Talk(isn=2**32 - 3000).open().send(d.associate_rq(contexts=((d.CT_IMAGE, (d.EXPLICIT,)),)))
    talk.answer(d.associate_ac(accepted=(d.EXPLICIT,))).send(d.command(1, d.CT_IMAGE, data_set=True))
    talk.send(d.values(1, d.image(syntax=d.EXPLICIT, pixels=30_000), command=False)).close()
    assert totals(run(talk.frames))[0] == 1


def test_a_probe_that_nobody_answers_is_no_service() -> None:
    (connection,) = of(Connection, run([p.frame(CLIENT, SERVER, 1, p.SYN)]))
    assert not connection.answered
    assert not connection.refused


def test_a_refused_probe() -> None:
    frames = [p.frame(CLIENT, SERVER, 1, p.SYN), p.frame(SERVER, CLIENT, 0, p.RST | p.ACK, ack=2)]
    (connection,) = of(Connection, run(frames))
    assert connection.refused
    assert not connection.answered


def test_dicom_inside_other_bytes_is_not_dicom() -> None:
    talk = Talk().open().send(b"some unknown protocol\n" + d.associate_rq()).answer(b"fine").close()
    events = run(talk.frames)
    assert of(Connection, events)[0].service is Service.UNKNOWN
    assert not of(DicomAssociation, events)


@pytest.mark.parametrize("tags", [[(0x8100, 42)], [(0x88A8, 7), (0x8100, 42)]])
def test_vlan_tags(tags: list[tuple[int, int]]) -> None:
    frames = [p.ethernet(frame[14:], tags=tags, source=frame[6:12], target=frame[:6]) for frame in store().frames]
    events = run(frames)
    assert totals(events) == totals(run(store().frames))
    assert {event.vlan for event in of(Connection, events) + of(Sighting, events)} == {tags[-1][1]}
    few = [p.ethernet(store().frames[0][14:], tags=tags), *store().frames[1:]]
    assert totals(run(few)) == totals(run(store().frames))


def inner_packets() -> list[bytes]:
    return [frame[14:] for frame in store().frames]


@pytest.mark.parametrize(
    ("link_type", "wrap"),
    [
        (link.RAW, lambda packet: packet),
        (link.IPV4, lambda packet: packet),
        (link.NULL, lambda packet: b"\x02\0\0\0" + packet),
        (link.LOOP, lambda packet: b"\0\0\0\x02" + packet),
        (link.LINUX_SLL, lambda packet: b"\0\0\0\x01\0\x06" + bytes(6) + b"\0\0\x08\0" + packet),
        (link.LINUX_SLL2, lambda packet: b"\x08\0\0\0\0\0\0\x01\0\x01\0\x06" + bytes(8) + packet),
    ],
)
def test_link_types(link_type: int, wrap: object) -> None:
    frames = [wrap(packet) for packet in inner_packets()]  # type: ignore[operator]
    assert totals(run(frames, link_type)) == totals(run(store().frames))


def gre(kind: int, payload: bytes, sequence: bool = False) -> bytes:
    return struct.pack(">HH", 0x1000 if sequence else 0, kind) + (bytes(4) if sequence else b"") + payload


TUNNELS = {
    "gre-ip": lambda frame: p.ipv4("10.9.9.1", "10.9.9.2", 47, gre(0x0800, frame[14:])),
    "gre-ethernet": lambda frame: p.ipv4("10.9.9.1", "10.9.9.2", 47, gre(0x6558, frame)),
    "erspan-2": lambda frame: p.ipv4("10.9.9.1", "10.9.9.2", 47, gre(0x88BE, bytes(8) + frame, sequence=True)),
    "erspan-3": lambda frame: p.ipv4("10.9.9.1", "10.9.9.2", 47, gre(0x22EB, bytes(12) + frame, sequence=True)),
    "erspan-3-platform": lambda frame: p.ipv4(
        "10.9.9.1", "10.9.9.2", 47, gre(0x22EB, bytes(11) + b"\x01" + bytes(8) + frame, sequence=True)
    ),
    "vxlan": lambda frame: p.ipv4(
        "10.9.9.1", "10.9.9.2", 17, p.udp(("", 5555), ("", 4789), b"\x08\0\0\0\0\0\x07\0" + frame)
    ),
    "ip-in-ip": lambda frame: p.ipv4("10.9.9.1", "10.9.9.2", 4, frame[14:]),
}


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_mirror_tunnels_are_opened(tunnel: str) -> None:
    frames = [p.ethernet(TUNNELS[tunnel](frame)) for frame in store().frames]
    events = run(frames)
    assert totals(events) == totals(run(store().frames))
    assert {event.server.ip for event in of(Connection, events)} == {"192.0.2.2"}


def test_tunnels_in_tunnels_end_somewhere() -> None:
    packet = store().frames[0][14:]
    for _ in range(40):
        packet = p.ipv4("10.9.9.1", "10.9.9.2", 4, packet)
    engine = Engine("test", lambda event: None, b"k")
    engine.feed(p.ListBatch([p.ethernet(packet)]))
    assert engine.context.undecodable["tunnel-depth"] == 1


def six(frame: bytes, extension: bool = False) -> bytes:
    client = frame[26:30] == bytes((192, 0, 2, 1))
    ends = ("2001:db8::1", "2001:db8::2") if client else ("2001:db8::2", "2001:db8::1")
    if extension:
        return p.ethernet(p.ipv6(*ends, 0, b"\x3c\0" + bytes(6) + b"\x06\0" + bytes(6) + frame[34:]), ethertype=0x86DD)
    return p.ethernet(p.ipv6(*ends, 6, frame[34:]), ethertype=0x86DD)


@pytest.mark.parametrize("extension", [False, True])
def test_ipv6(extension: bool) -> None:
    events = run([six(frame, extension) for frame in store().frames])
    assert totals(events) == totals(run(store().frames))
    assert of(Connection, events)[0].server.ip == "2001:db8::2"


def test_ipv4_options() -> None:
    frames = []
    for frame in store().frames:
        source, target = ".".join(map(str, frame[26:30])), ".".join(map(str, frame[30:34]))
        frames.append(p.ethernet(p.ipv4(source, target, 6, frame[34:], options=bytes(8))))
    assert totals(run(frames)) == totals(run(store().frames))


def fragments(frame: bytes, number: int, size: int = 512) -> list[bytes]:
    source, target = ".".join(map(str, frame[26:30])), ".".join(map(str, frame[30:34]))
    body = frame[34:]
    pieces = []
    for start in range(0, len(body), size):
        more = 0x2000 if start + size < len(body) else 0
        word = more | start // 8
        pieces.append(
            p.ethernet(p.ipv4(source, target, 6, body[start : start + size], fragment=word, identification=number))
        )
    return pieces


@pytest.mark.parametrize("backwards", [False, True])
def test_fragments_are_put_together(backwards: bool) -> None:
    frames = []
    for number, frame in enumerate(store().frames):
        pieces = fragments(frame, number)
        frames += pieces[::-1] if backwards else pieces
    assert totals(run(frames)) == totals(run(store().frames))


def test_fragments_mirrored_twice_count_once() -> None:
    frames = [piece for number, frame in enumerate(store().frames) for piece in fragments(frame, number)]
    engine = Engine("test", [].append, b"key")
    engine.feed(p.ListBatch([copy for frame in frames for copy in (frame, frame)]))
    engine.finish()
    assert engine.context.undecodable == {}


def test_fragments_that_never_become_whole_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ip, "MAX_PENDING", 100_000)
    reassembly = ip.Reassembly()
    for number in range(3000):
        piece = ip.open_packet(
            p.ipv4("192.0.2.1", "192.0.2.2", 17, bytes(1400), identification=number, fragment=0x2000)
        )
        assert isinstance(piece, ip.Fragment)
        assert reassembly.add(piece, number) is None
    assert reassembly.lost == 3000 - 100_000 // 1400


def test_snap_length_is_lived_with() -> None:
    events = run([frame[:96] for frame in store().frames])
    (connection,) = of(Connection, events)
    assert connection.client_bytes > 100_000
    assert connection.answered


@pytest.mark.parametrize("snap", [320, 512, 1400])
def test_snap_length_costs_pixels_only(snap: int) -> None:
    association = plain(run([frame[:snap] for frame in store().frames]))[0]
    assert association.objects == sum(study.objects for study in association.studies) == 3
    assert association.sources[0].manufacturer == "ACME MEDICAL"
    assert association.requestor.version_name == "TEST_10"


def test_a_short_snap_length_leaves_titles_and_operations() -> None:
    association = plain(run([frame[:128] for frame in store().frames]))[0]
    assert (association.calling_ae_title, association.objects) == ("CT01", 3)
    assert association.outcome == "released"
    assert not of(Anomaly, run([frame[:128] for frame in store().frames]))


def test_arp_and_neighbour_advertisements_bind_addresses() -> None:
    arp = b"\0\x01\x08\0\x06\x04\0\x02" + b"\2\0\0\0\0\x09" + bytes((192, 0, 2, 9)) + bytes(10)
    advertisement = b"\x88" + bytes(7) + bytes(15) + b"\x09" + b"\x02\x01" + b"\2\0\0\0\0\x09"
    events = run(
        [p.ethernet(arp, ethertype=0x0806)] * 2
        + [p.ethernet(p.ipv6("2001:db8::9", "ff02::1", 58, advertisement), ethertype=0x86DD)]
    )
    assert [(event.ip, event.mac) for event in of(ArpBinding, events)] == [
        ("192.0.2.9", "02:00:00:00:00:09"),
        ("::9", "02:00:00:00:00:09"),
    ]


def test_each_place_is_sighted_once() -> None:
    assert {(event.ip, event.mac, event.ttl) for event in of(Sighting, run(store().frames))} == {
        ("192.0.2.1", "02:00:00:00:00:01", 64),
        ("192.0.2.2", "02:00:00:00:00:02", 64),
    }
    assert len(of(Sighting, run(store().frames * 2))) == 2


def test_half_open_floods_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leadapron.see.wire.tcp.MAX_HALVES", 1000)
    engine_events: list[Event] = []
    engine = Engine("test", engine_events.append, b"k")
    flood = [p.frame(("192.0.2.1", 1024 + n), SERVER, n, p.SYN) for n in range(5000)]
    established = store().frames
    engine.feed(p.ListBatch(established[:40] + flood + established[40:]))
    assert len(engine.tcp.halves) <= 1000
    engine.finish()
    assert len(of(Connection, engine_events)) == 5001
    assert totals(engine_events)[0] == 3


def test_silent_connections_are_let_go() -> None:
    events: list[Event] = []
    engine = Engine("test", events.append, b"k")
    engine.feed(p.ListBatch(store().frames[:20]))
    engine.feed(p.ListBatch([p.ethernet(b"", ethertype=0x9000)], start=p.T0 + 2 * 3600 * 10**9))
    assert len(of(Connection, events)) == 1
    assert not engine.tcp.halves or all(half.conn.closed for half in engine.tcp.halves.values())


def test_udp_conversations_add_up_and_mirrors_count_once() -> None:
    one = p.ethernet(p.ipv4("192.0.2.1", "192.0.2.2", 17, p.udp(CLIENT, ("", 9999), b"hello"), identification=7))
    back = p.ethernet(p.ipv4("192.0.2.2", "192.0.2.1", 17, p.udp(("", 9999), CLIENT, b"hi"), identification=8))
    (connection,) = of(Connection, run([one, one, back]))
    assert (connection.client_bytes, connection.server_bytes, connection.connections) == (5, 2, 2)
    assert connection.server.port == 9999
    assert connection.answered


@given(st.lists(st.binary(max_size=120), max_size=20), st.sampled_from([1, 0, 101, 113, 276, 147]))
def test_garbage_never_raises(frames: list[bytes], link_type: int) -> None:
    msgspec.json.encode(run(frames, link_type))


@settings(max_examples=60)
@given(st.data())
def test_mutations_of_real_frames_never_raise(data: st.DataObject) -> None:
    frames = [bytearray(frame) for frame in store(count=1, pixels=3000).frames]
    for _ in range(data.draw(st.integers(1, 12))):
        frame = data.draw(st.sampled_from(frames))
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    msgspec.json.encode(run([bytes(frame) for frame in frames]))
