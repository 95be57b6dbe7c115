"""The control socket: one JSON line asks, one answers. Only the guard's own user may (the file's mode is 0600)."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from leadapron.model.errors import LeadapronError, UsageError

MOST_REQUEST = 16 * 1024
MOST_AT_ONCE = 16
_PATIENCE = 10.0
"""Seconds for a request to come."""
_LONGEST_PATH = 107
"""Bytes (unix(7), `sun_path`)."""

Answerer = Callable[[Mapping[str, Any], int], Awaitable[Mapping[str, Any]]]
"""Takes a request and the user id of who asks. Raises a LeadapronError whose words are the answer."""


class Control:
    """Serves one answerer. A request that is no JSON, too long, or too slow gets an error and nothing else happens."""

    def __init__(self, path: Path, answer: Answerer) -> None:
        self.path, self._answer = path, answer
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self) -> None:
        """Listen. UsageError: another guard does, or the path is of no use."""
        self._server = await asyncio.start_unix_server(self._serve, sock=_bind(self.path), limit=MOST_REQUEST)

    async def stop(self) -> None:
        """Stop listening, and take the file away."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MOST_AT_ONCE:
                async with asyncio.timeout(_PATIENCE):
                    line = await reader.readline()
                if line:
                    writer.write(msgspec.json.encode(await self._answered(line, _user(writer))) + b"\n")
                    async with asyncio.timeout(_PATIENCE):
                        await writer.drain()
        except (OSError, ValueError, TimeoutError):  # too long, too slow, or gone
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _answered(self, line: bytes, user: int) -> Mapping[str, Any]:
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
            return {"ok": True, **await self._answer(request, user)}
        except (msgspec.DecodeError, RecursionError):
            return {"ok": False, "error": "a request is one line of JSON, an object"}
        except LeadapronError as error:
            return {"ok": False, "error": str(error)}


def _user(writer: asyncio.StreamWriter) -> int:
    """Who asks, as the kernel knows (unix(7), SO_PEERCRED); -1 if it does not say."""
    sock = writer.get_extra_info("socket")
    if sock is None:
        return -1
    _, user, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(user)


def _bind(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise UsageError(f"{path}: too long for a control socket; choose a shorter `state` folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o177)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        sock.listen(MOST_AT_ONCE)
    except OSError as error:
        raise UsageError(f"{path}: no control socket can be made there ({error.strerror})") from error
    return sock


def _clear(path: Path) -> None:
    """Take away what a guard left that was killed; never a living one's, and never a file that is no socket."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            if path.is_socket():
                path.unlink()
                return
            raise
        except TimeoutError:
            pass
    raise UsageError(f"{path}: another guard is running with this `state` folder; stop it, or give this one its own")
