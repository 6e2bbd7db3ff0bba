"""Leads among which some people stand twice, as people write themselves: the answer is known."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import combinations

LATIN = (
    [
        "Sara",
        "Ali",
        "Reza",
        "Maryam",
        "John",
        "Emma",
        "Lukas",
        "Anna",
        "Peter",
        "Olga",
        "Hassan",
        "Omid",
        "Nina",
        "Paul",
        "Jana",
        "Erik",
        "Ines",
    ],
    [
        "Khan",
        "Smith",
        "Müller",
        "Rossi",
        "Novák",
        "Jensen",
        "Silva",
        "Moradi",
        "Jones",
        "Brown",
        "Fischer",
        "Weber",
        "López",
        "Costa",
        "Chen",
    ],
    [
        "Nord",
        "Blue",
        "Alpha",
        "Delta",
        "Solar",
        "Metro",
        "Prime",
        "Atlas",
        "Vertex",
        "Orion",
        "Quantum",
        "River",
        "Falcon",
        "Cedar",
    ],
    [
        "Systems",
        "Logistics",
        "Foods",
        "Energy",
        "Media",
        "Health",
        "Trading",
        "Labs",
        "Works",
        "Textiles",
        "Motors",
        "Steel",
    ],
)
PERSIAN = (
    [
        "علی",
        "رضا",
        "محمد",
        "علی\u200cرضا",
        "مریم",
        "فاطمه",
        "مهدی",
        "امید",
        "کیان",
        "یاسمن",
        "کامران",
    ],
    ["محمدی", "احمدی", "کریمی", "مرادی", "یوسفی", "کاظمی", "رحیمی", "اکبری", "کیانی", "شریفی"],
    ["البرز", "دماوند", "کاسپین", "آریا", "پارس", "یاقوت", "کیمیا", "نیکان"],
    ["صنعت", "تجارت", "انرژی", "پویا", "سازه", "نگار"],
)
SUFFIXES = ["", " نژاد", " پور", " فر"]
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
FIRST_CREATED = datetime(2026, 1, 1, 8)


def planted(number: int, share: float = 0.1, seed: int = 1) -> tuple[list[dict], list[int]]:
    """Gives leads, in the order of their creation, and for each the number of its person."""
    rng = random.Random(seed)
    people = [_person(rng) for _ in range(round(number * (1 - share)))]
    rows, persons = list(people), list(range(len(people)))
    for _ in range(number - len(people)):
        person = rng.randrange(len(people))
        rows.append(_again(people[person], rng))
        persons.append(person)
    order = rng.sample(range(number), number)
    rows, persons = [rows[n] for n in order], [persons[n] for n in order]
    for place, row in enumerate(rows):
        row["lead_id"] = f"L{place:06d}"
        row["created_at"] = FIRST_CREATED + timedelta(minutes=place)
    return rows, persons


def pairs_of(groups: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def f1(rows: list[dict], persons: list[int], kept: Mapping[str, str]) -> float:
    """Compares pairs of leads that were found with those that are one person."""
    true, found = defaultdict(list), defaultdict(list)
    for row, person in zip(rows, persons, strict=True):
        true[person].append(row["lead_id"])
        found[kept.get(row["lead_id"], row["lead_id"])].append(row["lead_id"])
    right, wrong = pairs_of(true.values()), pairs_of(found.values())
    return 2 * len(right & wrong) / (len(right) + len(wrong))


def _person(rng: random.Random) -> dict:
    is_persian = rng.random() < 0.3
    given, family, first, second = PERSIAN if is_persian else LATIN
    name = f"{rng.choice(given)} {rng.choice(['', '', 'A. ', 'M. ']) if not is_persian else ''}"
    name = f"{name}{rng.choice(family)}{rng.choice(SUFFIXES) if is_persian else ''}"
    company = f"{rng.choice(first)} {rng.choice(second)} {rng.randint(1, 60)}"
    company = f"شرکت {company}" if is_persian else company + rng.choice(["", " Inc", " GmbH"])
    domain = rng.choice(["mail.example", "post.example", f"firm{rng.randint(1, 900)}.example"])
    letters = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=8))
    own = f"9{rng.randint(0, 999_999_999):09d}"
    return {
        "lead_name": name,
        "company_name": company if rng.random() < 0.9 else None,
        "email": f"{letters}@{domain}" if rng.random() < 0.85 else None,
        "phone": f"+{'98' if is_persian else '1'}{own}" if rng.random() < 0.8 else None,
    }


def _again(person: dict, rng: random.Random) -> dict:
    name, company = person["lead_name"], person["company_name"]
    email, phone = person["email"], person["phone"]
    if rng.random() < 0.5:
        name = name.replace("ی", "ي").replace("ک", "ك").replace("\u200c", rng.choice([" ", ""]))
    if rng.random() < 0.25:
        name = _mistyped(name, rng)
    if rng.random() < 0.3:
        name = name.upper()
    if rng.random() < 0.1:
        given, _, family = name.partition(" ")
        name = f"{family}, {given}"
    if company and rng.random() < 0.4:
        company = company.replace(" Inc", ", Inc.").replace("شرکت ", "").upper()
    is_reached_by = rng.choice(["both", "both", "email", "phone"])
    if phone:
        phone = _spelled(phone, rng) if is_reached_by != "email" or not email else None
    if email:
        spelled = rng.choice([email, email, email.upper(), f" {email}", _mistyped(email, rng)])
        email = spelled if is_reached_by != "phone" or not phone else None
    return {"lead_name": name, "company_name": company, "email": email, "phone": phone}


def _mistyped(text: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(text) - 1)
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
            text[:at] + "a" + text[at:],
        ]
    )


def _spelled(phone: str, rng: random.Random) -> str:
    own, code = phone[-10:], phone[1:-10]
    return rng.choice(
        [
            f"00{code}{own}",
            f"0{own}",
            own,
            f"+{code} (0) {own[:3]}-{own[3:]}",
            f"({own[:3]}) {own[3:6]}-{own[6:]}",
            f"0{own}".translate(PERSIAN_DIGITS),
            f"+{code} {own} ext. 12",
        ]
    )
