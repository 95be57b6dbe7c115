"""One guarded HL7 v2 connection over MLLP: bytes in, orders out. Pure."""
