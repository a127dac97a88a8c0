"""What can go wrong on a laptop, each with what to do about it. Printed as one message, never a trace."""

from __future__ import annotations

from pathlib import Path

from lambdas.core.errors import TriageError


class LocalError(TriageError):
    """Base of every error of the laptop runner."""


class PortBusy(LocalError):
    """The emulator's port belongs to somebody else."""


class NotRunning(LocalError):
    """The command needs the laptop stack, and it does not run."""


class AlreadyBusy(LocalError):
    """Another run of the same command holds the folder."""


class EmulatorFailed(LocalError):
    """The embedded AWS did not come up."""


class ProcessFailed(LocalError):
    """A server that runs beside the embedded AWS did not come up."""


class StepFailed(LocalError):
    """A command that `make up` runs ended with an error."""


class Interrupted(LocalError):
    """The work was stopped from outside while a command ran."""


class CallFailed(LocalError):
    """The live endpoint did not answer as it should."""


class NoSpace(LocalError):
    """The disk is too full to begin."""


class Misused(LocalError):
    """The command line or the environment asks for something that cannot be."""


def tail(path: Path, lines: int = 15) -> str:
    """The last non-empty `lines` of a text file, indented for an error message; empty when there are none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    kept = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in kept[-lines:])


def with_log(message: str, log: Path) -> str:
    """`message`, then the end of `log` and where to read all of it."""
    end = tail(log)
    return f"{message}\n{end}\nAll of it: {log}" if end else f"{message} Its log is empty: {log}"
