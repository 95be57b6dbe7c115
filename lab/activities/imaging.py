"""What modalities and workstations do over DICOM."""

import json
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association

from lab import dicom, images, patients
from lab.activities.base import Activity
from lab.certificates import Security
from lab.namespaces import LabError

if TYPE_CHECKING:
    from lab.services import AnyService
    from lab.site import Host, Site

SALTS = {"department": 1, "well_run": 2}


def salt(site: "Site") -> int:
    """Keeps the study identifiers of two departments apart."""
    return SALTS.get(site.scenario.name, 3)


class Dicom(Activity):
    """A DICOM activity; `calling`, `called` and `address` replace what the two devices have."""

    calling: str = ""
    called: str = ""
    address: str = ""
    user: str = ""

    def note(
        self, site: "Site", operations: dict[str, int], *, to: str = "", objects: int = 0, study: str = ""
    ) -> None:
        host = site.host(self.who)
        server, service = self.reach(site, to)
        site.note(
            client=host.name,
            server=server.name,
            service="dicom" if service.security is Security.NONE else "dicom-tls",
            port=service.port,
            encrypted=service.security is not Security.NONE,
            calling=self.calling or host.device.ae_title,
            called=self.called or service.ae_title,
            operations=operations,
            objects=objects,
            makes=bool(study),
            study=study,
        )

    def reach(self, site: "Site", to: str = "") -> "tuple[Host, AnyService]":
        server = site.host(to or self.to)
        return server, server.service("dicom", self.port if not to or to == self.to else 0)

    def link(
        self,
        site: "Site",
        contexts: dicom.Contexts,
        to: str = "",
        get_roles: Sequence[str] = (),
        handlers: dicom.Handlers = (),
    ) -> AbstractContextManager[Association]:
        """An association of this activity's device with `to`, under this activity's titles."""
        titles = dicom.Titles(calling=self.calling, called=self.called, address=self.address, user=self.user)
        server, service = self.reach(site, to)
        host = site.host(self.who)
        return dicom.association(host, server, service, contexts, titles, get_roles, handlers)


class Echo(Dicom, tag="echo"):
    """C-ECHO; with `tool` dcmtk, by the real echoscu."""

    tool: str = "pynetdicom"

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.reach(site)
        if self.tool == "dcmtk":
            titles = ("-aet", self.calling or host.device.ae_title, "-aec", self.called or service.ae_title)
            host.run("echoscu", *titles, server.address, str(service.port))
        else:
            with self.link(site, [(dicom.VERIFICATION, dicom.USUAL)]) as association:
                association.send_c_echo()
        self.note(site, {"C-ECHO": 1})


