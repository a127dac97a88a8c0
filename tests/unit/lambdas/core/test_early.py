"""A graph that is opened early is what serves; one that cannot be opened is told as if nobody had tried."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lambdas.core import model
from lambdas.core.bundle import MODEL
from lambdas.core.bundle_cache import BundleCache
from lambdas.core.early import Early, kept
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel
from lambdas.core.variant import Rollout
from tests.support.bundles import Shelf, write_bundle


def published(tmp_path: Path) -> tuple[Shelf, BundleCache]:
    """A bucket with one bundle, and an empty cache over it that opens graphs early."""
    shelf = Shelf()
    ref = write_bundle(tmp_path / "built", "v1")
    shelf.put_bundle(tmp_path / "built", "v1")
    shelf.put_rollout(Rollout("tickets", ref))
    return shelf, BundleCache("tickets", shelf, tmp_path / "cache", Early)


def test_what_was_opened_while_the_rest_came_is_what_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bundles = published(tmp_path)
    opened: list[Path] = []
    plain = model.session_of

    def counted(graph: Path, threads: int = 1) -> Any:
        opened.append(graph)
        return plain(graph, threads)

    monkeypatch.setattr(model, "session_of", counted)
    bundles.look_ahead()
    folder = tmp_path / "cache" / "tickets" / "v1"
    assert (folder / MODEL).is_file()
    served = OnnxModel(folder)
    assert len(opened) == 1, "early, and not again"
    assert served.outputs == OnnxModel(folder).outputs
    assert len(opened) == 2, "handed out once"


def test_a_session_on_more_threads_is_another_one(tmp_path: Path) -> None:
    _, bundles = published(tmp_path)
    bundles.look_ahead()
    folder = tmp_path / "cache" / "tickets" / "v1"
    OnnxModel(folder, threads=2)
    assert kept(folder / MODEL) is not None


def test_the_graph_of_a_bundle_that_never_got_whole_is_not_kept(tmp_path: Path) -> None:
    shelf, bundles = published(tmp_path)
    del shelf.objects["tickets/bundles/v1/words.txt"]
    bundles.look_ahead()
    assert kept(tmp_path / "cache" / "tickets" / "v1" / MODEL) is None


def test_a_graph_that_is_another_one_is_not_opened(tmp_path: Path) -> None:
    shelf, _ = published(tmp_path)
    shelf.objects[f"tickets/bundles/v1/{MODEL}"] += b" "
    begun: list[Path] = []

    def early(graph: Path) -> Early:
        begun.append(graph)
        return Early(graph)

    BundleCache("tickets", shelf, tmp_path / "cache", early).look_ahead()
    assert begun == []


def test_a_graph_that_cannot_be_opened_is_told_by_who_needs_it(tmp_path: Path) -> None:
    graph = tmp_path / MODEL
    graph.write_bytes(b"no graph")
    opening = Early(graph)
    opening.keep_as(graph)
    assert kept(graph) is None
    with pytest.raises(BundleError, match="cannot be loaded"):
        OnnxModel(tmp_path)


def test_its_file_may_be_moved_meanwhile(tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    graph, moved = tmp_path / "v1" / MODEL, tmp_path / "moved.onnx"
    opening = Early(graph)
    graph.rename(moved)
    graph.write_bytes(b"another one")
    assert opening.session() is not None


def test_a_function_multiplies_on_one_thread() -> None:
    code = """
from lambdas.core.prefetch import prefetch
prefetch("tickets")
import numpy, threadpoolctl
print([each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1]"


def test_what_nobody_asked_for_goes_with_its_bundle(tmp_path: Path) -> None:
    _, bundles = published(tmp_path)
    bundles.look_ahead()
    bundles.forget_others([])
    assert kept(tmp_path / "cache" / "tickets" / "v1" / MODEL) is None


def test_where_no_thread_can_be_begun_the_bundle_comes_all_the_same(tmp_path: Path) -> None:
    shelf, _ = published(tmp_path)

    def early(graph: Path) -> Early:
        raise RuntimeError("can't start new thread")

    BundleCache("tickets", shelf, tmp_path / "cache", early).look_ahead()
    assert (tmp_path / "cache" / "tickets" / "v1" / MODEL).is_file()
