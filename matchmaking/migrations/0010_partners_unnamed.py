"""Partners in common are counted, no longer named: their keys would stand in others' suggestions after they are erased."""

from django.db import migrations

AT_ONCE = 500
COLUMNS = ("terms_ab", "terms_ba")


def forget(apps, schema_editor):
    rows = apps.get_model("matchmaking", "Suggestion").objects.only(*COLUMNS)
    batch = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        for column in COLUMNS:
            terms = getattr(row, column)
            unnamed = [[part, value, [code for code in codes if not code.startswith("with:")]] for part, value, codes in terms]
            setattr(row, column, unnamed)
        batch.append(row)
        if len(batch) == AT_ONCE:
            rows.bulk_update(batch, COLUMNS)
            batch = []
    rows.bulk_update(batch, COLUMNS)


class Migration(migrations.Migration):
    dependencies = [("matchmaking", "0009_table_plans")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
