"""The values of a policy file: from what TOML gave to what the guard uses, or to what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Any, TypeVar

from leadapron.guard.policy.conditions import is_mapped
from leadapron.guard.policy.services import SOP_CLASS, STORAGE, is_uid, spellings, storage_classes
from leadapron.model.guard import Hours, Rate, Task

MOST_ITEMS = 1_000
"""Of one list."""
MOST_TEXT = 512
EVERYWHERE = ("0.0.0.0/0", "::/0")
"""What `from = ["any"]` means."""
ANY = "any"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
MOST_SECONDS = 31 * 86_400
RATED = ("associations", "objects", "bytes", "queries", "messages")
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
SIZES: Mapping[str, int] = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
    "TIB": 1 << 40,
}
PERIODS: Mapping[str, int] = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
MOST_SIZE = 1 << 60

T = TypeVar("T")

_SIZE = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,3}))? ?([A-Za-z]{1,3})", re.ASCII)
_RATE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,3})?) ?([A-Za-z]+) ?/ ?(?:([0-9]{1,7}) )?([a-z]+)", re.ASCII)
_HOURS = re.compile(r"(?:([a-z, -]+?) )?([0-2][0-9]):([0-5][0-9]) ?- ?([0-2][0-9]):([0-5][0-9])", re.ASCII)
_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):([0-9]{1,5})", re.ASCII)
_URL = re.compile(r"https?://([^/?#\s]+)(?:/[^?#\s]*)?", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


class WrongValueError(ValueError):
    """A value cannot be used: a message id of `problem.*` and its parameters."""

    def __init__(self, message: str, **params: str) -> None:
        super().__init__(message)
        self.message = message
        self.params = params


def near(word: str, known: Iterable[str]) -> str:
    """What was probably meant; empty: nobody knows."""
    found = get_close_matches(word[:64], list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


# ---------------------------------------------------------------- plain values
def text(value: Any) -> str:
    if not isinstance(value, str):
        raise WrongValueError("problem.not-text")
    if not value.strip():
        raise WrongValueError("problem.empty")
    if len(value) > MOST_TEXT:
        raise WrongValueError("problem.too-long", most=str(MOST_TEXT))
    if not value.isprintable():
        raise WrongValueError("problem.unprintable")
    return value.strip()


def yes(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError("problem.not-yes")
    return value


def count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 40:
        raise WrongValueError("problem.not-count")
    return value


def seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST_SECONDS:
        raise WrongValueError("problem.not-seconds")
    return float(value)


def choice(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise WrongValueError("problem.not-choice", value=shown(value), choices=", ".join(words))
        return value

    return read


def listed(one: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """One value or a list of them; twice the same is once."""

    def read(value: Any) -> tuple[T, ...]:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise WrongValueError("problem.empty-list")
        if len(values) > MOST_ITEMS:
            raise WrongValueError("problem.too-many", most=str(MOST_ITEMS))
        return tuple(dict.fromkeys(one(each) for each in values))

    return read


def shown(value: Any) -> str:
    """A stranger's value in a message: short, on one line."""
    said = "".join(one if one.isprintable() else "\ufffd" for one in str(value)[:61])
    return said if len(said) <= 60 else f"{said[:59]}…"


