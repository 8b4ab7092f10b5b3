"""Nouns for tables, by theme: "sort: nouns; sort: nouns". What a sort means is in `lexicon.Sort`."""

THEMES: dict[str, str] = {
    "shop": "person: customer, supplier, clerk, vendor; thing: product, gift card, coupon, receipt, basket, barcode; "
    "event: order, purchase, refund, promotion; place: shop, aisle, checkout; group: brand, retailer",
    "school": "person: student, teacher, pupil, tutor, principal; thing: textbook, exam, course, lesson, scholarship; "
    "event: semester, lecture, graduation; place: classroom, campus; group: school, faculty, study group",
    "hospital": "person: patient, doctor, nurse, surgeon, midwife; thing: prescription, drug, bed, vaccine, implant; "
    "event: appointment, surgery, diagnosis, checkup; place: ward, clinic; group: insurer, medical team",
    "transport": "person: driver, conductor, passenger, courier; thing: truck, tram, ticket, parcel, container; "
    "event: trip, delivery, breakdown; place: station, depot, bus stop, harbour; group: fleet, carrier",
    "aviation": "person: pilot, steward, mechanic; thing: aircraft, boarding pass, runway, engine; "
    "event: flight, inspection, landing; place: hangar, terminal, gate; group: airline, crew",
    "music": "person: singer, composer, drummer, producer; thing: guitar, instrument; "
    "work: song, album, playlist, symphony; event: concert, festival, rehearsal; group: band, orchestra, choir",
    "cinema": "person: actor, screenwriter, film critic; thing: camera, costume; work: film, scene, trailer, series; "
    "event: screening, premiere, audition; place: cinema; group: film studio",
    "books": "person: author, reader, editor, librarian, translator; thing: library card; "
    "work: book, poem, novel, magazine, article, chapter; event: loan, reading; place: library, bookshop; "
    "group: publisher, book club",
    "sport": "person: player, coach, referee, athlete, goalkeeper; thing: medal, jersey, trophy; "
    "event: match, tournament, transfer, training session, race; place: stadium, gym, pitch; group: team, league, club",
    "restaurant": "person: chef, waiter, guest, bartender; thing: dish, recipe, ingredient, menu, beverage, dessert; "
    "event: reservation, tasting; place: restaurant, kitchen, bakery; group: catering firm",
    "bank": "person: account holder, banker, debtor; thing: account, credit card, cheque, mortgage, overdraft; "
    "event: payment, deposit, withdrawal; place: bank branch, vault; group: bank, holding",
    "office": "person: employee, manager, intern, applicant, recruiter; thing: contract, desk, badge, payslip; "
    "event: meeting, interview, promotion round, absence; place: office, meeting room; group: department, company",
    "software": "person: developer, tester, administrator, subscriber; thing: server, licence, plugin, device, laptop; "
    "work: app, module, document; event: login, incident, deployment, bug; group: software vendor",
    "farming": "person: farmer, shepherd, beekeeper; thing: tractor, crop, cow, goat, egg, seed, fertilizer; "
    "event: harvest, milking; place: farm, field, barn, orchard; group: dairy, cooperative",
    "animals": "person: veterinarian, breeder, zookeeper; thing: dog, cat, horse, parrot, turtle, elephant; "
    "event: feeding, adoption, vaccination; place: zoo, aquarium, kennel; group: species, herd",
    "science": "person: researcher, scientist, laboratory assistant; thing: sample, microscope, molecule, theory; "
    "work: paper, data set, journal; event: experiment, conference, measurement; place: laboratory; group: institute",
    "housing": "person: tenant, landlord, estate agent, plumber; thing: apartment, lease, key ring, furnace; "
    "event: viewing, repair, eviction; place: house, building, garage, neighbourhood; group: housing association",
    "hotel": "person: receptionist, housekeeper, traveller; thing: room, suite, towel, minibar; "
    "event: booking, stay, complaint; place: hotel, resort, spa; group: hotel chain, tour operator",
    "factory": "person: worker, foreman, welder; thing: machine, spare part, tool, robot, conveyor; "
    "event: shift, maintenance job, accident; place: factory, workshop; group: manufacturer, subcontractor",
    "geography": "person: mayor, inhabitant; thing: river, mountain, lake, glacier, volcano, bridge; "
    "event: earthquake, census, flood; place: city, country, village, county, island, continent; group: tribe",
    "law": "person: lawyer, judge, witness, police officer, suspect; thing: statute, evidence item, fine; "
    "event: trial, arrest, lawsuit, burglary; place: courthouse, prison; group: law firm, jury",
    "politics": "person: politician, voter, senator, minister; thing: ballot, petition, treaty; "
    "event: election, debate, vote; place: constituency, embassy; group: party, committee, ministry",
    "art": "person: painter, sculptor, curator, collector; thing: frame, brush; "
    "work: painting, sculpture, sketch, photograph; event: exhibition, auction, restoration; "
    "place: museum, gallery; group: art dealer",
    "games": "person: gamer, champion, game master; thing: card, token, weapon, potion; work: video game, puzzle; "
    "event: duel, level up, achievement; place: dungeon, arena; group: guild, clan",
    "logistics": "person: picker, dispatcher; thing: pallet, forklift, crate, package, manifest; "
    "event: shipment, stocktake, customs check; place: warehouse, dock, loading bay; group: freight forwarder",
    "insurance": "person: policyholder, claimant, actuary; thing: policy, premium, invoice, voucher; "
    "event: claim, renewal, audit; place: head office; group: broker, underwriter",
    "energy": "person: electrician, meter reader; thing: turbine, solar panel, battery, power line, meter; "
    "event: outage, meter reading; place: power plant, substation, mine; group: utility, grid operator",
    "web": "person: user, follower, moderator, blogger; thing: avatar, hashtag, emoji, bookmark; "
    "work: post, comment, video, podcast, review; event: visit, click, like; place: web page; group: forum, channel",
    "space": "person: astronaut, engineer; thing: satellite, rocket, telescope, planet, star, asteroid, moon; "
    "event: launch, mission, eclipse; place: observatory, crater; group: space agency, galaxy",
    "events": "person: speaker, organizer, visitor, volunteer, sponsor; thing: booth, wristband, seat; "
    "event: workshop session, wedding, party night, donation; place: venue, theatre, stage; group: charity, society",
    "family": "person: person, child, parent, neighbour, nanny; thing: toy, bicycle, gift, wardrobe; "
    "event: birthday, holiday, playdate; place: playground, kindergarten; group: household, family",
    "media": "person: journalist, presenter, cartoonist; thing: antenna, billboard; "
    "work: newspaper, headline, broadcast, episode, advertisement; event: press release, campaign; "
    "place: newsroom; group: radio station, news agency",
    "fashion": "person: designer, model, tailor; thing: dress, shoe, fabric, handbag, button, scarf; "
    "work: collection, pattern; event: fashion show, fitting; place: boutique; group: fashion house",
    "cars": "person: mechanic's apprentice, car owner, racer; thing: car, tyre, spark plug, gearbox, motorcycle; "
    "event: test drive, collision, oil change; place: parking lot, petrol station; group: car maker, rental company",
    "nature": "person: ranger, hiker, botanist; thing: tree, flower, mushroom, butterfly, bird, shrub; "
    "event: sighting, wildfire, storm; place: forest, trail, national park, beach; group: plant family, habitat",
}

BRIDGES = (
    "enrolment, assignment, membership, participation, registration, subscription, allocation, appearance, "
    "collaboration, contribution, involvement, attendance, connection, relation, entry, line item, listing, "
    "placement, engagement, association, mapping, selection, nomination, detail"
)

MODIFIERS = (
    "shipping, billing, main, secondary, net, gross, base, local, previous, next, initial, monthly, annual, daily, "
    "weekly, internal, external, public, private, estimated, actual, planned, official, regional, national, global, "
    " online, default, preferred, special, standard, extra, domestic, foreign, personal, emergency, "
    "original, new, old, upper, lower, inner, outer, front, rear, opening, closing, starting, target, "
    "reported, expected, adjusted, approved, assigned, certified, senior, junior, head, chief, deputy, seasonal, "
    "temporary, permanent, mobile, remote, digital, legal, medical, technical, financial, commercial, industrial, "
    "parent, child, guest, home, sales, travel, storage, service, project, test, market, factory, source, destination"
)

KEYS = ("id", "key", "number", "nr")
CODE_KEYS = ("code", "number", "sku")
