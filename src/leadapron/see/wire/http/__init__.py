"""HTTP/1.x in clear: which resources are asked for, by what software, with what kind of credentials."""

from leadapron.see.wire.http.dissector import HttpDissector

__all__ = ["HttpDissector"]
