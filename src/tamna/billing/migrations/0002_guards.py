from django.db import migrations

from tamna.core.guards import frozen_columns


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [
        frozen_columns("billing_invoice", "number", "encounter_id", "total_won", "patient_won", "insurer_won", "parts"),
        frozen_columns("billing_payment", "receipt_no", "invoice_id", "amount_won", "tender", "key", "business_on"),
        frozen_columns("billing_cashclosing", "expected_cash_won", "counted_cash_won", "business_on"),
    ]
