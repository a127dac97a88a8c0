"""What `make up` says of a newer bundle: one whose rollout was undone is not advised."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from local.newer import Tried, newest_of, said

VERSION = "20260201T000000Z-bbbbbbbb"
BUCKET = "artifacts"


@pytest.fixture
def s3(no_account: None) -> Any:
    made = boto3.client("s3", region_name="us-east-1")
    made.create_bucket(Bucket=BUCKET)
    made.put_object(Bucket=BUCKET, Key="tickets/rollouts/active.json", Body=b"{}")
    return made


def keep(s3: Any, rollout_id: str, version: str, status: str, reason: str = "") -> None:
    challenger = {"version": version, "manifest_sha256": "0" * 64}
    body = json.dumps({"id": rollout_id, "challenger": challenger, "status": status, "reason": reason})
    s3.put_object(Bucket=BUCKET, Key=f"tickets/rollouts/{rollout_id}.json", Body=body.encode())


def line(s3: Any) -> str:
    return said("tickets", "20260101T000000Z-aaaaaaaa", VERSION, newest_of(s3, BUCKET, "tickets", VERSION))


def test_what_was_never_rolled_out_is_advised(s3: Any) -> None:
    keep(s3, "20260202T000000Z-0001", "20260103T000000Z-cccccccc", "rolled-back")
    s3.put_object(
        Bucket=BUCKET, Key="tickets/rollouts/20250101T000000Z-0000.json", Body=b"damaged, and older"
    )
    assert line(s3) == f"tickets: {VERSION} is newer than the live model: make publish SERVICE=tickets"


def test_what_a_rollback_undid_is_not_advised(s3: Any) -> None:
    keep(s3, "20260202T000000Z-0001", VERSION, "promoted")
    keep(s3, "20260203T000000Z-0001", VERSION, "rolled-back", "ana asked for it")
    keep(s3, "20260204T000000Z-0001", "20260204T000000Z-dddddddd", "promoted")
    told = line(s3)
    assert "make publish" not in told
    assert "20260101T000000Z-aaaaaaaa is live" in told and "rolled-back (ana asked for it)" in told


@pytest.mark.parametrize("status", ["running", "undoing"])
def test_what_is_being_rolled_out_is_not_advised(s3: Any, status: str) -> None:
    keep(s3, "20260202T000000Z-0001", VERSION, status)
    assert line(s3).endswith(f"a rollout of {VERSION} is under way")


def test_what_was_live_before_may_be_published_again(s3: Any) -> None:
    keep(s3, "20260202T000000Z-0001", VERSION, "promoted")
    found = newest_of(s3, BUCKET, "tickets", VERSION)
    assert isinstance(found, Tried) and "make publish" in line(s3)
