"""Texts and their codes as `tamna code` reads them: which field is the text, which labels belong to it, where a coder marked it."""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tamna.commands.streams import BadInput, report
from tamna.commands.tables import read_lines, read_table
from tamna.engines.coding import Marked, Note

FIELDS = ("text", "en")
SPAN = re.compile(r"(\d+)[\s,-]+(\d+)")
HEADS = {"id", "note_id", "document", "articleid", "doc_id"}
LONGEST_TEXT = 1_000_000
PLACED = 0.9  # share of marked words that must stand where they are said to stand
COLUMNS = ("id", "kind", "code", "words", "places")

Label = tuple[str, str, str, str]  # code, kind, the words that say it, their places


@dataclass(frozen=True)
class Coding:
    """Notes in the order of the input, their codes, and the marked places where the labels tell them."""

    notes: tuple[Note, ...]
    field: str
    labels: Mapping[str, Sequence[Label]]
    refused: int

    @property
    def coded(self) -> dict[str, tuple[Note, frozenset[str]]]:
        return {note.id: (note, frozenset(label[0] for label in self.labels.get(note.id, ()))) for note in self.notes}

    @property
    def marked(self) -> list[Marked] | None:
        """None where the labels mark no places, or mark them in another text than this one."""
        if not _share_placed(self.labels, {note.id: note.text for note in self.notes}) >= PLACED:
            return None
        coded = self.coded
        return [
            Marked(note, tuple(_evidence(note, self.labels.get(name, ()))), codes)
            for name, (note, codes) in coded.items()
        ]


def read(args: argparse.Namespace, learnt_from: str = "") -> Coding:
    """Raises BadInput when nothing can be read, or at the first bad row when strict."""
    name = args.texts or args.file
    table = read_table(name, args.format if name == args.file else None, strict=args.strict)
    labels, refused = _labels(args.labels, strict=args.strict) if args.labels else ({}, 0)
    field = _field(table.frame, args.field, labels, learnt_from)
    notes: dict[str, Note] = {}
    for place, (key, text) in enumerate(zip(*_columns(table.frame, field, table.rows), strict=True)):
        bad = _fault(key, text, notes, table.rows[place], field)
        if bad is None:
            notes[key or ""] = Note.of(key or "", text or "")
            continue
        if args.strict:
            raise bad
        report(bad)
        refused += 1
    if not notes:
        raise BadInput("empty", "no text can be used", field=field, hint="JSON lines with id and text")
    unknown = sorted(set(labels) - set(notes))
    if unknown:
        message = f"{len(unknown)} ids of the labels are in no text"
        report(BadInput("no_such_text", message, field="--labels", hint="they are left out"))
    return Coding(tuple(notes.values()), field, labels, table.refused + refused)


def _columns(frame: pl.DataFrame, field: str, rows: Sequence[int]) -> tuple[list[str | None], list[str | None]]:
    keys = frame["id"].to_list() if "id" in frame.columns else [str(row) for row in rows]
    return [key.strip() if key else key for key in keys], frame[field].to_list()


def _fault(key: str | None, text: str | None, notes: Mapping[str, Note], row: int, field: str) -> BadInput | None:
    if not key:
        return BadInput("no_id", "the id is missing", row=row, field="id")
    if key in notes:
        return BadInput("id_twice", "the id stands there twice", row=row, field="id", hint="the first is kept")
    if text is None:
        return BadInput("no_text", f"there is no {field}", row=row, field=field)
    if len(text) > LONGEST_TEXT:
        return BadInput("text_too_long", "the text is over a million characters", row=row, field=field, hint="split it")
    return None


