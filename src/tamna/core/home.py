"""Where Tamna keeps its data on this machine (TAMNA_HOME) and which ports it uses (TAMNA_PORT).

Folder: `pg/` the embedded database, `keys/` the key ring (0700), `backups/`, `state/` of simulators, `log/`.
"""

import os
from pathlib import Path

DEFAULT_PORT = 8100


def home() -> Path:
    """The data folder; made on first use."""
    given = os.environ.get("TAMNA_HOME")
    if given:
        path = Path(given)
    else:
        data = os.environ.get("XDG_DATA_HOME")
        path = (Path(data) if data else Path.home() / ".local" / "share") / "tamna"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def folder(name: str, *, private: bool = False) -> Path:
    """A folder under the data folder; `private` ones are readable by the owner only."""
    path = home() / name
    path.mkdir(parents=True, exist_ok=True)
    if private:
        path.chmod(0o700)
    return path


def web_port() -> int:
    return int(os.environ.get("TAMNA_PORT", DEFAULT_PORT))
