"""DICOM servers: Orthanc, DCMTK and pynetdicom."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.dimse_primitives import N_CREATE

from lab import dicom, images, patients
from lab.certificates import Security
from lab.services.base import Service

if TYPE_CHECKING:
    from lab.site import Host

PENDING, SUCCESS = 0xFF00, 0x0000


class Orthanc(Service, tag="orthanc"):
    """A PACS with DICOM and DICOMweb. `forward` lists devices that get a copy of every object."""

    protocol: ClassVar[str] = "dicom"
    port: int = 4242
    ae_title: str = "ORTHANC"
    http_port: int = 8042
    known: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    web: bool = True  # whether its web server answers other machines

    def start(self, host: "Host") -> None:
        settings = self._settings(host)
        if self.forward:
            script = host.folder / "forward.lua"
            sends = "\n".join(f"  SendToModality(instance, '{name}')" for name in self.forward)
            # Only what came over DICOM from elsewhere is forwarded, or two archives would echo for ever.
            script.write_text(f"function OnStoredInstance(instance, tags, metadata)\n{sends}\nend\n")
            settings["LuaScripts"] = [str(script)]
        path = host.folder / "orthanc.json"
        path.write_text(json.dumps(settings, indent=1))
        host.spawn("Orthanc", str(path))

    def _settings(self, host: "Host") -> dict[str, object]:
        settings: dict[str, object] = {
            "Name": host.name,
            "StorageDirectory": str(host.folder / "storage"),
            "IndexDirectory": str(host.folder / "storage"),
            "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
            "HttpPort": self.http_port,
            "RemoteAccessAllowed": self.web,
            "AuthenticationEnabled": bool(self.users),
            "RegisteredUsers": {user: patients.LOGINS[user] for user in self.users},
            "DicomAet": self.ae_title,
            "DicomPort": self.port,
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowMove": True,
            "DicomAlwaysAllowGet": True,
            "DicomModalities": {name: self._peer(host, name) for name in self.known},
            "StableAge": 1,
            "DicomScpTimeout": 30,
            "DicomScuTimeout": 10,
            "DicomWeb": {"Enable": True},
        }
        if self.security is not Security.NONE:
            certificate, key = host.site.authority.issue(host.name, host.device.addresses, self.security)
            settings |= {
                "DicomTlsEnabled": True,
                "DicomTlsCertificate": str(certificate),
                "DicomTlsPrivateKey": str(key),
                "DicomTlsTrustedCertificates": str(host.site.authority.path),
            }
        return settings

    def _peer(self, host: "Host", name: str) -> dict[str, object]:
        peer = host.site.host(name)
        service = peer.service("dicom")
        return {
            "AET": service.ae_title,
            "Host": peer.address,
            "Port": service.port,
            "UseDicomTls": service.security is not Security.NONE,
        }


class Dcmqrscp(Service, tag="dcmqrscp"):
    """DCMTK's query/retrieve archive. `known` lists move destinations."""

    protocol: ClassVar[str] = "dicom"
    port: int = 104
    known: tuple[str, ...] = ()

    def start(self, host: "Host") -> None:
        storage = host.folder / "archive"
        storage.mkdir(exist_ok=True)
        peers = [host.site.host(name) for name in self.known]
        entries = [f"{peer.name} = ({_title(peer)}, {peer.address}, {_port(peer)})" for peer in peers]
        lines = [
            f"NetworkTCPPort = {self.port}",
            "MaxPDUSize = 16384",
            "MaxAssociations = 16",
            "HostTable BEGIN",
            *entries,
            "HostTable END",
            "VendorTable BEGIN",
            "VendorTable END",
            "AETable BEGIN",
            f"{self.ae_title} {storage} RW (500, 1024mb) ANY",
            "AETable END",
        ]
        path = host.folder / "dcmqrscp.cfg"
        path.write_text("\n".join(lines) + "\n")
        host.spawn("dcmqrscp", "-c", str(path))


def _title(host: "Host") -> str:
    return host.service("dicom").ae_title


def _port(host: "Host") -> int:
    return host.service("dicom").port


class Storescp(Service, tag="storescp"):
    """DCMTK's plain receiver, with or without TLS."""

    protocol: ClassVar[str] = "dicom"
    port: int = 104

    def start(self, host: "Host") -> None:
        words = ["storescp", "--ignore", "-aet", self.ae_title, "+xa"]
        if self.security is not Security.NONE:
            certificate, key = host.site.authority.issue(host.name, host.device.addresses, self.security)
            words += ["+tls", str(key), str(certificate), "+cf", str(host.site.authority.path)]
            words += ["-rc" if self.security is Security.MUTUAL else "-ic"]
        host.spawn(*words, str(self.port))