def _field(frame: pl.DataFrame, asked: str | None, labels: Mapping[str, Sequence[Label]], learnt_from: str) -> str:
    """The field that holds the text: the one asked for, the one the marked places are of, the model's, text, en, the only other."""
    others = [name for name in frame.columns if name != "id"]
    if asked:
        if asked not in others:
            raise BadInput(
                "no_such_column",
                f"the texts have no field {asked!r}",
                field="--field",
                hint="fields: " + ", ".join(others[:30]),
            )
        return asked
    if learnt_from in others:
        return learnt_from
    if any(label[3] for own in labels.values() for label in own) and "id" in frame.columns:
        shares = {name: _share_placed(labels, dict(zip(frame["id"], frame[name], strict=True))) for name in others}
        best = max(others, key=lambda name: shares[name], default="")
        if best and shares[best] >= PLACED:
            return best
    for name in (*FIELDS, *(others if len(others) == 1 else ())):
        if name in others:
            return name
    raise BadInput(
        "no_text",
        "the texts have no field named text",
        field="text",
        hint="JSON lines with id and text, or --field NAME",
    )


def _labels(name: str, *, strict: bool) -> tuple[dict[str, list[Label]], int]:
    """Codes by id. With or without a header; two columns, or five with kind, words and places."""
    rows = read_lines(name)
    head = [cell.strip().lower() for cell in rows[0]]
    is_named = head[0] in HEADS or "code" in head
    order = _by_name(head) if is_named else _by_place(len(head))
    found: list[tuple[str, Label]] = []
    refused = 0
    for number, row in enumerate(rows[is_named:], start=1):
        cells = {key: row[place].strip() if place < len(row) else "" for key, place in order.items()}
        if not cells["id"] or not cells["code"]:
            bad = BadInput("no_code", "the id or the code is missing", row=number, field="--labels")
            if strict:
                raise bad
            report(bad)
            refused += 1
            continue
        found.append(
            (cells["id"], (cells["code"], cells.get("kind", ""), cells.get("words", ""), cells.get("places", "")))
        )
    kinds = Counter(label[1].upper() for _, label in found)
    diagnoses = {kind for kind in kinds if kind.startswith("DIAG") or kind in ("DX", "상병")}
    labels: dict[str, list[Label]] = defaultdict(list)
    for key, label in found:
        if not diagnoses or label[1].upper() in diagnoses:
            labels[key].append(label)
    return dict(labels), refused


def _by_place(width: int) -> dict[str, int]:
    if width < 2:
        raise BadInput(
            "no_code", "the labels have one column alone", field="--labels", hint="id and code, a tab between"
        )
    return {"id": 0, "code": 1} if width < 4 else {key: place for place, key in enumerate(COLUMNS) if place < width}


def _by_name(names: Sequence[str]) -> dict[str, int]:
    known = {"code": ("code", "label", "icd", "kcd"), "kind": ("kind", "type"), "words": ("words", "evidence", "text", "reference"),
             "places": ("places", "position", "positions", "offsets", "spans")}  # fmt: skip
    found = {"id": next((place for place, name in enumerate(names) if name in HEADS), 0)}
    for key, ways in known.items():
        place = next((names.index(way) for way in ways if way in names), None)
        if place is not None:
            found[key] = place
    if "code" not in found:
        raise BadInput("no_such_column", "the labels have no column code", field="--labels", hint="id and code")
    return found


def _spans(places: str) -> list[tuple[int, int]]:
    return [(int(first), int(last)) for first, last in SPAN.findall(places)]


def _share_placed(labels: Mapping[str, Sequence[Label]], texts: Mapping[str, str | None]) -> float:
    """The share of the marked words that stand in the texts just where the labels say."""
    hits = count = 0
    for key, own in labels.items():
        text = texts.get(key)
        for _, _, words, places in own:
            if text and places:
                count += 1
                hits += (
                    " ".join(text[first:last] for first, last in _spans(places)) == words
                    if words
                    else bool(_spans(places))
                )
    return hits / count if count else 0.0


def _evidence(note: Note, labels: Sequence[Label]) -> list[tuple[str, tuple[int, ...]]]:
    found = [(label[0], note.at(_spans(label[3]))) for label in labels if label[3]]
    return [(code, tokens) for code, tokens in found if tokens]
