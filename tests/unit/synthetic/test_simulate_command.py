"""`tamna simulate` as a person runs it: same bytes, goes on after a stop, one month alone, clear refusals."""

import hashlib
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tamna import cli


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def simulate(out: Path, *words: str, seed: int = 7, months: int = 2) -> int:
    return cli.main(
        ["simulate", "--months", str(months), "--last", "2026-09", "--seed", str(seed), "--out", str(out), *words]
    )


@pytest.fixture(scope="module")
def hospital(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("simulate") / "hospital"
    assert simulate(out, "--jobs", "1") == 0
    return out


@pytest.fixture
def copy(hospital, tmp_path) -> Path:
    return Path(shutil.copytree(hospital, tmp_path / "copy"))


def refused(capsys) -> dict:
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return json.loads(lines[0])


def test_the_same_seed_gives_the_same_bytes_however_many_work(hospital, tmp_path):
    assert simulate(tmp_path / "again", "--jobs", "2") == 0
    assert digests(tmp_path / "again") == digests(hospital)


def test_another_seed_is_another_hospital(hospital, tmp_path):
    assert simulate(tmp_path / "other", seed=8, months=1) == 0
    one, two = (pl.read_parquet(folder / "months/2026-09/claims.parquet") for folder in (hospital, tmp_path / "other"))
    assert not one.equals(two)


def test_a_month_can_be_made_again_alone(hospital, copy):
    shutil.rmtree(copy / "months/2026-08")
    assert simulate(copy) == 0
    assert digests(copy) == digests(hospital)


def test_a_month_does_not_depend_on_the_months_before(hospital, tmp_path):
    assert simulate(tmp_path / "one", months=1) == 0
    assert digests(tmp_path / "one/months/2026-09") == digests(hospital / "months/2026-09")


def test_what_a_stop_leaves_half_done_is_cleared(hospital, copy):
    shutil.rmtree(copy / "months/2026-09")
    left = copy / "months/.2026-09.part"
    left.mkdir()
    (left / "claims.parquet").write_bytes(b"PAR1 cut")
    assert simulate(copy) == 0
    assert digests(copy) == digests(hospital)


def test_the_manifest_says_what_is_there(hospital):
    manifest = json.loads((hospital / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["is_synthetic"] is True
    assert manifest["is_complete"] is True
    assert manifest["seed"] == 7
    assert manifest["months"] == ["2026-08", "2026-09"]
    assert (
        manifest["rows"]["claims"]
        == pl.scan_parquet(hospital / "months/*/claims.parquet").select(pl.len()).collect().item()
    )
    found = {name: digest for name, digest in digests(hospital).items() if name.endswith(".parquet")}
    assert manifest["sha256"] == found


def test_labels_lie_apart(hospital):
    names = {path.name for path in (hospital / "months").rglob("*.parquet")}
    assert not names & {"faults.parquet", "cuts.parquet", "no_show.parquet"}
    assert {path.name for path in (hospital / "truth/2026-09").iterdir()} == {
        "cuts.parquet",
        "faults.parquet",
        "mistakes.parquet",
        "no_show.parquet",
    }


def test_the_claims_are_those_of_tamna_check(hospital, tmp_path, capsys):
    assert (
        cli.main(
            [
                "check",
                str(hospital / "months/2026-09"),
                "--only",
                "A002",
                "S001",
                "--out",
                str(tmp_path / "found.jsonl"),
            ]
        )
        == 0
    )
    answers = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(answers) == pl.read_parquet(hospital / "months/2026-09/claims.parquet").height
    hits = {
        answer["claim_id"] for answer in answers if any(finding["rule_id"] == "S001" for finding in answer["findings"])
    }
    planted = pl.read_parquet(hospital / "truth/2026-09/faults.parquet").filter(pl.col("fault") == "impossible_sex")
    assert hits & set(planted["claim_id"])


def test_messages_are_read_by_another_program(hospital):
    import hl7

    (path,) = (hospital / "hl7").iterdir()
    parts = path.read_bytes().decode().split("MSH|")[1:]
    kinds = {str(hl7.parse("MSH|" + part).segment("MSH")[9]) for part in parts}
    assert kinds == {"ADT^A04", "ORM^O01", "DFT^P03"}
    first = hl7.parse("MSH|" + parts[0])
    assert str(first.segment("MSH")[11]) == "T"
    assert str(first.segment("PV1")[19]).startswith("E2026")


def test_bundles_refer_to_what_they_hold(hospital):
    bundles = sorted((hospital / "fhir").glob("*.json"))
    assert len(bundles) == 20
    for path in bundles:
        bundle = json.loads(path.read_text(encoding="utf-8"))
        assert bundle["meta"]["tag"][0]["code"] == "HTEST"
        held = {f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            for field in ("subject", "encounter", "context"):
                if field in entry["resource"]:
                    assert entry["resource"][field]["reference"] in held


@pytest.mark.parametrize(
    ("words", "code", "field"),
    [
        (["--years", "0"], "simulate_years", "--years"),
        (["--years", "99"], "simulate_years", "--years"),
        (["--months", "-1"], "simulate_years", "--months"),
        (["--years", "1", "--months", "2"], "simulate_years", "--months"),
        (["--last", "2026-13"], "simulate_month", "--last"),
        (["--last", "yesterday"], "simulate_month", "--last"),
        (["--last", "2031-01"], "simulate_month", "--last"),
        (["--years", "8", "--last", "2020-01"], "simulate_start", "--years"),
        (["--seed", "-1"], "simulate_seed", "--seed"),
    ],
)
def test_bad_arguments_are_said_in_both_languages(words, code, field, tmp_path, capsys):
    said = []
    for lang in ("ko", "en"):
        given = [*words, *([] if "--seed" in words else ["--seed", "7"])]
        assert cli.main(["simulate", *given, "--out", str(tmp_path / "x"), "--lang", lang]) == 2
        bad = refused(capsys)
        assert (bad["code"], bad["field"]) == (code, field)
        assert bad["hint"]
        said.append(bad["message"])
    assert said[0] != said[1]
    assert not (tmp_path / "x").exists()


def test_a_folder_of_another_seed_is_left_alone(hospital, copy, capsys):
    assert simulate(copy, "--lang", "en", seed=8) == 2
    bad = refused(capsys)
    assert bad["code"] == "simulate_other"
    assert "seed 7" in bad["message"]
    assert digests(copy) == digests(hospital)


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    assert simulate(tmp_path) == 2
    assert refused(capsys)["code"] == "simulate_other"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_broken_manifest_is_not_written_over(copy, capsys):
    (copy / "manifest.json").write_text('{"seed": 7', encoding="utf-8")
    assert simulate(copy) == 2
    assert refused(capsys)["code"] == "simulate_other"


def test_a_file_in_the_way_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert simulate(tmp_path / "file" / "below") == 2
    assert refused(capsys)["code"] == "simulate_folder"


def test_too_little_room_is_said_before_work_begins(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1 << 20))
    assert simulate(tmp_path / "h", "--lang", "en") == 2
    assert refused(capsys)["code"] == "simulate_disk"
    assert not list((tmp_path / "h" / "months").iterdir())


def test_a_disk_that_fills_up_leaves_whole_months_and_goes_on(hospital, copy):
    """A limit on the size of files stands in for the full disk: the largest table of a month does not fit."""
    shutil.rmtree(copy / "months/2026-09")
    largest = (hospital / "months/2026-09/charges.parquet").stat().st_size
    assert largest > (hospital / "patients.parquet").stat().st_size
    script = (
        "import sys; from tamna import cli; "
        f"sys.exit(cli.main(['simulate','--months','2','--last','2026-09','--seed','7','--lang','en','--out',{str(copy)!r}]))"
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 10, largest - 10))  # noqa: E731
    done = subprocess.run([sys.executable, "-c", script], preexec_fn=limit, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done.stderr
    bad = json.loads(done.stderr.strip().splitlines()[-1])
    assert bad["code"] == "simulate_full"
    assert "1 months" in bad["message"]
    assert [path.name for path in (copy / "months").iterdir()] == ["2026-08"]
    assert simulate(copy) == 0
    assert digests(copy) == digests(hospital)


def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(hospital, tmp_path):
    out = tmp_path / "killed"
    script = (
        "import os, sys; from tamna.synthetic import years; from tamna.simulators.hospital.seasons import Month\n"
        "plan = years.Plan(7, Month(2026, 9), 2); left = years.begin(plan, __import__('pathlib').Path(sys.argv[1]))\n"
        "years.write_month(7, left[0], __import__('pathlib').Path(sys.argv[1]))\n"
        "count = 0; put = years._put\n"
        "def dying(path, content):\n"
        "    global count; count += 1\n"
        "    if count == 9: os.kill(os.getpid(), 9)\n"
        "    put(path, content)\n"
        "years._put = dying; years.write_month(7, left[1], __import__('pathlib').Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(out)], capture_output=True, timeout=120)
    assert done.returncode == -9
    assert [path.name for path in (out / "months").iterdir() if not path.name.startswith(".")] == ["2026-08"]
    assert simulate(out) == 0
    assert digests(out) == digests(hospital)
