"""Bytes → events, pure: link layers, streams, recognition, one module or folder per protocol."""
