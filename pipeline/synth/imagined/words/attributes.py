"""Attributes that are numbers, years, dates or flags: "sorts | low high digits | attributes"; no sorts are all."""

INTEGERS = """
person | 16 90 | age, retirement age
person | 140 205 | body height in cm
person | 0 40 | years of experience, years of service, number of siblings
person | 0 12 | number of dependents, number of languages, number of pets
person | 50 20000 | number of followers, number of fans
person,group | 1 200 | world rank, ranking, seed number
person,event | 0 100 | points, goals, number of wins, number of losses, test score, penalties
thing,work | 0 2000 | stock, stock level, units sold, copies sold, reorder level
thing | 1 500 | pack size, number of pieces, voltage, horsepower, serial digits
thing | 1 60 | warranty months, shelf days, floor level, shelf height
thing,place | 1 120 | number of rooms, number of seats, number of doors, number of windows, number of floors
place | 500 9000000 | population, number of inhabitants, number of visitors
place | 20 60000 | capacity, seating capacity, parking spaces
place,group | 1 4000 | number of employees, staff size, number of members, headcount, number of branches
place | -200 4800 | altitude, elevation
event | 1 50000 | attendance, audience size, number of guests, turnout
event | 5 480 | duration in minutes, delay in minutes, waiting time, play time
event | 1 60 | quantity, number of items, number of nights, number of attempts, number of days
event,work | 1 30 | round, stage number, position, lane, sequence, priority level, turn
work | 10 1400 | pages, number of pages, word count, number of chapters
work | 100 9000000 | views, number of downloads, likes, plays, number of ratings
work | 1 25 | track length, episode count, season number, disc count, edition number
group | 0 60 | titles won, championships, number of offices, number of founders
| 1 5 | stars, rating, grade level, severity, difficulty
| 0 100 | satisfaction, popularity, risk level, quality index, progress
| 1 1000 | sort order, batch size, line number, total count, code number, usage count, error count
"""

NUMBERS = """
person | 1200 180000 2 | salary, yearly income, bonus, hourly wage, pension, allowance
person | 42 140 1 | body weight
person | 0 4 2 | grade point average
person | -12 12 1 | handicap
thing | 0.5 4000 2 | price, unit price, list price, cost, purchase price, selling price, deposit amount
thing | 0.05 900 2 | weight, net weight, load
thing | 1 300 1 | width, depth, diameter, thickness, length, height, screen size
thing | 0.1 60 2 | fuel consumption, power, torque, current strength, volume, speed
thing,work | 0 10 1 | average rating, review score, score
thing | 0 40 2 | discount, tax rate, margin, alcohol content, fat, sugar, protein
place | 0.5 90000 2 | area, surface, land area, floor space
place | -90 90 4 | latitude
place | -180 180 4 | longitude
place | -25 42 1 | temperature, mean temperature, rainfall index
place | 300 9000 2 | rent, monthly rent, property value
event | 5 90000 2 | amount, total amount, total price, fee, paid amount, tax, cost total, revenue, tip
event | 0.2 900 2 | distance, route length
event | 0.5 48 1 | hours, hours worked, lap time, response time
group | 5000 90000000 2 | budget, turnover, profit, annual revenue, assets, sales, market value, debt, capital
work | 0.5 240 1 | running time, file size, reading time
work | 1 900 2 | licence fee, royalty, box office, production cost
| 0 100 2 | percentage, share, completion rate, success rate, accuracy, commission
| 0.01 50 3 | factor, coefficient, exchange rate, ratio, density, concentration
"""

YEARS = """
person | 1935 2006 | birth year, year of birth
person | 1985 2024 | joining year, graduation year, year hired, debut year
thing | 1990 2024 | model year, year built, year of manufacture, purchase year
place | 1400 2020 | construction year, year opened, foundation year
group | 1850 2022 | founding year, year founded, year established
work | 1950 2024 | release year, publication year, year
event | 1980 2024 | year, year held, fiscal year, academic year, starting year, final year
"""

DATES = """
person | 1940 2006 | birth date, date of birth, birthday
person | 1995 2024 | hire date, joined date, last login, enrolment date, leaving date, last visit
thing | 2010 2024 | purchase date, production date, expiry date, date acquired, last service date, date sold
place | 1960 2024 | opening date, date opened, last renovation
event | 2005 2024 | date, start date, end date, due date, order date, payment date, date held, cancellation date
event | 2015 2024 | time stamp, arrival time, departure time, finish time, booking date, shipped date, delivery date
group | 1900 2022 | founding date, registration date, date founded
work | 1970 2024 | release date, publication date, first broadcast, date written
| 2012 2024 | date created, last update, date modified, review date, approval date, valid from, valid until
"""

FLAGS = """
person | married, retired, smoker, certified, verified, left handed, full time, insured
thing | in stock, taxable, fragile, imported, organic, recyclable, waterproof, discontinued
place | open at night, wheelchair access, has parking, heated, licensed
event | paid, cancelled, confirmed, late, refunded, urgent, sold out
group | listed, non profit, public company, accredited
work | published, translated, explicit, bestseller, free download
| active, enabled, archived, visible, approved, deleted, featured, required
"""

NAMES = """
person | person | name, full name
person | person | contact name
person | first | first name, given name, nickname
person | last | last name, family name
thing | product | name, product name, label, item name, short name
place | place | name, place name, local name
place,event | title | name
event | title | title, event name, subject, motto
group | company | name, company name, legal name, trading name
work | title | title, name, original title, subtitle
"""

TEXTS = """
person | email | email, email address, contact email
person | phone | phone, phone number, mobile number, fax
person,place,group | address | address, street address, home address, postal address
person | place | birthplace, home town, place of birth
place,group,event | place | city, town, location, district
thing | code | serial number, product code, part number, model number, licence plate
event | code | reference number, tracking number, invoice number, booking code
place | code | postal code, zip code, area code
group,work | url | website, web address, link
event,work | person | host, organizer name, lead artist, narrator, reporter
group | person | founder, director, chairman, owner name, contact person
work,event | note | summary, abstract, plot, agenda, headline text
| note | description, comment, notes, remark, details, reason
| word | keyword, tag, alias, theme word
"""
