"""Hostile SQL for SQLite, as plain data. The tables are those of conftest.py; {folder} is the database's folder.

Statements that differ in nothing but a name or a number are left out: each tries a way of its own. Where SQLite changes
its mind about one (a function that is new, say), it belongs into another group.
"""

from __future__ import annotations

# Refused: for their text, or by SQLite when they are compiled.
REFUSED = [
    # tables, views, indexes, triggers
    "DROP TABLE singer",
    "DROP TABLE IF EXISTS notes",
    "DROP TABLE sqlite_master",
    "DROP INDEX IF EXISTS x",
    "DROP VIEW x",
    "CREATE TABLE x (a)",
    "CREATE TABLE x (a INT, b INT AS (a + 1) STORED) STRICT, WITHOUT ROWID",
    "CREATE TEMP TABLE x (a)",
    "CREATE TABLE x AS SELECT * FROM singer",
    "CREATE TABLE x AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "CREATE TABLE sqlite_stat1 (tbl, idx, stat)",
    "CREATE VIEW x AS SELECT 1",
    "CREATE TEMP VIEW singer AS SELECT 'shadowed' AS name",
    "CREATE TRIGGER x AFTER INSERT ON singer BEGIN DELETE FROM singer; END",
    "CREATE TEMP TRIGGER x INSTEAD OF DELETE ON singer BEGIN SELECT raise(IGNORE); END",
    "CREATE INDEX x ON singer (name)",
    "CREATE UNIQUE INDEX IF NOT EXISTS x ON singer (lower(name)) WHERE age > 1",
    "ALTER TABLE singer RENAME TO x",
    "ALTER TABLE singer ADD COLUMN x DEFAULT (randomblob(1000000))",
    "ALTER TABLE singer DROP COLUMN age",
    "ALTER TABLE singer RENAME COLUMN name TO nom",
    "ANALYZE",
    "ANALYZE singer",
    "REINDEX",
    # virtual tables
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "CREATE VIRTUAL TABLE temp.x USING rtree(a, b, c)",
    "CREATE VIRTUAL TABLE temp.x USING dbstat(main)",
    "CREATE VIRTUAL TABLE temp.x USING fts5vocab(main, notes, row)",
    "CREATE VIRTUAL TABLE temp.x USING csv(filename='/etc/passwd')",
    "CREATE VIRTUAL TABLE temp.x USING fts4(content='singer', tokenize=icu)",
    # rows
    "INSERT INTO singer VALUES (9, 'x', 1)",
    "INSERT INTO singer DEFAULT VALUES",
    "INSERT OR ROLLBACK INTO singer SELECT n, hex(zeroblob(1000)), n FROM numbers",
    "INSERT INTO singer VALUES (1, 'x', 1) ON CONFLICT (singer_id) DO UPDATE SET name = excluded.name",
    "INSERT INTO singer VALUES (9, 'x', 1) RETURNING singer_id",
    "INSERT INTO notes (notes) VALUES ('delete-all')",
    "INSERT INTO notes (notes, rank) VALUES ('automerge', 8)",
    "INSERT INTO notes_data VALUES (1, zeroblob(100))",
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (a)')",
    "UPDATE singer SET name = 'x'",
    "UPDATE singer SET name = 'x' RETURNING name",
    "UPDATE OR REPLACE singer SET singer_id = 1",
    "UPDATE singer SET name = b.n FROM numbers b WHERE b.n = singer_id",
    "UPDATE sqlite_master SET sql = 'CREATE TABLE singer (x)'",
    "UPDATE sqlite_dbpage SET data = zeroblob(4096) WHERE pgno = 1",
    "UPDATE pragma_user_version SET user_version = 7",
    "DELETE FROM singer",
    "DELETE FROM singer WHERE name LIKE '%' RETURNING *",
    "DELETE FROM notes_config",
    "REPLACE INTO singer VALUES (1, 'x', 1)",
    "TRUNCATE TABLE singer",
    "MERGE INTO singer USING latin ON singer_id = id WHEN MATCHED THEN DELETE",
    "COPY singer TO '{folder}/copy'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE singer",
    "IMPORT FROM '/etc/passwd'",
    # rows, behind a reading face
    "WITH c AS (SELECT 1) INSERT INTO singer SELECT 9, 'x', 1",
    "WITH c AS (SELECT 1) DELETE FROM singer WHERE 1",
    "WITH c AS (SELECT 1) UPDATE singer SET age = 0 RETURNING *",
    "WITH c AS (SELECT 1) REPLACE INTO singer SELECT 1, 'x', 1",
    "WITH RECURSIVE c(n) AS (SELECT 9 UNION ALL SELECT n + 1 FROM c) INSERT INTO singer SELECT n, n, n FROM c",
    "WITH c AS (DELETE FROM singer RETURNING *) SELECT * FROM c",
    "WITH a AS (SELECT 1), b AS (UPDATE singer SET age = 1 RETURNING age) SELECT * FROM a, b",
    "(DELETE FROM singer)",
    "SELECT * INTO x FROM singer",
    "SELECT * FROM singer FOR UPDATE",
    # other files
    "ATTACH DATABASE '{folder}/new.sqlite' AS x",
    "ATTACH 'file:{folder}/new.sqlite?mode=rwc' AS x KEY 'secret'",
    "ATTACH ':memory:' AS x",
    "ATTACH '' AS x",
    "ATTACH (SELECT name FROM singer LIMIT 1) AS x",
    "DETACH main",
    "DETACH DATABASE temp",
    "VACUUM",
    "VACUUM INTO '{folder}/copy.sqlite'",
    "VACUUM temp INTO (SELECT '{folder}/' || name FROM singer)",
    # code of others, and the insides of SQLite
    "SELECT load_extension('{folder}/evil.so')",
    "SELECT LOAD_EXTENSION('libc.so.6', 'system')",
    "SELECT \"load_extension\"/**/('libc.so.6')",
    "SELECT CASE WHEN 0 THEN load_extension('x') END",
    "SELECT 1 ORDER BY (SELECT `load_extension`('x'))",
    "SELECT name FROM singer WHERE [Load_Extension](name)",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "SELECT sqlite_log(1, 'x')",
    "SELECT optimize(notes) FROM notes",
    "SELECT rtreecheck('singer')",
    # pragmas
    "PRAGMA user_version = 7",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA soft_heap_limit(0)",
    "PRAGMA temp_store_directory = '{folder}'",
    "PRAGMA temp_store = FILE",
    "PRAGMA query_only = OFF",
    "PRAGMA trusted_schema = ON",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA mmap_size = 9223372036854775807",
    "PRAGMA cache_size = -100000000",
    "PRAGMA threads = 8",
    "PRAGMA busy_timeout = 2147483647",
    "PRAGMA integrity_check(1000000)",
    "PRAGMA optimize(0xfffe)",
    "PRAGMA incremental_vacuum",
    "PRAGMA schema_version = 1",
    "PRAGMA encoding = 'UTF-16le'",
    "PRAGMA key = 'secret'",
    "PRAGMA activate_extensions = 'see-secret'",
    "PRAGMA database_list",
    "PRAGMA main.table_info(singer)",
    "PRAGMA\tdata_version;SELECT 1",
    # pragmas that look like tables
    "SELECT * FROM pragma_journal_mode",
    "SELECT * FROM pragma_hard_heap_limit",
    "SELECT file FROM pragma_database_list",
    "SELECT * FROM pragma_integrity_check, numbers",
    "SELECT s.name, (SELECT count(*) FROM pragma_table_info(s.name)) FROM singer s",
    "SELECT * FROM singer LEFT JOIN pragma_optimize",
    "SELECT group_concat(name) FROM pragma_function_list",
    # transactions, locks, plans
    "BEGIN EXCLUSIVE",
    "BEGIN IMMEDIATE; DELETE FROM singer; COMMIT",
    "COMMIT",
    "END TRANSACTION",
    "ROLLBACK",
    "ROLLBACK TO SAVEPOINT x",
    "SAVEPOINT x",
    "RELEASE x",
    "LOCK TABLE singer",
    "EXPLAIN SELECT * FROM singer",
    "EXPLAIN QUERY PLAN SELECT * FROM singer",
    "EXPLAIN DELETE FROM singer",
    # other dialects' verbs
    "SET GLOBAL general_log = 1",
    "GRANT ALL ON singer TO public",
    "CALL shutdown()",
    "EXEC xp_cmdshell 'touch {folder}/owned'",
    "DO $$ BEGIN PERFORM pg_sleep(100); END $$",
    "KILL 1",
    "SHUTDOWN",
    "SHOW TABLES",
    "USE other",
    # several statements
    "SELECT 1; DROP TABLE singer",
    "SELECT 1; SELECT 2",
    "SELECT 1;;; DELETE FROM singer --",
    "SELECT 1 /* hidden */; /* here */ DROP TABLE singer",
    "SELECT 1 -- '\n; DROP TABLE singer",
    "SELECT 1 /* /* */ ; DROP TABLE singer -- */",
    "SELECT '\\'; DROP TABLE singer --'",
    "SELECT 1;" * 4000,
    "SELECT 1;" * 900,
    "; DROP TABLE singer",
    "-- SELECT 1\nDROP TABLE singer",
    "/* SELECT 1 */ DELETE FROM singer",
    "/*! SELECT 1 */ DROP TABLE singer",
    "SELECT 1 # \n; DROP TABLE singer",
    "SELECT 1 --\r; DROP TABLE singer\n; DROP TABLE singer",
    "SELECT `;`; DROP TABLE singer",
    "SELECT $$;$$; DROP TABLE singer",
    "SELECT [;--]\n; DROP TABLE singer",
    "SELECT e'\\'; DROP TABLE singer; --'",
    "SELECT 'a''; DROP TABLE singer; --'; DROP TABLE singer",
    "SELECT 1;\f\v\r\n\tDROP TABLE singer",
    "SELECT 1;\ufeffDROP TABLE singer",
    "SELECT CASE WHEN 1 THEN 1; DROP TABLE singer; END",
    "DELIMITER //\nSELECT 1//\nDROP TABLE singer//",
    "SELECT 1;" + " " * 45000 + "DROP TABLE singer",
    "SELECT 1;" + "--\n" * 3000 + "DROP TABLE singer",
    "/*" * 4000 + "*/ DROP TABLE singer",
    # characters
    "SELECT 1\0; DROP TABLE singer",
    "\0",
    "DROP\0 TABLE singer",
    "SELECT '\ud800'",
    'SELECT name AS "\udfff" FROM singer',
    "\udc80\udc81 DROP TABLE singer",
    "\uff24\uff32\uff2f\uff30 TABLE singer",
    "\uff33\uff25\uff2c\uff25\uff23\uff34 1",
    "SEL\u200bECT 1",
    "\u200bDROP TABLE singer",
    "\ufeffDROP TABLE singer",
    "\u202eregnis ELBAT PORD",
    "DROP\u2003TABLE\u2003singer",
    "\u0405\u0415\u041b\u0415\u0421\u0422 1",
    "dr\u0131p table singer",
    "SELECT 1\x1a; DROP TABLE singer",
    "\x1b[2J\x1b]0;owned\x07",
    # no SQL
    "",
    " \n\t ;; ",
    "-- SELECT 1",
    "/* SELECT 1",
    "I would write SELECT name FROM singer",
    "```sql\nDROP TABLE singer\n```",
    ".shell touch {folder}/owned",
    ".output {folder}/owned",
    "$(touch {folder}/owned)",
    '{"sql": "DROP TABLE singer"}',
    "<sql>DROP TABLE singer</sql>",
    "__import__('os').system('touch {folder}/owned')",
    "NULL",
    "42",
    # a megabyte of text
    "x" * 1_000_000,
    "SELECT '" + "x" * 1_000_000 + "'",
    "(" * 1_000_000,
    ";" * 999_990 + "DROP TABLE singer",
    "/*" * 500_000,
    "'" * 1_000_001,
    "SELECT " * 140_000,
    "\n" * 1_000_000 + "DROP TABLE singer",
    "-" * 1_000_000,
    "SELECT 1" + "," + "9" * 1_000_000,
    "\U0001f600" * 250_000,
    # they look worse than they are
    "\ufeffSELECT 1",
]

