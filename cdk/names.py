"""The names that more than one stack, or the outside world, counts on."""

from __future__ import annotations

from pathlib import Path

PROJECT = "triage"
ROOT = Path(__file__).resolve().parents[1]
"""The repository's root."""

IMAGE_REPOSITORY = PROJECT
"""The app's own ECR repository; its name is fixed because the CDK CLI pushes to it by name."""

API_STAGE = "live"


def stack_name(concern: str) -> str:
    """The name of the stack of one concern, for example `Triage-Api`."""
    return f"Triage-{concern}"


def publisher_role_name(region: str) -> str:
    """The IAM role that pushes images; the region is in it because role names are global."""
    return f"{PROJECT}-image-publisher-{region}"
