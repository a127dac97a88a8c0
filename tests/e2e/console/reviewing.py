"""Decisions that wait for people, written to a real decision log as its services write them."""

from __future__ import annotations

import hashlib
import io
import math
import secrets
import wave
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
from PIL import Image, ImageDraw

from lambdas.content.schema import (
    ContentDecision,
    Reading,
    Score,
    Segment,
    Transcript,
)
from lambdas.core.decision_log import DecisionLog, Entry
from lambdas.core.marks import Marks
from lambdas.core.schema import Decision, HeadAnswer, Term
from lambdas.tickets.schema import TicketDecision
from lambdas.transactions.schema import Reason, TransactionDecision

DEPARTMENTS = ("Technical", "Billing", "General", "Complaint", "Feature Request")
HOSTILE = (
    "Charged twice <script>document.title = 'hacked'</script> for invoice 4711.\n\n"
    "<img src=x onerror=\"document.title='hacked'\"> Please refund the second payment: "
    '"><svg onload=alert(1)> {{7*7}} javascript:alert(1) \u202egnp.exe'
)


class _Boto:
    """The log's protocol over a boto3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert operation == "PutItem"
        found: dict[str, Any] = self._client.put_item(**request)
        return found


@dataclass(frozen=True)
class Log:
    """The decision log `table`, and the bucket that media are kept in."""

    dynamodb: Any
    table: str
    s3: Any = None
    bucket: str | None = None

    def write(self, decision: Decision, asked: dict[str, Any], *, severity: int, sample: float = 0.0) -> str:
        """Log `decision`, which waits for people from then on; its id."""
        raw = msgspec.json.encode(asked)
        service = decision.decision_id.partition(".")[0]
        entry = Entry(
            decision, hashlib.sha256(raw).hexdigest(), raw, service, None, Marks(severity=severity), sample
        )
        written = DecisionLog(self.table, _Boto(self.dynamodb), ttl_days=30).record([entry])
        assert written == [None]
        return decision.decision_id

    def keep(self, decision_id: str, modality: str, data: bytes, kind: str) -> dict[str, Any]:
        """Keep a file as the content service does; what the log holds in its place."""
        key = f"kept/{decision_id}/{modality}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=kind)
        return {"key": key, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "type": kind}

    def ticket(self, body: str = HOSTILE, *, minutes_ago: float = 5.0, severity: int = 3) -> str:
        """A ticket between two departments."""
        decision = TicketDecision(
            **_common("tickets", minutes_ago),
            outcome="Billing",
            review=True,
            reasons=["department: Billing has 0.62, under its threshold of 0.71"],
            confidence=0.62,
            ticket_id="T-88213",
            outputs={
                "department": HeadAnswer(
                    "Billing",
                    0.62,
                    dict(zip(DEPARTMENTS, (0.11, 0.62, 0.03, 0.21, 0.03), strict=True)),
                    ["Billing", "Complaint"],
                ),
                "urgency": HeadAnswer("high", 0.7, {"low": 0.1, "medium": 0.2, "high": 0.7}, ["high"]),
            },
            terms=[Term("charged twice", 1.3), Term("refund", 0.8), Term("invoice", 0.7)],
        )
        asked = {
            "subject": "Charged twice for one invoice",
            "body": body,
            "channel": "email",
            "ticket_id": "T-88213",
        }
        return self.write(decision, asked, severity=severity)

    def transaction(self, *, minutes_ago: float = 5.0, severity: int = 6, clear: bool = False) -> str:
        """A transaction that looks a little like fraud; a clear one, sampled, when `clear`."""
        decision = TransactionDecision(
            **_common("transactions", minutes_ago),
            outcome="approve" if clear else "review",
            review=not clear,
            reasons=[] if clear else ["probability 0.412 is between 0.081 and 0.734"],
            confidence=0.97 if clear else 0.59,
            transaction_id="tx-55120",
            card_id="card-9921",
            probability=0.03 if clear else 0.412,
            risk_level="low" if clear else "high",
            scores={"xgboost": 0.52, "lightgbm": 0.44, "mlp": 0.31, "isolation_forest": 0.67},
            features={"amount": 1249.0, "distance_home": 3936.2, "merchant_risk": None},
            top_reasons=[]
            if clear
            else [
                Reason("amount_ratio", 11.2, 0.213, "11 times what this card usually spends"),
                Reason("distance_home", 3936.0, 0.118, "3,936 km from home"),
            ],
        )
        asked = {"card_id": "card-9921", "amount": 1249.0, "merchant_id": "m-301", "category": "electronics"}
        return self.write(decision, asked, severity=severity, sample=1.0 if clear else 0.0)

    def post(self, *, minutes_ago: float = 5.0, severity: int = 9) -> str:
        """A post with a text, a picture and a sound that may be a threat."""
        common = _common("content", minutes_ago)
        own = common["decision_id"]
        modalities = {name: Reading("read") for name in ("text", "image", "audio")}
        decision = ContentDecision(
            **common,
            outcome="review",
            review=True,
            reasons=["threat: probability 0.781 is between 0.310, reviewed from there, and 0.900"],
            confidence=0.78,
            content_id="post-991",
            policies=["threat", "toxicity"],
            severity="severe",
            scores={
                "threat": Score(0.781, "severe", 0.31, 0.9),
                "toxicity": Score(0.55, "medium", 0.4, 0.85),
                "violence": Score(0.17, "severe", 0.25, 0.9),
                "sexual": Score(0.02, "high", 0.3, 0.8),
            },
            channels={"text": {"threat": 0.83, "toxicity": 0.61}, "image": {"sexual": 0.02}},
            modalities=modalities,
            pending=[],
            terms=[Term("regret", 1.2), Term("scared", 0.8)],
            image_text="WATCH YOUR BACK",
            transcript=Transcript(
                "en",
                [Segment(0.0, 1.2, "I am not joking."), Segment(2.0, 3.5, "You will see me at your door.")],
            ),
        )
        asked = {
            "text": "Come near my house again and you will regret it. You should be scared.",
            "author_id": "u-551",
            "content_id": "post-991",
            "image": self.keep(own, "image", picture(), "image/png"),
            "audio": self.keep(own, "audio", sound(), "audio/wav"),
        }
        return self.write(decision, asked, severity=severity)


def _common(service: str, minutes_ago: float) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {
        "decision_id": f"{service}.{secrets.token_hex(16)}",
        "source": "model",
        "variant": "champion",
        "model_version": None,
        "degraded": [],
        "decided_at": at.isoformat(),
    }


def picture() -> bytes:
    """A drawing of a house, as PNG."""
    image = Image.new("RGB", (640, 420), "#87b3d6")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 280, 640, 420), fill="#5f7f52")
    draw.rectangle((330, 140, 520, 300), fill="#b98a5e")
    draw.polygon([(310, 140), (540, 140), (425, 60)], fill="#8d4f3a")
    draw.rectangle((405, 220, 450, 300), fill="#5a3a28")
    draw.ellipse((80, 40, 150, 110), fill="#f6e08a")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def sound(seconds: float = 4.0, rate: int = 16_000) -> bytes:
    """A quiet tone, as WAV."""
    wave_form = np.sin(np.arange(int(seconds * rate)) * 2 * math.pi * 330 / rate) * 6_000
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(wave_form.astype("<i2").tobytes())
    return out.getvalue()


def reviewer(cognito: Any, pool: str, email: str, password: str, *, groups: tuple[str, ...]) -> None:
    """An account in `groups` that signs in with `password`."""
    first_password(cognito, pool, email, password, groups=groups)
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password, Permanent=True)


def first_password(cognito: Any, pool: str, email: str, password: str, *, groups: tuple[str, ...]) -> None:
    """An account in `groups` that must change `password` when it signs in."""
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        TemporaryPassword=password,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    for group in groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=group)
