"""The deployed content service: posts of every kind, uploads, what callers do not wait for, bad input."""

from __future__ import annotations

import base64
import io
import json
import struct
import uuid
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from local import inbox
from local.call import Api
from local.media import picture
from local.stack import Stack
from tests.e2e.transactions import eventually, fresh
from tests.support.posts import as_data, jpeg, png, voice, wav

MODERATE, UPLOADS = "/v1/content:moderate", "/v1/content/uploads"
POLICIES = {"toxicity", "threat", "sexual", "violence"}
LONG = voice(30)


def moderate(stack: Stack, **said: Any) -> dict[str, Any]:
    answer = stack.call("POST", MODERATE, said)
    assert answer.status == 200, answer.body
    decision: dict[str, Any] = answer.json()
    return decision


def refused(stack: Stack, body: Any, path: str = MODERATE) -> tuple[int, str | None]:
    """The status and field of a problem."""
    answer = stack.call("POST", path, body)
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.body
    assert problem["detail"]
    return answer.status, problem.get("field")


def logged(stack: Stack, decision: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = stack.client("dynamodb").get_item(
        TableName=stack.output("DecisionsTable"), Key={"id": {"S": decision["decision_id"]}}
    )["Item"]
    return found


def form_of(stack: Stack, modality: str = "image", kind: str = "image/png") -> dict[str, Any]:
    answer = stack.call("POST", UPLOADS, {"modality": modality, "type": kind})
    assert answer.status == 200, answer.body
    form: dict[str, Any] = answer.json()
    return form


def send(form: dict[str, Any], raw: bytes, **changed: str) -> int:
    """The status that S3 answers a browser's post of the form with."""
    mark = uuid.uuid4().hex
    body = b""
    for name, value in {**form["fields"], **changed}.items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body += head.encode() + raw + f"\r\n--{mark}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={mark}"}
    return Api(form["url"], "").call("POST", "", body, kind).status


class TestJudging:
    def test_a_text_is_judged_by_the_model(self, stack: Stack) -> None:
        answer = moderate(stack, text="See you tomorrow at the library", author_id="ana", language="en")
        assert (answer["source"], answer["variant"], answer["degraded"]) == ("model", "champion", [])
        assert set(answer["scores"]) <= POLICIES
        assert answer["channels"].keys() == {"text"}
        assert answer["outcome"] in {"allow", "review", "remove"}
        assert all(0.0 <= score["probability"] <= 1.0 for score in answer["scores"].values())

    def test_a_picture_is_looked_at_and_read(self, stack: Stack) -> None:
        answer = moderate(stack, text="My holiday", image=as_data(picture("What a wonderful day")))
        assert answer["degraded"] == []
        assert {"text", "image", "image_text"} <= answer["channels"].keys()
        assert "wonderful" in answer["image_text"].lower()
        kept = json.loads(logged(stack, answer)["asked"]["S"])["image"]
        body = stack.client("s3").get_object(Bucket=stack.output("UploadsBucket"), Key=kept["key"])["Body"]
        assert len(body.read()) == kept["bytes"]

    def test_a_sound_without_speech_needs_no_words(self, stack: Stack) -> None:
        answer = moderate(stack, text="listen", audio=as_data(wav(2.0)))
        assert (answer["pending"], answer["degraded"]) == ([], [])
        assert answer["transcript"] == {"language": None, "segments": []}

    def test_a_retry_gets_the_same_answer_and_other_content_a_409(self, stack: Stack) -> None:
        said = {"content_id": fresh("post"), "text": "hello", "image": as_data(png())}
        first = moderate(stack, **said)
        assert moderate(stack, **said) == first
        assert refused(stack, {**said, "image": as_data(jpeg(1))})[0] == 409

    def test_a_decision_is_found_by_either_id(self, stack: Stack) -> None:
        said = moderate(stack, content_id=fresh("post ünd more"), text="hello")
        for own in (said["decision_id"], quote(said["content_id"], safe="")):
            assert stack.call("GET", f"/v1/content/{own}").json() == said
        assert stack.call("GET", f"/v1/content/{fresh('no')}").status == 404

    def test_several_words_are_one_label(self, stack: Stack) -> None:
        said = moderate(stack, text="hello")
        path = f"/v1/decisions/{said['decision_id']}/label"
        given = stack.call("POST", path, {"label": "threat,toxicity", "by": "ana"})
        assert (given.status, given.json()["label"]) == (200, "toxicity,threat"), given.body
        assert stack.call("POST", path, {"label": "ok,threat", "by": "ana"}).status == 400


