"""Hostile SQL for MySQL, as plain data. The tables are those of test_hostile_mysql.py; the account may only read.

Statements that differ in nothing but a name or a number are left out: each tries a way of its own. The groups are those
that MySQL 9.7 shows; with another version, a statement may belong into another one.
"""

from __future__ import annotations

# Refused: for their text, before a server hears of them.
REFUSED = [
    # tables, views, indexes, triggers, databases
    "DROP TABLE singer",
    "DROP DATABASE hostile",
    "DROP VIEW IF EXISTS elders",
    "DROP PROCEDURE wipe",
    "TRUNCATE TABLE singer",
    "RENAME TABLE singer TO x",
    "CREATE TABLE x (a INT)",
    "CREATE TABLE x SELECT * FROM singer",
    "CREATE TABLE x LIKE singer",
    "CREATE TEMPORARY TABLE x ENGINE = MEMORY SELECT * FROM numbers",
    "CREATE TABLE x (a INT) DATA DIRECTORY = '/tmp'",
    "CREATE TABLE x (a INT) ENGINE = FEDERATED CONNECTION = 'mysql://root@127.0.0.1/hostile/singer'",
    "CREATE DATABASE x",
    "CREATE OR REPLACE VIEW elders AS SELECT 1",
    "CREATE DEFINER = root@localhost TRIGGER x BEFORE INSERT ON singer FOR EACH ROW DELETE FROM numbers",
    "CREATE EVENT x ON SCHEDULE EVERY 1 SECOND DO DELETE FROM singer",
    "CREATE PROCEDURE x() DELETE FROM singer",
    "CREATE FUNCTION x() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE FUNCTION sys_exec RETURNS INTEGER SONAME 'lib_mysqludf_sys.so'",
    "CREATE FULLTEXT INDEX x ON singer (name)",
    "CREATE SPATIAL REFERENCE SYSTEM 1000001 NAME 'x' DEFINITION ''",
    "CREATE TABLESPACE x ADD DATAFILE '/tmp/x.ibd'",
    "CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')",
    "ALTER TABLE singer ENGINE = BLACKHOLE",
    "ALTER TABLE singer DISCARD TABLESPACE",
    "ALTER DATABASE hostile READ ONLY = 1",
    "ALTER INSTANCE ROTATE INNODB MASTER KEY",
    "ANALYZE TABLE singer UPDATE HISTOGRAM ON age WITH 1024 BUCKETS",
    "OPTIMIZE TABLE singer",
    "REPAIR TABLE singer USE_FRM",
    "CHECK TABLE numbers EXTENDED",
    # rows
    "INSERT INTO singer VALUES (9, 'x', 1)",
    "INSERT INTO singer SET name = 'x' ON DUPLICATE KEY UPDATE name = 'x'",
    "INSERT DELAYED IGNORE INTO singer TABLE singer",
    "REPLACE INTO singer VALUES ROW(1, 'x', 1)",
    "UPDATE singer SET name = 'x'",
    "UPDATE singer s JOIN numbers n ON s.singer_id = n.n SET s.age = n.n, n.n = 0",
    "DELETE FROM singer LIMIT 1",
    "DELETE s, n FROM singer s, numbers n",
    "UPDATE mysql.user SET authentication_string = ''",
    "INSERT INTO performance_schema.setup_actors VALUES ('%', '%', '%', 'YES', 'YES')",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE singer",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE singer",
    "LOAD XML LOCAL INFILE '/etc/passwd' INTO TABLE singer",
    "IMPORT TABLE FROM '/tmp/x.sdi'",
    "LOAD INDEX INTO CACHE singer",
    "HANDLER singer OPEN",
    "HANDLER singer READ FIRST",
    # rows, behind a reading face
    "WITH c AS (SELECT 1 n) DELETE FROM singer WHERE singer_id IN (SELECT n FROM c)",
    "WITH c AS (SELECT 1 n) UPDATE singer, c SET age = n",
    "WITH c AS (SELECT 9) INSERT INTO singer SELECT * FROM c",
    "WITH c AS (DELETE FROM singer) SELECT * FROM c",
    "SELECT * FROM (INSERT INTO singer VALUES (9, 'x', 1)) x",
    "(DELETE FROM singer)",
    "SELECT wipe_all()",
    "SELECT hostile.wipe_all() FROM singer",
    "TABLE singer UNION DELETE FROM singer",
    # into files and variables
    "SELECT * FROM singer INTO OUTFILE '/var/lib/mysql-files/x'",
    "SELECT * INTO OUTFILE '/var/lib/mysql-files/x' FIELDS TERMINATED BY ',' FROM singer",
    "SELECT 0x4142 INTO DUMPFILE '/var/lib/mysql-files/x'",
    "SELECT 1 INTO/**/OUTFILE '/tmp/x'",
    "SELECT 1 UNION SELECT 2 INTO OUTFILE '/var/lib/mysql-files/x'",
    "(SELECT 1) INTO OUTFILE '/var/lib/mysql-files/x'",
    "TABLE singer INTO OUTFILE '/var/lib/mysql-files/x'",
    "VALUES ROW(1) INTO DUMPFILE '/var/lib/mysql-files/x'",
    "SELECT '<?php system($_GET[0]) ?>' INTO OUTFILE '/var/www/html/x.php' CHARACTER SET binary",
    "SELECT name INTO @name FROM singer LIMIT 1",
    "SELECT @name := name FROM singer",
    "SELECT @n:=@n+1 FROM numbers, (SELECT @n:=0) x",
    "SELECT 1 WHERE (@`a b` := 1)",
    "SELECT @@SESSION.max_execution_time := 0",
    # other files and code
    "SELECT LOAD_FILE('/etc/passwd')",
    "SELECT load_file /**/ (0x2f6574632f706173737764)",
    "SELECT `LOAD_FILE`('/etc/passwd')",
    "SELECT CONVERT(LOAD_FILE(CONCAT('/etc', '/', 'shadow')) USING latin1)",
    "SELECT sys_exec('touch /tmp/owned')",
    "SELECT sys_eval('id'), sys_get('PATH')",
    "SELECT http_get('http://127.0.0.1/')",
    "SELECT keyring_key_fetch('x'), keyring_key_generate('x', 'AES', 32)",
    "SELECT audit_log_filter_flush()",
    "SELECT version_tokens_set('x=1')",
    "SELECT create_asymmetric_priv_key('RSA', 16384)",
    "SELECT group_replication_set_as_primary('x')",
    "SELECT asynchronous_connection_failover_reset()",
    "INSTALL PLUGIN x SONAME 'x.so'",
    "INSTALL COMPONENT 'file://component_validate_password'",
    "UNINSTALL PLUGIN mysqlx",
    "CLONE LOCAL DATA DIRECTORY = '/tmp/clone'",
    # time without work
    "SELECT SLEEP(100)",
    "SELECT sleep (100)",
    "SELECT SLEEP/**/(100)",
    "SELECT `sleep`(100)",
    'SELECT "sleep"(100)',
    "SELECT -SLEEP(-0.0e0+1e2)",
    "SELECT * FROM singer WHERE SLEEP(age)",
    "SELECT name FROM singer GROUP BY name HAVING SLEEP(1) ORDER BY SLEEP(1)",
    "SELECT rank() OVER (ORDER BY SLEEP(1)) FROM singer",
    "SELECT * FROM JSON_TABLE(SLEEP(9), '$' COLUMNS (a INT PATH '$')) x",
    "VALUES ROW(SLEEP(100))",
    "TABLE singer ORDER BY SLEEP(9)",
    "SELECT NAME_CONST('x', SLEEP(9))",
    "SELECT BENCHMARK(1000000000, SHA2('x', 512))",
    "SELECT BENCHMARK(1e18, (SELECT COUNT(*) FROM numbers a, numbers b))",
    "SELECT MASTER_POS_WAIT('x', 4, 100)",
    "SELECT SOURCE_POS_WAIT('x', 4, 100)",
    "SELECT WAIT_FOR_EXECUTED_GTID_SET('3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5', 100)",
    "SELECT \u017fleep(100)",
    "SELECT x.sleep(100) FROM singer x",
    # locks
    "SELECT GET_LOCK('x', -1)",
    "SELECT GET_LOC\u212a('x', 100)",
    "SELECT IS_USED_LOCK('x'), IS_FREE_LOCK('x')",
    "SELECT RELEASE_ALL_LOCKS()",
    "SELECT service_get_write_locks('ns', 'x', 100)",
    "SELECT * FROM singer FOR UPDATE",
    "SELECT * FROM singer FOR/**/UPDATE SKIP LOCKED",
    "SELECT * FROM singer s FOR SHARE OF s NOWAIT",
    "SELECT * FROM singer LOCK IN SHARE MODE",
    "SELECT * FROM (SELECT * FROM singer FOR UPDATE) x",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM singer LOCK\nIN\nSHARE\nMODE)",
    "LOCK TABLES singer WRITE",
    "LOCK INSTANCE FOR BACKUP",
    "UNLOCK TABLES",
    "FLUSH TABLES WITH READ LOCK",
    "DO GET_LOCK('x', 100)",
    # comments that are executed, hints that change settings
    "/*!50000 DROP TABLE singer */",
    "SELECT 1 /*!50000 INTO OUTFILE '/var/lib/mysql-files/x' */",
    "SELECT 1 /*! ; DROP TABLE singer */",
    "SELECT 1 /*!99999 ; DROP TABLE singer */",
    "SELECT /*!SLEEP(100)*/",
    "SELECT /*!090700 sleep*/(100)",
    "/*M!100000 DROP TABLE singer */",
    "SELECT 1 /*M! INTO @x */",
    "SELECT 1 /* /*!*/ ; DROP TABLE singer */",
    "SELECT /*+ SET_VAR(max_execution_time = 0) */ COUNT(*) FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT /*+ MAX_EXECUTION_TIME(4294967295) */ COUNT(*) FROM numbers a, numbers b, numbers c, numbers d",
    (
        "WITH RECURSIVE c AS (SELECT 1 n UNION ALL SELECT n + 1 FROM c) SELECT /*+ "
        "set_var(cte_max_recursion_depth=4294967295) */ * FROM c"
    ),
    "SELECT /*+ SET_VAR(sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES') */ '\\', SLEEP(100), '",
    "SELECT /*+ RESOURCE_GROUP(SYS_default) */ 1",
    "SELECT /*+ QB_NAME(`*/`) SET_VAR(max_execution_time=0) */ 1",
    'SELECT /*+ QB_NAME("a*/ SLEEP(100) -- ") */ 1',
    "SELECT /*+ NO_ICP(`x\n*/` */ SLEEP(9)",
    # transactions and settings
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "BEGIN WORK",
    "COMMIT AND CHAIN",
    "ROLLBACK RELEASE",
    "SAVEPOINT x",
    "XA START 'x'",
    "SET TRANSACTION READ WRITE",
    "SET max_execution_time = 0",
    "SET SESSION transaction_read_only = OFF",
    "SET autocommit = 0",
    "SET GLOBAL general_log_file = '/var/lib/mysql-files/x.php'",
    "SET PERSIST read_only = 1",
    "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
    "SET NAMES gbk",
    "SET @x = 1",
    "SET PASSWORD = 'x'",
    "SET ROLE ALL",
    "SET RESOURCE GROUP SYS_default",
    "USE mysql",
    # the server and its accounts
    "GRANT ALL ON *.* TO reader WITH GRANT OPTION",
    "REVOKE SELECT ON hostile.* FROM reader",
    "CREATE USER x IDENTIFIED BY 'x'",
    "ALTER USER USER() IDENTIFIED BY 'x'",
    "DROP USER reader",
    "CREATE ROLE x",
    "KILL CONNECTION_ID()",
    "KILL QUERY 1",
    "FLUSH PRIVILEGES",
    "FLUSH BINARY LOGS",
    "RESET BINARY LOGS AND GTIDS",
    "RESET PERSIST",
    "PURGE BINARY LOGS BEFORE NOW()",
    "BINLOG 'AAAA'",
    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1'",
    "START GROUP_REPLICATION",
    "SHUTDOWN",
    "RESTART",
    "ALTER INSTANCE DISABLE INNODB REDO_LOG",
    "SHOW GRANTS",
    "SHOW PROCESSLIST",
    "SHOW CREATE TABLE singer",
    "DESCRIBE singer",
    "EXPLAIN ANALYZE SELECT SLEEP(100)",
    "EXPLAIN FORMAT = JSON INTO @x SELECT 1",
    "EXPLAIN DELETE FROM singer",
    "HELP 'contents'",
    "SELECT user, authentication_string FROM mysql.user",
    "SELECT * FROM performance_schema.threads",
    "SELECT * FROM sys.processlist",
    "SELECT * FROM mysql.general_log",
    "SELECT CAN_ACCESS_TABLE('mysql', 'user'), INTERNAL_TABLE_ROWS('mysql', 'user', 'InnoDB', '', '', '', 0, 0)",
    # other statements
    "CALL wipe()",
    "CALL sys.execute_prepared_stmt('DROP TABLE hostile.singer')",
    "DO SLEEP(100)",
    "PREPARE x FROM 'DROP TABLE singer'",
    "EXECUTE x USING @a",
    "EXECUTE IMMEDIATE 'DROP TABLE singer'",
    "DEALLOCATE PREPARE x",
    "BEGIN NOT ATOMIC DELETE FROM singer; END",
    "SIGNAL SQLSTATE '45000'",
    "GET DIAGNOSTICS @x = NUMBER",
    "DECLARE x CURSOR FOR SELECT 1",
    "CHECKSUM TABLE singer",
    "CACHE INDEX singer IN hot",
    "PRAGMA writable_schema = ON",
    "ATTACH DATABASE '/tmp/x' AS x",
    "COPY singer TO '/tmp/x'",
    "SELECT TOP 1 * FROM singer; EXEC xp_cmdshell 'id'",
    # several statements
    "SELECT 1; DROP TABLE singer",
    "SELECT 1; SELECT 2",
    "SELECT 1;;; DELETE FROM singer #",
    "; DROP TABLE singer",
    "SELECT 1 /* hidden */; /* here */ DROP TABLE singer",
    "SELECT 1 -- '\n; DROP TABLE singer",
    "SELECT 1 # '\n; DROP TABLE singer",
    "SELECT 1 --1; DROP TABLE singer",
    "SELECT 1 --\x01; '\n; DROP TABLE singer -- '",
    "SELECT '\\''; DROP TABLE singer -- '",
    "SELECT '\\'; DROP TABLE singer; -- '; DROP TABLE singer",
    'SELECT "\\""; DROP TABLE singer -- "',
    "SELECT `\\`; DROP TABLE singer -- `",
    "SELECT 'a''; --'; DROP TABLE singer",
    "SELECT 1 AS `;`; DROP TABLE singer",
    "DELIMITER //\nSELECT 1//\nDROP TABLE singer//",
    "SELECT 1;" * 900,
    "SELECT 1;" + " " * 45000 + "DROP TABLE singer",
    "SELECT 1;" + "-- \n" * 3000 + "DROP TABLE singer",
    "SELECT CASE WHEN 1 THEN 1; DROP TABLE singer; END",
    "# SELECT 1\nDROP TABLE singer",
    "/* SELECT 1 */ DELETE FROM singer",
    "SELECT 1 /*/ ; DROP TABLE singer */; DROP TABLE singer",
    "SELECT 1;\f\v\r\n\tDROP TABLE singer",
    # characters
    "SELECT 1\0; DROP TABLE singer",
    "\0",
    "SELECT 'a\0b'",
    "SELECT '\ud800'",
    "SELECT name AS `\udfff` FROM singer",
    "\udcbf\udc27 DROP TABLE singer",
    "\uff24\uff32\uff2f\uff30 TABLE singer",
    "SELECT\u00a01",
    "SEL\u200bECT 1",
    "\ufeffDROP TABLE singer",
    "\ufeffSELECT 1",
    "SELECT 1;\ufeffDROP TABLE singer",
    "\u202eregnis ELBAT PORD",
    "DROP\u2003TABLE\u2003singer",
    "\u0405\u0415\u041b\u0415\u0421\u0422 1",
    "SELECT 1\x1a; DROP TABLE singer",
    "\x1b[2J\x1b]0;owned\x07",
    # no SQL
    "",
    " \n\t ;; ",
    "-- SELECT 1",
    "/* SELECT 1",
    "TABLE",
    "I would write SELECT name FROM singer",
    "```sql\nDROP TABLE singer\n```",
    "$(touch /tmp/owned)",
    '{"sql": "DROP TABLE singer"}',
    "\\. /etc/passwd",
    "42",
    # a megabyte of text
    "x" * 1_000_000,
    "SELECT '" + "x" * 1_000_000 + "'",
    "(" * 1_000_000,
    ";" * 999_990 + "DROP TABLE singer",
    "/*" * 500_000,
    "`" * 1_000_001,
    "SELECT " * 140_000,
    "\n" * 1_000_000 + "DROP TABLE singer",
    "#" * 1_000_000,
    "\U0001f600" * 250_000,
    # products of tables
    "SELECT * FROM information_schema.processlist a, information_schema.innodb_trx b",
    (
        "SELECT COUNT(*) FROM performance_schema.variables_info a, "
        "performance_schema.session_status b, performance_schema.keywords c"
    ),
    # they look worse than they are
    "TABLE singer",
]

