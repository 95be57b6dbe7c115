"""What a file is, by its first bytes: a capture, or something to be named to the person who gave it."""

from __future__ import annotations

from leadapron.see.capture import pcap, pcapng
from leadapron.see.capture.walker import Walker

WANTED = "give a file written by tcpdump, dumpcap or Wireshark (pcap or pcapng, also in gzip or zstd)"

CONVERTIBLE = {
    b"\x34\xcd\xb2\xa1": "an old patched pcap",
    b"\xa1\xb2\xcd\x34": "an old patched pcap",
    b"snoop\0\0\0": "a snoop capture",
    b"GMBU": "a Microsoft Network Monitor capture",
    b"RTSS": "a Microsoft Network Monitor capture",
}

PACKED = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"\x04\x22\x4d\x18": "compressed with lz4",
}


def walker_for(head: bytes) -> Walker | None:
    """A reader for a capture that starts like this; None when it is not a capture."""
    magic = head[:4]
    if magic in pcap.MAGICS:
        return pcap.PcapWalker(magic)
    if magic == pcapng.MAGIC:
        return pcapng.PcapngWalker()
    return None


def refusal(head: bytes) -> str:
    """Why bytes that start like this cannot be read, and what to do: the end of a sentence on the source."""
    if not head:
        return f"is empty: {WANTED}"
    for magic, what in CONVERTIBLE.items():
        if head.startswith(magic):
            return f"is {what}, which is not read: convert it with editcap -F pcapng"
    for magic, what in PACKED.items():
        if head.startswith(magic):
            return f"is {what}: unpack it first"
    if head[128:132] == b"DICM":
        return f"is a DICOM file, not a capture of network traffic: {WANTED}"
    if _is_text(head):
        return f"is a text file, not a capture: {WANTED}"
    return f"is not a capture: {WANTED}"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    return not any(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
