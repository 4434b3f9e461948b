"""What every verb shares: where input comes from, where output goes, how errors are said.

Input from a file or `-`, `.gz` read transparently, UTF-8; output to `--out` or stdout; errors as one JSON line each
on stderr: `{"code","message","row","field","hint"}`.
"""

import argparse
import contextlib
import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

MAX_INPUT_BYTES = 2 << 30  # a gzip bomb stops here


class BadInput(Exception):
    """Input that cannot be used at all (exit 2), or one refused row (exit 3)."""

    def __init__(self, code: str, message: str, *, row: int | None = None, field: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.row, self.field, self.hint = code, message, row, field, hint

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "row": self.row, "field": self.field, "hint": self.hint}


def report(bad: BadInput) -> None:
    print(json.dumps(bad.as_json(), ensure_ascii=False), file=sys.stderr)


def common_arguments(parser: argparse.ArgumentParser, *, explain: bool = False) -> None:
    """FILE, --out, --format, --strict, --lang, --seed (and --explain)."""
    parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="input file, or - for standard input")
    parser.add_argument("--out", help="output file (default: standard output)")
    parser.add_argument("--format", choices=["json", "jsonl", "csv", "tsv", "parquet"], help="else by suffix")
    parser.add_argument("--strict", action="store_true", help="stop at the first refused row")
    parser.add_argument("--lang", choices=["ko", "en", "zh", "ja"], default="ko")
    parser.add_argument("--seed", type=int, default=0)
    if explain:
        parser.add_argument("--explain", action="store_true", help="add the steps of the reckoning")


@contextlib.contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The input as UTF-8 text. Raises BadInput when it is missing or not a file."""
    if name == "-":
        yield sys.stdin
        return
    path = Path(name)
    if not path.is_file():
        raise BadInput(
            "no_such_file", f"{name} is not a file", field="FILE", hint="give a file, or - for standard input"
        )
    raw: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with raw, io.TextIOWrapper(raw, encoding="utf-8-sig") as text:
        yield text


def json_rows(text: TextIO) -> Iterator[tuple[int, Any]]:
    """(row number from 1, value) of one JSON object, a JSON array, or JSON lines. A bad line yields BadInput as value."""
    try:
        whole = text.read(MAX_INPUT_BYTES + 1)
    except UnicodeDecodeError as error:
        raise BadInput("not_utf8", f"byte {error.start} is not UTF-8", hint="save the file as UTF-8") from error
    except (OSError, EOFError) as error:
        raise BadInput("unreadable", "the compressed file is cut or broken", hint="send the file again") from error
    if len(whole) > MAX_INPUT_BYTES:
        raise BadInput("too_large", "the input is over 2 GiB", hint="split it into smaller files")
    stripped = whole.lstrip()
    if stripped.startswith("["):
        try:
            values = json.loads(whole)
        except json.JSONDecodeError as error:
            raise BadInput(
                "bad_json", f"{error.msg} at character {error.pos}", hint="check the file was not cut"
            ) from error
        yield from enumerate(values, start=1)
        return
    if stripped.startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):
            yield 1, json.loads(whole)
            return
    for row, line in enumerate(whole.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield row, json.loads(line)
        except json.JSONDecodeError as error:
            yield (
                row,
                BadInput("bad_json", f"{error.msg} at character {error.pos}", row=row, hint="one JSON object a line"),
            )


LONGEST_LINE = 1 << 20


def text_lines(text: TextIO) -> Iterator[str]:
    """Each line without its end, empty ones too. Raises BadInput on text that is not UTF-8, cut, or a line over 1 MiB."""
    try:
        while line := text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise BadInput("line_too_long", "a line is over 1 MiB", hint="one sentence a line")
            yield line.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise BadInput("not_utf8", f"byte {error.start} is not UTF-8", hint="save the file as UTF-8") from error
    except (OSError, EOFError) as error:
        raise BadInput("unreadable", "the compressed file is cut or broken", hint="send the file again") from error


@contextlib.contextmanager
def written(name: str | None) -> Iterator[TextIO]:
    """The output as text; a file appears whole or not at all. A device or a pipe is written to, never replaced."""
    if not name:
        yield sys.stdout
        return
    path = Path(name)
    if not path.absolute().parent.is_dir():
        raise BadInput("no_such_folder", f"{path.parent} is not a folder", field="--out", hint="make the folder first")
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as text:
            yield text
        return
    part = path.with_name(path.name + ".part")
    opener: Any = gzip.open(part, "wt", encoding="utf-8") if path.suffix == ".gz" else part.open("w", encoding="utf-8")
    try:
        with opener as text:
            yield text
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def dump(value: Any, out: TextIO) -> None:
    """One JSON line, keys in the order given, Korean readable."""
    out.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
