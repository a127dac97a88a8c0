"""The command line of what `make` runs: a mistake is one line that says what is allowed."""

from __future__ import annotations

import argparse
import re
from typing import Final, NoReturn

VARIABLES: Final = {
    "service": "SERVICE", "--stream": "STREAM", "csv": "CSV", "--to": "TO", "--limit": "LIMIT",
    "email": "EMAIL", "--version": "VERSION", "--steps": "STEPS", "--wait": "WAIT", "--least": "LEAST",
    "--a": "A", "--b": "B", "--since": "SINCE", "--until": "UNTIL", "--share": "SHARE",
    "--decisions": "DECISIONS", "--account": "ACCOUNT", "--prices": "PRICES",
}  # fmt: skip
"""The Makefile's variables, by what they are on the command line."""

_KINDS: Final = {"int": "a whole number", "float": "a number"}
_OF_ONE: Final = re.compile(r"argument (?P<name>[^:]+): (?P<why>.*)", re.DOTALL)
_NO_CHOICE: Final = re.compile(r"invalid choice: (?P<given>.*) \(choose from (?P<allowed>.*)\)", re.DOTALL)
_NO_VALUE: Final = re.compile(r"invalid (?P<kind>\w+) value: (?P<given>.*)", re.DOTALL)
_NO_ARGUMENT: Final = "expected one argument"
_NEEDED: Final = "the following arguments are required: "


class OneLine(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line on standard error, without the usage; the exit code is 2.

    It names an option as the Makefile's variable where there is one. Its subparsers are of this class too.
    """

    def error(self, message: str) -> NoReturn:
        """Print `message`, as argparse words it, in the Makefile's words, and exit."""
        self.exit(2, f"triage: {' '.join(self._said(message).split())}\n")

    def _said(self, message: str) -> str:
        if message.startswith(_NEEDED):
            return "; ".join(map(self._needed, message.removeprefix(_NEEDED).split(", ")))
        found = _OF_ONE.fullmatch(message)
        if found is None:
            return message
        name, why = _made(found["name"]), found["why"]
        if choice := _NO_CHOICE.fullmatch(why):
            allowed = choice["allowed"].replace("'", "")
            return f"{name}={_bare(choice['given'])}: it must be one of {allowed}"
        if value := _NO_VALUE.fullmatch(why):
            return f"{name}={_bare(value['given'])}: it must be {_KINDS.get(value['kind'], value['kind'])}"
        return f"{name}: {'a value is missing' if why == _NO_ARGUMENT else why}"

    def _needed(self, name: str) -> str:
        allowed = next((each.choices for each in self._actions if each.dest == name and each.choices), None)
        choices = f": one of {', '.join(map(str, allowed))}" if allowed else ""
        return f"{_made(name)} is needed{choices}"


def _made(name: str) -> str:
    """What an option is called in the Makefile; as it is where it has no variable."""
    return VARIABLES.get(name, name)


def _bare(given: str) -> str:
    return given[1:-1] if given[:1] in {"'", '"'} and given[-1:] == given[:1] else given
