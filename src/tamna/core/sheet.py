"""A table that a person saved as CSV: UTF-8 or the Korean Windows code page (CP949), names of columns in the first line.

In: bytes, or a binary file. Out: (line number of the file, {column: text}); lines without any text are passed over.
Raises `Unreadable` with a reason for people, before the first row where it can be known then.
"""

import codecs
import csv
import io
from collections.abc import Generator, Iterable, Mapping
from typing import BinaryIO

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop

LONGEST_FIELD = 10_000
csv.field_size_limit(LONGEST_FIELD)


class Unreadable(ValueError):
    """The file is no such table; `message` says why in the reader's language."""

    def __init__(self, text: str, **facts: str) -> None:
        super().__init__(text % facts if facts else text)
        self.text, self.facts = text, facts

    @property
    def message(self) -> str:
        return gettext(self.text) % self.facts if self.facts else gettext(self.text)


def encoding_of(start: bytes) -> str:
    """UTF-8 (with or without mark) where the bytes allow it, else CP949. Raises Unreadable for anything else."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(noop("it is UTF-16; save it as CSV UTF-8"))
    if b"\x00" in start:
        raise Unreadable(noop("it is not a text file; save the sheet as CSV"))
    for name in ("utf-8-sig", "cp949"):
        try:
            codecs.getincrementaldecoder(name)().decode(start)
            return name
        except UnicodeDecodeError:
            continue
    raise Unreadable(noop("its letters are neither UTF-8 nor CP949"))


def rows(
    file: BinaryIO, columns: Mapping[str, Iterable[str]], *, needed: Iterable[str]
) -> Generator[tuple[int, dict[str, str]], None, None]:
    """Rows with our column names. `columns`: ours → what else the header may call it; unknown columns are left out."""
    start = file.read(1 << 16)
    file.seek(0)
    if not start.strip():
        raise Unreadable(noop("it is empty"))
    text = io.TextIOWrapper(file, encoding=encoding_of(start), newline="")
    try:
        reader = csv.reader(text)
        header = next(reader, [])
        ours = {_plain(other): name for name, others in columns.items() for other in (name, *others)}
        places = {ours[_plain(title)]: place for place, title in enumerate(header) if _plain(title) in ours}
        missing = [name for name in needed if name not in places]
        if missing:
            raise Unreadable(noop("these columns are missing: %(names)s"), names=", ".join(missing))
        for row in reader:
            if any(field.strip() for field in row):
                yield (
                    reader.line_num,
                    {name: row[place].strip() if place < len(row) else "" for name, place in places.items()},
                )
    except UnicodeDecodeError as error:
        raise Unreadable(noop("its letters are neither UTF-8 nor CP949")) from error
    except csv.Error as error:
        raise Unreadable(noop("it is no CSV (%(why)s)"), why=str(error)) from error
    finally:
        text.detach()


def _plain(title: str) -> str:
    return "".join(title.split()).casefold()
