"""The environment of the drift job."""

from __future__ import annotations

from typing import Annotated

import msgspec

from lambdas.core.errors import SettingsError
from lambdas.drift.limits import Limits


class DriftSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`services` is a comma-separated list, `label_outcomes` the JSON of {service: {label: outcome}}.

    `drift_least`, `drift_psi` (half of it against the own past), `drift_h` and `drift_in_a_row` are those of
    lambdas/drift/limits.py.
    """

    artifacts_bucket: str
    services: str
    alarm_topic_arn: str
    label_outcomes: str = "{}"
    dashboard_url: str = ""
    runbook_url: str = "docs/runbook.md"
    drift_least: Annotated[int, msgspec.Meta(ge=20)] = Limits().least
    drift_psi: Annotated[float, msgspec.Meta(gt=0.0)] = Limits().psi
    drift_h: Annotated[float, msgspec.Meta(gt=0.0)] = Limits().h
    drift_in_a_row: Annotated[int, msgspec.Meta(ge=1)] = Limits().in_a_row

    @property
    def limits(self) -> Limits:
        """From when on a change is drift."""
        return Limits(
            least=self.drift_least,
            psi=self.drift_psi,
            psi_past=self.drift_psi / 2,
            h=self.drift_h,
            in_a_row=self.drift_in_a_row,
        )

    def outcomes(self) -> dict[str, dict[str, str]]:
        """The outcome that each label stands for, by service. Raises SettingsError."""
        try:
            return msgspec.json.decode(self.label_outcomes, type=dict[str, dict[str, str]])
        except msgspec.DecodeError as error:
            raise SettingsError(f"environment: LABEL_OUTCOMES: {error}") from error