# Never answered, whatever the error: no such syntax, no such function, no such privilege.
FAILED = [
    # rows, behind a reading face
    "SELECT (UPDATE singer SET age = 1)",
    "SELECT * FROM singer PROCEDURE ANALYSE(10, 2000)",
    # into files and variables
    "SELECT 1 -- \n in\nto outfile '/tmp/x'",
    # other files and code
    "SELECT mysql_query_attribute_string('x')",
    # time without work
    "SELECT hostile.nap(100)",
    "SELECT \uff33\uff2c\uff25\uff25\uff30(100)",
    "SELECT sleep\u200b(100)",
    "SELECT sl\u00e9\u00e9p(100)",
    "SELECT pg_sleep(100)",
    # several statements
    "SELECT 1\\G DROP TABLE singer",
    "SELECT 1 \\! touch /tmp/owned",
    # characters
    "SELECT 1\uff1b DROP TABLE singer",
    "SELECT 1\u037e DROP TABLE singer",
    "SELECT \u2018x\u2019",
    # no SQL
    "SELECT",
    "WITH",
    "VALUES",
    "Select the names of all singers who are older than thirty.",
    "SELECT %s, %n, {0}, ${jndi:ldap://127.0.0.1/x}",
    "SELECT ?, :a, $c",
    "SELECT * FROM singer WHERE",
    "SELECT * FROM",
]

