"""The truth of a capture: what passive traffic can prove, from the scenario, the journal and the oracle.

The oracle (pynetdicom over the capture's bytes) decides what was said over DICOM in clear; the journal
decides the rest and must agree with the oracle wherever both speak.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lab import oracle
from lab.activities.network import Dns
from lab.certificates import Security
from lab.oracle import Association, Stream
from lab.pcapfile import Packet
from lab.scenario import Device, Expectations, NotFlow, Scenario
from lab.site import Record

ROUTER = "core-router"
RELAYED, MALFORMED = "relayed", "malformed"  # notes of the journal
# Seen by some tools as flows of their own and by others as part of the network's upkeep: never counted as wrong.
OPTIONAL = {"dhcp", "netbios", "syslog"}
UDP = {"dns", "dhcp", "ntp", "snmp", "syslog", "netbios"}


class Asset(msgspec.Struct, kw_only=True):
    name: str
    zone: str
    addresses: list[str]
    mac: str | None
    hostnames: list[str]
    ae_titles: list[str]
    roles: list[str]
    modalities: list[str]
    manufacturer: str | None
    model: str | None
    software_versions: list[str]
    station_names: list[str]


class Flow(msgspec.Struct, kw_only=True):
    client: str
    server: str
    service: str
    port: int
    encrypted: bool
    calling_ae_titles: list[str] = []
    called_ae_titles: list[str] = []
    operations: dict[str, int] = {}
    objects: int = 0
    optional: bool = False


class Truth(msgspec.Struct, kw_only=True):
    scenario: str
    capture: str
    assets: list[Asset]
    not_assets: list[str]
    flows: list[Flow]
    not_flows: list[NotFlow]
    findings: dict[str, list[dict[str, object]]]
    exams: dict[str, int]
    exams_per_hour: dict[str, dict[str, int]]
    notes: list[str]


class DisagreementError(Exception):
    """Journal and oracle tell different stories: the capture or the lab is wrong, and no truth is written."""


def journal(path: Path) -> list[Record]:
    return [msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines()]


def tell(scenario: Scenario, records: Sequence[Record], packets: Sequence[Packet], capture: str) -> Truth:
    """The truth of one capture. Raises DisagreementError with every difference found."""
    streams = oracle.streams(packets)
    associations = list(oracle.associations(streams))
    _check(scenario, records, streams, associations)
    flows = _dicom_flows(scenario, associations) + _other_flows(scenario, records)
    flows += _broken_flows(records, flows)
    flows += _unwritten_tls_flows(scenario, streams, flows)
    exams, hourly = _exams(scenario, associations)
    expect = scenario.expect
    return Truth(
        scenario=scenario.name,
        capture=capture,
        assets=[*(_asset(scenario, device, associations, records) for device in scenario.devices), _router(scenario)],
        not_assets=scenario.not_assets,
        not_flows=expect.not_flows,
        flows=sorted(flows, key=lambda flow: (flow.client, flow.server, flow.port)),
        findings=_findings(expect),
        exams=exams,
        exams_per_hour=hourly,
        notes=NOTES,
    )


def restated(told: Truth, scenario: Scenario) -> Truth:
    """The same truth with the scenario's present expectations: what was captured stays, what is judged changes."""
    expect = scenario.expect
    return msgspec.structs.replace(told, findings=_findings(expect), not_flows=expect.not_flows)


def _findings(expect: Expectations) -> dict[str, list[dict[str, object]]]:
    return {
        name: [msgspec.to_builtins(row) for row in rows]
        for name, rows in (("must", expect.must), ("must_not", expect.must_not), ("may", expect.may))
    }


NOTES = [
    "Only what passive traffic proves: a service nobody used, a device that hid in TLS, are not here in detail.",
    "operations are DIMSE requests seen on the flow's associations, whichever side sent them (C-GET: the stores too).",
    "objects are C-STORE requests on the flow, in either direction.",
    "called_ae_titles of a flow include refused ones; an asset's ae_titles are those it used or accepted.",
    "hostnames are those told by DHCP, DNS answers, NTLM or NetBIOS; compare without case and domain.",
    "optional flows may or may not be reported (DHCP goes through the router's relay; syslog is one-way).",
    "not_flows must not be reported under that service; connection attempts without an answer are not judged.",
    "An empty list of roles or modalities, or a null, means the capture does not prove it: do not judge it.",
    "FTP data connections and DICOM bytes answered by a web server are not services.",
]


def _name_of(scenario: Scenario, address: str) -> str:
    for device in scenario.devices:
        if address in device.addresses:
            return device.name
    return address


def _dicom_flows(scenario: Scenario, associations: Sequence[Association]) -> list[Flow]:
    groups: dict[tuple[str, str, int], list[Association]] = defaultdict(list)
    for association in associations:
        if association.accepted or association.rejected:
            stream = association.stream
            key = _name_of(scenario, stream.client), _name_of(scenario, stream.server), stream.port
            groups[key].append(association)
    flows = []
    for (client, server, port), members in groups.items():
        operations = sum((member.operations for member in members), Counter[str]())
        flows.append(
            Flow(
                client=client,
                server=server,
                service="dicom",
                port=port,
                encrypted=False,
                calling_ae_titles=sorted({member.calling for member in members}),
                called_ae_titles=sorted({member.called for member in members}),
                operations=dict(sorted(operations.items())),
                objects=operations["C-STORE"],
            )
        )
    return flows


