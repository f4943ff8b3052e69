"""Grading on other machines, by Dask: `course grade --local-cluster N` and `--scheduler ADDRESS`. Needs the extra "cluster".

    main process                                              worker, as many as there are
    take in ── parcel: what was handed in, its draws ──▶ warm judges: the same `grade_one` as at home
    writer  ◀── graded notebooks, files they wrote ──

Reading order: `kit` (what travels), `worker` (what is done there), `backlog` (who is next, and what a lost worker costs),
`dispatch` (the executor), `connect` (addresses, certificates, a cluster on this machine). `facts`: who is one of us.
Only `connect`, `dispatch` and `worker` import Dask, and only a command that is told to use it imports them.
"""
