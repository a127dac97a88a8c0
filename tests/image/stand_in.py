"""A stand-in for AWS's base image, which not every machine that tests can pull.

It is Debian's Python 3.13 under the name that lambdas/Dockerfile builds on, with AWS's paths,
environment and entrypoint, and AWS's own runtime client and emulator. So the Dockerfile is built
unmodified and the handlers run as on Lambda, but not on Amazon Linux: see docs/image.md.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.image.machine import HERE, ROOT
from tests.image.podman import Podman
from tests.image.tools import REQUIREMENTS, runtime_tools

CONTEXT = HERE / "base"
MIRROR = "http://deb.debian.org/debian"
SUITE = "trixie"
PACKAGES = (
    "base-files", "bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "libstdc++6",
    "python3", "python3-venv", "sed",
)  # fmt: skip
_LABEL = "triage.stand-in"


def base_name() -> str:
    """The image that lambdas/Dockerfile builds on."""
    found = re.search(r"^ARG BASE=(\S+)$", (ROOT / "lambdas" / "Dockerfile").read_text(), re.MULTILINE)
    assert found, "lambdas/Dockerfile has no ARG BASE"
    return found[1]


def make_base(podman: Podman) -> None:
    """Make the stand-in under `base_name()`, unless the one of an earlier run still is what it would be."""
    key = _key()
    made = podman.run("image", "inspect", "--format", f'{{{{index .Labels "{_LABEL}"}}}}', base_name())
    if made.returncode == 0 and made.stdout.strip() == key:
        return
    with tempfile.TemporaryDirectory(dir=podman.home) as scratch:
        context = Path(scratch) / "context"
        shutil.copytree(CONTEXT, context)
        shutil.copytree(runtime_tools("3.13"), context / "runtime")
        shutil.move(context / "runtime" / "aws-lambda-rie", context / "aws-lambda-rie")
        shutil.move(context / "bootstrap", context / "runtime" / "bootstrap")
        _debian(context / "root.tar")
        podman.build(context, base_name(), "--label", f"{_LABEL}={key}")


def _key() -> str:
    """Changes with everything that goes into the stand-in."""
    digest = hashlib.sha256(repr((MIRROR, SUITE, PACKAGES)).encode())
    for path in (*sorted(CONTEXT.iterdir()), REQUIREMENTS):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _debian(archive: Path) -> None:
    """A minimal root as a tar: packages unpacked only, which takes a fifth of a whole debootstrap."""
    subprocess.run(
        ["mmdebstrap", "--quiet", "--mode=root", "--variant=extract", f"--include={','.join(PACKAGES)}",
         SUITE, str(archive), MIRROR],
        check=True,
    )  # fmt: skip
