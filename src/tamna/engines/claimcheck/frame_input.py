"""Frames as a caller has them → typed frames with `claim` and `at`; what cannot be read is said row by row."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.emit_frames import TYPES
from tamna.engines.errors import InputError

if TYPE_CHECKING:
    from tamna.engines.claimcheck.ruleset import Columns


Refusal = tuple[int, InputError]  # the row of its table, from 1


def columns_of_frames(given: Mapping[str, pl.DataFrame | None]) -> "Columns":
    columns = {scope: frozenset(frame.columns) for scope, frame in given.items() if frame is not None}
    return {scope: names for scope, names in columns.items() if names or scope in {"claims", "notes", "orders"}}


def accepted(given: Mapping[str, pl.DataFrame | None]) -> dict[str, pl.DataFrame]:
    """Typed frames. Rows of the other tables find their claim by claim_id. Raises InputError."""
    claims = given["claims"]
    if claims is None or "claim_id" not in claims.columns:
        raise InputError("no_claim_id", "the claims have no column claim_id", field="claims.claim_id")
    typed = _typed(claims.with_row_index("claim"), schema.CLAIM, "claims").with_columns(at=pl.lit(0, pl.UInt32()))
    doubled = typed.filter(pl.col("claim_id").is_not_null() & pl.col("claim_id").is_duplicated())
    if not doubled.is_empty():
        raise InputError("claim_id_twice", f"claim_id {doubled['claim_id'][0]} occurs twice", field="claims.claim_id")
    frames = {"claims": _with_age(typed)}
    owner = typed.select("claim", "claim_id").drop_nulls()
    for scope, columns in schema.TABLES.items():
        frame = given.get(scope)
        if frame is None or (frame.is_empty() and "claim_id" not in frame.columns):
            frames[scope] = pl.DataFrame(schema={"claim": pl.UInt32(), "at": pl.UInt32()})
            continue
        if "claim_id" not in frame.columns:
            raise InputError("no_claim_id", f"the {scope} have no column claim_id", field=f"{scope}.claim_id")
        rows = _typed(frame, columns, scope).join(owner, on="claim_id", how="left", maintain_order="left")
        if lost := rows["claim"].null_count():
            raise InputError("no_such_claim", f"{lost} {scope} belong to no claim", field=f"{scope}.claim_id")
        frames[scope] = rows.with_columns(at=pl.int_range(pl.len(), dtype=pl.UInt32()).over("claim"))
    frames["notes"] = with_line_notes(frames["notes"], frames["lines"])
    frames["lines"] = _with_times(frames["lines"])
    return frames


def without_refused(given: Mapping[str, pl.DataFrame | None]) -> tuple[dict[str, pl.DataFrame | None], list[Refusal]]:
    """The tables without what cannot be read, and why, row by row: a bad value anywhere refuses its whole claim.

    A claim_id that occurs again refuses the later claim, a row without its claim itself. Raises InputError.
    """
    claims = given["claims"]
    if claims is None or "claim_id" not in claims.columns:
        return dict(given), []  # `accepted` says so
    kept: dict[str, pl.DataFrame | None] = dict(given)
    refusals: list[Refusal] = []
    refused: set[str] = set()
    places: dict[str, int] = {}
    for place, name in enumerate(claims["claim_id"].cast(pl.String()).to_list()):
        if name is not None and places.setdefault(name, place) != place:
            told = InputError("claim_id_twice", f"claim_id {name} occurs twice", field="claims.claim_id")
            refusals.append((place + 1, told))
    again = {row - 1 for row, _ in refusals}
    kept["claims"] = _only(claims, [place for place in range(len(claims)) if place not in again])
    for scope, columns in schema.SCOPES.items():
        frame = kept[scope]
        if frame is None or "claim_id" not in frame.columns:
            continue
        names = frame["claim_id"].cast(pl.String()).to_list()
        for place, column in _cast(frame, columns or schema.CLAIM, scope)[1]:
            told = InputError(
                f"bad_{(columns or schema.CLAIM)[column]}", f"{scope} row {place + 1}: {column} cannot be read",
                field=f"{scope}.{column}",
            )  # fmt: skip
            refusals.append((place + 1, told))
            refused.add(names[place])
        for place, name in enumerate(names) if scope != "claims" else ():
            if name not in places:
                told = InputError("no_such_claim", f"{scope} row {place + 1} belongs to no claim", f"{scope}.claim_id")
                refusals.append((place + 1, told))
    if not refusals:
        return dict(given), []
    for scope, frame in kept.items():
        if frame is not None and "claim_id" in frame.columns:
            names = frame["claim_id"].cast(pl.String()).to_list()
            known = [name not in refused and (scope == "claims" or name in places) for name in names]
            kept[scope] = _only(frame, [place for place, keep in enumerate(known) if keep])
    return kept, refusals


def _only(frame: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    return frame if len(places) == len(frame) else frame[places]


def _typed(frame: pl.DataFrame, columns: Mapping[str, str], scope: str) -> pl.DataFrame:
    done, bad = _cast(frame, columns, scope)
    for place, name in bad[:1]:
        raise InputError(
            f"bad_{columns[name]}", f"{scope} row {place + 1}: {name} cannot be read", field=f"{scope}.{name}"
        )
    return done


def _cast(frame: pl.DataFrame, columns: Mapping[str, str], scope: str) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """The frame with typed columns, and (row, column) of the values that cannot be read."""
    casts, bad = [], []
    for name, kind in columns.items():
        if name not in frame.columns:
            continue
        column, dtype = pl.col(name), frame.schema[name]
        if dtype.is_float() and kind in {"int", "number"}:
            broken = ~column.is_finite() | (column != column.floor()) if kind == "int" else ~column.is_finite()
            bad += [(place, name) for place in frame.select(broken.fill_null(value=False).arg_true()).to_series()]
        if dtype == TYPES[kind]:
            continue
        if dtype == pl.String() and kind != "text":
            column = pl.when(column != "").then(column)
            if kind == "datetime":
                continue  # a bare time needs its day first
            if kind == "date":
                column = column.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
            elif kind == "bool":
                column = column.str.to_lowercase().replace_strict(
                    {"true": True, "false": False, "1": True, "0": False}, default=None
                )
            elif kind == "int":  # "14510.0" is a whole number, "14510.5" is none
                number = column.cast(pl.Float64(), strict=False)
                column = pl.when(number == number.floor()).then(number)
        casts.append(column.cast(TYPES[kind], strict=False).alias(name))
    try:
        done = frame.with_columns(casts)
    except pl.exceptions.PolarsError as error:
        raise InputError("bad_column", f"{scope}: a column has a type that cannot be read ({error})") from error
    for cast in casts:
        name = cast.meta.output_name()
        before = frame[name]
        given = before.is_not_null() & (before != "") if before.dtype == pl.String() else before.is_not_null()
        if (lost := (given & done[name].is_null())).any():
            bad += [(place, name) for place in lost.arg_true()]
    return done, sorted(set(bad))


def _with_times(lines: pl.DataFrame) -> pl.DataFrame:
    if "service_at" not in lines.columns or lines.schema["service_at"] == TYPES["datetime"]:
        return lines
    if lines.schema["service_at"] == pl.Time():
        return lines.with_columns(pl.col("service_on").dt.combine(pl.col("service_at")).alias("service_at"))
    text = pl.col("service_at").str.replace("T", " ").str.slice(0, 16)
    whole = (
        pl.when(text.str.len_chars() <= 8).then(pl.format("{} {}", "service_on", text.str.slice(0, 5))).otherwise(text)
    )
    return lines.with_columns(whole.str.to_datetime("%Y-%m-%d %H:%M", strict=False).alias("service_at"))


def _with_age(claims: pl.DataFrame) -> pl.DataFrame:
    if not {"birth_date", "first_visit_on"} <= set(claims.columns):
        return claims
    birth, on = pl.col("birth_date"), pl.col("first_visit_on")
    before = (on.dt.month() < birth.dt.month()) | ((on.dt.month() == birth.dt.month()) & (on.dt.day() < birth.dt.day()))
    years = (on.dt.year() - birth.dt.year() - before.cast(pl.Int32())).cast(pl.Int64())
    return claims.with_columns(age=pl.coalesce("age", years) if "age" in claims.columns else years)


def with_line_notes(notes: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Notes as rows with note_code, note_text, line_no; then the note written on a line."""
    if "code" in notes.columns:
        notes = notes.with_columns(note_code=pl.col("code"))
    if "text" in notes.columns:
        notes = notes.with_columns(note_text=pl.col("text"))
    if not {"note_code", "note_text"} & set(lines.columns):
        return notes
    for name in ("note_code", "note_text", "line_no"):
        if name not in lines.columns:
            lines = lines.with_columns(pl.lit(None, TYPES[schema.NOTE[name]]).alias(name))
    shortcut = lines.select("claim", "note_code", "note_text", "line_no").filter(
        (pl.col("note_code").fill_null("") != "") | (pl.col("note_text").fill_null("") != "")
    )
    joined = pl.concat([notes.drop("at"), shortcut.with_columns(unit=pl.lit("line"))], how="diagonal")
    joined = joined.sort("claim", maintain_order=True)
    return joined.with_columns(at=pl.int_range(pl.len(), dtype=pl.UInt32()).over("claim"))
