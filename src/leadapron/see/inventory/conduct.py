"""What a device does on the network, as client and as server: the only ground for its roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadapron.model.events import HttpApi, Service
from leadapron.model.inventory import Role
from leadapron.see.inventory.records import FlowKey, FlowRecord, Operation

_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
_PROCEDURE_STEPS = frozenset({"1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4", "1.2.840.10008.3.1.2.3.5"})
"""Modality Performed Procedure Step (PS3.4 Annex F)."""
_QUERY_PREFIX = "1.2.840.10008.5.1.4.1.2."
"""Query/Retrieve models (PS3.4 Annex C)."""
_PRINT_PREFIX = "1.2.840.10008.5.1.1."
"""Print management (PS3.4 Annex H)."""
_PRINTER_PORTS = frozenset({515, 631, 9100})
_OFFICE = frozenset({Service.SMB, Service.HTTP, Service.HTTPS, Service.RDP})
_BACKGROUND = frozenset(
    {Service.DNS, Service.DHCP, Service.NTP, Service.NETBIOS, Service.MDNS, Service.LLMNR, Service.SYSLOG, Service.LDAP}
)
"""What any computer does, office or not."""
_INFRASTRUCTURE = frozenset(
    {
        Service.DNS,
        Service.DHCP,
        Service.NTP,
        Service.LDAP,
        Service.SMTP,
        Service.POSTGRESQL,
        Service.MYSQL,
        Service.MSSQL,
        Service.ORACLE,
        Service.MONGODB,
        Service.REDIS,
    }
)
"""Answering these makes a server."""
_ORDERS = ("ORM", "OMG", "OMI")
"""Imaging orders (HL7 v2.5.1 §4.4)."""
MANY_CLIENTS = 3
"""A computer that so many others use over one service serves them."""


class Conduct:
    """Behaviour of one device, collected from its flows."""

    def __init__(self) -> None:
        self.asks: set[Operation] = set()
        """DIMSE operations it requested and got answered."""
        self.answers: set[Operation] = set()
        self.titles: set[str] = set()
        """AE titles it answered to."""
        self.hl7_in: set[tuple[str, str]] = set()
        self.hl7_out: set[tuple[str, str]] = set()
        self.hl7_from: set[str] = set()
        self.hl7_to: set[str] = set()
        """Devices it gets messages from, and sends messages to."""
        self.client_of: set[Service] = set()
        self.clients: dict[Service, set[str]] = defaultdict(set)
        """Service → devices it answered."""
        self.ports: set[int] = set()
        self.dicomweb = False
        self.syslog_collector = False
        self.fed_by: set[str] = set()
        """Devices that stored objects here."""

    @property
    def stores(self) -> bool:
        """Objects sent to it are accepted."""
        return any(item.command == "C-STORE" for item in self.answers)

    @property
    def answers_queries(self) -> bool:
        """It answers Query/Retrieve."""
        return any(item.sop_class.startswith(_QUERY_PREFIX) for item in self.answers)

    @property
    def retrieves_for(self) -> bool:
        """It sends objects on request."""
        return any(item.command in ("C-MOVE", "C-GET") for item in self.answers)

    @property
    def queries(self) -> bool:
        """It asks for studies."""
        return any(item.sop_class.startswith(_QUERY_PREFIX) for item in self.asks)

    @property
    def acquires(self) -> bool:
        """It asks for a worklist or reports performed steps, as machines that examine patients do."""
        return any(item.sop_class == _WORKLIST_FIND or item.sop_class in _PROCEDURE_STEPS for item in self.asks)


def conduct_of(flows: Mapping[FlowKey, FlowRecord]) -> dict[str, Conduct]:
    """Device → behaviour, from flows between devices."""
    found: dict[str, Conduct] = defaultdict(Conduct)
    for key, flow in flows.items():
        client, server = found[key.client], found[key.server]
        client.client_of.add(key.service)
        if key.service is Service.SYSLOG:
            server.syslog_collector = True
        if not flow.answered:
            continue
        server.clients[key.service].add(key.client)
        server.ports.add(key.port)
        if flow.http is not None and HttpApi.DICOMWEB.value in flow.http.answered_apis:
            server.dicomweb = True
        if flow.dicom is not None:
            server.titles |= flow.dicom.answered_titles
            for operation in flow.dicom.answered:
                asker, answerer = (client, server) if operation.by_client else (server, client)
                # A server that stores back what a C-GET asked for makes no archive of the one who asked.
                if operation.command == "C-STORE" and not operation.by_client:
                    continue
                asker.asks.add(operation)
                answerer.answers.add(operation)
                if operation.command == "C-STORE":
                    server.fed_by.add(key.client)
        if flow.hl7 is not None:
            if flow.hl7.forward:
                _pass_messages(client, server, key.client, key.server, flow.hl7.forward)
            if flow.hl7.backward:
                _pass_messages(server, client, key.server, key.client, flow.hl7.backward)
    return dict(found)


def _pass_messages(
    sender: Conduct, receiver: Conduct, sender_name: str, receiver_name: str, messages: set[tuple[str, str]]
) -> None:
    sender.hl7_out |= messages
    sender.hl7_to.add(receiver_name)
    receiver.hl7_in |= messages
    receiver.hl7_from.add(sender_name)


def roles_of(
    conduct: Conduct, *, maker: bool, router: bool, external: bool, move_titles: Iterable[str]
) -> tuple[Role, ...]:
    """All roles that the behaviour shows, sorted; `unknown` where it shows none."""
    if external:
        return (Role.EXTERNAL,)
    roles = _imaging_roles(conduct, maker=maker, move_titles=frozenset(move_titles)) | _message_roles(conduct)
    if roles & {Role.PACS, Role.RIS}:
        roles.discard(Role.INTERFACE_ENGINE)
    if router:
        roles.add(Role.NETWORK)
    if not roles:
        roles = _general_roles(conduct)
    return tuple(sorted(roles)) or (Role.UNKNOWN,)


def _imaging_roles(conduct: Conduct, *, maker: bool, move_titles: frozenset[str]) -> set[Role]:
    roles: set[Role] = set()
    archive = conduct.stores and (conduct.answers_queries or conduct.dicomweb)
    if archive or conduct.retrieves_for:
        roles.add(Role.PACS)
    if maker or (conduct.acquires and not conduct.answers_queries):
        roles.add(Role.MODALITY)
    elif not roles and (conduct.queries or (conduct.stores and conduct.titles & move_titles)):
        roles.add(Role.WORKSTATION)
    if any(item.sop_class == _WORKLIST_FIND for item in conduct.answers):
        roles.add(Role.RIS)
    if any(item.sop_class.startswith(_PRINT_PREFIX) for item in conduct.answers) or conduct.ports & _PRINTER_PORTS:
        roles.add(Role.PRINTER)
    return roles


def _message_roles(conduct: Conduct) -> set[Role]:
    """An engine passes on what it gets, or to others than those it gets it from; a RIS sends orders of its own."""
    passed = {family(kind) for kind, _ in conduct.hl7_in} & {family(kind) for kind, _ in conduct.hl7_out}
    if passed:
        return {Role.INTERFACE_ENGINE}
    if any(family(kind) in _ORDERS for kind, _ in conduct.hl7_out):
        return {Role.RIS}
    return {Role.INTERFACE_ENGINE} if conduct.hl7_from and conduct.hl7_to - conduct.hl7_from else set()


def family(message_type: str) -> str:
    """`ORM` of `ORM^O01`."""
    return message_type[:3]


def _general_roles(conduct: Conduct) -> set[Role]:
    serves = any(
        service in _INFRASTRUCTURE or len(clients) >= MANY_CLIENTS for service, clients in conduct.clients.items()
    )
    foreground = conduct.client_of - _BACKGROUND - {Service.UNKNOWN}
    if serves or conduct.syslog_collector or conduct.hl7_in or (conduct.hl7_out and not foreground & _OFFICE):
        return {Role.SERVER}
    imaging = {Service.DICOM, Service.DICOM_TLS, Service.HL7}
    if conduct.clients.keys() & imaging:
        return {Role.SERVER}
    works_with_images = any(item.command != "C-ECHO" for item in conduct.asks)
    if foreground & _OFFICE and foreground <= _OFFICE | {Service.DICOM} and not works_with_images:
        return {Role.OFFICE}
    if conduct.clients and not foreground:
        return {Role.SERVER}
    return set()
