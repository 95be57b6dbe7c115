"""One request and its answer: understood, judged, written anew to the server behind, streamed back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from leadapron.guard.web.answers import AnswerError, JsonMatches, XmlMatches
from leadapron.guard.web.heads import one_transfer_syntax, request_fields, response_fields
from leadapron.guard.web.media import read_media_type
from leadapron.guard.web.routes import Body, Refusal, Route
from leadapron.guard.web.upstream import Content, Upstream, answered_from
from leadapron.guard.web.visit import Visit
from leadapron.guard.web.wiring import Refused, Wiring, refuse
from leadapron.model.guard import Action, Decision, Listener, Operation, Peer, Reason, Task

MOST_RESULTS_BODY: Final = 256 << 20
"""Bytes of one answer to a search."""
ONE_OBJECT: Final = "/instances/{id}"


class Exchange:
    """One request on one connection."""

    def __init__(
        self, request: web.BaseRequest, visit: Visit, wiring: Wiring, listener: Listener, upstream: Upstream
    ) -> None:
        self.request = request
        self.visit = visit
        self.wiring = wiring
        self.listener = listener
        self.upstream = upstream
        self.peer: Peer = visit.peer
        self.operation: Operation | None = None
        self.refusal: Refused | None = None
        """Why the request to the server behind was broken off."""
        self.response: web.StreamResponse | None = None
        """Once its head was sent."""

    @property
    def authorised(self) -> bool:
        """Does the Authorization field belong to the server behind? A token for the guard does not."""
        return not self.listener.tokens

    def judge(self, operation: Operation) -> Decision:
        """Admission and decision, recorded; Refused unless it passes."""
        self.operation = operation
        for decision in (self.wiring.judge.admit(self.peer), self.wiring.judge.decide(self.peer, operation)):
            if not decision.passes:
                raise Refused(decision)
        self.visit.decided(self.peer, operation, decision)
        return decision

    def fields(self, route: Route) -> CIMultiDict[str]:
        """Header fields for the server behind."""
        kept = request_fields(
            self.request.headers,
            client=self.peer.address,
            secured=self.visit.tls is not None,
            authorised=self.authorised,
        )
        if route.accept:
            kept["Accept"] = route.accept
        return kept

    async def forward(self, route: Route) -> web.StreamResponse:
        """A request without a body."""
        fields = self.fields(route)
        operation = route.operation
        if operation.task is Task.GET and "Accept" in fields:
            fields["Accept"], syntax = one_transfer_syntax(fields["Accept"])
            operation = _with_syntax(operation, syntax)
        decision = self.judge(operation)
        results = _most_results(decision)
        target = route.target(results)
        if target is None:
            raise Refused(Decision(action=Action.DENY, reason=Reason.RESULTS, rule=decision.rule))
        async with await self.answer(self.request.method, target, fields) as answer:
            return await self.stream(answer, route, decision, results)

    async def answer(
        self, method: str, target: str, fields: CIMultiDict[str], content: Content | None = None
    ) -> aiohttp.ClientResponse:
        """The head of the answer of the server behind; Refused if there is none in time."""
        try:
            async with asyncio.timeout(self.listener.limits.idle):
                answer = await self.upstream.ask(method, target, fields, content)
        except TimeoutError as error:
            raise refuse(Reason.UPSTREAM, "web.upstream-slow", status=504) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self.refusal or refuse(Reason.UPSTREAM, "web.upstream-broke") from error
        self.visit.server = answered_from(answer) or self.visit.server
        if answer.status < 200 or (300 <= answer.status < 400 and answer.status != 304):
            answer.close()
            raise refuse(Reason.UPSTREAM, "web.redirect")
        return answer

    async def stream(
        self, answer: aiohttp.ClientResponse, route: Route, decision: Decision, results: int
    ) -> web.StreamResponse:
        """The answer, as it comes. Refused if it turns out to be more than is allowed: then its end never comes."""
        response = self.begin(answer)
        counter = _counter(answer, route) if self.request.method != "HEAD" else None
        alone = route.operation.command.endswith(ONE_OBJECT) or route.operation.command.endswith("/wado")
        await response.prepare(self.request)
        self.response = response
        total = 0
        async for chunk in self.chunks(answer):
            total += len(chunk)
            self.measure(decision, total if alone else len(chunk), len(chunk))
            if counter is not None:
                self.count(counter, chunk, decision, results, total)
            await self.write(response, chunk)
        await response.write_eof()
        return response

    def begin(self, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        """The head for the client."""
        fields = response_fields(answer.headers, status=answer.status, authorised=self.authorised)
        response = web.StreamResponse(status=answer.status, headers=fields)
        if "Content-Encoding" in answer.headers and answer.headers["Content-Encoding"] != "identity":
            raise refuse(Reason.UPSTREAM, "web.upstream-encoding")
        if self.request.method == "HEAD" or answer.status in (204, 304):
            if "Content-Length" in answer.headers and answer.status != 204:
                response.headers["Content-Length"] = answer.headers["Content-Length"]
        elif answer.content_length is not None:
            response.content_length = answer.content_length
        elif self.request.version >= (1, 1):
            response.enable_chunked_encoding()
        return response

    async def chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Pieces of the answer."""
        while True:
            try:
                async with asyncio.timeout(self.listener.limits.stall):
                    chunk = await answer.content.readany()
            except TimeoutError as error:
                raise refuse(Reason.UPSTREAM, "web.upstream-slow", status=504) from error
            except aiohttp.ClientError as error:
                raise refuse(Reason.UPSTREAM, "web.upstream-broke") from error
            if not chunk:
                return
            yield chunk

    async def write(self, response: web.StreamResponse, chunk: bytes) -> None:
        """To the client, no faster than it reads."""
        try:
            async with asyncio.timeout(self.listener.limits.stall):
                await response.write(chunk)
        except TimeoutError as error:
            raise refuse(Reason.LIMIT, "web.client-slow") from error

    def measure(self, decision: Decision, size: int, amount: int) -> None:
        """Refused once more bytes came by than the rule allows; `size` is of one object as far as it is one."""
        rule = decision.rule
        if rule is None or not (rule.object_size or rule.rates):
            return
        over = rule.object_size and size > rule.object_size
        now = self.wiring.judge.passed(self.peer, decision, size if over else min(amount, rule.object_size or amount))
        if not now.passes:
            raise Refused(now)

    def count(
        self, counter: JsonMatches | XmlMatches, chunk: bytes, decision: Decision, results: int, total: int
    ) -> None:
        """Refused once more matches came than the rule allows, or what comes is no answer to a search."""
        try:
            found = counter.feed(chunk)
        except AnswerError as error:
            raise refuse(Reason.PROTOCOL, str(error)) from error
        if results and found > results:
            raise Refused(Decision(action=Action.DENY, reason=Reason.RESULTS, rule=decision.rule))
        if total > MOST_RESULTS_BODY:
            raise refuse(Reason.LIMIT, "web.answer-size")


