import json
from typing import Any

from django.db import migrations

import tamna.core.fields


def seal_answers(apps: Any, schema_editor: Any) -> None:
    """Answers that were kept in clear are sealed, so that a repeated request still gets its own."""
    records = apps.get_model("core", "IdempotencyRecord")
    for row in records.objects.exclude(status=None).iterator():
        row.answer = json.dumps(row.body or {})
        row.save(update_fields=["answer"])


class Migration(migrations.Migration):
    dependencies = [("core", "0012_keys_destroyed")]

    operations = [
        migrations.AddField("idempotencyrecord", "answer", tamna.core.fields.EncryptedTextField(blank=True, default="")),
        migrations.RunPython(seal_answers, migrations.RunPython.noop),
        migrations.RemoveField("idempotencyrecord", "body"),
    ]
