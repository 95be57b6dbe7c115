"""DICOMweb through the guard: QIDO-RS, WADO-RS and STOW-RS (PS3.18)."""
