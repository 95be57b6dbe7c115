"""Ask a running guard over its control socket: what the command line and scripts use."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from leadapron.model.errors import UsageError

NAME = "guard.sock"
"""Of the control socket, in the policy's `state` folder."""
MOST_ANSWER = 64 << 20
_TIMEOUT = 30.0
"""Seconds: a reload looks up names and reads certificates."""


def ask(path: Path, request: Mapping[str, object]) -> dict[str, Any]:
    """One request, such as `{"do": "status"}`, and its answer. UsageError: no guard answers, or it refuses."""
    answer = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(_TIMEOUT)
            sock.connect(str(path))
            sock.sendall(msgspec.json.encode(request) + b"\n")
            while not answer.endswith(b"\n") and len(answer) < MOST_ANSWER:
                piece = sock.recv(1 << 20)
                if not piece:
                    break
                answer += piece
    except PermissionError as error:
        raise UsageError(f"{path}: only the user that runs the guard may ask it; use `sudo -u`") from error
    except OSError as error:
        raise UsageError(f"{path}: no guard answers there ({error.strerror or error}); is it running?") from error
    try:
        said = msgspec.json.decode(answer, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: the guard broke off its answer") from error
    if not said.get("ok"):
        raise UsageError(str(said.get("error", "the guard refuses")))
    return said