# ---------------------------------------------------------------- amounts
def size(value: Any) -> int:
    """Bytes: a number, or `2 GB` (thousands), `2 GiB` (1,024s)."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_SIZE:
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    factor = SIZES.get(found[3].upper()) if found else None
    if found is None or factor is None:
        raise WrongValueError("problem.not-size", value=shown(value))
    part = found[2] or ""
    total = int(found[1]) * factor + (int(part) * factor // 10 ** len(part) if part else 0)
    if not 0 < total <= MOST_SIZE:
        raise WrongValueError("problem.not-size", value=shown(value))
    return total


def rate(value: Any) -> Rate:
    """`60 associations/minute`, `20 GB/hour`, `500 objects/10 minutes`."""
    found = _RATE.fullmatch(text(value))
    if found is None:
        raise WrongValueError("problem.not-rate", value=shown(value))
    amount, what, times, period = found.groups()
    if what.upper() in SIZES:
        number, what = size(f"{amount} {what}"), "bytes"
    elif what == "bytes":
        number = size(f"{amount} B")
    else:
        number = int(amount) if amount.isdigit() else 0
        what = what if what.endswith("s") else f"{what}s"
    if what == "querys" or what not in RATED:
        what = "queries" if what == "querys" else ""
    length = PERIODS.get(period.removesuffix("s"), 0) * int(times or 1)
    if not what or number <= 0 or not 0 < length <= MOST_SECONDS:
        raise WrongValueError("problem.not-rate", value=shown(value))
    return Rate(what=what, amount=number, seconds=length)


def hours(value: Any) -> Hours:
    """`mon-fri 07:00-19:30`, `sat,sun 22:00-06:00` (over midnight), `08:00-18:00` (every day)."""
    found = _HOURS.fullmatch(text(value).lower())
    if found is None:
        raise WrongValueError("problem.not-hours", value=shown(value))
    days, *clock = found.groups()
    first, second, third, fourth = map(int, clock)
    start, end = first * 60 + second, third * 60 + fourth
    if start >= MIDNIGHT or end > MIDNIGHT or start == end:
        raise WrongValueError("problem.not-hours", value=shown(value))
    return Hours(days=_days(days), start=start, end=end)


def _days(said: str | None) -> frozenset[int]:
    if not said:
        return frozenset(range(7))
    found: set[int] = set()
    for part in said.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise WrongValueError("problem.not-day", value=shown(part), choices=", ".join(DAYS))
        start = DAYS.index(first)
        found |= {(start + each) % 7 for each in range((DAYS.index(last) - start) % 7 + 1 if dash else 1)}
    return frozenset(found)


# ---------------------------------------------------------------- who and what
def source(value: Any) -> str:
    """An address or a network, written as the standard libraries write it."""
    said = text(value)
    if said.lower() == ANY:
        return ANY
    try:
        network = ip_network(said)
    except ValueError:
        raise _no_network(said) from None
    if isinstance(network, IPv6Network) and (is_mapped(network) or "%" in said):
        raise WrongValueError("problem.mapped", value=shown(said))
    return str(network) if "/" in said else str(network.network_address)


def _no_network(said: str) -> WrongValueError:
    try:
        meant = ip_network(said, strict=False)
    except ValueError:
        return WrongValueError("problem.not-network", value=shown(said))
    return WrongValueError("problem.host-bits", value=shown(said), network=str(meant))


def sources(value: Any) -> tuple[str, ...]:
    found = listed(source)(value)
    if ANY not in found:
        return found
    if len(found) > 1:
        raise WrongValueError("problem.any-and-more")
    return EVERYWHERE


def certificate(value: Any) -> str:
    said = text(value)
    if said.lower().startswith("sha256:") and not re.fullmatch(r"[0-9a-f]{64}", said[7:].lower().replace(":", "")):
        raise WrongValueError("problem.not-fingerprint", value=shown(said))
    return "sha256:" + said[7:].lower().replace(":", "") if said.lower().startswith("sha256:") else said


def task(value: Any) -> Task:
    if isinstance(value, str) and value in set(Task):
        return Task(value)
    meant = near(value, Task) if isinstance(value, str) else ""
    raise WrongValueError("problem.not-task", value=shown(value), meant=meant, choices=", ".join(Task))


def tasks(value: Any) -> frozenset[Task]:
    return frozenset() if value == ANY else frozenset(listed(task)(value))


def classes(value: Any) -> tuple[str, ...]:
    """UIDs, in order: a name of the standard may stand for several, `storage` for all of storage."""
    named = listed(text)(value)
    found: set[str] = set()
    for each in named:
        found.update(storage_classes() if each.lower() == STORAGE else uids(each, SOP_CLASS))
    return tuple(sorted(found))


def uids(said: str, kind: str) -> tuple[str, ...]:
    if is_uid(said):
        return (said,)
    if found := spellings(kind).get(said.lower()):
        return found
    meant = near(said.lower(), spellings(kind))
    raise WrongValueError("problem.not-uid", value=shown(said), kind=kind, meant=meant)


def syntaxes(value: Any) -> tuple[str, ...]:
    found = [uid for said in listed(text)(value) for uid in uids(said, "Transfer Syntax")]
    return tuple(dict.fromkeys(found))


def level(value: Any) -> str:
    said = text(value).upper()
    if said not in LEVELS:
        raise WrongValueError("problem.not-choice", value=shown(value), choices=", ".join(LEVELS))
    return said


# ---------------------------------------------------------------- addresses
def listening(value: Any) -> str:
    """`address:port` of this machine; port 0 lets the system choose."""
    return _address(value, least=0, named=False)


def upstream(value: Any) -> str:
    """`host:port`, or a URL (DICOMweb)."""
    said = text(value)
    if "://" not in said:
        return _address(said, least=1, named=True)
    found = _URL.fullmatch(said)
    if found is None:
        raise WrongValueError("problem.not-url", value=shown(said))
    if "@" in found[1]:
        raise WrongValueError("problem.secret-in-url")
    if not _HOST.fullmatch(found[1]):
        _address(found[1] if _PORT.fullmatch(found[1]) else f"{found[1]}:80", least=1, named=True)
    return said


def _address(value: Any, *, least: int, named: bool) -> str:
    said = text(value)
    found = _PORT.fullmatch(said)
    host = (found[1] or found[2]) if found else ""
    if found is None or not least <= int(found[3]) <= 65_535 or not _host(host, named=named and not found[1]):
        raise WrongValueError("problem.not-address" if named else "problem.not-listening", value=shown(said))
    return said


def _host(host: str, *, named: bool) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return named and _HOST.fullmatch(host) is not None
    return True
