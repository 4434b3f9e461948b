"""The verbs as an operator calls them, and what a run may not change."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from tamna import cli

DATA = Path(__file__).parents[2] / "data" / "fhir"
OF_THE_RUN = {"ImportRun", "ImportedBundle"}  # what an import says of itself, refusals too


@dataclass(frozen=True)
class Said:
    """What one call of `tamna import fhir` answered."""

    code: int
    report: dict[str, Any]
    errors: list[dict[str, Any]]

    @property
    def keys(self) -> list[str]:
        return [error["code"] for error in self.errors]


@pytest.fixture
def bring(hospital, morning, capsys) -> Callable[..., Said]:
    """Call `tamna import fhir PATH`."""

    def run(path: Path, lang: str = "ko") -> Said:
        capsys.readouterr()
        code = cli.main(["import", "fhir", str(path), "--format", "json", "--lang", lang])
        out, err = capsys.readouterr()
        return Said(code, json.loads(out) if out else {}, [json.loads(line) for line in err.splitlines()])

    return run


@pytest.fixture
def give(hospital, morning, tmp_path) -> Callable[..., Path]:
    """Call `tamna export fhir` of one patient; the file."""

    def run(sign: str, *options: str) -> Path:
        out = tmp_path / f"given-{len(list(tmp_path.iterdir()))}.json"
        assert cli.main(["export", "fhir", "--patient", sign, "--out", str(out), *options]) == 0
        return out

    return run


@pytest.fixture
def counts() -> Callable[..., dict[str, int]]:
    """Rows of every table, those that a run writes about itself left out where it is asked so."""

    def count(*, without_runs: bool = False) -> dict[str, int]:
        left_out = OF_THE_RUN if without_runs else set()
        return {
            m.__name__: m.objects.count() for m in apps.get_models() if m.__name__ not in left_out and m._meta.managed
        }

    return count
