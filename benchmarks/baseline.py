"""L, the yardstick: plain DuckDB reads a night's files into tables and runs one join-aggregate.

No contract, no history, no gate, nothing published: the least that any warehouse on these files
could cost. Run as ``python -m benchmarks.baseline FOLDER``.
"""

import sys
import tempfile
from pathlib import Path

import duckdb

# The planted broken rows can make the reader take a column for text, hence the casts.
JOIN_AGGREGATE = """
select
    t.team_name,
    date_trunc('month', try_cast(o.closed_date as date)) as closed_month,
    count(*) as closed_deals,
    sum(try_cast(o.amount as decimal(18, 2))) as amount,
    sum(l.line_amount) as line_amount
from opportunities as o
left join users as u on o.owner_id = u.user_id
left join teams as t on u.team_id = t.team_id
left join (
    select
        opportunity_id,
        sum(try_cast(quantity as double) * try_cast(unit_price as double)) as line_amount
    from opportunity_line_items
    group by all
) as l on o.opportunity_id = l.opportunity_id
where o.closed_date is not null
group by all
"""


def run(folder: Path) -> int:
    """Loads every CSV file of a night and aggregates closed deals by team and month.

    Args:
        folder: The folder of one night's extracts.

    Returns:
        The number of groups the join-aggregate found.
    """
    with tempfile.TemporaryDirectory() as scratch:
        connection = duckdb.connect(str(Path(scratch) / "baseline.duckdb"))
        connection.execute("set threads = 2")
        for path in sorted(folder.glob("*.csv")):
            # The planted broken rows would stop the reader, which is not what is measured here.
            connection.execute(
                f'create table "{path.stem}" as '
                "select * from read_csv(?, ignore_errors = true, sample_size = 20000)",
                [str(path)],
            )
        return len(connection.execute(JOIN_AGGREGATE).fetchall())


if __name__ == "__main__":
    print(run(Path(sys.argv[1])))