# Never answered, whatever the error: there is no such syntax, no such function, no such table.
FAILED = [
    # rows, behind a reading face
    "SELECT * FROM (INSERT INTO singer VALUES (9, 'x', 1) RETURNING *)",
    "SELECT (DELETE FROM singer RETURNING name)",
    "SELECT 1 WHERE EXISTS (UPDATE singer SET age = 1 RETURNING 1)",
    "SELECT 1 UNION DELETE FROM singer RETURNING 1",
    "SELECT name INTO OUTFILE '{folder}/names' FROM singer",
    "VALUES (1) RETURNING (DELETE FROM singer)",
    "SELECT raise(ROLLBACK, 'x')",
    # other files
    "SELECT writefile('{folder}/written', 'x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT edit('x')",
    "SELECT * FROM fsdir('/')",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM zipfile('{folder}/x.zip')",
    "SELECT lsdir('/'), lsmode(33188)",
    "SELECT sqlar_uncompress(zeroblob(100), 1000000000)",
    "SELECT eval('DROP TABLE singer')",
    "SELECT query('DELETE FROM singer')",
    "SELECT system('touch {folder}/owned')",
    "SELECT * FROM other.singer",
    "SELECT * FROM bytecode('DELETE FROM singer')",
    "SELECT * FROM sqlite_stmt",
    # code of others, and the insides of SQLite
    "SELECT matchinfo(notes, 'pcx') FROM notes",
    "SELECT fts5_decode(1, zeroblob(100)) FROM notes_data",
    "SELECT fts5_decode_none(id, block), fts5_isalnum(1), fts5_fold(2147483647) FROM notes_data",
    "SELECT sqlite_offset(name) FROM singer",
    "SELECT sqlite_filestat('main'), shell_add_schema('x', 'y', 'z')",
    "SELECT implies_nonnull_row(1, 2), expr_compare(1, 2), expr_implies_expr(1, 2)",
    "SELECT affinity(1), parseuri('file:x')",
    "SELECT sqlite_rename_table('main', '', '', 'singer', 'x', 0)",
    "SELECT sqlite_drop_column(0, 'CREATE TABLE singer (a)', 1)",
    # pragmas that look like tables
    "SELECT * FROM pragma_journal_mode('off')",
    "SELECT * FROM pragma_soft_heap_limit(0)",
    "WITH c AS (SELECT * FROM pragma_wal_checkpoint) SELECT * FROM c",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM pragma_query_only(0))",
    "SELECT * FROM pragma_data_version('main', 'temp')",
    # other dialects' verbs
    "SELECT sleep(100), pg_sleep(100), sqlite3_sleep(100000)",
    "SELECT benchmark(1000000000, md5('x'))",
    # several statements
    "SELECT x'; DROP TABLE singer --'",
    "SELECT 1 \\g\nDROP TABLE singer",
    "SELECT 1\nGO\nDROP TABLE singer",
    "SELECT 1\n.quit\nDROP TABLE singer",
    # characters
    "SELECT 'a\0b'",
    "SELECT\u00a01",
    "SELECT 1\uff1b DROP TABLE singer",
    "SELECT 1\u037e DROP TABLE singer",
    "SELECT \u2018x\u2019",
    "SELECT 1\x08\x08\x08 DROP TABLE singer",
    # no SQL
    "SELECT",
    "WITH",
    "VALUES",
    "Select the names of all singers who are older than thirty.",
    "SELECT %s, %n, {0}, ${jndi:ldap://127.0.0.1/x}",
    "SELECT ?, :a, @b, $c",
    "SELECT ?32766",
    "SELECT * FROM singer WHERE",
    "SELECT FROM WHERE GROUP BY ORDER BY LIMIT",
]

