"""Bearer tokens before DICOMweb, with real keys."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import uvloop
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from leadapron.guard.web import tokens
from leadapron.guard.web.tokens import Tokens
from leadapron.guard.web.wiring import Refused
from leadapron.model.errors import UsageError
from leadapron.model.events import GuardDecision, GuardNotice
from leadapron.model.guard import Task
from tests.guard.web.peers import guarded, rule, scripted

ISSUER, AUDIENCE = "https://login.hospital.example", "dicomweb"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
OTHER = rsa.generate_private_key(65537, 2048)


def jwk(key: Any, algorithm: str, name: str) -> dict[str, Any]:
    made = {"RS": jwt.algorithms.RSAAlgorithm, "ES": jwt.algorithms.ECAlgorithm, "Ed": jwt.algorithms.OKPAlgorithm}
    told = json.loads(made[algorithm[:2]].to_jwk(key.public_key()))
    return {**told, "kid": name, "use": "sig"}


KEYS = {"keys": [jwk(RSA, "RS256", "rsa"), jwk(EC, "ES256", "ec"), jwk(ED, "EdDSA", "ed")]}


def token(key: Any = RSA, algorithm: str = "RS256", name: str | None = "rsa", **claims: Any) -> str:
    now = int(time.time())
    content = {"iss": ISSUER, "aud": AUDIENCE, "sub": "dr.example", "iat": now, "exp": now + 60, **claims}
    content = {key: value for key, value in content.items() if value is not None}
    return jwt.encode(content, key, algorithm, headers={"kid": name} if name else None)


def by_secret(secret: bytes) -> str:
    """A token signed with what everybody knows, as if the public key were a shared secret."""
    parts = ({"alg": "HS256", "kid": "rsa"}, {"sub": "x", "iss": ISSUER, "aud": AUDIENCE, "exp": 1 << 40})
    text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = hmac.digest(secret, text, "sha256")
    return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


def checker(path: Path, troubles: list[str] | None = None, clock: Any = time.monotonic) -> Tokens:
    return Tokens(ISSUER, AUDIENCE, str(path), trouble=(troubles or []).append, steady=clock)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEYS))
    return path


async def said(checks: Tokens, authorization: str) -> str:
    try:
        return await checks.subject(authorization)
    except Refused as refused:
        return refused.detail if refused.status == 401 else str(refused.status)


@pytest.mark.parametrize(
    ("key", "algorithm", "name"),
    [(RSA, "RS256", "rsa"), (RSA, "PS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed"), (RSA, "RS256", None)],
)
def test_a_good_token_names_its_subject(keys: Path, key: Any, algorithm: str, name: str | None) -> None:
    async def run() -> None:
        checks = checker(keys)
        await checks.start()
        assert await said(checks, "Bearer " + token(key, algorithm, name)) == "dr.example"

    uvloop.run(run())


def test_bad_tokens_are_refused(keys: Path) -> None:
    public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    now = int(time.time())
    header, body, signature = token().split(".")
    bad = {
        "": "web.token-missing",
        "Basic eDp5": "web.token-missing",
        "Bearer": "web.token-missing",
        "Bearer x.y.z": "web.token-broken",
        "Bearer " + "a" * 20_000: "web.token-broken",
        "Bearer " + token(exp=now - 120): "web.token-expired",
        "Bearer " + token(nbf=now + 300): "web.token-claims",
        "Bearer " + token(aud="other"): "web.token-claims",
        "Bearer " + token(iss="https://elsewhere.example"): "web.token-claims",
        "Bearer " + token(exp=None): "web.token-claims",
        "Bearer " + token(sub=None): "web.token-claims",
        "Bearer " + token(sub="a\nb"): "web.token-claims",
        "Bearer " + token(OTHER): "web.token-key",
        "Bearer " + token(name="unknown"): "web.token-key",
        "Bearer " + jwt.encode({"sub": "x"}, "", "none", headers={"kid": "rsa"}): "web.token-key",
        "Bearer " + by_secret(public): "web.token-key",
        "Bearer " + f"{header}.{body}.{signature[:-8]}AAAAAAAA": "web.token-key",
    }

    async def run() -> None:
        checks = checker(keys)
        await checks.start()
        for authorization, detail in bad.items():
            assert await said(checks, authorization) == detail, authorization[:40]

    uvloop.run(run())


def test_a_file_without_keys_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, 3]}')
    with pytest.raises(UsageError, match="JWKS"):
        uvloop.run(checker(path).start())


def test_new_keys_are_fetched_but_not_too_often_and_old_ones_stay_when_the_issuer_is_away() -> None:
    asked, steady, troubles = 0, 1000.0, list[str]()
    state: dict[str, Any] = {"keys": {"keys": [jwk(RSA, "RS256", "rsa")]}, "status": 200}

    async def answer(request: web.BaseRequest) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response(state["keys"], status=state["status"])

    async def run() -> None:
        nonlocal steady
        server = await asyncio.get_running_loop().create_server(web.Server(answer), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        checks = Tokens(ISSUER, AUDIENCE, url, trouble=troubles.append, steady=lambda: steady)
        await checks.start()
        assert await said(checks, "Bearer " + token()) == "dr.example"
        assert asked == 1
        state["keys"] = KEYS
        for _ in range(5):
            assert await said(checks, "Bearer " + token(EC, "ES256", "ec")) == "web.token-key"
        assert asked == 1
        steady += tokens.RETRY
        assert await said(checks, "Bearer " + token(EC, "ES256", "ec")) == "dr.example"
        assert asked == 2
        state["status"] = 500
        steady += tokens.REFRESH + 1
        assert await said(checks, "Bearer " + token()) == "dr.example"
        assert (asked, troubles) == (3, ["tokens.unreachable"])
        server.close()

    uvloop.run(run())


def test_the_guard_asks_for_a_token_and_keeps_it_to_itself(keys: Path) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n[]")

    async def run() -> None:
        settings = {"issuer": ISSUER, "audience": AUDIENCE, "keys": str(keys)}
        only = rule(tasks=frozenset({Task.FIND}), users=("dr.*",), identity=True)
        async with (
            scripted(serve) as upstream,
            guarded(upstream, only, tokens=settings) as site,
            httpx.AsyncClient(base_url=site.url) as client,
        ):
            refused = await client.get("/dicom-web/studies")
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
            old = {"Authorization": "Bearer " + token(exp=1)}
            refused = await client.get("/dicom-web/studies", headers=old)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
            good = token()
            found = await client.get("/dicom-web/studies", headers={"Authorization": f"Bearer {good}"})
            assert found.status_code == 200
            stranger = {"Authorization": "Bearer " + token(sub="mallory")}
            assert (await client.get("/dicom-web/studies", headers=stranger)).status_code == 403
        assert len(heads) == 1
        assert b"uthorization" not in heads[0]
        assert good.split(".")[2] not in str(site.events)
        decided = [event for event in site.events if isinstance(event, GuardDecision) and event.action == "allow"]
        assert [event.user for event in decided] == ["dr.example"]
        assert not [event for event in site.events if isinstance(event, GuardNotice)]

    uvloop.run(run())
