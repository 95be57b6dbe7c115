"""The evidence pack: composed once as neutral blocks, written as HTML and as PDF (docs/adr/0010)."""
