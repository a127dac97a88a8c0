"""AWS's runtime interface emulator and runtime client, installed apart from the project's environment."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from lambdas.core.errors import TriageError
from tests.image.machine import HERE, HOME, ROOT

REQUIREMENTS = HERE / "requirements.txt"
_BINARY = Path("samcli/local/rapid/aws-lambda-rie-x86_64")


class ToolsMissing(TriageError):
    """The emulator or the client cannot be installed."""


def runtime_tools(python: str, home: Path = HOME) -> Path:
    """A folder with `aws-lambda-rie` and, importable by Python `python` ("3.13"), awslambdaric.

    Installed once, from the hashes in requirements.txt. Raises ToolsMissing.
    """
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = home / f"tools-{python}-{pins}"
    if not folder.is_dir():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as scratch:
            landing = Path(scratch) / "tools"
            _install(python, landing)
            # Only the binary is wanted of aws-sam-cli.
            shutil.copy2(landing / _BINARY, landing / "aws-lambda-rie")
            (landing / "aws-lambda-rie").chmod(0o755)
            shutil.rmtree(landing / "samcli")
            landing.rename(folder)
    return folder


def _install(python: str, target: Path) -> None:
    done = subprocess.run(
        [
            _pip(), "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
            "--only-binary=:all:", "--implementation", "cp", "--python-version", python,
            "--platform", "manylinux2014_x86_64", "--target", str(target), "--requirement", str(REQUIREMENTS),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ToolsMissing(f"pip could not install {REQUIREMENTS.name}: {done.stderr[-2000:]}")


def _pip() -> str:
    own = ROOT / ".tools" / "bin" / "pip"
    found = str(own) if own.is_file() else shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise ToolsMissing("there is no pip: `make setup` makes one in .tools")
    return found
