"""The guard at work: what it reads, writes and tells is joined here."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

import uvloop
from msgspec.structs import replace

from leadapron.app.guarding import QUARANTINE, content_rules, load_policy, state_folder
from leadapron.app.recording import Recorder
from leadapron.guard.audit.delivery import AuditTrail
from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom import DicomConversation, EvidenceWriter, Instruments, Suspect
from leadapron.guard.hl7 import Hl7Conversation
from leadapron.guard.inspect import Depth, Inspector, Rewriter
from leadapron.guard.quarantine import Quarantine
from leadapron.guard.shell import Guard
from leadapron.guard.shell.health import SpoolVitals, Vitals
from leadapron.model.errors import UsageError
from leadapron.model.events import Event, GuardNotice
from leadapron.model.guard import Policy, Speech
from leadapron.model.pseudonyms import pseudonym
from leadapron.store import Workspace


def local_zone() -> tzinfo:
    """The zone of this machine, with its summer time: rules have hours."""
    name = os.environ.get("TZ", "").lstrip(":")
    try:
        if name:
            return ZoneInfo(name)
        with open("/etc/localtime", "rb") as file:
            return ZoneInfo.from_file(file, "localtime")
    except (OSError, ValueError):  # none is set, or it is no name: then it is UTC
        return UTC


class _Watched:
    """A place in quarantine whose failures are told to a person."""

    def __init__(self, writer: EvidenceWriter, failed: Callable[[OSError], None]) -> None:
        self._writer, self._failed = writer, failed
        self.abort = writer.abort

    def write(self, data: Bytes) -> None:
        try:
            self._writer.write(data)
        except OSError as error:
            self._failed(error)
            raise

    def commit(self) -> str:
        try:
            return self._writer.commit()
        except OSError as error:
            self._failed(error)
            raise


class Running:
    """One guard and all around it. `told` is given every notice, for the terminal or the service's log."""

    def __init__(self, policy_file: Path, told: Callable[[GuardNotice], None]) -> None:
        self._file, self._told = policy_file, told
        self.policy = self._read()
        self._state = Path(self.policy.state)
        self._make_state()
        self._workspace = Workspace.open_or_create(Path(self.policy.workspace or self._state / "workspace"))
        self._content = content_rules(self.policy)
        self._quarantine = Quarantine.of(self._state / QUARANTINE)
        sensor = f"guard:{self.policy.name}"
        self._recorder = Recorder(self._state / "journal", self._workspace.path, sensor, self._of_journal)
        self._trail = AuditTrail(self.policy.audit, self._state / "audit", self.policy.name, self._from_thread)
        self._quiet_until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        key = self._workspace.key
        self._digest_key = blake2b(key, digest_size=32, person=b"object ledger").digest()
        instruments = Instruments(inspector=self._inspector, rewriter=Rewriter, evidence=self._evidence)
        self.guard = Guard(
            self.policy,
            speakers={
                Speech.DICOM: lambda surroundings: DicomConversation(surroundings, instruments),
                Speech.HL7: lambda surroundings: Hl7Conversation(surroundings, self._content),
            },
            record=self._record,
            pseudonym=lambda value: pseudonym(value, key),
            digest_key=self._digest_key,
            zone=local_zone(),
            reread=self._reread,
            instruments=instruments,
            complete=self._complete,
        )

    def run(self) -> None:
        """Guard until told to stop (SIGTERM, Ctrl-C), then bring everything to rest."""
        uvloop.run(self._run())

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._recorder.start()
        self._trail.start()
        try:
            await self.guard.run()
        finally:
            await self._recorder.stop()
            await asyncio.to_thread(self._trail.stop)
            self._loop = None

    # ------------------------------------------------------------ policy
    def _read(self) -> Policy:
        policy = load_policy(self._file)
        return replace(policy, state=str(state_folder(policy)))

    def _reread(self) -> Policy:
        """A changed file. What the guard was built on needs a restart."""
        policy = self._read()
        if (policy.audit, policy.workspace) != (self.policy.audit, self.policy.workspace):
            raise UsageError("`[audit]` and `workspace` need a restart to change")
        self._content = content_rules(policy)
        self.policy = policy
        return policy

    def _make_state(self) -> None:
        try:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self._state}: cannot be made ({error.strerror}); name a folder as `state`") from error

    # ------------------------------------------------------------ instruments
    def _inspector(self, transfer_syntax: str, depth: Depth, ledger: bool = True) -> Inspector:
        return Inspector(transfer_syntax, self._content, depth=depth, key=self._digest_key if ledger else None)

    def _evidence(self, suspect: Suspect) -> EvidenceWriter:
        try:
            return _Watched(self._quarantine.open(suspect), self._quarantine_failed)
        except OSError as error:
            self._quarantine_failed(error)
            raise

    def _quarantine_failed(self, error: OSError) -> None:
        """Told once a minute at most: whoever sends one hostile object sends many."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + 60
            self.guard.notice("quarantine.full", alarm=True, detail=error.strerror or "")

    # ------------------------------------------------------------ records
    def _record(self, event: Event) -> None:
        self._recorder.record(event)
        self._trail.record(event)
        if isinstance(event, GuardNotice):
            self._told(event)

    def _of_journal(self, notice: GuardNotice) -> None:
        """The recorder keeps its own notices."""
        self._trail.record(notice)
        self._told(notice)

    def _from_thread(self, notice: GuardNotice) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._record, notice)

    def _complete(self, vitals: Vitals) -> Vitals:
        """What only the surroundings know."""
        trail, audit = self._trail, self.policy.audit
        spool = None
        if audit.syslog:
            spool = SpoolVitals(
                messages=trail.waiting,
                limit=audit.spool,
                delivered=trail.sent,
                lost=trail.lost,
                connected=trail.connected,
            )
        objects, size = self._quarantine.kept
        return replace(
            vitals,
            spool=spool,
            quarantined=objects,
            quarantined_bytes=size,
            state_free=shutil.disk_usage(self._state).free,
            events_waiting=self._recorder.waiting,
        )
