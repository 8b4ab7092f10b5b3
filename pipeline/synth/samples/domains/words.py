"""Words that several domains share. Few on purpose: the models that learn from them are tiny."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


FIRST_NAMES = words(
    "Adam Alice Anna Ben Carla Clara Daniel David Diana Elena Emma Eric Felix Grace Hanna Hugo Ivan Jack Jane Julia "
    "Karl Kate Laura Leo Linda Lucas Lucy Maria Mark Martin Mia Nina Noah Olga Oscar Paul Peter Rosa Sara Simon "
    "Sofia Tara Thomas Tina Victor Vera Walter Zoe"
)
LAST_NAMES = words(
    "Adler Allen Baker Bauer Berg Black Brown Carter Clark Cole Cooper Costa Cruz Davis Diaz Evans Fischer Ford Fox "
    "Garcia Gray Green Hall Hill Hughes Jones Keller King Klein Lang Lee Lopez Martin Meyer Miller Moore Nash Novak "
    "Olsen Parker Perez Price Reed Rossi Schmidt Silva Smith Stone Taylor Turner Vogel Walker Ward Weber White Wood "
    "Young Zeller"
)
PEOPLE = (FIRST_NAMES, LAST_NAMES)
CITIES = words(
    "London Berlin Madrid Paris Rome Vienna Lisbon Dublin Prague Warsaw Oslo Athens Zurich Lyon Porto Leeds "
    "Hamburg Milan"
)
COUNTRIES = words("Germany France Spain Italy Poland Ireland Norway Austria Portugal Greece")
