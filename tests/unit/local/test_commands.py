"""The command line: errors are messages, never traces, and each says what to do."""

from __future__ import annotations

from collections import namedtuple

import pytest
from botocore.exceptions import EndpointConnectionError

from local import commands, emulator, up, value
from local.errors import Misused
from local.place import Place
from local.up import Up


@pytest.fixture(autouse=True)
def own_folders(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_STATE_DIR", str(place.folder))
    monkeypatch.setenv("TRIAGE_BUILD_DIR", str(place.build))
    monkeypatch.delenv("TRIAGE_PORT", raising=False)
    monkeypatch.setattr(commands.signals, "as_interrupt", lambda: None)


def failing(error: BaseException) -> object:
    def run(self: Up, asked_port: int | None) -> None:
        raise error

    return run


def test_an_error_is_one_message_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Up, "run", failing(Misused("That cannot be [brackets stay]. Do this.")))
    assert commands.main(["up"]) == 1
    assert capsys.readouterr().err == "triage: That cannot be [brackets stay]. Do this.\n"


def test_an_error_of_the_embedded_aws_shows_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Place
) -> None:
    emulator.log_of(place).write_text("the last words\n")
    monkeypatch.setattr(Up, "run", failing(EndpointConnectionError(endpoint_url="http://127.0.0.1:1")))
    assert commands.main(["up"]) == 1
    message = capsys.readouterr().err
    assert "Could not connect to the endpoint URL" in message
    assert "    the last words" in message
    assert "Traceback" not in message


def test_an_error_of_our_own_making_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Up, "run", failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        commands.main(["up"])


def test_an_interrupt_has_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Up, "run", failing(KeyboardInterrupt()))
    assert commands.main(["up"]) == 130
    assert "run it again to go on" in capsys.readouterr().err


def test_a_bad_port_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TRIAGE_PORT", "99999")
    assert commands.main(["up"]) == 1
    assert "Set it to a port number from 1 to 65535" in capsys.readouterr().err


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(up.shutil, "disk_usage", lambda _: usage(10**12, 10**12, 12_000_000))
    assert commands.main(["up"]) == 1
    assert "12 MB are free" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["down"], ["reset"], ["status"], ["inbox"]])
def test_without_a_stack_a_command_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(words) == 0
    assert "unning" in capsys.readouterr().out


def test_unknown_words_are_refused_but_for_publish(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["up", "--fast"])
    assert "unrecognized arguments: --fast" in capsys.readouterr().err


def test_a_refusal_of_the_own_account_is_one_line_without_the_emulators_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Place
) -> None:
    emulator.log_of(place).write_text("the last words\n")

    def refused(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.invalid")

    monkeypatch.setattr(value, "where", refused)
    assert commands.main(["value", "--aws"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("triage: AWS refused: ") and message.count("\n") == 1