class Node(Service, tag="node"):
    """A pynetdicom server with the device's own implementation identity: modality, RIS, printer or workstation."""

    protocol: ClassVar[str] = "dicom"
    port: int = 104
    provides: tuple[str, ...] = ("echo", "store")
    worklist_of: tuple[str, ...] = ()

    def start(self, host: "Host") -> None:
        application = dicom.entity(host, self.ae_title)
        application.require_called_aet = False
        handlers: list[tuple[Any, ...]] = [(evt.EVT_C_ECHO, _success)]
        application.add_supported_context(dicom.VERIFICATION)
        for role in self.provides:
            handlers += _ROLES[role](application, host) if role != "echo" else []
        context = None
        if self.security is not Security.NONE:
            addresses = host.device.addresses
            context = host.site.authority.context(host.name, addresses, self.security, server=True)
        with host.inside():
            server = application.start_server(
                ("0.0.0.0", self.port), block=False, evt_handlers=handlers, ssl_context=context
            )
        host.site.closers.append(server.shutdown if server else _nothing)


def _nothing() -> None:
    return None


def _instance(event: evt.Event) -> UID:
    """The instance an N-CREATE names, or a new one when it leaves that to the server (PS3.7 §10.1.5.1.4)."""
    request = event.request
    named = request.AffectedSOPInstanceUID if isinstance(request, N_CREATE) else None
    return named or images.new_uid()


def _success(event: evt.Event) -> int:
    return SUCCESS


def _store(application: AE, host: "Host") -> list[tuple[Any, ...]]:
    # Twenty uncompressed classes are what a real receiver lists; the full table would fill the capture.
    for context in AllStoragePresentationContexts:
        kind = context.abstract_syntax
        if kind is not None and kind in images.SOP_CLASSES.values():
            application.add_supported_context(kind, list(dicom.USUAL))
    return [(evt.EVT_C_STORE, _success)]


def _worklist(application: AE, host: "Host") -> list[tuple[Any, ...]]:
    application.add_supported_context(dicom.WORKLIST, list(dicom.USUAL))

    def answer(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier.ScheduledProcedureStepSequence[0]
        first = host.site.number("worklist")
        for number in range(first, first + 2):
            yield PENDING, scheduled(number, asked.get("Modality", ""), asked.get("ScheduledStationAETitle", ""))

    return [(evt.EVT_C_FIND, answer)]


def scheduled(exam: int, modality: str, station: str) -> Dataset:
    """One worklist entry (PS3.4 §K.6.1)."""
    name, identifier, birth = patients.patient(exam)
    step = Dataset()
    step.ScheduledStationAETitle, step.Modality = station, modality
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261124", "0800"
    step.ScheduledProcedureStepDescription, step.ScheduledProcedureStepID = "ROUTINE", f"SPS{exam}"
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 100"
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = name, identifier, birth, "O"
    data.AccessionNumber = patients.accession(exam)
    data.StudyInstanceUID = patients.study_uid(exam, 9)
    data.RequestedProcedureID = f"RP{exam}"
    data.ScheduledProcedureStepSequence = [step]
    return data


def _steps(application: AE, host: "Host") -> list[tuple[Any, ...]]:
    application.add_supported_context(dicom.STEP, list(dicom.USUAL))

    def created(event: evt.Event) -> tuple[int, Dataset]:
        answer = event.attribute_list
        answer.AffectedSOPInstanceUID = _instance(event)
        return SUCCESS, answer

    def changed(event: evt.Event) -> tuple[int, Dataset]:
        return SUCCESS, event.modification_list

    return [(evt.EVT_N_CREATE, created), (evt.EVT_N_SET, changed)]


def _printing(application: AE, host: "Host") -> list[tuple[Any, ...]]:
    application.add_supported_context(dicom.PRINTING, list(dicom.USUAL))

    def made(event: evt.Event) -> tuple[int, Dataset]:
        answer = Dataset()
        answer.AffectedSOPInstanceUID = _instance(event)
        return SUCCESS, answer

    def done(event: evt.Event) -> tuple[int, None]:
        return SUCCESS, None

    def status(event: evt.Event) -> tuple[int, Dataset]:
        answer = Dataset()
        answer.PrinterStatus = "NORMAL"
        answer.Manufacturer, answer.ManufacturerModelName = host.device.manufacturer, host.device.model
        return SUCCESS, answer

    handlers = [(evt.EVT_N_CREATE, made), (evt.EVT_N_ACTION, done), (evt.EVT_N_GET, status)]
    return [*handlers, (evt.EVT_N_DELETE, _success)]


def _reports(application: AE, host: "Host") -> list[tuple[Any, ...]]:
    """Receives storage commitment results (PS3.4 §J.3.3), as modalities do on a second association."""
    application.add_supported_context(dicom.COMMITMENT, list(dicom.USUAL), scu_role=True, scp_role=True)

    def reported(event: evt.Event) -> tuple[int, None]:
        return SUCCESS, None

    return [(evt.EVT_N_EVENT_REPORT, reported)]


_ROLES: dict[str, Callable[[AE, "Host"], list[tuple[Any, ...]]]] = {
    "store": _store,
    "worklist": _worklist,
    "steps": _steps,
    "print": _printing,
    "reports": _reports,
}
