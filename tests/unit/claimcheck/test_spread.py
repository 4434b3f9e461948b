"""Ray Data finds what whole tables find; without the extra `ray` there is nothing to test."""

import pytest

from tamna.commands.check import _columns
from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.samples import synthetic

pytest.importorskip("ray.data", reason="the extra is not installed: pip install 'tamna[ray]'")


def test_two_workers_find_what_whole_tables_find():
    import ray

    from tamna.engines.claimcheck import spread

    documents = list(synthetic(600, 11, 0.5))
    for turn, document in enumerate(documents):  # patients whose statements lie far apart
        document["claim"]["patient_ref"] = f"SYN{turn % 250}"
    frames, columns = frames_of(documents), _columns(documents)
    parts = list(spread.batches(frames, 100))
    assert len(parts) > 3 and sum(map(len, parts)) == 600
    patients = [set(part.column("patient_ref").to_pylist()) for part in parts]
    assert sum(map(len, patients)) == len(set.union(*patients))
    whole = FramesCheck(RuleSet.load()).check(frames, columns, peers=())
    try:
        found = spread.check(frames, columns, workers=2, batch=100)
    finally:
        ray.shutdown()
    assert found.equals(whole) and len(found) > 500
