"""What each side of a suggestion is told is chosen once, when it is made; those made before are told now."""

from django.db import migrations, models

from matchmaking.engine.records import Direction, Term
from matchmaking.engine.telling import pair_facts

AT_ONCE = 500


def tell(apps, schema_editor):
    rows = apps.get_model("matchmaking", "Suggestion").objects.only("terms_ab", "terms_ba")
    batch = []
    for row in rows.iterator(chunk_size=AT_ONCE):
        ab, ba = direction(row.terms_ab), direction(row.terms_ba)
        row.told_a, row.told_b = pair_facts(ab, ba), pair_facts(ba, ab)
        batch.append(row)
        if len(batch) == AT_ONCE:
            rows.bulk_update(batch, ["told_a", "told_b"])
            batch = []
    rows.bulk_update(batch, ["told_a", "told_b"])


def direction(terms):
    return Direction(0.0, 0.5, tuple(Term(part, value, tuple(evidence)) for part, value, evidence in terms))


class Migration(migrations.Migration):
    dependencies = [("matchmaking", "0003_ideas")]

    operations = [
        migrations.AddField("suggestion", "told_a", models.JSONField(default=list), preserve_default=False),
        migrations.AddField("suggestion", "told_b", models.JSONField(default=list), preserve_default=False),
        migrations.RunPython(tell, migrations.RunPython.noop),
    ]
