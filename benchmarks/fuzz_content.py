"""Fuzzed posts against the content function: whatever is sent, no 5xx, and memory that stays flat.

Media is mutated: bits, cuts, doubled parts, swapped and foreign pieces, sizes in headers. JSON is drawn by
hypothesis, from near the schema to anywhere. Each modality is asked on its own, and beside a text.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import io
import json
import os
import random
import struct
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from benchmarks.content_setup import event, post, prepared
from benchmarks.table import Table

REQUESTS = int(os.environ.get("TRIAGE_FUZZ_REQUESTS", "2000"))
WARM_UP = 0.25
"""The part of the requests after which memory is first looked at: by then every path has been taken."""
MOST_GROWTH = 1.10
SIZES = (0, 1, 255, 65_535, 2**31 - 1, 2**32 - 1)
PATH = "/v1/content:moderate"


def run() -> None:
    """Measure and save the table."""
    table = Table("fuzz_content", "python -m benchmarks fuzz_content")
    with prepared(tickets=False):
        os.environ["POWERTOOLS_SERVICE_NAME"] = "content"
        handler = importlib.import_module("lambdas.content.handler")
        for name, events in (("JSON", _json), ("images", _images), ("sounds", _sounds)):
            _ask(table, handler, name, events)
    table.notes += [
        "Everything goes through the whole handler with the models that `make up` trains, the embedded "
        "DynamoDB, S3 and SQS behind it. Memory: resident, after each request, the median of the last tenth "
        f"against that of a tenth after the first {WARM_UP:.0%}.",
    ]
    table.save()


def _ask(table: Table, handler: Any, name: str, events: Callable[[int], Iterator[dict[str, Any]]]) -> None:
    statuses: Counter[int] = Counter()
    resident, process = [], psutil.Process()
    for said in events(REQUESTS):
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = handler.handle(said, None)
        statuses[answer["statusCode"]] += 1
        if answer["statusCode"] >= 500:
            Path(f"fuzz-{name}-{statuses[answer['statusCode']]}.json").write_text(json.dumps(said))
        resident.append(process.memory_info().rss)
    tenth, start = max(1, len(resident) // 10), int(len(resident) * WARM_UP)
    before, after = np.median(resident[start : start + tenth]), np.median(resident[-tenth:])
    failed = sum(count for status, count in statuses.items() if status >= 500)
    said = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    table.add(
        f"{sum(statuses.values())} fuzzed {name}: 5xx",
        str(failed),
        against=said,
        asked="0",
        reached=not failed,
    )
    table.add(
        f"{name}: memory", f"{after / 1e6:.0f} MB", against=f"{before / 1e6:.0f} MB: {after / before:.2f}x",
        asked="within 10 %", reached=bool(after <= before * MOST_GROWTH),
    )  # fmt: skip
    print(table.rows[-2], table.rows[-1], flush=True)


def _images(count: int) -> Iterator[dict[str, Any]]:
    seeds = [_picture(kind, mode) for kind in ("PNG", "JPEG", "GIF", "WEBP") for mode in ("RGB", "L", "P")]
    seeds.append(_animation())
    yield from _mutated("image", seeds, count)


def _sounds(count: int) -> Iterator[dict[str, Any]]:
    forms = (
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("MP3", "MPEG_LAYER_III"),
    )
    yield from _mutated("audio", [_sound(form, codec) for form, codec in forms], count)


def _mutated(kind: str, seeds: list[bytes], count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(17)  # noqa: S311 - to get the same requests again
    for k in range(count):
        raw = seeds[k % len(seeds)]
        for _ in range(chance.randint(1, 4)):
            raw = _mutate(raw, seeds, chance)
        media = {"data": base64.b64encode(raw[:2_900_000]).decode()}
        yield post(**{kind: media}) if k % 3 else post(text="look at this", **{kind: media})


def _mutate(raw: bytes, seeds: list[bytes], chance: random.Random) -> bytes:
    made = bytearray(raw or b"\0")
    at = chance.randrange(len(made))
    match chance.randrange(8):
        case 0:
            made[at] ^= 1 << chance.randrange(8)
        case 1:
            made[at : at + chance.randint(1, 16)] = chance.randbytes(chance.randint(0, 32))
        case 2:
            del made[at:]
        case 3:
            made += made[at : at + 2_000]
        case 4:  # a size, a count, an offset
            if at + 4 <= len(made):
                made[at : at + 4] = struct.pack(
                    chance.choice("<>") + "I", chance.choice((0, 1, 255, 65_535, 2**31 - 1, 2**32 - 1))
                )
        case 5:  # near the beginning, where headers are
            for _ in range(4):
                made[chance.randrange(min(64, len(made)))] = chance.randrange(256)
        case 6:
            other = chance.choice(seeds)
            made[at:] = other[chance.randrange(len(other)) :]
        case _:
            made[at:at] = bytes(chance.randint(1, 4_000))
    return bytes(made)


def _json(count: int) -> Iterator[dict[str, Any]]:
    """Near the schema mostly: the more of it passes the door, the more is tried behind it."""
    text = st.text(max_size=300) | st.sampled_from(
        ["", " ", "\u202e", "x" * 20_000, "\U0001f600" * 5_000, "a\x00"]
    )
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | text,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=12,
    )
    media = st.fixed_dictionaries({}, optional={"data": text | st.just("AAAA"), "key": text}) | junk
    near = st.fixed_dictionaries(
        {"text": text},
        optional={
            "content_id": text, "author_id": text, "language": text, "image": media, "audio": media,
            "attributes": st.dictionaries(text, text, max_size=12), "other": junk,
        },
    )  # fmt: skip
    words = st.text(min_size=1, max_size=400).map(lambda said: "".join(filter(str.isprintable, said)) + "a")
    good = st.fixed_dictionaries(
        {"text": words},
        optional={
            "content_id": st.integers(0, 300).map(str), "author_id": st.integers(0, 50).map(str),
            "language": st.sampled_from(["en", "es", "fr"]),
            "attributes": st.dictionaries(st.sampled_from(["region", "age"]), st.just("x"), max_size=2),
        },
    )  # fmt: skip
    bodies = st.one_of(good, good, near, junk).map(json.dumps) | st.binary(max_size=200).map(
        lambda raw: raw.decode("utf-8", "surrogateescape")
    )
    drawn: list[str] = []

    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate], derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(bodies)
    def draw(body: str) -> None:
        drawn.append(body)

    draw()
    while len(drawn) < count:
        drawn += drawn[: count - len(drawn)]
    for body in drawn[:count]:
        yield {**event(PATH, None), "body": body}


def _picture(kind: str, mode: str) -> bytes:
    coarse = np.random.default_rng(3).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    image = Image.fromarray(coarse).resize((160, 120)).convert(mode)
    (image.convert("RGB") if kind in ("JPEG", "WEBP") and mode == "P" else image).save(out, kind)
    return out.getvalue()


def _animation() -> bytes:
    frames = [Image.new("RGB", (64, 48), (40 * k, 90, 200 - 40 * k)) for k in range(5)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return out.getvalue()


def _sound(form: str, codec: str) -> bytes:
    times = np.arange(8_000) / 16_000
    out = io.BytesIO()
    soundfile.write(out, 0.3 * np.sin(2 * np.pi * 440 * times), 16_000, format=form, subtype=codec)
    return out.getvalue()


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    run()
