"""What every service of a device has in common."""

import time
from typing import TYPE_CHECKING, ClassVar

import msgspec

from lab.certificates import Security

if TYPE_CHECKING:
    from lab.site import Host


class Service(msgspec.Struct, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """A server that a device runs; `start` returns once it was launched, not once it answers."""

    protocol: ClassVar[str] = ""
    datagram: ClassVar[bool] = False
    port: int = 0
    ae_title: str = ""
    security: Security = Security.NONE

    def start(self, host: "Host") -> None:
        """Launch it in the device's namespace; each service says how."""
        raise NotImplementedError


def listening(host: "Host", port: int) -> bool:
    """Whether something in the device listens on the TCP port, read from the kernel's table without a packet."""
    table = host.run("cat", "/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6")
    wanted = f":{port:04X}"
    rows = [line.split() for line in table.splitlines()[1:]]
    return any(len(row) > 3 and row[1].endswith(wanted) and row[3] == "0A" for row in rows)


def wait_for(host: "Host", service: Service, seconds: float = 25) -> bool:
    """Wait until a TCP service listens; False when it never does."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if listening(host, service.port):
            return True
        time.sleep(0.3)
    return False
