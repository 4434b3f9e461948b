from django.db import migrations

from tamna.core.guards import append_only, frozen_columns


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_cashier_in_full")]
    operations = [
        frozen_columns("billing_deposit", "receipt_no", "patient_id", "amount_won", "tender", "key", "business_on"),
        frozen_columns("billing_payerbill", "number", "payer_id", "encounter_id", "total_won", "guarantee_no"),
        append_only("billing_cashcount"),
        append_only("billing_houseclosing"),
        append_only("billing_payeranswer"),
        append_only("billing_printout"),
    ]
