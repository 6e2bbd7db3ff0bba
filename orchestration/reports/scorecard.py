"""The scorecard: a period's metrics beside those of the period before, from what is published.

Belongs here: reading the published metrics of a period. Does not belong here: any computation of a
metric, and how the scorecard is shown (`summary`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from ingestion.company.settings import load_company
from ingestion.home import Home
from orchestration.errors import UsageError
from orchestration.publication import published_database
from orchestration.reports.periods import Grain, Period, Periods

BASIS = "restated"
DEFAULT_GRAIN: Grain = "quarter"


@dataclass(frozen=True)
class Metric:
    """What the catalogue says of a metric.

    Attributes:
        topic: What it is about, such as closing or people.
        is_headline: Whether a table of members shows it beside the others.
    """

    name: str
    label: str
    unit: str
    direction: str | None
    mart: str
    topic: str
    is_headline: bool


@dataclass(frozen=True)
class Figure:
    """A metric of one member in a period and in the one before."""

    metric: Metric
    value: float | None
    before: float | None


@dataclass(frozen=True)
class Member:
    """One member of a level with its headline figures."""

    member_id: str
    name: str
    figures: tuple[Figure, ...]

    @property
    def won_value(self) -> float:
        """What the member won, by which members are ranked; nothing counts as 0."""
        values = [f.value for f in self.figures if f.metric.name == "won_value"]
        return values[0] or 0.0 if values else 0.0


@dataclass(frozen=True)
class Scorecard:
    """The figures of a period.

    Attributes:
        pipeline_date: The day whose pipeline is shown: the period's last, or the newest there is.
        figures: Those of the whole company.
        members: Those of the members of the level that was asked for, the best first.
        members_left_out: How many members are not among them.
    """

    period: Period
    before: Period | None
    pipeline_date: date | None
    figures: tuple[Figure, ...]
    level: str
    members: tuple[Member, ...]
    members_left_out: int


def read_scorecard(
    home: Home, period: str | None = None, level: str = "company", top: int | None = None
) -> Scorecard:
    """Reads a scorecard.

    Args:
        home: The home whose published version is read.
        period: `2017`, `2017-Q4` or `2017-10`; by default the newest quarter with closed deals.
        level: Whose figures stand beneath the company's.
        top: How many members to give.

    Raises:
        UsageError: Nothing is published, or by an earlier version, or there is no such period or
            level.
    """
    path = published_database(home)
    if not path.exists():
        raise UsageError(
            f"nothing is published in {home.root} yet; run `salesops refresh` or `salesops demo`"
        )
    periods = Periods(load_company(home.company_file))
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts.marts")
        try:
            reader = _Reader(connection)
        except duckdb.BinderException as e:
            raise UsageError(
                "what is published was made by an earlier version of salesops, and its catalogue "
                "lacks what the scorecard shows; run `salesops refresh`"
            ) from e
        chosen = periods.parse(period) if period else reader.newest(periods)
        levels = reader.levels()
        if level not in levels:
            raise UsageError(f"there is no level '{level}'; there are: {', '.join(levels)}")
        return reader.scorecard(chosen, periods.before(chosen), level, top)


class _Reader:
    """Queries on the published marts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # A metric that its mart splits further has no one value of a member to show.
        self._metrics = [
            Metric(*row)
            for row in self._rows(
                "select name, label, unit, direction, mart, topic, is_headline "
                "from metric_catalogue where dimension is null order by topic, mart, name"
            )
        ]

    def levels(self) -> list[str]:
        """Names the levels that have figures."""
        return [row[0] for row in self._rows("select distinct level from metric_values order by 1")]

    def newest(self, periods: Periods) -> Period:
        """Gives the newest quarter in which a deal was closed."""
        (start,) = self._rows(
            "select max(period_start) from mart_conversion where period_grain = ?", DEFAULT_GRAIN
        )[0]
        if start is None:
            raise UsageError("no deal has closed yet, so no quarter has figures; name a --period")
        return periods.starting(DEFAULT_GRAIN, start)

    def scorecard(
        self, period: Period, before: Period | None, level: str, top: int | None
    ) -> Scorecard:
        """Gives the scorecard of a period."""
        figures = self._figures(period, before, "company")
        members = [] if level == "company" else self._members(period, before, level)
        return Scorecard(
            period=period,
            before=before,
            pipeline_date=self._pipeline_date(period),
            figures=tuple(figures.get("all", {}).values()),
            level=level,
            members=tuple(members[:top]),
            members_left_out=max(len(members) - top, 0) if top is not None else 0,
        )

    def _members(self, period: Period, before: Period | None, level: str) -> list[Member]:
        """Gives a level's members, those who won most first."""
        names = self._names(level)
        members = [
            Member(
                member_id=member_id,
                name=names.get(member_id, member_id),
                figures=tuple(f for f in figures.values() if f.metric.is_headline),
            )
            for member_id, figures in self._figures(period, before, level).items()
        ]
        return sorted(members, key=lambda m: (-m.won_value, m.name, m.member_id))

    def _figures(
        self, period: Period, before: Period | None, level: str
    ) -> dict[str, dict[str, Figure]]:
        """Gives every member's figures by metric."""
        values = self._values(period, level)
        values_before = self._values(before, level) if before else {}
        return {
            member_id: {
                metric.name: Figure(
                    metric,
                    values.get((metric.name, member_id)),
                    values_before.get((metric.name, member_id)),
                )
                for metric in self._metrics
            }
            for member_id in dict.fromkeys(member_id for _, member_id in values)
        }

    def _values(self, period: Period, level: str) -> dict[tuple[str, str], float | None]:
        """Gives a level's values by metric and member."""
        rows = self._rows(
            "select metric, member_id, value from metric_values where basis = ? "
            "and period_grain = ? and period_start = ? and level = ? order by member_id",
            BASIS,
            period.grain,
            period.start,
            level,
        )
        return {(metric, member_id): value for metric, member_id, value in rows}

    def _names(self, level: str) -> dict[str, str]:
        """Gives the names of a level's members; metric_values has only their ids."""
        marts = dict.fromkeys(metric.mart for metric in self._metrics)
        query = " union ".join(
            f'select member_id, member_name from "{mart}" where level = $level' for mart in marts
        )
        return dict(self._connection.execute(query, {"level": level}).fetchall())

    def _pipeline_date(self, period: Period) -> date | None:
        """Gives the day whose pipeline belongs to a period: its last, or the newest known."""
        (day,) = self._rows(
            "select max(as_of_date) from mart_pipeline_value where as_of_date <= ?", period.end
        )[0]
        return day

    def _rows(self, query: str, *parameters: object) -> list[tuple]:
        return self._connection.execute(query, parameters).fetchall()
