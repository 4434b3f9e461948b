from django.db import migrations


class Migration(migrations.Migration):
    """Orders without a fee are few among millions: the worklist and the hourly look find them by an index of their own."""

    dependencies = [("billing", "0009_guards_of_money"), ("reception", "0004_large_lists")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX reception_order_unknown ON reception_servicerequest (code, id) WHERE status = 'unmapped'",
            "DROP INDEX reception_order_unknown",
        ),
    ]
