"""What needs no running guard: reading a policy, suggesting one, explaining it, replaying traffic through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from ipaddress import ip_address
from pathlib import Path

import platformdirs
from msgspec import Struct
from msgspec.structs import replace

from leadapron.app.documents import read_file
from leadapron.app.ingest import Progress
from leadapron.app.interruption import Interruption
from leadapron.app.sources import SourceGroup, seed_of
from leadapron.guard.dicom import DicomConversation, Instruments
from leadapron.guard.hl7 import Hl7Conversation
from leadapron.guard.inspect import ContentRules, Depth, Inspector, Rewriter
from leadapron.guard.policy import Checked, check_policy, explain, read_policy, write_policy
from leadapron.guard.policy.services import SOP_CLASS, TRANSFER_SYNTAX, is_uid, spellings
from leadapron.guard.rehearsal import Rehearsal
from leadapron.guard.suggest import Suggestion, suggest
from leadapron.guard.tls import client_context, server_context
from leadapron.model.assessment import Assessment
from leadapron.model.errors import UsageError
from leadapron.model.events import DicomAssociation, Hl7Session, HttpSession, Service
from leadapron.model.guard import Operation, Peer, Policy, Replay, Task
from leadapron.model.segmentation import Standing
from leadapron.model.toml import parse_toml
from leadapron.report.guard.said import remarks
from leadapron.see.wire.engine import Engine
from leadapron.store import Workspace
from leadapron.whatif.segment import propose

POLICY = "guard.toml"
"""The policy people edit, in their workspace."""
QUARANTINE = "quarantine"
GUARDED = (Service.DICOM, Service.HL7, Service.HTTP)


def state_folder(policy: Policy) -> Path:
    """Where the guard of a policy keeps its control socket, journal, spool and quarantine."""
    return Path(policy.state) if policy.state else platformdirs.user_state_path("leadapron") / policy.name


def load_policy(path: Path) -> Policy:
    """Read and check a policy; paths in it are relative to its folder."""
    return read_policy(read_file(path), path.name, str(path.resolve().parent))


def state_of(path: Path) -> Path:
    """The state folder that a policy names, also where the rest of the file is broken: a guard may be running by the
    version before."""
    found = checked(path)
    if found.policy is not None:
        return state_folder(found.policy)
    try:
        told = parse_toml(read_file(path).decode("utf-8")).get("guard", {})
        state = str(path.resolve().parent / told["state"]) if told.get("state") else ""
        empty = Policy(listeners=(), rules=(), state=state)
        return state_folder(replace(empty, name=str(told["name"])) if "name" in told else empty)
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise UsageError(f"{path}: cannot be read, so the guard's folder is not known; see `guard check`") from error


def quarantine_of(path: Path) -> Path:
    """The folder in which the guard of a policy keeps what it stopped."""
    return state_of(path) / QUARANTINE


def checked(path: Path) -> Checked:
    """As `load_policy`, with problems and warnings instead of an error."""
    return check_policy(read_file(path), path.name, str(path.resolve().parent))


def suggested(workspace: Workspace, assessment: Assessment, language: str) -> Suggestion:
    """A policy that allows what the workspace has seen, except what looks like an attack."""
    rules = propose(assessment.picture, assessment.findings).rules
    refused = [rule for rule in rules if rule.standing is Standing.REFUSE and rule.service in GUARDED]
    return suggest(
        workspace.events(DicomAssociation),
        workspace.events(Hl7Session),
        workspace.events(HttpSession),
        names={address: asset.label for asset in assessment.inventory.assets for address in asset.addresses},
        suspects={(source, target) for rule in refused for source in rule.sources for target in rule.targets},
        language=language,
    )


def written(suggestion: Suggestion, language: str) -> str:
    """The suggestion as a file that people read and correct."""
    return write_policy(suggestion.policy, language, remarks(suggestion.remarks, language))


def content_rules(policy: Policy) -> ContentRules:
    """The shipped content rules and those a policy names, compiled. UsageError names file and line."""
    return ContentRules.load([(Path(file).name, _text(Path(file))) for file in policy.content_rules])


def _text(path: Path) -> str:
    try:
        return read_file(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text") from error


def check_files(policy: Policy) -> None:
    """Open what a policy names: content rules and certificates. UsageError names the file and what to do."""
    now = datetime.now(UTC)
    content_rules(policy)
    for listener in policy.listeners:
        if listener.tls is not None:
            server_context(listener.tls, now)
        if listener.upstream_tls is not None:
            client_context(listener.upstream_tls, now)
    if policy.audit.tls is not None:
        client_context(policy.audit.tls, now)


class Question(Struct, frozen=True, kw_only=True):
    """What `guard explain` is asked, as typed."""

    peer: str
    operation: str
    called: str = ""
    listener: str = ""
    sop_class: str = ""
    transfer_syntax: str = ""
    destination: str = ""
    message: str = ""
    user: str = ""
    wide: bool = False
    moment: str = ""


def explained(policy: Policy, question: Question, zone: tzinfo, language: str) -> Iterator[str]:
    """The answer, then every rule and what became of it. UsageError: the question cannot be understood."""
    calling, at, address = question.peer.rpartition("@")
    if not at and not _is_address(question.peer):
        calling, address = question.peer, ""
    peer = Peer(
        address=address,
        listener=question.listener or policy.listeners[0].name,
        calling=calling,
        called=question.called,
        user=question.user,
        user_kind=1 if question.user else 0,
    )
    if not question.listener and len(policy.listeners) > 1:
        names = ", ".join(each.name for each in policy.listeners)
        raise UsageError(f"the policy has several listeners; say which with --listener: {names}")
    told = explain(policy, peer, _operation(question), _time(question.moment, zone), zone)
    yield told.verdict(language)
    for step in told.steps:
        yield f"{'→' if step.decides else ' '} {step.said(language)}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _time(text: str, zone: tzinfo) -> float:
    if not text:
        return datetime.now(UTC).timestamp()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text}: not a time; write it as 2026-11-24T03:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _operation(question: Question) -> Operation | None:
    """The task a person named; `association` asks only whether the peer may come in."""
    if question.operation == "association":
        return None
    try:
        task = Task(question.operation)
    except ValueError as error:
        known = ", ".join(("association", *Task))
        raise UsageError(f"{question.operation}: not an operation; choose one of {known}") from error
    return Operation(
        task=task,
        command=question.operation,
        sop_class=_uid(question.sop_class, SOP_CLASS),
        transfer_syntax=_uid(question.transfer_syntax, TRANSFER_SYNTAX),
        destination=question.destination,
        message=question.message,
        wide=question.wide,
    )


def _uid(text: str, kind: str) -> str:
    """The UID of a name as a policy may write it."""
    if not text or is_uid(text):
        return text
    found = spellings(kind).get(text.lower(), ())
    if len(found) != 1:
        raise UsageError(f"{text}: not the name of one class or syntax; give its UID")
    return found[0]


def replayed(
    sources: Sequence[SourceGroup], policy: Policy, zone: tzinfo, progress: Progress | None = None
) -> tuple[Replay, bool]:
    """Captures through a policy; False where Ctrl-C ended it early, with what was judged until then."""
    rehearsal = Rehearsal(policy, zone)
    content = content_rules(policy)

    def inspector(transfer_syntax: str, depth: Depth, _ledger: bool) -> Inspector:
        return Inspector(transfer_syntax, content, depth=depth)

    instruments = Instruments(inspector=inspector, rewriter=Rewriter)
    protocols = rehearsal.protocols(
        lambda surroundings: DicomConversation(surroundings, instruments),
        lambda surroundings: Hl7Conversation(surroundings, content),
    )
    interruption, read, packets = Interruption(), 0, 0
    with interruption.watched():
        for group in sources:
            engine = Engine(group.id, rehearsal.take, seed_of([group]), protocols, ())
            for piece in group.pieces:
                engine.context.sensor = piece.name
                with piece.open() as capture:
                    for batch in interruption.until_asked(iter(capture)):
                        engine.feed(batch)
                        if progress is not None:
                            progress(read + capture.position, packets + capture.packets)
                    read += piece.size or capture.position
                    packets += capture.packets
                if interruption.asked:
                    break
            engine.finish()
            if interruption.asked:
                break
    return rehearsal.result, not interruption.asked
