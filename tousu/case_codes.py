"""The codes beside the domain: kinds of case, signals, authorities and levels of attention, in the order of the model's columns.

What each means stands in ``data/signals.toml``, ``data/authorities.toml`` and ``data/attention.toml``.
"""

KINDS = ("complaint", "report", "both", "consult", "other")
SIGNALS = ("repeat", "group", "injury", "vulnerable", "escalation", "crime", "claimant")
AUTHORITIES = (
    "police", "traffic_police", "urban_management", "housing", "environment", "labour", "transport", "education",
    "health", "civil_affairs", "agriculture", "land", "finance", "telecom_post", "utilities", "culture_tourism",
    "tax_customs", "fire", "tobacco", "justice", "government", "none",
)  # fmt: skip
LEVELS = ("normal", "watch", "urgent")
