"""Podman, with its settings and its storage in a folder of the project's own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdas.core.errors import TriageError

CA = Path("/etc/ssl/certs/ca-certificates.crt")
SECONDS = 300.0


class PodmanFailed(TriageError):
    """A podman command failed; the message is the end of what it printed."""


@dataclass(frozen=True)
class Image:
    """A built image as a registry would hold it: its settings, and its layers as compressed files."""

    settings: dict[str, Any]
    layers: list[Path]


class Podman:
    """Runs podman commands. Debian's own defaults need cgroups v2 and rights that a CI machine lacks."""

    def __init__(self, home: Path) -> None:
        """`home` gets the settings and the storage."""
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        (home / "pip.conf").write_text(f"[global]\ncert = {CA}\n")
        (home / "containers.conf").write_text(_containers_conf(home))
        (home / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{home}/storage"\nrunroot = "{home}/run"\n'
        )
        self._environ = {
            **os.environ,
            "CONTAINERS_CONF": str(home / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(home / "storage.conf"),
        }

    def __call__(self, *arguments: str) -> str:
        """What `podman <arguments>` prints; raises PodmanFailed with what it complained about."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise PodmanFailed(f"podman {arguments[0]}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`podman <arguments>`, whatever its exit code."""
        return subprocess.run(
            ["podman", *arguments],
            cwd=self.home,  # where its monitor leaves a file when a container runs out of memory
            env=self._environ, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip

    def build(self, context: Path, tag: str, *flags: str) -> None:
        """Build the Dockerfile in `context`; no image is ever pulled."""
        self("build", "--pull=never", "--network", "host", "--tag", tag, *flags, str(context))

    def export(self, image: str, folder: Path) -> Image:
        """`image` with compressed layers, as a push sends it, under the new `folder`."""
        self("push", "--quiet", image, f"oci:{folder}:image")

        def blob(descriptor: dict[str, str]) -> Path:
            return folder / "blobs" / "sha256" / descriptor["digest"].removeprefix("sha256:")

        index = json.loads((folder / "index.json").read_text())
        manifest = json.loads(blob(index["manifests"][0]).read_text())
        settings = json.loads(blob(manifest["config"]).read_text())
        return Image(settings, [blob(layer) for layer in manifest["layers"]])

    @contextmanager
    def container(self, *arguments: str) -> Iterator[str]:
        """The id of a container that runs in the background, and is removed at the end."""
        name = self("run", "--detach", "--pull=never", *arguments).strip()
        try:
            yield name
        finally:
            self("rm", "--force", "--time", "0", name)


def _containers_conf(home: Path) -> str:
    volumes = [f"{home}/pip.conf:/etc/pip.conf:ro"] if CA.is_file() else []
    if CA.is_file():
        # Inside a build pip knows no other certificates than the host's.
        volumes.append(f"{CA}:{CA}:ro")
    return f"""[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
volumes = {json.dumps(volumes)}
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
