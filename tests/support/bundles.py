"""A tiny, real bundle: a hand-written ONNX graph with the ticket model's inputs and outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lambdas.core.aws import Object
from lambdas.core.bundle import Conformal, FileEntry, Head, Manifest, TrainingData, sha256_of
from lambdas.core.errors import NotFound, PreconditionFailed
from lambdas.core.variant import BundleRef, Rollout
from lambdas.tickets.features import FEATURE_NAMES

CLASSES = ["Billing", "Technical"]


def tiny_graph(
    bias: tuple[float, float] = (0.0, 0.0), *, tickets: str | int = "tickets", explains: bool = True
) -> bytes:
    """Two classes from the term features: "Billing" by billing terms, "Technical" by error terms.

    With `tickets` 1 it can be opened, and then fails on two tickets at once, as a careless export does; one
    that does not `explain` has no contributions, and fails when it is asked for them.
    """
    weights = np.zeros((len(FEATURE_NAMES), 2), dtype=np.float32)
    weights[FEATURE_NAMES.index("terms_billing"), 0] = 3.0
    weights[FEATURE_NAMES.index("terms_error"), 1] = 3.0
    constants = {
        "weights": weights,
        "bias": np.array(bias, dtype=np.float32),
        "nothing": np.array(0.0, dtype=np.float32),
    }
    nodes = [
        helper.make_node("IsNaN", ["features"], ["unknown"]),
        helper.make_node("Where", ["unknown", "nothing", "features"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["scores"]),
        helper.make_node("Add", ["scores", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["department_probabilities"], axis=1),
        helper.make_node("Mul", ["counts", "nothing"], ["contributions"]),
        helper.make_node("Identity", ["rows"], ["unused_rows"]),
        helper.make_node("Identity", ["buckets"], ["unused_buckets"]),
    ]
    real, whole = TensorProto.FLOAT, TensorProto.INT64
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("rows", whole, ["entries"]),
            helper.make_tensor_value_info("buckets", whole, ["entries"]),
            helper.make_tensor_value_info("counts", real, ["entries"]),
            helper.make_tensor_value_info("features", real, [tickets, len(FEATURE_NAMES)]),
        ],
        [
            helper.make_tensor_value_info("department_probabilities", real, [tickets, 2]),
            *([helper.make_tensor_value_info("contributions", real, ["entries"])] if explains else []),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_bundle(
    folder: Path,
    version: str = "v1",
    bias: tuple[float, float] = (0.0, 0.0),
    *,
    tickets: str | int = "tickets",
    explains: bool = True,
) -> BundleRef:
    """A complete bundle in `folder`/`version`; returns how rollout.json would name it. See `tiny_graph`."""
    target = folder / version
    target.mkdir(parents=True)
    (target / "model.onnx").write_bytes(tiny_graph(bias, tickets=tickets, explains=explains))
    (target / "words.txt").write_text("nothing reads them, as if a tokeniser did\n")
    head = Head(
        "department", "department_probabilities", CLASSES, dict.fromkeys(CLASSES, 0.7), Conformal(0.9, 0.2)
    )
    return finished(target, "tickets", [head], FEATURE_NAMES, {"encoder": None})


def finished(
    folder: Path, service: str, heads: Sequence[Head], features: Sequence[str], settings: Mapping[str, Any]
) -> BundleRef:
    """The bundle whose other files lie in `folder`, with its manifest; its version is the folder's name."""
    (folder / "reference.json").write_text("{}")
    (folder / "card.md").write_text("# A tiny model\n")
    manifest = Manifest(
        format=1,
        service=service,
        version=folder.name,
        created_at="2026-01-01T00:00:00Z",
        bundle_hash="0" * 64,
        git_commit="none",
        seed=0,
        training_data=TrainingData("tiny", "0" * 64, 2, synthetic=True),
        heads=list(heads),
        features=list(features),
        settings=dict(settings),
        metrics={},
        files={
            path.name: FileEntry(sha256_of(path), path.stat().st_size) for path in sorted(folder.iterdir())
        },
    )
    raw = msgspec.json.encode(manifest)
    (folder / "manifest.json").write_bytes(raw)
    return BundleRef(folder.name, hashlib.sha256(raw).hexdigest())


def etag_of(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()  # noqa: S324 - as S3 does


@dataclass
class Shelf:
    """Objects by key, in memory, behind the port that the model store and learning go through."""

    objects: dict[str, bytes] = field(default_factory=dict)
    fail_with: Exception | None = None
    reads: list[str] = field(default_factory=list)

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        self.reads.append(key)
        if self.fail_with is not None:
            raise self.fail_with
        if key not in self.objects:
            raise NotFound(f"{key} does not exist")
        etag = etag_of(self.objects[key])
        return None if etag == unless_etag else Object(self.objects[key], etag)

    def download(self, key: str, to: Path) -> str:
        found = self.get(key)
        assert found is not None
        to.write_bytes(found.body)
        return hashlib.sha256(found.body).hexdigest()

    def size(self, key: str) -> int:
        found = self.get(key)
        assert found is not None
        return len(found.body)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_etag: str | None = None,
        if_new: bool = False,
        content_type: str | None = None,
    ) -> str:
        if self.fail_with is not None:
            raise self.fail_with
        held = self.objects.get(key)
        if (if_new and held is not None) or (if_etag and (held is None or etag_of(held) != if_etag)):
            raise PreconditionFailed(f"{key} is not what it was")
        self.objects[key] = body
        return etag_of(body)

    def put_bundle(self, folder: Path, version: str, service: str = "tickets") -> None:
        for path in (folder / version).iterdir():
            self.objects[f"{service}/bundles/{version}/{path.name}"] = path.read_bytes()

    def put_rollout(self, rollout: Rollout) -> None:
        self.objects[f"{rollout.service}/rollout.json"] = msgspec.json.encode(rollout)
