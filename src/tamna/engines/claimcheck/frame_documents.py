"""Claim documents as frames, and frames as documents again."""

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.emit_frames import TYPES
from tamna.engines.claimcheck.emit_python import note_rows


def frames_of(documents: Sequence[schema.Document]) -> dict[str, pl.DataFrame]:
    """Frames of normal documents; `claim` is the document's place, `at` the row's place in its list."""
    frames: dict[str, pl.DataFrame] = {}
    for scope in schema.SCOPES:
        rows: list[tuple[int, int, schema.Row]] = []
        for place, document in enumerate(documents):
            if scope == "claims":
                rows.append((place, 0, document["claim"]))
            else:
                listed = note_rows(document) if scope == "notes" else document[scope]
                rows.extend((place, at, row) for at, row in enumerate(listed))
        names = dict.fromkeys(name for _, _, row in rows for name in row)
        series = [
            pl.Series("claim", [claim for claim, _, _ in rows], pl.UInt32()),
            pl.Series("at", [at for _, at, _ in rows], pl.UInt32()),
        ]
        for name in names:
            kind = (schema.CLAIM if scope == "claims" else schema.SCOPES[scope]).get(name)
            values = [row.get(name) for _, _, row in rows]
            if kind:
                series.append(pl.Series(name, values, TYPES[kind]))
            else:
                series.append(pl.Series(name, values, strict=False))
        frames[scope] = pl.DataFrame(series)
    return frames


def documents_of(
    frames: Mapping[str, pl.DataFrame], reads: Mapping[str, Collection[str]] | None = None
) -> list[schema.Document]:
    """Documents again, for engines that look at one claim; with no more than the columns `reads`, where it is given."""
    if reads is not None:
        frames = {
            scope: frame.select(name for name in frame.columns if name in {"claim", "at", *reads[scope]})
            if scope in reads
            else frame.clear()
            for scope, frame in frames.items()
        }
    documents: list[schema.Document] = [
        {"claim": row, **{part: [] for part in schema.TABLES}}
        for row in frames["claims"].drop("claim", "at").iter_rows(named=True)
    ]
    for part in schema.TABLES:
        claims = frames[part]["claim"].to_list()
        for claim, row in zip(claims, frames[part].drop("claim", "at").iter_rows(named=True), strict=True):
            documents[claim][part].append(row)
    return documents
