"""Human numbers (번호): gapless series, one row locked until the taker's transaction ends."""

from django.db import connection


def take(series: str, period: str = "") -> int:
    """The next number of a gapless series. A rolled-back transaction gives its number back."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_numberseries (series, period, last) VALUES (%s, %s, 1)
               ON CONFLICT (series, period) DO UPDATE SET last = core_numberseries.last + 1 RETURNING last""",
            [series, period],
        )
        return int(cursor.fetchone()[0])


def take_many(series: str, count: int, period: str = "") -> range:
    """`count` numbers at once (bulk loads)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_numberseries (series, period, last) VALUES (%s, %s, %s)
               ON CONFLICT (series, period) DO UPDATE SET last = core_numberseries.last + EXCLUDED.last RETURNING last""",
            [series, period, count],
        )
        last = int(cursor.fetchone()[0])
    return range(last - count + 1, last + 1)
