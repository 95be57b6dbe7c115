"""An object on its way: inspected as it streams by, its last fragment held back until nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from leadapron.guard.conversation import Bytes
from leadapron.guard.dicom.objects import Case, EvidenceWriter, Rewriter
from leadapron.guard.dicom.phases import Breach
from leadapron.guard.dicom.records import LedgerEntry
from leadapron.guard.dicom.stream import Passage, Verdict
from leadapron.guard.dicom.words import value
from leadapron.guard.inspect.inspector import Depth, Finding, Inspector
from leadapron.model.guard import Action, Decision, Reason, Task
from leadapron.see.wire.dicom.upper_layer import LAST, VALUE_HEADER, HeadTap

_NO_LIMIT = 1 << 62
_UNLIMITED_PDU = 128 * 1024
"""Bytes of the PDUs that the guard writes for a peer without a maximum (PS3.8 Annex D.1: 0)."""


class ObjectPassage(Passage):
    """An allowed object, or what the client sends with an N-service (PS3.7 §10): bytes go on as they come, but for the
    fragment that would complete it."""

    def __init__(self, case: Case) -> None:
        self.size = 0
        self.altered = False
        self._case = case
        rule = case.rule
        depth = Depth(rule.inspect) if rule else Depth.HEADER
        if case.request.operation.task is Task.PRINT:
            depth = Depth.OFF  # pixels within a sequence, which chance makes match anything, and nothing is kept
        ledger = case.stored and case.surroundings.listener.ledger
        wanted = depth is not Depth.OFF or ledger or (case.is_object and rule is not None and bool(rule.sop_classes))
        self._inspector = case.instruments.inspector(case.transfer_syntax, depth, ledger) if wanted else None
        if self._inspector is not None and case.is_object:
            self._inspector.sop_class = case.request.command.sop_class
        self._ledger = ledger
        gathers = self._inspector is not None and self._inspector.beginning is not None
        self._tap = HeadTap(case.transfer_syntax) if case.is_object and not gathers else None
        """Reads who made the object, where the inspector does not gather its beginning anyway."""
        self._limit = rule.object_size or _NO_LIMIT if rule else _NO_LIMIT
        self._counted = False
        self._blind = False
        """Something could not be judged, and the listener fails open."""
        self._forgiven = False
        """Something was found, and the rule only watches."""
        self._hit: Finding | None = None
        """Something was found, and the rule wants all of the object kept: the rest goes into quarantine only."""
        holds = rule is not None and rule.on_hit is Action.HOLD and depth is not Depth.OFF
        self._tee = case.open_evidence("") if holds else None

    def expect(self, size: int) -> None:
        self.size += size
        if self.size > self._limit and not self._counted:
            self._count()
        inspector = self._inspector
        if inspector is not None and inspector.finding is not None and self._hit is None:
            self._found(inspector.finding)

    def feed(self, data: memoryview) -> None:
        if self._tap is not None:
            self._look(self._tap, data)
        if self._tee is not None:
            self._copy(self._tee, data)
        if self._inspector is not None:
            self._inspector.feed(data)

    @property
    def bulk(self) -> int:
        inspector = self._inspector
        if self._tap is not None or self._tee is not None or inspector is None or inspector.finding is not None:
            return 0
        return inspector.bulk if self._counted else min(inspector.bulk, self._limit - self.size)

    def feed_bulk(self, size: int, pieces: Iterable[memoryview]) -> None:
        self.size += size
        if self._inspector is not None:
            self._inspector.feed_bulk(size, pieces)

    def end(self) -> Verdict:
        self._judge()
        return Verdict.PASS

    @property
    def passed_on(self) -> int:
        """Bytes that the other side gets."""
        return self.size

    # ---------------------------------------------------------------- parts
    def _judge(self) -> None:
        """The object is over: may it be complete on the other side? Raises Breach."""
        inspector = self._inspector
        if inspector is not None:
            finding = inspector.end()
            if finding is not None and self._hit is None:
                self._found(finding)
        if self._hit is not None:
            self._case.answer()
            raise self._breach(self._hit)
        if not self._counted:
            self._count()
        if self._tee is not None:
            self._tee.abort()
            self._tee = None
        case, objects = self._case, self._case.records.association.conduct.objects
        if not case.is_object:
            return
        if self._tap is not None:
            objects.head(self._tap.head())
        elif inspector is not None:
            objects.head(case.records.heads.of(inspector, case.transfer_syntax))
        objects.fragment(self.passed_on)
        objects.end(case.transfer_syntax)
        if inspector is not None and self._ledger:
            case.request.entry = self._entry(inspector)

    def _entry(self, inspector: Inspector) -> LedgerEntry:
        case = self._case
        pseudonym = case.surroundings.pseudonym
        return LedgerEntry(
            ts=case.records.now(),
            instance=pseudonym(inspector.instance) if inspector.instance else "",
            study=pseudonym(inspector.study) if inspector.study else "",
            sop_class=case.request.command.sop_class,
            transfer_syntax=case.transfer_syntax,
            size=self.passed_on,
            pixel_digest=inspector.pixel_digest,
            dataset_digest=inspector.dataset_digest,
            altered=self.altered,
        )

    def _count(self) -> None:
        """Size and volume are asked once: at the end, or as soon as the object is too long."""
        case = self._case
        request = case.request
        judged = case.surroundings.judge.passed(case.records.peer, request.decision, self.size)
        self._counted = True
        if not judged.passes:
            self.dismiss()
            raise Breach("", reason=judged.reason, decision=judged, operation=request.operation)
        if judged is not request.decision:
            case.records.decided(judged, request.operation)

    def _look(self, tap: HeadTap, data: memoryview) -> None:
        if tap.feed(data):
            self._case.records.association.conduct.objects.head(tap.head())
            self._tap = None

    def _copy(self, tee: EvidenceWriter, data: memoryview) -> None:
        try:
            tee.write(data)
        except OSError:
            tee.abort()
            self._tee = None

    def _found(self, finding: Finding) -> None:
        """Something speaks against the object. Raises Breach, unless it goes on all the same."""
        case = self._case
        rule, operation = case.rule, case.request.operation
        if finding.reason is Reason.BLIND and case.surroundings.listener.fail == "open":
            if not self._blind:
                decision = Decision(action=Action.ALLOW, reason=Reason.BLIND, rule=rule)
                case.records.decided(decision, operation, finding.name)
            self._blind = True
            return
        if self._forgiven:
            return
        if self._watches:
            self._forgiven = True
            case.records.decided(self._verdict_on(finding), operation, finding.name, self._keep(finding))
        elif self._tee is not None:
            self._hit, self.verdict = finding, Verdict.DROP
        else:
            raise self._breach(finding)

    def _verdict_on(self, finding: Finding) -> Decision:
        rule = self._case.rule
        action = rule.on_hit if rule else Action.DENY
        return Decision(action=action, reason=finding.reason, rule=rule, shadow=self._watches)

    @property
    def _watches(self) -> bool:
        """Does the rule that decided only watch, be it one that allows or one that denies?"""
        rule = self._case.rule
        return self._case.request.decision.shadow or (rule is not None and rule.shadow)

    def _breach(self, finding: Finding) -> Breach:
        return Breach(
            finding.name,
            reason=finding.reason,
            decision=self._verdict_on(finding),
            operation=self._case.request.operation,
            evidence=self._keep(finding),
        )

    def _keep(self, finding: Finding) -> str:
        """Put into quarantine what is at hand; returns its name there."""
        writer, self._tee = self._tee, None
        parts = self._inspector.evidence if self._inspector is not None else ()
        try:
            if writer is None and parts:
                writer = self._case.open_evidence(finding.name)
                if writer is not None:
                    for _, part in parts:
                        writer.write(part)
            return writer.commit() if writer is not None else ""
        except OSError:
            if writer is not None:
                writer.abort()
            return ""

    def dismiss(self) -> None:
        """The association ended before the object did: what was found is kept and told all the same."""
        if self._hit is not None:
            breach = self._breach(self._hit)
            if breach.decision is not None:
                self._case.records.decided(breach.decision, breach.operation, breach.detail, breach.evidence)
            self._hit = None
        if self._tee is not None:
            self._tee.abort()
            self._tee = None


class RewritingPassage(ObjectPassage):
    """An allowed object of which something is taken out: what is left goes on in PDUs of the guard's own."""

    verdict = Verdict.DROP

    def __init__(self, case: Case, rewriter: Rewriter, emit: Callable[[bytes], None], most: int) -> None:
        super().__init__(case)
        self._rewriter = rewriter
        self._emit = emit
        self._room = (most or _UNLIMITED_PDU) - VALUE_HEADER
        self._ready = bytearray()
        self._written = 0
        self._given_up = False

    @property
    def passed_on(self) -> int:
        return self._written

    def expect(self, size: int) -> None:
        super().expect(size)
        self._ask_rewriter()

    def feed(self, data: memoryview) -> None:
        for piece in self._rewriter.feed(data):
            self._take(piece)

    def end(self) -> Verdict:
        for piece in self._rewriter.end():
            self._take(piece)
        self._ask_rewriter()
        self.altered = self._rewriter.altered
        self._judge()
        self._emit(value(self._case.request.context, LAST, self._ready))
        return Verdict.DROP

    def _ask_rewriter(self) -> None:
        """What cannot be rewritten goes nowhere, or, where the guard fails open, on as it is."""
        finding = self._rewriter.finding
        if finding is not None and not self._given_up:
            self._found(finding)
            self._given_up = True
            for piece in self._rewriter.give_up():
                self._take(piece)

    def _take(self, piece: Bytes) -> None:
        super().feed(memoryview(piece))
        if self._hit is not None:
            return
        self._written += len(piece)
        self._ready += piece
        while len(self._ready) > self._room:
            self._emit(value(self._case.request.context, 0, self._ready[: self._room]))
            del self._ready[: self._room]


class QuarantinePassage(Passage):
    """An object that a rule holds: it goes into quarantine and nowhere else."""

    verdict = Verdict.DROP
    sends = False

    def __init__(self, writer: EvidenceWriter | None, then: Callable[[str], None]) -> None:
        self._writer = writer
        self._then = then
        """Is told the name in quarantine; empty: it could not be kept."""

    def feed(self, data: memoryview) -> None:
        if self._writer is not None:
            try:
                self._writer.write(data)
            except OSError:
                self.dismiss()

    def end(self) -> Verdict:
        name = ""
        if self._writer is not None:
            try:
                name = self._writer.commit()
            except OSError:
                self._writer.abort()
            self._writer = None
        self._then(name)
        return Verdict.DROP

    def dismiss(self) -> None:
        """The association ended before the object did."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None