class Exam(Dicom, tag="exam"):
    """One exam: worklist, procedure step, images to every archive, end of step, storage commitment."""

    images: int = 4
    also: tuple[str, ...] = ()
    worklist: str = ""
    steps: str = ""
    commitment: bool = False
    extra_syntaxes: tuple[str, ...] = ()
    tool: str = "pynetdicom"

    def run(self, site: "Site", host: "Host") -> None:
        number = site.number("exam")
        if self.worklist:
            self._ask_worklist(site, host)
        step = images.new_uid()
        if self.steps:
            self._start_step(site, host, number, step)
        site.pause(8)
        made = [images.image(host.device, number, salt(site), n, host.now()) for n in range(1, self.images + 1)]
        for archive in (self.to, *self.also):
            self._store(site, host, archive, made)
        if self.steps:
            self._end_step(site, number, step)
        if self.commitment:
            self._commit(site, made)

    def _ask_worklist(self, site: "Site", host: "Host") -> None:
        step = Dataset()
        step.ScheduledStationAETitle, step.Modality = host.device.ae_title, host.device.modality
        step.ScheduledProcedureStepStartDate = host.now().strftime("%Y%m%d")
        query = Dataset()
        query.PatientName = query.PatientID = query.PatientBirthDate = query.AccessionNumber = ""
        query.StudyInstanceUID = ""
        query.ScheduledProcedureStepSequence = [step]
        with self.link(site, [(dicom.WORKLIST, dicom.USUAL)], to=self.worklist) as association:
            list(association.send_c_find(query, dicom.WORKLIST))
        self.note(site, {"C-FIND": 1}, to=self.worklist)

    def _start_step(self, site: "Site", host: "Host", number: int, step: UID) -> None:
        data = images.procedure_step(host.device, number, salt(site), host.now())
        with self.link(site, [(dicom.STEP, dicom.USUAL)], to=self.steps) as association:
            association.send_n_create(data, dicom.STEP, step)
        self.note(site, {"N-CREATE": 1}, to=self.steps)

    def _end_step(self, site: "Site", number: int, step: UID) -> None:
        data = Dataset()
        data.PerformedProcedureStepStatus = "COMPLETED"
        data.PerformedProcedureStepEndDate = data.PerformedProcedureStepEndTime = ""
        data.PerformedSeriesSequence = []
        with self.link(site, [(dicom.STEP, dicom.USUAL)], to=self.steps) as association:
            association.send_n_set(data, dicom.STEP, step)
        self.note(site, {"N-SET": 1}, to=self.steps)

    def _store(self, site: "Site", host: "Host", archive: str, made: list[Dataset]) -> None:
        if self.tool == "dcmtk":
            self._store_with_dcmtk(site, host, archive, made)
        else:
            kind = str(made[0].SOPClassUID)
            contexts: list[tuple[str, Sequence[str]]] = [(kind, [syntax]) for syntax in self.extra_syntaxes]
            with self.link(site, [*contexts, (kind, dicom.USUAL)], to=archive) as association:
                for data in made:
                    _expect_success(host, association, data)
        study = str(made[0].StudyInstanceUID)
        self.note(site, {"C-STORE": len(made)}, to=archive, objects=len(made), study=study)

    def _store_with_dcmtk(self, site: "Site", host: "Host", archive: str, made: list[Dataset]) -> None:
        server, service = self.reach(site, archive)
        folder = host.fresh_path("exam")
        folder.mkdir()
        for number, data in enumerate(made):
            data.save_as(folder / f"{number}.dcm", enforce_file_format=True)
        words = ["storescu", "-aet", self.calling or host.device.ae_title, "-aec", self.called or service.ae_title]
        if service.security is not Security.NONE:
            authority = site.authority
            files = authority.issue(host.name, host.device.addresses, Security.GOOD)
            words += ["+tls", str(files[1]), str(files[0]), "+cf", str(authority.path), "-ic"]
        printed = host.run(*words, "+sd", server.address, str(service.port), str(folder))
        if "E:" in printed or "F:" in printed:
            raise LabError(f"{host.name} storescu to {archive}: {printed[-300:]}")

    def _commit(self, site: "Site", made: list[Dataset]) -> None:
        rows = []
        for data in made:
            row = Dataset()
            row.ReferencedSOPClassUID, row.ReferencedSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
            rows.append(row)
        request = Dataset()
        request.TransactionUID, request.ReferencedSOPSequence = images.new_uid(), rows
        with self.link(site, [(dicom.COMMITMENT, dicom.USUAL)]) as association:
            association.send_n_action(request, 1, dicom.COMMITMENT, UID(dicom.COMMITMENT_INSTANCE))
        self.note(site, {"N-ACTION": 1})


def _expect_success(host: "Host", association: Association, data: Dataset) -> None:
    status = association.send_c_store(data)
    if not status or status.Status not in (0x0000, 0xB000, 0xB006, 0xB007):
        raise LabError(f"{host.name}: C-STORE answered {status.get('Status') if status else 'nothing'}")


class Find(Dicom, tag="find"):
    """A study query: one patient when narrow, every patient when wide."""

    wide: bool = False

    def run(self, site: "Site", host: "Host") -> None:
        found = find_studies(self, site, wide=self.wide)
        if self.wide and not found:
            raise LabError(f"{host.name}: the wide query found nothing")
        self.note(site, {"C-FIND": 1})


