"""One item in each language for each service, to call a fresh endpoint with. A service may have none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """A request to `path`, and `title`, the words that stand for it on the screen."""

    path: str
    title: str
    body: dict[str, str]


def _ticket(language: str, subject: str, body: str) -> Sample:
    return Sample("/v1/tickets:classify", subject, {"subject": subject, "body": body, "language": language})


SAMPLES: dict[str, tuple[Sample, ...]] = {
    "tickets": (
        _ticket(
            "en",
            "Charged twice for my March invoice",
            "Hello, my card was charged twice for the same invoice. Please refund one of the two payments.",
        ),
        _ticket(
            "es",
            "La aplicación se cierra al iniciar sesión",
            "Desde la actualización de ayer la app se cierra con un error cada vez que inicio sesión. "
            "No podemos trabajar, es urgente!",
        ),
        _ticket(
            "fr",
            "Exporter les rapports en PDF",
            "Bonjour, serait-il possible d'ajouter une fonction pour exporter les rapports en PDF ? "
            "Cela nous aiderait beaucoup. Merci.",
        ),
    ),
}
