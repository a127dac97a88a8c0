"""The app synthesized once a run, in every variant the tests look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.assembly import Assembly
from tests.support.once import once

ROOT = Path(__file__).resolve().parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder carries the marker `infrastructure`."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.infrastructure)


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a cloud assembly for each variant; see synthesize.py."""

    def make(folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tests.infrastructure.synthesize", str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the app does not synthesize:\n{done.stdout}\n{done.stderr}")

    return once(tmp_path_factory, "assemblies", make)


@pytest.fixture(scope="session")
def plain(assemblies: Path) -> Assembly:
    """The app without any context key."""
    return Assembly(assemblies / "plain")


@pytest.fixture(scope="session")
def everything(assemblies: Path) -> Assembly:
    """The app on AWS with everything that is off by default turned on."""
    return Assembly(assemblies / "everything")


@pytest.fixture(scope="session")
def kinesis(assemblies: Path) -> Assembly:
    """`everything` with its stream on Kinesis."""
    return Assembly(assemblies / "kinesis")


@pytest.fixture(scope="session")
def kafka(assemblies: Path) -> Assembly:
    """`everything` with its stream on the user's Kafka, and a Redis server as its feature store."""
    return Assembly(assemblies / "kafka")


@pytest.fixture(scope="session")
def laptop(assemblies: Path) -> Assembly:
    """`everything` with `local=true`, and the feature store that `make up` starts."""
    return Assembly(assemblies / "laptop")


@pytest.fixture(scope="session")
def more_services(assemblies: Path) -> Assembly:
    """The app with one more service in the list."""
    return Assembly(assemblies / "more-services")


@pytest.fixture(scope="session")
def careless(assemblies: Path) -> Assembly:
    """Not the app: a stack with findings."""
    return Assembly(assemblies / "careless")


@pytest.fixture(scope="session")
def unacknowledged(assemblies: Path) -> Assembly:
    """`kafka` without any acknowledgement."""
    return Assembly(assemblies / "unacknowledged")
