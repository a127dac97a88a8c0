"""What is wider than the screen in the reports' pages: it scrolls, and a shadow shows that it does."""

from __future__ import annotations

from html import escape
from typing import Final

STYLE: Final = """
.wide,.plot{overflow-x:auto;background:linear-gradient(90deg,var(--paper) 60%,transparent) local,
linear-gradient(270deg,var(--paper) 60%,transparent) 100% 0 local,
linear-gradient(90deg,var(--soft),transparent) scroll,linear-gradient(270deg,var(--soft),transparent) 100% 0
scroll;background-size:2rem 100%,2rem 100%,.5rem 100%,.5rem 100%;background-repeat:no-repeat}
"""
"""Of the page's colours it takes `--paper` and `--soft`."""


def scrolling(content: str, label: str, kind: str) -> str:
    """`content`, HTML, in a box that scrolls, by the keyboard too; `kind` is `wide` or `plot`, and more."""
    return f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(label)}">{content}</div>'
