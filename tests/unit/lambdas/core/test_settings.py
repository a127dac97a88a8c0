"""A missing or malformed variable names itself at start."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.core.errors import SettingsError
from lambdas.core.settings import DecisionSettings, load

NEEDED = {"ARTIFACTS_BUCKET": "b", "DECISIONS_TABLE": "t"}


def test_defaults_and_types() -> None:
    settings = load(DecisionSettings, {**NEEDED, "DECISION_TTL_DAYS": "7", "MODEL_CACHE_DIR": "/x"})
    assert settings == DecisionSettings(
        artifacts_bucket="b", decisions_table="t", decision_ttl_days=7, model_cache_dir=Path("/x")
    )


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="ARTIFACTS_BUCKET and DECISIONS_TABLE"):
        load(DecisionSettings, {"ARTIFACTS_BUCKET": ""})


def test_a_malformed_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="DECISION_TTL_DAYS"):
        load(DecisionSettings, {**NEEDED, "DECISION_TTL_DAYS": "soon"})
