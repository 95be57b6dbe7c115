"""Tells systemd how the guard is (sd_notify(3)): one datagram, and no library for it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Says nothing where nobody listens."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self.watchdog = int(usec) / 2_000_000 if usec.isdecimal() and mine else 0.0
        """Seconds between two signs of life that are expected of the guard: half of systemd's patience; 0: none."""
        self._told = 0.0

    def ready(self) -> None:
        """All listeners stand."""
        self._say("READY=1")

    def reloading(self) -> None:
        """A policy is being read; `ready` ends it (`Type=notify-reload` wants the time)."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Nobody is let in any more."""
        self._say("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._say("STATUS=" + text.replace("\n", " "))

    def alive(self, steady: float) -> None:
        """To be called often; tells as often as needed."""
        if self.watchdog and steady - self._told >= self.watchdog:
            self._told = steady
            self._say("WATCHDOG=1")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            try:
                sock.sendto(text.encode(), socket.MSG_DONTWAIT, address)
            except OSError:  # systemd is busy or gone: no reason to stop guarding
                pass
