from django.db import migrations

from tamna.core.guards import append_only

BALANCED = """
CREATE FUNCTION ledger_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE off bigint;
BEGIN
  SELECT sum(debit_won) - sum(credit_won) INTO off FROM ledger_journalline WHERE entry_id = NEW.entry_id;
  IF off <> 0 THEN
    RAISE EXCEPTION 'journal entry does not balance' USING ERRCODE = 'integrity_constraint_violation',
      CONSTRAINT = 'journal_balances';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT ON ledger_journalline
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_balanced();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        append_only("ledger_journalentry"),
        append_only("ledger_journalline"),
        migrations.RunSQL(BALANCED, "DROP TRIGGER journal_balances ON ledger_journalline; DROP FUNCTION ledger_balanced();"),
    ]
