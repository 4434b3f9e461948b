"""What Ray Data costs and gains: the same rules over the same claims in one process, and by one and two Ray workers.

Run: python -m bench.spread [--claims 100000], with the extra `ray`. Seconds by the clock; the start of Ray and of its workers (the
rules are loaded in each) is told apart, as what checking a hundred claims takes.
"""

import argparse
import sys
import time

from tamna.commands.check import _columns, _tiled
from tamna.engines.claimcheck import RuleSet, spread
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.samples import synthetic


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--claims", type=int, default=100_000)
    args = parser.parse_args()
    import ray

    documents = list(synthetic(2_000, 1))
    columns, tile = _columns(documents), frames_of(documents)
    frames, few = _tiled(tile, 0, args.claims), _tiled(tile, 0, 100)
    plain = FramesCheck(RuleSet.load())
    plain.check(few, columns, peers=())
    began = time.perf_counter()
    whole = plain.check(frames, columns, peers=())
    alone = time.perf_counter() - began
    print(f"one process, no Ray: {alone:.1f} s, {args.claims / alone:,.0f} claims/s, {len(whole):,} findings")
    for workers in (1, 2):
        began = time.perf_counter()
        spread.check(few, columns, workers=workers)
        start = time.perf_counter() - began
        began = time.perf_counter()
        found = spread.check(frames, columns, workers=workers)
        spent = time.perf_counter() - began
        ray.shutdown()
        told = "the same findings" if found.equals(whole) else "FINDS OTHERWISE"
        print(
            f"Ray, {workers} worker(s): {spent:.1f} s, {args.claims / spent:,.0f} claims/s, {told}; a hundred claims "
            f"{start:.1f} s; {spent / alone:.2f} times the one process"
        )
        if not found.equals(whole):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
