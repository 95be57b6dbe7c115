"""The guard: a gateway in front of what cannot be patched. It lets through only what was understood and allowed.

Pure: `policy` (who may do what), `conversation` (the contract), `dicom` and `hl7` (one conversation each: bytes in,
orders out), `inspect` (what objects hold), `audit.messages`, `suggest`, `rehearsal`. Shells: `shell` (asyncio:
listeners, relays, reload, status), `web` (the DICOMweb proxy), `audit` (spool and delivery), `tls`, `certificates`,
`authority`, `quarantine`.
"""
