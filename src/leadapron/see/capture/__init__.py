"""Where bytes come from: capture files and streams become batches of packets.

`open_capture` reads one capture (pcap or pcapng; plain, gzip or zstd; a path or a stream), `find_captures` lists
those of a folder, `Batch` is what the packet engine is given.
"""

from leadapron.see.capture.batch import MAX_RECORD, Batch, Buffer
from leadapron.see.capture.files import Capture, find_captures, open_capture
from leadapron.see.capture.walker import CaptureAnomaly

__all__ = ["MAX_RECORD", "Batch", "Buffer", "Capture", "CaptureAnomaly", "find_captures", "open_capture"]
