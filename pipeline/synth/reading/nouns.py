"""English nouns for the names of tables and columns: `CustFirstName` is "customer first name", `order_items` are items.

`words`, `one_and_many` and `column_nouns` are the whole interface. What they leave out: other languages than English,
words written together without any border (`ordernumber`), and abbreviations that are not in the list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_PARTS = re.compile(r"[A-Z]+s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
_GLUED = re.compile(r"([a-z]{3,})(name|date|key|code|type|id)")
_NOT_GLUED = {
    *("update", "candidate", "mandate", "surname", "nickname", "filename", "prototype", "barcode", "monkey", "turkey"),
    *("surnames", "rename", "validate", "consolidate", "jockey", "hockey", "whiskey", "decode", "encode", "hybrid"),
    *("subtype", "liquid", "valid", "invalid", "solid", "rapid", "fluid", "covid", "stupid", "orchid", "android"),
    *("asteroid", "steroid", "void", "acid", "avoid", "paid", "unpaid", "prepaid", "sid", "grid", "bid", "kid", "said"),
    *("madrid", "david", "squid", "pyramid", "genotype", "phenotype", "timid", "vivid", "opioid", "celluloid"),
}  # fmt: skip
_SHORT = {
    "abbr": "abbreviation", "abbrev": "abbreviation", "acc": "account", "acct": "account", "addr": "address",
    "amt": "amount", "attr": "attribute", "avg": "average", "bal": "balance", "bday": "birthday", "bldg": "building",
    "cat": "category", "cnt": "count", "cnty": "county", "comp": "company", "cust": "customer", "ctry": "country",
    "curr": "currency", "dept": "department", "desc": "description", "descr": "description", "dest": "destination",
    "dist": "district", "div": "division", "dob": "date of birth", "doc": "document", "docs": "documents",
    "dt": "date", "dur": "duration", "emp": "employee", "exp": "experience", "ext": "extension", "fname": "first name",
    "freq": "frequency", "hrs": "hours", "hr": "hour", "img": "image", "ind": "indicator", "info": "information",
    "inv": "invoice", "lang": "language", "lat": "latitude", "len": "length", "lname": "last name", "loc": "location",
    "lng": "longitude", "lon": "longitude", "max": "maximum", "mfr": "manufacturer", "mgr": "manager",
    "mid": "middle", "min": "minimum", "mins": "minutes", "msg": "message", "mth": "month", "nbr": "number",
    "no": "number", "num": "number", "nums": "numbers", "ord": "order", "org": "organization", "orig": "original",
    "pct": "percentage", "perc": "percentage", "ph": "phone", "pop": "population", "pos": "position",
    "pref": "preference",
    "prev": "previous", "prod": "product", "proj": "project", "pwd": "password", "qty": "quantity", "quant": "quantity",
    "rcvd": "received", "ref": "reference", "reg": "registration", "rel": "release", "sal": "salary",
    "secs": "seconds", "seq": "sequence", "sess": "session", "spec": "specification", "src": "source",
    "st": "street", "std": "standard", "stmt": "statement", "stu": "student", "sub": "sub", "svc": "service",
    "tel": "telephone", "temp": "temperature", "tot": "total", "tx": "transaction", "txn": "transaction",
    "trx": "transaction",
    "univ": "university", "upd": "update", "usr": "user", "val": "value", "vol": "volume", "wt": "weight",
    "yr": "year", "yrs": "years", "zip": "zip code", "zipcode": "zip code", "postcode": "postal code",
    "firstname": "first name", "lastname": "last name", "fullname": "full name", "username": "user name",
    "birthdate": "birth date", "birthday": "birthday", "startdate": "start date", "enddate": "end date",
}  # fmt: skip
_CAPITALS = {"isbn", "ssn", "url", "gdp", "gnp", "gpa", "usa", "uk", "eu", "us", "tv", "dvd", "cd", "ip", "iban", "vat"}
_NOT_NOUNS = {"tbl", "table", "tab", "dim", "fact", "vw", "mst"}  # a prefix of some tables' names, which says nothing

_PREPOSITIONS = {"in", "of", "at", "for", "by", "with", "on", "to"}
_IRREGULAR = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "foot": "feet", "tooth": "teeth",
    "mouse": "mice", "goose": "geese", "ox": "oxen", "criterion": "criteria", "phenomenon": "phenomena",
    "analysis": "analyses", "basis": "bases", "crisis": "crises", "diagnosis": "diagnoses", "thesis": "theses",
    "hypothesis": "hypotheses", "axis": "axes", "index": "indexes", "matrix": "matrices", "leaf": "leaves",
    "life": "lives", "wife": "wives", "knife": "knives", "half": "halves", "shelf": "shelves", "wolf": "wolves",
    "hero": "heroes", "potato": "potatoes", "tomato": "tomatoes", "echo": "echoes", "quiz": "quizzes", "bus": "buses",
    "medium": "media", "datum": "data", "alumnus": "alumni", "movie": "movies", "series": "series", "cookie": "cookies",
    "species": "species", "staff": "staff", "status": "statuses", "address": "addresses", "gas": "gases",
    "lens": "lenses",
    "campus": "campuses", "virus": "viruses", "bonus": "bonuses", "census": "censuses", "corpus": "corpora",
    "sheep": "sheep", "fish": "fish", "aircraft": "aircraft", "offspring": "offspring", "tie": "ties", "pie": "pies",
    "zombie": "zombies", "cache": "caches", "axe": "axes", "shoe": "shoes", "toe": "toes", "clothes": "clothes",
}  # fmt: skip
_SINGULAR = {many: one for one, many in _IRREGULAR.items()}
_MASS = {
    "information", "equipment", "furniture", "weather", "news", "music", "software", "hardware", "inventory",
    "attendance", "personnel", "feedback", "traffic", "money", "mail", "transportation", "housing", "luggage",
    "history",
    "data", "content", "stock",
}  # fmt: skip


def words(name: str) -> list[str]:
    """The lower-case English words in a name, abbreviations written out: `unitPrice_amt` gives unit, price, amount."""
    if not re.search(r"[a-z]", name) or name == name.capitalize():
        name = name.lower()  # UPPER_CASE: capitals are no borders
    found: list[str] = []
    for part in _PARTS.findall(name):
        word = part.lower()
        if (glued := _GLUED.fullmatch(word)) and word not in _NOT_GLUED:
            found += [*_SHORT.get(glued[1], glued[1]).split(), *_SHORT.get(glued[2], glued[2]).split()]
        else:
            found += _SHORT.get(word, word).split()
    return found or [name.lower()]


def spoken(parts: Sequence[str]) -> str:
    """The words as one noun; some are written in capitals."""
    return " ".join(part.upper() if part in _CAPITALS else "ID" if part in ("id", "ids") else part for part in parts)


def singular(word: str) -> str:
    """Of a plural its singular, of any other word itself."""
    if word in _MASS or word in _IRREGULAR or len(word) < 3:
        return word
    if word in _SINGULAR:
        return _SINGULAR[word]
    for ending, instead in (("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("zzes", "zz")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def plural(word: str) -> str:
    """Of a singular its plural; words that have none, and plurals, stay as they are."""
    if word in _MASS or word in _SINGULAR or singular(word) != word:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def one_and_many(name: str) -> tuple[str, str]:
    """A table's noun in the singular and in the plural. A word that has no plural gets one: "inventory records"."""
    parts = words(name)
    while len(parts) > 1 and (parts[0] in _NOT_NOUNS or len(parts[0]) == 1):
        parts = parts[1:]
    if len(parts) > 1 and parts[-1] in _NOT_NOUNS:
        parts = parts[:-1]
    # Of "singer in concert" there are singers in concert.
    head = next((n for n, part in enumerate(parts) if n and part in _PREPOSITIONS), len(parts)) - 1
    if parts[head] == "data" and head:
        parts = [*parts[: head - 1], singular(parts[head - 1]), *parts[head:]]
    noun = singular(parts[head])
    one, many = ([*parts[:head], form, *parts[head + 1 :]] for form in (noun, plural(noun)))
    if head == len(parts) - 1 and (parts[head] in _MASS or one == many):
        if "staff" in parts:
            one, many = [*parts, "member"], [*parts, "members"]
        elif parts[-1] in _MASS:
            one, many = [*parts, "record"], [*parts, "records"]
    return spoken(one), spoken(many)


