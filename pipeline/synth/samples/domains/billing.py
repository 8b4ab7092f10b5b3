"""A software company's billing: plans, accounts, subscriptions, invoices and support tickets."""

from pipeline.synth.samples.domain import Column, Domain, Table, key
from pipeline.synth.samples.domains.words import COUNTRIES, words
from pipeline.synth.samples.rows import Amount, Choice, Day, Later, Named, Ref, Score, Whole

PLANS = (("Starter", "Team", "Pro", "Enterprise"), ("Monthly", "Yearly", "Trial"))
BRANDS = words(
    "Acorn Amber Apex Arrow Beacon Birch Bright Cedar Cobalt Copper Coral Crest Dawn Echo Ember Falcon Fjord Flint "
    "Grove Haven Iris Ivory Jade Juniper Lark Lotus Lunar Maple Marble Mint Nova Ocean Onyx Opal Orbit Pearl Pine "
    "Quartz Raven Ridge River Robin Sage Shore Slate Solar Spark Tidal Velvet Willow"
)
FIRMS = (
    BRANDS,
    words(
        "Analytics Bank Books Bikes Care Clinic Design Energy Estate Farms Film Fitness Foods Games Group Homes "
        "Insurance Kitchen Labs Law Logistics Media Motors Music Network Partners Pharma Power Press Print Robotics "
        "School Security Software Sports Studio Systems Textiles Tours Travel"
    ),
)

BILLING = Domain(
    "software_billing",
    (
        Table(
            "plans",
            "plan",
            "plans",
            10,
            (
                key("plan_id"),
                Column("name", Named(PLANS)),
                Column(
                    "support_level",
                    Choice(("basic", "premium")),
                    where=("with {} support", "with support level {}", "offering {} support"),
                ),
                Column("price", Amount(120, 0.9), adds=False),
                Column("max_users", Whole(25, 1.0, 5, low=5), says="maximum number of users", adds=False),
            ),
        ),
        Table(
            "accounts",
            "account",
            "accounts",
            1800,
            (
                key("account_id"),
                Column("name", Named(FIRMS)),
                Column(
                    "industry",
                    Choice(("retail", "finance", "health", "education", "media", "energy")),
                    where=("in the {} industry", "from the {} industry", "with industry {}"),
                ),
                Column("country", Choice(COUNTRIES), where=("in {}", "from {}", "located in {}")),
                Column(
                    "employees", Whole(70, 1.1, 1, low=1), says="number of employees", high="largest", low="smallest"
                ),
                Column(
                    "source",
                    Choice(("search", "partner", "event", "advert")),
                    null=0.3,
                    where=("acquired through {}", "with source {}", "coming from {}"),
                    missing=("without a known source", "with a known source"),
                ),
                Column("created_on", Day("2018-01-01", "2020-12-31"), says="creation date", lead="created"),
            ),
        ),
        Table(
            "subscriptions",
            "subscription",
            "subscriptions",
            3600,
            (
                key("subscription_id"),
                Column("account_id", Ref("accounts", 0.6, idle=0.07), of="held by"),
                Column("plan_id", Ref("plans", 0.8), of="on"),
                Column(
                    "renewal",
                    Choice(("automatic", "manual"), 1.2),
                    where=("with {} renewal", "with renewal type {}", "on {} renewal"),
                    says="renewal type",
                ),
                Column("seats", Whole(9, 0.9, 1, low=1), says="number of seats"),
                Column("started_on", Day("2021-01-01", "2022-12-31"), says="start date", lead="started"),
                Column(
                    "cancelled_on",
                    Day("2023-01-01", "2024-12-31"),
                    null=0.65,
                    says="cancellation date",
                    lead="cancelled",
                    missing=("that are still active", "that were cancelled"),
                ),
            ),
        ),
        Table(
            "invoices",
            "invoice",
            "invoices",
            14000,
            (
                key("invoice_id"),
                Column("subscription_id", Ref("subscriptions", 0.4), of="for"),
                Column(
                    "method",
                    Choice(("card", "transfer", "debit"), 1.0),
                    says="payment method",
                    where=("paid by {}", "with payment method {}", "billed by {}"),
                ),
                Column("amount", Amount(180, 0.9)),
                Column(
                    "issued_on", Day("2023-01-01", "2024-12-31", 0.2), says="issue date", lead="issued", indexed=True
                ),
                Column(
                    "paid_on",
                    Later("issued_on", 14),
                    null=0.1,
                    says="payment date",
                    lead="paid",
                    missing=("that are unpaid", "that are paid"),
                ),
            ),
        ),
        Table(
            "tickets",
            "ticket",
            "tickets",
            5000,
            (
                key("ticket_id"),
                Column("account_id", Ref("accounts", 0.8, idle=0.25), of="opened by", has="that opened"),
                Column(
                    "topic",
                    Choice(("login", "billing", "bug", "export", "training")),
                    where=("about {}", "on the topic {}", "with topic {}"),
                ),
                Column(
                    "urgency",
                    Choice(("low", "medium", "high")),
                    where=("with {} urgency", "of {} urgency", "with urgency {}"),
                ),
                Column("replies", Score((4, 6, 5, 3, 2, 1, 1)), says="number of replies"),
                Column(
                    "satisfaction",
                    Score((1, 1, 3, 5, 4)),
                    says="satisfaction score",
                    null=0.35,
                    adds=False,
                    missing=("without a satisfaction score", "with a satisfaction score"),
                ),
                Column("opened_on", Day("2022-01-01", "2024-12-31"), says="opening date", lead="opened"),
            ),
        ),
    ),
)
