"""Usual short forms in column names, and the names that SQL keeps for itself."""

_PAIRS = (
    "quantity/qty amount/amt number/no date/dt address/addr name/nm description/descr code/cd average/avg "
    "department/dept customer/cust employee/emp product/prod category/cat account/acct manager/mgr type/typ "
    "status/stat message/msg reference/ref organization/org company/comp position/pos percentage/pct "
    "percent/pct price/prc total/tot balance/bal invoice/inv order/ord payment/pmt telephone/tel phone/ph "
    "student/stu teacher/tchr course/crs university/univ country/ctry state/st city/cty street/str "
    "location/loc region/reg language/lang year/yr month/mth day/dy hour/hr minute/mnt second/sec week/wk "
    "weight/wt height/ht length/len width/wd temperature/temp distance/dist population/pop latitude/lat "
    "longitude/lng first/fst last/lst maximum/max minimum/min previous/prev current/cur start/strt "
    "end/fin created/crtd updated/upd flag/flg version/ver model/mdl service/svc vehicle/veh patient/pt "
    "doctor/doc appointment/appt transaction/txn shipment/shpmt warehouse/whse supplier/supp vendor/vend "
    "member/mbr project/proj contract/contr document/docu equipment/equip inventory/invt level/lvl value/val "
    "title/ttl rating/rtg score/scr count/cnt duration/dur capacity/cap comment/cmt notes/nts identifier/ident"
)
ABBREVIATIONS: dict[str, str] = dict(pair.split("/") for pair in _PAIRS.split())

# Keywords of SQLite and of the SQL that the parser reads; an identifier is none of them.
_KEYWORDS = (
    "abort action add after all alter always analyze and any array as asc attach autoincrement before begin "
    "between bigint both by call cascade case cast char character check cluster collate column commit conflict "
    "constraint create cross cube current current_date current_time current_timestamp current_user database "
    "databases day_hour declare default deferrable deferred delete desc describe detach distinct distribute div "
    "do drop each else end escape except exclude exclusive execute exists explain export fail false "
    "fetch filter final first following for force foreign format from full function generated glob global "
    "grant group grouping groups having if ignore ilike immediate in index indexed initially inner insert instead "
    "int integer intersect interval into is isnull join key keys kill last lateral leading left like limit list "
    "localtime lock map match materialized merge minus natural no not nothing notnull null nullif nulls of offset "
    "on only option or order others out outer over overlaps partition percent pivot plan pragma preceding "
    "primary procedure qualify query raise range recursive references regexp reindex release rename replace "
    "restrict returning revoke right rlike rollback rollup row rows savepoint schema select separator "
    "session_user set show some sort struct summarize table tables tablesample temp temporary then ties to top "
    "trailing transaction trigger true truncate unbounded union unique unnest unpivot until update use user using "
    "vacuum values view uncache virtual volatile when where window with within without xor zone"
)
RESERVED = frozenset(_KEYWORDS.split())
