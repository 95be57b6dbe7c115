"""A policy that allows what was seen, and nothing else: one listener for each server, one rule for each of its peers.

What is suggested is a beginning. Its last rule denies the rest in shadow, so that nothing fails before a person has
seen for a while what would.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from leadapron.guard.policy import policy_words, task_of
from leadapron.guard.policy.services import storage_classes
from leadapron.model.events import DicomAssociation, DicomOutcome, Endpoint, Hl7Session, HttpApi, HttpSession
from leadapron.model.guard import Action, Listener, Policy, Query, Rate, Rule, Speech, Task

HEADROOM = 4
"""Rates and results may be so many times what was seen."""
LEAST_PER_HOUR = 60
LEAST_RESULTS = 200
GUESSES = 3
"""Called titles refused to one peer from which on it is taken for somebody who tries doors."""
MOST_STORAGE = 20
"""Storage classes that a rule names one by one."""
FIRST_PORT = 11112
_RETRIEVAL = frozenset({Task.FIND, Task.MOVE, Task.GET})


class Suggestion(Struct, frozen=True, kw_only=True):
    """A policy, what should be known of its rules, and who got none."""

    policy: Policy
    remarks: Mapping[str, tuple[str, ...]]
    """Name of a rule → message ids: `suggest.rare`, `suggest.wide`, `suggest.moves`, `suggest.no-identity`."""
    suspects: tuple[str, ...]
    """Addresses that tried titles, were always refused, or attacked: no rule was made for what they did there."""


class _Seen(Struct):
    """What one peer did with one server."""

    calling: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    tasks: set[Task] = field(default_factory=set)
    sop_classes: set[str] = field(default_factory=set)
    destinations: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    times: list[datetime] = field(default_factory=list)
    objects: Counter[datetime] = field(default_factory=Counter)
    wide: bool = False
    matches: int = 0
    identified: bool = True


_Key = tuple[str, str]
"""Address of the peer, and the title it called itself."""


def suggest(
    associations: Iterable[DicomAssociation],
    messages: Iterable[Hl7Session],
    exchanges: Iterable[HttpSession],
    *,
    names: Mapping[str, str],
    suspects: Collection[tuple[str, str]] = (),
    language: str = "en",
) -> Suggestion:
    """From all that was seen; `names` are labels of devices by address, `suspects` clients and servers whose
    traffic looks like an attack; the last rule is named in `language`. Nothing seen gives a policy without rules."""
    servers: dict[tuple[Speech, str, int], dict[_Key, _Seen]] = defaultdict(lambda: defaultdict(_Seen))
    refused: dict[str, set[str]] = defaultdict(set)
    for association in associations:
        if association.outcome is DicomOutcome.REJECTED or not _tasks(association):
            refused[association.client.ip].add(association.called_ae_title)
        else:
            key = association.client.ip, association.calling_ae_title
            _add_association(servers[_server(Speech.DICOM, association.server)][key], association)
    for session in messages:
        _add_messages(servers[_server(Speech.HL7, session.server)], session)
    for http in exchanges:
        if tasks := _web_tasks(http):
            seen = servers[_server(Speech.DICOMWEB, http.server)][http.client.ip, ""]
            seen.tasks |= tasks
            seen.times.append(http.ts)
    barred = {address for address, titles in refused.items() if len(titles) >= GUESSES}
    barred |= refused.keys() - {address for peers in servers.values() for address, _ in peers}
    for (_speaks, server, _port), peers in servers.items():
        for key in tuple(peers):
            if key[0] in barred or (key[0], server) in suspects:
                del peers[key]
    remainder = policy_words()[language]["suggest.remainder"]
    return _written(servers, barred | {client for client, _ in suspects}, names, remainder)


def _server(speaks: Speech, server: Endpoint) -> tuple[Speech, str, int]:
    return speaks, server.ip, server.port


def _tasks(association: DicomAssociation) -> set[Task]:
    """What the client asked for and got at least once."""
    return {
        task_of(operation.command, operation.sop_class)
        for operation in association.operations
        if operation.by_client and (not operation.statuses or set(operation.statuses) & _GOOD)
    }


_GOOD = frozenset({"0x0000", "0xFF00", "0xFF01", "0xB000", "0xB006", "0xB007"})
"""Statuses of success, of more to come, and of warnings (PS3.7 Annex C)."""


def _add_association(seen: _Seen, association: DicomAssociation) -> None:
    tasks = _tasks(association)
    seen.calling.add(association.calling_ae_title)
    seen.called.add(association.called_ae_title)
    seen.tasks |= tasks
    for operation in association.operations:
        if operation.by_client and operation.sop_class:
            seen.sop_classes.add(operation.sop_class)
    if tasks & {Task.STORE, Task.GET}:
        # What a device is set up to send, or to be sent by a C-GET, but was not that week would fail on the day it is.
        seen.sop_classes |= {
            context.abstract_syntax
            for context in association.contexts
            if context.result == 0 and task_of("C-STORE", context.abstract_syntax) is Task.STORE
        }
    seen.destinations |= set(association.move_destinations)
    seen.times.append(association.ts)
    seen.objects[_hour(association.ts)] += association.objects
    seen.wide = seen.wide or association.wide_finds > 0
    seen.matches = max(seen.matches, association.find_matches)
    seen.identified = seen.identified and association.user_identity > 0


def _add_messages(peers: dict[_Key, _Seen], session: Hl7Session) -> None:
    for row in session.traffic:
        if not row.by_client or row.acknowledgement or not row.message_type:
            continue
        calling = row.sending_application
        if calling and row.sending_facility:
            calling += f"@{row.sending_facility}"
        seen = peers[session.client.ip, calling]
        seen.calling.add(calling)
        seen.called.add(row.receiving_application)
        seen.tasks.add(Task.MESSAGE)
        seen.messages.add(row.message_type)
        seen.times.append(session.ts)
        seen.objects[_hour(session.ts)] += row.messages


def _web_tasks(session: HttpSession) -> set[Task]:
    tasks = set()
    for exchange in session.exchanges:
        if exchange.api is HttpApi.DICOMWEB and 200 <= exchange.status < 300:
            if exchange.method == "POST":
                tasks.add(Task.STORE)
            elif exchange.method == "GET":
                listing = exchange.path.rstrip("/").rpartition("/")[2] in ("studies", "series", "instances")
                tasks.add(Task.FIND if listing else Task.GET)
    return tasks


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


# ---------------------------------------------------------------- writing it down
def _written(
    servers: Mapping[tuple[Speech, str, int], Mapping[_Key, _Seen]],
    suspects: set[str],
    names: Mapping[str, str],
    remainder: str,
) -> Suggestion:
    listeners, rules = [], []
    remarks: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    ports: set[int] = set()
    for (speaks, ip, port), peers in sorted(servers.items()):
        if not peers:
            continue
        name = _unique(_word(names.get(ip) or ip), taken)
        upstream = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        if speaks is Speech.DICOMWEB:
            upstream = f"http://{upstream}"
        listen = f"0.0.0.0:{_free(port, ports)}"
        listeners.append(Listener(name=name, speaks=speaks, listen=listen, upstream=(upstream,), fail="closed"))
        for (address, calling), seen in sorted(peers.items()):
            label = " ".join(part for part in (names.get(address, address), calling, "→", name) if part)
            rule = _rule(_unique(label, taken), name, address, seen, speaks)
            rules.append(rule)
            if said := _remarks(seen):
                remarks[rule.name] = said
    if rules:
        rules.append(Rule(name=_unique(remainder, taken), line=0, action=Action.DENY, shadow=True))
    return Suggestion(
        policy=Policy(listeners=tuple(listeners), rules=tuple(rules)),
        remarks=remarks,
        suspects=tuple(sorted(suspects)),
    )


def _rule(name: str, listener: str, address: str, seen: _Seen, speaks: Speech) -> Rule:
    query = None
    if seen.tasks & {Task.FIND, Task.WORKLIST}:
        query = Query(
            wide=seen.wide or Task.FIND not in seen.tasks, results=max(LEAST_RESULTS, HEADROOM * seen.matches)
        )
    return Rule(
        name=name,
        line=0,
        listeners=(listener,),
        sources=(address,),
        calling=_titles(seen.calling),
        called=_titles(seen.called),
        tasks=frozenset(seen.tasks),
        sop_classes=_classes(seen.sop_classes),
        destinations=_titles(seen.destinations),
        messages=tuple(sorted(seen.messages)),
        query=query,
        rates=tuple(_rates(seen, speaks)),
        identity=speaks is Speech.DICOM and seen.identified,
    )


def _titles(seen: set[str]) -> tuple[str, ...]:
    """As a policy writes them, in which `*` and `?` are wildcards; what cannot be written is left out."""
    return tuple(sorted(re.sub(r"([*?])", r"\\\1", title) for title in seen if title and title.isprintable()))


def _classes(seen: set[str]) -> tuple[str, ...]:
    """As seen. Who is set up for many storage classes is set up for whatever comes: archives, routers."""
    storage = set(storage_classes())
    many = len(seen & storage) > MOST_STORAGE
    return tuple(sorted(seen | storage if many else seen))


def _rates(seen: _Seen, speaks: Speech) -> Iterable[Rate]:
    hour = int(timedelta(hours=1).total_seconds())
    busiest = max(Counter(map(_hour, seen.times)).values())
    if speaks is Speech.DICOM:
        yield Rate(what="associations", amount=max(LEAST_PER_HOUR, HEADROOM * busiest), seconds=hour)
    if most := max(seen.objects.values(), default=0):
        what = "messages" if speaks is Speech.HL7 else "objects"
        yield Rate(what=what, amount=max(LEAST_PER_HOUR, HEADROOM * most), seconds=hour)


def _remarks(seen: _Seen) -> tuple[str, ...]:
    said = []
    if len(seen.times) == 1:
        said.append("suggest.rare")
    if seen.wide:
        said.append("suggest.wide")
    if seen.destinations:
        said.append("suggest.moves")
    if seen.tasks & _RETRIEVAL and not seen.identified:
        said.append("suggest.no-identity")
    return tuple(said)


def _word(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40] or "server"


def _unique(name: str, taken: set[str]) -> str:
    """The name, numbered where another has it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})" if " " in name else f"{name}-{number}"
    taken.add(free)
    return free


def _free(port: int, taken: set[int]) -> int:
    """The server's own port, or the next one from 11112 on where another listener has it."""
    if port in taken:
        port = FIRST_PORT
        while port in taken:
            port += 1
    taken.add(port)
    return port
