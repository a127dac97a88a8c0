"""The set-up script: what it runs, how it fails, and that nothing of it outlives an interrupt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from local.place import ROOT
from tests.support.signals import heeded

STUB = "#!/bin/bash\n"
FAKE_PYTHON = (
    STUB
    + r"""
case "$*" in
  *version_info* | *ensurepip*) ;;
  *executable*) echo "$0" ;;
  "-m venv --clear .tools")
    mkdir -p .tools/bin
    printf '#!/bin/bash\necho "pip $*" >>calls\n' >.tools/bin/pip
    printf '#!/bin/bash\necho "uv $*" >>calls\nmkdir -p .venv\n' >.tools/bin/uv
    printf '[ "$1" = venv ] || %s\n' "$UV_DOES" >>.tools/bin/uv
    chmod +x .tools/bin/*
    echo "$*" >>calls ;;
esac
"""
)


class Checkout:
    """A checkout with stubs in place of Python, Node and npm; `calls` is what was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "local").mkdir(parents=True)
        for script in ("setup.sh", "preflight.sh"):
            shutil.copy(ROOT / "local" / script, folder / "local" / script)
        for name in ("pyproject.toml", "uv.lock", "package.json", "package-lock.json"):
            (folder / name).write_text("")
        self.stub("python3", FAKE_PYTHON)
        self.stub("node", STUB + "echo v20.0.0")
        self.stub("npm", STUB + 'echo "npm $*" >>calls; mkdir -p node_modules')

    def stub(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def start(self, uv_does: str = ":") -> subprocess.Popen[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.Popen(
            ["bash", "local/setup.sh"],
            cwd=self.folder, env={"PATH": path, "UV_VERSION": "9.9.9", "UV_DOES": uv_does}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def setup(self, uv_does: str = ":") -> tuple[int, str, str]:
        process = self.start(uv_does)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr

    def use_uv(self, does: str) -> None:
        """Replace the uv that was installed by one that `does` something else."""
        (self.folder / ".tools" / "bin" / "uv").write_text(f"{STUB}mkdir -p .venv\n{does}")

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_the_first_time_installs_the_pinned_tools(checkout: Checkout) -> None:
    code, stdout, stderr = checkout.setup()
    assert (code, stderr) == (0, "")
    assert "the Python packages: installed in" in stdout
    assert "the CDK CLI: installed in" in stdout
    python = checkout.folder / "bin" / "python3"
    assert sorted(checkout.calls) == [
        "-m venv --clear .tools",
        "npm ci --no-audit --no-fund --loglevel=error",
        "pip install --quiet --disable-pip-version-check uv==9.9.9",
        f"uv sync --frozen --inexact --python {python}",
        f"uv venv --python {python} .venv",
    ]


def test_the_next_time_does_nothing_and_says_nothing(checkout: Checkout) -> None:
    checkout.setup()
    (checkout.folder / "calls").unlink()
    assert checkout.setup() == (0, "", "")
    assert checkout.calls == []


@pytest.mark.parametrize(("changed", "called"), [("uv.lock", "uv sync"), ("package-lock.json", "npm ci")])
def test_a_changed_pin_installs_what_it_pins_and_no_more(
    checkout: Checkout, changed: str, called: str
) -> None:
    checkout.setup()
    (checkout.folder / "calls").unlink()
    later = time.time() + 5
    os.utime(checkout.folder / changed, (later, later))
    assert checkout.setup()[0] == 0
    assert len(checkout.calls) == 1
    assert checkout.calls[0].startswith(called)


def test_a_failure_shows_the_reason_and_is_tried_again(checkout: Checkout) -> None:
    code, _, stderr = checkout.setup("{ echo 'no route to the index'; exit 2; }")
    assert code == 1
    assert "installing the Python packages failed" in stderr
    assert "    no route to the index" in stderr
    assert ".local/logs/setup-python.log" in stderr
    checkout.use_uv(":")
    assert checkout.setup()[0] == 0


def test_what_is_missing_stops_it_before_anything_is_made(checkout: Checkout) -> None:
    checkout.stub("node", STUB + "echo v12.0.0")
    code, _, stderr = checkout.setup()
    assert code == 1
    assert "Node 12.0.0 is too old" in stderr
    assert checkout.calls == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_of_it(checkout: Checkout, number: signal.Signals) -> None:
    with heeded():
        process = checkout.start("sleep 600")
    deadline, pause = time.monotonic() + 60, threading.Event()
    while not any(call.startswith("uv sync") for call in checkout.calls):
        assert time.monotonic() < deadline
        pause.wait(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the command again" in stderr
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert not (checkout.folder / ".venv" / ".stamp").exists(), stdout


def test_what_an_interrupted_install_left_behind_is_not_built_upon(checkout: Checkout) -> None:
    half = checkout.folder / ".venv" / "half-a-package"
    assert checkout.setup("{ touch .venv/half-a-package; exit 2; }")[0] == 1
    assert half.exists()
    checkout.use_uv(":")
    assert checkout.setup()[0] == 0
    assert not half.exists()


def test_an_environment_of_the_users_own_is_kept(checkout: Checkout) -> None:
    own = checkout.folder / ".venv" / "own-package"
    own.parent.mkdir()
    own.touch()
    assert checkout.setup()[0] == 0
    assert own.exists()