def _other_flows(scenario: Scenario, records: Sequence[Record]) -> list[Flow]:
    groups: dict[tuple[str, str, str, int, bool], Counter[str]] = defaultdict(Counter)
    for record in records:
        if record.service != "dicom":
            if record.note == RELAYED:
                groups[record.client, ROUTER, record.service, record.port, False].update()
            client = ROUTER if record.note == RELAYED else record.client
            # HL7 inside TLS cannot be told from anything else inside TLS.
            service = "tls" if record.service == "hl7-tls" else record.service
            key = client, record.server, service, record.port, record.encrypted
            groups[key].update({} if record.encrypted else record.operations)
    return [
        Flow(
            client=client,
            server=server,
            service=service,
            port=port,
            encrypted=encrypted,
            operations=dict(sorted(operations.items())),
            optional=service in OPTIONAL,
        )
        for (client, server, service, port, encrypted), operations in groups.items()
    ]


def _broken_flows(records: Sequence[Record], known: Sequence[Flow]) -> list[Flow]:
    """Malformed requests to a real DICOM server: nothing was agreed, so they may or may not be called a flow."""
    written = {(flow.client, flow.server, flow.port) for flow in known}
    broken = {(record.client, record.server, record.port) for record in records if record.note == MALFORMED}
    return [
        Flow(client=client, server=server, service="dicom", port=port, encrypted=False, optional=True)
        for client, server, port in sorted(broken - written)
    ]


def _unwritten_tls_flows(scenario: Scenario, streams: Sequence[Stream], known: Sequence[Flow]) -> list[Flow]:
    """DICOM over TLS that servers began by themselves, as a PACS that forwards: seen, not in the journal."""
    written = {(flow.client, flow.server, flow.port) for flow in known}
    secure = {
        (device.name, service.port)
        for device in scenario.devices
        for service in device.services
        if service.protocol == "dicom" and service.security is not Security.NONE
    }
    found = set(spoken(scenario, streams)) - written
    return [
        Flow(client=client, server=server, service="dicom-tls", port=port, encrypted=True)
        for client, server, port in sorted(found)
        if (server, port) in secure
    ]


def spoken(scenario: Scenario, streams: Sequence[Stream]) -> set[tuple[str, str, int]]:
    """Client, server and port of every TCP connection on which both sides sent something."""
    return {
        (_name_of(scenario, stream.client), _name_of(scenario, stream.server), stream.port)
        for stream in streams
        if stream.sent and stream.answered
    }


def _exams(scenario: Scenario, associations: Sequence[Association]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Distinct studies by modality, and by modality and hour (UTC) of their first image on the wire."""
    first: dict[str, tuple[int, str]] = {}
    for association in sorted(associations, key=lambda association: association.stream.at):
        for study, data in association.studies.items():
            first.setdefault(study, (association.stream.at, str(data.Modality)))
    totals: Counter[str] = Counter()
    hours: dict[str, Counter[str]] = defaultdict(Counter)
    for at, modality in first.values():
        totals[modality] += 1
        hour = datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:00Z")
        hours[modality][hour] += 1
    return dict(sorted(totals.items())), {name: dict(sorted(row.items())) for name, row in sorted(hours.items())}


def _asset(scenario: Scenario, device: Device, associations: Sequence[Association], records: Sequence[Record]) -> Asset:
    titles = set()
    for association in associations:
        # Whoever hides behind a title that was refused has not proved it.
        if association.accepted and association.stream.client in device.addresses:
            titles.add(association.calling)
        if association.accepted and association.stream.server in device.addresses:
            titles.add(association.called)
    made = any(record.client == device.name and record.makes and not record.encrypted for record in records)
    return Asset(
        name=device.name,
        zone=device.zone,
        addresses=device.addresses,
        mac=device.mac if scenario.zone(device.zone).mirrored else None,
        hostnames=_hostnames(device, records, scenario),
        ae_titles=sorted(titles),
        roles=device.roles,
        modalities=[device.modality] if made else [],
        manufacturer=device.manufacturer if made else None,
        model=device.model if made else None,
        software_versions=device.software if made else [],
        station_names=[device.station] if made and device.station else [],
    )


def _hostnames(device: Device, records: Sequence[Record], scenario: Scenario) -> list[str]:
    told = any(record.client == device.name and record.service == "dhcp" for record in records)
    told |= any(record.server == device.name and record.service == "smb" for record in records)
    asked = {name for activity in scenario.activity if isinstance(activity, Dns) for name in activity.names}
    return [device.hostname] if told or device.hostname in asked else []


def _router(scenario: Scenario) -> Asset:
    legs = [zone.gateway for zone in scenario.zones if zone.mirrored]
    return Asset(
        name=ROUTER,
        zone="",
        addresses=legs,
        mac=scenario.router_mac,
        hostnames=[],
        ae_titles=[],
        roles=[],
        modalities=[],
        manufacturer=None,
        model=None,
        software_versions=[],
        station_names=[],
    )


def _check(
    scenario: Scenario, records: Sequence[Record], streams: Sequence[Stream], associations: Sequence[Association]
) -> None:
    """Journal against capture: DICOM operations must be equal, every other TCP flow must have spoken both ways."""
    wrong = []
    said: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    for association in associations:
        stream = association.stream
        key = _name_of(scenario, stream.client), _name_of(scenario, stream.server), stream.port
        said[key].update(association.operations)
    written: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    heard_both = spoken(scenario, streams)
    for record in records:
        key = record.client, record.server, record.port
        if record.service == "dicom":
            written[key].update(record.operations)
        elif record.service not in UDP and key not in heard_both:
            wrong.append(f"{record.service} {key}: in the journal, not in the capture")
    for key, operations in written.items():
        # The archive's stores of a C-GET are on the flow, but the client did not send them.
        extra = {"C-STORE"} if operations["C-GET"] else set()
        heard = Counter({name: count for name, count in said[key].items() if name not in extra})
        if heard != operations:
            wrong.append(f"dicom {key}: journal {dict(operations)}, capture {dict(said[key])}")
    if wrong:
        raise DisagreementError("\n".join(wrong))
