"""Counts of requests in the database: they stand in while Redis does not answer."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

# One statement, so that any number of callers at once are counted exactly; ORM upserts cannot add to the old value.
UPSERT = """
INSERT INTO matchmaking_throttlecount (key, window_ends_at, count) VALUES (%s, %s, %s)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN matchmaking_throttlecount.window_ends_at <= %s THEN excluded.count
               WHEN matchmaking_throttlecount.count + %s < 0 THEN 0
               ELSE matchmaking_throttlecount.count + %s END,
  window_ends_at = CASE WHEN matchmaking_throttlecount.window_ends_at <= %s THEN excluded.window_ends_at
                        ELSE matchmaking_throttlecount.window_ends_at END
RETURNING count, window_ends_at
"""


def count_in_database(key: str, window_s: int, amount: int) -> tuple[int, float]:
    """Add `amount` to the count of `key`; the sum, and the seconds until its window ends."""
    now = timezone.now()
    adapt = connection.ops.adapt_datetimefield_value
    start, end = adapt(now), adapt(now + timedelta(seconds=window_s))
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [key, end, max(amount, 0), start, amount, amount, start])
        total = int(cursor.fetchone()[0])
    return total, float(window_s)
