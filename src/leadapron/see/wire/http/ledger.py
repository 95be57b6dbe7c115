"""Pairs requests with responses and counts what is alike."""

from __future__ import annotations

from collections import deque
from typing import Final

from msgspec import Struct

from leadapron.model.events import HttpApi, HttpExchange
from leadapron.see.wire.http.target import Target

MAX_EXCHANGES: Final = 64
"""Distinct shapes of requests told apart on one connection."""
MAX_OUTSTANDING: Final = 64
"""Requests that may wait for their responses; the oldest of more stays unanswered."""
MAX_EARLY: Final = 8
"""Responses that may have been captured before their requests."""
OVERFLOW: Final = "…"
"""Method and path of the row that counts all shapes beyond MAX_EXCHANGES."""


class Request(Struct):
    """A request that waits for its response. A login form is known only after the head."""

    method: str
    target: Target
    credentials: str


class _Row(Struct, frozen=True):
    method: str
    path: str
    api: HttpApi
    status: int
    credentials: str


class Ledger:
    """Responses come in the order of requests (RFC 9112 §9.3.2), so a queue pairs them."""

    def __init__(self) -> None:
        self.requests = 0
        self._waiting: deque[Request] = deque()
        self._early: deque[tuple[int, str]] = deque()
        self._ordered = False
        """A request came first and nothing was lost: a response without request is one captured too early."""
        self._counts: dict[_Row, int] = {}

    def ask(self, request: Request, *, opens: bool) -> None:
        """A request was seen; `opens` if it is the first message of the connection."""
        self.requests += 1
        self._ordered = self._ordered or opens
        self._waiting.append(request)
        if self._early:
            self._count(self._waiting.popleft(), *self._early.popleft())
        elif len(self._waiting) > MAX_OUTSTANDING:
            self._count(self._waiting.popleft(), 0, "")

    def answered_method(self) -> str:
        """Method of the request that the next response answers, empty if unknown."""
        return self._waiting[0].method if self._waiting else ""

    def answer(self, status: int, content_type: str) -> None:
        """A final response was seen."""
        if self._waiting:
            self._count(self._waiting.popleft(), status, content_type)
        elif self._ordered and len(self._early) < MAX_EARLY:
            self._early.append((status, content_type))

    def lose(self) -> None:
        """Bytes are missing: from here on nobody knows which response belongs to which waiting request."""
        self._early.clear()
        self._ordered = False
        while self._waiting:
            self._count(self._waiting.popleft(), 0, "")

    def exchanges(self) -> tuple[HttpExchange, ...]:
        """All rows, in order of appearance; what is still waiting was not answered."""
        self.lose()
        return tuple(
            HttpExchange(
                method=row.method,
                path=row.path,
                api=row.api,
                status=row.status,
                count=count,
                credentials=row.credentials,
            )
            for row, count in self._counts.items()
        )

    def _count(self, request: Request, status: int, content_type: str) -> None:
        api = request.target.api_answered_with(content_type)
        row = _Row(request.method, request.target.path, api, status, request.credentials)
        if row not in self._counts and len(self._counts) >= MAX_EXCHANGES:
            row = _Row(OVERFLOW, OVERFLOW, HttpApi.OTHER, 0, "")
        self._counts[row] = self._counts.get(row, 0) + 1
