"""Telling a UTF-8 text from everything else that people call a CSV."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from model_build.errors import DataValidationError
from model_build.findings import Finding

BLOCK: Final = 1 << 20

_SIGNATURES: Final = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", 'Save it as "CSV UTF-8" and pass that file'),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", 'Save it as "CSV UTF-8" and pass that file'),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first: gunzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it first: unzstd"),
    (b"BZh", "compressed with bzip2", "Unpack it first: bunzip2"),
    (b"PAR1", "a Parquet file", "Write it as a CSV first: pandas.read_parquet(...).to_csv(..., index=False)"),
    (b"%PDF", "a PDF document", "Pass a CSV file"),
    (b"SQLite format 3", "an SQLite database", "Export the table as a CSV first"),
)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_bytes(path: Path) -> None:
    """Raise DataValidationError unless `path` is a file that starts like a UTF-8 text."""
    problem = _problem(path)
    if problem is not None:
        raise DataValidationError(str(path), [problem])


def _problem(path: Path) -> Finding | None:
    if path.is_dir():
        return _error("folder", "it is a folder", "Pass the CSV file itself")
    if not path.exists():
        near = sorted(path.parent.glob("*.csv"))[:5] if path.parent.is_dir() else []
        seen = f"In {path.parent} there are: {', '.join(file.name for file in near)}" if near else ""
        return _error("no-file", "there is no such file", seen or "Check the path")
    try:
        with path.open("rb") as file:
            return _problem_of(path, file.read(BLOCK))
    except PermissionError:
        return _error("no-permission", "it cannot be read", "Give yourself the permission: chmod u+r")


def _problem_of(path: Path, head: bytes) -> Finding | None:
    if not head.strip():
        return _error("empty-file", "the file is empty", "It needs a header and a row for each item")
    for signature, what, advice in _SIGNATURES:
        if head.startswith(signature):
            return _error("not-csv", f"it is {what}, not a CSV", advice)
    if head.startswith(_UTF16) or _looks_like_utf16(head):
        return _encoding(path, "UTF-16")
    if head.count(0) > len(head) // 100:
        return _error("binary", "it is binary data, not a text", "Pass a CSV file in UTF-8")
    return None


def undecodable(path: Path) -> Finding:
    """The finding about a file that is not UTF-8: its first bad line, and what it may be instead."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with path.open("rb") as file:
        for line in file:
            try:
                decoder.decode(line)
            except UnicodeDecodeError:
                return _encoding(path, _guess(line), lines)
            lines += 1
    return _encoding(path, "cut off in the middle of a character", lines)


def _guess(line: bytes) -> str:
    """Bytes 0x80 to 0x9f are letters and quotes in Windows-1252 and control characters in Latin-1."""
    return "WINDOWS-1252" if any(0x80 <= byte <= 0x9F for byte in line) else "ISO-8859-1"


def _looks_like_utf16(head: bytes) -> bool:
    """Half the bytes of European text in UTF-16 are zero, all on the same side."""
    even, odd = head[0:4096:2], head[1:4096:2]
    return max(even.count(0), odd.count(0)) > 0.4 * len(even) and min(even.count(0), odd.count(0)) < 0.05 * (
        len(even) + 1
    )


def _encoding(path: Path, encoding: str, line: int | None = None) -> Finding:
    at = f" (first at line {line:,} of the file)" if line else ""
    if " " in encoding:
        return _error("encoding", f"it is {encoding}{at}", "Was the copy complete?")
    called = "Latin-1" if encoding == "ISO-8859-1" else encoding
    return _error(
        "encoding",
        f"it is not UTF-8{at}; it looks like {called}",
        f"Convert it: iconv -f {encoding} -t UTF-8 {path.name} > {path.stem}.utf8.csv",
    )


def _error(code: str, message: str, advice: str) -> Finding:
    return Finding(code=code, severity="error", message=message, advice=advice)
