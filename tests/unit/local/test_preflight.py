"""What has to be there before anything is installed, checked against machines made of stubs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.place import ROOT

PLENTY_KB = 50_000_000


class Machine:
    """A PATH of its own, with the tools every system has and the stubs it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for tool in ("bash", "dirname", "awk"):
            found = shutil.which(tool)
            assert found is not None
            (folder / tool).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def has_python(self, version: str, *, venv: bool = True, name: str = "python3") -> None:
        """A Python stub: answers the version question, the module question, and where it is."""
        old = tuple(map(int, version.split("."))) < (3, 11)
        self.has(
            name,
            f'case "$*" in --version) echo "Python {version}" ;; *version_info*) exit {int(old)} ;; '
            f"*ensurepip*) exit {int(not venv)} ;; *executable*) echo /opt/{name} ;; esac",
        )

    def has_all(self) -> None:
        self.has_python("3.11.7")
        self.has("node", "echo v20.20.2")
        self.has("npm", "exit 0")
        self.has_disk(PLENTY_KB)

    def has_disk(self, free_kb: int) -> None:
        self.has(
            "df",
            f'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; echo "d 1 1 {free_kb} 1% /"',
        )

    def preflight(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(ROOT / "local" / "preflight.sh")],
            env={"PATH": str(self.folder)}, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "bin")
    made.has_all()
    return made


def test_a_complete_machine_passes_in_silence_and_names_its_python(machine: Machine) -> None:
    done = machine.preflight()
    assert (done.returncode, done.stdout, done.stderr) == (0, "/opt/python3\n", "")


def test_this_machine_passes() -> None:
    done = subprocess.run(
        ["bash", str(ROOT / "local" / "preflight.sh")],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()
    assert sys.version_info >= (3, 11)


def test_an_old_python_beside_a_new_one_is_passed_over(machine: Machine) -> None:
    machine.has_python("3.9.6")
    machine.has_python("3.12.1", name="python3.12")
    assert machine.preflight().stdout == "/opt/python3.12\n"


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda m: m.has_python("3.9.6"), "Python 3.9.6 is too old: install Python 3.11 or newer"),
        (
            lambda m: m.has_python("3.12.1", venv=False),
            "python3 cannot make virtual environments: install its venv",
        ),
        (lambda m: (m.folder / "python3").unlink(), "Python is missing: install Python 3.11 or newer"),
        (
            lambda m: (m.folder / "node").unlink(),
            "Node is missing, and the CDK CLI runs on it: install Node 18",
        ),
        (
            lambda m: m.has("node", "echo v16.20.1"),
            "Node 16.20.1 is too old for the CDK CLI: install Node 18",
        ),
        (lambda m: m.has("node", "exit 1"), "node does not tell its version"),
        (lambda m: (m.folder / "npm").unlink(), "npm is missing: it comes with Node"),
        (lambda m: m.has_disk(500_000), "only 500 MB of disk are free here"),
    ],
)
def test_what_is_missing_is_one_line_that_says_what_to_do(
    machine: Machine, break_it: object, message: str
) -> None:
    assert callable(break_it)
    break_it(machine)
    done = machine.preflight()
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line for line in done.stderr.splitlines() if line] == [done.stderr.strip()]
    assert done.stderr.startswith(f"triage: {message}")


def test_every_problem_is_named_at_once(machine: Machine) -> None:
    (machine.folder / "node").unlink()
    machine.has_python("3.8.0")
    machine.has_disk(10)
    assert len(machine.preflight().stderr.splitlines()) == 3


def test_an_unreadable_disk_stops_nobody(machine: Machine) -> None:
    machine.has("df", "exit 1")
    assert machine.preflight().returncode == 0
