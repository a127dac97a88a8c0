"""The image, built once a run; skipped with the reason where this machine cannot build containers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.image.emulated import NOWHERE, Function, function_environment, in_container
from tests.image.machine import HOME, ROOT, install_tools, missing_for_containers, missing_for_emulator
from tests.image.podman import Image, Podman
from tests.image.stand_in import base_name, make_base
from tests.image.tools import runtime_tools

IMAGE = "triage:test"


@pytest.fixture(scope="session")
def podman() -> Podman:
    why = missing_for_containers()
    if why:
        pytest.skip(why)
    install_tools()
    return Podman(HOME)


@pytest.fixture(scope="session")
def image(podman: Podman) -> str:
    """The real lambdas/Dockerfile, built on the STAND-IN for AWS's base image."""
    make_base(podman)
    # The build stage gets a name so that it stays for the next run when what nobody names is removed.
    podman.build(ROOT / "lambdas", f"{IMAGE}-build", "--target", "build")
    podman.build(ROOT / "lambdas", IMAGE)
    podman("image", "prune", "--force")
    return IMAGE


@pytest.fixture(scope="session")
def exported(podman: Podman, image: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Image, int]:
    """The image as a registry would hold it, and how many of its layers are the base's."""
    whole = podman.export(image, tmp_path_factory.mktemp("oci") / "image")
    base = json.loads(podman("image", "inspect", base_name()))[0]["RootFS"]["Layers"]
    assert whole.settings["rootfs"]["diff_ids"][: len(base)] == base
    return whole, len(base)


@pytest.fixture(scope="session")
def alone(podman: Podman, image: str) -> Iterator[Function]:
    """The ticket function in the image, with no AWS to be reached."""
    environ = function_environment(NOWHERE)
    with in_container(podman, image, "lambdas.tickets.handler.handle", environ) as function:
        yield function


@pytest.fixture(scope="session")
def tools() -> Path:
    """The emulator and the runtime client for this machine's Python."""
    import sys

    why = missing_for_emulator()
    if why:
        pytest.skip(why)
    return runtime_tools(f"{sys.version_info.major}.{sys.version_info.minor}")


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Notes a figure: in the test's properties and in .local/image/report.json."""

    def note(name: str, value: float) -> None:
        record_property(name, value)
        HOME.mkdir(parents=True, exist_ok=True)
        path = HOME / "report.json"
        known = json.loads(path.read_text()) if path.is_file() else {}
        path.write_text(json.dumps({**known, name: value}, indent=2, sort_keys=True) + "\n")

    return note
