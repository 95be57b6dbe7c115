"""One pass over the events: each is folded into bounded records and forgotten. Order does not matter."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from leadapron.model.events import (
    GUARD_SENSOR,
    Anomaly,
    ArpBinding,
    BannerSession,
    CaptureQuality,
    ClockReading,
    Connection,
    DhcpSeen,
    DicomAssociation,
    Event,
    Hl7Session,
    HttpSession,
    NameQuery,
    NameSeen,
    RdpSession,
    Service,
    Session,
    Sighting,
    SmbSession,
    SnmpSeen,
    SyslogSeen,
    TlsSession,
    Transport,
)
from leadapron.see.inventory.addresses import is_device
from leadapron.see.inventory.evidence import Evidence, order, reference_to
from leadapron.see.inventory.links import Links
from leadapron.see.inventory.objects import Objects
from leadapron.see.inventory.records import Attempt, BannerKind, FlowKey, FlowRecord, Host, add
from leadapron.see.inventory.sessions import (
    fold_banner,
    fold_dicom,
    fold_hl7,
    fold_http,
    fold_rdp,
    fold_smb,
    fold_tls,
)

MAX_HOSTS = 16_384
MAX_GLIMPSED = 4_096
"""Addresses that were seen or named but took part in nothing; anybody can forge any number of them."""
MAX_FLOWS = 16_384
MAX_ONE_SIDED = 4_096
"""Conversations in which the server took no part; as easily forged."""
MAX_ATTEMPTS = 16_384
MAX_ACCOUNTS = 131_072
"""Accounts of conversations remembered, to know them again in another capture."""
MAX_CLOCKS = 64
MAX_QUERIES = 256
"""Outside names kept per asker."""
_GROUP_NAMES = frozenset({"domain", "domain-controller", "domain-master-browser", "group", "browser", "master-browser"})
"""NetBIOS suffixes whose name is a workgroup's or domain's, not the host's (RFC 1001 §5.2; MS-NBTE)."""


