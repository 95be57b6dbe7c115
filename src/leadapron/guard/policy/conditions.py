"""The conditions of a rule, made ready for many questions. All must hold; the first that fails can be told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

from leadapron.guard.policy.services import commanded, tasks_of_class
from leadapron.model.guard import Action, Hours, Operation, Peer, Rule, Speech, Task


class Condition(StrEnum):
    """In the order in which they are asked; the words are the keys of a policy."""

    LISTENERS = "listeners"
    FROM = "from"
    CERTIFICATE = "certificate"
    CALLING = "calling"
    CALLED = "called"
    USERS = "users"
    HOURS = "hours"
    TASKS = "tasks"
    SOP_CLASSES = "sop_classes"
    DESTINATIONS = "destinations"
    MESSAGES = "messages"


Range = tuple[int, int, int]
"""IP version, first and last address."""


def fits(pattern: str, text: str) -> bool:
    """`*` is any characters, `?` is one, `\\` before either is the character itself. Time grows with the product of the
    lengths at most, whatever the pattern."""
    place = start = 0
    star = -1
    while start < len(text):
        one = pattern[place : place + 1]
        if one == "*":
            star, mark, place = place, start, place + 1
            continue
        literal = pattern[place + 1 : place + 2] if one == "\\" else ""
        if literal in ("*", "?") and literal:
            met, wide = literal == text[start], 2
        else:
            met, wide = one != "" and one in ("?", text[start]), 1
        if met:
            place, start = place + wide, start + 1
        elif star >= 0:
            mark += 1
            place, start = star + 1, mark
        else:
            return False
    return not pattern[place:].strip("*")


def ranges_of(sources: Iterable[str]) -> tuple[Range, ...]:
    """Networks and addresses of a rule (checked when it was read)."""
    networks = [ip_network(source) for source in sources]
    return tuple((each.version, int(each.network_address), int(each.broadcast_address)) for each in networks)


def number_of(address: str) -> tuple[int, int]:
    """IP version and number; an IPv4 address that came in IPv6's clothes is IPv4. (0, 0): none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return 0, 0
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.version, int(found)


def is_mapped(network: IPv6Network) -> bool:
    """Does it lie in ::ffff:0:0/96, which no address of a peer ever does here?"""
    return network.subnet_of(IPv6Network("::ffff:0:0/96"))


class Terms:
    """One rule, compiled for one kind of listener."""

    __slots__ = ("_commanded", "_families", "_ranges", "_speaks", "narrow", "passing", "rule")

    def __init__(self, rule: Rule, speaks: Speech) -> None:
        self.rule = rule
        self._speaks = speaks
        self._ranges = ranges_of(rule.sources)
        self._families = frozenset(task for uid in rule.sop_classes for task in families(uid))
        self._commanded = commanded(rule.sop_classes)
        self.passing = rule.shadow or rule.action in (Action.ALLOW, Action.HOLD)
        """May something that it matches get through?"""
        self.narrow = bool(rule.tasks or rule.sop_classes or rule.destinations or rule.messages)
        """Does it look at what is asked for?"""

    # ------------------------------------------------------------ who
    def who_fails(self, peer: Peer, number: tuple[int, int]) -> Condition | None:
        """The first condition on the peer that does not hold."""
        rule = self.rule
        if rule.listeners and peer.listener not in rule.listeners:
            return Condition.LISTENERS
        if self._ranges and not self._within(number):
            return Condition.FROM
        if rule.certificates and not _certified(rule.certificates, peer.certificates):
            return Condition.CERTIFICATE
        if rule.calling and not self._titled(rule.calling, peer.calling):
            return Condition.CALLING
        if rule.called and not self._titled(rule.called, peer.called):
            return Condition.CALLED
        if rule.users and not (peer.user and any(fits(pattern, peer.user) for pattern in rule.users)):
            return Condition.USERS
        return None

    def _within(self, number: tuple[int, int]) -> bool:
        version, value = number
        return any(each == version and low <= value <= high for each, low, high in self._ranges)

    def _titled(self, patterns: tuple[str, ...], title: str) -> bool:
        if any(fits(pattern, title) for pattern in patterns):
            return True
        if self._speaks is not Speech.HL7:
            return False
        application, at, _ = title.partition("@")
        return bool(at) and any("@" not in pattern and fits(pattern, application) for pattern in patterns)

    # ------------------------------------------------------------ when
    def when_fails(self, local: datetime) -> bool:
        """Is it outside the rule's hours?"""
        return bool(self.rule.hours) and not any(_open(hours, local) for hours in self.rule.hours)

    # ------------------------------------------------------------ what
    def what_fails(self, operation: Operation) -> Condition | None:
        """The first condition on what is asked for that does not hold."""
        rule, task = self.rule, operation.task
        if rule.tasks and task not in rule.tasks:
            return Condition.TASKS
        sop_class = operation.sop_class
        if sop_class not in self._commanded and not self.covers_class(task, sop_class):
            return Condition.SOP_CLASSES
        if (
            rule.destinations
            and task is Task.MOVE
            and not any(fits(pattern, operation.destination) for pattern in rule.destinations)
        ):
            return Condition.DESTINATIONS
        if rule.messages and task is Task.MESSAGE and not _messaged(rule.messages, operation.message):
            return Condition.MESSAGES
        return None

    def covers_class(self, task: Task, sop_class: str) -> bool:
        """May the task be done in a context of that class? Classes narrow the tasks they belong to: `echo` and `find`
        need not be spelled out in a rule that names the classes to `store`. Under `any`, and to store, only listed ones
        fit."""
        if not self.rule.sop_classes or sop_class in self.rule.sop_classes:
            return True
        if not self.rule.tasks or task is Task.STORE:
            return False
        kinds = tasks_of_class(sop_class) if sop_class else frozenset({task})
        if task is Task.GET and (Task.STORE in kinds or not sop_class) and Task.STORE in self._families:
            return False
        return task in kinds and task not in self._families


def families(sop_class: str) -> frozenset[Task]:
    """The tasks that a class narrows where it is listed: a storage class narrows what is stored, and by that what may
    be got, but says nothing of the request to get it."""
    kinds = tasks_of_class(sop_class)
    return kinds - {Task.GET} if Task.STORE in kinds else kinds


def _certified(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    lowered = [name.lower() for name in names]
    return any(fits(pattern.lower(), name) for pattern in patterns for name in lowered)


def _messaged(patterns: tuple[str, ...], message: str) -> bool:
    kind = message.partition("^")[0]
    return any(fits(pattern, message if "^" in pattern else kind) for pattern in patterns)


def _open(hours: Hours, local: datetime) -> bool:
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if hours.start <= hours.end:
        return day in hours.days and hours.start <= minute < hours.end
    if minute >= hours.start:
        return day in hours.days
    return minute < hours.end and (day - 1) % 7 in hours.days
