"""The image with a model: fetched from the embedded AWS, run, and its decisions logged there.

The base is a STAND-IN for AWS's. The bundle is tiny but real: what this shows is that all that serving
a bundle imports is in the image.
"""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from lambdas.core.tokeniser import Tokeniser
from lambdas.core.variant import Rollout
from local import emulator
from local.environment import client
from local.place import Place
from tests.image.emulated import Function, function_environment, in_container
from tests.image.machine import ROOT
from tests.image.podman import Podman
from tests.support.bundles import write_bundle
from tests.support.events import proxy_event

pytestmark = [pytest.mark.image, pytest.mark.xdist_group("image")]

CLASSIFY = "/v1/tickets:classify"
TEXTS = ["I was charged twice", "No puedo entrar, ¿qué hago?", "L'écran est figé"]


@pytest.fixture(scope="module")
def endpoint(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded AWS on a port of its own."""
    folder = tmp_path_factory.mktemp("aws")
    place = Place(root=ROOT, folder=folder, build=folder / "build")
    place.create()
    with socket.socket() as probe:
        probe.bind((emulator.HOST, 0))
        port = int(probe.getsockname()[1])
    started = emulator.launch(place, port)
    try:
        emulator.wait(started, place)
        yield started.endpoint
    finally:
        emulator.stop(started)


@pytest.fixture(scope="module")
def table(endpoint: str) -> Any:
    dynamo = client("dynamodb", endpoint)
    dynamo.create_table(
        TableName="decisions",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    return dynamo


@pytest.fixture(scope="module")
def published(endpoint: str, table: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A live bundle; its version."""
    folder = tmp_path_factory.mktemp("bundles")
    ref = write_bundle(folder)
    s3 = client("s3", endpoint)
    s3.create_bucket(Bucket="artifacts")
    for path in (folder / ref.version).iterdir():
        s3.upload_file(str(path), "artifacts", f"tickets/bundles/{ref.version}/{path.name}")
    rollout = msgspec.json.encode(Rollout("tickets", ref))
    s3.put_object(Bucket="artifacts", Key="tickets/rollout.json", Body=rollout)
    return ref.version


@pytest.fixture(scope="module")
def environ(endpoint: str, published: str) -> dict[str, str]:
    """10.0.2.2 is this machine's 127.0.0.1, seen from inside a container."""
    return function_environment(f"http://10.0.2.2:{urlsplit(endpoint).port}")


@pytest.fixture(scope="module")
def tickets(podman: Podman, image: str, environ: dict[str, str]) -> Iterator[Function]:
    with in_container(podman, image, "lambdas.tickets.handler.handle", environ) as function:
        yield function


def ask(function: Function, ticket: dict[str, Any]) -> dict[str, Any]:
    answer = function.invoke(proxy_event("POST", CLASSIFY, ticket))
    assert answer["statusCode"] == 200, answer
    decoded: dict[str, Any] = json.loads(answer["body"])
    return decoded


def test_the_model_answers(tickets: Function, published: str) -> None:
    decision = ask(tickets, {"body": "please refund the invoice"})
    assert decision["source"] == "model"
    assert decision["model_version"] == published
    assert decision["outcome"] == "Billing"
    assert decision["degraded"] == []


def test_a_decision_is_logged_once(tickets: Function, table: Any) -> None:
    ticket = {"ticket_id": "T-1", "body": "the app shows an error"}
    first, again = ask(tickets, ticket), ask(tickets, ticket)
    assert again == first
    item = table.get_item(TableName="decisions", Key={"id": {"S": first["decision_id"]}})["Item"]
    assert item["outcome"]["S"] == first["outcome"] == "Technical"


def test_the_catalog_names_the_live_bundle(
    podman: Podman, image: str, environ: dict[str, str], published: str
) -> None:
    with in_container(podman, image, "lambdas.catalog.handler.handle", environ) as catalog:
        answer = catalog.invoke(proxy_event("GET", "/v1/models"))
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["models"][0]["champion"]["version"] == published


def test_the_cold_start_with_a_model_is_reported(
    tickets: Function, report: Callable[[str, float], None]
) -> None:
    ask(tickets, {"body": "hello"})
    assert tickets.init_ms() > 0
    report("init with a model, ms", round(tickets.init_ms()))


@pytest.fixture
def tokenisers(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Encoder settings for the two tokenisers' libraries, their files in the test's folder."""
    from sentencepiece import SentencePieceTrainer
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    pieces = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 10), model_writer=pieces, vocab_size=34, minloglevel=2
    )
    (tmp_path / "pieces.model").write_bytes(pieces.getvalue())
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer: Any = trainers.WordPieceTrainer(vocab_size=60, special_tokens=["[UNK]"])  # type: ignore[no-untyped-call]
    words.train_from_iterator(TEXTS, trainer)
    words.save(str(tmp_path / "words.json"))
    for path in (tmp_path, *tmp_path.iterdir()):
        path.chmod(0o755)
    return {
        "sentencepiece": {"name": "a", "kind": "sentencepiece", "file": "pieces.model", "max_tokens": 64},
        "huggingface": {"name": "b", "kind": "huggingface", "file": "words.json", "max_tokens": 64},
    }


def test_the_tokenisers_libraries_do_in_the_image_what_they_do_here(
    podman: Podman, image: str, tokenisers: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """Both lost the packages that they download with; see slim_image.py."""
    code = (
        "import json, pathlib, sys; from lambdas.core.tokeniser import Tokeniser\n"
        "settings, texts = json.loads(sys.argv[1])\n"
        "print(json.dumps({name: Tokeniser(each, pathlib.Path('/mnt')).tokens(texts)[0].tolist()"
        " for name, each in settings.items()}))"
    )
    printed = podman(
        "run", "--rm", "--pull=never", "--network", "none", "--read-only", "--volume", f"{tmp_path}:/mnt:ro",
        "--entrypoint", "python", image, "-c", code, json.dumps([tokenisers, TEXTS]),
    )  # fmt: skip
    here = {
        name: Tokeniser(settings, tmp_path).tokens(TEXTS)[0].tolist() for name, settings in tokenisers.items()
    }
    assert json.loads(printed) == here
