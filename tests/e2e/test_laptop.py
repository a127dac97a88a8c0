"""`make up`, `make down`, `make inbox` and `make status`, as a user of a laptop meets them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from local import deploy, emulator, running, state
from local.daemon import free_port
from local.environment import client
from local.errors import StepFailed
from local.place import ROOT, Place
from local.process import Commands
from local.progress import Steps
from local.stack import Stack
from local.state import State
from local.up import Up
from tests.e2e.conftest import SERVICES
from tests.support.signals import heeded

Done = subprocess.CompletedProcess[str]


def environment(place: Place, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "TRIAGE_PORT"}
    folders = {"TRIAGE_STATE_DIR": str(place.folder), "TRIAGE_BUILD_DIR": str(place.build)}
    return kept | folders | {"PYTHONPATH": str(ROOT)} | more


def command(place: Place, *words: str, **more: str) -> Done:
    """Run one command of the laptop, as the Makefile does."""
    return subprocess.run(
        [sys.executable, "-m", "local", *words],
        cwd=ROOT, env=environment(place, **more), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def eventually(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Return when `condition` holds; fail when it does not within `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:.0f} s"
        pause.wait(0.1)


def quiet() -> Steps:
    return Steps(Console(file=StringIO()))


def processes_in(place: Place) -> list[int]:
    """Every process that works in the place's folder: the emulator, its workers, what runs beside it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and place.folder in [
                Path(process.cwd()), *Path(process.cwd()).parents
            ]:  # fmt: skip
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


class TestUp:
    """Given a stack that is up."""

    def test_the_first_time_does_every_step(self, stack: Stack, laptop: Place) -> None:
        log = (laptop.folder / "up.log").read_text()
        for step in (
            "starting the embedded AWS", "starting Valkey", "bootstrapping", "synthesizing", "deploying",
            "publishing the tickets", "publishing the transactions",
        ):  # fmt: skip
            assert step in log

    def test_a_second_time_changes_nothing_and_answers_in_three_languages(
        self, stack: Stack, laptop: Place
    ) -> None:
        """And the transactions on the stream are all decided, the riskiest of them shown with its reasons."""
        before = state.load(laptop)
        done = command(laptop, "up")
        assert done.returncode == 0, done.stderr
        assert state.load(laptop) == before
        assert "replaying 400 transactions through the queue" in done.stdout
        assert "are not decided" not in done.stdout
        assert "fraud probability" in done.stdout
        assert "      because     - " in done.stdout
        assert "deploying" not in done.stdout
        assert "publishing" not in done.stdout
        said = done.stdout.count("answered by model ")
        assert said == 8, "three tickets, four posts, and the riskiest transaction"
        assert {"  en ", "  es ", "  fr "} <= {line[:5] for line in done.stdout.splitlines()}
        assert f"URL  {stack.api.url}" in done.stdout
        assert f"key  {stack.api.key}" in done.stdout

    @pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
    def test_the_curl_line_works_as_printed(self, stack: Stack, laptop: Place) -> None:
        lines = [line for line in command(laptop, "up").stdout.splitlines() if line.startswith("curl ")]
        assert len(lines) == 1
        answer = subprocess.run(shlex.split(lines[0]), capture_output=True, check=True, timeout=60)
        assert json.loads(answer.stdout)["source"] == "model"

    def test_another_port_is_refused_while_it_runs(self, stack: Stack, laptop: Place) -> None:
        done = command(laptop, "up", TRIAGE_PORT=str(free_port()))
        assert done.returncode == 1
        assert f"The stack runs on port {emulator.port_of(stack.endpoint)}" in done.stderr
        assert "make down" in done.stderr

    def test_a_changed_source_is_deployed_again(self, stack: Stack, laptop: Place) -> None:
        running.update(laptop, deployed="the fingerprint of an older checkout")
        steps = quiet()
        again = Up(laptop, SERVICES, steps, Commands()).run(None)
        assert "deploying the CDK app" in steps.seconds
        assert again.api == stack.api
        known = state.load(laptop)
        assert known is not None
        assert known.deployed == deploy.fingerprint(laptop)


class TestDownAndUpAgain:
    """Given a stack that is up, when it is stopped."""

    def test_nothing_is_left_running_and_everything_comes_back(self, stack: Stack, laptop: Place) -> None:
        ticket = {"subject": "Invoice", "body": "I was charged twice", "ticket_id": "kept-over-a-restart"}
        first = stack.call("POST", "/v1/tickets:classify", ticket).json()
        assert processes_in(laptop)

        assert "Stopped" in command(laptop, "down").stdout
        assert processes_in(laptop) == []
        assert "Nothing is running" in command(laptop, "down").stdout
        assert "not running: make up" in command(laptop, "status").stdout
        assert "make up" in command(laptop, "inbox").stdout

        steps = quiet()
        again = Up(laptop, SERVICES, steps, Commands()).run(emulator.port_of(stack.endpoint))
        assert not {"deploying the CDK app", "publishing the tickets model"} & set(steps.seconds)
        assert again.api == stack.api
        assert again.call("POST", "/v1/tickets:classify", ticket).json() == first


