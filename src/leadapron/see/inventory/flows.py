"""Address-level records → flows between devices."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from leadapron.model.events import Implementation, Service, Transport
from leadapron.model.inventory import Asset, Flow
from leadapron.see.inventory.addresses import by_address
from leadapron.see.inventory.fold import Fold
from leadapron.see.inventory.grouping import Grouping
from leadapron.see.inventory.records import (
    DicomRecord,
    FlowKey,
    FlowRecord,
    Hl7Record,
    HttpRecord,
    SmbRecord,
    TlsRecord,
)

_HTTPS_PORTS = frozenset({443, 8443})
_DICOM_TLS_PORT = 2762
_FIRST_USER_PORT = 1024
_PROTECTED = frozenset({Service.TLS, Service.HTTPS, Service.DICOM_TLS, Service.SSH})


class DeviceFlows:
    """Flows between devices (`FlowKey` holds devices instead of addresses), and the addresses they used.

    Takes the records out of the fold: they are not needed twice, and may be many.
    """

    def __init__(self, fold: Fold, grouping: Grouping) -> None:
        self._grouping = grouping
        self.records: dict[FlowKey, FlowRecord] = {}
        self.addresses: dict[FlowKey, tuple[set[str], set[str]]] = {}
        self.anomalies: dict[FlowKey, Counter[str]] = defaultdict(Counter)
        while fold.flows:
            key, record = fold.flows.popitem()
            if key.client in grouping and key.server in grouping:
                self._add(key._replace(service=_service(key, record)), record, ({key.client}, {key.server}))
        for key, attempt in fold.attempts.items():
            if key.client in grouping and key.server in grouping:
                self._add(key, attempt.record(), ({key.client}, {key.server}))
        self._tidy()

    def regroup(self) -> None:
        """Devices were joined: so are their flows."""
        records, addresses = self.records, self.addresses
        self.records, self.addresses = {}, {}
        for key, record in records.items():
            self._add(key, record, addresses[key])
        self._tidy()

    def _add(self, key: FlowKey, record: FlowRecord, addresses: tuple[set[str], set[str]]) -> None:
        client, server = self._grouping.device_of(key.client), self._grouping.device_of(key.server)
        if client == server:
            return
        key = key._replace(client=client, server=server)
        if key in self.records:
            self.records[key].absorb(record)
            for mine, theirs in zip(self.addresses[key], addresses, strict=True):
                mine |= theirs
        else:
            self.records[key], self.addresses[key] = record, addresses

    def _tidy(self) -> None:
        self._unite()
        self._unite_transfers()
        for record in self.records.values():
            _settle(record)

    def _unite(self) -> None:
        """On one port, what was not recognised, and sessions inside another protocol, belong to what was recognised."""
        ports: dict[FlowKey, list[FlowKey]] = defaultdict(list)
        for key in self.records:
            ports[key._replace(service=Service.UNKNOWN)].append(key)
        for keys in ports.values():
            if len(keys) == 1:
                continue
            main = min(keys, key=lambda key: (key.service is Service.UNKNOWN, -self.records[key].connections, key))
            for key in keys:
                if key != main and (key.service is Service.UNKNOWN or not self.records[key].connections):
                    self.records[main].absorb(self.records.pop(key))
                    for mine, theirs in zip(self.addresses[main], self.addresses.pop(key), strict=True):
                        mine |= theirs

    def _unite_transfers(self) -> None:
        """A connection to a high port during an FTP session between the same two carries its files (RFC 959 §3.2).

        Either side may open it. HL7 messages in a file have no answer.
        """
        sessions = {(key.client, key.server): key for key in self.records if key.service is Service.FTP}
        sessions |= {(server, client): key for (client, server), key in list(sessions.items())}
        for key, record in list(self.records.items()):
            main = sessions.get((key.client, key.server))
            if main is None or key.transport is not Transport.TCP or key.port < _FIRST_USER_PORT:
                continue
            one_way = bool(record.bytes_to_server) is not bool(record.bytes_to_client)
            if not (key.service is Service.UNKNOWN or (key.service is Service.HL7 and one_way)):
                continue
            session = self.records[main]
            if session.first <= record.first <= session.last:
                session.bytes_to_server += record.bytes_to_server
                session.bytes_to_client += record.bytes_to_client
                del self.records[key], self.addresses[key]

    def attach_anomalies(self, fold: Fold) -> None:
        """Give each anomaly to the flow of its protocol, or to the only one on its port."""
        by_port: dict[tuple[str, str, int], list[FlowKey]] = defaultdict(list)
        for key in sorted(self.records):
            by_port[key.client, key.server, key.port].append(key)
        for (client, server, port), (counter, evidence) in sorted(fold.flow_anomalies.items()):
            device_of = self._grouping.device_of
            for name, number in counter.items():
                keys = by_port.get((device_of(client), device_of(server), port), ())
                named = [key for key in keys if key.service == name.partition(".")[0]] or list(keys)
                if named:
                    self.anomalies[named[0]][name] += number
                    self.records[named[0]].evidence.merge(evidence)

    def services_of(self) -> dict[str, tuple[str, ...]]:
        """Device → `service/port` it answered on; unrecognised only where nothing better is known."""
        found: dict[str, set[tuple[int, Service]]] = defaultdict(set)
        for key, record in self.records.items():
            if record.answered:
                found[key.server].add((key.port, key.service))
        return {
            device: tuple(
                f"{service.value}/{port}"
                for port, service in sorted(pairs)
                if service is not Service.UNKNOWN or sum(1 for other, _ in pairs if other == port) == 1
            )
            for device, pairs in found.items()
        }

    def implementations_of(self) -> dict[str, dict[Implementation, set[str]]]:
        """Device → toolkit → AE titles it was used under as a client (none for a server's)."""
        found: dict[str, dict[Implementation, set[str]]] = defaultdict(lambda: defaultdict(set))
        for key, record in self.records.items():
            if record.dicom is None:
                continue
            for title, implementations in record.dicom.callers.items():
                for implementation in implementations:
                    found[key.client][implementation].add(title)
            for implementation in record.dicom.acceptors:
                found[key.server].setdefault(implementation, set())
        return found

    def titles_of(self) -> dict[str, set[str]]:
        """Device → AE titles: those it called with, and those it answered to."""
        found: dict[str, set[str]] = defaultdict(set)
        for key, record in self.records.items():
            if record.dicom is not None:
                found[key.client].update(title for title in record.dicom.heard if title)
                found[key.server].update(title for title in record.dicom.answered_titles if title)
        return found

    def move_titles(self) -> frozenset[str]:
        """AE titles that objects were sent to on request."""
        return frozenset(
            title for record in self.records.values() if record.dicom is not None for title in record.dicom.moves
        )


def _service(key: FlowKey, record: FlowRecord) -> Service:
    """What a TLS flow carries, by negotiation or by registered port; else it stays TLS."""
    if key.service is not Service.TLS:
        return key.service
    alpn = record.tls.alpn if record.tls is not None else set()
    if any(protocol == "h2" or protocol.startswith("http/") for protocol in alpn) or key.port in _HTTPS_PORTS:
        return Service.HTTPS
    return Service.DICOM_TLS if key.port == _DICOM_TLS_PORT else Service.TLS


def _settle(record: FlowRecord) -> None:
    """A server that never spoke the protocol did not answer, whatever else it sent; nor did one that said no word."""
    if not record.connections:
        record.connections, record.answered = record.sessions, record.spoken
    silent = not (record.bytes_to_server or record.bytes_to_client or record.sessions)
    if silent or (record.sessions and not record.spoken):
        record.answered = 0


def build_flows(flows: DeviceFlows, assets: Mapping[str, Asset]) -> tuple[Flow, ...]:
    """Flows in the model's form, sorted by client, server, service and port."""
    built = [_flow(key, record, flows, assets[key.client], assets[key.server]) for key, record in flows.records.items()]
    return tuple(sorted(built, key=lambda flow: (flow.client, flow.server, flow.service, flow.port, flow.transport)))


def _flow(key: FlowKey, record: FlowRecord, flows: DeviceFlows, client: Asset, server: Asset) -> Flow:
    identity = "\0".join((client.id, server.id, key.transport.value, key.service.value, str(key.port)))
    clients, servers = flows.addresses[key]
    return Flow(
        id=f"flow-{blake2b(identity.encode(), digest_size=6).hexdigest()}",
        client=client.id,
        server=server.id,
        client_addresses=by_address(clients),
        server_addresses=by_address(servers),
        transport=key.transport,
        service=key.service,
        port=key.port,
        encrypted=key.service in _PROTECTED or 0 < record.sessions <= record.encrypted,
        connections=record.connections,
        answered=record.answered,
        refused=record.refused,
        bytes_to_server=record.bytes_to_server,
        bytes_to_client=record.bytes_to_client,
        first_seen=record.first,
        last_seen=record.last,
        server_software=_sorted(record.software),
        credentials_clear=_sorted(record.credentials),
        security=_sorted(record.security),
        default_community=record.default_community,
        anomalies=_counts(flows.anomalies.get(key, Counter())),
        gaps=record.gaps,
        starts=tuple(record.starts),
        evidence=record.evidence.freeze(),
        **_ends(client, server),
        **(
            _smb_fields(record.smb)
            | _tls_fields(record.tls)
            | _http_fields(record.http)
            | _hl7_fields(record.hl7)
            | _dicom_fields(record.dicom)
        ),
    )


def _ends(client: Asset, server: Asset) -> dict[str, Any]:
    return {
        "client_zone": client.zone,
        "server_zone": server.zone,
        "client_roles": client.roles,
        "server_roles": server.roles,
        "client_external": client.external,
        "server_external": server.external,
    }


def _dicom_fields(record: DicomRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    requestors: set[Implementation] = set().union(*record.callers.values())
    return {
        "calling_ae_titles": _sorted(record.callers),
        "called_ae_titles": _sorted(record.called),
        "associations": record.associations,
        "accepted": record.accepted,
        "rejected": record.rejected,
        "aborted": record.aborted,
        "operations": _counts(record.operations),
        "sop_classes": _counts(record.sop_classes),
        "statuses": _counts(record.statuses),
        "objects": record.objects,
        "object_bytes": record.object_bytes,
        "transfer_syntaxes": _sorted(record.syntaxes),
        "proposed_transfer_syntaxes": _sorted(record.proposed),
        "accepted_transfer_syntaxes": _sorted(record.accepted_syntaxes),
        "user_identity": tuple(sorted(record.user_identity)),
        "wide_finds": record.wide_finds,
        "wide_find_matches": record.wide_matches,
        "move_destinations": _sorted(record.moves),
        "requestor_implementations": _implementations(requestors),
        "acceptor_implementations": _implementations(record.acceptors),
    }


def _hl7_fields(record: Hl7Record | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "operations": _counts(record.sent),
        "message_types": _counts(record.types),
        "sending_applications": _sorted(record.applications),
        "receiving_applications": _sorted(record.receivers),
        "negative_acknowledgements": record.negative,
    }


def _tls_fields(record: TlsRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "tls_versions": _sorted(record.versions),
        "tls_ciphers": _sorted(record.ciphers),
        "sni": _sorted(record.sni),
        "ja4": _sorted(record.ja4),
        "certificate_not_after": min(record.expiries, default=None),
        "certificate_self_signed": record.self_signed,
        "certificate_weak": record.weak,
        "mutual": 0 < record.sessions <= record.mutual,
    }


def _http_fields(record: HttpRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "operations": _counts(record.methods),
        "http_apis": _sorted(record.apis),
        "http_requests": record.requests,
        "http_anonymous_ok": _sorted(record.anonymous_ok),
    }


def _smb_fields(record: SmbRecord | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {
        "smb_dialects": _sorted(record.dialects),
        "signing_required": not record.unsigned if record.signed or record.unsigned else None,
        "anonymous": record.anonymous,
        "shares": _sorted(record.shares),
    }


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(value for value in values if value))


def _counts(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def _implementations(implementations: set[Implementation]) -> tuple[str, ...]:
    return tuple(sorted(f"{item.class_uid} {item.version_name}".strip() for item in implementations))
