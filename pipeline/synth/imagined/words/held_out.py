"""The words of the held-out lexicon: none of them is one of training's. Forms as in the modules beside this one."""

THEMES: dict[str, str] = {
    "seafaring": "person: sailor, captain, stowaway, navigator; thing: ship, cabin, lifeboat, buoy, propeller; "
    "event: cruise, shipwreck, mutiny; place: seaport, shipyard, lagoon, strait; group: armada, navy",
    "beekeeping and wine": "person: winemaker, sommelier, grower; thing: grape, barrel, decanter, hive, honey jar; "
    "event: crush, blending; place: vineyard, cellar, chateau, apiary; group: winery, appellation",
    "railway": "person: commuter, signaller, porter; thing: locomotive, wagonette, timetable, sleeper; "
    "event: derailment, layover; place: tunnel, junction, siding; group: railway, consortium",
    "dance": "person: dancer, choreographer, acrobat; thing: slipper, tutu; work: ballet, opera, musical; "
    "event: recital, gala; place: ballroom, circus; group: troupe, academy",
    "archaeology": "person: archaeologist, pharaoh, scribe; thing: artefact, coin, vase, skeleton, tomb; "
    "work: inscription, papyrus, manuscript; event: excavation, expedition; place: ruin, temple, cave; group: dynasty",
    "post": "person: postmaster, addressee, philatelist; thing: postmark, postcard, mailbag, telegram; "
    "event: dispatch, misdelivery; place: mailbox, pigeonhole; group: mail union",
    "rescue": "person: firefighter, paramedic, rescuer; thing: hydrant, ambulance, siren, extinguisher; "
    "event: evacuation, callout; place: watchtower, shelter; group: brigade, squad",
    "faith": "person: monk, abbot, pilgrim; thing: relic, rosary; work: hymn, psalm, sermon; "
    "event: baptism, pilgrimage; place: monastery, church, shrine; group: parish, diocese",
    "sweets": "person: confectioner, baker; thing: candy, biscuit, cake, waffle, pastry; event: pie contest, sampling; "
    "place: patisserie, cafeteria; group: confectionery, franchise",
    "carpentry": "person: joiner, carver, ironsmith; thing: plank, chisel, cupboard, stool, hinge; "
    "event: sanding, varnishing; place: sawmill, lumberyard; group: timber merchant",
}

BRIDGES = "pairing, linkage, posting, tie, stint, roster, secondment, affiliation, liaison"
MODIFIERS = (
    "nominal, seaward, provisional, bonded, interim, maximal, ceremonial, rural, nightly, "
    "overseas, substitute, inherited, corrected, yearlong, brim, festive, honorary"
)
KEYS = ("ref", "identifier", "uid", "pk")
CODE_KEYS = ("ref", "mark", "acronym")

VERBS = (
    "steered by/that steered, guarded by/that guard, inherited by/that inherited, nominated by/that nominated, "
    "ordained by/that ordained, summoned by/that summoned, baked by/that baked, carved by/that carved, "
    "rescued by/that rescued, forwarded by/that forwarded, anchored at/with, moored at/with, "
    "unearthed by/that unearthed, conducted by/that conducted, blessed by/that blessed, sheltered in/that shelter, "
    "bound for/for, assessed by/that assessed, franked by/that franked, reserved by/that reserved, "
    "cared for by/that care for, overseen by/that oversee"
)
ROLES = (
    "outbound/departing from/that dispatch | inbound/arriving at/that welcome",
    "donor/donating from/that give | beneficiary/benefiting/that take",
    "elder/mentored by/that mentor | younger/accompanied by/that accompany",
)

