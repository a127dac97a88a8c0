"""The MLflow server: nobody can reach it, and it can be thrown away."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from aws_cdk import Aws
from moto import mock_aws

from cdk.constructs.mlflow_server import user_data
from cdk.locked_pins import NotLocked, constraints
from tests.infrastructure.assembly import Assembly, text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> str:
    """The first-boot script."""
    return user_data(bucket="the-bucket")


def test_nothing_can_come_in(everything: Assembly) -> None:
    group = everything.one("AWS::EC2::SecurityGroup").properties
    assert "SecurityGroupIngress" not in group
    assert everything.resources("AWS::EC2::SecurityGroupIngress") == []
    (out,) = group["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)


def test_the_machine_is_small_encrypted_and_asks_for_tokens(everything: Assembly) -> None:
    instance = everything.one("AWS::EC2::Instance").properties
    assert instance["InstanceType"] == "t3.micro"
    (disk,) = instance["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert disk["Ebs"]["VolumeSize"] <= 30
    assert instance["CreditSpecification"] == {"CPUCredits": "standard"}, "unlimited credits are billed"
    assert "KeyName" not in instance, "no SSH"
    template = everything.one("AWS::EC2::LaunchTemplate").properties["LaunchTemplateData"]
    assert template["MetadataOptions"]["HttpTokens"] == "required"


def test_the_image_is_a_public_parameter_so_no_lookup_is_needed(everything: Assembly) -> None:
    image = everything.one("AWS::EC2::Instance").properties["ImageId"]["Ref"]
    parameter = everything.templates["Triage-Tracking"]["Parameters"][image]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    assert parameter["Default"].startswith("/aws/service/ami-amazon-linux-latest/al2023-")


def test_no_nat_gateway_and_no_custom_resource(everything: Assembly) -> None:
    kinds = {r.type for r in everything.all_resources() if r.stack == "Triage-Tracking"}
    assert "AWS::EC2::NatGateway" not in kinds
    assert not [kind for kind in kinds if kind.startswith(("Custom::", "AWS::Lambda::"))]


def test_the_server_touches_only_its_own_folder_of_the_bucket(everything: Assembly) -> None:
    (policy,) = everything.resources("AWS::IAM::Policy", "Triage-Tracking")
    for statement in policy.properties["PolicyDocument"]["Statement"]:
        resource = text(statement["Resource"])
        if statement["Action"] == "s3:ListBucket":
            assert statement["Condition"] == {"StringLike": {"s3:prefix": "mlflow/*"}}
        else:
            assert resource.endswith("<Triage-Artifacts.ArtifactsBucket>/mlflow/*")


def test_the_tunnel_command_forwards_the_servers_port(everything: Assembly) -> None:
    instance = everything.one("AWS::EC2::Instance").logical_id
    command = text(everything.outputs("Triage-Tracking")["TunnelCommand"])
    assert command == (
        f"aws ssm start-session --target <{instance}> --document-name AWS-StartPortForwardingSession"
        """ --parameters '{"portNumber":["5000"],"localPortNumber":["5000"]}'"""
    )


def test_mlflow_listens_on_the_loopback_and_runs_no_jobs(script: str) -> None:
    (start,) = re.findall(r"^ExecStart=(/opt/mlflow/venv/bin/mlflow (?:.*\\\n)*.*)$", script, re.MULTILINE)
    words = start.replace("\\\n", " ").split()
    options = dict(zip(words[2::2], words[3::2], strict=False))
    assert options["--host"] == "127.0.0.1"
    assert options["--allowed-hosts"] == "localhost:5000,127.0.0.1:5000"
    assert "--artifacts-destination s3://the-bucket/mlflow/artifacts" in start
    assert "Environment=MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false" in script
    assert "mkswap /swapfile" in script


@pytest.mark.filterwarnings("ignore")  # of MLflow's own imports
def test_its_options_are_ones_the_pinned_mlflow_knows(script: str) -> None:
    from mlflow.cli import server

    known = {name for option in server.params for name in (*option.opts, *option.secondary_opts)}
    (start,) = re.findall(r"^ExecStart=(/opt/mlflow/venv/bin/mlflow (?:.*\\\n)*.*)$", script, re.MULTILINE)
    assert set(re.findall(r"--[\w-]+", start)) <= known


def test_the_script_is_complete_and_valid_bash(script: str) -> None:
    assert not re.findall(r"@[A-Z]+@", script)
    assert len(script.encode()) < 16_384, "EC2 takes 16 KB of user data"
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    (backup,) = re.findall(r"<<'BACKUP'\n(.*?)\nBACKUP\n", script, re.DOTALL)
    compile(backup, "backup.py", "exec")


def test_a_new_machine_starts_from_the_last_copy(script: str, tmp_path: Path) -> None:
    """The backup script itself, against S3 in memory: save, lose the machine, restore."""
    (backup,) = re.findall(r"<<'BACKUP'\n(.*?)\nBACKUP\n", script, re.DOTALL)
    backup = backup.replace("/var/lib/mlflow", str(tmp_path)).replace(Aws.REGION, "us-east-1")
    database = tmp_path / "mlflow.db"

    def run(command: str) -> None:
        with mock.patch("sys.argv", ["backup.py", command]):
            exec(compile(backup, "backup.py", "exec"), {})  # noqa: S102

    with mock_aws():
        bucket = boto3.resource("s3", region_name="us-east-1").create_bucket(Bucket="the-bucket")
        run("restore")
        assert not database.exists(), "the first machine of all has nothing to restore"
        with sqlite3.connect(database) as runs:
            runs.execute("create table runs as select 'r1' as id")
        run("save")
        assert [found.key for found in bucket.objects.all()] == ["mlflow/backup/mlflow.db"]
        for file in tmp_path.iterdir():
            file.unlink()
        run("restore")
    with sqlite3.connect(database) as restored:
        assert restored.execute("select id from runs").fetchall() == [("r1",)]


def test_every_package_is_pinned_as_in_the_lock(script: str) -> None:
    pins = dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", script, re.MULTILINE))
    assert {"mlflow", "boto3", "sqlalchemy", "flask"} <= set(pins)
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    assert f'"mlflow=={pins["mlflow"]}"' in pyproject


LOCK = """
[[package]]
name = "a"
version = "1"
dependencies = [{ name = "b", extra = ["x"] }]
[[package]]
name = "b"
version = "2"
dependencies = [{ name = "a" }]
[package.optional-dependencies]
x = [{ name = "c" }]
y = [{ name = "d" }]
[[package]]
name = "c"
version = "3"
resolution-markers = ["python_version < '3.12'"]
[[package]]
name = "c"
version = "4"
resolution-markers = ["python_version >= '3.12'", "sys_platform == 'win32'"]
[[package]]
name = "d"
version = "5"
"""


def test_constraints_follow_extras_cycles_and_several_versions(tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCK, "utf-8")
    assert constraints(lock, ["a"]) == [
        "a==1",
        "b==2",
        "c==3 ; (python_version < '3.12')",
        "c==4 ; (python_version >= '3.12') or (sys_platform == 'win32')",
    ]
    with pytest.raises(NotLocked, match=r"zlib is not in uv\.lock"):
        constraints(lock, ["zlib"])


def test_pip_understands_the_constraints() -> None:
    from packaging.requirements import Requirement

    parsed: list[Any] = [Requirement(line) for line in constraints(ROOT / "uv.lock", ("mlflow", "boto3"))]
    assert all(str(requirement.specifier).startswith("==") for requirement in parsed)
    on_the_server = {"python_version": "3.11", "python_full_version": "3.11.0", "sys_platform": "linux"}
    chosen = [r.name for r in parsed if r.marker is None or r.marker.evaluate(on_the_server)]
    assert len(chosen) == len(set(chosen)), "one version each"
    assert set(chosen) == {r.name for r in parsed}, "and none is missing"