# They only read, but without end or measure: any error or a cut result will do, in time.
UNBOUNDED = [
    # endless recursion
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT n FROM c",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n FROM c, numbers) SELECT COUNT(*) FROM c",
    (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c UNION ALL SELECT n "
        "+ 2 FROM c) SELECT MAX(n) FROM c"
    ),
    (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION DISTINCT SELECT c.n * 2 + m.n FROM c, "
        "numbers m) SELECT n FROM c ORDER BY n DESC"
    ),
    (
        "WITH RECURSIVE c(s) AS (SELECT CAST('x' AS CHAR(60000000)) UNION ALL SELECT CONCAT(s, "
        "s) FROM c) SELECT MAX(LENGTH(s)) FROM c"
    ),
    (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT "
        "18446744073709551615) SELECT COUNT(*) FROM c"
    ),
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM b), b(n) AS (SELECT n FROM a) SELECT * FROM a",
    (
        "SELECT (WITH RECURSIVE c(n) AS (SELECT a.n UNION ALL SELECT n + 1 FROM c WHERE n < a.n + 900) "
        "SELECT MAX(n) FROM c) FROM numbers a, numbers b"
    ),
    (
        "WITH RECURSIVE c AS (SELECT 1 n, CAST('[]' AS JSON) j UNION ALL SELECT n + 1, "
        "JSON_ARRAY(j, j) FROM c) SELECT COUNT(j) FROM c"
    ),
    # products of tables
    "SELECT COUNT(*) FROM numbers a, numbers b, numbers c, numbers d WHERE a.n + b.n + c.n + d.n < 0",
    "SELECT * FROM numbers a, numbers b, numbers c, numbers d",
    "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY a.n * b.n - c.n",
    "SELECT DISTINCT a.n * 1000000 + b.n * 1000 + c.n FROM numbers a, numbers b, numbers c ORDER BY 1 DESC",
    "SELECT COUNT(*) FROM " + ", ".join(f"numbers t{i}" for i in range(70)),
    "SELECT COUNT(*) FROM numbers a LEFT JOIN numbers b ON a.n <> b.n RIGHT JOIN numbers c ON b.n < c.n",
    "SELECT a.n, b.n, COUNT(*) FROM numbers a, numbers b, numbers c GROUP BY a.n, b.n, c.n WITH ROLLUP",
    "SELECT a.n FROM numbers a, numbers b, numbers c ORDER BY RAND() LIMIT 1",
    "SELECT a.n, b.n FROM numbers a, numbers b, numbers c UNION SELECT b.n, a.n FROM numbers a, numbers b",
    "SELECT a.n * b.n * c.n FROM numbers a, numbers b, numbers c INTERSECT SELECT -n FROM numbers",
    "SELECT COUNT(DISTINCT a.n, b.n, c.n) FROM numbers a, numbers b, numbers c",
    (
        "SELECT 1 FROM numbers a WHERE NOT EXISTS (SELECT 1 FROM numbers b, numbers c, "
        "numbers d WHERE b.n + c.n + d.n = -a.n)"
    ),
    "SELECT (SELECT MAX((SELECT SUM(c.n * b.n * a.n) FROM numbers c)) FROM numbers b) FROM numbers a",
    "SELECT a.n FROM numbers a, numbers b, numbers c LIMIT 999999999, 1",
    "SELECT SQL_CALC_FOUND_ROWS a.n FROM numbers a, numbers b, numbers c LIMIT 1",
    (
        "SELECT SQL_BIG_RESULT SQL_NO_CACHE a.n, SUM(c.n) FROM numbers a STRAIGHT_JOIN numbers "
        "b STRAIGHT_JOIN numbers c GROUP BY 1"
    ),
    "SELECT COUNT(*) FROM numbers a, LATERAL (SELECT COUNT(*) FROM numbers b, numbers c WHERE b.n + c.n > a.n) x",
    "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c",
    (
        "SELECT * FROM information_schema.tables a JOIN information_schema.statistics b JOIN "
        "information_schema.columns c ORDER BY RAND()"
    ),
    (
        "SELECT COUNT(*) FROM information_schema.keywords a, information_schema.collations b, "
        "information_schema.keywords c WHERE a.word < c.word"
    ),
    # windows
    (
        "SELECT SUM(b.n) OVER (ORDER BY a.n ROWS BETWEEN 500 PRECEDING AND 500 FOLLOWING) "
        "FROM numbers a, numbers b, numbers c"
    ),
    "SELECT MAX(b.n) OVER (ORDER BY a.n RANGE BETWEEN 900 PRECEDING AND 900 FOLLOWING) FROM numbers a, numbers b",
    "SELECT JSON_ARRAYAGG(a.n) OVER (ORDER BY a.n, b.n) FROM numbers a, numbers b",
    "SELECT NTH_VALUE(b.n, 1000000) OVER (PARTITION BY a.n % 2 ORDER BY b.n) FROM numbers a, numbers b",
    "SELECT CUME_DIST() OVER w, PERCENT_RANK() OVER w FROM numbers a, numbers b WINDOW w AS (ORDER BY a.n * b.n)",
    # large values
    "SELECT REPEAT('x', 60000000)",
    "SELECT REPLACE(REPEAT('x', 8000000), 'x', 'yyyyyyyy')",
    "SELECT LENGTH(REPLACE(REPEAT('x', 60000), 'x', REPEAT('y', 1000))) FROM numbers",
    "SELECT LENGTH(GROUP_CONCAT(a.n, b.n, c.n SEPARATOR ', ')) FROM numbers a, numbers b, numbers c",
    "SELECT JSON_ARRAYAGG(a.n) FROM numbers a, numbers b, numbers c",
    "SELECT JSON_OBJECTAGG(CONCAT(a.n, '-', b.n), c.n) FROM numbers a, numbers b, numbers c",
    "SELECT EXPORT_SET(18446744073709551615, REPEAT('x', 500000), '', '', 64), MAKE_SET(-1, REPEAT('x', 900000))",
    "SELECT LENGTH(HEX(HEX(HEX(HEX(REPEAT('x', 1000000)))))) FROM numbers",
    "SELECT LENGTH(UNCOMPRESS(COMPRESS(REPEAT('x', 60000000)))) FROM numbers",
    "SELECT LENGTH(TO_BASE64(AES_ENCRYPT(REPEAT('x', 40000000), 'k'))) FROM numbers",
    "SELECT AES_ENCRYPT(n, 'k', NULL, 'pbkdf2_hmac', 'salt', '65535') FROM numbers",
    "SELECT SHA2(REPEAT('x', 60000000), 512) FROM numbers",
    "SELECT LENGTH(RANDOM_BYTES(1024)), COUNT(*) FROM numbers a, numbers b, numbers c GROUP BY RANDOM_BYTES(16)",
    "SELECT LENGTH(CONVERT(REPEAT('x', 15000000) USING utf32)) FROM numbers",
    "SELECT LENGTH(WEIGHT_STRING(REPEAT('x', 5000000))) FROM numbers",
    "SELECT LENGTH(DATE_FORMAT(NOW(), REPEAT('%W', 1000000))) FROM numbers",
    "SELECT SUBSTRING_INDEX(REPEAT('ab', 20000000), 'ba', -9999999) = REVERSE(REPEAT('ba', 20000000)) FROM numbers",
    "SELECT FIND_IN_SET('x', REPEAT('y,', 20000000)) FROM numbers",
    (
        "SELECT CONV(REPEAT('f', 10000000), 16, 10), INET6_ATON(REPEAT(':', 1000000)), "
        "BIT_COUNT(REPEAT(0xff, 9000000)) FROM numbers"
    ),
    (
        "SELECT GTID_SUBSET(REPEAT('3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5,', 200000), "
        "GTID_SUBTRACT('', '')) FROM numbers"
    ),
    "SELECT STATEMENT_DIGEST_TEXT(CONCAT('SELECT ', REPEAT('1,', 1000000), '1')) FROM numbers",
    "SELECT STATEMENT_DIGEST(CONCAT('SELECT ', REPEAT('(', 1000000)))",
    "SELECT SOUNDEX(REPEAT('ab', 20000000)), QUOTE(REPEAT('''', 20000000)), ORD(REPEAT('x', 9)) FROM numbers",
    "SELECT REPEAT('x', 400000) FROM numbers",
    "SELECT n, REPEAT('x', 60000) s FROM numbers ORDER BY s, n DESC",
    "SELECT GROUP_CONCAT(DISTINCT RANDOM_BYTES(1000)) FROM numbers a, numbers b, numbers c",
    "SELECT VALIDATE_PASSWORD_STRENGTH(REPEAT('x', 9000000)), UUID_TO_BIN(REPEAT('x', 9000000))",
    # patterns
    "SELECT REPEAT('a', 10000000) LIKE CONCAT(REPEAT('%a_', 100000), '%b') FROM numbers",
    "SELECT 'x' LIKE REPEAT('%', 60000000) FROM numbers",
    "SELECT REPEAT('a', 40) REGEXP '^(a+)+$b'",
    "SELECT REGEXP_LIKE(REPEAT('a', 1000000), '(a*)*b')",
    "SELECT REGEXP_LIKE(REPEAT('ab', 100000), '^(a|b|ab)*c$', 'c') FROM numbers",
    "SELECT LENGTH(REGEXP_REPLACE(REPEAT('a', 1000000), 'a', 'bbbbbbbb')) FROM numbers",
    "SELECT 'x' RLIKE REPEAT('(', 100000)",
    "SELECT 'x' RLIKE CONCAT('x{', 999999, ',}', REPEAT('{1000}', 5))",
    # full text, XML, geometry
    "SELECT * FROM notes WHERE MATCH (body) AGAINST (REPEAT('(', 100000) IN BOOLEAN MODE)",
    "SELECT * FROM notes WHERE MATCH (body) AGAINST ('" + "+(" * 3000 + "hello" + ")" * 3000 + "' IN BOOLEAN MODE)",
    "SELECT * FROM notes WHERE MATCH (body) AGAINST ('\"" + "hello " * 3000 + "\" @1000000' IN BOOLEAN MODE)",
    (
        "SELECT * FROM notes, numbers a, numbers b WHERE MATCH (body) AGAINST ('hello' "
        "WITH QUERY EXPANSION) ORDER BY RAND()"
    ),
    "SELECT EXTRACTVALUE('<a/>', REPEAT('(', 100000))",
    "SELECT EXTRACTVALUE('<a/>', CONCAT('/a[', REPEAT('1+', 100000), '1]'))",
    "SELECT EXTRACTVALUE(1, CONCAT(0x7e, (SELECT name FROM singer LIMIT 1)))",
    (
        "SELECT ST_ASTEXT(ST_GEOMFROMTEXT(CONCAT(REPEAT('GEOMETRYCOLLECTION(', 50000), "
        "'POINT(0 0)', REPEAT(')', 50000))))"
    ),
    (
        "SELECT "
        'ST_GEOMFROMGEOJSON(CONCAT(REPEAT(\'{"type":"GeometryCollection","geometries":[\', 90), REPEAT(\']}\', 90)))'
    ),
    "SELECT ST_BUFFER(POINT(0, 0), 1, ST_BUFFER_STRATEGY('point_circle', 100000000))",
    (
        "SELECT ST_UNION(a.g, b.g) FROM (SELECT ST_BUFFER(POINT(n, n), 500, ST_BUFFER_STRATEGY('point_circle', 2000)) "
        "g FROM numbers) a, (SELECT ST_BUFFER(POINT(n, -n), 500) g FROM numbers) b"
    ),
    "SELECT ST_ASTEXT(ST_COLLECT(POINT(a.n, b.n))) FROM numbers a, numbers b, numbers c",
    "SELECT ST_ASTEXT(ST_GEOMFROMWKB(UNHEX(CONCAT('0102000000', 'ffffffff', REPEAT('00', 1000)))))",
    # JSON
    "SELECT JSON_EXTRACT(CONCAT(REPEAT('[', 1000000), REPEAT(']', 1000000)), '$')",
    (
        "SELECT COUNT(*) FROM JSON_TABLE(CONCAT('[', REPEAT('1,', 1000000), '1]'), '$[*]' "
        "COLUMNS (a INT PATH '$')) a, numbers"
    ),
    (
        "SELECT * FROM JSON_TABLE('[[1,2],[3]]', '$[*]' COLUMNS (NESTED PATH '$[*]' COLUMNS (NESTED PATH '$' "
        "COLUMNS (a INT PATH '$')))) x, numbers a, numbers b"
    ),
    "SELECT JSON_MERGE_PRESERVE(j, j, j, j) FROM (SELECT JSON_ARRAYAGG(a.n) j FROM numbers a, numbers b) x",
    "SELECT JSON_SCHEMA_VALID('{\"$ref\": \"file:///etc/passwd\"}', '{}')",
    "SELECT JSON_PRETTY(JSON_ARRAYAGG(JSON_ARRAY(n, n))), JSON_STORAGE_SIZE(REPEAT(' ', 60000000)) FROM numbers",
    (
        "SELECT 1 MEMBER OF (CONCAT('[', REPEAT('2,', 5000000), '3]')), JSON_OVERLAPS('[1]', "
        "CONCAT('[', REPEAT('2,', 5000000), '3]')) FROM numbers"
    ),
    "SELECT " + "JSON_ARRAY(" * 150 + "1" + ")" * 150,
    # depth
    "SELECT " + "(SELECT " * 900 + "1" + ")" * 900,
    "SELECT 1" + "+1" * 20000,
    "SELECT " + "!" * 40000 + "1",
    "SELECT " + "- " * 20000 + "1",
    "SELECT " + "~" * 9900 + "1",
    "SELECT " + "CASE WHEN 1 THEN " * 500 + "1" + " END" * 500,
    "SELECT " + "EXISTS (SELECT " * 600 + "1" + ")" * 600,
    "SELECT " + "STRUCT(" * 60 + "1" + ")" * 60 + " -- update",
    "SELECT * FROM " + "(SELECT * FROM " * 500 + "singer" + ") x" * 500,
    "SELECT * FROM singer a " + "".join(f"JOIN (singer b{i} " for i in range(500)) + ")" * 500,
    "WITH a AS (" * 500 + "SELECT 1" + ") SELECT * FROM a" * 500,
    "SELECT x" + ".x" * 4900,
    "SELECT " + "{fn " * 2000,
    # width
    " UNION ALL ".join(["SELECT 1"] * 2500),
    "VALUES " + ",".join(["ROW(1)"] * 1200),
    "SELECT * FROM singer s0" + "".join(f" JOIN singer s{i}" for i in range(1, 70)),
    "SELECT 1 FROM singer s0" + "".join(f" JOIN singer s{i}" for i in range(1, 30)) + " -- all of them",
    "SELECT REPLACE(s0.name, 'a', 'b') FROM singer s0" + "".join(f" LEFT JOIN singer s{i} ON 1" for i in range(1, 40)),
    "SELECT 1e" + "9" * 9900,
    "SELECT @@" + "x" * 9900,
    # laughter: little text, exponential meaning
    "WITH c0 AS (SELECT 1 x), "
    + ", ".join(f"c{i} AS (SELECT * FROM c{i - 1} UNION ALL SELECT * FROM c{i - 1})" for i in range(1, 41))
    + " SELECT COUNT(*) FROM c40",
    "WITH c0 AS (SELECT 1 x UNION ALL SELECT 2), "
    + ", ".join(f"c{i} AS (SELECT a.x FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 7))
    + " SELECT COUNT(*) FROM c6",
    "SELECT * FROM " + "(SELECT a.n FROM numbers a JOIN " * 20 + "numbers b" + " ON a.n <> 0) b" * 20,
    "SELECT COUNT(*) FROM numbers a " + " ".join(f"LEFT JOIN numbers t{i} ON t{i}.n IN (a.n, {i})" for i in range(50)),
    "SELECT COUNT(*) FROM "
    + ", ".join(f"(SELECT n FROM numbers UNION ALL SELECT n FROM numbers) t{i}" for i in range(12)),
    # text that is not UTF-8
    "SELECT _utf8mb4 0xff",
    "SELECT _utf16 0xd800, _utf32 0x110000, _ucs2 0xdc00",
    "SELECT _latin1 0xff, _gb18030 0x8130, _sjis 0x815c, _binary 0xff, UNHEX('ff')",
    "SELECT 'a' COLLATE utf8mb4_bin = 'b' COLLATE utf8mb4_0900_ai_ci",
    "SELECT _gbk 0xbf27, _big5 'x' COLLATE big5_bin",
    "SELECT CONVERT(RANDOM_BYTES(1024) USING latin1) FROM numbers a, numbers b",
    # numbers and dates at their ends
    "SELECT EXP(1000)",
    "SELECT ~0 + 1",
    (
        "SELECT -9223372036854775808 DIV -1, -9223372036854775808 % -1, 1 << "
        "9223372036854775807, 1 / 0, SQRT(-1), LN(-1)"
    ),
    "SELECT POW(10, 400)",
    "SELECT 9.99e307 * 10.0e100",
    "SELECT " + " * ".join(["99999999999999999999999999999999.99999999999999999999999999999"] * 30),
    "SELECT BIT_AND(n), BIT_XOR(n), STD(n * 1e308), VARIANCE(1e308 * n) FROM numbers",
    # they look worse than they are
    "SELECT 1 /* ; DROP TABLE singer",
]