class TestUploads:
    def test_a_form_stores_a_file_that_is_then_judged(self, stack: Stack) -> None:
        form = form_of(stack)
        assert send(form, png()) == 204
        said = {"content_id": fresh("post"), "image": {"key": form["key"]}}
        answer = moderate(stack, **said)
        assert answer["modalities"]["image"]["state"] == "read"
        assert moderate(stack, **said) == answer

    def test_a_form_takes_nothing_else(self, stack: Stack) -> None:
        form = form_of(stack)
        assert send(form, png(), key=form["key"].replace("uploads/", "kept/")) == 403
        assert send(form, png(), key=form["key"] + "x") == 403
        assert send(form, b"<script>", **{"Content-Type": "text/html"}) == 403
        assert send(form, b"") == 400
        assert send(form, bytes(form["most_bytes"] + 1)) == 400
        assert refused(stack, {"image": {"key": form["key"]}}) == (400, "image.key"), "nothing was stored"

    def test_a_key_that_is_not_the_callers_is_refused(self, stack: Stack) -> None:
        form = form_of(stack)
        assert send(form, png()) == 204
        _, prefix, name = form["key"].split("/")
        client, bucket = stack.client("s3"), stack.output("UploadsBucket")
        other = f"uploads/{'0' * len(prefix)}/{name}"
        client.put_object(Bucket=bucket, Key=other, Body=png())
        kept = json.loads(logged(stack, moderate(stack, image=as_data(png())))["asked"]["S"])["image"]["key"]
        for key in (other, kept, f"uploads/{prefix}/", f"uploads/{prefix}/../{prefix}/{name}", "x"):
            assert refused(stack, {"image": {"key": key}}) == (400, "image.key"), key

    def test_a_large_upload_is_refused(self, stack: Stack) -> None:
        form = form_of(stack)
        big = bytes(form["most_bytes"] + 1)
        stack.client("s3").put_object(Bucket=stack.output("UploadsBucket"), Key=form["key"], Body=big)
        assert refused(stack, {"image": {"key": form["key"]}}) == (413, "image")

    def test_other_types_get_no_form(self, stack: Stack) -> None:
        assert refused(stack, {"modality": "image", "type": "image/svg+xml"}, UPLOADS) == (415, "type")
        assert refused(stack, {"modality": "video", "type": "video/mp4"}, UPLOADS) == (400, "modality")


class TestLater:
    def test_long_speech_is_answered_at_once_and_made_final_by_the_worker(self, stack: Stack) -> None:
        own = fresh("post")
        first = moderate(stack, content_id=own, text="listen to this", audio=as_data(LONG))
        assert (first["pending"], first["review"]) == (["audio"], True)
        assert first["modalities"]["audio"]["state"] == "pending"
        assert "queue" not in logged(stack, first)

        def final() -> dict[str, Any] | None:
            found: dict[str, Any] = stack.call("GET", f"/v1/content/{own}").json()
            return None if found["pending"] else found

        last = eventually(final, "the transcript", 180.0)
        assert last["modalities"]["audio"]["state"] == "read"
        assert last["degraded"] == []
        assert (last["decision_id"], last["decided_at"]) == (first["decision_id"], first["decided_at"])
        assert moderate(stack, content_id=own, text="listen to this", audio=as_data(LONG)) == last
        item = logged(stack, first)
        assert "pending" not in item
        assert (item.get("queue", {}).get("S") == "review") == last["review"]
        found = stack.call("GET", f"/v1/content/{own}/explanation").json()
        for part in found["audio"]["segments"]:
            assert 0.0 <= part["start"] < part["end"] <= 30.0


