"""Metrics for Prometheus, made at the moment they are asked for from what the guard knows of itself.

Labels are listeners, actions and reasons, never titles, addresses or anything of a patient: their number is bounded,
and a monitoring system sees less than the guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from leadapron.guard.shell.health import SpoolVitals, Vitals, ready

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Values = Iterable[tuple[tuple[str, ...], float]]


class Series(NamedTuple):
    """One metric: name without `leadapron_guard_` (and counters without `_total`), what it says, labels, values."""

    name: str
    says: str
    counter: bool
    labels: tuple[str, ...]
    values: Callable[[Vitals], Values]


def _by_name(table: Mapping[str, int]) -> Values:
    return (((name,), value) for name, value in sorted(table.items()))


def _one(value: float | None) -> Values:
    return () if value is None else (((), value),)


def _of_spool(take: Callable[[SpoolVitals], float]) -> Callable[[Vitals], Values]:
    return lambda vitals: _one(take(vitals.spool) if vitals.spool else None)


def _soonest(vitals: Vitals) -> Values:
    ends: dict[tuple[str, str], float] = {}
    for expiry in vitals.certificates:
        key = (expiry.listener, expiry.side)
        ends[key] = min(ends.get(key, float("inf")), expiry.end.timestamp())
    return sorted(ends.items())


L = ("listener",)

SERIES = (
    Series("info", "Version of the program and digest of the policy in force (value 1).", False,
           ("version", "policy"), lambda v: [((v.version, v.policy_digest[:12]), 1.0)]),
    Series("start_time_seconds", "When the guard was started (UNIX seconds).", False, (),
           lambda v: _one(v.started.timestamp())),
    Series("ready", "1 while exams can pass: what `/ready` says.", False, (), lambda v: _one(float(ready(v)))),
    Series("policy_loaded_time_seconds", "When the policy in force was loaded (UNIX seconds).", False, (),
           lambda v: _one(v.policy_loaded.timestamp())),
    Series("policy_broken", "1 while the policy file on disk cannot be used and the one before it is in force.", False,
           (), lambda v: _one(float(v.policy_broken))),
    Series("break_glass_open", "Break-glass openings in force.", False, (), lambda v: _one(v.glass_open)),
    Series("loop_lag_seconds", "Longest delay of the guard's own clockwork since the last reading.", False, (),
           lambda v: _one(v.lag)),
    Series("listener_up", "1 while the listener's port is open.", False, L,
           lambda v: [((x.name,), float(x.bound)) for x in v.listeners]),
    Series("upstream_up", "1 if the last attempt to reach what stands behind the listener succeeded.", False, L,
           lambda v: [((x.name,), float(x.upstream)) for x in v.listeners if x.upstream is not None]),
    Series("connections_open", "Connections now.", False, L, lambda v: _by_name(v.counters.active)),
    Series("connections", "Connections accepted.", True, L, lambda v: _by_name(v.counters.connections)),
    Series("connections_refused", "Connections refused at the door, by a limit of the listener.", True, L,
           lambda v: _by_name(v.counters.refused)),
    Series("associations", "Connections that opened their protocol (association request, HL7 header).", True, L,
           lambda v: _by_name(v.counters.associations)),
    Series("connections_aborted", "Connections reset by the guard or ended by a limit of time.", True, L,
           lambda v: _by_name(v.counters.aborted)),
    Series("upstream_failures", "Attempts to reach an upstream that failed.", True, (),
           lambda v: _one(v.counters.upstream_failures.total())),
    Series("received_bytes", "Bytes read, by the side that sent them: `client` (devices) or `server` (archive).", True,
           (*L, "side"), lambda v: sorted(v.counters.bytes.items())),
    Series("decisions", "Answers given. `enforced` is `no` in shadow mode.", True,
           (*L, "action", "reason", "enforced"),
           lambda v: [((name, action, reason, "yes" if enforced else "no"), value)
                      for (name, action, reason, enforced), value in sorted(v.counters.decisions.items())]),
    Series("objects", "Objects that passed.", True, L, lambda v: _by_name(v.counters.objects)),
    Series("object_bytes", "Bytes of the objects that passed.", True, L,
           lambda v: _by_name(v.counters.object_bytes)),
    Series("findings", "Objects and messages in which inspection found something.", True, L,
           lambda v: _by_name(v.counters.findings)),
    Series("policies_read", "Policies read again while running. `good` is `no` where the old one stayed.", True,
           ("good",), lambda v: [(("yes" if good else "no",), n) for good, n in sorted(v.counters.reloads.items())]),
    Series("faults", "Defects of the guard that ended one connection each. Please report them.", True, (),
           lambda v: _one(v.counters.faults)),
    Series("notices", "Notices of the guard about itself.", True, ("name",), lambda v: _by_name(v.counters.notices)),
    Series("certificate_end_time_seconds", "When the first certificate or revocation list of this side ends (UNIX"
           " seconds).", False, (*L, "side"), _soonest),
    Series("audit_waiting", "Audit messages on disk that the collector has not taken yet.", False, (),
           _of_spool(lambda s: s.messages)),
    Series("audit_waiting_bytes", "Their size.", False, (), _of_spool(lambda s: s.bytes)),
    Series("audit_connected", "1 while the collector can be reached.", False, (),
           _of_spool(lambda s: float(s.connected))),
    Series("audit_delivered", "Audit messages that the collector took.", True, (),
           _of_spool(lambda s: s.delivered)),
    Series("audit_lost", "Audit messages that could not be kept.", True, (), _of_spool(lambda s: s.lost)),
    Series("quarantine_objects", "Objects in quarantine.", False, (), lambda v: _one(v.quarantined)),
    Series("quarantine_bytes", "Their size on disk.", False, (), lambda v: _one(v.quarantined_bytes)),
    Series("events_waiting", "Events in the journal that are not in the workspace yet.", False, (),
           lambda v: _one(v.events_waiting)),
    Series("disk_free_bytes", "Free on the disk of quarantine, spool and journal.", False, (),
           lambda v: _one(v.state_free)),
)  # fmt: skip


class GuardCollector(Collector):
    """Hands Prometheus one reading of the guard."""

    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing: otherwise the registry would ask the guard before it runs."""
        return ()

    def collect(self) -> Iterator[Metric]:
        vitals = self._read()
        for series in SERIES:
            family = CounterMetricFamily if series.counter else GaugeMetricFamily
            metric = family(f"leadapron_guard_{series.name}", series.says, labels=series.labels)
            for labels, value in series.values(vitals):
                metric.add_metric(labels, value)
            yield metric


class Metrics:
    """The page of metrics: the guard's, and the process's own (memory, processor time, open files)."""

    def __init__(self, read: Callable[[], Vitals]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(GuardCollector(read))
        ProcessCollector(registry=self._registry)

    def page(self) -> bytes:
        return generate_latest(self._registry)
