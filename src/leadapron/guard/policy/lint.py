"""What single values do not tell: rules that contradict their listeners, themselves, or never decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address

from msgspec import Struct

from leadapron.guard.policy.covering import covers, prepared
from leadapron.guard.policy.keys import BOUNDS, NEEDS, QUERY
from leadapron.guard.policy.problems import PolicyProblem
from leadapron.guard.policy.services import tasks_of_class
from leadapron.guard.policy.values import near
from leadapron.model.guard import Action, Listener, Policy, Rule, Speech, Task

Where = Callable[[str, int, str], int]
"""`rule` or `listener`, its number in the file, a key → line."""
Numbered = Sequence[tuple[int, Listener]]


class Entry(Struct, frozen=True, kw_only=True):
    """A rule, its number in the file, and the keys that were written."""

    index: int
    rule: Rule
    given: frozenset[str]


# ---------------------------------------------------------------- listeners
def listener_problems(listeners: Numbered, where: Where) -> Iterator[PolicyProblem]:
    """What does not go together in or between listeners."""
    names = Counter(listener.name for _, listener in listeners)
    places = Counter(listener.listen for _, listener in listeners if not listener.listen.endswith(":0"))
    seen: set[str] = set()
    for index, listener in listeners:
        if names[listener.name] > 1 and listener.name in seen:
            yield _problem(where("listener", index, "name"), "problem.twice", key="name", value=listener.name)
        if places[listener.listen] > 1 and listener.listen in seen:
            yield _problem(where("listener", index, "listen"), "problem.twice", key="listen", value=listener.listen)
        seen |= {listener.name, listener.listen}
        for key, message in _contradictions(listener):
            yield _problem(where("listener", index, key), message, key=key)


def _contradictions(listener: Listener) -> Iterator[tuple[str, str]]:
    web = listener.speaks is Speech.DICOMWEB
    for key, given in (("upstream", listener.upstream), *(("routes", each) for each in listener.routes.values())):
        if any(("://" in each) is not web for each in given):
            yield key, "problem.upstream-url" if web else "problem.upstream-no-url"
    if web and listener.upstream_tls and any(each.startswith("http:") for each in listener.upstream):
        yield "upstream_tls", "problem.upstream-plain"
    if listener.tokens and not web:
        yield "tokens", "problem.web-only"
    if listener.routes and web:
        yield "routes", "problem.not-web"


# ---------------------------------------------------------------- rules
def rule_problems(
    entries: Sequence[Entry], listeners: Numbered, named: set[str], where: Where
) -> Iterator[PolicyProblem]:
    """What is wrong with rules beyond their single values. `named` are all listeners' names, broken ones too."""
    seen: set[str] = set()
    by_name = {listener.name: listener for _, listener in listeners}
    for entry in entries:
        rule = entry.rule
        if rule.name in seen:
            yield _problem(where("rule", entry.index, "name"), "problem.twice", key="name", value=rule.name)
        seen.add(rule.name)
        for name in rule.listeners:
            if name not in named:
                line = where("rule", entry.index, "listeners")
                yield _problem(line, "problem.unknown-listener", value=name, meant=near(name, named))
        for key, message in (*_misfits(entry), *_uncertified(rule, by_name)):
            yield _problem(where("rule", entry.index, key), message, key=key, tasks=", ".join(NEEDS.get(key, ())))
    yield from _unreachable(entries, where)


def _misfits(entry: Entry) -> Iterator[tuple[str, str]]:
    rule = entry.rule
    if rule.action is not Action.ALLOW:
        for key in sorted(entry.given & (BOUNDS.keys() | QUERY.keys())):
            yield key, "problem.bound-without-allow"
    if rule.action is Action.HOLD and rule.tasks != {Task.STORE}:
        yield "hold", "problem.hold-store-only"
    if rule.tasks:
        for key in sorted(entry.given & NEEDS.keys()):
            if rule.tasks.isdisjoint(NEEDS[key]):
                yield key, "problem.without-task"
    if rule.keep_private and not rule.strip_private:
        yield "keep_private", "problem.keep-without-strip"
    if rule.sop_classes and Task.STORE in rule.tasks and not _any_stored(rule):
        yield "sop_classes", "problem.no-storage-class"
    if rule.action is Action.ALLOW and not (rule.sources or rule.calling or rule.certificates):
        yield "name", "problem.anyone"


def _any_stored(rule: Rule) -> bool:
    return any(Task.STORE in tasks_of_class(uid) for uid in rule.sop_classes)


def _uncertified(rule: Rule, listeners: dict[str, Listener]) -> Iterator[tuple[str, str]]:
    """A certificate that no listener asks for can never be shown."""
    if not rule.certificates:
        return
    asking = {name for name, listener in listeners.items() if listener.tls and listener.tls.authorities}
    reached = {name for name in rule.listeners if name in listeners}
    if (reached - asking) if rule.listeners else (listeners and not asking):
        yield "certificate", "problem.no-client-tls"


def _unreachable(entries: Sequence[Entry], where: Where) -> Iterator[PolicyProblem]:
    ready = [prepared(entry.rule) for entry in entries]
    for number, entry in enumerate(entries):
        later = ready[number]
        for earlier in ready[:number]:
            if covers(earlier, later):
                params = {"earlier": earlier.rule.name, "earlier_line": str(earlier.rule.line)}
                yield _problem(where("rule", entry.index, "name"), "problem.unreachable", **params)
                break


# ---------------------------------------------------------------- second thoughts
def warnings_of(policy: Policy, entries: Sequence[Entry], where: Where, syslog: int) -> Iterator[PolicyProblem]:
    """What is allowed to be so, and is rarely meant."""
    for entry in entries:
        rule = entry.rule
        if rule.shadow:
            yield _problem(where("rule", entry.index, "shadow"), "warning.shadow")
        if rule.action is not Action.ALLOW:
            continue
        if any("*" in title for title in rule.called):
            yield _problem(where("rule", entry.index, "called"), "warning.called-wildcard")
        finds = not rule.tasks or Task.FIND in rule.tasks
        if finds and rule.query and rule.query.wide and not rule.query.results:
            yield _problem(where("rule", entry.index, "wide_queries"), "warning.no-result-limit")
    for index, listener in enumerate(policy.listeners):
        if not any(_lets_in(rule, listener) for rule in policy.rules):
            yield _problem(where("listener", index, "name"), "warning.no-rule", value=listener.name)
    if policy.audit.syslog and policy.audit.tls is None and not _here(policy.audit.syslog):
        yield _problem(syslog, "warning.plain-audit")


def _lets_in(rule: Rule, listener: Listener) -> bool:
    lets = rule.shadow or rule.action in (Action.ALLOW, Action.HOLD)
    return lets and (not rule.listeners or listener.name in rule.listeners)


def _here(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _problem(line: int, message: str, **params: str) -> PolicyProblem:
    return PolicyProblem(line=line, message=message, params=params)
