"""DICOM under a policy, pure: bytes of both sides in, what may go on out.

`DicomConversation` guards one connection; `Instruments` are what it looks at objects and keeps them with.
"""

from leadapron.guard.dicom.conversation import DicomConversation
from leadapron.guard.dicom.objects import EvidenceWriter, Instruments, Rewriter, Suspect

__all__ = ["DicomConversation", "EvidenceWriter", "Instruments", "Rewriter", "Suspect"]