class TestExplaining:
    def test_words_and_a_heat_map(self, stack: Stack) -> None:
        own = fresh("post")
        moderate(stack, content_id=own, text="you are a pathetic idiot", image=as_data(picture("Nice day")))
        path = f"/v1/content/{own}/explanation"
        found = stack.call("GET", path).json()
        assert found["notes"] == []
        words = {term["term"] for terms in found["words"]["text"].values() for term in terms}
        assert words & {"pathetic", "idiot"}
        inline = base64.b64decode(found["image"]["png"])
        alone = stack.call("GET", path, headers={"accept": "image/png"})
        assert alone.headers["content-type"].startswith("image/png")
        assert alone.body == inline
        image = Image.open(io.BytesIO(alone.body))
        assert image.size == (found["image"]["width"], found["image"]["height"])
        chosen = stack.call("GET", f"{path}?policy=violence").json()
        assert chosen["image"]["policy"] == "violence"
        assert stack.call("GET", f"{path}?policy=spam").status == 400

    def test_what_there_is_none_of_is_a_404(self, stack: Stack) -> None:
        own = fresh("post")
        moderate(stack, content_id=own, text="hello")
        path = f"/v1/content/{own}/explanation"
        assert stack.call("GET", path).json()["image"] is None
        assert stack.call("GET", path, headers={"accept": "image/png"}).status == 404
        assert stack.call("GET", f"/v1/content/{fresh('no')}/explanation").status == 404


class TestBadInput:
    """Each line of what a user may send by mistake or on purpose: a 4xx that names it, never a 5xx."""

    @pytest.mark.parametrize(
        ("what", "status", "field"),
        [
            ("nothing", 400, "text"),
            ("a damaged picture alone", 422, "image"),
            ("a picture cut short", 422, "image"),
            ("a sound that says it is a picture", 415, "image"),
            ("a picture that says it is a sound", 415, "audio"),
            ("an svg", 415, "image"),
            ("a program", 415, "image"),
            ("too much base64", 413, "image.data"),
            ("no base64", 400, "image.data"),
            ("no bytes", 400, "image"),
            ("a bomb", 413, "image"),
            ("a sound without samples", 400, "audio"),
            ("a sound of no length", 400, "audio"),
            ("100 kB of emoji", 400, "text"),
            ("half a surrogate", 400, "$"),
            ("both data and key", 400, "image"),
            ("a control character", 400, "text"),
            ("a URL", 400, "image.url"),
        ],
    )
    def test_it_is_a_problem_that_names_the_field(
        self, stack: Stack, what: str, status: int, field: str
    ) -> None:
        assert refused(stack, bad(what)) == (status, field)

    def test_a_damaged_picture_beside_a_text_goes_to_people(self, stack: Stack) -> None:
        answer = moderate(stack, text="hello", image=as_data(png()[:70]))
        assert (answer["outcome"], answer["review"]) == ("review", True)
        assert answer["modalities"]["image"]["state"] == "unreadable"
        assert any(reason.startswith("image: could not be read") for reason in answer["reasons"])
        assert logged(stack, answer)["queue"] == {"S": "review"}


def bad(what: str) -> Any:
    made: dict[str, Any] = {
        "nothing": {},
        "a damaged picture alone": {"image": as_data(png()[:40] + b"\0" * 40)},
        "a picture cut short": {"image": as_data(jpeg()[:300])},
        "a sound that says it is a picture": {"image": as_data(wav())},
        "a picture that says it is a sound": {"audio": as_data(png())},
        "an svg": {"image": as_data(b"<svg xmlns='http://www.w3.org/2000/svg'/>")},
        "a program": {"image": as_data(b"\x7fELF" + bytes(100))},
        "too much base64": {"image": {"data": "A" * 4_000_004}},
        "no base64": {"image": {"data": "not base64!"}},
        "no bytes": {"image": {"data": ""}},
        "a bomb": {"image": as_data(bomb())},
        "a sound without samples": {"audio": as_data(wav(0.0))},
        "a sound of no length": {"audio": {"data": ""}},
        "100 kB of emoji": {"text": "\U0001f600" * 25_000},
        "half a surrogate": b'{"text": "\\ud83d"}',
        "both data and key": {"image": {**as_data(png()), "key": "x"}},
        "a control character": {"text": "a\x00b"},
        "a URL": {"image": {"url": "http://example.com/a.png"}},
    }
    return made[what]


def bomb() -> bytes:
    """A PNG of a few kB that says it has 40,000 x 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000)))


class TestAlerts:
    def test_a_severe_post_is_told_at_once(self, stack: Stack) -> None:
        said = moderate(stack, text="I will kill you, I know where you live", content_id=fresh("post"))
        if "alert" not in logged(stack, said):
            pytest.skip(f"this small model finds it no threat: {said['scores']}")
        path = stack.place.inbox

        def told() -> list[Any]:
            inbox.fetch(stack.endpoint, stack.output("AlertInboxQueueUrl"), path)
            return [mail for mail in inbox.read(path) if said["decision_id"] in mail.text]

        assert len(eventually(told, "the alert")) == 1
