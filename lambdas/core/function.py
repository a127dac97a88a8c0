"""Puts a decision function together from its environment; the only place where the parts meet."""

from __future__ import annotations

from lambdas.core.aws import Dynamo
from lambdas.core.decide import Decider
from lambdas.core.decision_log import DecisionLog
from lambdas.core.model_store import ModelStore
from lambdas.core.prefetch import bundles_of
from lambdas.core.service import Answer, Item, Model, Request, Service
from lambdas.core.settings import DecisionSettings, load
from lambdas.core.telemetry import Telemetry


def decision_function(
    service: Service[Request, Answer, Model, Item], settings: DecisionSettings | None = None
) -> tuple[Decider[Request, Answer, Model, Item], Telemetry]:
    """The decider and the telemetry of `service`. Raises SettingsError that names a missing variable.

    The live bundle is loaded here, in the function's init, so that the first request finds it.
    """
    settings = settings or load(DecisionSettings)
    telemetry = Telemetry(service.name)
    store = ModelStore(
        bundles_of(service.name, settings),
        open_model=service.open,
        on_failure=lambda error: telemetry.model_failed(error.detail),
        refresh_seconds=settings.rollout_refresh_seconds,
    )
    store.refresh()
    log = DecisionLog(
        settings.decisions_table,
        Dynamo(),
        ttl_days=settings.decision_ttl_days,
        sample_key=settings.sample_key,
    )
    decider = Decider(service, store=store, log=log, telemetry=telemetry, sample=settings.review_sample)
    return decider, telemetry
