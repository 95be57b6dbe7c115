"""The guard: a gateway in front of what cannot be patched. It lets through only what was understood and allowed.

Pure: `policy` (who may do what), `conversation` (the contract), `dicom`, `hl7` and `web.messages` (one conversation
each: bytes in, orders out), `inspect` (what objects hold), `audit.messages`. Shells: `shell` (asyncio: listeners,
relays, TLS, reload, status), `web` (the DICOMweb proxy), `audit` (spool and delivery).
"""
