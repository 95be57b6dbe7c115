"""Knowledge that arrives after the program was installed: from files, from the Internet, from signed bundles.

Public: `snapshots.KnowledgeStore` (what a hospital holds, dated), `update.update` (a file, folder, ZIP, address or
provider becomes snapshots), `known.load_known_feeds` and `update.update_known` (the shipped public addresses),
`bundle.export_bundle` and `bundle.import_bundle`, `keys.make_key` and `keys.trust`, `web.Connection`.

Nothing is imported here: HTTP and cryptography load slowly, and `leadapron --help` needs neither.
"""
