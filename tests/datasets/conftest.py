"""Most tests use a small lie: a made-up set whose digests the loader is told to expect, so that no download and no real
file is needed. Those of the real sets run where COURSE_DATA names a folder that holds them.
"""

from dataclasses import replace

import pytest
from sets import MARK_DRAWN, REAL, made_up

from autograder.datasets import catalogue, download, files, places, search


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No data anywhere, no network, a cache and a Keras folder of the test's own, and made-up sets to be found."""
    for variable in ("COURSE_DATA", "COURSE_STANDIN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(places, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(download, "no_network", None)
    monkeypatch.setattr(search, "standin_in_use", {})
    digests = {key: files.digest(array) for key, array in REAL.items()}
    for name, dataset in catalogue.DATASETS.items():
        told = replace(dataset, digests=digests, draw=lambda: made_up(MARK_DRAWN))
        monkeypatch.setitem(catalogue.DATASETS, name, told)
