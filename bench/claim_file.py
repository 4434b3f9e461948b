"""Claim files: writing and reading statements in both dresses, and asking each whether it is complete.

`python -m bench.claim_file [COUNT]` prints seconds and sizes; the named peer is the standard library's JSON writer over the same
statements, in the same run.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from tamna.engines.claimcheck.samples import synthetic
from tamna.engines.claimfile import Person, fixed, header_of, ndjson, statement_faults

SOMEBODY = Person("김모의", "9001011000009", "김모의")  # a possible number of nobody


def timed(name: str, count: int, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    made = work()
    taken = time.perf_counter() - started
    size = f"{len(made) / 2**20:8.1f} MiB" if isinstance(made, bytes) else ""
    print(f"{name:28} {taken:7.2f} s {count / taken:10,.0f} statements/s {size}")
    return made


def main(count: int) -> int:
    statements = []
    for number, row in enumerate(synthetic(count, 1, fault_share=0), start=1):
        row["claim"]["serial_no"] = f"{number:05d}"
        statements.append({part: row[part] for part in ("claim", "diagnoses", "lines", "prescriptions", "notes")})
    lines = sum(len(row["lines"]) for row in statements)
    print(f"{count:,} synthetic statements, {lines:,} lines")
    header = header_of(
        "202603O001", statements, institution_id="99999999", setting="outpatient", claim_on=date(2026, 4, 5)
    )
    persons = [SOMEBODY] * count
    timed("json.dumps alone", count, lambda: "\n".join(json.dumps(row, default=str) for row in statements).encode())
    content = timed("write JSON lines", count, lambda: ndjson.write(header, statements))
    timed("read JSON lines", count, lambda: ndjson.read(content))
    text = timed("write fixed-width text", count, lambda: fixed.write(header, statements, persons).content)
    timed("read fixed-width text", count, lambda: fixed.read(text))
    timed("is each complete", count, lambda: [statement_faults(row, SOMEBODY) for row in statements])
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
