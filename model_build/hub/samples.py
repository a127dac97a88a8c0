"""Inputs that every model of a kind takes: what graphs are exported with and compared on."""

from __future__ import annotations

from typing import Final

import torch

TOKENS: Final = {0: "tickets", 1: "tokens"}
"""The dynamic axes of token ids and of their mask."""


def tokens(rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids that every vocabulary has, and a mask under which the first row is two thirds as long."""
    ids = torch.arange(rows * columns).reshape(rows, columns) % 5 + 2
    mask = torch.ones(rows, columns)
    if rows > 1:
        mask[0, 2 * columns // 3 :] = 0
    return ids, mask


def pictures(rows: int, size: int) -> tuple[torch.Tensor]:
    """Normalised pictures, [rows, size, size, 3]: waves of other lengths, the same at each call."""
    places = torch.linspace(0, 9, rows * 3 * size * size)
    return (torch.sin(places * places).reshape(rows, size, size, 3),)


def sounds(rows: int, samples: int) -> tuple[torch.Tensor]:
    """Normalised sounds at 16 kHz, [rows, samples]."""
    places = torch.linspace(0, 40, rows * samples)
    return (torch.sin(places * places).reshape(rows, samples),)
