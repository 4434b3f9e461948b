"""Domain errors: a key, facts, and a message in the reader's language that says what was kept and what to do.

Messages live beside the department that raises them, in `messages.py`: `MESSAGES = {"reception.slot_taken": _("…")}`.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _


class DomainError(Exception):
    """Something the rules of the hospital refuse (업무 오류). `key` is stable; `facts` fill the message."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts

    @property
    def message(self) -> str:
        """The sentence for a person, in the active language."""
        template = catalogue().get(self.key, "")
        return _(template) % self.facts if template else self.key


_catalogue: dict[str, str] = {}


def catalogue() -> dict[str, str]:
    """Every error key and its English message id."""
    if not _catalogue:
        for config in apps.get_app_configs():
            if config.name.startswith("tamna."):
                try:
                    _catalogue.update(import_module(f"{config.name}.messages").MESSAGES)
                except ModuleNotFoundError as error:
                    if error.name != f"{config.name}.messages":
                        raise
    return _catalogue


@contextmanager
def refused_as(**keys: str) -> Iterator[None]:
    """Turn a named database constraint into a DomainError; any other IntegrityError is our mistake and passes through."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if name in keys:
            raise DomainError(keys[name], constraint=name) from error
        raise


def without_data(error: BaseException) -> str:
    """What is safe to keep of an error: its kind, its key or constraint, and where. The text may quote a person's row."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or getattr(error, "key", None)
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tamna/" in frame.filename]
    where = [
        f"{frame.filename.rpartition('/tamna/')[2]}:{frame.lineno}" for frame in ours[-1:]
    ]  # none of ours: an import or a thread's own
    return " ".join([type(error).__name__, *([str(name)] if name else []), *where])
