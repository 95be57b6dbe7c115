"""Bearer tokens (RFC 6750, RFC 7519, RFC 8725): signed by the issuer that the policy names, for this guard, in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import jwt

from leadapron.guard.web.wiring import refuse
from leadapron.model.errors import UsageError
from leadapron.model.guard import Reason

LEEWAY: Final = 30
"""Seconds by which clocks may differ."""
MAX_TOKEN: Final = 16 * 1024
MAX_KEYS: Final = 1 << 20
"""Bytes of a key set."""
REFRESH: Final = 3600.0
"""Seconds after which keys are fetched again, so that a withdrawn one ends."""
RETRY: Final = 30.0
"""Least seconds between two attempts, whatever key identifiers strangers make up."""
FETCH_TIME: Final = 10.0
LEAST_RSA: Final = 2048
_ALGORITHMS: Final = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""By type of key: signatures with public keys only, so that nobody signs with what is public."""
_DEMANDED: Final = ["exp", "iss", "aud", "sub"]


class _Key:
    """One key and what it may verify."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.name = str(told.get("kid", ""))
        algorithms = _ALGORITHMS[told["kty"]]
        self.algorithms = [each for each in algorithms if told.get("alg") in (None, each)]
        self.key = jwt.PyJWK.from_dict(told, algorithm=self.algorithms[0]).key
        if told["kty"] == "RSA" and self.key.key_size < LEAST_RSA:
            raise ValueError("short key")


class Tokens:
    """Checks tokens. Keys are read from a file, or fetched and kept while the issuer is away."""

    def __init__(
        self, issuer: str, audience: str, keys: str, *, trouble: Callable[[str], None], steady: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._source = keys
        self._trouble = trouble
        """Is told the name of a notice when new keys could not be had."""
        self._steady = steady
        self._keys: list[_Key] = []
        self._read = float("-inf")
        self._tried = float("-inf")
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Reads the keys. UsageError if they are a file that holds none; an issuer may still be away."""
        await self._refresh()
        if not self._keys and not self._remote:
            raise UsageError(f"{self._source}: holds no public key of a known kind (a JWKS is expected)")

    async def subject(self, authorization: str) -> str:
        """Whom the token of an Authorization field names. Refused with 401 if it is none, or none of ours."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise refuse(Reason.IDENTITY, "web.token-missing", status=401)
        if len(token) > MAX_TOKEN:
            raise refuse(Reason.IDENTITY, "web.token-broken", status=401)
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise refuse(Reason.IDENTITY, "web.token-broken", status=401) from error
        for key in await self._candidates(header):
            try:
                claims = jwt.decode(
                    token,
                    key.key,
                    algorithms=key.algorithms,
                    issuer=self._issuer,
                    audience=self._audience,
                    leeway=LEEWAY,
                    options={"require": _DEMANDED},
                )
            except (jwt.InvalidSignatureError, jwt.InvalidKeyError):
                continue
            except jwt.ExpiredSignatureError as error:
                raise refuse(Reason.IDENTITY, "web.token-expired", status=401) from error
            except jwt.PyJWTError as error:
                raise refuse(Reason.IDENTITY, "web.token-claims", status=401) from error
            return _plain(claims["sub"])
        raise refuse(Reason.IDENTITY, "web.token-key", status=401)

    @property
    def _remote(self) -> bool:
        return self._source.startswith(("https://", "http://"))

    async def _candidates(self, header: dict[str, Any]) -> list[_Key]:
        """Keys that may have signed: fresh ones, asked for again (not too often) if none has the name told."""
        if self._steady() - self._read > REFRESH:
            await self._refresh()
        found = self._fitting(header)
        if not found:
            await self._refresh()
            found = self._fitting(header)
        return found

    def _fitting(self, header: dict[str, Any]) -> list[_Key]:
        name, algorithm = header.get("kid"), header.get("alg")
        return [key for key in self._keys if algorithm in key.algorithms and name in (None, key.name)]

    async def _refresh(self) -> None:
        """New keys, at most every RETRY seconds; the old ones stay if there are none to be had."""
        async with self._busy:
            if self._steady() - self._tried < RETRY:
                return
            self._tried = self._steady()
            try:
                keys = _read_keys(await self._fetch() if self._remote else _file(self._source))
            except (OSError, aiohttp.ClientError, TimeoutError):
                self._trouble("tokens.unreachable")
                return
            if not keys:
                self._trouble("tokens.broken")
                return
            self._keys, self._read = keys, self._steady()

    async def _fetch(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIME)
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(self._source, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise aiohttp.ClientPayloadError(f"status {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > MAX_KEYS:
                    raise aiohttp.ClientPayloadError("too long")
            return bytes(body)


def _file(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(MAX_KEYS)


def _read_keys(data: bytes) -> list[_Key]:
    """Usable public signing keys of a JWKS (RFC 7517 §5); others are passed over."""
    try:
        told = json.loads(data)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    keys = []
    for each in told if isinstance(told, list) else ():
        try:
            if each.get("use", "sig") == "sig":
                keys.append(_Key(each))
        except (jwt.PyJWTError, KeyError, IndexError, AttributeError, TypeError, ValueError):
            continue
    return keys


def _plain(subject: str) -> str:
    """A subject as it may stand in a record."""
    if not subject or len(subject) > 255 or not subject.isprintable():
        raise refuse(Reason.IDENTITY, "web.token-claims", status=401)
    return subject
