"""Notices: one row a person, told once by kind and key. Those of a role before were short-lived reminders: they go."""

import django.db.models.deletion
import tamna.core.identity
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0007_real_use'),
    ]

    operations = [
        migrations.DeleteModel('Notification'),
        migrations.AddField(
            model_name='user',
            name='muted_notices',
            field=models.JSONField(default=list),
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=tamna.core.identity.new_public_id, editable=False, unique=True)),
                ('kind', models.CharField(max_length=30)),
                ('key', models.CharField(max_length=120)),
                ('facts', models.JSONField(default=dict)),
                ('url', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-id'], name='core_notifi_user_id_df5b47_idx'), models.Index(condition=models.Q(('read_at', None)), fields=['user'], name='notices_unread'), models.Index(fields=['at'], name='core_notifi_at_10c9f1_idx')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'key', 'user'), name='notice_once')],
            },
        ),
    ]
