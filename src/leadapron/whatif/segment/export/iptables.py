"""iptables and ip6tables: a chain of our own, filled by `iptables-restore`; a person hooks it into FORWARD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from leadapron.model.events import Transport
from leadapron.whatif.segment.export.job import Commands, Format, Job, commented, header, of_family, text
from leadapron.whatif.segment.export.plan import Area, Entry
from leadapron.whatif.segment.export.spans import Family, Network, Spans, is_host

_COMMENT = 200
"""The kernel keeps 255 bytes."""
_BATCH = 40
"""Addresses on a line: iptables-restore refuses very long ones."""
_SLOTS = 15
"""Of the multiport match; a range takes two of them."""
_TOOL = {Family.V4: "iptables", Family.V6: "ip6tables"}
_REJECT = {Family.V4: "icmp-admin-prohibited", Family.V6: "icmp6-adm-prohibited"}
_RESET = "-j REJECT --reject-with tcp-reset"
"""Told, not dropped: a console that gets an answer shows an error at once, one that gets none hangs."""
_LOG = '-m limit --limit 30/min -j LOG --log-prefix "leadapron refused: "'


def _commands(family: Family) -> Commands:
    """Applied again, they hook the chain in once: with two hooks the way back would leave one."""
    tool, file = _TOOL[family], _file(family)
    hook = f"{tool} -C FORWARD -j LEADAPRON 2>/dev/null || {tool} -I FORWARD 1 -j LEADAPRON"
    return Commands(
        before=[f"systemd-run --unit=leadapron-{tool} --on-active=10min {tool} -D FORWARD -j LEADAPRON"],
        check=[f"{tool}-restore --test --noflush {file}"],
        apply=[f"{tool}-restore --noflush {file}", hook],
        keep=[f"systemctl stop leadapron-{tool}.timer"],
        back=[f"{tool} -D FORWARD -j LEADAPRON"],
    )


def _file(family: Family) -> str:
    return f"leadapron-v{family.value}.rules"


def render(job: Job) -> Mapping[str, str]:
    """One file for each family that a zone has networks of."""
    return {_file(family): _table(job, family) for family in job.plan.families}


def _table(job: Job, family: Family) -> str:
    areas = [area for area in job.plan.areas if area.networks[family]]
    lines = commented("#", header(job, _TOOL[family], _commands(family), ["export.router"]))
    lines += ["*filter", ":LEADAPRON - [0:0]", *(f":{_chain(area)} - [0:0]" for area in areas)]
    lines += [f"-A LEADAPRON {rule}" for rule in _main(areas, family)]
    lines += [f"-A {_chain(area)} {rule}" for area in areas for rule in _from(job, area, family)]
    return text([*lines, "COMMIT"])


def _chain(area: Area) -> str:
    """At most 28 characters."""
    return f"LA-{area.slug}"


def _main(areas: Sequence[Area], family: Family) -> Iterator[str]:
    """Each zone's packets to its chain, which decides; then nobody else may reach a zone."""
    yield "-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
    for area in areas:
        for batch in _batches(area.networks[family]):
            yield f"-s {batch} -j {_chain(area)}"
    for area in areas:
        for batch in _batches(area.networks[family]):
            yield from (f"-d {batch} {verdict}" for verdict in _refuse_all(family))


def _from(job: Job, area: Area, family: Family) -> Iterator[str]:
    for batch in _batches(area.networks[family]):
        yield f"-d {batch} -j ACCEPT"
    for entry in of_family(job.plan.entries, family):
        if entry.source.area is area:
            comment = f'-m comment --comment "{job.note(entry.rule, _COMMENT)}"'
            for match in _matches(entry):
                if entry.refused:
                    yield f"{match} {_LOG}"
                yield f"{match} {comment} {_refuse(entry) if entry.refused else '-j ACCEPT'}"
    yield from _refuse_all(family)


def _refuse(entry: Entry) -> str:
    return _RESET if entry.rule.transport is Transport.TCP else _prohibit(entry.family)


def _prohibit(family: Family) -> str:
    return f"-j REJECT --reject-with {_REJECT[family]}"


def _refuse_all(family: Family) -> tuple[str, ...]:
    return _LOG, f"-p tcp {_RESET}", _prohibit(family)


def _matches(entry: Entry) -> Iterator[str]:
    sources = [""] if entry.source.whole else [f" -s {batch}" for batch in _batches(entry.source.networks)]
    for source in sources:
        for target in _batches(entry.target.networks):
            for ports in _port_batches(entry.ports):
                yield f"-p {entry.rule.transport.value}{source} -d {target}{ports}"


def _batches(networks: Sequence[Network]) -> Iterator[str]:
    for start in range(0, len(networks), _BATCH):
        yield ",".join(
            str(network.network_address if is_host(network) else network)
            for network in networks[start : start + _BATCH]
        )


def _port_batches(ports: Spans) -> Iterator[str]:
    """As many as multiport takes on a line; one empty text for every port."""
    step = _SLOTS // 2
    for start in range(0, len(ports) or 1, step):
        written = [str(first) if first == last else f"{first}:{last}" for first, last in ports[start : start + step]]
        yield f" -m multiport --dports {','.join(written)}" if written else ""


IPTABLES = Format(name="iptables", ending=".rules", description="export.format-iptables", render=render)
