"""`make status`: what runs, where, and which models answer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from local import bundles, running, state
from local.call import Api
from local.errors import CallFailed
from local.place import Place


def show(console: Console, place: Place, services: Sequence[str]) -> None:
    """Print the emulator, the URL and key, the live models, and the bundles built here."""
    known, found = state.load(place), running.find(place)
    live: dict[str, str] = {}
    if found is None:
        died = known is not None and known.pid is not None
        how = " (it ended without `make down`)" if died else ""
        _line(console, "stack", f"not running{how}: make up")
    else:
        _line(console, "stack", f"running at {found.endpoint} (process {found.pid})")
        _beside(console, place)
        if known is not None and known.api_url and known.api_key:
            _line(console, "URL", known.api_url)
            _line(console, "key", known.api_key)
            if known.reviewer is not None:
                page = f"{known.api_url}/console, {known.reviewer.email}, password {known.reviewer.password}"
                _line(console, "page", page)
            live = _live(console, Api(known.api_url, known.api_key))
        else:
            _line(console, "API", "not deployed yet: make up")
    for service in services:
        _built(console, place, service, live.get(service))
    _line(console, "logs", str(place.logs))


def _beside(console: Console, place: Place) -> None:
    """What runs beside the embedded AWS."""
    there = running.beside(place)
    store = there.get("valkey")
    _line(
        console,
        "store",
        f"Valkey at 127.0.0.1:{store.port} (process {store.pid})"
        if store
        else "Valkey does not run, so transactions are scored without their cards: make up",
    )
    if broker := there.get("broker"):
        poller = there.get("poller")
        read = f"process {poller.pid} polls it" if poller else "nothing polls it: make up STREAM=kafka"
        _line(console, "kafka", f"broker at 127.0.0.1:{broker.port} (process {broker.pid}), {read}")


def _live(console: Console, api: Api) -> dict[str, str]:
    """Print what GET /v1/models says; returns the champion's version of each service that has one."""
    try:
        answer = api.call("GET", "/v1/models", timeout=30)
        if answer.status != 200:
            text = answer.body[:200].decode(errors="replace")
            raise CallFailed(f"GET /v1/models answered {answer.status}: {text}")
        models = answer.json()["models"]
    except CallFailed as error:
        _line(console, "live", error.detail)
        return {}
    versions = {}
    for model in models:
        champion, challenger = model["champion"], model["challenger"]
        text = champion["version"] if champion else "no model is live, the rules answer: make publish"
        if challenger:
            share = "in shadow" if model["shadow"] else f"for {model['share']:.0%}"
            text += f", challenger {challenger['version']} {share}"
        _line(console, "live", f"{model['service']}: {text}")
        for problem in model["problems"]:
            _line(console, "live", f"{model['service']}: {problem}")
        if champion:
            versions[model["service"]] = champion["version"]
    return versions


def _built(console: Console, place: Place, service: str, live: str | None) -> None:
    found = bundles.built(place, service)
    if not found:
        _line(console, "built", f"{service}: none yet: make train SERVICE={service}")
    for manifest in found:
        data = "synthetic data" if manifest.training_data.synthetic else manifest.training_data.source
        mark = "  <- live" if manifest.version == live else ""
        rows = f"{manifest.training_data.rows:,} rows of {data}"
        _line(console, "built", f"{service}: {manifest.version}, {rows}{mark}")


def _line(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"{name:<6} ", "dim"), text))
