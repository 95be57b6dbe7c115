"""A policy file, read whole: everything that is wrong is told at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from leadapron.guard.policy import keys as known
from leadapron.guard.policy.keys import Key, Keys
from leadapron.guard.policy.lint import Entry, Where, listener_problems, rule_problems, warnings_of
from leadapron.guard.policy.places import Path, line_of, lines_of
from leadapron.guard.policy.problems import PolicyError, PolicyProblem
from leadapron.guard.policy.values import MOST_TEXT, WrongValueError, listed, near, shown, upstream
from leadapron.model.guard import Action, Audit, Limits, Listener, Policy, Query, Rule, Tls
from leadapron.model.toml import parse_toml

MOST_BYTES = 1_000_000
MOST_LISTENERS = 200
MOST_RULES = 2_000

_AT_LINE = re.compile(r"\(at line ([0-9]+)[^)]*\)$")


class Checked(Struct, frozen=True, kw_only=True):
    """What became of a file. `policy` is None where there are problems; warnings only want a second thought."""

    policy: Policy | None
    problems: tuple[PolicyProblem, ...]
    warnings: tuple[PolicyProblem, ...]


def read_policy(data: bytes, name: str, folder: str = "") -> Policy:
    """The policy. `name` is that of the file, for messages; paths in it are relative to `folder`. PolicyError (a
    UsageError) lists all that is wrong."""
    checked = check_policy(data, name, folder)
    if checked.policy is None:
        raise PolicyError(name, checked.problems)
    return checked.policy


def check_policy(data: bytes, name: str, folder: str = "") -> Checked:
    """As `read_policy`, with problems and warnings as they are. `name` stands in no message here."""
    try:
        text, document = _parsed(data)
    except WrongValueError as wrong:
        line = int(wrong.params.get("line", "1"))
        problem = PolicyProblem(line=line, message=wrong.message, params=wrong.params)
        return Checked(policy=None, problems=(problem,), warnings=())
    reader = _Reader(lines_of(text), folder)
    policy, warnings = reader.policy(document, sha256(data).hexdigest()[:16])
    order = sorted(reader.problems, key=lambda problem: problem.line)
    return Checked(policy=None if order else policy, problems=tuple(order), warnings=() if order else warnings)


def _parsed(data: bytes) -> tuple[str, dict[str, Any]]:
    if len(data) > MOST_BYTES:
        raise WrongValueError("problem.file-too-big", most=str(MOST_BYTES))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise WrongValueError("problem.not-utf8", line=str(line)) from None
    try:
        return text, parse_toml(text)
    except RecursionError:
        raise WrongValueError("problem.nested") from None
    except ValueError as error:
        said = str(error)
        found = _AT_LINE.search(said)
        line = int(found[1]) if found else text.count("\n") + 1
        detail = shown(_AT_LINE.sub("", said).removesuffix("(at end of document)").strip())
        raise WrongValueError("problem.not-toml", detail=detail, line=str(line)) from None


class _Reader:
    def __init__(self, lines: Mapping[Path, int], folder: str) -> None:
        self.lines = lines
        self.folder = folder
        self.problems: list[PolicyProblem] = []

    def wrong(self, path: Path, message: str, **params: str) -> None:
        self.problems.append(PolicyProblem(line=line_of(self.lines, path), message=message, params=params))

    # ------------------------------------------------------------ the file
    def policy(self, document: dict[str, Any], digest: str) -> tuple[Policy | None, tuple[PolicyProblem, ...]]:
        self.unknown(document, {"guard", "audit", "listener", "rule"}, ())
        guard = self.table(document.get("guard", {}), known.GUARD, ("guard",))
        audit = self.audit(document.get("audit", {}))
        listeners = self.many(document, "listener", MOST_LISTENERS, self.listener)
        rules = self.many(document, "rule", MOST_RULES, self.rule)
        where: Where = lambda kind, index, key: line_of(self.lines, (kind, index, key))  # noqa: E731
        named = {_name(each) for each in _dicts(document.get("listener"))}
        sound = [(index, each) for index, each in listeners if each is not None]
        entries = [each for _, each in rules if each is not None]
        self.problems += [*listener_problems(sound, where), *rule_problems(entries, sound, named, where)]
        if not listeners and not self.problems:
            self.wrong((), "problem.no-listener")
        if self.problems or guard is None or audit is None:
            return None, ()
        policy = Policy(
            listeners=tuple(listener for _, listener in sound),
            rules=tuple(entry.rule for entry in entries),
            audit=audit,
            digest=digest,
            **guard,
        )
        return policy, tuple(warnings_of(policy, entries, where, line_of(self.lines, ("audit", "syslog"))))

    def many(self, document: dict[str, Any], kind: str, most: int, read: Any) -> list[tuple[int, Any]]:
        found = document.get(kind, [])
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            self.wrong((kind,), "problem.not-many", key=kind)
            return []
        if len(found) > most:
            self.wrong((kind, most), "problem.too-many-tables", key=kind, most=str(most))
            return []
        return [(index, read(each, (kind, index))) for index, each in enumerate(found)]

    # ------------------------------------------------------------ tables
    def unknown(self, found: dict[str, Any], keys: set[str], path: Path) -> None:
        for key in found.keys() - keys:
            self.wrong((*path, key), "problem.unknown-key", key=shown(key), meant=near(key, keys))

    def table(self, found: Any, keys: Keys, path: Path, tables: frozenset[str] = frozenset()) -> dict[str, Any] | None:
        """Attribute → value of what is there. None: something was wrong, and has been told."""
        if not isinstance(found, dict):
            self.wrong(path, "problem.not-table", key=str(path[-1]))
            return None
        before = len(self.problems)
        self.unknown(found, {*keys, *tables}, path)
        read = {}
        for name, key in keys.items():
            if name in found:
                read[key.attribute] = self.value(found[name], key, (*path, name))
            elif key.required:
                self.wrong(path, f"problem.missing-{name}" if name == "fail" else "problem.missing", key=name)
        return read if len(self.problems) == before else None

    def value(self, found: Any, key: Key, path: Path) -> Any:
        try:
            value = key.read(found)
            return self.located(value) if key.path else value
        except WrongValueError as wrong:
            self.wrong(path, wrong.message, key=str(path[-1]), **wrong.params)
            return None

    def located(self, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(value, tuple):
            return tuple(str(self.located(each)) for each in value)
        return value if "://" in value or not self.folder else str(PurePath(self.folder) / value)

    def tls(self, found: dict[str, Any], name: str, keys: Keys, path: Path) -> Tls | None:
        if name not in found:
            return None
        read = self.table(found[name], keys, (*path, name))
        if read is None:
            return None
        if ("certificate" in read) != ("key" in read) or (keys is known.TLS and "certificate" not in read):
            self.wrong((*path, name), "problem.half-tls", key=name)
            return None
        return Tls(**read)

    def audit(self, found: Any) -> Audit | None:
        read = self.table(found, known.AUDIT, ("audit",), frozenset({"tls"}))
        if read is None:
            return None
        tls = self.tls(found, "tls", known.UPSTREAM_TLS, ("audit",))
        return Audit(tls=tls, **read)

    def listener(self, found: dict[str, Any], path: Path) -> Listener | None:
        before = len(self.problems)
        inner = frozenset({"routes", "tls", "upstream_tls", "limits", "tokens"})
        read = self.table(found, known.LISTENER, path, inner)
        tls = self.tls(found, "tls", known.TLS, path)
        upstream_tls = self.tls(found, "upstream_tls", known.UPSTREAM_TLS, path)
        limits = self.table(found.get("limits", {}), known.LIMITS, (*path, "limits"))
        tokens = self.table(found["tokens"], known.TOKENS, (*path, "tokens")) if "tokens" in found else {}
        routes = self.routes(found.get("routes", {}), (*path, "routes"))
        if read is None or limits is None or tokens is None or len(self.problems) > before:
            return None
        limited = Limits(**limits)
        return Listener(tls=tls, upstream_tls=upstream_tls, limits=limited, tokens=tokens, routes=routes, **read)

    def routes(self, found: Any, path: Path) -> dict[str, tuple[str, ...]]:
        if not isinstance(found, dict):
            self.wrong(path, "problem.not-table", key="routes")
            return {}
        key = Key("", listed(upstream))
        for title in found:
            if not title.strip() or not title.isprintable() or len(title) > MOST_TEXT:
                self.wrong((*path, title), "problem.unprintable", key=shown(title))
        return {title.strip(): self.value(value, key, (*path, title)) for title, value in found.items()}

    def rule(self, found: dict[str, Any], path: Path) -> Entry | None:
        read = self.table(found, known.RULE, path)
        actions = [action for action in Action if action.value in found]
        if len(actions) != 1:
            self.wrong(path, "problem.one-action")
            return None
        if read is None:
            return None
        query = {key.attribute: read.pop(key.attribute) for key in known.QUERY.values() if key.attribute in read}
        line = line_of(self.lines, path)
        rule = Rule(line=line, action=actions[0], query=Query(**query) if query else None, **read)
        return Entry(index=int(path[-1]), rule=rule, given=frozenset(found))


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _name(table: dict[str, Any]) -> str:
    name = table.get("name")
    return name.strip() if isinstance(name, str) else ""
