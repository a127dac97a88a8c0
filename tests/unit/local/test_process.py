"""Commands that run, fail and are stopped; and groups that end, whatever they do against it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from local.errors import Interrupted, Misused, StepFailed
from local.process import Commands, end_group

# Starts a child, says both ids, waits for ever. With "stubborn", neither heeds a polite request.
FAMILY = """
import os, signal, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "child" not in sys.argv:
    child = subprocess.Popen([sys.executable, __file__, "child", *sys.argv[1:]], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(os.getpid(), child.pid, flush=True)
else:
    print("ready", flush=True)
while True:
    time.sleep(60)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def family(tmp_path: Path) -> Path:
    script = tmp_path / "family.py"
    script.write_text(FAMILY)
    return script


@pytest.mark.parametrize("manner", ["polite", "stubborn"])
def test_a_group_ends_with_its_children(family: Path, manner: str) -> None:
    leader = subprocess.Popen(
        [sys.executable, family, manner], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert leader.stdout is not None
    pids = [int(pid) for pid in leader.stdout.readline().split()]
    assert len(pids) == 2
    end_group(leader.pid, grace=10 if manner == "polite" else 0.1, patience=0.1)
    assert all(gone(pid) for pid in pids)
    leader.stdout.close()
    leader.wait()


def test_a_child_that_nobody_asks_about_is_not_waited_for(tmp_path: Path) -> None:
    # Its parent never collects it, so it stays a zombie: as under a first process that is no init.
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys\n"
        "command = [sys.executable, '-c', 'input()']\n"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.readline()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    ender = threading.Thread(target=end_group, args=(child.pid, 600.0, 600.0))
    ender.start()
    ender.join(timeout=60)
    assert not ender.is_alive()
    assert child.status() == psutil.STATUS_ZOMBIE
    parent.communicate("\n", timeout=30)


def test_ending_a_group_that_is_gone_is_no_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    end_group(process.pid)


def test_a_command_writes_its_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    Commands().run(
        [sys.executable, "-c", "import os; print(os.environ['WORD'], os.getcwd())"],
        what="a test", cwd=tmp_path, env={"WORD": "hello"}, log=log,
    )  # fmt: skip
    assert log.read_text().strip() == f"hello {tmp_path}"


def test_a_failing_command_says_which_why_and_where_to_read_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    code = "print('one'); print('the reason'); raise SystemExit(3)"
    with pytest.raises(StepFailed) as failed:
        Commands().run([sys.executable, "-c", code], what="a test", cwd=tmp_path, env={}, log=log)
    message = failed.value.detail
    assert message.startswith("a test failed (exit code 3).")
    assert "    the reason" in message
    assert str(log) in message


def test_a_missing_command_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="cdk is missing"):
        Commands().run(["/nowhere/cdk"], what="cdk", cwd=tmp_path, env={}, log=tmp_path / "a.log")


def test_stopping_ends_what_runs_and_lets_nothing_start(family: Path, tmp_path: Path) -> None:
    commands, log, failures = Commands(), tmp_path / "a.log", []

    def run() -> None:
        try:
            commands.run([sys.executable, str(family)], what="a test", cwd=tmp_path, env={}, log=log)
        except Interrupted as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    written = threading.Event()
    while not (log.exists() and log.read_text().endswith("\n")):
        assert thread.is_alive()
        written.wait(0.02)
    pids = [int(pid) for pid in log.read_text().split()]
    commands.stop()
    thread.join(timeout=30)
    assert len(failures) == 1
    assert all(gone(pid) for pid in pids)
    with pytest.raises(Interrupted):
        commands.run([sys.executable, "-c", ""], what="late", cwd=tmp_path, env=dict(os.environ), log=log)
