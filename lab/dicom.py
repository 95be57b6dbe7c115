"""DICOM clients of the lab's devices, through pynetdicom with each device's own implementation identity."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation, UserIdentityNegotiation

from lab.certificates import Security
from lab.namespaces import LabError

if TYPE_CHECKING:
    from lab.services import AnyService
    from lab.site import Host

USUAL = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
VERIFICATION = "1.2.840.10008.1.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
STEP = "1.2.840.10008.3.1.2.3.3"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PRINTING = "1.2.840.10008.5.1.1.9"
FILM_SESSION = "1.2.840.10008.5.1.1.1"
FILM_BOX = "1.2.840.10008.5.1.1.2"
PRINTER = "1.2.840.10008.5.1.1.16"

Contexts = Sequence[tuple[str, Sequence[str]]]
Handlers = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Titles:
    """Who calls whom, and where: what is empty is the device's own. `user` is a user identity of type username."""

    calling: str = ""
    called: str = ""
    address: str = ""
    user: str = ""


def entity(host: "Host", title: str = "") -> AE:
    """The device's application entity, with the implementation it announces (PS3.7 §D.3.3.2)."""
    application = AE(ae_title=title or host.device.ae_title or host.name.upper())
    application.implementation_class_uid = UID(host.device.implementation_uid)
    application.implementation_version_name = host.device.implementation_version or None
    application.acse_timeout = application.dimse_timeout = application.network_timeout = 30
    application.maximum_pdu_size = 16384
    return application


def tls_arguments(host: "Host", server: "Host", security: Security) -> tuple[ssl.SSLContext, str] | None:
    if security is Security.NONE:
        return None
    authority = host.site.authority
    context = authority.context(host.name, host.device.addresses, security, server=False)
    return context, f"{server.name}.hospital.lab"


@contextmanager
def association(
    host: "Host",
    server: "Host",
    service: "AnyService",
    contexts: Contexts,
    titles: Titles,
    get_roles: Sequence[str] = (),
    handlers: Handlers = (),
) -> Iterator[Association]:
    """An established association from `host`; released at the end. Raises LabError when it is not accepted."""
    application = entity(host, titles.calling)
    extended: list[Any] = []
    if titles.user:
        identity = UserIdentityNegotiation()
        identity.user_identity_type, identity.primary_field = 1, titles.user.encode()
        extended.append(identity)
    for sop_class in get_roles:
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = UID(sop_class), False, True
        extended.append(role)
    for abstract, syntaxes in contexts:
        application.add_requested_context(abstract, list(syntaxes))
    with host.inside():
        link = application.associate(
            titles.address or server.address,
            service.port,
            ae_title=titles.called or service.ae_title,
            ext_neg=extended,
            evt_handlers=list(handlers),
            tls_args=tls_arguments(host, server, service.security),
        )
    if not link.is_established:
        raise LabError(f"{host.name}: {server.name} did not accept the association")
    try:
        yield link
    finally:
        if link.is_established:
            link.release()
