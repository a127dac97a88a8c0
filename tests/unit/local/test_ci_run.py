"""`.ci/run`: pytest's closing line last, and its exit code, whatever make says after it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from local.place import ROOT

GOOD = "============ 12 passed, 1 skipped in 301.22s (0:05:01) ============"
BAD = "============ 1 failed, 11 passed in 3.20s ============"


@pytest.mark.parametrize(
    ("recipe", "code", "last"),
    [
        (f"@echo '{GOOD}'", 0, GOOD),
        (f"@echo '{BAD}'; exit 1", 2, BAD),
        ("@echo 'ruff: 3 errors'; exit 1", 2, "pytest did not run to its end"),
        ("@true", 1, "pytest did not run to its end"),
    ],
)
def test_the_closing_line_and_the_exit_code(tmp_path: Path, recipe: str, code: int, last: str) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(f"test:\n\t{recipe}\n")
    done = subprocess.run([tmp_path / ".ci" / "run"], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout.splitlines()[-1] == last
