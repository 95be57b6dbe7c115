"""Policies, peers and operations for tests: by hand, and by chance."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from leadapron.guard.policy.services import storage_classes
from leadapron.guard.policy.values import EVERYWHERE, LEVELS, RATED
from leadapron.model.guard import (
    Action,
    Audit,
    Hours,
    Limits,
    Listener,
    Operation,
    Peer,
    Policy,
    Query,
    Rate,
    Rule,
    Speech,
    Task,
    Tls,
)

CT, MR, PDF = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.104.1"
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{each}" for each in (1, 2, 3))
WORKLIST, VERIFICATION, PRIVATE = "1.2.840.10008.5.1.4.31", "1.2.840.10008.1.1", "1.3.12.2.1107.5.9.1"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
ARCHIVE = Listener(
    name="archive", speaks=Speech.DICOM, listen="127.0.0.1:11112", upstream=("127.0.0.1:104",), fail="closed"
)
CT1 = Peer(address="10.1.2.3", listener="archive", calling="CT1", called="PACS")
STORE = Operation(task=Task.STORE, command="C-STORE", sop_class=CT, transfer_syntax=EXPLICIT)


def rule(name: str = "rule", **given: object) -> Rule:
    """A rule that allows, with what is given."""
    return Rule(**{"name": name, "line": 1, **given})  # type: ignore[arg-type]


def policy(*rules: Rule, listener: Listener = ARCHIVE) -> Policy:
    return Policy(listeners=(listener,), rules=rules)


def bare(read: Policy) -> Policy:
    """Without what only a file has."""
    rules = tuple(msgspec.structs.replace(each, line=0) for each in read.rules)
    return msgspec.structs.replace(read, rules=rules, digest="")


# ---------------------------------------------------------------- by chance
titles = st.sampled_from(["CT1", "CT?", "US*", "*", "PACS", "ÉCHO \\*", 'a"b'])
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12)
addresses = st.one_of(
    st.ip_addresses(v=4).map(str), st.sampled_from(["10.1.2.0/24", "10.0.0.0/8", "fd00::/64", "fd00::1", "10.1.2.3"])
)
classes = st.sampled_from(
    [CT, MR, PDF, STUDY_FIND, STUDY_GET, WORKLIST, VERIFICATION, PRIVATE, "1.2.840.10008.5.1.1.9"]
)
syntaxes = st.sampled_from([IMPLICIT, EXPLICIT, JPEG, "1.2.3.4"])
amounts = st.one_of(st.integers(1, 50), st.sampled_from([10**3, 5 * 10**6, 1 << 20, 2 * 10**9, 3 * 10**12, 1 << 40]))
hours = st.builds(
    Hours, days=st.frozensets(st.integers(0, 6), min_size=1), start=st.integers(0, 719), end=st.integers(720, 1440)
) | st.builds(
    Hours, days=st.frozensets(st.integers(0, 6), min_size=1), start=st.integers(720, 1439), end=st.integers(0, 719)
)
rates = st.builds(
    Rate, what=st.sampled_from(RATED), amount=amounts, seconds=st.sampled_from([1, 7, 60, 90, 600, 3600, 86400])
)


def _some(one: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(one, max_size=most, unique=True).map(tuple)


queries = st.builds(Query, wide=st.booleans(), levels=_some(st.sampled_from(LEVELS)), results=st.integers(0, 5000))
_who = {
    "listeners": st.sampled_from([(), ("archive",)]),
    "sources": _some(addresses) | st.just(EVERYWHERE),
    "certificates": _some(st.sampled_from(["CN=ct1", "*.hospital.example", "sha256:" + "0f" * 32])),
    "calling": _some(titles),
    "called": _some(titles),
    "users": _some(titles),
    "tasks": st.frozensets(st.sampled_from(Task), max_size=4),
    "sop_classes": _some(classes).map(lambda found: tuple(sorted(found)))
    | st.booleans().map(lambda more: tuple(sorted({*storage_classes(), *((VERIFICATION,) if more else ())}))),
    "destinations": _some(titles, 1),
    "messages": _some(st.sampled_from(["ORU", "ORM^O01", "ADT^*"]), 2),
    "hours": st.lists(hours, max_size=1).map(tuple),
    "shadow": st.booleans(),
}
_bounds = {
    "transfer_syntaxes": _some(syntaxes),
    "query": st.none() | queries,
    "object_size": st.just(0) | amounts,
    "rates": st.lists(rates, max_size=2, unique=True).map(tuple),
    "identity": st.booleans(),
    "inspect": st.sampled_from(["header", "whole", "off"]),
    "on_hit": st.sampled_from([Action.DENY, Action.HOLD]),
    "strip_private": st.booleans(),
    "keep_private": _some(words, 2),
}
refusals = st.sampled_from([Action.DENY, Action.HOLD, Action.TARPIT])
rules = st.one_of(
    st.builds(Rule, name=words, line=st.just(0), **_who, **_bounds),
    st.builds(Rule, name=words, line=st.just(0), action=refusals, **_who),
)
tls = st.builds(
    Tls,
    certificate=st.just("/etc/guard.pem"),
    key=st.just("/etc/guard.key"),
    authorities=st.sampled_from(["", "/etc/ca.pem"]),
    profile=st.sampled_from(["bcp195", "bcp195-modified"]),
)
limits = st.builds(
    Limits, connections=st.integers(1, 10_000), idle=st.floats(0.001, 86_400), pdu=amounts, memory=amounts
)
listeners = st.builds(
    Listener,
    name=st.just("archive"),
    speaks=st.just(Speech.DICOM),
    listen=st.sampled_from(["127.0.0.1:11112", "[::]:104"]),
    upstream=st.sampled_from([("10.0.0.1:104",), ("pacs-1:104", "[fd00::1]:105")]),
    fail=st.sampled_from(["open", "closed"]),
    routes=st.dictionaries(titles, st.just(("10.0.0.2:104",)), max_size=2),
    tls=st.none() | tls,
    upstream_tls=st.none() | tls,
    limits=limits,
    ledger=st.booleans(),
)
audits = st.builds(
    Audit,
    syslog=st.sampled_from(["", "collector:6514"]),
    tls=st.none() | tls | st.just(Tls()),
    form=st.sampled_from(["dicom", "fhir"]),
    spool=amounts,
)
policies = st.builds(
    Policy,
    name=words,
    listeners=st.tuples(listeners),
    rules=st.lists(rules, max_size=5, unique_by=lambda each: each.name).map(tuple),
    audit=audits,
    workspace=st.sampled_from(["", "/srv/workspace"]),
    state=st.just("/var/lib/guard"),
    metrics=st.sampled_from(["", "127.0.0.1:9464"]),
    content_rules=_some(st.just("/etc/more.yar")),
)
peers = st.builds(
    Peer,
    address=st.sampled_from(["10.1.2.3", "10.9.9.9", "fd00::1", "::ffff:10.1.2.3", ""]),
    listener=st.just("archive"),
    calling=st.sampled_from(["CT1", "US7", ""]),
    called=st.sampled_from(["PACS", "OTHER"]),
    certificates=st.sampled_from([(), ("CN=CT1", "ct1.hospital.example")]),
    user=st.sampled_from(["", "US1"]),
)
operations = st.builds(
    Operation,
    task=st.sampled_from(Task),
    sop_class=st.just("") | classes,
    transfer_syntax=st.just("") | syntaxes,
    destination=st.sampled_from(["", "CT1", "READ"]),
    message=st.sampled_from(["", "ORU^R01", "ORM^O01"]),
    wide=st.booleans(),
    level=st.sampled_from(["", *LEVELS]),
)
