"""Whole tables over Ray Data: the same compiled rules on Arrow batches, one row a statement with its lines nested in it.

A batch holds whole patients, so that windows over a patient see all of their statements. Rules that compare patients need
the whole archive in one place and are not judged here; `RuleSet.not_evaluated(columns, peers=())` names them.
In: frames as `FramesCheck.check` takes them. Out: the findings it gives, in its order. Needs the extra `ray`.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.frame_parts import patients_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.ruleset import RuleSet

if TYPE_CHECKING:
    import pyarrow as pa

    from tamna.engines.claimcheck.ruleset import Columns

BATCH = 20_000  # statements, a patient more or less


def check(
    frames: Mapping[str, pl.DataFrame],
    columns: "Columns",
    *,
    workers: int,
    batch: int = BATCH,
    load: Callable[[], RuleSet] = RuleSet.load,
) -> pl.DataFrame:
    """Findings of `FramesCheck(load()).check(frames, columns, peers=())`. Every worker loads the rules once, by `load`."""
    import ray

    tables = list(batches(frames, batch))
    if not ray.is_initialized():
        ray.init(num_cpus=workers, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    found = ray.data.from_arrow(tables).map_batches(
        Worker,
        fn_constructor_args=(load, columns),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    parts = [pl.DataFrame(pl.from_arrow(part)) for part in found.iter_batches(batch_size=None, batch_format="pyarrow")]
    return pl.concat(parts).sort("claim", "turn", "at").drop("turn")


class Worker:
    """The rules of one process, ready before its first batch."""

    def __init__(self, load: Callable[[], RuleSet], columns: "Columns") -> None:
        rules = load()
        self.checker, self.columns = FramesCheck(rules), columns
        self.turns = pl.DataFrame({"rule_id": list(rules.by_id)}, schema={"rule_id": pl.String()}).with_row_index(
            "turn"
        )

    def __call__(self, statements: "pa.Table") -> "pa.Table":
        frames, numbers = tables_of(statements)
        found = self.checker.check(frames, self.columns, peers=())
        found = found.with_columns(numbers.gather(found["claim"]).alias("claim"))
        return found.join(self.turns, on="rule_id", how="left", maintain_order="left").to_arrow()


def batches(frames: Mapping[str, pl.DataFrame], size: int) -> Iterator["pa.Table"]:
    """About `size` statements each, patients whole, in order of the patients' first statements."""
    import pyarrow as pa

    claims = frames["claims"]
    patients = patients_of(claims)
    order = np.argsort(patients, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    parts: dict[str, Any] = {name: column for name, column in _arrow(claims[order].drop("at")).items()}
    for scope in schema.TABLES:
        rows = frames[scope]
        owner = place[rows["claim"].to_numpy()]
        by_owner = np.lexsort((rows["at"].to_numpy(), owner))
        starts = np.searchsorted(owner[by_owner], np.arange(len(claims) + 1))
        columns = _arrow(rows[by_owner].drop("claim", "at"))
        if columns:
            struct = pa.StructArray.from_arrays(list(columns.values()), list(columns))
            parts[f"{scope}:"] = pa.LargeListArray.from_arrays(pa.array(starts, pa.int64()), struct)
    whole = pa.table(parts)
    known = patients[order]
    begins = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1]]))  # of each patient
    after = np.searchsorted(begins, np.arange(0, len(order), size))
    cuts = np.unique([*begins[after[after < len(begins)]], len(order)])
    for start, stop in pairwise(cuts):
        yield whole.slice(start, stop - start)


def _arrow(frame: pl.DataFrame) -> dict[str, Any]:
    """Columns as single Arrow arrays."""
    table = frame.rechunk().to_arrow()
    return {name: table.column(name).combine_chunks() for name in table.column_names}


def tables_of(statements: "pa.Table") -> tuple[dict[str, pl.DataFrame], pl.Series]:
    """Frames of a batch with claims numbered from 0, and the numbers they had."""
    import pyarrow as pa

    nested = [name for name in statements.column_names if name.endswith(":")]
    claims = pl.DataFrame(pl.from_arrow(statements.drop_columns(nested)))
    numbers = claims["claim"]
    frames = {"claims": claims.drop("claim").with_row_index("claim").with_columns(at=pl.lit(0, pl.UInt32()))}
    for scope in schema.TABLES:
        frames[scope] = pl.DataFrame(schema={"claim": pl.UInt32(), "at": pl.UInt32()})
        if f"{scope}:" not in nested:
            continue
        lists = statements.column(f"{scope}:").combine_chunks()
        counts = np.diff(lists.offsets.to_numpy())
        owner = np.repeat(np.arange(len(lists), dtype=np.uint32), counts)
        at = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = pl.DataFrame(pl.from_arrow(pa.Table.from_struct_array(lists.flatten())))
        frames[scope] = rows.with_columns(pl.Series("claim", owner), pl.Series("at", at.astype(np.uint32)))
    return frames, numbers
