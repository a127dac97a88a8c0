"""The services that can be trained, by name. A further service is one more line here."""

from __future__ import annotations

from model_build.errors import ParametersError
from model_build.service import TrainingService


def load_service(name: str) -> TrainingService:
    """The training side of the service called `name`; only its own packages are imported."""
    if name == "tickets":
        from model_build.tickets.pipeline import TicketTraining

        return TicketTraining()
    if name == "transactions":
        from model_build.transactions.pipeline import TransactionTraining

        return TransactionTraining()
    raise ParametersError(f"there is no service '{name}'")
