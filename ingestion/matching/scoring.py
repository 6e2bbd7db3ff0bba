"""How likely it is that two leads are one person: a Splink model of addresses, numbers and names.

Belongs here: what is compared, with which weights, and how these are learnt. Does not belong here:
which leads there are, how their cells are spelled (`spelling`), and what follows from a match.

Splink is imported where it is used, because that takes half a second which no home without leads
should wait for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from splink import Linker

RECORDS = "records"
PAIRS = "pairs"
# With less there is nothing to learn from; of more, a sample says as much.
FEWEST_LEADS_TO_LEARN_FROM, FEWEST_PAIRS_TO_LEARN_FROM = 2_000, 100
_MOST_TO_LEARN_FROM = 200_000
_SAMPLED_PAIRS = 2e5
_SEED = 1
_RECORDS_PER_CHUNK = 500_000
_SAME_EMAIL = "l.email = r.email"
_SAME_NAME = "l.name = r.name and l.company = r.company"
# Digits that any spelling of a number ends with.
_TAIL = 7

# What decides for a level, the most telling first, and the chances of it among leads of one person
# and among others. The last level of each is all else.
_CONDITIONS: Mapping[str, Sequence[str]] = {
    "email": (
        "email_l = email_r",
        "damerau_levenshtein(email_l, email_r) <= 2",
    ),
    "phone": (
        "{same_phone}",
        "damerau_levenshtein(phone_l, phone_r) <= 1",
    ),
    "name": (
        "name_l = name_r and company_l = company_r",
        "name_l = name_r and (company_l is null or company_r is null or {like_company})",
        "{like_name} and (company_l = company_r or {like_company})",
        "name_l = name_r",
        "{like_name}",
    ),
}
_ALIKE = {
    "like_company": "coalesce(jaro_winkler_similarity(company_l, company_r) >= 0.92, false)",
    "like_name": "jaro_winkler_similarity(name_l, name_r) >= 0.9",
    "same_phone": " or ".join(
        f"coalesce(ends_with({left}_l, {right}_r) or ends_with({right}_r, {left}_l), false)"
        for left in ("phone", "other_phone")
        for right in ("phone", "other_phone")
    ),
}


@dataclass(frozen=True)
class Weights:
    """What the model knows of leads.

    Args:
        prior: Chance that two leads are one person before anything of them is compared.
        levels: For each comparison and level the chance of it among leads of one person, and among
            others.
        leads: How many leads they were learnt from; 0 for declared ones.
    """

    prior: float
    levels: Mapping[str, Sequence[tuple[float, float]]]
    leads: int = 0

    def dumped(self) -> str:
        """Writes them as JSON."""
        return json.dumps({"prior": self.prior, "levels": self.levels, "leads": self.leads})

    @classmethod
    def loaded(cls, text: str) -> Weights:
        """Reads what `dumped` wrote."""
        found = json.loads(text)
        levels = {name: [(m, u) for m, u in each] for name, each in found["levels"].items()}
        return cls(found["prior"], levels, found["leads"])


# An address, or a number, of one's own says by itself who somebody is; a name alone does not, nor
# does the address of another name.
DECLARED = Weights(
    prior=1e-4,
    levels={
        "email": [(0.75, 1e-6), (0.08, 1e-3), (0.17, 0.998999)],
        "phone": [(0.7, 2e-6), (0.05, 1e-4), (0.25, 0.999898)],
        "name": [
            (0.55, 3e-7),
            (0.15, 1e-4),
            (0.15, 1e-4),
            (0.04, 3e-4),
            (0.1, 3e-3),
            (0.01, 0.996499),
        ],
    },
)


def learnt(connection: duckdb.DuckDBPyConnection) -> Weights | None:
    """Learns weights from the leads themselves; None where they are too few.

    On one thread and of a sample that is chosen by ids: however many threads a machine has, equal
    leads give equal weights.

    Args:
        connection: With the table `records`.
    """
    (leads,) = _row(connection, f"select count(*) from {RECORDS}")
    if leads < FEWEST_LEADS_TO_LEARN_FROM:
        return None
    connection.execute(
        f"create or replace table learning as from {RECORDS} order by md5(lead_id), lead_id "
        f"limit {_MOST_TO_LEARN_FROM}"
    )
    (pairs,) = _row(
        connection,
        "select count(*) from learning as l join learning as r "
        "on l.email = r.email and l.name = r.name and l.lead_id < r.lead_id",
    )
    if pairs < FEWEST_PAIRS_TO_LEARN_FROM:
        return None
    (threads,) = _row(connection, "select current_setting('threads')")
    connection.execute("set threads = 1")
    try:
        return _learnt(connection, leads)
    finally:
        connection.execute(f"set threads = {threads}")


def _learnt(connection: duckdb.DuckDBPyConnection, leads: int) -> Weights:
    from splink.blocking_rule_library import CustomRule

    # Of leads that share an address or a number one is kept: what others have in common is chance.
    connection.execute(
        "create or replace table strangers as from learning qualify "
        "row_number() over (partition by coalesce(email, lead_id) order by lead_id) = 1 and "
        "row_number() over (partition by coalesce(right(phone, 7), lead_id) order by lead_id) = 1"
    )
    strangers = _linker(connection, DECLARED, "strangers")
    strangers.training.estimate_u_using_random_sampling(
        max_pairs=_SAMPLED_PAIRS, seed=_SEED, min_count_per_level=None
    )
    prior = _prior(connection)
    by_chance = _levels_of(strangers)
    known = {
        name: [
            (m, _within(u if u is not None else declared_u, prior / 1_000, 1.0))
            for (m, declared_u), (_, u) in zip(declared, by_chance[name], strict=True)
        ]
        for name, declared in DECLARED.levels.items()
    }
    for name, share in (("email", 100), ("phone", 50)):
        known[name][0] = (known[name][0][0], prior / share)
    known["name"][0] = (known["name"][0][0], prior / 300)
    start = replace(DECLARED, prior=prior, levels=known)
    linker = _linker(connection, start, "learning")
    for rule in (_SAME_EMAIL, _same_tail("phone", "phone"), _SAME_NAME):
        linker.training.estimate_parameters_using_expectation_maximisation(
            CustomRule(rule),
            fix_probability_two_random_records_match=False,
            fix_u_probabilities=True,
        )
    found = _levels_of(linker)
    levels = {
        name: [
            (_rounded(_within(m if m is not None else start_m, 1e-3, 1.0)), _rounded(u))
            for (start_m, u), (m, _) in zip(known[name], found[name], strict=True)
        ]
        for name in known
    }
    return Weights(_rounded(prior), levels, leads)


def score(connection: duckdb.DuckDBPyConnection, weights: Weights, probability: float) -> None:
    """Makes the table `pairs`: which two leads are one person, and by which weight.

    Args:
        connection: With the table `records`.
        weights: What the model knows.
        probability: From which on two leads count as one person.
    """
    linker = _linker(connection, weights, RECORDS)
    (leads,) = _row(connection, f"select count(*) from {RECORDS}")
    chunks = leads // _RECORDS_PER_CHUNK + 1
    # A little below: the chance is rounded before it is compared, so that no last bit decides.
    found = linker.inference.predict(
        threshold_match_probability=probability * 0.999,
        num_chunks_left=chunks,
        num_chunks_right=chunks,
        warning_mode="always",
    )
    connection.execute(
        f"create or replace table {PAIRS} as "
        "select least(lead_id_l, lead_id_r) as lead_id, "
        "greatest(lead_id_l, lead_id_r) as other_lead_id, "
        "max(round(match_weight, 4)) as match_weight "
        f"from {found.physical_name} where round(match_probability, 6) >= {probability!r} "
        "group by all order by all"
    )


def _same_tail(left: str, right: str) -> str:
    return f"right(l.{left}, {_TAIL}) = right(r.{right}, {_TAIL})"


def _linker(connection: duckdb.DuckDBPyConnection, weights: Weights, table: str) -> Linker:
    import splink.comparison_level_library as levels
    from splink import DuckDBAPI, Linker, SettingsCreator
    from splink.blocking_rule_library import CustomRule
    from splink.comparison_library import CustomComparison

    # It tells of its progress, and of levels that a home has no pairs for.
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    (has_others,) = _row(connection, f"select count(other_phone) > 0 from {table}")
    tails = [("phone", "phone")]
    if has_others:
        tails += [
            ("phone", "other_phone"),
            ("other_phone", "phone"),
            ("other_phone", "other_phone"),
        ]
    comparisons = []
    for name, conditions in _CONDITIONS.items():
        given = weights.levels[name]
        texts = [condition.format(**_ALIKE) for condition in conditions]
        comparisons.append(
            CustomComparison(
                output_column_name=name,
                comparison_levels=[
                    levels.NullLevel(name),
                    *(
                        levels.CustomLevel(text).configure(m_probability=m, u_probability=u)
                        for text, (m, u) in zip(texts, given, strict=False)
                    ),
                    levels.ElseLevel().configure(
                        m_probability=given[-1][0], u_probability=given[-1][1]
                    ),
                ],
            )
        )
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="lead_id",
        probability_two_random_records_match=weights.prior,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[
            CustomRule(rule)
            for rule in (_SAME_EMAIL, *(_same_tail(*each) for each in tails), _SAME_NAME)
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
        additional_columns_to_retain=[],
    )
    api = DuckDBAPI(connection=connection)
    return Linker(api.register(table, table_name=f"{table}_in"), settings, log_level=None)


def _levels_of(linker: Linker) -> dict[str, list[tuple[float | None, float | None]]]:
    model: dict[str, Any] = linker.misc.save_model_to_json()
    return {
        comparison["output_column_name"]: [
            (level.get("m_probability"), level.get("u_probability"))
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        ]
        for comparison in model["comparisons"]
    }


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return connection.execute(sql).fetchall()[0]


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _prior(connection: duckdb.DuckDBPyConnection) -> float:
    """Gives the share of pairs that agree in two things, which seldom happens by chance."""
    (share,) = _row(
        connection,
        "with pairs as ("
        "select l.lead_id, r.lead_id as other from learning as l join learning as r "
        "on l.email = r.email and l.name = r.name and l.lead_id < r.lead_id union "
        "select l.lead_id, r.lead_id from learning as l join learning as r "
        f"on {_same_tail('phone', 'phone')} and l.name = r.name and l.lead_id < r.lead_id) "
        "select (select count(*) from pairs) / (count(*) * (count(*) - 1) / 2) from learning",
    )
    return _within(share, 1e-9, 1e-3)
