"""The environments that commands and clients run in, so that nothing of the laptop reaches a real account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "000000000000"
_KEY = "test"  # the emulator takes any; this one stands for ACCOUNT

# Whose values a Lambda function would not see either.
_EMULATOR_KEEPS = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")

# botocore's (config name, environment variable, default, conversion): no profile, no file of the user's.
_NOTHING_OF_THE_USER = {
    "profile": (None, None, None, None),
    "config_file": (None, None, "/dev/null", None),
    "credentials_file": (None, None, "/dev/null", None),
}


def emulator_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the emulator inherits.

    It hands its environment on to the functions, so it gets nothing that AWS would not give them:
    no PYTHONPATH above all, or a file missing from a function's package would go unnoticed.
    """
    return {name: environ[name] for name in _EMULATOR_KEEPS if name in environ}


def aws_environment(environ: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """`environ` with every AWS setting of the user's replaced by the embedded AWS at `endpoint`."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "CDK_"))}
    without_proxy = ",".join(filter(None, (environ.get("NO_PROXY") or environ.get("no_proxy"), "127.0.0.1")))
    if "AWS_CA_BUNDLE" in environ:
        kept["AWS_CA_BUNDLE"] = environ["AWS_CA_BUNDLE"]
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": _KEY,
        "AWS_SECRET_ACCESS_KEY": _KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
    }


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the embedded AWS at `endpoint`, whatever the user's own AWS settings say."""
    core = botocore.session.Session(session_vars=_NOTHING_OF_THE_USER)
    session = boto3.session.Session(
        aws_access_key_id=_KEY, aws_secret_access_key=_KEY, region_name=REGION, botocore_session=core
    )
    config = Config(
        proxies={},
        connect_timeout=5,
        read_timeout=60,
        retries={"total_max_attempts": 3},
        s3={"addressing_style": "path"},
    )
    return session.client(service, endpoint_url=endpoint, config=config)
