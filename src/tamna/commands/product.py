"""What the verbs of the product share: Django set up in the reader's language, and a database for the time of the command."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from tamna.commands.streams import BadInput
from tamna.core import database


@contextlib.contextmanager
def opened(lang: str) -> Iterator[None]:
    """Django is set up and speaks `lang`; a database that was started for the command is stopped after it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    os.environ.setdefault("TAMNA_NO_POOL", "1")
    import django

    was_running = database.is_embedded() and database.is_running()
    django.setup()
    from django.db import connections
    from django.utils import translation

    try:
        with translation.override(lang):
            yield
    finally:
        connections.close_all()
        if database.is_embedded() and not was_running:
            database.stop_embedded()


def database_ready() -> None:
    """Start the embedded database where none runs and bring its tables up to date. Raises BadInput."""
    from django.core.management import call_command
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    from tamna.core.errors import DomainError

    try:
        if database.is_embedded():
            database.start_embedded()
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
    except (OperationalError, PermissionError, TimeoutError) as error:
        raise BadInput(
            "core.no_database", DomainError("core.no_database").message, field="DATABASE_URL",
            hint=DomainError("core.no_database_hint").message,
        ) from error  # fmt: skip


def digest_of(path: Path) -> str:
    """The digest of a file's bytes, or of its place where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return hashlib.sha256(f"unreadable:{path}".encode()).hexdigest()
