"""Assets: fetched by their sha256, checked before they get their name, and only when they are asked for."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from lambdas.core.assets import Asset, Assets, assets_of, key_of
from lambdas.core.bundle import FileEntry
from lambdas.core.errors import BundleError, DependencyDown
from tests.support.bundles import Shelf

WEIGHTS = b"weights" * 1000


def entry(body: bytes) -> FileEntry:
    return FileEntry(hashlib.sha256(body).hexdigest(), len(body))


FILES = {"net.onnx": entry(WEIGHTS), "words.txt": entry(b"a\nb")}


@pytest.fixture
def shelf() -> Shelf:
    bodies = (WEIGHTS, b"a\nb")
    return Shelf({key_of("content", entry(body).sha256): body for body in bodies})


def test_a_folder_holds_the_files_and_is_fetched_once(shelf: Shelf, tmp_path: Path) -> None:
    assets = Assets("content", shelf, tmp_path)
    assert shelf.reads == [], "nothing is fetched before it is asked for"
    folder = assets.folder("net", FILES)
    assert (folder / "net.onnx").read_bytes() == WEIGHTS
    assert (folder / "words.txt").read_bytes() == b"a\nb"
    assert assets.folder("net", FILES) == folder
    assert Assets("content", shelf, tmp_path).folder("net", FILES) == folder
    assert len(shelf.reads) == 2


def test_other_files_under_the_same_name_are_another_folder(shelf: Shelf, tmp_path: Path) -> None:
    assets = Assets("content", shelf, tmp_path)
    one = assets.folder("net", {"net.onnx": entry(WEIGHTS)})
    assert assets.folder("net", FILES) != one
    assert (one / "net.onnx").is_file()


def test_what_does_not_match_its_sha256_never_gets_its_name(shelf: Shelf, tmp_path: Path) -> None:
    shelf.objects[key_of("content", entry(WEIGHTS).sha256)] = WEIGHTS[:-1] + b"!"
    with pytest.raises(BundleError, match="does not match"):
        Assets("content", shelf, tmp_path).folder("net", FILES)
    assert list((tmp_path / "assets").iterdir()) == [], "not even half of it is left"


def test_a_damaged_copy_is_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    folder = Assets("content", shelf, tmp_path).folder("net", FILES)
    (folder / "net.onnx").write_bytes(b"x" * len(WEIGHTS))
    again = Assets("content", shelf, tmp_path).folder("net", FILES)
    assert (again / "net.onnx").read_bytes() == WEIGHTS


def test_what_is_missing_says_so_and_what_is_down_is_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    assets = Assets("content", shelf, tmp_path)
    with pytest.raises(BundleError, match="publish again"):
        assets.folder("other", {"net.onnx": entry(b"never published")})
    shelf.fail_with = DependencyDown("s3 did not answer")
    before = len(shelf.reads)
    for _ in range(6):
        with pytest.raises(DependencyDown):
            assets.folder("net", FILES)
    assert len(shelf.reads) - before == 3


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The disk takes three assets of 1,000 bytes and no more."""

    def usage(_: Path) -> SimpleNamespace:
        used = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        return SimpleNamespace(free=3_500 - used)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    return 3


def thousand(number: int) -> tuple[bytes, dict[str, FileEntry]]:
    body = bytes([number]) * 1_000
    return body, {"net.onnx": entry(body)}


def test_what_nobody_holds_leaves_before_the_room_runs_out_the_oldest_first(
    tmp_path: Path, room: int
) -> None:
    bodies = dict(thousand(number) for number in range(6))
    shelf = Shelf({key_of("content", files["net.onnx"].sha256): body for body, files in bodies.items()})
    assets, files = Assets("content", shelf, tmp_path), list(bodies.values())
    held = assets.hold({"net": Asset(files[0])})
    found = [assets.folder("net", each) for each in files[:room]]
    for age, folder in enumerate(found):
        os.utime(folder, (1_000 + age, 1_000 + age))
    third = assets.folder("net", files[3])
    assert [folder.is_dir() for folder in (*found, third)] == [True, False, True, True]
    assert assets.folder("net", files[1]).is_dir(), "it is fetched again, in the place of the next oldest"
    assert found[0].is_dir() and not found[2].is_dir()
    holds = [held, *(assets.hold({"net": Asset(each)}) for each in (files[1], files[3]))]
    with pytest.raises(BundleError, match="bytes free"):
        assets.folder("net", files[4])
    assert all(folder.is_dir() for hold in holds for folder in hold.folders)
    del held, holds
    assert assets.folder("net", files[4]).is_dir() and not found[0].is_dir()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\\b"])
def test_a_manifest_cannot_name_a_file_outside_its_folder(name: str) -> None:
    files = {name: {"sha256": "0" * 64, "bytes": 1}}
    with pytest.raises(BundleError):
        assets_of({"assets": {"net": {"files": files}}})
    with pytest.raises(BundleError):
        assets_of({"assets": {name: {"files": {}}}})


def test_what_a_manifest_says_is_read() -> None:
    said = {"net": {"files": {"a": {"sha256": "0" * 64, "bytes": 1}}, "licence": "MIT", "source": "x 1"}}
    assert assets_of({"assets": said})["net"].files["a"].bytes == 1
    assert assets_of({}) == {}
    with pytest.raises(BundleError):
        assets_of({"assets": {"net": {"files": {"a": {"sha256": "../../x", "bytes": 1}}}}})
