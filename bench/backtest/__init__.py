"""Published incidents played with the shipped scenarios, their simulated intervals beside the published figures.

    python -m bench.backtest [--draws N] [--runs N] [--seed N] [--incident NAME] [--json FILE]

`incidents/*.toml` say what is published (with its source) and what is assumed (with a range) of each hospital and each
attack. A scenario's numbers are those that are shipped; only what the incident itself states replaces them, and is
listed. Every number that is assumed is drawn anew from its range many times: an interval covers chance and ignorance.
Nothing is fitted: a published figure that lies outside stays outside, and the file says why we believe it does.

`incident` reads a file, `site` makes a department of it, `quantities` measures runs, `compare` draws and judges,
`table` writes.
"""
