"""What every activity of a device has in common."""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from lab.services import AnyService
    from lab.site import Host, Site


class Activity(msgspec.Struct, kw_only=True, tag_field="do", forbid_unknown_fields=True):
    """Something `who` does to `to` at `at` seconds, `times` times, `every` so many seconds."""

    who: str
    at: float
    to: str = ""
    port: int = 0
    every: float = 0.0
    times: int = 1
    jitter: float = 0.0

    def run(self, site: "Site", host: "Host") -> None:
        """Do it, from the device `host`; each activity says how."""
        raise NotImplementedError

    def target(self, site: "Site", protocol: str) -> "tuple[Host, AnyService]":
        """The host this activity addresses and its service. Raises LabError when there is none."""
        server = site.host(self.to)
        return server, server.service(protocol, self.port)