def check_request(request: web.BaseRequest, route: Route) -> None:
    """Refused for a body where none belongs."""
    if request.can_read_body and route.body is Body.NONE:
        raise refuse(Reason.PROTOCOL, "web.body")


def understood(found: Route | Refusal) -> Route:
    """Refused for what has no way through."""
    if isinstance(found, Route):
        return found
    reason = Reason.PROTOCOL if found.status == 400 else Reason.NO_RULE
    raise refuse(reason, found.detail, status=found.status)


def _most_results(decision: Decision) -> int:
    rule = decision.bounding
    return rule.query.results if rule is not None and rule.query is not None and not rule.shadow else 0


def _counter(answer: aiohttp.ClientResponse, route: Route) -> JsonMatches | XmlMatches | None:
    """Counts the matches of a search; None for other answers. A search is answered in one of two forms only."""
    if route.search is None or answer.status != 200:
        return None
    if answer.content_type in ("application/dicom+json", "application/json"):
        return JsonMatches()
    media = read_media_type(answer.headers.get("Content-Type", ""))
    boundary = media.boundary if media is not None and media.name == "multipart/related" else b""
    if not boundary:
        raise refuse(Reason.UPSTREAM, "web.answer-type")
    return XmlMatches(boundary)


def _with_syntax(operation: Operation, syntax: str) -> Operation:
    if not syntax:
        return operation
    return Operation(task=operation.task, command=operation.command, level=operation.level, transfer_syntax=syntax)
