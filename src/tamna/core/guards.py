"""Database promises that Django cannot say: append-only tables, frozen columns, balanced sums. Used by migrations."""

from django.db.migrations.operations import RunSQL


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE and DELETE on a table."""
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation',
          CONSTRAINT = '{table}_append_only'; END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
          FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
        """,
        f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_append_only();",
    )


def frozen_columns(table: str, *columns: str) -> RunSQL:
    """Refuse a change of these columns once written (and deletion of the row)."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE' OR {changed} THEN
            RAISE EXCEPTION '{table} is frozen' USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = '{table}_frozen';
          END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_frozen();
        """,
        f"DROP TRIGGER {table}_frozen ON {table}; DROP FUNCTION {table}_frozen();",
    )
