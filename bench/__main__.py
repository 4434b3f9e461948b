"""The quick measurements: the copayment engine, one claim at the counter, tables of claims. Prints one table.

The long ones are `make load` and `make torture`. The named peer here is the same rules walked claim by claim in plain
Python, in the same run.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tamna.commands.check import bench as claims_bench
from tamna.commands.copay import answer
from tamna.engines.claimcheck import RuleSet

CASES = Path(__file__).parent.parent / "tests" / "golden" / "tariff" / "copay.jsonl"


def each_ms(work: Callable[[], object], times: int = 300) -> tuple[float, float]:
    """Median and 95 % of one warm call, in milliseconds."""
    for _ in range(20):
        work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken), sorted(taken)[int(times * 0.95)]


def main() -> int:
    cases = [json.loads(line)["case"] for line in CASES.read_text(encoding="utf-8").splitlines()]
    middle, high = each_ms(lambda: [answer(case) for case in cases], 100)
    print(f"copayment with every step: {middle / len(cases):.2f} ms a bill (95 %: {high / len(cases):.2f})")
    rules = RuleSet.load(date(2026, 11, 24))
    for count in (2_000, 20_000):
        figures = claims_bench(rules, count, 1)
        alone = 1000 / figures["one_claim_ms"]
        print(
            f"{count:6d} claims × {figures['rules']} rules: {figures['claims_per_s']} claims/s as tables, "
            f"{alone:.0f} claims/s one by one (ratio {figures['claims_per_s'] / alone:.1f}), "
            f"one claim {figures['one_claim_ms']} ms, peak {figures['peak_mib']} MiB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
