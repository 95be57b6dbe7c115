"""A policy as a file that people read and change: `read_policy` of it gives the same policy again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from leadapron.guard.policy import keys as known
from leadapron.guard.policy.keys import Keys
from leadapron.guard.policy.problems import policy_words
from leadapron.guard.policy.services import SOP_CLASS, TRANSFER_SYNTAX, named
from leadapron.guard.policy.values import ANY, DAYS, EVERYWHERE, PERIODS, SIZES
from leadapron.model.guard import Audit, Hours, Limits, Listener, Policy, Rate, Rule, Task, Tls
from leadapron.model.toml import toml_text

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SPACES = frozenset("\n\u00a0\u202f")
"""What comments hold besides what Python calls printable: French writes no-break spaces before its colons."""
_LINE = 100
"""Longer lists are written over several lines."""
_PERIODS = tuple(sorted(PERIODS.items(), key=lambda item: -item[1]))
_UNITS = ("TB", "GB", "MB", "KB")


def write_policy(policy: Policy, language: str = "en", remarks: Mapping[str, Sequence[str]] | None = None) -> str:
    """TOML with comments in that language. `remarks`: name of a rule → sentences that stand above it. What has its
    usual value is left out; lines and the digest are of the file, not of the policy."""
    words = policy_words()[language]
    blocks = [_comment(words["write.head"]), *_guard(policy)]
    blocks += [_comment(words["write.listeners"])] if policy.listeners else []
    blocks += ["\n".join(_listener(each)) for each in policy.listeners]
    blocks += [_comment(words["write.rules"])] if policy.rules else []
    for rule in policy.rules:
        said = [_comment(each) for each in (remarks or {}).get(rule.name, ())]
        said += [_comment(words["write.shadow"])] if rule.shadow else []
        blocks.append("\n".join([*said, *_rule(rule)]))
    return "\n\n".join(blocks) + "\n"


def _comment(text: str) -> str:
    """Whatever a name in it holds, it ends with its line."""
    shown = "".join(one if one.isprintable() or one in _SPACES else "\ufffd" for one in text.strip())
    return "\n".join(f"# {line}".rstrip() for line in shown.split("\n"))


# ---------------------------------------------------------------- tables
def _guard(policy: Policy) -> Iterator[str]:
    lines = list(_pairs(policy, known.GUARD))
    if lines:
        yield "\n".join(["[guard]", *lines])
    audit = list(_pairs(policy.audit, known.AUDIT))
    if policy.audit != Audit():
        yield "\n".join(["[audit]", *audit, *_tls("audit.tls", policy.audit.tls)])


def _listener(listener: Listener) -> Iterator[str]:
    yield "[[listener]]"
    yield from _pairs(listener, known.LISTENER)
    if listener.routes:
        yield "\n[listener.routes]"
        for title, upstreams in listener.routes.items():
            yield f"{title if _BARE.fullmatch(title) else toml_text(title)} = {_value(upstreams)}"
    yield from _tls("listener.tls", listener.tls)
    yield from _tls("listener.upstream_tls", listener.upstream_tls)
    if listener.limits != Limits():
        yield "\n[listener.limits]"
        yield from _pairs(listener.limits, known.LIMITS)
    if listener.tokens:
        yield "\n[listener.tokens]"
        yield from (f"{key} = {toml_text(listener.tokens[key])}" for key in known.TOKENS if key in listener.tokens)


def _tls(table: str, tls: Tls | None) -> Iterator[str]:
    if tls is not None:
        yield f"\n[{table}]"
        yield from _pairs(tls, known.UPSTREAM_TLS)


def _rule(rule: Rule) -> Iterator[str]:
    yield "[[rule]]"
    yield f"name = {toml_text(rule.name)}"
    if rule.shadow:
        yield "shadow = true"
    conditions = {key: each for key, each in known.CONDITIONS.items() if key in _WHO}
    yield from _pairs(rule, conditions)
    yield f"{rule.action.value} = {_value(tuple(task for task in Task if task in rule.tasks) or ANY)}"
    yield from _pairs(rule, {key: each for key, each in known.CONDITIONS.items() if key not in _WHO})
    if rule.query is not None:
        yield f"wide_queries = {_value(rule.query.wide)}"
        yield from _pairs(rule.query, {key: each for key, each in known.QUERY.items() if key != "wide_queries"})
    yield from _pairs(rule, known.BOUNDS)


_WHO = ("listeners", "from", "certificate", "calling", "called", "users")


# ---------------------------------------------------------------- values
def _pairs(thing: msgspec.Struct, keys: Keys) -> Iterator[str]:
    """`key = value` of what differs from its usual value."""
    usual = {each.name: each.default for each in msgspec.structs.fields(thing)}
    for key, each in keys.items():
        value = getattr(thing, each.attribute, "")
        if each.required or value != usual.get(each.attribute, ""):
            yield f"{key} = {_value(_SPELLED.get(each.attribute, _same)(value))}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else repr(value)
    if isinstance(value, str):
        return toml_text(value)
    parts = [_value(each) for each in value]
    if len(parts) == 1:
        return parts[0]
    line = f"[{', '.join(parts)}]"
    return line if len(line) <= _LINE else "[\n" + "".join(f"    {part},\n" for part in parts) + "]"


def _same(value: Any) -> Any:
    return value


def _size(size: int) -> str | int:
    unit = next((unit for unit in _UNITS if size % SIZES[unit] == 0), None)
    if unit:
        return f"{size // SIZES[unit]} {unit}"
    return f"{size >> 20} MiB" if size % (1 << 20) == 0 else size


def _rate(rate: Rate) -> str:
    name, unit = next((name, unit) for name, unit in _PERIODS if rate.seconds % unit == 0)
    times = rate.seconds // unit
    period = name if times == 1 else f"{times} {name}s"
    size = _size(rate.amount) if rate.what == "bytes" else rate.amount
    return f"{size}/{period}" if isinstance(size, str) else f"{size} {rate.what}/{period}"


def hours_text(hours: Hours) -> str:
    """As people write them: `mon-fri 07:00-19:30`."""
    clock = f"{_time(hours.start)}-{_time(hours.end)}"
    return clock if len(hours.days) == len(DAYS) else f"{_days(sorted(hours.days))} {clock}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days(days: Sequence[int]) -> str:
    """Runs of three days and more as `mon-fri`."""
    parts: list[str] = []
    place = 0
    while place < len(days):
        end = place
        while end + 1 < len(days) and days[end + 1] == days[end] + 1:
            end += 1
        if end - place >= 2:
            parts.append(f"{DAYS[days[place]]}-{DAYS[days[end]]}")
        else:
            parts += [DAYS[day] for day in days[place : end + 1]]
        place = end + 1
    return ",".join(parts)


_SPELLED: Mapping[str, Callable[[Any], Any]] = {
    "sources": lambda value: ANY if value == EVERYWHERE else value,
    "sop_classes": lambda value: named(value, SOP_CLASS),
    "transfer_syntaxes": lambda value: [named((each,), TRANSFER_SYNTAX)[0] for each in value],
    "hours": lambda value: [hours_text(each) for each in value],
    "rates": lambda value: [_rate(each) for each in value],
    **dict.fromkeys(("object_size", "spool", "pdu", "associate", "memory"), _size),
}
"""Attributes that people spell otherwise than the model."""