# They only read, but without end or measure: any error or a cut result will do, in time.
UNBOUNDED = [
    # endless recursion
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
    "WITH RECURSIVE c(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM c) SELECT max(length(s)) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT n FROM c ORDER BY n DESC",
    "WITH RECURSIVE c(n) AS MATERIALIZED (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT 1 FROM c LIMIT 1",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT n FROM c LIMIT -1",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c LIMIT 1 OFFSET 9000000000000",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n + b.n FROM c, numbers b) SELECT sum(n) FROM c",
    (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c UNION "
        "ALL SELECT n - 1 FROM c) SELECT max(n) FROM c"
    ),
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c ORDER BY 1 DESC) SELECT count(DISTINCT n) FROM c",
    (
        "WITH RECURSIVE c(b) AS (SELECT zeroblob(1000) UNION ALL SELECT "
        "randomblob(1000) FROM c) SELECT b FROM c ORDER BY b"
    ),
    "WITH RECURSIVE c(j) AS (SELECT '[]' UNION ALL SELECT json_array(j, j) FROM c) SELECT count(j) FROM c",
    "WITH RECURSIVE c(s) AS (SELECT 'a' UNION ALL SELECT printf('%s%s%s', s, s, s) FROM c) SELECT s FROM c",
    "SELECT (WITH RECURSIVE c(n) AS (SELECT s.age UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c) FROM singer s",
    "SELECT 1 WHERE 0 IN (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c)",
    (
        "SELECT 1 WHERE EXISTS (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL "
        "SELECT n + 1 FROM c) SELECT 1 FROM c WHERE n < 0)"
    ),
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM b), b(n) AS (SELECT n FROM a) SELECT * FROM a",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT CAST(x'ff' AS TEXT) || n FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT * FROM c JOIN singer ON name = n",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c EXCEPT SELECT n FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT sum(n) OVER (ORDER BY n) FROM c",
    (
        "WITH RECURSIVE c(n, p) AS (SELECT 2, 1 UNION ALL SELECT n + 1, n % "
        "7 FROM c) SELECT p, count(*) FROM c GROUP BY p"
    ),
    "WITH RECURSIVE c(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM c) SELECT a FROM c WHERE a < 0 AND a > 0",
    # products of tables
    "SELECT count(*) FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT * FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY a.n * b.n - c.n",
    "SELECT DISTINCT a.n * 1000000 + b.n * 1000 + c.n FROM numbers a, numbers b, numbers c ORDER BY 1 DESC",
    "SELECT count(*) FROM " + ", ".join(f"numbers t{i}" for i in range(60)),
    "SELECT count(*) FROM " + ", ".join(f"numbers t{i}" for i in range(70)),
    "SELECT count(*) FROM numbers a LEFT JOIN numbers b ON a.n <> b.n FULL JOIN numbers c ON b.n < c.n",
    (
        "SELECT a.n FROM numbers a NATURAL JOIN numbers b JOIN numbers c ON "
        "c.n > a.n - 1e9, numbers d WHERE d.n * c.n = -1"
    ),
    "SELECT a.n, count(*) FROM numbers a, numbers b, numbers c GROUP BY a.n, b.n, c.n",
    "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY random() LIMIT 1",
    "SELECT a.n, b.n FROM numbers a, numbers b, numbers c UNION SELECT b.n, a.n FROM numbers a, numbers b",
    "SELECT a.n * b.n * c.n FROM numbers a, numbers b, numbers c INTERSECT SELECT -n FROM numbers",
    "SELECT count(DISTINCT a.n || '-' || b.n || '-' || c.n) FROM numbers a, numbers b, numbers c",
    "SELECT max(a.n * b.n % 7), total(c.n) FROM numbers a, numbers b, numbers c HAVING count(*) > 1",
    (
        "SELECT 1 FROM numbers a WHERE NOT EXISTS (SELECT 1 FROM numbers b, "
        "numbers c, numbers d WHERE b.n + c.n + d.n = -a.n)"
    ),
    "SELECT 1 FROM numbers a, numbers b WHERE (a.n, b.n) IN (SELECT c.n, -d.n FROM numbers c, numbers d, numbers e)",
    "SELECT a.n FROM numbers a, numbers b, numbers c LIMIT 1 OFFSET 999999999",
    "SELECT count(*) FROM dbstat a, dbstat b, dbstat c, dbstat d, dbstat e, dbstat f, dbstat g, dbstat h",
    "SELECT count(*) FROM sqlite_master a, sqlite_schema b, numbers c, numbers d, numbers e",
    "SELECT percentile(a.n * b.n, 50), median(c.n) FROM numbers a, numbers b, numbers c",
    "SELECT age FROM singer, numbers a, numbers b, numbers c WHERE name = 'nobody' OR a.n + b.n = c.n * 100000",
    # windows
    (
        "SELECT sum(a.n) OVER (ORDER BY a.n ROWS BETWEEN 500 PRECEDING AND 500 "
        "FOLLOWING EXCLUDE TIES) FROM numbers a, numbers b"
    ),
    "SELECT group_concat(a.n) OVER (ORDER BY a.n, b.n) FROM numbers a, numbers b",
    "SELECT min(b.n) OVER (ORDER BY a.n RANGE BETWEEN 900 PRECEDING AND 900 FOLLOWING) FROM numbers a, numbers b",
    "SELECT nth_value(b.n, 1000000) OVER (PARTITION BY a.n % 2 ORDER BY b.n) FROM numbers a, numbers b",
    "SELECT json_group_array(a.n) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) FROM numbers a, numbers b",
    (
        "SELECT count(*) FILTER (WHERE b.n > 5) OVER (ORDER BY b.n GROUPS 100 "
        "PRECEDING EXCLUDE GROUP) FROM numbers a, numbers b"
    ),
    "SELECT " + ", ".join(f"rank() OVER (ORDER BY n % {i})" for i in range(1, 200)) + " FROM numbers",
    "SELECT cume_dist() OVER w, percent_rank() OVER w FROM numbers a, numbers b WINDOW w AS (ORDER BY a.n * b.n)",
    # large values
    "SELECT zeroblob(1000000000)",
    "SELECT zeroblob(9223372036854775807)",
    "SELECT randomblob(1000000000)",
    "SELECT hex(zeroblob(900000)) || hex(zeroblob(900000))",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT printf('%1000000000d', 1)",
    "SELECT printf('%*d', 2147483647, 1)",
    "SELECT format('%.2147483647f', 1e300)",
    "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000)))",
    "SELECT sum(length(replace(hex(randomblob(200000)), 'A', 'BB'))) FROM numbers a, numbers b",
    "SELECT group_concat(a.n || b.n || c.n) FROM numbers a, numbers b, numbers c",
    "SELECT string_agg(n, hex(zeroblob(100000))) FROM numbers",
    "SELECT concat_ws(hex(zeroblob(250000)), 1, 2, 3, 4, 5)",
    "SELECT group_concat(DISTINCT hex(randomblob(1000))) FROM numbers a, numbers b",
    "SELECT quote(zeroblob(900000)), unistr_quote(hex(zeroblob(400000)))",
    "SELECT hex(hex(hex(hex(zeroblob(100000)))))",
    "SELECT trim(hex(zeroblob(500000)), hex(randomblob(500000))) FROM numbers",
    "SELECT unhex(hex(zeroblob(500000)), hex(randomblob(500000))) FROM numbers",
    "SELECT length(unistr(replace(hex(zeroblob(150000)), '0', '\\u00e9'))) FROM numbers, singer",
    "SELECT strftime(replace(hex(zeroblob(400000)), '0', '%J'), 'now')",
    "SELECT hex(randomblob(500)) AS s FROM numbers a, numbers b GROUP BY s ORDER BY s",
    "SELECT upper(lower(hex(randomblob(400000)))) = soundex(hex(zeroblob(400000))) FROM numbers a, numbers b",
    "SELECT substr(hex(zeroblob(400000)), -9223372036854775808, 9223372036854775807) FROM numbers",
    "SELECT hex(zeroblob(300000)) FROM numbers",
    "SELECT length(CAST(zeroblob(900000) AS TEXT) || x'ff') FROM numbers a, numbers b",
    "SELECT sha1(hex(zeroblob(400000))), md5('x'), compress(zeroblob(1000000))",
    # patterns
    "SELECT hex(randomblob(400000)) LIKE '%" + "a%" * 400 + "' FROM numbers, singer",
    "SELECT 'x' LIKE hex(zeroblob(400000))",
    "SELECT instr(hex(zeroblob(500000)), hex(zeroblob(250000)) || 'x') FROM numbers, singer",
    "SELECT hex(zeroblob(100)) REGEXP '^(0+)+$'",
    "SELECT name MATCH 'x' FROM singer",
    "SELECT like(hex(zeroblob(450000)) || '%', hex(zeroblob(450000)), '0'), glob('*', zeroblob(900000)) FROM numbers",
    # full text, R-tree, geometry
    "SELECT * FROM notes WHERE notes MATCH '" + "(" * 4000 + "hello" + ")" * 4000 + "'",
    "SELECT * FROM notes WHERE notes MATCH '" + "hello NOT " * 900 + "world'",
    "SELECT * FROM notes WHERE notes MATCH CAST(x'22ff' AS TEXT)",
    (
        "SELECT snippet(notes, -1, hex(zeroblob(200000)), "
        "hex(zeroblob(200000)), '', 64) FROM notes('hello OR bye'), numbers"
    ),
    (
        "SELECT highlight(notes, 0, hex(zeroblob(400)), ''), bm25(notes, "
        "1e308) FROM notes('h* OR g*'), numbers a, numbers b"
    ),
    "SELECT * FROM notes, numbers a, numbers b WHERE notes MATCH 'a' || a.n || ' OR ' || b.n ORDER BY rank",
    (
        "SELECT geopoly_area(geopoly_regular(0, 0, 1e308, 1000000)), "
        "geopoly_svg(zeroblob(900000)) FROM numbers a, numbers b"
    ),
    (
        "SELECT sum(geopoly_overlap(geopoly_regular(0, 0, 9, 1000), "
        "geopoly_regular(a.n, b.n, 9, 999))) FROM numbers a, numbers b"
    ),
    "SELECT geopoly_json('[' || replace(hex(zeroblob(20000)), '00', '[0,0],') || '[0,0]]') FROM numbers",
    (
        "SELECT geopoly_group_bbox(geopoly_xform(geopoly_regular(a.n, b.n, 1, "
        "900), 1, 2, 3, 4, 5, 6)) FROM numbers a, numbers b"
    ),
    # JSON
    "SELECT json_group_array(a.n) FROM numbers a, numbers b, numbers c",
    "SELECT json(replace(hex(zeroblob(20000)), '00', '['))",
    (
        "SELECT json_pretty(replace(hex(zeroblob(900)), '00', '[') || "
        "replace(hex(zeroblob(900)), '00', ']'), hex(zeroblob(400)))"
    ),
    "SELECT json_group_object(hex(randomblob(8)), json_array(a.n, b.n)) FROM numbers a, numbers b, numbers c",
    "SELECT count(*) FROM json_tree('[' || replace(hex(zeroblob(200000)), '00', '0,') || '0]'), numbers",
    (
        "SELECT count(*) FROM json_each('[' || hex(zeroblob(20)) || ']') a, "
        "json_tree(a.value) b, numbers c, numbers d, numbers e"
    ),
    (
        "SELECT json_extract('[' || replace(hex(zeroblob(100000)), '00', "
        "'0,') || '0]', '$[#-1]') FROM numbers a, numbers b"
    ),
    "SELECT json_extract('{}', CAST(x'24ff5b' AS TEXT))",
    "SELECT json(CAST(x'ff' AS TEXT)), json_valid(CAST(x'22ff22' AS TEXT), 15)",
    "SELECT jsonb(zeroblob(900000)), json(randomblob(900000)), json_error_position(x'cfffffffff')",
    "SELECT json(x'fbffffffff'), json_extract(x'dcffff', '$.a[9]')",
    "SELECT json_patch(replace(hex(zeroblob(900)), '00', '{\"a\":') || 1, '{}')",
    "SELECT json_quote(hex(zeroblob(450000))) ->> '$' -> '$' FROM numbers a, numbers b",
    # depth
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "(" * 4900 + "1" + ")" * 4900,
    "SELECT " + "(SELECT " * 2000 + "1" + ")" * 2000,
    "SELECT " + "(SELECT " * 900 + "1" + ")" * 900,
    "SELECT 1" + "+1" * 20000,
    "SELECT " + "NOT " * 12000 + "1",
    "SELECT " + "NOT " * 2400 + "1",
    "SELECT " + "-" + " -" * 4800 + "1",
    "SELECT " + "~" * 9900 + "1",
    "SELECT " + "abs(" * 900 + "1" + ")" * 900,
    "SELECT " + "CASE WHEN 1 THEN " * 500 + "1" + " END" * 500,
    "SELECT " + "CASE " * 1900 + "1",
    "SELECT " + "CAST(" * 700 + "1" + " AS INT)" * 700,
    "SELECT " + "1 IN (" * 1200 + "1" + ")" * 1200,
    "SELECT " + "EXISTS (SELECT " * 600 + "1" + ")" * 600,
    "SELECT * FROM " + "(" * 4900 + "singer" + ")" * 4900,
    "SELECT * FROM " + "(SELECT * FROM " * 500 + "singer" + ")" * 500,
    "SELECT * FROM singer a " + "JOIN (singer b " * 600 + ")" * 600,
    "WITH a AS (" * 700 + "SELECT 1" + ") SELECT * FROM a" * 700,
    "SELECT 1 " + "BETWEEN 0 AND 1 " * 600,
    "SELECT 'x'" + " COLLATE nocase" * 650,
    "SELECT '{}'" + " -> '$'" * 1400,
    "SELECT " + "[" * 9000,
    "SELECT " + "{" * 9000,
    "SELECT x" + ".x" * 4900,
    "SELECT " + "f(" * 4900,
    "SELECT " + "STRUCT(" * 60 + "1" + ")" * 60 + " -- update",
    # width
    " UNION ALL ".join(["SELECT 1"] * 2500),
    " UNION ".join(["SELECT 1"] * 650),
    "SELECT " + ", ".join(["*"] * 5000) + " FROM singer",
    "SELECT " + ",".join("1" for _ in range(2100)),
    "VALUES " + ",".join(["(1)"] * 2400),
    "SELECT 1 WHERE 0" + " OR 0" * 1900,
    "SELECT coalesce(" + "NULL," * 1900 + "1)",
    "SELECT 1 ORDER BY " + ",".join(["1"] * 4900),
    "SELECT 1 GROUP BY " + ",".join(["1"] * 2100),
    "SELECT 'x'" + "||'x'" * 1900,
    "SELECT * FROM singer" + " JOIN singer" * 70,
    "SELECT * FROM singer" + " JOIN singer" * 70 + " -- all of them",
    "SELECT replace(a.name, 'a', 'b') FROM singer a" + " LEFT JOIN singer" * 40,
    "SELECT DISTINCT 1 FROM numbers" + " CROSS JOIN numbers" * 30 + " /* set */",
    "SELECT " + "x" * 49000,
    "SELECT 0x" + "f" * 9000,
    "SELECT 0x" + "f" * 9000 + " /* update */",
    # laughter: little text, exponential meaning
    "WITH c0 AS (SELECT 1 x), "
    + ", ".join(f"c{i} AS (SELECT * FROM c{i - 1} UNION ALL SELECT * FROM c{i - 1})" for i in range(1, 41))
    + " SELECT count(*) FROM c40",
    "WITH c0 AS (SELECT 1 x UNION ALL SELECT 2), "
    + ", ".join(f"c{i} AS (SELECT a.x FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 8))
    + " SELECT count(*) FROM c7",
    "SELECT * FROM " + "(SELECT *, * FROM " * 14 + "singer" + ")" * 14,
    "SELECT x FROM " + "(SELECT x + x AS x FROM " * 40 + "(SELECT n AS x FROM numbers)" + ")" * 40,
    "SELECT x FROM " + "(SELECT (SELECT x) || x AS x FROM " * 30 + "(SELECT name AS x FROM singer)" + ")" * 30,
    "SELECT count(*) FROM "
    + ", ".join(f"numbers t{i}" for i in range(40))
    + " WHERE "
    + " AND ".join(f"t{i}.n = t{j}.n" for i in range(40) for j in range(i)),
    "SELECT count(*) FROM "
    + ", ".join(f"(SELECT n FROM numbers UNION ALL SELECT n FROM numbers) t{i}" for i in range(12)),
    "SELECT " + "max((SELECT " * 100 + "n" + "))" * 100 + " FROM numbers",
    "SELECT count(*) FROM numbers a " + " ".join(f"LEFT JOIN numbers t{i} ON t{i}.n IN (a.n, {i})" for i in range(50)),
    (
        "SELECT (SELECT count(*) FROM numbers WHERE n IN (SELECT n FROM numbers WHERE n IN "
        "(SELECT n FROM numbers WHERE n > a.n))) FROM numbers a, numbers b"
    ),
    # text that is not UTF-8
    "SELECT a.name FROM latin a, numbers b, numbers c",
    "SELECT group_concat(CAST(randomblob(8) AS TEXT)) FROM numbers a, numbers b",
    "SELECT CAST(randomblob(2000) AS TEXT) AS t FROM numbers ORDER BY t",
    # numbers at their ends
    "SELECT abs(-9223372036854775808)",
    "SELECT sum(9223372036854775807) FROM numbers",
    "SELECT likelihood(n, 2.0), unlikely(1) FROM numbers",
    "SELECT * FROM generate_series(1, 1000000000000)",
    "SELECT decimal_mul('9e9999999', '9e9999999'), ieee754(1, 2000000000)",
]

