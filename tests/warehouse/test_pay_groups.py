"""People put together until nobody's pay can be told from a sum, worked out by hand, step by step."""

from pathlib import Path

import duckdb
import pytest
from compiled_models import Models
from warehouse_testbed import ChangeLogOfTest, read_warehouse, store_of

from ingestion.company.settings import CompanySettings

STEPS = ("teams", "branches", "company")
# Month, person, branch, team, territory, fixed and variable pay. A group needs three people. T1 has
# them. T2 and T3 have two and one: together they do. In the other branch T4 has three, but 90 of its
# 100 of fixed pay are Joe's; the only other, T5, takes them in: then they are 90 of 190. In February
# T1 has three, T2 four and T3 one, who goes to the smaller.
NEIGHBOURS = """
2026-01-01 ann B1 T1 X1 10 0
2026-01-01 bea B1 T1 X1 10 0
2026-01-01 cid B1 T1 X1 10 0
2026-01-01 dot B1 T2 X1 10 0
2026-01-01 eva B1 T2 X2 10 0
2026-01-01 fay B1 T3 X2 10 0
2026-01-01 joe B2 T4 X3 90 0
2026-01-01 kim B2 T4 X3 5 0
2026-01-01 leo B2 T4 X3 5 0
2026-01-01 may B2 T5 X3 30 0
2026-01-01 ned B2 T5 X3 30 0
2026-01-01 oda B2 T5 X3 30 0
2026-02-01 ann B1 T1 X1 10 0
2026-02-01 bea B1 T1 X1 10 0
2026-02-01 cid B1 T1 X1 10 0
2026-02-01 dot B1 T2 X1 10 0
2026-02-01 eva B1 T2 X1 10 0
2026-02-01 fay B1 T2 X1 10 0
2026-02-01 joe B1 T2 X1 10 0
2026-02-01 kim B1 T3 X1 10 0
"""
# Month, person, group; whether it is safe, and within one branch, team and territory.
NEIGHBOURS_PUT_TOGETHER = """
2026-01-01, ann, B1 | T1 | X1, true, true, true, true
2026-01-01, bea, B1 | T1 | X1, true, true, true, true
2026-01-01, cid, B1 | T1 | X1, true, true, true, true
2026-01-01, dot, rest of branch B1, true, true, false, false
2026-01-01, eva, rest of branch B1, true, true, false, false
2026-01-01, fay, rest of branch B1, true, true, false, false
2026-01-01, joe, rest of branch B2, true, true, false, true
2026-01-01, kim, rest of branch B2, true, true, false, true
2026-01-01, leo, rest of branch B2, true, true, false, true
2026-01-01, may, rest of branch B2, true, true, false, true
2026-01-01, ned, rest of branch B2, true, true, false, true
2026-01-01, oda, rest of branch B2, true, true, false, true
2026-02-01, ann, rest of branch B1, true, true, false, true
2026-02-01, bea, rest of branch B1, true, true, false, true
2026-02-01, cid, rest of branch B1, true, true, false, true
2026-02-01, dot, B1 | T2 | X1, true, true, true, true
2026-02-01, eva, B1 | T2 | X1, true, true, true, true
2026-02-01, fay, B1 | T2 | X1, true, true, true, true
2026-02-01, joe, B1 | T2 | X1, true, true, true, true
2026-02-01, kim, rest of branch B1, true, true, false, true
"""
# Two are needed. Of T1, X2 has one person only, who cannot stand alone, nor can the rest of the team,
# which is the same one: the whole team is one group. In February 80 of the 100 of variable pay are
# Ann's, 20 having been taken back from another, so that not even the company is safe.
WHOLE_COMPANY = """
2026-01-01 ann B1 T1 X1 10 0
2026-01-01 bea B1 T1 X1 10 0
2026-01-01 cid B1 T1 X2 10 0
2026-02-01 ann B1 T1 X1 10 80
2026-02-01 bea B1 T1 X1 10 40
2026-02-01 cid B2 T1 X1 10 -20
"""
WHOLE_COMPANY_PUT_TOGETHER = """
2026-01-01, ann, rest of team B1 | T1, true, true, true, false
2026-01-01, bea, rest of team B1 | T1, true, true, true, false
2026-01-01, cid, rest of team B1 | T1, true, true, true, false
2026-02-01, ann, company all, false, false, false, false
2026-02-01, bea, company all, false, false, false, false
2026-02-01, cid, company all, false, false, false, false
"""


@pytest.mark.parametrize(
    ("smallest", "pay", "put_together"),
    [(3, NEIGHBOURS, NEIGHBOURS_PUT_TOGETHER), (2, WHOLE_COMPANY, WHOLE_COMPANY_PUT_TOGETHER)],
    ids=["neighbours", "whole company"],
)
def test_unsafe_groups_are_put_together(
    smallest: int, pay: str, put_together: str, models: Models, tmp_path: Path
) -> None:
    log = ChangeLogOfTest(tmp_path / "home", CompanySettings(minimum_group_size=smallest))
    models.build(log.home, "+fct_seller_pay")
    with duckdb.connect(str(store_of(log.home, "restricted"))) as warehouse:
        for row in pay.strip().splitlines():
            warehouse.execute(
                "insert into restricted.restricted.fct_seller_pay by name select ?::date as month_start, "
                "? as person_id, ? as branch_id, ? as team_id, ? as territory_id, "
                "?::decimal(18, 2) as fixed_value, ?::decimal(18, 2) as variable_value, "
                "0 as employer_cost_value",
                row.split(" "),
            )
    models.build(log.home, *(f"int_pay_groups_in_{step}" for step in STEPS), "int_pay_groups")
    with read_warehouse(log.home) as warehouse:
        found = warehouse.execute(
            "select month_start, person_id, group_name, is_safe, is_safe_in_branch, "
            "is_safe_in_team, is_safe_in_territory "
            "from intermediate.int_pay_groups order by month_start, person_id"
        ).fetchall()
    told = [", ".join(str(value) for value in row) for row in found]
    assert [line.replace("True", "true").replace("False", "false") for line in told] == (
        put_together.strip().splitlines()
    )
