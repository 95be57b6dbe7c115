"""What the world and the house say: advisories and feeds, documents, procedures, fingerprints.

Each room under it says what is public; here, `load_fingerprints`.
"""

from leadapron.know.fingerprints import load_fingerprints

__all__ = ["load_fingerprints"]
