"""DICOMweb through the guard: QIDO-RS, WADO-RS and STOW-RS (PS3.18)."""

from leadapron.guard.web.service import WebGuard
from leadapron.guard.web.wiring import Wiring

__all__ = ["WebGuard", "Wiring"]
