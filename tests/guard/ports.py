"""Ports for servers that must be told theirs."""

import random
import socket

BELOW_EPHEMERAL = range(10_240, 32_000)
"""Linux takes the ports of outgoing connections from above (ip(7), ip_local_port_range): one of these cannot be taken
by a client between its being found free and its server's start."""


def free_port() -> int:
    """Nobody listens on it now."""
    for port in random.SystemRandom().sample(BELOW_EPHEMERAL, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
