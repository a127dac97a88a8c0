"""What can go wrong with an encoder."""

from __future__ import annotations

from lambdas.core.errors import TriageError


class EncoderError(TriageError):
    """Base of every error about encoders."""


class UnknownEncoder(EncoderError):
    """There is no encoder of that name."""


class EncoderNotInstalled(EncoderError):
    """A package that the encoder needs is not there, or not in the pinned version."""


class EncoderDamaged(EncoderError):
    """The weights or the tokeniser are not the bytes that were pinned, or cannot be read."""


class EncoderUnsupported(EncoderError):
    """The model exists but cannot be made into a graph of ours."""