class Fold:
    """All that is kept of the events."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.flows: dict[FlowKey, FlowRecord] = {}
        self._glimpsed: dict[str, Host] = {}
        self._one_sided: dict[FlowKey, FlowRecord] = {}
        self.attempts: dict[FlowKey, Attempt] = {}
        self.links = Links()
        self.objects = Objects()
        self.anomalies: Counter[str] = Counter()
        self.flow_anomalies: dict[tuple[str, str, int], tuple[Counter[str], Evidence]] = {}
        self.queries: dict[str, set[str]] = defaultdict(set)
        self.qualities: dict[tuple[str, str], CaptureQuality] = {}
        self.overflow: Counter[str] = Counter()
        """Named limit → what did not fit."""
        self._seen_by: dict[int, str] = {}
        """Conversation and kind of event (their hash) → the sensor whose account counts."""
        self._seen_before: dict[int, str] = {}
        """The same, an older half: forgotten as a whole when the newer one is full."""
        self._handlers: dict[type[Event], Callable[[Any], object]] = {
            Connection: self._connection,
            Sighting: self._sighting,
            ArpBinding: self._claim,
            DhcpSeen: self._lease,
            NameSeen: self._name,
            NameQuery: self._query,
            ClockReading: self._clock,
            SyslogSeen: self._syslog,
            SnmpSeen: self._snmp,
            Anomaly: self._anomaly,
            CaptureQuality: self._quality,
            DicomAssociation: self._dicom,
            Hl7Session: lambda event: self._session(event, Service.HL7, fold_hl7),
            TlsSession: lambda event: self._session(event, Service.TLS, fold_tls),
            HttpSession: self._http,
            SmbSession: self._smb,
            RdpSession: lambda event: self._session(event, Service.RDP, fold_rdp),
            BannerSession: self._banner,
        }

    def take(self, event: Event) -> None:
        """Fold one event. What documents and people declare was not seen, and is left out."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _counts(self, event: Session | Anomaly) -> bool:
        """Is this sensor's account the one to count? What two sensors saw of a conversation counts once.

        Remembered by kind: one sensor's account may be spread over the files of a rotating capture.
        """
        key = hash((event.uid, type(event).__name__))
        owner = self._seen_by.get(key) or self._seen_before.get(key)
        if owner is None:
            if len(self._seen_by) >= MAX_ACCOUNTS // 2:
                self._seen_before, self._seen_by = self._seen_by, {}
            self._seen_by[key] = event.sensor
            return True
        return owner == event.sensor and not isinstance(event, Connection)

    def finish(self) -> None:
        """All events were taken. Until then what is forged with ease is kept apart, lest it crowd out the rest."""
        self.hosts |= self._glimpsed
        self.flows |= self._one_sided

    def _host(self, ip: str) -> Host:
        """The record of an address that takes part in a conversation."""
        host = self.hosts.get(ip)
        if host is None:
            host = self._glimpsed.pop(ip, None) or Host()
            if len(self.hosts) < MAX_HOSTS and is_device(ip):
                self.hosts[ip] = host
            else:
                self.overflow["inventory.hosts"] += is_device(ip)
        return host

    def _glimpse(self, ip: str) -> Host:
        """The record of an address that was merely seen or named so far."""
        host = self.hosts.get(ip) or self._glimpsed.get(ip)
        if host is None:
            host = Host()
            if len(self._glimpsed) < MAX_GLIMPSED and is_device(ip):
                self._glimpsed[ip] = host
            else:
                self.overflow["inventory.hosts"] += is_device(ip)
        return host

    def _flow(self, key: FlowKey) -> FlowRecord:
        """The record of a flow, to be kept (`_keep`) once it is known what the server's part in it is."""
        return self.flows.get(key) or self._one_sided.get(key) or FlowRecord()

    def _keep(self, key: FlowKey, flow: FlowRecord, *, answered: bool) -> None:
        if key in self.flows or (not answered and key in self._one_sided):
            return
        self._one_sided.pop(key, None)
        table, most = (self.flows, MAX_FLOWS) if answered else (self._one_sided, MAX_ONE_SIDED)
        possible = is_device(key.client) and is_device(key.server)
        if len(table) < most and possible:
            table[key] = flow
        else:
            self.overflow["inventory.flows"] += possible

    def _connection(self, event: Connection) -> None:
        if not self._counts(event):
            return
        client, server = event.client.ip, event.server.ip
        key = FlowKey(client, server, event.transport, event.service, event.server.port)
        if not event.server_bytes and not (event.answered and event.client_bytes):
            self._attempt(key, event)
            return
        for ip in (client, server):
            host = self._host(ip)
            host.spoke = True
            host.seen(event.ts, event.end)
            host.evidence.cite("first", event)
        flow = self._flow(key)
        flow.seen(event.ts, event.end)
        flow.started(event.ts)
        flow.connections += event.connections
        flow.answered += event.connections
        flow.refused += event.refused
        flow.bytes_to_server += event.client_bytes
        flow.bytes_to_client += event.server_bytes
        flow.gaps += event.gaps
        flow.evidence.cite("first", event)
        self._keep(key, flow, answered=True)

    def _attempt(self, key: FlowKey, event: Connection) -> None:
        if not (is_device(key.client) and is_device(key.server)):
            return
        attempt = self.attempts.get(key)
        if attempt is None:
            if len(self.attempts) >= MAX_ATTEMPTS:
                self.overflow["inventory.attempts"] += 1
                return
            attempt = self.attempts[key] = Attempt()
        attempt.count += event.connections
        attempt.answered += event.connections * event.answered
        attempt.refused += event.refused
        attempt.bytes += event.client_bytes
        attempt.gaps += event.gaps
        if attempt.reference is None or order(event) < order(attempt.reference):
            attempt.first, attempt.reference = event.ts, reference_to(event)
        attempt.last = max(attempt.last, event.end)
        for ip in (key.client, key.server) if event.answered else (key.client,):
            host = self._glimpse(ip)
            host.seen(event.ts, event.end)
            if event.answered:
                host.spoke = True
                host.evidence.cite("first", event)

    def _session(self, event: Any, service: Service, fold: Callable[[FlowRecord, Any], bool]) -> FlowRecord | None:
        """Fold a protocol session into its flow; None if another sensor's account of it counts."""
        if not self._counts(event):
            return None
        key = FlowKey(event.client.ip, event.server.ip, Transport.TCP, service, event.server.port)
        flow = self._flow(key)
        flow.seen(event.ts, event.end)
        flow.sessions += 1
        spoken = fold(flow, event)
        flow.spoken += spoken
        if event.sensor.startswith(GUARD_SENSOR):
            self._guarded(event, flow, answered=spoken)
        self._keep(key, flow, answered=spoken)
        return flow

    def _guarded(self, event: Session, flow: FlowRecord, *, answered: bool) -> None:
        """A guard tells of sessions only: each stands for its connection. Where it refused, the server is itself."""
        for ip in (event.client.ip, event.server.ip) if answered else ():
            host = self._host(ip)
            host.spoke = True
            host.seen(event.ts, event.end)
            host.evidence.cite("first", event)
        flow.started(event.ts)
        flow.connections += 1
        flow.answered += answered
        flow.evidence.cite("first", event)

    def _dicom(self, event: DicomAssociation) -> None:
        service = Service.DICOM_TLS if event.tls else Service.DICOM
        if self._session(event, service, fold_dicom) is not None:
            self.objects.take(event)

    def _http(self, event: HttpSession) -> None:
        if self._session(event, Service.HTTP, fold_http) is not None:
            self._glimpse(event.server.ip).banner(BannerKind.HTTP, event.server_software, event)
            self._glimpse(event.client.ip).banner(BannerKind.AGENT, event.user_agent, event)

    def _smb(self, event: SmbSession) -> None:
        if self._session(event, Service.SMB, fold_smb) is None:
            return
        server, client = self._glimpse(event.server.ip), self._glimpse(event.client.ip)
        server.declare(event.server_host, event)
        client.declare(event.client_host, event)
        if event.server_dns_name:
            add(server.told, event.server_dns_name)
        kind = BannerKind.NTLM if event.server_os[:1].isdigit() else BannerKind.SMB1
        server.banner(kind, event.server_os, event)
        kind = BannerKind.NTLM if event.client_os[:1].isdigit() else BannerKind.SMB1
        client.banner(kind, event.client_os, event)

    def _banner(self, event: BannerSession) -> None:
        if self._session(event, event.service, fold_banner) is None:
            return
        if event.service is Service.SSH:
            self._glimpse(event.server.ip).banner(BannerKind.SSH, event.server_banner, event)
            self._glimpse(event.client.ip).banner(BannerKind.SSH, event.client_banner, event)
        elif event.service is Service.FTP:
            self._glimpse(event.server.ip).banner(BannerKind.FTP, event.server_banner, event)

    def _sighting(self, event: Sighting) -> None:
        self.links.sighting(event)
        if is_device(event.ip):
            self._glimpse(event.ip).seen(event.ts, event.ts)

    def _claim(self, event: ArpBinding) -> None:
        self.links.claim(event)
        if is_device(event.ip):
            host = self._glimpse(event.ip)
            host.seen(event.ts, event.ts)
            host.evidence.cite("arp", event)

    def _lease(self, event: DhcpSeen) -> None:
        self.links.lease(event)
        if is_device(event.requested_ip):
            self._glimpse(event.requested_ip).evidence.cite("dhcp", event)

    def _name(self, event: NameSeen) -> None:
        if event.role in _GROUP_NAMES or not is_device(event.ip):
            return
        host = self._glimpse(event.ip)
        if event.source is Service.NETBIOS:
            host.declare(event.name, event)
        elif event.name:
            add(host.told, event.name)
            host.evidence.cite("hostname", event)

    def _query(self, event: NameQuery) -> None:
        if event.ip in self.hosts or (is_device(event.ip) and len(self.queries) < MAX_GLIMPSED):
            names = self.queries[event.ip]
            if len(names) < MAX_QUERIES:
                names.add(event.name)

    def _clock(self, event: ClockReading) -> None:
        if event.zone_known and is_device(event.ip):
            host = self._glimpse(event.ip)
            if len(host.clocks) < MAX_CLOCKS:
                host.clocks.append(event.offset)
            host.evidence.cite("clock", event)

    def _syslog(self, event: SyslogSeen) -> None:
        if is_device(event.ip):
            host = self._glimpse(event.ip)
            host.syslog = True
            host.evidence.cite("syslog", event)

    def _snmp(self, event: SnmpSeen) -> None:
        key = FlowKey(event.manager, event.agent, Transport.UDP, Service.SNMP, 161)
        flow = self._flow(key)
        flow.seen(event.ts, event.ts)
        flow.default_community |= event.default_community
        if event.default_community:
            flow.evidence.cite("credentials", event)
        self._keep(key, flow, answered=False)
        self._glimpse(event.agent).banner(BannerKind.SNMP, event.system_description, event)

    def _anomaly(self, event: Anomaly) -> None:
        if event.uid and not self._counts(event):
            return
        self.anomalies[event.name] += event.count
        if event.client is None or event.server is None:
            return
        key = (event.client.ip, event.server.ip, event.server.port)
        if key not in self.flow_anomalies:
            if len(self.flow_anomalies) >= MAX_FLOWS:
                return
            self.flow_anomalies[key] = (Counter(), Evidence())
        counter, evidence = self.flow_anomalies[key]
        counter[event.name] += event.count
        evidence.cite("anomaly", event)

    def _quality(self, event: CaptureQuality) -> None:
        known = self.qualities.get((event.fingerprint, event.source))
        if known is None or order(known) < order(event):
            self.qualities[event.fingerprint, event.source] = event