class TestStatusAndInbox:
    """Given a stack that is up."""

    def test_status_tells_what_runs_and_which_model_answers(self, stack: Stack, laptop: Place) -> None:
        done = command(laptop, "status")
        version = stack.call("GET", "/v1/models").json()["models"][0]["champion"]["version"]
        assert f"running at {stack.endpoint}" in done.stdout
        assert f"live   tickets: {version}" in done.stdout
        assert any(version in line and line.endswith("<- live") for line in done.stdout.splitlines())

    def test_a_metric_of_a_function_arrives(self, stack: Stack) -> None:
        stack.call("POST", "/v1/tickets:classify", {"body": "where is my invoice?"})
        cloudwatch = stack.client("cloudwatch")
        eventually(
            lambda: cloudwatch.list_metrics(Namespace="Triage", MetricName="Confidence")["Metrics"],
            "the metric",
        )

    def test_an_alarm_is_a_mail_that_is_new_once(self, stack: Stack, laptop: Place) -> None:
        cloudwatch = stack.client("cloudwatch")
        name = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
        for value in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason=f"a test says {value}")
        eventually(lambda: "a test says ALARM" in command(laptop, "inbox").stdout, "the mail")
        again = command(laptop, "inbox")
        assert f"Alarm:   {name}" in again.stdout
        assert "What to do: " in again.stdout
        assert "(new)" not in again.stdout


class TestTrouble:
    """Given a place with nothing in it."""

    def test_a_busy_port_is_one_line_before_anything_starts(self, own_place: Place) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = command(own_place, "up", TRIAGE_PORT=str(port))
        assert done.returncode == 1
        assert f"Port {port} is in use" in done.stderr
        assert f"TRIAGE_PORT={port + 1} make up" in done.stderr
        assert done.stderr.count("\n") == 1
        assert state.load(own_place) is None

    def test_a_stale_pid_file_stops_nothing(self, own_place: Place) -> None:
        state.save(own_place, State(port=1, endpoint="http://127.0.0.1:1", pid=os.getpid()))
        assert "Nothing is running" in command(own_place, "down").stdout
        assert "ended without `make down`" in command(own_place, "status").stdout

    def test_an_emulator_that_was_killed_starts_empty(self, own_place: Place) -> None:
        first = running.start(own_place, free_port(), quiet())
        sqs = client("sqs", first.endpoint)
        sqs.create_queue(QueueName="half-saved")
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: running.find(own_place) is None, "the end of the emulator")
        text = StringIO()
        second = running.start(own_place, free_port(), Steps(Console(file=text)))
        assert "starts empty" in text.getvalue()
        assert client("sqs", second.endpoint).list_queues().get("QueueUrls", []) == []

    def test_an_emulator_that_was_stopped_keeps_what_it_held(self, own_place: Place) -> None:
        first = running.start(own_place, free_port(), quiet())
        client("sqs", first.endpoint).create_queue(QueueName="saved")
        running.stop(own_place, first)
        second = running.start(own_place, free_port(), quiet())
        assert len(client("sqs", second.endpoint).list_queues()["QueueUrls"]) == 1
        assert running.start(own_place, None, quiet()) == second

    def test_a_failed_step_leaves_nothing_running(
        self, own_place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: deploy.Cdk, made_from: str) -> None:
            raise StepFailed("cdk synth failed")

        monkeypatch.setattr(deploy.Cdk, "synth", fail)
        with pytest.raises(StepFailed, match="cdk synth failed"):
            Up(own_place, ("tickets",), quiet(), Commands()).run(free_port())
        assert running.find(own_place) is None
        assert processes_in(own_place) == []

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupt_half_way_leaves_nothing_running(
        self, own_place: Place, number: signal.Signals
    ) -> None:
        with heeded():
            process = subprocess.Popen(
                [sys.executable, "-m", "local", "up"],
                cwd=ROOT, env=environment(own_place, TRIAGE_PORT=str(free_port())), start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        try:
            synth = own_place.logs / "cdk-synth.log"
            eventually(lambda: synth.exists() or process.poll() is not None, "the synthesis")
            children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 130
        assert "Nothing that this command started is running" in stderr
        assert running.find(own_place) is None
        assert not [pid for pid in children if psutil.pid_exists(pid) and not zombie(pid)]


def zombie(pid: int) -> bool:
    """True for a process that ended and waits for its parent to notice."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
