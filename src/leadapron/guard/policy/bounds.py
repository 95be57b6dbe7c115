"""The bounds of an allowing rule: what it asks of a thing that it would let through."""

from __future__ import annotations

from collections.abc import Iterator

from leadapron.guard.policy.services import tasks_of_class
from leadapron.model.guard import Operation, Peer, Query, Rate, Reason, Rule, Task

_STRICT = Query()
"""A rule that says nothing of queries does not let everything be listed."""
_COUNTED = {
    Task.STORE: "objects",
    Task.FIND: "queries",
    Task.WORKLIST: "queries",
    Task.MESSAGE: "messages",
}
_OBJECTS = frozenset({Task.STORE, Task.GET})
BYTES = "bytes"
ASSOCIATIONS = "associations"


def broken(rule: Rule, peer: Peer, operation: Operation) -> Reason | None:
    """The first bound that is overstepped, rates and sizes aside."""
    if rule.identity and not peer.user:
        return Reason.IDENTITY
    if not transferable(rule, operation.task, operation.sop_class, operation.transfer_syntax):
        return Reason.TRANSFER_SYNTAX
    query = rule.query or _STRICT
    if operation.wide and operation.task is not Task.WORKLIST and not query.wide:
        return Reason.WIDE_QUERY
    if (
        operation.task in (Task.FIND, Task.WORKLIST)
        and query.levels
        and operation.level
        and operation.level.upper() not in query.levels
    ):
        return Reason.QUERY_LEVEL
    return None


def transferable(rule: Rule, task: Task, sop_class: str, transfer_syntax: str) -> bool:
    """Transfer syntaxes bound objects only: a query, a request to retrieve and their answers are in a plain one."""
    if not rule.transfer_syntaxes or not transfer_syntax or transfer_syntax in rule.transfer_syntaxes:
        return True
    kinds = tasks_of_class(sop_class) if sop_class else _OBJECTS
    return task not in _OBJECTS or Task.STORE not in kinds


def counted(rule: Rule, task: Task) -> Iterator[tuple[Rate, int]]:
    """The rates that such a task is measured against, and how much it counts: bytes are counted when they have come."""
    what = _COUNTED.get(task)
    for rate in rule.rates:
        if rate.what == what:
            yield rate, 1
        elif rate.what == BYTES:
            yield rate, 0
