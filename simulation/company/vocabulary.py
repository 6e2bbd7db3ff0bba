"""The words the demo company is made of: places, products, stages and names, all invented.

Belongs here: constants. Does not: anything drawn at random.
"""

from dataclasses import dataclass

CURRENCIES = ("USD", "EUR", "GBP", "CAD")
REPORTING_CURRENCY = "USD"

COUNTRY_CURRENCY = {
    "United States": "USD",
    "Canada": "CAD",
    "United Kingdom": "GBP",
    "Ireland": "EUR",
    "Germany": "EUR",
    "Portugal": "EUR",
    "France": "EUR",
}


def words_of(text: str) -> tuple[str, ...]:
    """Give the words of a text, as a long list of them is easier read."""
    return tuple(text.split())


@dataclass(frozen=True)
class Place:
    """A city in which the company may have a branch office."""

    city: str
    country: str
    region: str


PLACES = (
    Place("Austin", "United States", "Americas"),
    Place("Hamburg", "Germany", "Europe"),
    Place("Leeds", "United Kingdom", "Europe"),
    Place("Toronto", "Canada", "Americas"),
    Place("Denver", "United States", "Americas"),
    Place("Lyon", "France", "Europe"),
    Place("Porto", "Portugal", "Europe"),
    Place("Boise", "United States", "Americas"),
    Place("Montréal", "Canada", "Americas"),
    Place("Dublin", "Ireland", "Europe"),
    Place("Köln", "Germany", "Europe"),
    Place("Bristol", "United Kingdom", "Europe"),
)


@dataclass(frozen=True)
class Product:
    """A product of the catalogue.

    Attributes:
        typical_price: Centre of the deals' amounts in whole US dollars.
        list_price: Price in cents of `currency_code`; None where the catalogue names none.
        currency_code: Empty where the catalogue leaves it out, which means the reporting currency.
    """

    product_id: str
    name: str
    family: str
    typical_price: int
    list_price: int | None
    currency_code: str
    is_active: bool = True


PRODUCTS = (
    Product("PR-01", "Ledger Core", "Ledger", 9_000, 899_00, "USD"),
    Product("PR-02", "Ledger Plus", "Ledger", 21_000, 2_150_00, "USD"),
    Product("PR-03", "Ledger Archive", "Ledger", 4_000, 449_50, "USD"),
    Product("PR-04", "Harbor Orders", "Harbor", 14_000, 1_299_99, "USD"),
    Product("PR-05", "Harbor Stock", "Harbor", 11_000, 1_049_00, ""),
    Product("PR-06", "Harbor Returns", "Harbor", 5_500, 520_00, "USD"),
    Product("PR-07", "Signal Desk", "Signal", 7_000, 689_00, "EUR"),
    Product("PR-08", "Signal Voice", "Signal", 16_000, 1_575_25, "EUR"),
    Product("PR-09", "Signal Insight", "Signal", 33_000, 3_299_00, "USD"),
    Product("PR-10", "Onboarding", "Services", 6_000, 1_200_00, "USD"),
    Product("PR-11", "Bespoke Work", "Services", 26_000, None, ""),
    Product("PR-12", "Ledger Classic", "Ledger", 3_000, 299_00, "USD", is_active=False),
)


@dataclass(frozen=True)
class Stage:
    """A stage of the sales process; the probability is in hundredths."""

    stage_id: str
    name: str
    order: int
    probability: int
    forecast_category: str
    is_closed: bool = False
    is_won: bool = False


STAGES = (
    Stage("qualification", "Qualification", 1, 10, "pipeline"),
    Stage("discovery", "Discovery", 2, 25, "pipeline"),
    Stage("proposal", "Proposal", 3, 50, "best_case"),
    Stage("negotiation", "Negotiation", 4, 75, "commit"),
    Stage("won", "Won", 5, 100, "closed", is_closed=True, is_won=True),
    Stage("lost", "Lost", 6, 0, "closed", is_closed=True),
)
OPEN_STAGES = 4
NEGOTIATION, WON, LOST = 3, 4, 5

FORECAST_CATEGORIES = ("pipeline", "best_case", "commit", "closed", "omitted")
LEAD_SOURCES = ("website", "referral", "outbound", "trade fair", "partner", "advertising")
DEAL_TYPES = ("new business", "expansion", "renewal")
LOSS_REASONS = ("price", "competitor", "no decision", "timing", "missing feature")
COMPETITORS = ("Castellan Suite", "Brightwater", "Osprey Works")
SEGMENTS = ("enterprise", "mid-market", "small business")
INDUSTRIES = (
    "retail",
    "logistics",
    "manufacturing",
    "health care",
    "software",
    "education",
    "energy",
    "finance",
)

GIVEN_NAMES = (
    "Amara Bruno Chloé Dario Elif Farid Greta Hanna Ivo Jasmin Kofi Lena Mateo Nadia Oskar Priya "
    "Quentin Rosa Sanna Tariq Uma Viktor Wanda Xavier Yara Zoltán Aylin Björn Carmen Dmitri"
).split()
FAMILY_NAMES = (
    "Abbott Bergström Castillo Dubois Ellery Fontaine Grünwald Haddad Ibsen Jansen Kowalski "
    "Lindqvist Moreau Nakamura Okafor Petrov Quiroga Rossi Sandoval Tanaka Ueda Varga Whitlock "
    "Ximenes Yıldız Zeller Amsel Barros Cho Delgado Eriksen Falk Gallo Hofer Iyer Jokinen Keane "
    "Lopes Mbeki Novák"
).split()

ACCOUNT_FIRST_WORDS = (
    "Quiet Amber Northern Silver Open Bright Stone River Cedar Copper Blue Green High Iron Lunar "
    "Maple Noble Orchid Prairie Quartz Red Solar Tidal Urban Violet Western Yellow Zephyr Alpine "
    "Café Coral Delta Ember Forest Golden Hollow Indigo Jade Kestrel Linden"
).split()
ACCOUNT_SECOND_WORDS = (
    "Harbor Foods|Textiles|Freight|Clinics|Instruments|Bakeries|Energy|Robotics|Schools|Optics|"
    "Paper|Motors|Gardens|Software|Insurance|Glass|Tools|Airways|Furniture|Chemicals|Hotels|"
    "Pharma|Cables|Printing|Cycles|Coffee|Shipping|Metals|Seeds|Studios|Telecom|Timber|"
    "Ceramics|Games|Laundries|Pumps|Sensors|Toys|Vineyards|Water"
).split("|")
# One form has a comma and one a quotation mark, so that extracts need quoted fields.
ACCOUNT_FORMS = ("Ltd", "Group", "GmbH", ", Inc.", "SA", "Partners", 'and "Sons"', "Co-op")
