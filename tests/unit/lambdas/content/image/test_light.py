"""What a request without an image must not pay."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["lambdas.content.image.decode", "lambdas.content.image.model", "lambdas.content.image.header"]
)
def test_pillow_is_imported_with_the_first_picture_only(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('PIL', 'onnx')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_picture_brings_only_the_reader_of_its_kind() -> None:
    code = (
        "import sys, base64, struct\n"
        "from lambdas.content.image.decode import decode\n"
        "gif = b'GIF89a' + struct.pack('<HH', 1, 1) + b'\\x80\\x00\\x00' + bytes(6) + b',' + bytes(4) + "
        "struct.pack('<HH', 1, 1) + b'\\x00\\x02\\x02D\\x01\\x00;'\n"
        "decode(gif)\n"
        "print(sorted(name for name in sys.modules if name.endswith('ImagePlugin')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['PIL.GifImagePlugin']"
