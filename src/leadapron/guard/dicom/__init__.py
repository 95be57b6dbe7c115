"""One guarded DICOM association (PS3.7, PS3.8): bytes in, orders out. Pure."""
