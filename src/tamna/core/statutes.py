"""The index of statutes in use (법령 색인): this hospital's own, read by `tamna import statutes`, else the shipped one."""

import csv
from functools import lru_cache
from pathlib import Path

from tamna.core.home import home
from tamna.engines.statutes import Index, of_rows, shipped


def index() -> Index:
    """Read once for each version of the files."""
    place = home() / "statutes" / "articles.csv"
    return _own(place.parent, place.stat().st_mtime_ns) if place.is_file() else shipped()


@lru_cache(maxsize=2)
def _own(place: Path, version: int) -> Index:
    laws, articles = (
        list(csv.DictReader((place / name).open(encoding="utf-8"))) for name in ("statutes.csv", "articles.csv")
    )
    return of_rows(laws, articles)
