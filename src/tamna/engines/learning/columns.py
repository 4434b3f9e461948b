"""What a column of a table holds (열의 종류): numbers, dates, names or words, told from its text once, at the fit.

Afterwards the same text is read the same way, row by row: what cannot be read is missing. Numbers may carry thousands commas;
text of digits with leading zeros is a name. Dates become days since 1970, without a zone.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

Kind = Literal["number", "date", "name", "words", "empty"]
Floats = np.ndarray[Any, np.dtype[np.float64]]

MISSING = ("", "na", "n/a", "nan", "nat", "null", "none", "#n/a", "<na>")
READABLE = 0.98  # share of the values that must be readable before a column counts as numbers or dates
WORDS_PER_VALUE = 2.5
DATE_FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y.%m.%d", "%Y.%m.%d %H:%M", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d.%m.%Y",
    "%d-%m-%Y", "%Y년 %m월 %d일", "%Y-%m",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column as the fit understood it."""

    name: str
    kind: Kind
    format: str = ""  # of dates

    def numbers(self, text: pl.Series) -> Floats:
        """Numbers as they are, dates as days since 1970; NaN where missing or unreadable."""
        return (as_days(text, self.format) if self.kind == "date" else as_numbers(text)).to_numpy()

    def text(self, text: pl.Series) -> pl.Series:
        """Names as they are, without surrounding blanks; null where missing."""
        return present(text)


def understood(name: str, text: pl.Series, readable: float = READABLE) -> Column:
    """The kind of a column, from all its text; `readable` is the share that must be numbers or dates to count as such."""
    values = present(text).drop_nulls()
    if values.is_empty():
        return Column(name, "empty")
    dated = date_format(values, readable)
    if dated:
        return Column(name, "date", dated)
    numbers = as_numbers(values)
    if share(numbers.is_not_nan()) >= readable and share(values.str.contains(r"^-?0\d")) <= 1 - READABLE:
        return Column(name, "number")
    distinct = values.unique()
    wordy = float(distinct.str.count_matches(r"\S+").to_numpy().mean()) >= WORDS_PER_VALUE and len(distinct) > max(
        50, len(values) // 20
    )
    return Column(name, "words" if wordy else "name")


def share(mask: pl.Series) -> float:
    """The share of rows that hold; unknown ones do not."""
    return float(mask.fill_null(False).to_numpy().mean()) if len(mask) else 0.0


def date_format(values: pl.Series, readable: float = READABLE) -> str:
    """The format that reads nearly all values, or nothing."""
    sample = values.head(200)
    for form in DATE_FORMATS:
        if form == "%Y%m%d" and not (sample.str.contains(r"^(19|20)\d{6}$").all()):
            continue
        if (
            share(_days(sample, form).is_not_null()) >= readable / 2
            and share(_days(values, form).is_not_null()) >= readable
        ):
            return form
    return ""


def present(text: pl.Series) -> pl.Series:
    """Text without surrounding blanks; the usual words for nothing are null."""
    stripped = text.cast(pl.String).str.strip_chars()
    nothing = stripped.str.to_lowercase().is_in(MISSING)
    return stripped.to_frame("text").select(pl.when(~nothing).then(pl.col("text"))).to_series()


def as_numbers(text: pl.Series) -> pl.Series:
    """Floats; NaN where the text is no finite number."""
    grouped = present(text).str.replace_all(r"(\d),(\d{3})", "$1$2").str.replace_all(r"(\d),(\d{3})", "$1$2")
    number = grouped.cast(pl.Float64, strict=False)
    return number.to_frame("x").select(pl.when(pl.col("x").is_finite()).then("x").otherwise(float("nan"))).to_series()


def as_days(text: pl.Series, form: str) -> pl.Series:
    """Days since 1970 as floats; NaN where the text is no date of this format."""
    return _days(present(text), form).fill_null(float("nan"))


def _days(values: pl.Series, form: str) -> pl.Series:
    plain = values.str.replace(r"(Z|[+-]\d\d:?\d\d)$", "") if "%H" in form else values
    has_day, has_clock = "%d" in form, "%H" in form
    text, pattern = (plain, form) if has_day else (plain + "-01", form + "-%d")
    if has_clock:
        return text.str.to_datetime(pattern, strict=False, time_unit="us").cast(pl.Int64) / 86_400_000_000
    return text.str.to_date(pattern, strict=False).cast(pl.Int32).cast(pl.Float64)
