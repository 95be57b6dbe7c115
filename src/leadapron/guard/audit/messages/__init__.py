"""Events as DICOM audit messages (PS3.15 A.5.3) and as FHIR AuditEvent. Pure."""