def find_studies(activity: Dicom, site: "Site", *, wide: bool) -> list[str]:
    """Study Instance UIDs that the archive answers."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.PatientName = "*" if wide else ""
    query.PatientID = "" if wide else patients.patient(1)[1]
    query.StudyDate = query.StudyInstanceUID = query.ModalitiesInStudy = query.AccessionNumber = ""
    found = []
    with activity.link(site, [(dicom.STUDY_FIND, dicom.USUAL)]) as association:
        for _, answer in association.send_c_find(query, dicom.STUDY_FIND):
            if answer is not None and "StudyInstanceUID" in answer:
                found.append(str(answer.StudyInstanceUID))
    return found


class Move(Dicom, tag="move", kw_only=True):
    """A query, then a C-MOVE of the first study found to `destination` (an AE title)."""

    destination: str

    def run(self, site: "Site", host: "Host") -> None:
        found = find_studies(self, site, wide=False)
        self.note(site, {"C-FIND": 1})
        if not found:
            raise LabError(f"{host.name}: no study to move")
        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", found[0]
        with self.link(site, [(dicom.STUDY_MOVE, dicom.USUAL)]) as association:
            list(association.send_c_move(query, self.destination, dicom.STUDY_MOVE))
        self.note(site, {"C-MOVE": 1})


class Get(Dicom, tag="get"):
    """A query, then a C-GET of one study on the same association as its images."""

    def run(self, site: "Site", host: "Host") -> None:
        found = find_studies(self, site, wide=False)
        self.note(site, {"C-FIND": 1})
        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", found[0]
        kinds = list(images.SOP_CLASSES.values())
        contexts = [(dicom.STUDY_GET, dicom.USUAL), *((kind, dicom.USUAL) for kind in kinds)]
        handlers = [(evt.EVT_C_STORE, lambda event: 0)]
        with self.link(site, contexts, get_roles=kinds, handlers=handlers) as association:
            list(association.send_c_get(query, dicom.STUDY_GET))
        self.note(site, {"C-GET": 1})


class Print(Dicom, tag="print"):
    """A film session: printer status, session, box, print (PS3.4 §H)."""

    def run(self, site: "Site", host: "Host") -> None:
        session, box = images.new_uid(), images.new_uid()
        copies, film = Dataset(), Dataset()
        copies.NumberOfCopies = "1"
        film.ImageDisplayFormat, film.FilmOrientation = "STANDARD\\1,1", "PORTRAIT"
        with self.link(site, [(dicom.PRINTING, dicom.USUAL)]) as association:
            printer = UID("1.2.840.10008.5.1.1.17")
            association.send_n_get([Tag(0x2110, 0x0010)], UID(dicom.PRINTER), printer, meta_uid=UID(dicom.PRINTING))
            association.send_n_create(copies, UID(dicom.FILM_SESSION), session, meta_uid=UID(dicom.PRINTING))
            association.send_n_create(film, UID(dicom.FILM_BOX), box, meta_uid=UID(dicom.PRINTING))
            association.send_n_action(None, 1, UID(dicom.FILM_BOX), box, meta_uid=UID(dicom.PRINTING))
        self.note(site, {"N-GET": 1, "N-CREATE": 2, "N-ACTION": 1})


class Rejected(Dicom, tag="rejected"):
    """An association the server rejects, because of the title it is called by."""

    def run(self, site: "Site", host: "Host") -> None:
        try:
            with self.link(site, [(dicom.VERIFICATION, dicom.USUAL)]):
                pass
        except LabError:
            self.note(site, {})
        else:
            raise LabError(f"{host.name}: {self.to} accepted the title {self.called}")


class Aborted(Dicom, tag="aborted"):
    """An association the client aborts after one echo."""

    def run(self, site: "Site", host: "Host") -> None:
        with self.link(site, [(dicom.VERIFICATION, dicom.USUAL)]) as association:
            association.send_c_echo()
            association.abort()
        self.note(site, {"C-ECHO": 1})


class Silent(Dicom, tag="silent"):
    """An echo to an `address` where no DICOM answers: the title was only called, it is no device."""

    def run(self, site: "Site", host: "Host") -> None:
        words = ("-aet", self.calling or host.device.ae_title, "-aec", self.called, "-to", "3")
        host.run("echoscu", *words, self.address, str(self.port))


class StoreStudy(Dicom, tag="store-study"):
    """An Orthanc server is told, over its own loopback, to send its first study to another device."""

    def run(self, site: "Site", host: "Host") -> None:
        port = getattr(host.service("dicom"), "http_port", 8042)
        base = f"http://127.0.0.1:{port}"
        first = json.loads(host.run("curl", "-sS", f"{base}/studies"))[0]
        host.run("curl", "-sS", "-X", "POST", "--data", f'"{first}"', f"{base}/modalities/{self.to}/store")


class Malformed(Dicom, tag="malformed"):
    """Association requests that lie about their lengths, and a PDU type that does not exist."""

    def run(self, site: "Site", host: "Host") -> None:
        server, service = self.reach(site)
        titles = service.ae_title.encode().ljust(16) + b"FUZZ".ljust(16)
        item = b"\x10\x00\x7f\xff1.2.840.10008.3.1.1.1"  # says 32,767 bytes, has 21
        body = b"\x00\x01\x00\x00" + titles + bytes(32) + item
        lying = b"\x01\x00" + len(body).to_bytes(4, "big") + body
        for request in (lying, b"\x42\x00\x00\x00\x00\x08MALFORMD"):
            with host.inside():
                stream = socket.create_connection((server.address, service.port), timeout=5)
            with stream:
                stream.sendall(request)
                stream.settimeout(2)
                with suppress(OSError):
                    stream.recv(1024)
        site.note(client=host.name, server=server.name, service="dicom", port=service.port, note="malformed")
