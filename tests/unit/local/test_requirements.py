"""The requirements files are what the lock says, to the byte."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.place import ROOT


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.is_file() else shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not here: `make setup` installs it into .tools")
    into = tmp_path_factory.mktemp("requirements")
    script = ROOT / "local" / "export_requirements.sh"
    subprocess.run(
        ["bash", str(script), str(into)], env={**os.environ, "UV": uv, "UV_OFFLINE": "1"}, check=True
    )
    return into


@pytest.mark.parametrize("name", ["requirements.txt", "lambdas/requirements.txt"])
def test_an_export_equals_the_committed_file(exported: Path, name: str) -> None:
    assert (exported / name).read_text() == (ROOT / name).read_text(), f"{name} is out of date: run make lock"


def test_a_function_gets_neither_training_nor_infrastructure(exported: Path) -> None:
    pinned = {
        line.split("==")[0] for line in (exported / "lambdas/requirements.txt").read_text().splitlines()
    }
    assert {"onnxruntime", "msgspec", "numpy"} <= pinned
    assert not {"scikit-learn", "mlflow", "aws-cdk-lib", "ministack", "boto3", "pytest"} & pinned
