"""How words become identifiers."""

from __future__ import annotations

import random

from pipeline.synth.imagined.english import plural
from pipeline.synth.imagined.naming import Abbreviator, cased, shortened


def test_plurals_cases_and_abbreviations() -> None:
    plurals = {
        "customer": "customers",
        "gift card": "gift cards",
        "city": "cities",
        "child": "children",
        "policeman": "policemen",
        "class": "classes",
        "series": "series",
        "shelf": "shelves",
        "key": "keys",
        "human": "humans",
    }
    assert {noun: plural(noun) for noun in plurals} == plurals
    words = ["customer", "id"]
    assert [cased(words, case, big_id=True) for case in ("snake", "Title_Snake", "Camel", "lowerCamel", "flat")] == [
        "customer_id",
        "Customer_ID",
        "CustomerID",
        "customerID",
        "customerid",
    ]
    assert (cased(words, "UPPER"), cased(words, "spaced")) == ("CUSTOMER_ID", "customer id")
    rng = random.Random(1)
    assert (shortened("quantity", rng), shortened("id", rng)) == ("qty", "id")
    assert shortened("lighthouse", rng) in {"lghths", "lig", "ligh", "light"}
    short = Abbreviator(0.5, rng)
    assert short(["lighthouse"] * 9) == short(["lighthouse"]) * 9
