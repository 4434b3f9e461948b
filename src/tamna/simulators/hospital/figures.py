"""The parameter files of the synthetic hospital, read once."""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml


@lru_cache(maxsize=8)
def figures(name: str = "figures") -> Any:
    path = resources.files("tamna.simulators.hospital").joinpath(f"{name}.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def departments() -> list[dict[str, Any]]:
    return list(figures()["departments"])
