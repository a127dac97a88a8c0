"""Takes out of the image's packages what serving never imports. Run by the Dockerfile only.

``pip install`` brings what a package declares, also for its tools and hubs. Each removal is listed
here with its reason; tests/image checks that nothing but these is missing and that serving works.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

_HUB = "tokenizers needs it to download from a hub; bundles bring their tokeniser"
_TOOLS = "onnxruntime needs it for its conversion tools, not for a session"

# Whole distributions, by normalised name.
DISTRIBUTIONS = {
    "anyio": _HUB,
    "certifi": _HUB,
    "click": _HUB,
    "filelock": _HUB,
    "flatbuffers": _TOOLS,
    "fsspec": _HUB,
    "h11": _HUB,
    "hf-xet": _HUB,
    "httpcore": _HUB,
    "httpx": _HUB,
    "huggingface-hub": _HUB,
    "idna": _HUB,
    "packaging": _TOOLS,
    "protobuf": _TOOLS,
    "pycparser": "cffi parses declarations with it; soundfile brings its own parsed",
    "pyyaml": _HUB,
    "tqdm": _HUB,
}

# Files and folders, as globs from the packages' folder.
PATHS = {
    "bin": "console scripts",
    "onnxruntime/capi/libonnxruntime.so*": "the C library a second time: the Python module has it linked in",
    "onnxruntime/backend": "the API of the onnx package",
    "onnxruntime/datasets": "sample models",
    "onnxruntime/quantization": "a tool of training",
    "onnxruntime/tools": "command-line tools",
    "onnxruntime/transformers": "a tool of training",
    "numpy/f2py": "a compiler front end",
    "numpy/_core/include": "headers",
    "numpy/random/_examples": "examples",
    "numpy/random/lib": "a static library",
    "numpy/_core/lib": "a static library",
    "sentencepiece/*.cc": "source",
    "sentencepiece/package_data": "precompiled normalisers, read in training only",
    "cffi/*.h": "headers",
    "PIL/_avif*.so": "no AVIF is taken",
    "pillow.libs/libavif-*": "no AVIF is taken",
    "PIL/_imagingft*.so": "nothing is written into an image",
    "pillow.libs/libfreetype-*": "nothing is written into an image",
    "pillow.libs/libharfbuzz-*": "nothing is written into an image",
    "pillow.libs/libbrotli*": "libfreetype needs it",
    "PIL/_imagingtk*.so": "for windows on a screen",
    "PIL/_imagingcms*.so": "colour profiles are not applied",
    "pillow.libs/liblcms2-*": "colour profiles are not applied",
    "**/tests": "tests",
    "**/*.pyi": "types for editors",
    "**/*.pxd": "Cython declarations",
}


def slim(packages: Path) -> int:
    """Remove everything listed above from `packages`; returns the bytes freed.

    Raises SystemExit when a removal matches nothing any more: the package changed, so the list
    is to be looked at again.
    """
    before = _size(packages)
    installed = {_name(dist): dist for dist in distributions(path=[str(packages)])}
    for name in DISTRIBUTIONS:
        if name not in installed:
            raise SystemExit(f"{name} is not installed: take it out of DISTRIBUTIONS")
        _remove(installed[name], packages)
    for pattern in PATHS:
        found = list(packages.glob(pattern))
        if not found:
            raise SystemExit(f"{pattern} matches nothing: take it out of PATHS")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    _drop_empty_folders(packages)
    return before - _size(packages)


def _name(dist: Distribution) -> str:
    return dist.metadata["Name"].lower().replace("_", "-")


def _remove(dist: Distribution, packages: Path) -> None:
    """Delete every file that pip recorded for `dist`, as `pip uninstall` would."""
    for file in dist.files or []:
        path = (packages / file).resolve()
        # Console scripts are recorded outside of a --target folder; they go with `bin`.
        if path.is_relative_to(packages.resolve()):
            path.unlink(missing_ok=True)


def _drop_empty_folders(root: Path) -> None:
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


def _size(root: Path) -> int:
    return sum(path.stat().st_size for path in _files(root))


if __name__ == "__main__":
    freed = slim(Path(sys.argv[1]))
    sys.stdout.write(f"took {freed / 1e6:.0f} MB that serving never imports out of the image\n")
