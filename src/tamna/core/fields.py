"""Encrypted columns (암호화 열): AES-GCM with the key ring of `core.crypto`; the column's name is authenticated too."""

from typing import Any

from django.db import models


class EncryptedTextField(models.Field):
    """Text in Python, ciphertext (bytea) in the database. Cannot be filtered: use a blind index beside it."""

    def db_type(self, connection: Any) -> str:
        return "bytea"

    @property
    def _label(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        from tamna.core import crypto

        return connection.Database.Binary(crypto.seal(value, self._label) if value else b"")

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        from tamna.core import crypto

        return crypto.unseal(bytes(value), self._label) if value else ""
