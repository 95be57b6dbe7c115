"""Leadapron: the lead apron of an imaging department's network.

One room per verb of the mission; imports go down only (checked by import-linter):

    cli
    app
    store | report
    assess
    see | know
    rules
    model

``model`` names what everyone shares, ``rules`` judges rows, ``see`` turns bytes into events and events into
devices and flows, ``know`` holds what the world publishes, ``assess`` makes findings, ``store`` keeps events at
rest, ``report`` puts all this into words and pictures, ``app`` joins the rooms, and ``cli`` is a thin front end.
"""

__version__ = "0.1.0"
