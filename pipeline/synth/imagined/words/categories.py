"""Attributes with few values: "sorts | attributes | values"; no sorts are all."""

CATEGORIES = """
event | status, order status, state | pending, shipped, delivered, cancelled, returned, on hold, processing
event | payment method, paid with | credit card, cash, bank transfer, cheque, direct debit, mobile wallet, voucher
event | priority, urgency | low, medium, high, critical
event | result, outcome | win, loss, draw, abandoned, postponed
event | season, time of year | spring, summer, autumn, winter
event | weekday, day of week | Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
event | month | January, February, March, April, May, June, July, August, September, October, November, December
event | time slot, part of day | early morning, morning, noon, afternoon, evening, night
event | weather | sunny, cloudy, rainy, windy, snowy, foggy
event | cause, trigger | human error, power failure, bad weather, overload, wear, sabotage
event | booking channel, sales channel | phone, website, app, travel agent, counter, partner
event | competition, competition type | league, cup, friendly, playoff, qualifier
event | surface, court surface | clay, grass, hard, carpet, sand
event | shipping mode, delivery type | standard, express, overnight, pick up, same day
event | phase, project phase | planning, design, construction, testing, launch, closing
event | event type, occasion | wedding, birthday party, conference, trade fair, funeral, reunion
event | visit reason, purpose | business, leisure, family visit, study, medical treatment
event | decision, verdict | guilty, acquitted, settled, dismissed, appealed
event | alert level, warning level | green, yellow, amber, red
event | incident type | fire, theft, leak, collision, fall, data loss, vandalism
event | currency | dollar, euro, pound, yen, franc, krona, peso
person | gender, sex | female, male, other
person | job title, position, role | manager, engineer, analyst, clerk, technician, assistant, director, consultant
person | nationality, citizenship | French, Indian, Brazilian, Kenyan, Canadian, Polish, Japanese, Mexican, Dutch
person | marital status | single, married, divorced, widowed
person | education, degree, highest degree | none, diploma, bachelor, master, doctorate
person | major, field of study | biology, history, physics, economics, law, philosophy, chemistry, mathematics
person | blood type | A, B, AB, O
person | eye colour, hair colour | brown, blue, green, grey, hazel, black, blond
person | membership level, loyalty tier | bronze, silver, gold, platinum
person | playing position, field position | goalkeeper, defender, midfielder, striker, winger
person | profession, occupation | farmer, teacher, nurse, lawyer, carpenter, pilot, cook, journalist, plumber
person | hobby, favourite sport | chess, tennis, rowing, climbing, photography, fishing, cycling, yoga
person | religion | Catholic, Muslim, Hindu, Buddhist, Jewish, Orthodox
person | shift, work shift | day shift, night shift, late shift, weekend
person | skill, main skill | welding, cooking, drawing, coding, negotiation, first aid
person | salutation, form of address | Mr, Mrs, Ms, Dr, Prof
person | specialty, specialization | cardiology, neurology, surgery, dermatology, pediatrics, oncology
person | allergy, food allergy | nuts, milk, eggs, pollen, shellfish, wheat
person | dominant hand | left, right, both
person | diet | vegan, vegetarian, gluten free, kosher, halal
person,work | language, mother tongue | English, Spanish, Arabic, Hindi, Swahili, German, Korean, Portuguese, Greek
thing | colour, paint colour | red, blue, green, black, white, silver, orange, dark grey, light blue
thing | size, clothing size | small, medium, large, extra large
thing | material, raw material | wood, steel, glass, plastic, leather, cotton, ceramic, aluminium
thing | category, product type | electronics, furniture, clothing, toys, groceries, garden tools, stationery
thing | condition | new, like new, used, refurbished, damaged, worn
thing | fuel, fuel type | petrol, diesel, electric, hybrid, hydrogen
thing | body type, vehicle class | sedan, hatchback, pickup, van, coupe, minibus
thing | shape | round, square, oval, triangular, rectangular, flat
thing | flavour, taste | vanilla, chocolate, lemon, strawberry, salty, sour, mint
thing | packaging, container type | box, bag, bottle, can, pallet, drum, envelope
thing | operating system | linux, windows, android, custom firmware
thing | connector, port type | usb, hdmi, serial, ethernet, bluetooth
thing | breed | poodle, beagle, terrier, collie, husky, bulldog, spaniel
thing | storage class, hazard class | frozen, chilled, ambient, flammable, toxic, corrosive
thing | unit, unit of measure | kilogram, gram, litre, piece, dozen, metre
thing | quality, grade | premium, regular, economy, second choice
thing | power source | mains, battery, solar, wind, steam
thing | card type, account type | checking, savings, business, student, joint, credit
thing | policy type, cover | health, car, home, travel, life, liability
thing | room type, bed type | single, double, twin, king, family suite, dormitory
thing | course level, difficulty level | beginner, intermediate, advanced, expert
thing | form of drug, dosage form | tablet, capsule, syrup, injection, ointment, drops
thing | scent, fragrance | lavender, rose, pine, citrus, sandalwood
thing | gemstone | ruby, emerald, sapphire, opal, topaz
thing | lens type | wide angle, telephoto, macro, zoom
place | country, nation | Canada, Kenya, Brazil, Japan, Norway, Egypt, Vietnam, Ireland, New Zealand, South Africa
place | continent, world region | Africa, Asia, Europe, Oceania, North America, South America
place | climate, climate zone | tropical, temperate, arid, polar, continental, mediterranean
place | compass direction, wing | north, south, east, west, centre
place | building type, property type | detached house, bungalow, office block, warehouse, villa, cottage
place | soil, soil type | loam, peat, chalk, silt, gravel
place | land use | residential, commercial, agricultural, forest, military
place | terrain | mountainous, hilly, coastal, desert, plain, swamp
place | cuisine, kitchen style | Italian, Thai, Lebanese, Ethiopian, Peruvian, seafood, barbecue
place | architecture, building style | gothic, baroque, modern, brutalist, colonial, victorian
place | government form, form of government | republic, monarchy, federation, territory
place | time zone | eastern, pacific, mountain, atlantic, greenwich
place,group | region, sales region | north east, midlands, highlands, south coast, capital area
group | industry, sector, branch of business | banking, retail, energy, tourism, mining, telecom, agriculture, software
group | legal form, ownership | limited, partnership, sole trader, public, cooperative, state owned
group | division, conference division | eastern division, western division, premier, amateur, juniors
group | genre, music style | rock, jazz, folk, hip hop, classical, electronic, reggae, blues
group | political wing, orientation | liberal, conservative, green, socialist, centrist
group | conservation status | vulnerable, endangered, extinct, least concern
group | alliance, network | star network, blue circle, open group, west pact
group | funding source | donations, government, membership fees, grants
work | genre, kind, book genre | drama, comedy, thriller, horror, romance, science fiction, documentary, fantasy
work | format, file format | paperback, hardcover, audio, digital, vinyl, pdf
work | age rating, audience | everyone, teens, adults only, children
work | art style, art movement | impressionism, cubism, realism, surrealism, abstract
work | technique, medium | oil, watercolour, charcoal, pastel, bronze, marble
work | licence type | open source, proprietary, royalty free, freeware
work | edition, release type | first edition, deluxe, remastered, live, demo
work | mood | happy, sad, calm, angry, dreamy
work | platform, console | desktop, handheld, arcade, browser, cloud
work | publication status | draft, in review, accepted, rejected, retracted
| type, kind of entry | internal, external, mixed, special, temporary
| level, tier | basic, plus, professional, enterprise
| group name, section | alpha, beta, gamma, delta
| mode | manual, automatic, assisted, idle
| source, origin | survey, import, manual entry, sensor, partner feed
| frequency, interval kind | hourly, daily, weekly, monthly, quarterly, yearly
| visibility, access level | public, private, restricted, secret
| approval state, review state | approved, waiting, declined, expired
"""
