"""Made-up assessments to look at and to test with: a department of 25 devices, a hospital of 500."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from leadapron.model.assessment import Assessment
from leadapron.model.events import Service, Transport
from leadapron.model.findings import Confidence, EventRef, Finding, Harm, Severity, Subject, SubjectType
from leadapron.model.inventory import (
    Asset,
    Component,
    Contradiction,
    Flow,
    Inventory,
    Quality,
    Role,
    Source,
    UtilisationCell,
)

START = datetime(2026, 11, 24, 6, 58, 12, 345678, tzinfo=UTC)
END = START + timedelta(hours=11, minutes=21)
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
IMPLICIT = "1.2.840.10008.1.2"


@dataclass(frozen=True)
class Texts:
    title: str
    seen: str
    why: str
    remedy: str
    side_effects: str
    effort: str


@dataclass(frozen=True)
class Rule:
    name: str
    texts: dict[str, Texts]
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    effort_hours: float = 4


RULES = (
    Rule(
        "dcm-clear",
        {
            "en": Texts(
                "{server} receives images in clear",
                "{clients} devices send images to {server} without encryption.",
                "Anyone on the path can read patients' images, and change them before they are stored.",
                "The PACS administrator asks the vendors for DICOM over TLS (PS3.15 B.12) and moves one scanner after "
                "the other; until then, keep this traffic inside the imaging zone.",
                "A scanner whose software knows no TLS needs a gateway beside it.",
                "One to two days per scanner, with the vendor.",
            ),
            "fr": Texts(
                "{server} reçoit des images en clair",
                "{clients} appareils envoient des images à {server} sans chiffrement.",
                "Quiconque se trouve sur le trajet peut lire les images des patients, et les modifier avant leur "
                "archivage.",
                "L’administrateur du PACS demande aux constructeurs le DICOM sur TLS (PS3.15 B.12) et bascule un "
                "appareil après l’autre\u00a0; en attendant, garder ce trafic dans la zone d’imagerie.",
                "Un appareil dont le logiciel ignore TLS a besoin d’une passerelle à ses côtés.",
                "Un à deux jours par appareil, avec le constructeur.",
            ),
        },
        {"dicom": ("B.12",), "hicp": ("9.M.E",), "nis2": ("21(2)h",)},
        12,
    ),
    Rule(
        "smb1",
        {
            "en": Texts(
                "{server} still speaks SMB 1",
                "{server} accepted the SMB 1 protocol, {connections} times.",
                "WannaCry spread through this protocol and stopped scanners of whole hospitals.",
                "The biomedical engineer asks the vendor to switch SMB 1 off, or blocks port 445 at the switch.",
                "Old shares that know only SMB 1 stop working: check exports first.",
                "Two hours, then a test with the vendor.",
            ),
            "fr": Texts(
                "{server} parle encore SMB 1",
                "{server} a accepté le protocole SMB 1, {connections} fois.",
                "WannaCry s’est propagé par ce protocole et a arrêté les scanners d’hôpitaux entiers.",
                "L’ingénieur biomédical demande au constructeur de désactiver SMB 1, ou bloque le port 445 au "
                "commutateur.",
                "Les vieux partages qui ne connaissent que SMB 1 cessent de fonctionner\u00a0: vérifier d’abord les "
                "exports.",
                "Deux heures, puis un essai avec le constructeur.",
            ),
        },
        {"hicp": ("9.M.B",), "csf": ("PR.PS-01",), "pgssi": ("config",)},
        2,
    ),
    Rule(
        "telnet-ftp",
        {
            "en": Texts(
                "{server} takes passwords over Telnet or FTP",
                "A login to {server} crossed the network in clear.",
                "Whoever listens can log in later, with the rights of the service engineer.",
                "The vendor replaces it by SSH, or the port is closed.",
                "Remote maintenance must be tested again.",
                "Half a day.",
            ),
            "fr": Texts(
                "{server} reçoit des mots de passe par Telnet ou FTP",
                "Une connexion à {server} a traversé le réseau en clair.",
                "Qui écoute pourra se connecter ensuite, avec les droits de la maintenance.",
                "Le constructeur passe à SSH, ou le port est fermé.",
                "La télémaintenance est à tester de nouveau.",
                "Une demi-journée.",
            ),
        },
        {"hicp": ("9.M.C",), "csf": ("PR.AA-03",)},
        4,
    ),
    Rule(
        "net-internet",
        {
            "en": Texts(
                "{server} talks to the internet",
                "{server} exchanged data with {peer}.",
                "A scanner within reach of the internet is within reach of attackers.",
                "The network team closes the way out, except towards the vendor's named addresses.",
                "The vendor's remote diagnosis stops if its addresses were forgotten.",
                "One hour.",
            ),
            "fr": Texts(
                "{server} communique avec internet",
                "{server} a échangé des données avec {peer}.",
                "Un scanner à portée d’internet est à portée des attaquants.",
                "L’équipe réseau ferme la sortie, sauf vers les adresses connues du constructeur.",
                "Le télédiagnostic s’arrête si ses adresses ont été oubliées.",
                "Une heure.",
            ),
        },
        {"hicp": ("9.M.E",), "nis2": ("21(2)g",)},
        1,
    ),
    Rule(
        "log-none",
        {
            "en": Texts(
                "No device sends its log",
                "Nobody sent syslog in {minutes} minutes.",
                "After an incident, nobody can tell who looked at what.",
                "Switch on audit messages (PS3.15 A.5) on the PACS first.",
                "None expected.",
                "One day.",
            ),
            "fr": Texts(
                "Aucun appareil n’envoie son journal",
                "Personne n’a envoyé de syslog en {minutes} minutes.",
                "Après un incident, personne ne pourra dire qui a consulté quoi.",
                "Activer les messages d’audit (PS3.15 A.5), d’abord sur le PACS.",
                "Aucun effet attendu.",
                "Une journée.",
            ),
        },
        {"dicom": ("A.5",), "csf": ("DE.CM-09",)},
        8,
    ),
)


def ref(packet: int, kind: str, seconds: int = 0) -> EventRef:
    return EventRef(sensor="miroir-2026-11-24.pcapng", packet=packet, ts=START + timedelta(seconds=seconds), kind=kind)


@dataclass(frozen=True)
class _Kind:
    role: Role
    zone: str
    name: str
    count: int
    maker: str = ""
    model: str = ""
    modality: str = ""
    os: str = ""


DEPARTMENT = (
    _Kind(Role.MODALITY, "10.20.1.0/24", "CT", 3, "Siemens Healthineers", "SOMATOM Force", "CT", "Windows"),
    _Kind(Role.MODALITY, "10.20.1.0/24", "MR", 2, "GE MEDICAL SYSTEMS", "SIGNA Artist", "MR"),
    _Kind(Role.MODALITY, "10.20.1.0/24", "DX", 2, "Philips Medical Systems", "DigitalDiagnost", "DX", "Windows"),
    _Kind(Role.MODALITY, "10.20.1.0/24", "US", 1, "Canon", "Aplio i800", "US"),
    _Kind(Role.PACS, "10.20.2.0/24", "PACS", 1, "", "", "", "Linux"),
    _Kind(Role.RIS, "10.20.2.0/24", "RIS", 1, os="Windows"),
    _Kind(Role.INTERFACE_ENGINE, "10.20.2.0/24", "EAI", 1),
    _Kind(Role.SERVER, "10.20.2.0/24", "SRV-INFRA", 1, os="Linux"),
    _Kind(Role.WORKSTATION, "10.20.3.0/24", "LECTURE", 5, "Barco", "", "", "Windows"),
    _Kind(Role.PRINTER, "10.20.3.0/24", "REPRO", 1, "Agfa", "Drystar 5503"),
    _Kind(Role.OFFICE, "10.40.0.0/16", "PC-SEC", 4, os="Windows"),
    _Kind(Role.UNKNOWN, "10.40.0.0/16", "", 1),
    _Kind(Role.EXTERNAL, "", "maintenance.example.com", 1),
    _Kind(Role.EXTERNAL, "", "", 1),
)


def _assets(kinds: tuple[_Kind, ...], site: str = "") -> list[Asset]:
    made: list[Asset] = []
    for place, kind in enumerate(kinds):
        for number in range(1, kind.count + 1):
            outside = kind.role is Role.EXTERNAL
            base = "203.0" if outside else ".".join((kind.zone or "10.0.0.0").split(".")[:2])
            third = 113 if outside else int((kind.zone or "0.0.0").split(".")[2]) + number // 200
            address = f"{base}.{third}.{place * 10 % 200 + number % 50 + 10}"
            name = f"{site}{kind.name}{number if kind.count > 1 else ''}" if kind.name else ""
            dicom = kind.role in (Role.MODALITY, Role.PACS, Role.WORKSTATION, Role.PRINTER)
            made.append(
                Asset(
                    id=f"a-{site}{place:02d}-{number:03d}".lower(),
                    addresses=(address,),
                    mac=f"00:1b:{place:02x}:00:{number // 256:02x}:{number % 256:02x}",
                    mac_vendor=kind.maker,
                    hostnames=(name.lower(),) if name and not outside else ((name,) if name else ()),
                    ae_titles=(name.replace("-", "_"),) if dicom and name else (),
                    roles=(kind.role,),
                    modalities=(kind.modality,) if kind.modality else (),
                    manufacturer=kind.maker if kind.modality else "",
                    model=kind.model,
                    software_versions=("syngo CT VB10A",) if kind.modality == "CT" else (),
                    serial_hash=f"{place:02x}{number:02x}9f4c11d2" if kind.modality else "",
                    station_names=(f"{name}-CONSOLE",) if kind.modality else (),
                    os=kind.os,
                    os_version="10.0.14393" if kind.os == "Windows" else "",
                    components=(Component("DCMTK", "3.6.7", "OFFIS_DCMTK_367"),) if dicom else (),
                    zone=kind.zone,
                    external=outside,
                    services=("dicom/104",) if kind.role is Role.PACS else (),
                    contradictions=(Contradiction("model", ("SOMATOM Force", "SOMATOM go.Up")),)
                    if name.endswith("CT2")
                    else (),
                    clock_offset=-312 if name.endswith("DX1") else None,
                    confidence=Confidence.SEEN if name else Confidence.POSSIBLE,
                    first_seen=START + timedelta(seconds=place),
                    last_seen=END,
                    evidence={"first": (ref(place * 100 + number, "connection"),)},
                )
            )
    return made


def _flow(client: Asset, server: Asset, service: Service, port: int, rng: random.Random, **more: object) -> Flow:
    return Flow(
        id=f"{client.id}>{server.id}/{service}/{port}",
        client=client.id,
        server=server.id,
        client_addresses=client.addresses,
        server_addresses=server.addresses,
        client_zone=client.zone,
        server_zone=server.zone,
        transport=Transport.UDP if service in (Service.NTP, Service.DNS, Service.SYSLOG) else Transport.TCP,
        service=service,
        port=port,
        connections=rng.randint(1, 90),
        answered=1,
        bytes_to_server=rng.randint(2_000, 800_000_000),
        bytes_to_client=rng.randint(2_000, 3_000_000),
        first_seen=START + timedelta(minutes=rng.randint(0, 60)),
        last_seen=END - timedelta(minutes=rng.randint(0, 60)),
        evidence={"first": (ref(rng.randint(1, 90_000), "connection"),)},
        **more,  # type: ignore[arg-type]
    )


def _flows(assets: list[Asset], rng: random.Random) -> list[Flow]:
    def those(role: Role) -> list[Asset]:
        return [one for one in assets if role in one.roles]

    def nearest(one: Asset, role: Role) -> Asset:
        """The server of the same site (second octet, last digit), if there are several."""
        site = one.zone.split(".")[1][-1:] if one.zone else ""
        return next((two for two in those(role) if two.zone.split(".")[1][-1:] == site), those(role)[0])

    pacs, ris, eai = (those(role)[0] for role in (Role.PACS, Role.RIS, Role.INTERFACE_ENGINE))
    flows = []
    for one in those(Role.MODALITY):
        pacs, ris, infra = (nearest(one, role) for role in (Role.PACS, Role.RIS, Role.SERVER))
        storage = MR_STORAGE if "MR" in one.modalities else CT_STORAGE
        flows.append(
            _flow(
                one, pacs, Service.DICOM, 104, rng, calling_ae_titles=one.ae_titles, called_ae_titles=("PACS",),
                associations=24, accepted=23, rejected=1, operations={"C-ECHO": 4, "C-STORE": 4210},
                sop_classes={storage: 4210}, objects=4210, transfer_syntaxes=(IMPLICIT, JPEG_LOSSLESS),
            )
        )  # fmt: skip
        flows.append(_flow(one, ris, Service.DICOM, 11112, rng, operations={"C-FIND": 88}, sop_classes={WORKLIST: 88}))
        flows.append(_flow(one, infra, Service.NTP, 123, rng))
    for one in those(Role.WORKSTATION):
        pacs, ris, infra = (nearest(one, role) for role in (Role.PACS, Role.RIS, Role.SERVER))
        flows.append(
            _flow(one, pacs, Service.DICOM, 104, rng, operations={"C-FIND": 60, "C-MOVE": 31},
                  sop_classes={STUDY_FIND: 91}, calling_ae_titles=one.ae_titles)
        )  # fmt: skip
        flows.append(
            _flow(one, ris, Service.TLS, 443, rng, encrypted=True, tls_versions=("TLS 1.3",), sni=("ris.example",))
        )
        flows.append(_flow(one, infra, Service.DNS, 53, rng))
    flows.append(_flow(eai, ris, Service.HL7, 2575, rng, message_types={"ORM^O01": 212, "ADT^A08": 77}))
    flows.append(_flow(ris, pacs, Service.HL7, 2575, rng, message_types={"ORU^R01": 190}))
    flows.append(_flow(pacs, those(Role.PRINTER)[0], Service.DICOM, 5040, rng, operations={"N-CREATE": 3}))
    for one in those(Role.OFFICE):
        flows.append(
            _flow(one, nearest(one, Role.RIS), Service.HTTP, 80, rng, http_apis=("web",), credentials_clear=("basic",))
        )
    office, modalities, outside = those(Role.OFFICE), those(Role.MODALITY), those(Role.EXTERNAL)
    flows.append(_flow(office[0], modalities[0], Service.SMB, 445, rng, smb_dialects=("1.0",), shares=("EXPORT",)))
    flows.append(_flow(outside[0], modalities[0], Service.RDP, 3389, rng, security=("standard",)))
    flows.append(_flow(modalities[-1], outside[1], Service.TLS, 443, rng, encrypted=True))
    flows.append(_flow(office[1], modalities[2], Service.TELNET, 23, rng, credentials_clear=("telnet",)))
    flows.append(_flow(modalities[1], modalities[3], Service.UNKNOWN, 4711, rng))
    return flows


def _subject(asset: Asset) -> Subject:
    return Subject(type=SubjectType.ASSET, id=asset.id, label=asset.label, addresses=asset.addresses)


def _findings(assets: list[Asset], flows: list[Flow]) -> tuple[Finding, ...]:
    def at(asset: Asset, *services: Service) -> tuple[str, ...]:
        return tuple(one.id for one in flows if one.server == asset.id and one.service in services)

    def found(rule: str, asset: Asset, severity: Severity, harm: tuple[Harm, ...], **more: str | int) -> Finding:
        return Finding(
            rule=rule, subject=_subject(asset), severity=severity, harm=harm, params={"server": asset.label, **more},
            confidence=Confidence.SEEN, reasons=("service=dicom", "encrypted=false"), score=9.0,
            evidence=(ref(1042, "smb_session", 34), ref(88_317, "connection", 9_000)),
            flows=at(asset, Service.SMB, Service.TELNET, Service.DICOM),
        )  # fmt: skip

    modalities = [one for one in assets if Role.MODALITY in one.roles]
    servers = [one for one in assets if Role.PACS in one.roles or Role.RIS in one.roles]
    result = [
        found("smb1", modalities[0], Severity.CRITICAL, (Harm.AVAILABILITY, Harm.SPREAD), connections=14),
        found("telnet-ftp", modalities[2], Severity.HIGH, (Harm.SPREAD, Harm.CONFIDENTIALITY)),
        found("net-internet", modalities[-1], Severity.HIGH, (Harm.SPREAD,), peer="203.0.113.131"),
        *(
            found("dcm-clear", one, Severity.MEDIUM, (Harm.INTEGRITY, Harm.CONFIDENTIALITY), clients=8)
            for one in servers
        ),
    ]
    network = Subject(type=SubjectType.NETWORK, id="network", label="network")
    result.append(
        Finding(
            rule="log-none", subject=network, severity=Severity.LOW, harm=(Harm.INTEGRITY,),
            confidence=Confidence.POSSIBLE, params={"minutes": 681}, reasons=("sends_syslog=none",), evidence=(),
            rank_reason=("rank.level=low", "rank.possible", "rank.effort=8"),
        )
    )  # fmt: skip
    return tuple(result)


def _utilisation(assets: list[Asset], rng: random.Random) -> tuple[UtilisationCell, ...]:
    cells = []
    for hour in range(12):
        for modality in ("CT", "DX", "MR", "US"):
            exams = max(0, round(rng.gauss(4, 2) * (1.6 if modality == "DX" else 1)) - abs(hour - 5) // 3)
            if exams:
                cells.append(
                    UtilisationCell(
                        modality=modality,
                        hour=START.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hour),
                        exams=exams,
                        objects=exams * 240,
                        devices=tuple(one.id for one in assets if modality in one.modalities)[:2],
                    )
                )
    return tuple(cells)


def _assessment(assets: list[Asset], seed: int) -> Assessment:
    rng = random.Random(seed)
    flows = _flows(assets, rng)
    return Assessment(
        generated=END + timedelta(minutes=3),
        version="0.1.0",
        inventory=Inventory(
            assets=tuple(assets),
            flows=tuple(flows),
            utilisation=_utilisation(assets, rng),
            quality=Quality(
                packets=1_204_551,
                bytes=7_412_998_120,
                gaps=12,
                anomalies={"dicom_pdu_length": 3, "mllp_no_end": 1},
                undecodable={"ethertype 0x88cc": 340},
                drops=0,
                first=START,
                last=END,
            ),
            sources=(
                Source(
                    name="miroir-2026-11-24.pcapng", fingerprint="3f9a1c0d77aa", packets=1_204_551,
                    bytes=7_412_998_120, first=START, last=END, complete=True,
                ),
            ),
        ),
        findings=_findings(assets, flows),
    )  # fmt: skip


def department() -> Assessment:
    """25 devices in 5 zones (one of them is the outside)."""
    return _assessment(_assets(DEPARTMENT), seed=7)


def hospital() -> Assessment:
    """504 devices in 17 zones."""
    kinds = tuple(
        _Kind(one.role, one.zone.replace(".20.", f".2{site}.").replace(".40.", f".4{site}."),
              f"S{site}-{one.name}" if one.name else "",
              one.count * 7 if one.role in (Role.MODALITY, Role.WORKSTATION, Role.OFFICE) else one.count,
              one.maker, one.model, one.modality, one.os)
        for site in (1, 2, 3, 4)
        for one in DEPARTMENT
    )  # fmt: skip
    return _assessment(_assets(kinds), seed=11)


def empty() -> Assessment:
    """A capture in which nothing was recognised."""
    return Assessment(generated=END, version="0.1.0", inventory=Inventory(), findings=())


def unrecognised() -> Assessment:
    """A capture of packets that tell nothing."""
    return Assessment(generated=END, version="0.1.0", inventory=Inventory(quality=Quality(packets=12)), findings=())