# Large, slow or odd, and perhaps answered: all that counts is the time, and that nothing else happens.
BOUNDED = [
    # an open comment, and text that is not UTF-8
    "SELECT CAST(x'ff' AS TEXT) AS a, 1 AS a, 2 AS \"a:1\" /* ) SELECT 1",
    # code of others, and the insides of SQLite
    "SELECT rtreenode(2, zeroblob(1000)), rtreedepth(zeroblob(1000))",
    "SELECT * FROM carray(zeroblob(8), 1000000, 'char*')",
    "SELECT fts5(NULL), fts5_source_id()",
    # pragmas that look like tables
    "SELECT * FROM pragma_data_version",
    # products of tables
    (
        "SELECT (SELECT max((SELECT max((SELECT sum(d.n + c.n) FROM numbers d)) "
        "FROM numbers c)) FROM numbers b) FROM numbers a"
    ),
    (
        "SELECT * FROM numbers a, numbers b, json_each('[1,2,3]', '$[' || "
        "(a.n * b.n % 3) || ']') j, numbers d WHERE d.n < 0"
    ),
    "SELECT * FROM numbers a JOIN numbers b ON abs(a.n) = abs(b.n + 0.5) JOIN numbers c",
    # windows
    "SELECT ntile(9223372036854775807) OVER (), lag(n, 1000000000) OVER (ORDER BY n) FROM numbers",
    # large values
    "SELECT zeroblob(-9223372036854775808)",
    "SELECT printf('%,!.1000000g', 1.1)",
    "SELECT printf('%.*Q', 1000000, replace(hex(zeroblob(250000)), '0', ''''))",
    "SELECT char(" + ", ".join(["1114111"] * 900) + ") || char(1114112, -1, 55296)",
    "SELECT datetime('now'" + ", '+1 month'" * 900 + ")",
    (
        "SELECT julianday('9999-12-31', '+99999999999 years'), strftime('%s', "
        "1e308), timediff('-4713-11-24', '9999-12-31')"
    ),
    (
        "SELECT max(length(b)) FROM (SELECT zeroblob(900000) AS b FROM numbers "
        "UNION ALL SELECT randomblob(900000) FROM numbers)"
    ),
    # patterns
    "SELECT hex(zeroblob(400000)) GLOB '" + "*0" * 450 + "*x' FROM numbers",
    "SELECT hex(zeroblob(450000)) LIKE '" + "%_0" * 300 + "%x' FROM numbers",
    "SELECT replace(hex(zeroblob(400000)), '0', '%') LIKE '" + "\\%%" * 300 + "x' ESCAPE '\\' FROM numbers",
    "SELECT hex(zeroblob(400000)) GLOB '*" + "[^a-z]" * 150 + "*[!]' FROM numbers",
    "SELECT 1 FROM numbers a, numbers b WHERE 'x' || a.n GLOB '*' || b.n || '*" + "?*" * 100 + "y'",
    # full text, R-tree, geometry
    "SELECT * FROM notes WHERE notes MATCH '" + " OR ".join(f"t{i}*" for i in range(1500)) + "'",
    "SELECT * FROM notes WHERE notes MATCH 'NEAR(" + "hello " * 1500 + ", 2147483647)'",
    "SELECT * FROM notes WHERE notes MATCH '\"' || hex(zeroblob(450000)) || '\"'",
    # JSON
    "SELECT json_set('{}', '$" + "[0]" * 1500 + "', 1)",
    "SELECT json_set('[]', " + ", ".join(f"'$[{i}].a.b.c', {i}" for i in range(400)) + ")",
    "SELECT " + "json_array(" * 300 + "1" + ")" * 300,
    "SELECT json_remove(json_group_array(n), '$[0]', '$[#-1]', '$[500]') FROM numbers, singer GROUP BY random() % 2",
    "SELECT '[1e" + "9" * 5000 + "]' ->> '$[0]'",
    # depth
    "SELECT 1" + " IS NOT NULL" * 800,
    "SELECT " + "CHAR(" * 60 + "65" + ")" * 60 + " -- update",
    # width
    "SELECT " + ",".join(f"1 a{i}" for i in range(1200)),
    "SELECT 1 WHERE 0 IN (" + "1," * 4900 + "1)",
    "SELECT CASE 0 " + "WHEN 1 THEN 2 " * 650 + "END",
    "WITH " + ",".join(f"c{i} AS (SELECT 1)" for i in range(500)) + " SELECT 1",
    "SELECT * FROM numbers WHERE " + " OR ".join(f"n = {i} AND n > {i}" for i in range(400)),
    "SELECT '" + "\u00e9" * 9900 + "'",
    "SELECT " + "9" * 9900 + ", 1e" + "9" * 50,
    'SELECT 1 AS "' + '""' * 4900 + '"',
    "SELECT 1 /*" + "*" * 9900 + "/",
    "SELECT 1" + " -- x\n" * 1600,
    "SELECT 1 " + "/**/" * 2400,
    # laughter: little text, exponential meaning
    "SELECT 1 FROM numbers WHERE " + "(n = 1 OR n = 2) AND " * 400 + "1",
    # text that is not UTF-8
    "SELECT CAST(x'ff' AS TEXT)",
    "SELECT CAST(x'f09f98' AS TEXT) || CAST(x'80' AS TEXT)",
    "SELECT CAST(x'eda080' AS TEXT), CAST(x'c080' AS TEXT), CAST(x'f4908080' AS TEXT)",
    "SELECT CAST(x'ff' AS TEXT) AS \"); DROP TABLE singer; --\"",
    "SELECT CAST(x'ff' AS TEXT) -- )",
    "VALUES (CAST(x'ff' AS TEXT)), (x'ff'), (1)",
    "SELECT CAST(x'ff' AS TEXT) FROM numbers a, numbers b WHERE a.n = 1 AND b.n = 1 OR a.n * b.n = -1",
    "SELECT name FROM latin WHERE name = CAST(x'4bf66c6e00ff' AS TEXT) OR name GLOB CAST(x'5bff' AS TEXT)",
    "SELECT strftime(CAST(x'25ff' AS TEXT)), printf(CAST(x'ff2573' AS TEXT), CAST(x'ff' AS TEXT))",
    # numbers at their ends
    (
        "SELECT 1 << 9223372036854775807, 1 >> -9223372036854775808, "
        "-9223372036854775808 / -1, -9223372036854775808 % -1"
    ),
    "SELECT pow(10, 400), exp(1e308), ln(-1), round(1e300, 2147483647), 9e999 - 9e999, sqrt(-1), 1 / 0",
    "SELECT n FROM numbers LIMIT 9223372036854775807 OFFSET -9223372036854775808",
    "SELECT CAST('" + "9" * 9000 + "' AS INTEGER), CAST('0x" + "f" * 900 + "' AS NUMERIC)",
    # they look worse than they are
    "SELECT 1 /*! ; DROP TABLE singer */",
    "SELECT 1 -- x\rDROP TABLE singer",
    "SELECT 1 /* ; DROP TABLE singer",
    "SELECT 1;" + " " * 9000,
    "SELECT 'DROP TABLE singer; --'",
    "SELECT sql FROM sqlite_master UNION ALL SELECT sql FROM sqlite_temp_master",
    "SELECT * FROM notes_data, notes_config",
    "SELECT name FROM singer NOT INDEXED WHERE rowid BETWEEN -9e18 AND 9e18",
    "SELECT * FROM dbstat",
]

# Long, but honest: SQLite answers them within its limits.
LONG = [
    # patterns
    "SELECT printf('%.*c', 500000, 'a') GLOB '" + "*a" * 300 + "b'",
    # depth
    "SELECT 1" + "+1" * 400,
    "SELECT * FROM " + "(SELECT * FROM " * 300 + "singer" + ")" * 300,
    # width
    "SELECT 1 WHERE 1 IN (" + "1," * 20000 + "1)",
]