def column_nouns(table: str, columns: Sequence[tuple[str, str]]) -> list[str]:
    """A noun for each column (its name, and what is known to be said of it), different within the table.

    What a table's columns have in common at their beginning goes, as does the table's own noun before a name
    (`film_title` of films is a title), unless another column then had the same noun, or it is an identifier.
    """
    own = [word for word in words(table) if word not in _NOT_NOUNS]
    own = [*own[:-1], singular(own[-1])] if own else own
    known = [words(said or name) for name, said in columns]
    first = Counter(parts[0] for parts in known if len(parts) > 1)
    common = next((w for w, n in first.items() if n >= 3 and n > 0.7 * len(known) and (len(w) <= 3 or [w] == own)), "")
    shorter = []
    for parts in known:
        if common and parts[0] == common and len(parts) > 1:
            parts = parts[1:]
        rest = (
            parts[len(own) :]
            if own and [*parts[: len(own) - 1], *map(singular, parts[len(own) - 1 : len(own)])] == own
            else []
        )
        keeps = not rest or rest[0] in ("id", "by", "of", "to", "key", "number", "code") or rest[0].isdigit()
        shorter.append(parts if keeps else rest)
    taken = Counter(spoken(parts) for parts in shorter)
    nouns: list[str] = []
    for (name, _), full, parts in zip(columns, known, shorter, strict=True):
        noun = spoken(parts) if taken[spoken(parts)] == 1 else spoken(full)
        nouns.append(noun if noun not in nouns else name.replace("_", " "))
    return nouns