# Large, slow or odd, and perhaps answered: all that counts is the time, and that nothing else happens.
BOUNDED = [
    # several statements
    "SELECT 1 --'\n; DROP TABLE singer -- '",
    # characters
    "SELECT '\u00bf\\'; DROP TABLE singer -- '",
    # products of tables
    "SELECT COUNT(*) FROM " + ", ".join(f"numbers t{i}" for i in range(60)),
    (
        "SELECT COUNT(*) FROM performance_schema.global_variables a, "
        "performance_schema.session_status b, performance_schema.global_variables c"
    ),
    # windows
    "SELECT NTILE(9223372036854775807) OVER (), LAG(n, 1000000000) OVER (ORDER BY n) FROM numbers",
    "SELECT " + ", ".join(f"RANK() OVER (ORDER BY n % {i})" for i in range(1, 120)) + " FROM numbers",
    # large values
    "SELECT REPEAT('x', 1000000000)",
    "SELECT SPACE(9223372036854775807)",
    "SELECT LPAD('x', 67108863, 'y')",
    "SELECT CONCAT(REPEAT('x', 60000000), REPEAT('y', 60000000))",
    "SELECT UNCOMPRESS(CONCAT(0xffffff7f, SUBSTRING(COMPRESS(REPEAT('x', 100)), 5)))",
    "SELECT FORMAT(1e308, 30), ROUND(1e308, 2147483647), TRUNCATE(1e-308, -2147483648)",
    "SELECT STR_TO_DATE(REPEAT('1', 10000000), REPEAT('%d', 10000000)), MAKETIME(9223372036854775807, 59, 59)",
    # patterns
    "SELECT REPEAT('a', 1000000) LIKE '" + "%a" * 400 + "%b'",
    "SELECT REGEXP_INSTR(REPEAT('a', 100000), CONCAT(REPEAT('a?', 5000), REPEAT('a', 5000)))",
    "SELECT REGEXP_SUBSTR(REPEAT('a', 50000), '(?=(a+))(?=(a+))(?=(a+))\\\\1\\\\2b', 1, 100000) FROM numbers",
    # full text, XML, geometry
    "SELECT * FROM notes WHERE MATCH (body) AGAINST ('"
    + " ".join(f"t{i}*" for i in range(1500))
    + "' IN BOOLEAN MODE)",
    "SELECT EXTRACTVALUE(CONCAT(REPEAT('<a>', 100000), REPEAT('</a>', 100000)), '//a//a//a//a')",
    "SELECT UPDATEXML('<a>&lol;</a>', '/a', '<!DOCTYPE a [<!ENTITY lol SYSTEM \"file:///etc/passwd\">]>')",
    (
        "SELECT ST_ISVALID(g), ST_ISSIMPLE(g) FROM (SELECT ST_GEOMFROMTEXT(CONCAT('POLYGON((0 0', "
        "REPEAT(',1 1,0 1,1 0', 20000), ',0 0))')) g) x"
    ),
    (
        "SELECT ST_GEOHASH(180, 90, 100), ST_LATFROMGEOHASH(REPEAT('z', 10000000)), "
        "ST_TRANSFORM(ST_SRID(POINT(1, 1), 4326), 3857)"
    ),
    # JSON
    "SELECT JSON_SEARCH(JSON_ARRAY(REPEAT('a', 100000)), 'all', REPEAT('%a', 5000))",
    'SELECT JSON_SCHEMA_VALID(\'{"type": "string", "pattern": "^(a|b|ab)*c$"}\', JSON_QUOTE(REPEAT(\'ab\', 20)))',
    "SELECT JSON_SCHEMA_VALID('{\"pattern\": \"^(a|b)*$\"}', JSON_QUOTE(REPEAT('ab', 1000000)))",
    "SELECT JSON_SCHEMA_VALID(CONCAT(REPEAT('{\"not\":', 90), '{}', REPEAT('}', 90)), '1')",
    "SELECT JSON_SET('[]', " + ", ".join(f"'$[{i}]', {i}" for i in range(500)) + ")",
    "SELECT JSON_VALUE('[1e" + "9" * 5000 + "]', '$[0]')",
    # depth
    "SELECT " + "(" * 4900 + "1" + ")" * 4900,
    "SELECT " + "(" * 20000 + "1" + ")" * 20000,
    "SELECT 1" + "+1" * 400,
    "SELECT " + "NOT " * 12000 + "1",
    "SELECT " + "ABS(" * 900 + "1" + ")" * 900,
    "SELECT " + "CAST(" * 700 + "1" + " AS SIGNED)" * 700,
    "SELECT " + "1 IN (" * 1200 + "1" + ")" * 1200,
    "SELECT " + "IF(1," * 1400 + "1" + ",0)" * 1400,
    "SELECT " + "CHAR(" * 60 + "65" + ")" * 60 + " -- update",
    "SELECT * FROM " + "(SELECT * FROM " * 60 + "singer" + ") x" * 60,
    "SELECT * FROM " + "(" * 4900 + "singer" + ")" * 4900,
    "(" * 1000 + "SELECT 1" + ") UNION SELECT 1" * 1000,
    "SELECT 1" + " IS NOT NULL" * 800,
    "SELECT 1" + " BETWEEN 0 AND 1" * 600,
    "SELECT 'x'" + " COLLATE utf8mb4_bin" * 450,
    "SELECT " + "BINARY " * 1300 + "'x'",
    "SELECT " + "INTERVAL(" * 900 + "1,1" + ",1)" * 900,
    "SELECT NOW()" + " + INTERVAL 1 DAY" * 550,
    "SELECT '" + "' '" * 3000 + "'",
    # width
    "SELECT " + ", ".join(["singer.*"] * 4000) + " FROM singer",
    "SELECT " + ",".join(f"1 a{i}" for i in range(4097)),
    "SELECT 1 WHERE 1 IN (" + "1," * 20000 + "1)",
    "SELECT 1 WHERE 0" + " OR 0" * 1900,
    "SELECT * FROM (SELECT 1 FROM singer) a NATURAL JOIN (SELECT 2 FROM singer) b, numbers, numbers c, numbers d",
    "SELECT COALESCE(" + "NULL," * 1900 + "1)",
    "SELECT n FROM numbers ORDER BY " + ",".join(["n"] * 4900),
    "SELECT 1 FROM singer GROUP BY " + ",".join(["age"] * 2000),
    "WITH " + ",".join(f"c{i} AS (SELECT 1)" for i in range(400)) + " SELECT 1",
    "SELECT COUNT(*) FROM singer s0" + "".join(f" JOIN singer s{i}" for i in range(1, 61)),
    "SELECT * FROM numbers WHERE " + " OR ".join(f"n = {i} AND n > {i}" for i in range(400)),
    "SELECT * FROM numbers WHERE " + " AND ".join(f"(n = {i} OR n > {i} AND n <> {i})" for i in range(250)),
    "SELECT 1 AS " + "x" * 49000,
    "SELECT 1 AS `" + "``" * 4900 + "`",
    "SELECT '" + "\u00e9" * 9900 + "'",
    "SELECT 0x" + "f" * 9000,
    "SELECT 0x" + "f" * 9000 + " /* update */",
    "SELECT " + "9" * 9900,
    "SELECT 1 " + "/**/" * 2400,
    # laughter: little text, exponential meaning
    "SELECT COUNT(*) FROM "
    + ", ".join(f"numbers t{i}" for i in range(40))
    + " WHERE "
    + " AND ".join(f"t{i}.n = t{j}.n" for i in range(40) for j in range(i)),
    "SELECT COUNT(*) FROM "
    + ", ".join(f"singer t{i}" for i in range(55))
    + " WHERE "
    + " AND ".join(f"(t{i}.age = t{i + 1}.singer_id OR t{i}.name > t{i + 1}.name)" for i in range(54)),
    "SELECT COUNT(*) FROM numbers a WHERE "
    + "a.n IN (SELECT n FROM numbers a WHERE " * 20
    + "a.n <> RAND()"
    + ")" * 20,
    "SELECT " + "(SELECT MAX(n + " * 30 + "1" + ") FROM numbers)" * 30,
    # text that is not UTF-8
    "SELECT CONVERT(0xff USING utf8mb4), CAST(0xc080 AS CHAR), CHAR(255 USING utf8mb4)",
    "SELECT n AS 'x\\0y', 'a\\0b\\Z' FROM numbers",
    # numbers and dates at their ends
    "SELECT CAST(REPEAT('9', 1000000) AS DECIMAL(65, 30)), CAST('1e999999999' AS DOUBLE), CAST('x' AS SIGNED)",
    (
        "SELECT DATE_ADD('9999-12-31', INTERVAL 9223372036854775807 YEAR), FROM_DAYS(2147483647), "
        "SEC_TO_TIME(1e308), ADDTIME('838:59:59', '838:59:59')"
    ),
    "SELECT n FROM numbers LIMIT 18446744073709551615 OFFSET 18446744073709551615",
    "SELECT UUID_SHORT(), UUID(), RAND(NULL), CONNECTION_ID(), LAST_INSERT_ID(9223372036854775807), ROW_COUNT()",
    # they look worse than they are
    "SELECT 'DROP TABLE singer; -- /*! x */ SLEEP(100)'",
    "SELECT 1 -- ; DROP TABLE singer",
    "SELECT 1 # ; DROP TABLE singer",
    "SELECT 1 /* ; DROP TABLE singer */",
    "SELECT 1 --1",
    "SELECT 1;" + " " * 9000,
    "SELECT name AS `sleep`, age AS `into` FROM singer",
    "SELECT @@version, @@datadir, @@secure_file_priv, @@hostname, USER(), CURRENT_ROLE()",
    "SELECT * FROM information_schema.user_privileges",
    "VALUES ROW(1, 'x'), ROW(2, NULL)",
    "SELECT * FROM elders",
    "SELECT ICU_VERSION(), ROLES_GRAPHML(), PS_CURRENT_THREAD_ID(), FORMAT_BYTES(1e300)",
]

