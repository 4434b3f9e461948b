"""Tables in and out of a verb: CSV, TSV, JSON, JSON lines and Parquet, `.gz` of each, from a file or standard input.

Every value arrives as text, so that what a column holds is judged in one place whatever the format. Rows count from 1 after
the header. A row that cannot be read is told and left out.
"""

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tamna.commands.streams import MAX_INPUT_BYTES, BadInput, dump, json_rows, report, written

SUFFIXES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}
CHUNK = 50_000
LONGEST_FIELD = 1 << 24


@dataclass(frozen=True)
class Table:
    """A frame of text, the number of each of its rows in the input, and how many rows were refused."""

    frame: pl.DataFrame
    rows: tuple[int, ...]
    refused: int

    def without(self, places: Sequence[int]) -> "Table":
        """The table without rows that a verb refused too."""
        gone = set(places)
        kept = [place for place in range(len(self.rows)) if place not in gone]
        return Table(self.frame[kept], tuple(self.rows[place] for place in kept), self.refused + len(gone))


def read_table(name: str, form: str | None, *, strict: bool = False, quoted: bool = True) -> Table:
    """Raises BadInput when it cannot be read at all, or at the first bad row when strict. Not `quoted`: between tabs, quotes are text."""
    content = _unpacked(_content(name))
    form = form or _by_suffix(name) or _sniffed(content)
    if form == "parquet":
        table = _parquet(content)
    else:
        text = _decoded(content)
        table = _json(text, strict) if form in ("json", "jsonl") else _separated(text, form, strict, quoted=quoted)
    if not table.rows:
        raise BadInput("empty", "there is no row in the input", hint="a header and at least one row")
    return table


def read_lines(name: str) -> list[list[str]]:
    """Every line as its fields, header or not; between tabs quotes mean nothing. Raises BadInput when it cannot be read or is empty."""
    text = _decoded(_unpacked(_content(name)))
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise BadInput("empty", "there is no row in the input", field=name, hint="at least one row")
    if "\t" in lines[0]:
        return [line.split("\t") for line in lines]
    return [fields for fields in csv.reader(lines) if fields]


