"""Verb phrases of links: from child to parent / back, and roles of two links to one parent."""

VERBS = (
    "placed by/that placed, owned by/that own, written by/that wrote, belonging to/with, of/with, in/with, "
    "for/that have, of/with, of/that have, from/with, at/with, made by/that made, created by/that created, "
    "managed by/that manage, led by/that lead, run by/that run, built by/that built, designed by/that designed, "
    "sold by/that sold, bought by/that bought, ordered by/that ordered, sent by/that sent, received by/that received, "
    "paid by/that paid, booked by/that booked, rented by/that rented, borrowed by/that borrowed, used by/that use, "
    "held by/that hold, hosted by/that hosted, organized by/that organized, attended by/that attended, "
    "visited by/that visited, reviewed by/that reviewed, rated by/that rated, approved by/that approved, "
    "signed by/that signed, issued by/that issued, recorded by/that recorded, reported by/that reported, "
    "supplied by/that supply, delivered by/that delivered, produced by/that produced, published by/that published, "
    "sponsored by/that sponsor, taught by/that teach, trained by/that train, supervised by/that supervise, "
    "treated by/that treated, examined by/that examined, handled by/that handled, processed by/that processed, "
    "operated by/that operate, maintained by/that maintain, repaired by/that repaired, inspected by/that inspected, "
    "tested by/that tested, checked by/that checked, planned by/that planned, scheduled by/that scheduled, "
    "requested by/that requested, submitted by/that submitted, assigned to/with, linked to/linked to, "
    "attached to/with, connected to/connected to, related to/related to, listed under/that list, filed under/with, "
    "stored in/that store, kept in/that keep, located in/that contain, found in/where there are, "
    "included in/that include, contained in/that contain, registered in/with registered, enrolled in/with enrolled, "
    "grouped under/that group, covered by/that cover, insured by/that insure, funded by/that fund, "
    "employed by/that employ, hired by/that hired, represented by/that represent, chosen by/that chose, "
    "selected by/that selected, preferred by/that prefer, described by/that describe, "
    "named after/that gave their name to, based at/that host, played by/that played, performed by/that performed, "
    "won by/that won, judged by/that judged, directed by/that directed, painted by/that painted, "
    "guided by/that guide, carried by/that carry, opened by/that opened, closed by/that closed, "
    "logged by/that logged, posted by/that posted, shared by/that shared, donated by/that donated, "
    "collected by/that collected, measured by/that measured, discovered by/that discovered"
)

# first role/of/has | second role/of/has
ROLES = (
    "home/hosted by/that hosted | away/travelled to by/that travelled to",
    "sender/sent by/that sent | receiver/received by/that received",
    "buyer/bought by/that bought | seller/sold by/that sold",
    "origin/starting from/where they start | destination/ending at/where they end",
    "first/opened by/that opened | second/closed by/that closed",
    "winner/won by/that won | loser/lost by/that lost",
    "from/moved from/left by | to/moved to/reached by",
    "requester/requested by/that requested | approver/approved by/that approved",
    "main/led by/that lead | backup/supported by/that support",
)
