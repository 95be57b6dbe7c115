"""One guarded HL7 v2 connection over MLLP: bytes in, orders out. Pure.

Public: `Hl7Conversation`. Binary content (OBX-5 of type ED, often Base64) is scanned as it stands in the message, not
decoded.
"""

from leadapron.guard.hl7.conversation import Hl7Conversation

__all__ = ["Hl7Conversation"]