def write_table(name: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """CSV, or what the suffix of the output says. Lists become text joined by a semicolon where the format has no lists."""
    form = _by_suffix(name or "") or "csv"
    if form == "parquet":
        frame = pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows])
        part = Path(f"{name}.part")
        frame.write_parquet(part)
        part.replace(str(name))
        return
    with written(name) as out:
        if form == "jsonl":
            for row in rows:
                dump(dict(zip(columns, row, strict=True)), out)
        elif form == "json":
            dump([dict(zip(columns, row, strict=True)) for row in rows], out)
        else:
            writer = csv.writer(out, delimiter="\t" if form == "tsv" else ",", lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(
                [["; ".join(value) if isinstance(value, list) else value for value in row] for row in rows]
            )


def _content(name: str) -> bytes:
    if name == "-":
        content = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
    else:
        path = Path(name)
        if not path.is_file():
            raise BadInput(
                "no_such_file", f"{name} is not a file", field="FILE", hint="give a file, or - for standard input"
            )
        with path.open("rb") as file:
            content = file.read(MAX_INPUT_BYTES + 1)
    if len(content) > MAX_INPUT_BYTES:
        raise BadInput("too_large", "the input is over 2 GiB", hint="split it into smaller files")
    return content


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("not_utf8", f"byte {error.start} is not UTF-8", hint="save the file as UTF-8") from error


def _unpacked(content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            whole = packed.read(MAX_INPUT_BYTES + 1)
    except (OSError, EOFError) as error:
        raise BadInput("unreadable", "the compressed file is cut or broken", hint="send the file again") from error
    if len(whole) > MAX_INPUT_BYTES:
        raise BadInput("too_large", "the input is over 2 GiB", hint="split it into smaller files")
    return whole


def _by_suffix(name: str) -> str | None:
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def _sniffed(content: bytes) -> str:
    if content[:4] == b"PAR1":
        return "parquet"
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return "jsonl"
    head = start.split(b"\n", 1)[0]
    return "tsv" if head.count(b"\t") > head.count(b",") else "csv"


def _separated(text: str, form: str, strict: bool, *, quoted: bool = True) -> Table:
    csv.field_size_limit(LONGEST_FIELD)
    head = text.split("\n", 1)[0]
    mark = (
        "\t" if form == "tsv" or ("," not in head and "\t" in head) else ";" if "," not in head and ";" in head else ","
    )
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=mark,
        quoting=csv.QUOTE_MINIMAL if quoted or mark != "\t" else csv.QUOTE_NONE,
    )
    names = _names([name.strip() for name in next(reader, [])])
    chunks: list[pl.DataFrame] = []
    good: list[list[str]] = []
    rows: list[int] = []
    refused = row = 0

    def packed() -> pl.DataFrame:
        columns = zip(*good, strict=True) if good else [()] * len(names)
        return pl.DataFrame(
            {name: pl.Series(name, list(column), dtype=pl.String) for name, column in zip(names, columns, strict=True)}
        )

    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            row += 1
            refused += _refuse(BadInput("bad_row", str(error), row=row, hint="check the quotes"), strict)
            continue
        if fields is None:
            break
        if not fields:
            continue
        row += 1
        if len(fields) != len(names):
            message = f"{len(fields)} fields where the header has {len(names)}"
            refused += _refuse(
                BadInput("bad_row", message, row=row, hint="quote fields that hold the separator"), strict
            )
            continue
        good.append(fields)
        rows.append(row)
        if len(good) == CHUNK:
            chunks.append(packed())
            good.clear()
    chunks.append(packed())
    return Table(pl.concat(chunks), tuple(rows), refused)


def _json(text: str, strict: bool) -> Table:
    good: list[dict[str, str | None]] = []
    rows: list[int] = []
    names: dict[str, None] = {}
    refused = 0
    for row, value in json_rows(io.StringIO(text)):
        if not isinstance(value, dict):
            bad = value if isinstance(value, BadInput) else BadInput("not_an_object", "a row is a JSON object", row=row)
            refused += _refuse(bad, strict)
            continue
        names.update(dict.fromkeys(value))
        good.append({name: _as_text(item) for name, item in value.items()})
        rows.append(row)
    frame = pl.DataFrame(
        {name: pl.Series(name, [each.get(name) for each in good], dtype=pl.String) for name in _names(list(names))}
    )
    return Table(frame, tuple(rows), refused)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _parquet(content: bytes) -> Table:
    try:
        frame = pl.read_parquet(io.BytesIO(content))
        frame = pl.DataFrame([_flat(frame[name]) for name in frame.columns])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput("bad_parquet", "the Parquet file cannot be read", hint="send the file again") from error
    return Table(frame, tuple(range(1, len(frame) + 1)), 0)


def _flat(values: pl.Series) -> pl.Series:
    """One column as text; nested values as JSON, moments by their own wall clock, bytes not at all."""
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.replace_time_zone(None).dt.to_string("%Y-%m-%d %H:%M:%S")
    if values.dtype == pl.Binary:
        return pl.Series(values.name, [None] * len(values), dtype=pl.String)
    if values.dtype.is_nested():
        plain = [
            None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values.to_list()
        ]
        return pl.Series(values.name, plain, dtype=pl.String)
    return values.cast(pl.Int64).cast(pl.String) if isinstance(values.dtype, pl.Duration) else values.cast(pl.String)


def _names(names: list[str]) -> list[str]:
    """The header, a nameless column called by its place. Raises BadInput for none, or one name twice."""
    named = [name or f"column{place}" for place, name in enumerate(names, start=1)]
    if not named:
        raise BadInput("empty", "there is no header", hint="a header and at least one row")
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise BadInput(
            "column_twice", f"the column {twice[0]!r} stands there twice", field=twice[0], hint="name each column once"
        )
    return named


def _refuse(bad: BadInput, strict: bool) -> int:
    if strict:
        raise bad
    report(bad)
    return 1
