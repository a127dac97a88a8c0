"""A changed file of declared groups fails a gate, which can be overruled; all else is looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from model_build.errors import StageNotRun
from model_build.preflight import publishing


def test_groups_that_cannot_be_read_fail_a_gate_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def split(_place: object, _service: object, _known: object, groups: list[str] = [], *_: str) -> str:  # noqa: B006
        if groups:
            raise StageNotRun("the groups cannot be read: train again")
        return "the rows without groups"

    monkeypatch.setattr(publishing, "test_split", split)

    def asked(groups: list[str]) -> Any:
        own = SimpleNamespace(fairness=SimpleNamespace(groups=groups), data=SimpleNamespace(delimiter=","))
        nothing = cast("Any", None)
        return publishing._rows(nothing, nothing, nothing, cast("Any", SimpleNamespace(service=own)))

    assert asked([]) == ("the rows without groups", [])
    rows, (verdict,) = asked(["region"])
    assert rows == "the rows without groups"
    assert not verdict.passed
    assert "train again" in verdict.said
