"""A haulier: depots, drivers, trucks, shipments and what went wrong on the way."""

from pipeline.synth.samples.domain import Column, Domain, Table, key
from pipeline.synth.samples.domains.words import CITIES, COUNTRIES, PEOPLE
from pipeline.synth.samples.rows import Amount, Choice, Day, Later, Named, Ref, Score, Whole

DEPOTS = (("North", "South", "East", "West", "Central", "Old", "New"), ("Depot", "Hub", "Yard"))
TRUCKS = (("Atlas", "Bison", "Comet", "Drake", "Falcon", "Titan"), tuple(f"{n}" for n in range(10, 40)))

LOGISTICS = Domain(
    "freight_company",
    (
        Table(
            "depots",
            "depot",
            "depots",
            14,
            (
                key("depot_id"),
                Column("name", Named(DEPOTS)),
                Column("country", Choice(COUNTRIES[:5]), where=("in {}", "located in {}", "with country {}")),
                Column("capacity", Whole(900, 0.7, 20, low=100), high="largest", low="smallest"),
                Column(
                    "opened_on",
                    Day("2001-01-01", "2015-12-31", quiet_sundays=False),
                    says="opening date",
                    lead="opened",
                ),
            ),
        ),
        Table(
            "drivers",
            "driver",
            "drivers",
            120,
            (
                key("driver_id"),
                Column("depot_id", Ref("depots", 0.6), of="based at"),
                Column("name", Named(PEOPLE)),
                Column(
                    "licence",
                    Choice(("C", "CE", "D")),
                    where=("with licence {}", "with a licence of class {}", "holding licence {}"),
                ),
                Column(
                    "rating",
                    Score((1, 2, 4, 7, 5)),
                    adds=False,
                    null=0.15,
                    missing=("without a rating", "with a rating"),
                ),
                Column("monthly_wage", Whole(2900, 0.25, 10, low=1800)),
                Column("hired_on", Day("2010-01-01", "2021-12-31"), says="hire date", lead="hired"),
            ),
        ),
        Table(
            "trucks",
            "truck",
            "trucks",
            90,
            (
                key("truck_id"),
                Column("depot_id", Ref("depots", 0.6), of="parked at"),
                Column("name", Named(TRUCKS)),
                Column(
                    "fuel",
                    Choice(("diesel", "electric", "gas"), 1.0),
                    where=("with fuel {}", "running on {}", "with fuel type {}"),
                    says="fuel type",
                ),
                Column("max_load", Whole(7000, 0.5, 100, low=1500), says="maximum load", adds=False),
                Column("mileage", Whole(90000, 0.7, 500, low=1000)),
                Column(
                    "inspected_on",
                    Day("2023-01-01", "2024-12-31"),
                    null=0.3,
                    says="inspection date",
                    lead="inspected",
                    missing=("that were never inspected", "that were inspected"),
                ),
            ),
        ),
        Table(
            "shipments",
            "shipment",
            "shipments",
            17000,
            (
                key("shipment_id"),
                Column("driver_id", Ref("drivers", 0.5), of="handled by", has="who handled"),
                Column("truck_id", Ref("trucks", 0.5), of="carried by", has="that carried"),
                Column("destination", Choice(CITIES), where=("to {}", "going to {}", "with destination {}")),
                Column(
                    "priority",
                    Choice(("normal", "express", "fragile"), 1.2),
                    where=("with priority {}", "with {} priority", "of {} priority"),
                ),
                Column("weight", Whole(420, 0.9, 5, low=5), high="heaviest", low="lightest"),
                Column("distance", Whole(310, 0.7, 1, low=5), high="longest", low="shortest"),
                Column(
                    "shipped_on",
                    Day("2022-01-01", "2024-12-31", 0.5),
                    says="shipping date",
                    lead="shipped",
                    indexed=True,
                ),
                Column(
                    "delivered_on",
                    Later("shipped_on", 3),
                    null=0.12,
                    says="delivery date",
                    lead="delivered",
                    missing=("that are not delivered yet", "that were delivered"),
                ),
            ),
        ),
        Table(
            "incidents",
            "incident",
            "incidents",
            4200,
            (
                key("incident_id"),
                Column("shipment_id", Ref("shipments", 0.4, idle=0.2), of="affecting", has="with"),
                Column(
                    "cause",
                    Choice(("delay", "damage", "theft", "accident", "weather"), 1.0),
                    where=("caused by {}", "with cause {}", "due to {}"),
                ),
                Column("cost", Amount(240, 1.0)),
                Column("hours_lost", Whole(4, 0.7, 1, low=1), says="number of hours lost"),
                Column(
                    "reported_on",
                    Later("shipped_on", 4, "shipments", "shipment_id"),
                    says="report date",
                    lead="reported",
                ),
                Column(
                    "settled_on",
                    Later("reported_on", 30),
                    null=0.3,
                    says="settlement date",
                    lead="settled",
                    missing=("that are not settled", "that are settled"),
                ),
            ),
        ),
    ),
)
