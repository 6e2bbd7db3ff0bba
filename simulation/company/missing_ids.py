"""Ids that rows refer to although no table has them.

Belongs here: these ids. Does not: which rows have them.
"""

MISSING_ACCOUNT = "AC-9999999"
MISSING_USER = "US-9999"
MISSING_PRODUCT = "PR-99"
MISSING_TERRITORY = "TY-999"
MISSING_OPPORTUNITY = "OP-99999999"
MISSING_LEAD = "LD-9999999"
MISSING_CAMPAIGN = "CP-999"
LEAD_QUEUE = "GR-INBOUND"
"""Whom leads belong to that nobody has taken yet: a queue, which is no user."""
