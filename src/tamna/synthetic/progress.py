"""How far the background load of the past has come: shown as a bar in the frame."""

import json

from tamna.core.home import folder


def report(done: int, total: int) -> None:
    """Write the state; a page reads it."""
    path = folder("state") / "history.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"done": done, "total": total}), encoding="utf-8")
    part.replace(path)


def share() -> dict[str, int]:
    """What a page shows of it: days done and wanted, percent; all 0 once the whole past is there."""
    done, total = read()
    return (
        {"done": done, "total": total, "part": done * 100 // total}
        if done < total
        else {"done": 0, "total": 0, "part": 0}
    )


def read() -> tuple[int, int]:
    """(days loaded, days wanted); (0, 0) where nothing is loaded."""
    try:
        raw = json.loads((folder("state") / "history.json").read_text(encoding="utf-8"))
        return int(raw["done"]), int(raw["total"])
    except (OSError, ValueError, KeyError):
        return 0, 0
