"""Some items for each service, to call a fresh endpoint with. A service may have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.media import inline, picture, tone


@dataclass(frozen=True)
class Sample:
    """A request to `path`, and `title`, the words that stand for it on the screen."""

    path: str
    title: str
    body: dict[str, Any]


def _ticket(language: str, subject: str, body: str) -> Sample:
    return Sample("/v1/tickets:classify", subject, {"subject": subject, "body": body, "language": language})


def _post(language: str, title: str, **said: Any) -> Sample:
    return Sample("/v1/content:moderate", title, {"language": language, **said})


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
    "content": (
        _post("en", text := "Thank you all for the lovely evening, see you next week!", text=text),
        _post("es", text := "Eres un idiota y un inútil, nadie te quiere aquí", text=text),
        _post("fr", text := "Tu es vraiment pathétique, va pleurer ailleurs", text=text),
        _post(
            "en",
            "a picture of the sea, with words on it, and a sound",
            text="My holiday",
            image=inline(picture("What a wonderful day")),
            audio=inline(tone()),
        ),
    ),
}
