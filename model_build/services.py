"""The services that can be trained, by name. A further service is one more line here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from model_build.errors import ParametersError
from model_build.service import TrainingService

BUILD: Final = Path("build")


def load_service(name: str, build: Path = BUILD) -> TrainingService:
    """The training side of the service called `name`; only its own packages are imported.

    Below `build` it finds the packaged models that were converted on this machine.
    """
    if name == "tickets":
        from model_build.tickets.pipeline import TicketTraining

        return TicketTraining()
    if name == "transactions":
        from model_build.transactions.pipeline import TransactionTraining

        return TransactionTraining()
    if name == "content":
        from model_build.content.pipeline import ContentTraining

        return ContentTraining(build)
    raise ParametersError(f"there is no service '{name}'")
