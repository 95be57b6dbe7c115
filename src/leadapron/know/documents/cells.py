"""What people write into cells: addresses, MACs, ports, days. What cannot be read is remarked on, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from ipaddress import ip_interface, ip_network

from leadapron.know.documents.tables import word_of
from leadapron.know.documents.untrusted import one_line

MAX_TEXT = 200
"""Characters kept of a field."""
MAX_REMARKS = 100
MAX_ADDRESSES = 32
"""Addresses of one row."""
MAX_TITLE = 16
"""Characters of an AE title (PS3.5 §6.2)."""

_SAYS_NOTHING = frozenset(
    word_of(text)
    for text in (
        "n/a", "na", "nc", "n.c.", "none", "unknown", "tbd", "to be defined", "not applicable", "not known", "néant",
        "aucun", "aucune", "inconnu", "inconnue", "à définir", "à compléter", "sans objet", "non communiqué",
        "non connu", "nsp",
    )
)  # fmt: skip
_SPLIT = re.compile(r"[\s,;|]+")
_PADDED = re.compile(r"\b0+(?=\d)")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_DAY = re.compile(r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})(?:[T ].*)?")
_MONTH = re.compile(r"(\d{1,2})[./\-](\d{4})|(\d{4})-(\d{1,2})")
_EXCEL_EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets, with their leap year 1900."""
_EXCEL_DAYS = range(20_000, 80_000)
"""1954 to 2118: what a bare number in a column of dates can mean."""


class Remarks:
    """What was noticed while reading a list: message ids with the row, at most `MAX_REMARKS` of them."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._more = 0

    def add(self, message: str, row: int, text: str = "") -> None:
        """`list.bad-address=12 DHCP`: row 12 holds `DHCP` where an address should be."""
        if len(self._said) < MAX_REMARKS:
            self._said.append(f"{message}={row} {one_line(text, 40)}".rstrip())
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        """The remarks, and how many more there were."""
        return (*self._said, f"list.more-remarks={self._more}") if self._more else tuple(self._said)


def said(text: str) -> str:
    """A field's text on one line; empty where people write that they have nothing to say."""
    word = word_of(text)
    return "" if not word or word in _SAYS_NOTHING else one_line(text, MAX_TEXT)


def addresses(text: str, row: int, remarks: Remarks) -> tuple[str, ...]:
    """The addresses in a cell; a mask or port behind one is left out, zeros that pad its numbers too."""
    found: dict[str, None] = {}
    for part in filter(None, _SPLIT.split(said(text))):
        address = _address(part)
        if address:
            found[address] = None
        elif any(char.isalnum() for char in part):
            remarks.add("list.bad-address", row, part)
    if len(found) > MAX_ADDRESSES:
        remarks.add("list.many-addresses", row)
    return tuple(found)[:MAX_ADDRESSES]


def _address(text: str) -> str:
    if text.count(".") == 3:
        text = _PADDED.sub("", text.partition(":")[0])
    try:
        return str(ip_interface(text).ip)
    except ValueError:
        return ""


def mac(text: str, row: int, remarks: Remarks) -> str:
    """The first MAC in a cell, as `00:11:22:33:44:55`, from any of the usual spellings."""
    for part in (said(text), *_SPLIT.split(said(text))):
        digits = re.sub(r"[^0-9A-Za-z]", "", part)
        if _MAC.fullmatch(digits):
            return ":".join(digits[at : at + 2] for at in range(0, 12, 2)).lower()
    if said(text):
        remarks.add("list.bad-mac", row, text)
    return ""


def number(text: str, limit: int, message: str, row: int, remarks: Remarks) -> int:
    """A whole number from 1 to `limit` (a port, a VLAN), else 0."""
    digits = re.fullmatch(r"\D*(\d{1,6})(?:\.0+)?\D*", text)
    if digits and 0 < int(digits[1]) <= limit:
        return int(digits[1])
    if said(text):
        remarks.add(message, row, text)
    return 0


def title(text: str, row: int, remarks: Remarks) -> str:
    """An AE title as written, without the blanks that do not count (PS3.5 §6.2)."""
    found = one_line(text, MAX_TEXT)
    if len(found) > MAX_TITLE:
        remarks.add("list.long-title", row, found)
        found = ""
    return found if any(char.isalnum() for char in found) else ""


def network(text: str, mask: str, row: int, remarks: Remarks) -> str:
    """A network in CIDR form, from `10.0.0.0/24`, or an address and a mask in one or two cells."""
    parts = [part for part in re.split(r"[\s,;]+|/", said(text)) if part]
    parts += [part for part in (said(mask).lstrip("/"),) if part and len(parts) == 1]
    address = _address(parts[0]) if parts else ""
    try:
        if not address or len(parts) != 2:
            raise ValueError
        return str(ip_network(f"{address}/{parts[1]}", strict=False))
    except ValueError:
        remarks.add("list.bad-network", row, f"{text} {mask}")
        return ""


def is_day_first(texts: Iterable[str]) -> bool | None:
    """Does a column write the day before the month? None when nothing in it tells."""
    for text in texts:
        parts = _DAY.fullmatch(text.strip())
        if parts and len(parts[1]) < 3:
            if int(parts[1]) > 12:
                return True
            if int(parts[2]) > 12:
                return False
    return None


def day(text: str, *, day_first: bool | None, row: int, remarks: Remarks) -> str:
    """An ISO date; a month or a year alone means its last day. Where nothing tells, the day comes first."""
    text = said(text)
    if not text:
        return ""
    try:
        found = _day(text, day_first=day_first is not False)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        remarks.add("list.bad-date", row, text)
        return ""
    parts = _DAY.fullmatch(text)
    if day_first is None and parts and len(parts[1]) < 3 and parts[1].lstrip("0") != parts[2].lstrip("0"):
        remarks.add("list.date-day-first", row, text)
    return found.isoformat()


def _day(text: str, *, day_first: bool) -> date | None:
    if text.isdigit():
        if len(text) == 4:
            return date(int(text), 12, 31)
        return _EXCEL_EPOCH + timedelta(days=int(text)) if int(text[:6]) in _EXCEL_DAYS and len(text) == 5 else None
    if parts := _DAY.fullmatch(text):
        first, second, third = int(parts[1]), int(parts[2]), int(parts[3])
        if len(parts[1]) == 4:
            return date(first, second, third)
        year = third + 2000 if len(parts[3]) == 2 else third
        return date(year, second, first) if day_first else date(year, first, second)
    if parts := _MONTH.fullmatch(text):
        year, month = int(parts[2] or parts[3]), int(parts[1] or parts[4])
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1) if 0 < month <= 12 else None
    return None
