"""The model folder (모형 폴더): `card.json` for people, `model.json` for the machine, sums of both. It appears whole or not at all.

Everything is text: numbers, names, LightGBM's own format. Nothing that is opened can run, so a folder from elsewhere is
at worst wrong. Raises InputError.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamna.engines.errors import InputError

CARD, MODEL, SUMS = "card.json", "model.json", "sums.json"
LARGEST = 512 << 20


def write(folder: Path, card: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    """Write beside, then change names: an older model stays until the new one is whole."""
    check_place(folder)
    files = {CARD: _text(card, indent=1), MODEL: _text(model, indent=None)}
    files[SUMS] = _text({name: _sum(text) for name, text in files.items()}, indent=1)
    part, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    for left in (part, old):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir()
    for name, text in files.items():
        (part / name).write_bytes(text)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def check_place(folder: Path) -> None:
    """A model may replace a model or an empty folder, nothing else."""
    if not folder.absolute().parent.is_dir():
        raise InputError("no_such_folder", f"{folder.parent} is not a folder", "--model", "make the folder first")
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - {CARD, MODEL, SUMS}):
        raise InputError(
            "not_a_model_folder", f"{folder} holds something else", "--model", "give a new folder, or one with a model"
        )


def read(folder: Path, form: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Card and model of a folder of this form."""
    if not folder.is_dir():
        raise InputError("no_such_model", f"{folder} is not a folder", "--model", "fit a model first")
    try:
        sums = json.loads(_bytes(folder / SUMS))
        texts = {name: _bytes(folder / name) for name in (CARD, MODEL)}
        if any(sums[name] != _sum(text) for name, text in texts.items()):
            raise ValueError("sums differ")
        card, model = (json.loads(texts[name]) for name in (CARD, MODEL))
        found = model["form"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "broken_model", f"{folder} is no whole model ({error})", "--model", "fit the model again"
        ) from error
    if found != form:
        raise InputError(
            "other_model", f"{folder} holds {found!r}, not {form!r}", "--model", "fit it with this verb and version"
        )
    return card, model


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} is too large")
    return path.read_bytes()


def _text(value: Mapping[str, Any], indent: int | None) -> bytes:
    separators = None if indent else (",", ":")
    return (
        json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False) + "\n"
    ).encode()


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
