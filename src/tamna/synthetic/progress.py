"""How far the background load of the past has come: shown as a bar in the frame."""

import json

from tamna.core.home import folder


def report(done: int, total: int) -> None:
    """Write the state; a page reads it."""
    path = folder("state") / "history.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"done": done, "total": total}), encoding="utf-8")
    part.replace(path)


def read() -> tuple[int, int]:
    """(days loaded, days wanted); (0, 0) where nothing is loaded."""
    try:
        raw = json.loads((folder("state") / "history.json").read_text(encoding="utf-8"))
        return int(raw["done"]), int(raw["total"])
    except (OSError, ValueError, KeyError):
        return 0, 0
