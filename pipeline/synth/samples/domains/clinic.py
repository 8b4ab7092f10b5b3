"""A clinic: departments, doctors, patients, appointments and prescriptions."""

from pipeline.synth.samples.domain import Column, Domain, Table, key
from pipeline.synth.samples.domains.words import CITIES, PEOPLE, words
from pipeline.synth.samples.rows import Amount, Choice, Day, Named, Phone, Ref, Score, Whole

SPECIALTIES = words("Cardiology Surgery Neurology Oncology Pediatrics Radiology Urology Dermatology")

CLINIC = Domain(
    "city_clinic",
    (
        Table(
            "departments",
            "department",
            "departments",
            8,
            (
                key("department_id"),
                Column("name", Named((SPECIALTIES,))),
                Column(
                    "building",
                    Choice(("North", "South", "East")),
                    where=("in the {} building", "in building {}", "located in the {} building"),
                ),
                Column("beds", Whole(24, 0.6, 1, low=4), says="number of beds"),
            ),
        ),
        Table(
            "doctors",
            "doctor",
            "doctors",
            70,
            (
                key("doctor_id"),
                Column("department_id", Ref("departments", 0.5), of="working in"),
                Column("name", Named(PEOPLE)),
                Column(
                    "grade",
                    Choice(("senior", "junior", "chief"), 0.7),
                    where=("of grade {}", "with grade {}", "holding the {} grade"),
                ),
                Column("salary", Whole(6400, 0.3, 50, low=3000)),
                Column("hired_on", Day("2008-01-01", "2021-12-31"), says="hire date", lead="hired"),
            ),
        ),
        Table(
            "patients",
            "patient",
            "patients",
            2200,
            (
                key("patient_id"),
                Column("name", Named(PEOPLE)),
                Column(
                    "gender", Choice(("female", "male"), 0.3), where=("of gender {}", "with gender {}", "who are {}")
                ),
                Column("city", Choice(CITIES[:12]), where=("from {}", "in {}", "living in {}")),
                Column("blood_type", Choice(("O", "A", "B", "AB")), where=("with blood type {}", "of blood type {}")),
                Column("phone", Phone(), null=0.15, missing=("without a phone number", "with a phone number")),
                Column("born_on", Day("1940-01-01", "2015-12-31", quiet_sundays=False), says="birth date", lead="born"),
            ),
        ),
        Table(
            "appointments",
            "appointment",
            "appointments",
            13000,
            (
                key("appointment_id"),
                Column("patient_id", Ref("patients", 0.7, idle=0.06), of="booked by", has="who booked"),
                Column("doctor_id", Ref("doctors", 0.6), of="with"),
                Column(
                    "status",
                    Choice(("completed", "cancelled", "missed"), 1.5),
                    where=("with status {}", "that were {}", "marked as {}"),
                ),
                Column(
                    "reason",
                    Choice(("checkup", "pain", "injury", "vaccination", "infection", "allergy")),
                    where=("for {}", "with reason {}", "booked for {}"),
                ),
                Column("fee", Amount(70, 0.5)),
                Column("minutes", Whole(25, 0.5, 5, low=5), says="duration", high="longest", low="shortest"),
                Column(
                    "held_on", Day("2022-01-01", "2024-12-31", 0.25), says="appointment date", lead="held", indexed=True
                ),
            ),
        ),
        Table(
            "prescriptions",
            "prescription",
            "prescriptions",
            8000,
            (
                key("prescription_id"),
                Column("appointment_id", Ref("appointments", 0.3), of="from"),
                Column(
                    "drug",
                    Choice(words("ibuprofen amoxicillin insulin aspirin codeine statin zinc")),
                    where=("for {}", "of {}", "for the drug {}"),
                ),
                Column(
                    "form", Choice(("tablet", "syrup", "cream")), where=("in {} form", "with form {}", "given as {}")
                ),
                Column("dose_mg", Whole(200, 0.7, 10, low=10), says="dose", adds=False),
                Column("days", Whole(8, 0.5, 1, low=1), says="number of days"),
                Column(
                    "refills",
                    Score((6, 3, 2, 1)),
                    null=0.6,
                    says="number of refills",
                    missing=("without refills", "with refills"),
                ),
            ),
        ),
    ),
)
