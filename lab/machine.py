"""What the lab's programs see of /etc: the lab's logins and names, mounted over the machine's own files."""

from pathlib import Path
from typing import TYPE_CHECKING

from lab import patients
from lab.namespaces import command

if TYPE_CHECKING:
    from lab.scenario import Scenario

# A shell that mounts the files of $LAB_ETC over /etc, then becomes the program given to it.
MOUNT = 'for file in "$LAB_ETC"/*; do mount --bind "$file" "/etc/${file##*/}"; done'


def write(folder: Path, scenario: "Scenario") -> None:
    """Write passwd, group, shadow, hosts, nsswitch.conf and resolv.conf.

    Names resolve from the hosts file alone: servers that look up their clients would otherwise ask the
    machine's real resolver, which no namespace reaches, and wait for it.
    """
    folder.mkdir(parents=True)
    accounts = Path("/etc/passwd").read_text()
    groups = Path("/etc/group").read_text()
    shadow = "".join(f"{row.split(':')[0]}:*:19000:0:99999:7:::\n" for row in accounts.splitlines())
    for number, (user, secret) in enumerate(patients.LOGINS.items(), start=21001):
        accounts += f"{user}:x:{number}:{number}:{user}:/tmp:/bin/sh\n"
        groups += f"{user}:x:{number}:\n"
        shadow += f"{user}:{command('openssl', 'passwd', '-6', secret).strip()}:19000:0:99999:7:::\n"
    names = "127.0.0.1 localhost\n"
    for device in scenario.devices:
        host = device.hostname or device.name
        names += "".join(f"{address} {host}.hospital.lab {host}\n" for address in device.addresses)
    (folder / "passwd").write_text(accounts)
    (folder / "group").write_text(groups)
    (folder / "shadow").write_text(shadow)
    (folder / "hosts").write_text(names)
    (folder / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
    (folder / "resolv.conf").write_text("")