# Minutes to centuries inside one step of the server, where it looks neither at its time limit nor for a KILL: these are
# not even sent to it.
UNINTERRUPTIBLE = [
    # large values
    "SELECT LOCATE(CONCAT(REPEAT('a', 250000), 'b'), REPEAT('a', 500000)) FROM numbers",
    # full text, XML, geometry
    "SELECT EXTRACTVALUE(CONCAT('<a>', REPEAT('<b/>', 20000), '</a>'), '//b[count(//b[count(//b) > 1]) > 1]')",
    "SELECT ST_LINEINTERPOLATEPOINTS(ST_GEOMFROMTEXT('LINESTRING(0 0, 1 1)'), 0.000000001)",
    "SELECT ST_AREA(ST_BUFFER(ST_GEOMFROMTEXT(CONCAT('LINESTRING(0 0', REPEAT(',1 1,0 1,1 0', 5000), ')')), 5))",
    (
        "SELECT ST_HAUSDORFFDISTANCE(l, l), ST_FRECHETDISTANCE(l, l) FROM (SELECT "
        "ST_GEOMFROMTEXT(CONCAT('LINESTRING(0 0', REPEAT(',1 1,2 3', 20000), ')')) l) x"
    ),
    # JSON
    (
        "SELECT JSON_EXTRACT(CONCAT(REPEAT('[', 99), REPEAT(']', 99)), "
        "'$**[*]**[*]**[*]**[*]**[*]**[*]**[*]**[*]**[*]**[*]')"
    ),
    (
        "SELECT JSON_EXTRACT(CONCAT(REPEAT('{\"a\":', 99), '1', REPEAT('}', 99)), "
        "'$**.a**.a**.a**.a**.a**.a**.a**.a**.a**.b')"
    ),
    "SELECT JSON_SCHEMA_VALID('{\"pattern\": \"^(a|b|ab)*c$\"}', JSON_QUOTE(REPEAT('ab', 100000)))",
    "SELECT JSON_SCHEMA_VALID('{\"pattern\": \"^(a+)+$\"}', JSON_QUOTE(CONCAT(REPEAT('a', 40), 'b')))",
    # laughter: little text, exponential meaning
    "SELECT x FROM " + "(SELECT x + x AS x FROM " * 40 + "(SELECT n AS x FROM numbers) x" + ") x" * 40,
    "SELECT x FROM "
    + "(SELECT x * x % 7 + SIN(x) AS x FROM " * 25
    + "(SELECT n AS x FROM numbers LIMIT 1) x"
    + ") x" * 25,
    "SELECT x FROM " + "(SELECT CONCAT(x, x) AS x FROM " * 40 + "(SELECT name AS x FROM singer) x" + ") x" * 40,
]
