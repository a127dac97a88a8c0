"""What the files of the page promise: nothing from elsewhere, no markup from text, every module is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lambdas.console

PAGE = Path(lambdas.console.__file__).with_name("page")
MODULES = {path.stem: path.read_text() for path in PAGE.glob("*.js")}
FILES = {path.name: path.read_text() for path in PAGE.iterdir()}
NAMESPACE = "http://www.w3.org/2000/svg"


def imports_of(module: str) -> set[str]:
    return set(re.findall(r'from "\./(\w+)\.js"', MODULES[module]))


def waves() -> list[list[str]]:
    listed = MODULES["boot"].split("const WAVES = [")[1].split("\n];")[0]
    return [re.findall(r'"(\w+)"', line) for line in listed.splitlines() if line.strip()]


def test_every_module_is_loaded_once_after_those_it_needs_and_few_at_a_time() -> None:
    assert sorted(name for wave in waves() for name in wave) == sorted(set(MODULES) - {"boot"})
    loaded: set[str] = set()
    for wave in waves():
        assert len(wave) <= 4
        for name in wave:
            assert imports_of(name) <= loaded, name
        loaded |= set(wave)


@pytest.mark.parametrize("name", sorted(FILES))
def test_nothing_comes_from_elsewhere(name: str) -> None:
    assert not re.findall(r"https?://|//[a-z]+\.[a-z]|@import|url\(", FILES[name].replace(NAMESPACE, ""))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_text_never_becomes_markup_or_code(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc"
        r"|\beval\b|new Function|setAttribute\(\"(style|on)|javascript:"
    )
    assert not re.findall(forbidden, MODULES[name])


def test_the_document_has_no_code_and_no_style_of_its_own() -> None:
    page = FILES["index.html"]
    assert not re.findall(r"<script[^>]*>[^<]|<style|\sstyle=|\son\w+=", page)
    for name in re.findall(r'(?:href|src)="console/([^"]+)"', page):
        assert name in FILES


def test_tokens_are_kept_for_the_tab_only() -> None:
    for name, text in MODULES.items():
        if name not in {"theme", "keys"}:
            assert "localStorage" not in text
