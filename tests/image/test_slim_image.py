"""What is taken out of the image's packages, on a folder as pip leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas import slim_image

pytestmark = pytest.mark.unit


def write(root: Path, name: str, text: str = "x" * 100) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def install(root: Path, name: str, *files: str) -> None:
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    write(root, f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file in files:
        write(root, file)
    record = [f"{info}/METADATA", f"{info}/RECORD", "../../bin/script", *files]
    write(root, f"{info}/RECORD", "".join(f"{line},,\n" for line in record))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "a" / "packages"
    install(root, "kept", "kept/__init__.py", "kept/tests/test_kept.py")
    install(root, "hf-xet", "hf_xet/__init__.py")
    write(tmp_path, "bin/script")
    monkeypatch.setattr(slim_image, "DISTRIBUTIONS", {"hf-xet": "a hub"})
    monkeypatch.setattr(slim_image, "PATHS", {"**/tests": "tests"})
    return root


def test_what_is_listed_goes_and_the_rest_stays(packages: Path) -> None:
    assert slim_image.slim(packages) > 200
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    info = "kept-1.0.dist-info"
    assert left == {"kept/__init__.py", f"{info}/METADATA", f"{info}/RECORD"}
    assert {path.name for path in packages.iterdir()} == {"kept", info}


def test_nothing_outside_the_folder_is_touched(packages: Path) -> None:
    slim_image.slim(packages)
    assert (packages.parents[1] / "bin" / "script").is_file()


@pytest.mark.parametrize(("listing", "name"), [("DISTRIBUTIONS", "gone"), ("PATHS", "gone/*")])
def test_a_removal_that_finds_nothing_is_an_error(
    packages: Path, monkeypatch: pytest.MonkeyPatch, listing: str, name: str
) -> None:
    monkeypatch.setattr(slim_image, listing, {name: "stale"})
    with pytest.raises(SystemExit, match=f"take it out of {listing}"):
        slim_image.slim(packages)
