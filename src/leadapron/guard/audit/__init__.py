"""The record of who did what (PS3.15 A.5, IHE ATNA ITI-20): messages, spool, delivery.

`AuditTrail(audit, folder, name, notice)` takes the guard's events (`record`), writes them as audit messages to a
spool on disk and sends them to the collector by syslog over TLS (RFC 5424, RFC 5425).
"""

from leadapron.guard.audit.delivery import AuditTrail

__all__ = ["AuditTrail"]
