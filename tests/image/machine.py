"""Whether this machine can build and run containers, and what is missing where it cannot."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
HOME = ROOT / ".local" / "image"
"""Everything these tests keep from run to run: containers' storage, the stand-in base, the tools."""

TOOLS = ("podman", "runc", "slirp4netns", "mmdebstrap")
_CAP_SYS_ADMIN = 21


def missing_for_emulator() -> str | None:
    """Why AWS's runtime interface emulator cannot run on this machine; None when it can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "the emulator's binary and the image are for Linux on x86_64"
    return None


def missing_for_containers() -> str | None:
    """Why containers cannot be built here, with what to do about it; None when they can."""
    why = missing_for_emulator()
    if why:
        return why
    if os.geteuid() != 0:
        return "building containers without a Docker engine needs root here"
    if not _may_mount():
        return "this root may not mount (no CAP_SYS_ADMIN), so it cannot run containers"
    absent = _absent()
    if absent and not _may_install():
        return f"{', '.join(absent)} not installed: `bash tests/image/setup.sh` installs them on Debian"
    return None


def install_tools() -> None:
    """Install the missing tools with apt-get; only called where `missing_for_containers` allows it."""
    if _absent():
        subprocess.run(["bash", str(HERE / "setup.sh")], check=True)


def _absent() -> list[str]:
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def _may_install() -> bool:
    """Never on a stranger's machine unasked: only where CI or the user said so."""
    asked = os.environ.get("CI") == "true" or os.environ.get("TRIAGE_IMAGE_TEST") == "1"
    return asked and shutil.which("apt-get") is not None


def _may_mount() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = int(status.split("CapEff:")[1].split()[0], 16)
    return bool(effective >> _CAP_SYS_ADMIN & 1)
