"""A hand-made network: each call is something that happened, in order of time; `inventory` is what follows from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from leadapron.know import load_fingerprints
from leadapron.model.events import (
    Anomaly,
    ArpBinding,
    CaptureQuality,
    Connection,
    DatasetSource,
    DhcpSeen,
    DicomAssociation,
    DicomOperation,
    DicomOutcome,
    Endpoint,
    Event,
    Hl7Session,
    Hl7Traffic,
    HttpApi,
    HttpExchange,
    HttpSession,
    Implementation,
    Service,
    Sighting,
    SmbSession,
    StudySeen,
    TlsSession,
    Transport,
)
from leadapron.model.inventory import Asset, Flow, Inventory
from leadapron.see.inventory import build_inventory

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
FINGERPRINTS = load_fingerprints()
VERIFICATION = "1.2.840.10008.1.1"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST = "1.2.840.10008.5.1.4.31"
DCMTK = Implementation("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367")

CT = "10.1.1.11"
MR = "10.1.1.12"
PACS = "10.1.2.10"
ARCHIVE = "10.1.2.11"
RIS = "10.1.2.20"
READING = "10.1.3.30"
ROUTER_MAC = "00:00:0c:00:00:01"

CT_IDENTITY = DatasetSource(
    modality="CT",
    manufacturer="SIEMENS",
    model="SOMATOM Force",
    software_versions="syngo CT VB20A",
    station_name="CT01",
    serial_hash="c7c7c7c7c7c7c7c7",
)
MR_IDENTITY = DatasetSource(
    modality="MR", manufacturer="Philips", model="Ingenia", station_name="MR01", serial_hash="e5e5e5e5e5e5e5e5"
)


class Network:
    """What one sensor saw."""

    def __init__(self, sensor: str = "span") -> None:
        self.sensor = sensor
        self.events: list[Event] = []
        self.now = START
        self._packet = 0
        self._port = 49152

    def inventory(self) -> Inventory:
        return build_inventory(self.events, FINGERPRINTS)

    def _place(self) -> dict[str, Any]:
        self._packet += 1
        self.now += timedelta(seconds=1)
        return {"ts": self.now, "sensor": self.sensor, "packet": self._packet}

    def _session(self, client: str, server: str, port: int, uid: str = "") -> dict[str, Any]:
        place = self._place()
        self._port += 1
        return {
            **place,
            "uid": uid or f"{self.sensor}-{self._packet}",
            "client": Endpoint(ip=client, port=self._port),
            "server": Endpoint(ip=server, port=port),
            "end": self.now + timedelta(milliseconds=500),
        }

    def connect(self, client: str, server: str, port: int, service: Service = Service.UNKNOWN, **changes: Any) -> str:
        """A connection; by default one in which both sides spoke. Returns its uid."""
        session = self._session(client, server, port, changes.pop("uid", ""))
        fields: dict[str, Any] = {
            "transport": Transport.TCP,
            "answered": True,
            "established": True,
            "refused": False,
            "midstream": False,
            "client_bytes": 100,
            "server_bytes": 200,
        }
        self.events.append(Connection(**session, service=service, **(fields | changes)))
        return str(session["uid"])

    def probe(self, client: str, server: str, port: int, *, refused: bool = False) -> None:
        """A connection attempt that gets nothing, or a refusal."""
        self.connect(
            client,
            server,
            port,
            answered=False,
            established=False,
            refused=refused,
            client_bytes=0,
            server_bytes=0,
        )

    def associate(
        self, client: str, server: str, calling: str, called: str, port: int = 104, uid: str = "", **changes: Any
    ) -> None:
        """An accepted association and its connection."""
        session = self._session(client, server, port, uid)
        fields: dict[str, Any] = {
            "outcome": DicomOutcome.RELEASED,
            "accepted": True,
            "requestor": Implementation(),
            "acceptor": Implementation(),
        }
        fields |= {"calling_ae_title": calling, "called_ae_title": called} | changes
        self.events.append(DicomAssociation(**session, **fields))
        self.connect(client, server, port, Service.DICOM, uid=session["uid"])

    def store(
        self,
        client: str,
        server: str,
        calling: str,
        called: str,
        source: DatasetSource,
        study: str,
        objects: int = 10,
        **changes: Any,
    ) -> None:
        """C-STORE of some objects of one study, all answered with success."""
        self.associate(
            client,
            server,
            calling,
            called,
            operations=(DicomOperation("C-STORE", CT_STORAGE, True, objects, {"0x0000": objects}),),
            objects=objects,
            sources=(source,),
            studies=(StudySeen(study, source.modality, objects, 0),),
            **changes,
        )

    def ask(
        self, client: str, server: str, calling: str, called: str, command: str, sop_class: str, **changes: Any
    ) -> None:
        """One answered request."""
        statuses = {"0xFF00": 2, "0x0000": 1}
        operations = (DicomOperation(command, sop_class, True, 1, statuses),)
        self.associate(client, server, calling, called, **({"operations": operations} | changes))

    def echo(self, client: str, server: str, calling: str, called: str, **changes: Any) -> None:
        self.ask(client, server, calling, called, "C-ECHO", VERIFICATION, **changes)

    def sight(self, ip: str, mac: str, ttl: int = 64, vlan: int = 0) -> None:
        self.events.append(Sighting(**self._place(), ip=ip, mac=mac, ttl=ttl, vlan=vlan))

    def claim(self, ip: str, mac: str) -> None:
        self.events.append(ArpBinding(**self._place(), ip=ip, mac=mac))

    def lease(self, ip: str, mac: str, hostname: str = "", vendor_class: str = "") -> None:
        self.events.append(
            DhcpSeen(**self._place(), mac=mac, hostname=hostname, vendor_class=vendor_class, requested_ip=ip)
        )

    def smb(self, client: str, server: str, **fields: Any) -> None:
        session = self._session(client, server, 445)
        self.events.append(SmbSession(**session, **({"dialect": "SMB 3.1.1"} | fields)))
        self.connect(client, server, 445, Service.SMB, uid=session["uid"])

    def tls(self, client: str, server: str, port: int, **fields: Any) -> None:
        session = self._session(client, server, port)
        self.events.append(TlsSession(**session, **({"version": "TLS 1.3", "established": True} | fields)))
        self.connect(client, server, port, Service.TLS, uid=session["uid"])

    def http(self, client: str, server: str, path: str, port: int = 80, **fields: Any) -> None:
        exchange = {"method": "GET", "path": path, "api": HttpApi.OTHER, "status": 200, "count": 1, "credentials": ""}
        exchange |= {name: fields.pop(name) for name in list(fields) if name in exchange}
        session = self._session(client, server, port)
        self.events.append(HttpSession(**session, exchanges=(HttpExchange(**exchange),), requests=1, **fields))
        self.connect(client, server, port, Service.HTTP, uid=session["uid"])

    def hl7(self, client: str, server: str, message_type: str, application: str = "HIS", **fields: Any) -> None:
        sent = Hl7Traffic(True, message_type, application, "HOSP", "OTHER", "HOSP", "2.5", 1)
        answer = Hl7Traffic(False, "ACK", "OTHER", "HOSP", application, "HOSP", "2.5", 1, "AA")
        session = self._session(client, server, 2575)
        traffic = fields.pop("traffic", (sent, answer))
        self.events.append(Hl7Session(**session, traffic=traffic, messages=len(traffic)))
        self.connect(client, server, 2575, Service.HL7, uid=session["uid"])

    def anomaly(self, name: str, client: str, server: str, port: int, count: int = 1) -> None:
        self.events.append(
            Anomaly(
                **self._place(),
                name=name,
                client=Endpoint(ip=client, port=1),
                server=Endpoint(ip=server, port=port),
                count=count,
            )
        )

    def quality(self, fingerprint: str = "f", **fields: Any) -> None:
        self.events.append(CaptureQuality(**self._place(), source=self.sensor, fingerprint=fingerprint, **fields))


def asset(inventory: Inventory, address: str) -> Asset:
    """The one asset with this address."""
    (found,) = (item for item in inventory.assets if address in item.addresses)
    return found


def addresses(inventory: Inventory) -> set[str]:
    """All addresses of all assets."""
    return {address for item in inventory.assets for address in item.addresses}


def flow(inventory: Inventory, client: str, server: str, service: Service) -> Flow:
    """The one flow of a service between two addresses."""
    ids = asset(inventory, client).id, asset(inventory, server).id
    (found,) = (item for item in inventory.flows if (item.client, item.server) == ids and item.service is service)
    return found


def department() -> Network:
    """A scanner, an archive that passes images on, a worklist and a reading room, behind one router."""
    network = Network()
    network.ask(CT, RIS, "CT01", "RIS", "C-FIND", WORKLIST)
    network.store(CT, PACS, "CT01", "PACS", CT_IDENTITY, "study-1", requestor=DCMTK)
    network.store(MR, PACS, "MR01", "PACS", MR_IDENTITY, "study-2", objects=4)
    network.ask(READING, PACS, "READ1", "PACS", "C-FIND", STUDY_FIND)
    network.ask(READING, PACS, "READ1", "PACS", "C-MOVE", STUDY_MOVE, move_destinations=("READ1",))
    network.store(PACS, READING, "PACS", "READ1", CT_IDENTITY, "study-1")
    network.store(PACS, ARCHIVE, "PACS", "VNA", CT_IDENTITY, "study-1")
    network.store(PACS, ARCHIVE, "PACS", "VNA", MR_IDENTITY, "study-2")
    for number, address in enumerate((CT, MR, PACS, ARCHIVE, RIS, READING)):
        network.sight(address, f"02:00:00:00:00:{number:02x}")
        network.sight(address, ROUTER_MAC, ttl=63)
    network.quality(packets=1000, bytes=100_000, gaps=2)
    return network