INTEGERS = """
person | 17 80 | seniority, lifespan
person | 0 45 | tenure, apprenticeships, decorations, bravery tally
person,group | 1 90 | standing, placing
thing | 2 400 | mileage, tonnage, spokes, candlepower, calories
thing | 1 900 | backlog, leftovers
place | 40 800000 | residents, pilgrims per annum
place | 8 9000 | berths, pews, plots, tables laid, acreage
event | 3 12000 | spectators, casualties, onlookers, crowd
event | 2 90 | stopovers, soundchecks, tries, mishaps
work | 4 600 | verses, stanzas, folios, footnotes, encores
group | 2 700 | recruits, chapels, subsidiaries
| 1 10 | merit, rarity, danger, complexity, gravity
"""
NUMBERS = """
person | 900 90000 2 | stipend, earnings, dowry
person | 1 3 2 | stride
thing | 0.2 700 2 | postage, tariff, worth, surcharge, resale
thing | 0.1 80 1 | draught, girth, heft, buoyancy
place | 1 40000 1 | hectares, perimeter, catchment
place | -30 45 1 | heat, humidity
event | 10 80000 2 | proceeds, takings, expenditure, damages, toll
event | 0.5 30 1 | nautical miles, knots, span
group | 1000 5000000 2 | endowment, liquidity, inflow, overheads
work | 1 300 1 | tempo, loudness
| 0 100 2 | proportion, likelihood, yield, purity, moisture
"""
YEARS = """
person | 1930 2004 | birthyear
thing | 1890 2020 | vintage, minted
place,group | 1100 1990 | inception, chartered
work,event | 1700 2015 | premiered, era
"""
DATES = """
person | 1940 2004 | born, ordination
thing | 1995 2024 | fitted, overhauled, best before
event | 2000 2024 | deadline, embarkation, sailing, commencement, adjourned
group,place | 1850 2020 | consecrated, inaugurated, incorporated
work | 1900 2020 | unveiled, transcribed
| 2011 2024 | amended, revised, renewed, lapses
"""
FLAGS = """
person | ordainable, literate, vaccinated
thing | seaworthy, gilded, perishable, antique, locked
event | drizzly, ticketed, catered
place,group | walled, haunted, dissolved, affiliated
| provisory, lawful, audited, obsolete
"""
NAMES = """
person | person | sobriquet, byline
person | first | forename
person | last | surname
thing | product | designation, caption
place | place | toponym, designation
event | title | heading, caption
group | company | denomination, designation
work | title | heading, rubric
"""
TEXTS = """
person | phone | pager, hotline
person,group | email | mail, inbox
person | place | birthtown, abode, homeland
thing,event | code | hull sign, docket, waybill
place | address | whereabouts, directions
group,work | url | homepage, hyperlink
| note | memo, narrative, annotation, notice
| word | epithet, synonym, hallmark
"""

CATEGORIES = """
event | circumstance, standing of things | underway, moored, scuttled, arrived, overdue
event | tide, sea conditions | ebb, flow, slack water, neap
event | lunar quarter | crescent, waning, waxing, gibbous
event | settlement, remittance | banknotes, barter, instalments, prepaid
person | dignity, echelon | admiral, lieutenant, cadet, corporal, ensign
person | calling, vocation | cooper, blacksmith, weaver, miller, glazier, cobbler
person | temperament, disposition | cheerful, gruff, shy, jovial, stern
person | clanship, ancestry | Celtic, Nordic, Slavic, Persian, Mongol, Berber
person | voice, vocal range | soprano, alto, tenor, baritone
thing | lumber, veneer | walnut, mahogany, cedar, birch, ebony
thing | varietal, grape variety | merlot, riesling, shiraz, malbec, pinot
thing | rigging, hull | sloop, ketch, schooner, catamaran, brig
thing | preservation, decay | intact, cracked, corroded, fragmentary, patched
thing | hue, glaze | turquoise, ochre, maroon, teal, ivory, beige
thing | filling, topping | caramel, hazelnut, raspberry, marzipan, cinnamon
thing | gauge, calibre | slender, broad, metric
place | diocese rite, liturgy | Latin, Coptic, Anglican, Lutheran, Byzantine
place | epoch, historical period | neolithic, prehistoric, antiquity, medieval, renaissance
place | waterbody, adjoining water | sea, gulf, creek, fjord, estuary
place | homeland, canton | Tuscany, Provence, Andalusia, Bavaria, Flanders
group | command, corps | infantry, cavalry, artillery, signals
group | congregation | Franciscan, Benedictine, Jesuit, Carmelite
work | script, alphabet | cuneiform, runic, Cyrillic, hieroglyphic
work | tempo marking, pace | allegro, adagio, presto, largo
work | voicing, ensemble | duet, trio, quartet, solo
| classification | ordinary, extraordinary, exempt, classified
| confidentiality, secrecy | unclassified, sealed, embargoed
"""

