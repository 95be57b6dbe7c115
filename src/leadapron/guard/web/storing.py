"""Requests that bring something: objects (STOW-RS), attributes of a workitem (UPS-RS)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp import web
from msgspec.structs import replace

from leadapron.guard.dicom.objects import EvidenceWriter, Rewriter, Suspect
from leadapron.guard.inspect.inspector import Depth, Finding, Inspector
from leadapron.guard.web.exchange import Exchange
from leadapron.guard.web.media import read_media_type
from leadapron.guard.web.routes import Route
from leadapron.guard.web.stow import Passed, Stow, stow_boundary
from leadapron.guard.web.wiring import Refused, refuse
from leadapron.model.events import ObjectPassed
from leadapron.model.guard import Action, Decision, Operation, Reason

MAX_ATTRIBUTES: Final = 4 << 20
"""Bytes of a workitem."""
MAX_OUTCOME: Final = 4 << 20
"""Bytes of the answer to a STOW-RS request that are read to learn what was kept."""
SUCCESS: Final = 0
PROCESSING_FAILURE: Final = 0x0110
UNKNOWN: Final = -1
_ATTRIBUTE_TYPES: Final = frozenset({"application/dicom+json", "application/dicom+xml"})
_STORED, _FAILED, _INSTANCE, _REASON = "00081199", ("00081198", "0008119A"), "00081155", "00081197"


class Storing(Exchange):
    """A request with a body. It is the assessor of the objects in it."""

    stow: Stow | None = None
    over = False
    """The client's body has ended."""

    async def store(self, route: Route) -> web.StreamResponse:
        """STOW-RS. The server behind is asked once the first bytes may go on."""
        self.operation = route.operation
        admission = self.wiring.judge.admit(self.peer)
        if not admission.passes:
            raise Refused(admission)
        old, new = stow_boundary(self.request.headers.get("Content-Type", "")), secrets.token_hex(24)
        stow = self.stow = Stow(old, new.encode("ascii"), route.operation.command, self)
        await self.welcome()
        fields = self.fields(route)
        fields["Content-Type"] = f'multipart/related; type="application/dicom"; boundary={new}'
        target = route.target()
        try:
            first: list[bytes] = []
            while not first and not self.over:
                first = await self.next_bytes(stow)
            answer = await self.answer(self.request.method, target or "", fields, lambda: self.upload(stow, first))
            async with answer:
                return await self.outcome(answer, stow)
        finally:
            stow.dismiss()
            for passed in stow.passed:  # no answer came
                self.tell(passed, UNKNOWN)

    async def submit(self, route: Route) -> web.StreamResponse:
        """UPS-RS: a small body, inspected whole before anything goes on."""
        decision = self.judge(route.operation)
        await self.welcome()
        media = read_media_type(self.request.headers.get("Content-Type", ""))
        body = bytearray()
        while piece := await self.read():
            body += piece
            if len(body) > MAX_ATTRIBUTES:
                raise refuse(Reason.LIMIT, "web.body-size", status=413)
        if body and (media is None or media.name not in _ATTRIBUTE_TYPES):
            raise refuse(Reason.PROTOCOL, "web.workitem-type", status=415)
        inspector = self.wiring.instruments.inspector("", Depth.WHOLE, False)
        inspector.feed(bytes(body))
        if inspector.finding is None and body:
            inspector.end()
        finding = inspector.finding
        if finding is not None and finding.reason in (Reason.CONTENT, Reason.BLIND):
            self.found(decision, route.operation, finding, inspector, None)
        fields = self.fields(route)
        if media is not None:
            fields["Content-Type"] = self.request.headers["Content-Type"]
        fields["Content-Length"] = str(len(body))

        async def content() -> AsyncIterator[bytes]:
            yield bytes(body)

        async with await self.answer(self.request.method, route.target() or "", fields, content) as answer:
            return await self.stream(answer, route, decision, 0)

    async def welcome(self) -> None:
        """A client that asks first is told to send its body (RFC 9110 §10.1.1)."""
        if "Expect" in self.request.headers:
            await self.request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.request.writer.output_size = 0

    async def read(self) -> bytes:
        """The next bytes of the body; empty at its end."""
        try:
            async with asyncio.timeout(self.listener.limits.stall):
                return await self.request.content.readany()
        except TimeoutError as error:
            raise refuse(Reason.LIMIT, "web.client-slow", status=408) from error
        except (aiohttp.ClientError, web.HTTPException, aiohttp.http_exceptions.HttpProcessingError) as error:
            raise refuse(Reason.PROTOCOL, "web.malformed") from error

    async def next_bytes(self, stow: Stow) -> list[bytes]:
        """What may go on next, which may be nothing yet."""
        piece = await self.read()
        if piece:
            return stow.feed(piece)
        self.over = True
        return stow.end()

    async def upload(self, stow: Stow, first: list[bytes]) -> AsyncIterator[bytes]:
        """The body for the server behind. Once something is refused it breaks off without an end."""
        try:
            for piece in first:
                yield piece
            while not self.over:
                for piece in await self.next_bytes(stow):
                    yield piece
        except Refused as refused:
            self.refusal = refused
            raise ConnectionAbortedError from refused
        except ConnectionError as error:  # the client went away
            self.refusal = refuse(Reason.LIMIT, "web.client-gone")
            raise ConnectionAbortedError from error

    async def outcome(self, answer: aiohttp.ClientResponse, stow: Stow) -> web.StreamResponse:
        """The answer, which is small, and what it says of each object."""
        response = self.begin(answer)
        if not self.over:
            response.force_close()
        await response.prepare(self.request)
        self.response = response
        read = bytearray()
        async for chunk in self.chunks(answer):
            if len(read) < MAX_OUTCOME:
                read += chunk
            await self.write(response, chunk)
        await response.write_eof()
        told = outcomes(answer.content_type, bytes(read))
        while stow.passed:
            passed = stow.passed.pop(0)
            self.tell(passed, told.get(passed.instance, UNKNOWN))
        return response

    def tell(self, passed: Passed, status: int) -> None:
        """The ledger entry of one object."""
        if not self.listener.ledger:
            return
        pseudonym, visit = self.wiring.pseudonym, self.visit
        now = datetime.fromtimestamp(self.wiring.clock().wall, UTC)
        self.wiring.record(
            ObjectPassed(
                **visit.event_fields() | {"ts": now, "end": now},
                listener=self.listener.name,
                instance=pseudonym(passed.instance) if passed.instance else "",
                study=pseudonym(passed.study) if passed.study else "",
                sop_class=passed.sop_class,
                transfer_syntax=passed.transfer_syntax,
                size=passed.size,
                pixel_digest=passed.pixel_digest,
                dataset_digest=passed.dataset_digest,
                status=status,
                altered=passed.altered,
            )
        )

    # ---------------------------------------------------------------- the assessor of objects
    def allow(self, operation: Operation) -> Decision:
        self.operation = operation
        decision = self.wiring.judge.decide(self.peer, operation)
        if not decision.passes and decision.action is not Action.HOLD:
            raise Refused(decision)
        if not decision.passes and self.listener.fail == "open" and self._evidence(decision, operation, "") is None:
            decision = replace(decision, action=Action.ALLOW, reason=Reason.BLIND)
        if decision.passes:
            self.visit.decided(self.peer, operation, decision)
        return decision

    def instruments(self, decision: Decision, transfer_syntax: str) -> tuple[Inspector, Rewriter | None]:
        rule, made = decision.bounding, self.wiring.instruments
        depth = Depth(rule.inspect) if rule else Depth.HEADER
        inspector = made.inspector(transfer_syntax, depth, self.listener.ledger)
        if rule is None or not rule.strip_private:
            return inspector, None
        return inspector, made.rewriter(transfer_syntax, rule.keep_private)

    def bound(self, decision: Decision) -> int:
        rule = decision.bounding
        return rule.object_size if rule else 0

    def sized(self, decision: Decision, operation: Operation, size: int) -> None:
        judged = self.wiring.judge.passed(self.peer, decision, size)
        if not judged.passes and decision.passes:
            raise Refused(judged)
        if judged is not decision:
            self.visit.decided(self.peer, operation, judged)

    def copy(self, decision: Decision, operation: Operation) -> EvidenceWriter | None:
        rule = decision.bounding
        holds = rule is not None and rule.on_hit is Action.HOLD and rule.inspect != Depth.OFF
        return self._evidence(decision, operation, "") if holds or not decision.passes else None

    def found(
        self,
        decision: Decision,
        operation: Operation,
        finding: Finding,
        inspector: Inspector,
        copy: EvidenceWriter | None,
    ) -> None:
        rule = decision.bounding
        if finding.reason is Reason.BLIND and self.listener.fail == "open":
            if copy is not None:
                copy.abort()
            judged = Decision(action=Action.ALLOW, reason=Reason.BLIND, rule=rule)
            self.visit.decided(self.peer, operation, judged, detail=finding.name)
            return
        parts = () if copy is not None else inspector.evidence
        name = _kept(self._evidence(decision, operation, finding.name) if parts else copy, parts)
        action = rule.on_hit if rule else Action.DENY
        watches = decision.shadow or (rule is not None and rule.shadow)
        judged = Decision(action=action, reason=finding.reason, rule=rule, shadow=watches)
        if not judged.shadow:
            raise Refused(judged, finding.name, evidence=name)
        self.visit.decided(self.peer, operation, judged, detail=finding.name, evidence=name)

    def held(self, decision: Decision, operation: Operation, copy: EvidenceWriter | None) -> None:
        name = _kept(copy, ())
        raise Refused(decision if name else replace(decision, reason=Reason.BLIND), evidence=name)

    def _evidence(self, decision: Decision, operation: Operation, finding: str) -> EvidenceWriter | None:
        opens = self.wiring.instruments.evidence
        if opens is None:
            return None
        suspect = Suspect(
            peer=self.peer,
            uid=self.visit.uid,
            operation=operation,
            rule=decision.rule.name if decision.rule else "",
            finding=finding,
        )
        try:
            return opens(suspect)
        except OSError:
            return None


def outcomes(content_type: str, body: bytes) -> dict[str, int]:
    """Instance → DIMSE status, as the answer in DICOM JSON tells (PS3.18 Table 10.5.3-2); the rest is unknown."""
    if content_type not in ("application/dicom+json", "application/json"):
        return {}
    try:
        told = msgspec.json.decode(body)
        told = told[0] if isinstance(told, list) else told
        found = {instance: SUCCESS for instance, _ in _items(told, _STORED)}
        return found | {instance: reason for key in _FAILED for instance, reason in _items(told, key)}
    except (msgspec.DecodeError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        return {}


def _items(told: Any, sequence: str) -> Iterator[tuple[str, int]]:
    for item in told.get(sequence, {}).get("Value", ()):
        reason = item.get(_REASON, {}).get("Value", (PROCESSING_FAILURE,))
        yield str(item[_INSTANCE]["Value"][0]), int(reason[0])


def _kept(writer: EvidenceWriter | None, parts: tuple[tuple[int, bytes], ...]) -> str:
    """Commits evidence; its name in quarantine, or nothing where it could not be kept."""
    if writer is None:
        return ""
    try:
        for _, part in parts:
            writer.write(part)
        return writer.commit()
    except OSError:
        writer.abort()
        return ""
