"""Every key of a policy file: what it is called there, in the model, and how its value is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from leadapron.guard.policy import values
from leadapron.model.guard import Action, Speech, Task


class Key(NamedTuple):
    """One key of a table."""

    attribute: str
    read: Callable[[Any], Any]
    path: bool = False
    """Names files: relative ones are relative to the policy's folder."""
    required: bool = False


Keys = Mapping[str, Key]

_TEXT, _TEXTS = values.text, values.listed(values.text)

GUARD: Keys = {
    "name": Key("name", _TEXT),
    "workspace": Key("workspace", _TEXT, path=True),
    "state": Key("state", _TEXT, path=True),
    "metrics": Key("metrics", values.listening),
    "content_rules": Key("content_rules", _TEXTS, path=True),
}
AUDIT: Keys = {
    "syslog": Key("syslog", values.upstream),
    "form": Key("form", values.choice("dicom", "fhir")),
    "spool": Key("spool", values.size),
    "source": Key("source", _TEXT),
}
TLS: Keys = {
    "certificate": Key("certificate", _TEXT, path=True),
    "key": Key("key", _TEXT, path=True),
    "authorities": Key("authorities", _TEXT, path=True),
    "profile": Key("profile", values.choice("bcp195", "bcp195-modified")),
}
UPSTREAM_TLS: Keys = {**TLS, "name": Key("name", _TEXT)}
LISTENER: Keys = {
    "name": Key("name", _TEXT, required=True),
    "speaks": Key("speaks", lambda value: Speech(values.choice(*Speech)(value)), required=True),
    "listen": Key("listen", values.listening, required=True),
    "upstream": Key("upstream", values.listed(values.upstream), required=True),
    "fail": Key("fail", values.choice("closed", "open"), required=True),
    "ledger": Key("ledger", values.yes),
}
LIMITS: Keys = {
    "connections": Key("connections", values.count),
    "connections_per_peer": Key("connections_per_peer", values.count),
    "handshake": Key("handshake", values.seconds),
    "idle": Key("idle", values.seconds),
    "stall": Key("stall", values.seconds),
    "pdu": Key("pdu", values.size),
    "associate": Key("associate", values.size),
    "memory": Key("memory", values.size),
}
TOKENS: Keys = {
    "issuer": Key("issuer", _TEXT, required=True),
    "audience": Key("audience", _TEXT, required=True),
    "keys": Key("keys", _TEXT, path=True, required=True),
}
CONDITIONS: Keys = {
    "listeners": Key("listeners", _TEXTS),
    "from": Key("sources", values.sources),
    "certificate": Key("certificates", values.listed(values.certificate)),
    "calling": Key("calling", _TEXTS),
    "called": Key("called", _TEXTS),
    "users": Key("users", _TEXTS),
    "sop_classes": Key("sop_classes", values.classes),
    "destinations": Key("destinations", _TEXTS),
    "messages": Key("messages", _TEXTS),
    "hours": Key("hours", values.listed(values.hours)),
}
ACTIONS: Keys = {action.value: Key("tasks", values.tasks) for action in Action}
QUERY: Keys = {
    "wide_queries": Key("wide", values.yes),
    "query_levels": Key("levels", values.listed(values.level)),
    "results": Key("results", values.count),
}
BOUNDS: Keys = {
    "transfer_syntaxes": Key("transfer_syntaxes", values.syntaxes),
    "object_size": Key("object_size", values.size),
    "rates": Key("rates", values.listed(values.rate)),
    "identity": Key("identity", values.yes),
    "inspect": Key("inspect", values.choice("header", "whole", "off")),
    "on_hit": Key("on_hit", lambda value: Action(values.choice(Action.DENY, Action.HOLD)(value))),
    "strip_private": Key("strip_private", values.yes),
    "keep_private": Key("keep_private", _TEXTS),
}
RULE: Keys = {
    "name": Key("name", _TEXT, required=True),
    "shadow": Key("shadow", values.yes),
    **ACTIONS,
    **CONDITIONS,
    **QUERY,
    **BOUNDS,
}
TABLES: Mapping[str, Keys] = {
    "guard": GUARD,
    "audit": AUDIT,
    "audit.tls": UPSTREAM_TLS,
    "listener": LISTENER,
    "listener.routes": {},
    "listener.tls": TLS,
    "listener.upstream_tls": UPSTREAM_TLS,
    "listener.limits": LIMITS,
    "listener.tokens": TOKENS,
    "rule": RULE,
}
"""By where they stand in the file; keys of `listener.routes` are AE titles."""

_OBJECTS = frozenset({Task.STORE, Task.GET})
_ATTRIBUTES = frozenset({Task.MPPS, Task.COMMIT, Task.NORMALISED})
"""N-services whose data sets are looked at; those of print are pixels."""
_QUERIES = frozenset({Task.FIND, Task.WORKLIST})
NEEDS: Mapping[str, frozenset[Task]] = {
    "destinations": frozenset({Task.MOVE}),
    "messages": frozenset({Task.MESSAGE}),
    "transfer_syntaxes": _OBJECTS,
    "object_size": _OBJECTS | _ATTRIBUTES | {Task.PRINT, Task.MESSAGE},
    "inspect": _OBJECTS | _ATTRIBUTES | {Task.MESSAGE},
    "on_hit": _OBJECTS | _ATTRIBUTES,
    "strip_private": _OBJECTS,
    "keep_private": _OBJECTS,
    **dict.fromkeys(QUERY, _QUERIES),
    "wide_queries": _QUERIES | {Task.MOVE, Task.GET},
}
"""Keys that mean nothing in a rule without one of these tasks."""
