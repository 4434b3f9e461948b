"""Fixes proposed by a finding's number can no longer be found once a statement was checked again: they are closed."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0004_loop_measured'),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE core_proposal SET state = 'expired' WHERE state = 'open' AND action = 'FixFinding' AND fields ? 'finding_id'", ""
        ),
    ]