FIRSTS = (
    "Agnes, Alfonso, Ambrose, Anouk, Basil, Blanche, Cedric, Clarence, Clemens, Cosima, Cyril, Delia, Dominic, "
    "Edmund, Eleanor, Elsa, Ernest, Eugene, Eulalia, Fabian, Flora, Geoffrey, Gilbert, Greta, Gwendolyn, Hector, "
    "Hilda, Horatio, Imogen, Ingrid, Isolde, Jerome, Juniper, Lamberto, Leopold, Lionel, Lothar, Ludwig, Mabel, Maud, "
    "Maurice, Millicent, Minerva, Norbert, Octavia, Odette, Ottilie, Percy, Philippa, Prudence, Reinhold, Roderick, "
    "Rufus, Sabine, Seraphina, Sigrid, Silas, Sylvester, Tabitha, Thaddeus, Tobias, Ulrich, Viola, Wilfred, "
    "Winifred, Zelda"
)
LASTS = (
    "Ainsworth, Arkwright, Ashdown, Bellamy, Blackwood, Bramley, Buckingham, Cavendish, Chandler, Copeland, "
    "Cromwell, Dampier, Digby, Drummond, Ellsworth, Fairfax, Fanshawe, Featherstone, Fothergill, Gainsborough, "
    "Goodfellow, Hargreaves, Hathaway, Hawthorne, Holloway, Kensington, Kingsley, Langdon, Lockwood, Lovelace, "
    "Merriweather, Montague, Mortimer, Northcote, Oakley, O'Malley, Pemberton, Pettigrew, Quimby, Radcliffe, "
    "Ravenscroft, Sedgwick, Shackleton, Somerset, Stanhope, Thackeray, Thornbury, Underwood, Vandermeer, Wadsworth, "
    "Wainwright, Whitcombe, Winterbourne, Wycliffe"
)
PLACES = (
    "Ajaccio, Alicante, Arles, Augsburg, Avignon, Bamberg, Bari, Bath, Bayonne, Bergamo, Bruges, Burgos, Cadiz, "
    "Cagliari, Calais, Colmar, Constanta, Dieppe, Dubrovnik, Ferrara, Freiburg, Galway, Gibraltar, Heidelberg, "
    "Honfleur, Izmir, Kilkenny, Leiden, Limerick, Lubeck, Lucca, Mantua, Maribor, Narvik, Oviedo, Padua, Parma, "
    "Plovdiv, Ravenna, Regensburg, Reims, Rouen, Rovaniemi, Salamanca, Siena, Stavanger, Tarragona, Thessaloniki, "
    "Tromso, Uppsala, Varna, Whitby, Ypres, Zadar"
)
ADJECTIVES = (
    "umber, azure, brisk, crooked, drowsy, dusky, eternal, faded, fierce, frosty, gleaming, glassy, grand, hasty, "
    "lazy, jagged, jolly, keen, lush, mellow, mighty, nimble, odd, pale, perfect, plump, prickly, quaint, radiant, "
    "ragged, rosy, briny, serene, shaggy, sleek, snug, sombre, stout, sturdy, tangled, tidy, tranquil, twisted, "
    "vast, vivid, weary, wiry, witty, zesty"
)
THINGS = (
    "acorn, albatross, almanac, armchair, badger, balcony, bonfire, bramble, brook, bugle, carousel, chimney, "
    "clover, comet, cupola, cradle, cricket, daisy, dolphin, dulcimer, eagle, fern, fiddle, flute, foxglove, gazette, "
    "goblet, harp, hedge, heron, ivy, jasmine, kayak, kite, lark, lobster, lute, marigold, marshland, mermaid, "
    "mistletoe, nutmeg, otter, owl, parasol, peacock, plum, pumpkin, quill, raft, rooster, saffron, seagull, "
    "sparrow, spindle, squirrel, sundial, swan, thicket, thistle, trumpet, umbrella, violin, walrus, whale, willow, "
    "windmill"
)
COMPANY_ENDINGS = "Inc, Brothers, Guildhall, Traders, Outfitters, Shipwrights, Mills, Emporium"
STREETS = "Row, Crescent, Mews, Terrace, Close, Boulevard"
PLACE_PARTS = "Wharf, Croft, Abbey, Ridge, Haven, Quay"
