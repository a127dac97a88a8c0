"""What is in the image, and what is not. Only our own layers are looked at: the base is a stand-in."""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lambdas.slim_image import DISTRIBUTIONS
from tests.image.machine import ROOT
from tests.image.podman import Image

pytestmark = [pytest.mark.image, pytest.mark.xdist_group("image")]

LIMIT = 250_000_000
OURS_LIMIT = 45_000_000
# AWS's base cannot be weighed here, so it is estimated: the sum of its x86_64 layers as published in
# github.com/aws/aws-lambda-base-images (branch python3.13, Git LFS sizes), which are xz, times what the
# stand-in's root takes more as gzip than as xz (44.7 MB / 30.2 MB). A registry holds gzip.
AWS_BASE_XZ = 2_892_232 + 100_149_104 + 44_296 + 468 + 25_692_048 + 12_840
XZ_TO_GZIP = 1.48
# Amazon Linux 2023.
GLIBC = (2, 34)

NEVER_SERVED = (
    "sklearn", "scipy", "pandas", "joblib", "mlflow", "onnx", "matplotlib", "torch", "transformers",
    "boto3", "botocore", "s3transfer", "huggingface_hub", "pip", "setuptools", "model_build", "cdk", "local",
)  # fmt: skip
BUILD_ONLY = {"Dockerfile", ".dockerignore", "requirements.txt", "slim_image.py"}

Contents = dict[PurePosixPath, tarfile.TarInfo]


@pytest.fixture(scope="module")
def contents(exported: tuple[Image, int]) -> Contents:
    """Every entry of the layers that our Dockerfile adds, by its path."""
    image, base = exported
    found: Contents = {}
    for layer in image.layers[base:]:
        with tarfile.open(layer) as archive:
            found.update({PurePosixPath(member.name): member for member in archive})
    return found


@pytest.fixture(scope="module")
def unpacked(exported: tuple[Image, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/var/task as files."""
    image, base = exported
    folder = tmp_path_factory.mktemp("unpacked")
    for layer in image.layers[base:]:
        with tarfile.open(layer) as archive:
            archive.extractall(folder, filter="data")
    return folder / "var" / "task"


def files(contents: Contents) -> list[PurePosixPath]:
    return [path for path, entry in contents.items() if entry.isfile()]


def test_it_starts_the_ticket_function_as_somebody_without_rights(exported: tuple[Image, int]) -> None:
    settings = exported[0].settings["config"]
    assert settings["User"] == "993:990"
    assert settings["Cmd"] == ["lambdas.tickets.handler.handle"]
    assert settings["Entrypoint"] == ["/lambda-entrypoint.sh"]
    assert "ORT_DISABLE_TELEMETRY=1" in settings["Env"]


def test_two_layers_under_the_task_root_are_all_we_add(
    exported: tuple[Image, int], contents: Contents
) -> None:
    image, base = exported
    assert len(image.layers) - base == 2
    assert {path for path in files(contents) if path.parts[:2] != ("var", "task")} == set()


def test_lambdas_own_user_can_read_everything_and_change_nothing(contents: Contents) -> None:
    ours = {path: entry for path, entry in contents.items() if path.parts[:2] == ("var", "task")}
    assert [path for path, entry in ours.items() if not entry.mode & 0o004] == []
    assert [path for path, entry in ours.items() if entry.isdir() and not entry.mode & 0o001] == []
    assert [path for path, entry in ours.items() if entry.mode & 0o6022] == []
    assert {entry.uid for entry in ours.values()} == {0}


@pytest.mark.parametrize("package", NEVER_SERVED)
def test_a_package_that_only_others_need_is_not_there(contents: Contents, package: str) -> None:
    task = PurePosixPath("var/task")
    assert not {task / package, task / f"{package}.py"} & set(contents)


def test_no_tests_headers_sources_or_build_files(contents: Contents) -> None:
    unwanted = re.compile(r"\.(pyi|pxd|pyx|c|cc|cpp|h|hpp|a|o|so\.\d+\.debug)$")
    found = [path for path in files(contents) if unwanted.search(path.name) or path.name in BUILD_ONLY]
    assert found == []
    assert [path for path in contents if {"tests", "bin"} & set(path.parts)] == []


def test_no_programs_so_no_compiler(contents: Contents) -> None:
    executable = {path for path in files(contents) if contents[path].mode & 0o111}
    assert executable
    assert {path for path in executable if not re.search(r"\.(py|so(\.\d+)*)$", path.name)} == set()


def test_every_service_of_the_checkout_is_in_it(contents: Contents) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "lambdas"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {PurePosixPath("var/task") / name for name in tracked if Path(name).name not in BUILD_ONLY}
    assert wanted - set(contents) == set()


def test_every_module_is_compiled(contents: Contents) -> None:
    modules = [path for path in files(contents) if path.suffix == ".py"]
    assert len(modules) > 300
    assert [
        path
        for path in modules
        if path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" not in contents
    ] == []


def pins() -> dict[str, str]:
    """Name and version of each requirement that holds on Lambda."""
    found: dict[str, str] = {}
    for line in (ROOT / "lambdas" / "requirements.txt").read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\").strip())
            on_lambda = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.13"}
            if requirement.marker is None or requirement.marker.evaluate(on_lambda):
                name = canonicalize_name(requirement.name)
                found[name] = next(iter(requirement.specifier)).version
    return found


def test_the_packages_are_the_locks_without_what_is_listed_as_removed(contents: Contents) -> None:
    installed = {}
    for path in contents:
        info = re.fullmatch(r"(.+)-([^-]+)\.dist-info", path.name)
        if info and len(path.parts) == 3:
            installed[canonicalize_name(info[1])] = info[2]
    wanted = {name: version for name, version in pins().items() if name not in DISTRIBUTIONS}
    assert installed == wanted


def test_the_locks_packages_ask_for_nothing_that_is_missing_and_not_listed(unpacked: Path) -> None:
    from importlib.metadata import distributions

    here = list(distributions(path=[str(unpacked)]))
    installed = {canonicalize_name(dist.metadata["Name"]) for dist in here}
    asked = set()
    for dist in here:
        for line in dist.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                asked.add(canonicalize_name(requirement.name))
    assert asked - installed <= set(DISTRIBUTIONS)
    assert asked


def test_the_wheels_run_on_amazon_linux(unpacked: Path) -> None:
    """The stand-in's C library is newer than Amazon Linux's, so it would not tell."""
    wheels = "\n".join(path.read_text() for path in unpacked.glob("*.dist-info/WHEEL"))
    tags = re.findall(
        r"^Tag: \S+-(manylinux_(\d+)_(\d+)_(\w+)|any|manylinux2014_x86_64)$", wheels, re.MULTILINE
    )
    assert wheels.count("Tag: ") == len(tags)
    needed = {(int(major), int(minor)) for _, major, minor, _ in tags if major}
    assert needed
    assert max(needed) <= GLIBC
    assert {machine for *_, machine in tags if machine} == {"x86_64"}


def test_it_is_small(exported: tuple[Image, int], report: Callable[[str, float], None]) -> None:
    image, base = exported
    ours = sum(layer.stat().st_size for layer in image.layers[base:])
    estimate = ours + AWS_BASE_XZ * XZ_TO_GZIP
    report("our layers, MB compressed", round(ours / 1e6, 1))
    report("image with AWS's base, MB compressed (estimate)", round(estimate / 1e6, 1))
    assert ours <= OURS_LIMIT
    assert estimate <= LIMIT
