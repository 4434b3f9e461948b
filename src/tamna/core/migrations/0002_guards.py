from django.db import migrations

from tamna.core.guards import append_only


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        append_only("core_auditentry"),
        append_only("core_auditblock"),
        append_only("core_event"),
        append_only("core_decision"),
    ]
