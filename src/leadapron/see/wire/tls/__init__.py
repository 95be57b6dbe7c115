"""TLS and SSL up to the point where bytes become unreadable: what was offered, chosen and shown."""

from leadapron.see.wire.tls.dissector import TlsDissector

__all__ = ["TlsDissector"]
