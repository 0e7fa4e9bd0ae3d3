# Tables distributed over servers: distribute, move, split, rebalance, undistribute;
# what is refused; writes during a move; crashes at every step; servers that are down
# or have become different; dump and restore of the coordinator.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib 'test';
use Background;

my $servers = PostgreSQL::Test::Cluster->new('servers');
my $coordinator = PostgreSQL::Test::Cluster->new('coordinator');
foreach my $node ($servers, $coordinator)
{
	$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', "max_prepared_transactions = 10\nautovacuum = off\nfsync = off\n");
	$node->start;
}
my ($host, $port) = ($servers->host, $servers->port);
foreach my $name (map { "s$_" } 1 .. 5)
{
	$servers->safe_psql('postgres', "CREATE DATABASE $name");
	$servers->safe_psql($name, 'CREATE EXTENSION mmdb');
}
my $set_up = join '', 'CREATE EXTENSION mmdb; CREATE EXTENSION postgres_fdw;', map {
	"CREATE SERVER s$_ FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 's$_', extensions 'mmdb');
	 CREATE USER MAPPING FOR CURRENT_USER SERVER s$_;"
} 1 .. 5;
$coordinator->safe_psql('postgres', $set_up);

sub query { return $coordinator->safe_psql('postgres', @_) }

# The error of a command; it must be one.
sub refused
{
	my ($sql, $pattern, $what) = @_;
	my ($code, $out, $err) = $coordinator->psql('postgres', $sql);
	like($err, $pattern, $what);
	unlike($err, qr/password|user=/i, "$what: no credentials");
}

query(q{
	CREATE TABLE flats (id integer NOT NULL, rent float8, title text DEFAULT 'x', tags text[], posted date,
		CHECK (id > 0));
	SELECT setseed(0.5);
	INSERT INTO flats SELECT i, CASE WHEN i % 9 > 0 THEN round(random() * 2000) END, md5((i % 900)::text),
		ARRAY['a' || i % 7, E'b\t\\\\' || i % 5], CASE WHEN i % 4 > 0 THEN date '2024-01-01' + i % 300 END
		FROM generate_series(1, 6000) i;
	CREATE INDEX flats_mm ON flats USING mmdb (rent, title, tags, posted);
	CREATE INDEX flats_id ON flats (id);
	CREATE TABLE original AS SELECT * FROM flats;
	CREATE ROLE reader;
	GRANT SELECT ON flats TO reader;
	COMMENT ON TABLE flats IS 'homes';
	CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
		SELECT count(*) FROM ((TABLE flats EXCEPT ALL TABLE original) UNION ALL (TABLE original
			EXCEPT ALL TABLE flats)) d
	$$;
});

my ($code, $out, $err);

# What is refused leaves everything as it was.
query(q{
	CREATE TABLE plain (id integer PRIMARY KEY, a integer);
	INSERT INTO plain SELECT i, i FROM generate_series(1, 100) i;
	CREATE TABLE refers (id integer REFERENCES plain);
	CREATE TABLE with_trigger (a integer);
	CREATE INDEX ON with_trigger USING mmdb (a);
	CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER t BEFORE INSERT ON with_trigger FOR EACH ROW EXECUTE FUNCTION nothing();
});
my $distribute = q{SELECT mmdb.distribute('flats', '{s1,s2,s3,s4}', regions => 16)};
refused(q{SELECT mmdb.distribute('flats', '{s1,nowhere}')}, qr/server "nowhere" does not exist/, 'no such server');
refused(q{SELECT mmdb.distribute('flats', '{s1,s1}')}, qr/server "s1" is given twice/, 'a server twice');
query("CREATE SERVER again FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 's1');
	CREATE USER MAPPING FOR CURRENT_USER SERVER again;
	CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '@{[ $coordinator->host ]}',
		port '@{[ $coordinator->port ]}', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER self");
refused(q{SELECT mmdb.distribute('flats', '{s2,s1,again}')}, qr/servers "s1" and "again" are the same database/,
	'a server under two names');
($code, $out, $err) = $coordinator->psql('postgres', q{CREATE ROLE unmapped; GRANT CREATE ON SCHEMA public TO unmapped;
	GRANT USAGE ON FOREIGN SERVER s1 TO unmapped; SET ROLE unmapped; CREATE TABLE own (a integer);
	CREATE INDEX ON own USING mmdb (a); SELECT mmdb.distribute('own', '{s1}', method => 'hash'); DROP TABLE own});
like($err, qr/user "unmapped" has no user mapping for server "s1".*HINT:  CREATE USER MAPPING FOR unmapped SERVER s1/s,
	'a user without a mapping');
refused(q{SELECT mmdb.distribute('flats', '{s1,self}')}, qr/server "self" is this database itself/,
	'the coordinator as a server');
refused(q{SELECT mmdb.distribute('flats', '{s1,s2}', regions => 1)}, qr/fewer regions/, 'fewer regions than servers');
refused(q{CREATE TABLE nothing_yet (a integer); CREATE INDEX ON nothing_yet USING mmdb (a);
	SELECT mmdb.distribute('nothing_yet', '{s1,s2}')}, qr/fewer regions.*HINT:.*method => 'hash'/s,
	'no rows to make regions of');
is(query(q{SELECT mmdb.distribute('nothing_yet', '{s1,s2}', method => 'hash');
	SELECT mmdb.undistribute('nothing_yet'); DROP TABLE nothing_yet}),
	"0\n0", 'a hash needs none');
refused(q{SELECT mmdb.distribute('original', '{s1}')}, qr/"original" has no mmdb index/, 'no index');
refused(q{SELECT mmdb.distribute('plain', '{s1}')}, qr/"plain" has foreign keys.*refers/s, 'foreign keys');
refused(q{DROP TABLE refers; SELECT mmdb.distribute('plain', '{s1}')},
	qr/"plain" has unique keys.*plain_pkey.*keys => 'index'/s,
	'unique keys');
refused(q{SELECT mmdb.distribute('with_trigger', '{s1}')}, qr/has triggers or rules/, 'triggers');
query('CREATE VIEW looks AS SELECT id FROM flats');
refused($distribute, qr/has views or other objects that depend on it.*view public\.looks/s, 'views');
refused(q{CREATE TEMP TABLE t (a integer); SELECT mmdb.distribute('t', '{s1}')}, qr/temporary table "t"/,
	'temporary tables');
refused("BEGIN; $distribute", qr/cannot run inside a transaction block/, 'inside a transaction block');
refused("DROP VIEW looks; SET ROLE reader; $distribute", qr/must be owner of table flats/, 'not the owner');
$servers->safe_psql('s3', 'CREATE TABLE flats (a integer)');
refused($distribute, qr/server "s3": relation "flats" already exists/, 'a table that is there');
$servers->safe_psql('s3',
	'DROP TABLE flats; DROP EXTENSION mmdb; CREATE SCHEMA other; CREATE EXTENSION mmdb SCHEMA other');
refused($distribute, qr/server "s3" has mmdb in another schema/, 'mmdb in another schema');
$servers->safe_psql('s3', 'DROP EXTENSION mmdb');
refused($distribute, qr/server "s3" does not have extension mmdb/, 'no mmdb');
$servers->safe_psql('s3', 'CREATE EXTENSION mmdb');
is(query('SELECT differences()'), '0', 'nothing has changed');
is($servers->safe_psql('s1', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'flats%'}), '0',
	'nothing is left at a server');

# Distribute.
my ($status, $rows, $warnings) = $coordinator->psql('postgres', $distribute);
is($rows, '6000', 'rows distributed');
like($warnings, qr/rights on table "flats" were not given at server "s4" to: reader/,
	'who is not known at a server is named');
is(query('SELECT differences()'), '0', 'the same rows');
is(query(q{SELECT string_agg(server || ':' || n, ' ' ORDER BY server) FROM
	(SELECT server, count(*) AS n FROM mmdb.regions WHERE table_name = 'flats'::regclass GROUP BY 1) r}),
	's1:4 s2:4 s3:4 s4:4', 'four regions a server');
is(query(q{SELECT max(rows) < 1.25 * avg(rows) FROM mmdb.region_sizes('flats')}), 't', 'regions are even');
is(query(q{SELECT * FROM mmdb.check_servers('flats')}), '', 'servers are right');
is(query(q{SELECT obj_description('flats'::regclass), has_table_privilege('reader', 'flats', 'SELECT'),
	string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) FROM pg_index
		WHERE indrelid = 'flats'::regclass}),
	'homes|t|flats_id flats_mm', 'comment, rights and indexes');
is(query(q{SELECT count(DISTINCT scale) FROM (SELECT substring(pg_get_indexdef('flats_mm'::regclass)
	FROM 'scales=.*') AS scale) s}),
	'1', 'scales are pinned');
foreach my $name (qw(s1 s4))
{
	is($servers->safe_psql($name, q{SELECT substring(pg_get_indexdef('flats_mm'::regclass) FROM 'scales=.*')}),
		query(q{SELECT substring(pg_get_indexdef('flats_mm'::regclass) FROM 'scales=.*')}), "the same scales at $name");
}
refused($distribute, qr/already distributed/, 'twice');

# Writes.
my $stray = query(q{SELECT format('%L, %L, %L, %L, %L', id, rent, title, tags, posted) FROM flats
	WHERE tableoid = 'flats_s1'::regclass ORDER BY id LIMIT 1});
($code, $out, $err) = $servers->psql('s4', "INSERT INTO flats (id, rent, title, tags, posted) VALUES ($stray)");
like($err, qr/no partition of relation "flats" found/, 'a stray row is rejected');
refused(q{UPDATE flats SET rent = 5000, posted = NULL}, qr/no partition of relation "flats" found|violates partition/,
	'a row that would leave its server is refused');
is(query('SELECT differences()'), '0', 'and nothing is lost');
refused(q{UPDATE flats f SET tags = '{}' FROM original o WHERE o.id = f.id},
	qr/cannot change rows of distributed table/,
	'rows that are chosen here are refused');
refused(q{DELETE FROM flats WHERE random() < 2}, qr/cannot change rows of distributed table/, 'and so are deletions');
refused(q{INSERT INTO flats VALUES (0)}, qr/violates check constraint/, 'constraints are checked at servers');
is(query(q{SELECT mmdb.copy_from('flats', 'SELECT id + 10000.0, rent::text, title, tags, posted FROM original')}),
	'6000', 'copy_from');
query(q{INSERT INTO original (id, rent, title, tags, posted) SELECT id + 10000, rent, title, tags, posted
	FROM original});
is(query('SELECT differences()'), '0', 'its rows are there');
is(query(q{BEGIN; SELECT mmdb.copy_from('flats', $$SELECT 20001, 1, 'x', '{x}', NULL$$);
	SAVEPOINT a; SELECT mmdb.copy_from('flats', $$SELECT 20002, 1, 'x', '{x}', NULL$$); ROLLBACK TO a; COMMIT;
	SELECT id FROM flats WHERE id > 20000; DELETE FROM flats WHERE id > 20000}),
	"1\n1\n20001", 'a savepoint that is rolled back before the commit');
# What the connection of copy_from does, foreign scans do not see, and TRUNCATE would wait for.
my $copy_one = q{SELECT mmdb.copy_from('flats', $$SELECT 20003, 1, 'x', '{x}', NULL$$)};
foreach my $reading ('SELECT count(*) FROM flats', 'SELECT id FROM flats ORDER BY rent <+> 7 LIMIT 1',
	'DELETE FROM flats WHERE id = 20003', q{SELECT mmdb.copy_from('flats', 'TABLE flats')})
{
	refused("BEGIN; $copy_one; $reading", qr/cannot read table "flats" in the transaction in which/,
		"copy_from, then $reading");
}
refused("BEGIN; $copy_one; TRUNCATE flats", qr/cannot truncate distributed table "flats"/, 'copy_from, then TRUNCATE');
refused("SET statement_timeout = '60s'; BEGIN; TRUNCATE flats; $copy_one", qr/in a transaction that has locked it/,
	'TRUNCATE, then copy_from');
refused('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT id FROM flats ORDER BY rent <+> 7 LIMIT 1; TRUNCATE flats',
	qr/cannot truncate distributed table "flats"/, 'a search, then TRUNCATE');
is(query("BEGIN; SAVEPOINT a; $copy_one; ROLLBACK TO a; SELECT count(*) FROM flats WHERE id = 20003; "
		. "INSERT INTO flats (id) VALUES (20004); $copy_one; INSERT INTO flats (id) VALUES (20005); COMMIT; "
		. "SELECT count(*) FROM flats WHERE id > 20000; "
		. 'DELETE FROM flats WHERE id > 20000'), "1\n0\n1\n3", 'copy_from in a savepoint, and beside INSERT');
is(query('SELECT differences()'), '0', 'and nothing is left');

refused(q{SELECT mmdb.copy_from('flats', 'SELECT 1')}, qr/returns 1 columns, and table "flats" has 5/,
	'copy_from with too few columns');
refused(q{SELECT mmdb.copy_from('flats', 'SELECT *, 1 FROM original')}, qr/returns 6 columns/, 'with too many');
refused(q{SELECT mmdb.copy_from('flats', 'SELECT 1; DROP TABLE flats')}, qr/needs a query that returns rows/,
	'with two statements');

# Rows are sent in binary form if all servers have the same types, and as text otherwise.
# The encoding of the user's client does not matter.
my $mixed = q{SELECT md5(string_agg(m::text, ' ' ORDER BY id)) FROM };
$servers->safe_psql($_, 'CREATE TYPE pair AS (a integer, b text); CREATE DOMAIN short AS varchar(9);
	CREATE DOMAIN amount AS numeric') foreach qw(s1 s2);
query(q{SET client_encoding = 'LATIN1';
	CREATE TYPE pair AS (a integer, b text);
	CREATE DOMAIN short AS varchar(9);
	CREATE DOMAIN amount AS numeric;
	CREATE TABLE mixed (id integer, a float8, t text, n numeric(9, 3), s short, j jsonb, z timestamptz, m money,
		d amount);
	INSERT INTO mixed SELECT i, random(), repeat(chr(200 + i % 50), i % 4) || E'\\\t\n', i / 7.0, chr(230),
		jsonb_build_object(chr(240), i), '2024-02-29 12:00+1', i, i FROM generate_series(1, 200) i;
	INSERT INTO mixed VALUES (0, 'NaN', NULL, NULL, NULL, 'null', 'infinity', NULL);
	INSERT INTO mixed VALUES (NULL), (NULL);
	CREATE INDEX mixed_mm ON mixed USING mmdb (a);
	CREATE TABLE mixed_original AS SELECT * FROM mixed;
	SELECT mmdb.distribute('mixed', '{s1,s2}')});
is(query("$mixed mixed m"), query("$mixed mixed_original m"), 'rows of many types, sent in binary form');
is(query(q{SET client_encoding = 'LATIN1'; DELETE FROM mixed;
	SELECT mmdb.copy_from('mixed', 'TABLE mixed_original');}) . query("$mixed mixed m"),
	'203' . query("$mixed mixed_original m"), 'copy_from under another encoding');
# A domain of the same name is over another type at s2.
sub change_domain
{
	my ($type) = @_;

	$servers->safe_psql('s2', "ALTER TABLE mixed ALTER d TYPE $type; DROP DOMAIN amount;
		CREATE DOMAIN amount AS $type; ALTER TABLE mixed ALTER d TYPE amount");
	return;
}
change_domain('float8');
is(query(q{DELETE FROM mixed; SELECT mmdb.copy_from('mixed', 'TABLE mixed_original')}) . query("$mixed mixed m"),
	'203' . query("$mixed mixed_original m"), 'copy_from to a server whose domain is over another type');
change_domain('numeric');
$servers->safe_psql('s2', 'ALTER TABLE mixed ALTER id TYPE bigint, ALTER n TYPE text, ALTER t TYPE varchar');
is(query(q{DELETE FROM mixed; SELECT mmdb.copy_from('mixed', 'TABLE mixed_original')}), '203',
	'copy_from to a server whose columns have other types');
is(query("$mixed mixed m"), query("$mixed mixed_original m"), 'has the same rows');
$servers->safe_psql('s2', 'ALTER TABLE mixed ALTER id TYPE integer, ALTER n TYPE numeric(9, 3) USING n::numeric,
	ALTER t TYPE text');
refused(q{SELECT mmdb.copy_from('mixed', $$SELECT 1, 2, 'x', 1234567.8, 'x', NULL, NULL, 0, 0$$)},
	qr/server "s[12]": numeric field overflow/, 'servers check precisions');
is(query(q{CREATE TABLE lengths (a float8, c char(10), p bpchar, b bit(5), cs char(4)[], bs bit(3)[]);
	INSERT INTO lengths SELECT i, 'abc' || i, 'defgh', '10110', ARRAY['xy', 'z'], ARRAY[B'101']
		FROM generate_series(1, 20) i;
	CREATE INDEX ON lengths USING mmdb (a);
	CREATE TABLE lengths_original AS TABLE lengths;
	SELECT mmdb.distribute('lengths', '{s1,s2}'); DELETE FROM lengths;
	SELECT mmdb.copy_from('lengths', 'TABLE lengths_original');
	SELECT count(*) FROM (TABLE lengths INTERSECT ALL TABLE lengths_original) same;
	SELECT mmdb.undistribute('lengths'); DROP TABLE lengths, lengths_original}),
	"20\n20\n20\n20", 'copy_from keeps characters and bits of all lengths');
query(q{SELECT mmdb.on_servers('mixed', 'ALTER TABLE mixed ADD COLUMN p pair')});
query(q{SET client_encoding = 'LATIN1'; UPDATE mixed_original SET t = t || chr(255); DELETE FROM mixed;
	SELECT mmdb.copy_from('mixed', $$SELECT *, (id, t)::pair FROM mixed_original$$)});
my $pairs = q{SELECT count(*), count(p) FROM mixed WHERE p IS NOT DISTINCT FROM (id, t)::pair};
is(query($pairs), '203|203', 'a composite type is sent as text');
query(q{SET client_encoding = 'LATIN1'; SELECT mmdb.undistribute('mixed')});
is(query($pairs), '203|203', 'and comes back, under another encoding');
query('ALTER TABLE mixed DROP COLUMN p');
is(query("$mixed mixed m"), query("$mixed mixed_original m"), 'as all rows do');

foreach my $copy ('COPY (SELECT 1) TO STDOUT', 'COPY flats FROM STDIN')
{
	refused("SELECT mmdb.on_servers('flats', '$copy')", qr/COPY from or to the client/, "$copy at servers");
}

# Functions of a table's owner do not get the rights of others.
query(q{CREATE ROLE careful; GRANT CREATE ON SCHEMA public TO careful; SET ROLE careful;
	CREATE FUNCTION changes(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN IF current_user <> 'careful' THEN RAISE 'run by %', current_user; END IF; RETURN $1; END $$;
	CREATE TABLE theirs (a integer, b integer); INSERT INTO theirs SELECT i, i % 10 FROM generate_series(1, 300) i;
	CREATE INDEX theirs_mm ON theirs USING mmdb (a, (changes(b)))});
foreach my $call (q{mmdb.train_regions('theirs_mm', 2)}, q{mmdb.distribute('theirs', '{s1,s2}')})
{
	refused("SELECT $call", qr/only the owner of table "theirs" can do this.*SET ROLE careful/s, $call);
}
is(query(q{SET ROLE careful; SELECT mmdb.train_regions('theirs_mm', 2) IS NOT NULL}), 't', 'the owner can');

# Moves and splits.
refused(q{SELECT mmdb.move_region('flats', region, 's5') FROM mmdb.regions WHERE region IN (7, 8)},
	qr/mmdb.move_region\(\) cannot run in a transaction in which another operation/, 'two moves in a statement');
is(query(q{SELECT server FROM mmdb.regions WHERE region IN (7, 8) AND server = 's5'}), '', 'neither has happened');
query(q{DO $$
	BEGIN
		PERFORM mmdb.move_region('flats', 8, 's5');
		ASSERT NOT EXISTS (SELECT FROM mmdb.check_servers('flats'));
	END $$});
is(query(q{SELECT server FROM mmdb.regions WHERE region = 8}), 's5', 'what moves a region may go on');
# What would wait for itself is an error: the transaction has locks at the servers already.
foreach my $use ('PERFORM count(*) FROM flats', 'INSERT INTO flats (id) VALUES (1)',
	'DELETE FROM flats WHERE id = -1')
{
	foreach my $operation (q{mmdb.move_region('flats', 8, 's2')}, q{mmdb.split_region('flats', 8)},
		q{mmdb.undistribute('flats')}, q{mmdb.on_servers('flats', 'ALTER TABLE flats ADD late text')})
	{
		refused("SET statement_timeout = '60s'; DO \$\$ BEGIN $use; PERFORM $operation; END \$\$",
			qr/cannot lock table "flats" at its servers in a transaction that has used it/, "$use; $operation");
	}
}
is(query(q{DO $$
	BEGIN
		BEGIN
			PERFORM count(*) FROM flats;
			RAISE 'back';
		EXCEPTION WHEN raise_exception THEN
			PERFORM id FROM flats ORDER BY rent <+> 3 LIMIT 1;
		END;
		PERFORM mmdb.on_servers('flats', 'ALTER TABLE flats ALTER rent SET STATISTICS 50');
	END $$}), '', 'what was rolled back, and searches by distance, are no use');
is(query(q{SELECT mmdb.move_region('flats', 8, 's2'); SELECT differences()}), "\n0", 'and back');
my $move = q{SELECT mmdb.move_region('flats', 7, 's5')};
query($move);
is(query(q{SELECT server FROM mmdb.regions WHERE region = 7}), 's5', 'region 7 has moved');
is(query('SELECT differences()'), '0', 'rows after a move');
my $new = query(q{SELECT mmdb.split_region('flats', 7)});
is($new, '{17,18}', 'region 7 is split');
is(query('SELECT differences()'), '0', 'rows after a split');
is(query(q{SELECT * FROM mmdb.check_servers('flats')}), '', 'servers are right');
refused($move, qr/has no region 7/, 'a region that is no more');
refused(q{SELECT mmdb.move_region('flats', 17, 's5')}, qr/is at server "s5" already/, 'a move to where it is');
refused(q{SELECT mmdb.move_region('flats', 17, 'again')}, qr/servers "s1" and "again" are the same database/,
	'a move to a server under another name');
query(q{SELECT mmdb.move_region('flats', 17, 's1')});
query(q{SELECT mmdb.move_region('flats', 18, 's1')});
is($servers->safe_psql('s5', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'flats%'}), '0',
	'the last region takes all along');
like(query(q{SELECT count(*) FROM mmdb.rebalance_plan('flats')}), qr/^[1-9]/, 'a plan');
query(q{CALL mmdb.rebalance('flats', '{s5}')});
is(query(q{SELECT max(n) < 1.3 * avg(n) FROM (SELECT server, sum(rows) AS n FROM mmdb.region_sizes('flats')
	GROUP BY 1) s}),
	't', 'rebalanced');
is(query('SELECT differences()'), '0', 'rows after rebalancing');

# A move that waits for a transaction lets those pass who have come after it.
my $reader = in_background($coordinator, 'postgres', map { ('-c', $_) } 'BEGIN',
	'LOCK TABLE flats IN ACCESS SHARE MODE', 'SELECT pg_sleep(60)');
ok($coordinator->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity
	WHERE query = 'SELECT pg_sleep(60)' AND wait_event = 'PgSleep'}), 'a long transaction');
my $waiting = in_background($coordinator, 'postgres', '-c', q{SELECT mmdb.move_region('flats', 8, 's5')});
ok($coordinator->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_locks
	WHERE NOT granted AND mode = 'AccessExclusiveLock'}), 'a move waits for it');
is(query(q{SET statement_timeout = '50s';
	SELECT count(*) FROM (SELECT FROM flats ORDER BY rent <+> 500 LIMIT 5) s}), '5',
	'a search does not wait for the move');
is(query(q{SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND wait_event = 'PgSleep'}), '1',
	'while the long transaction is still there');
query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'});
$_->finish foreach $reader, $waiting;
is(query(q{SELECT server FROM mmdb.regions WHERE region = 8}), 's5', 'then the region has moved');
is(query(q{SELECT differences()}), '0', 'with its rows');

# Writes go on while regions move and are split.  Each writes down what it did.
query(q{CREATE TABLE written (id integer); CREATE TABLE deleted (id integer)});
my @writers;
foreach my $writer (1 .. 2)
{
	my $sql = '';
	foreach my $i (1 .. 150)
	{
		my $id = $writer * 100000 + $i;
		my $gone = $writer * 1000 + $i;
		$sql .= "BEGIN; INSERT INTO flats SELECT $id, rent, title, tags, posted FROM original WHERE id = $i; "
			. "INSERT INTO written VALUES ($id); COMMIT;\n"
			. "BEGIN; WITH d AS (DELETE FROM flats WHERE id = $gone RETURNING id) "
			. "INSERT INTO deleted SELECT id FROM d; COMMIT;\n"
			. "UPDATE flats SET title = title WHERE id = $gone + 500;\nSELECT pg_sleep(0.01);\n";
	}
	my $file = PostgreSQL::Test::Utils::tempdir() . '/writes.sql';
	append_to_file($file, $sql);
	push @writers, in_background($coordinator, 'postgres', '-f', $file);
}
my ($region, $from) = split /\|/, query(q{SELECT min(region), server FROM mmdb.regions GROUP BY server
	ORDER BY server LIMIT 1});
foreach my $to ('s2', 's3', $from)
{
	query("SELECT mmdb.move_region('flats', $region, '$to')");
}
my ($first) = query("SELECT mmdb.split_region('flats', $region)") =~ /(\d+)/;
query("SELECT mmdb.move_region('flats', $first, 's4')");
$_->finish foreach @writers;
cmp_ok(query('SELECT count(*) FROM written'), '>', 100, 'writes went on');
is(query(q{SELECT count(*) FROM (SELECT id FROM flats) f FULL JOIN (SELECT id FROM original
	WHERE id NOT IN (TABLE deleted)
	UNION ALL TABLE written) o USING (id) WHERE f.id IS NULL OR o.id IS NULL}), '0', 'no write is lost');
is(query('SELECT count(*) - count(DISTINCT id) FROM flats'), '0', 'no row is there twice');
query(q{TRUNCATE original; INSERT INTO original (id, rent, title, tags, posted) SELECT id, rent, title, tags, posted
	FROM flats});

# This server crashes while a move waits: for the region's table, for writers, for readers.
sub crashes
{
	my ($what, $node, $database, $lock) = @_;
	my ($region, $from) = split /\|/,
		query('SELECT min(region), server FROM mmdb.regions GROUP BY server ORDER BY server LIMIT 1');
	my $table = $servers->safe_psql($from, qq{SELECT c.oid::regclass
		FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
		WHERE pg_get_expr(relpartbound, c.oid) = 'FOR VALUES IN ($region)'});
	my $holder = in_background($node, $database // $from, map { ('-c', $_) } 'BEGIN', $lock =~ s/REGION/$table/r,
		'SELECT pg_sleep(60)');
	ok($node->poll_query_until($database // $from, q{SELECT count(*) > 0 FROM pg_stat_activity
		WHERE query LIKE '%pg_sleep(60)%'
		AND wait_event = 'PgSleep'}), "$what: locked");
	my $mover = in_background($coordinator, 'postgres', '-c',
		"SELECT mmdb.move_region('flats', $region, '@{[ $from eq 's5' ? 's1' : 's5' ]}')");
	ok($node->poll_query_until($database // $from, q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted}),
		"$what: waits");
	$coordinator->stop('immediate');
	$mover->finish;
	$servers->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE wait_event = 'PgSleep'});
	$holder->finish;
	$coordinator->start;
	ok($servers->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()}), "$what: servers have noticed");
	is(query('SELECT differences()'), '0', "$what: rows after a crash");
	is(query(q{SELECT * FROM mmdb.check_servers('flats')}), '', "$what: servers after a crash");
	is(query("SELECT server FROM mmdb.regions WHERE region = $region"), $from, "$what: the region is where it was");
}
crashes('while it copies', $servers, undef, 'LOCK TABLE REGION IN ACCESS EXCLUSIVE MODE');
crashes('while it waits for writers', $servers, undef, 'LOCK TABLE ONLY flats IN ROW EXCLUSIVE MODE');
crashes('while it waits for readers', $coordinator, 'postgres', 'LOCK TABLE flats IN ACCESS SHARE MODE');

# Prepared transactions that a crash has left end as the one here did.
my ($system, $database, $server) = split /\|/, query(q{SELECT system_identifier, d.oid, s.oid FROM pg_control_system(),
	pg_database d, pg_foreign_server s WHERE datname = current_database() AND srvname = 's1'});
my $committed = query('SELECT pg_current_xact_id()');
my $aborted = query('BEGIN; SELECT pg_current_xact_id(); ROLLBACK');
foreach my $xid ($committed, $aborted)
{
	$servers->safe_psql('s1',
		"BEGIN; CREATE TABLE left_$xid (); PREPARE TRANSACTION 'mmdb_${system}_${database}_${xid}_$server'");
}
is(query(q{SELECT count(*) FROM mmdb.check_servers('flats') WHERE problem LIKE '%is prepared%'}), '2',
	'check_servers sees them');
is(query(q{SELECT string_agg(action, ',' ORDER BY transaction) FROM mmdb.recover()}), 'committed,rolled back',
	'recover');
is($servers->safe_psql('s1', q{SELECT string_agg(relname, ',') FROM pg_class WHERE relname LIKE 'left\_%'}),
	"left_$committed",
	'what was committed is there');

# A query that waits for one is older than its commit, and is cancelled.
$servers->safe_psql('s1', "BEGIN; LOCK TABLE flats IN ACCESS EXCLUSIVE MODE;
	PREPARE TRANSACTION 'mmdb_${system}_${database}_${committed}_$server'");
my $older = in_background($coordinator, 'postgres', '-c', 'SELECT count(*) FROM flats');
ok($servers->poll_query_until('s1', 'SELECT count(*) > 0 FROM pg_locks WHERE NOT granted'), 'a query waits');
is(query('SELECT string_agg(action, $$,$$) FROM mmdb.recover()'), 'committed', 'recover');
ok(!$older->finish, 'the query has an error');

# If one server cannot prepare, what another has prepared is rolled back.
$servers->safe_psql('postgres',
	join ' ', map { "BEGIN; CREATE TABLE held_$_ (); PREPARE TRANSACTION 'held_$_';" } 1 .. 9);
($region, $from) = split /\|/, query(q{SELECT min(region), server FROM mmdb.regions WHERE server <> 's2'
	GROUP BY server LIMIT 1});
refused("SELECT mmdb.move_region('flats', $region, 's2')", qr/maximum number of prepared transactions reached/,
	'a server that cannot prepare');
is($servers->safe_psql('postgres', q{SELECT count(*) FROM pg_prepared_xacts WHERE gid NOT LIKE 'held%'}), '0',
	'nothing is left prepared');
is(query("SELECT server FROM mmdb.regions WHERE region = $region"), $from, 'the region is where it was');
$servers->safe_psql('postgres', join ' ', map { "ROLLBACK PREPARED 'held_$_';" } 1 .. 9);
($code, $out, $err) = $coordinator->psql('postgres',
	q{SELECT mmdb.on_servers('flats', 'CREATE TEMP TABLE temporary (a integer)')});
like($err, qr/server "s\d": cannot PREPARE a transaction that has operated on temporary objects/,
	'a transaction that cannot be prepared');
unlike($err, qr/WARNING/, 'leaves nothing that would have to be ended');

# Without prepared transactions, servers commit one after the other.
$servers->append_conf('postgresql.conf', 'max_prepared_transactions = 0');
$servers->restart;
($region, $from) = split /\|/, query(q{SELECT min(region), server FROM mmdb.regions WHERE server <> 's2'
	GROUP BY server LIMIT 1});
query("SELECT mmdb.move_region('flats', $region, 's2')");
is(query('SELECT differences()'), '0', 'a move without prepared transactions');

# Servers that have become different.
query(q{ALTER SERVER s2 OPTIONS (DROP extensions)});
is(query(q{SELECT server || ': ' || problem FROM mmdb.check_servers('flats')}),
	's2: its option "extensions" does not list mmdb, so searches are not sent to it', 'a server without the option');
query(q{ALTER SERVER s2 OPTIONS (ADD extensions 'mmdb')});
# It waits here for a transaction that uses the table, and not at a server, where the next
# search of that transaction would wait for it in turn.
my $scanning = in_background($coordinator, 'postgres', map { ('-c', $_) } 'BEGIN', 'SELECT count(*) > 0 FROM flats',
	'SELECT pg_sleep(2)', 'SELECT id > 0 FROM flats ORDER BY rent <+> 7 LIMIT 1', 'COMMIT');
$coordinator->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'});
is(query(q{SET statement_timeout = '60s';
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER title SET STORAGE EXTERNAL')}),
	query('SELECT count(DISTINCT server) FROM mmdb.regions'), 'on_servers beside a transaction that reads');
ok($scanning->finish, 'which goes on');
is(query(q{SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ADD COLUMN stars integer DEFAULT 3')}),
	query('SELECT count(DISTINCT server) FROM mmdb.regions'), 'on_servers');
is(query('SELECT sum(stars) = 3 * count(*) FROM flats'), 't', 'the column is everywhere');

# A session whose searches are prepared at servers goes on after a column's type has changed there.
my $prepared = 'SELECT pg_typeof(stars) FROM flats ORDER BY rent <+> 500 LIMIT 1;';
is(query("$prepared $prepared $prepared
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE bigint') > 0; $prepared $prepared $prepared
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE integer') > 0; $prepared
	SELECT mmdb.on_servers('flats', 'DEALLOCATE ALL') > 0; $prepared"),
	join("\n", ('integer') x 3, 't', ('bigint') x 3, 't', 'integer', 't', 'integer'),
	'prepared searches, after a change of type, and deallocated');
$prepared =~ s/;$/ OFFSET 1;/;
($code, $out, $err) = $coordinator->psql('postgres', "$prepared $prepared $prepared
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE bigint') > 0;
	BEGIN ISOLATION LEVEL REPEATABLE READ; $prepared $prepared COMMIT;
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE integer') > 0;
	BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM (SELECT 1 FROM flats ORDER BY rent <+> 500 LIMIT 1) s;
	SAVEPOINT a; $prepared $prepared RELEASE a; $prepared COMMIT", on_error_stop => 0);
is($out, join("\n", ('integer') x 3, 't', ('bigint') x 2, 't', 1, ('integer') x 3),
	'transactions and savepoints that begin with such a search');
is($err, '', 'have no error');
($code, $out, $err) = $coordinator->psql('postgres', "$prepared $prepared
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE bigint') > 0;
	BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM (SELECT 1 FROM flats ORDER BY rent <+> 500 LIMIT 1) s;
	$prepared ROLLBACK;
	BEGIN ISOLATION LEVEL REPEATABLE READ; $prepared ROLLBACK;
	SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER stars TYPE integer') > 0", on_error_stop => 0);
is($out, join("\n", ('integer') x 2, 't', 1, 'bigint', 't'),
	'a transaction that has read at the servers has an error once');
like($err, qr/^[^\n]*cached plan must not change result type/, 'which is that of the server');

# All indexes of a table keep their scales, and not only the one that it is divided by.
query(q{CREATE TABLE two (a float8, b float8);
	INSERT INTO two SELECT i, i * 7919 % 1009 * i FROM generate_series(1, 1000) i;
	CREATE INDEX two_a ON two USING mmdb (a, b); CREATE INDEX two_b ON two USING mmdb (b); ANALYZE two;
	CREATE TABLE two_before AS SELECT distance FROM odbknn(NULL::two, ROW(5000), NULL, 9, 'two_b');
	SELECT mmdb.distribute('two', '{s1,s2}', regions => 4, using_index => 'two_a')});
is(query(q{SELECT * FROM mmdb.check_servers('two')}), '', 'scales of all indexes are the same everywhere');
is(query(q{SELECT distance FROM odbknn(NULL::two, ROW(5000), NULL, 9, 'two_b') ORDER BY 1}),
	query('SELECT distance FROM two_before ORDER BY 1'), 'and so are normalized distances');
query(q{DROP TABLE two; SELECT 1});

# When prepared searches are forgotten, those at servers that a transaction does not go to again are freed, too.
query(q{CREATE TABLE alone (a integer); INSERT INTO alone SELECT generate_series(1, 10);
	CREATE INDEX ON alone USING mmdb (a); SELECT mmdb.distribute('alone', '{s1}', regions => 1)});
my $everywhere = 'SELECT id > 0 FROM flats ORDER BY rent <+> 500 NULLS FIRST LIMIT 1;';
my $alone = 'SELECT a FROM alone ORDER BY a <+> 7 LIMIT 1;';
my $prepared_anywhere = q{SELECT mmdb.on_servers('flats',
	$$DO 'BEGIN IF EXISTS (SELECT FROM pg_prepared_statements) THEN
		RAISE ''something is prepared''; END IF; END'$$, here => false) > 0};
my $prepare = "$everywhere $everywhere $alone $alone
	SELECT mmdb.on_servers('alone', 'DEALLOCATE ALL', here => false) > 0;";
refused("$prepare $prepared_anywhere", qr/something is prepared/, 'searches are prepared at other servers than s1');
is(query("$prepare BEGIN ISOLATION LEVEL REPEATABLE READ; $everywhere $alone COMMIT; $prepared_anywhere"),
	join("\n", 't', 't', 7, 7, 't', 't', 7, 't'), 'when one is gone at s1, all are freed');
query(q{SELECT mmdb.undistribute('alone'); DROP TABLE alone});

# What a command sets does not outlast it at the servers.
is(query(q{SELECT mmdb.on_servers('flats', 'SET extra_float_digits = -3; SET search_path = pg_temp', here => false) > 0;
	SELECT mmdb.on_servers('flats', $$DO 'BEGIN IF current_setting(''extra_float_digits'') <> ''3'' THEN
		RAISE ''it is still set''; END IF; END'$$, here => false) > 0}),
	"t\nt", 'settings that are set at servers');

# Indexes are replaced everywhere.
is(query(q{SELECT mmdb.on_servers('flats', 'CREATE INDEX flats_new ON flats USING mmdb (rent, title, tags, posted)
		WITH (scales = ''{500,20,2,90}'')') > 0;
	SELECT mmdb.on_servers('flats', $$CALL mmdb.replace_index('flats_mm', 'flats_new')$$) > 0;
	SELECT count(*) FROM mmdb.check_servers('flats');
	SELECT to_regclass('flats_mm') IS NOT NULL AND to_regclass('flats_new') IS NULL}),
	"t\nt\n0\nt", 'an index that replaces another, at all servers');
is($servers->safe_psql('s1', q{SELECT 'flats_mm'::regclass, to_regclass('flats_new')}), 'flats_mm|', 'and at each');
refused(q{SELECT mmdb.on_servers('flats', 'ALTER TABLE flats DROP COLUMN nope')}, qr/server "s\d": column "nope"/,
	'its errors');
foreach my $command ('COMMIT', 'ALTER TABLE flats ADD COLUMN half integer; COMMIT', 'BEGIN; DROP TABLE flats; COMMIT',
	'COMMIT; BEGIN', 'ROLLBACK AND CHAIN', 'SAVEPOINT a', 'ROLLBACK; COMMIT', q{PREPARE TRANSACTION ''a''})
{
	refused("SELECT mmdb.on_servers('flats', '$command')",
		qr/cannot be part of a command for all servers.*HINT:  Leave BEGIN/s, "$command is none of its commands");
}
refused(q{SELECT mmdb.on_servers('flats', 'DO $$ BEGIN CREATE TABLE half (); COMMIT; END $$')},
	qr/invalid transaction termination/, 'nor in a DO block');
is(query(q{SET standard_conforming_strings = off; SET escape_string_warning = off;
	SELECT mmdb.on_servers('flats', $$SELECT 'a\'; COMMIT; SELECT '$$)}),
	query('SELECT count(DISTINCT server) FROM mmdb.regions'),
	'strings are read everywhere as they are here');
refused(q{SELECT mmdb.on_servers('flats', ' -- nothing')}, qr/there is no command for the servers/, 'nothing');
is(query(q{SELECT mmdb.on_servers('flats',
		$$CREATE TABLE anywhere (a text); INSERT INTO anywhere VALUES (';'); CREATE INDEX ON anywhere (a)$$)}),
	query('SELECT count(DISTINCT server) FROM mmdb.regions'), 'several commands');
is($servers->safe_psql('s1', 'TABLE anywhere') . query('TABLE anywhere'), ';;', 'run everywhere');
query(q{SELECT mmdb.on_servers('flats', 'DROP TABLE anywhere')});
is(query(q{SELECT count(*) FROM mmdb.check_servers('flats')}), '0', 'nothing is left of what was refused');
is($servers->safe_psql('s1', q{SELECT count(*) FROM pg_class WHERE relname = 'half'}), '0', 'at no server');

# What can only be done at the servers, or not at all, is told.
foreach my $call (q{mmdb.on_servers('flats', 'ALTER TABLE flats ADD PRIMARY KEY (id)')},
	q{mmdb.on_servers('flats', 'CREATE UNIQUE INDEX ON public.flats (id)')})
{
	refused("SELECT $call", qr/distributed table "flats" cannot have unique keys.*HINT:  An index that is not unique/s,
		$call);
}
refused(q{LOAD 'mmdb'; ALTER TABLE flats ADD UNIQUE (id)}, qr/distributed table "flats" cannot have unique keys/,
	'nor by a statement of its own');
($code, $out, $err) = $coordinator->psql('postgres', q{LOAD 'mmdb'; ALTER TABLE flats ADD COLUMN here_only integer;
	ALTER TABLE flats DROP COLUMN here_only});
like($err, qr/WARNING:  distributed table "flats" is changed here, but not at its servers.*mmdb\.on_servers\(\)/s,
	'a column that is added here only');
($code, $out, $err) = $coordinator->psql('postgres',
	q{LOAD 'mmdb'; SELECT mmdb.on_servers('flats', 'ALTER TABLE flats ALTER id SET NOT NULL')});
is($err, '', 'but not what is changed everywhere');
foreach my $call (q{mm_advise('flats_mm', 'SELECT NULL')}, q{mm_tune('flats_mm', 'SELECT NULL')},
	q{mmdb_index_stats('flats_mm')}, q{mmdb_index_check('flats_mm')})
{
	refused("SELECT $call", qr/are at other servers.*HINT:  Call the function at/s, $call);
}
is(query(q{SELECT count(*), count(scale), count("count") FROM mmdb.index_columns
	WHERE index_name = 'flats_mm'::regclass}),
	'4|4|0', 'what servers have measured is not known here');
$servers->safe_psql('s2', 'ALTER TABLE flats ADD COLUMN extra integer; DROP INDEX flats_id');
is(query(q{SELECT string_agg(server || ' ' || split_part(problem, ':', 1), ', ' ORDER BY problem)
	FROM mmdb.check_servers('flats')}),
	's2 other columns, s2 other indexes', 'check_servers');
$servers->safe_psql('s2', 'ALTER TABLE flats DROP COLUMN extra; CREATE INDEX flats_id ON flats (id)');

# Dump and restore of the coordinator: the same table at the same servers.
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$coordinator->command_ok([ 'pg_dump', '-f', $dump, '-d', $coordinator->connstr('postgres') ], 'pg_dump');
$coordinator->safe_psql('postgres', 'CREATE DATABASE restored');
$coordinator->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d',
	$coordinator->connstr('restored') ], 'restore');
is($coordinator->safe_psql('restored',
	'SELECT count(*) FROM (SELECT id, title FROM flats EXCEPT SELECT id, title FROM original) d'),
	'0', 'the restored coordinator');
is($coordinator->safe_psql('restored', q{SELECT * FROM mmdb.check_servers('flats')}), '', 'its servers');

# A server that is down is named.
$servers->stop;
refused($move =~ s/7/8/r, qr/server "s\d"/, 'a server that is down');
like(query(q{SELECT string_agg(server, ',') FROM mmdb.check_servers('flats')}), qr/s1,s2,s3,s4/,
	'check_servers with servers that are down');
$servers->start;

# And back.
is(query(q{SELECT mmdb.undistribute('flats')}), query('SELECT count(*) FROM original'), 'undistribute');
is(query(q{SELECT count(*) FROM ((SELECT id, rent, title, tags, posted FROM flats EXCEPT ALL SELECT id, rent, title,
	tags, posted FROM original))
	d}), '0', 'rows that are back');
is(query(q{SELECT relkind, obj_description(oid), has_table_privilege('reader', 'flats', 'SELECT') FROM pg_class
	WHERE relname = 'flats'}),
	'r|homes|t', 'an ordinary table');
is($servers->safe_psql('s1', q{SELECT count(*) FROM pg_class WHERE relname LIKE 'flats%'}), '0',
	'servers have nothing left');

# Hashes of the primary key, which becomes a plain index; sequences stay.
query(q{
	CREATE TABLE numbered (id serial PRIMARY KEY, other integer GENERATED ALWAYS AS IDENTITY, a integer);
	CREATE TABLE generated (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
	INSERT INTO generated SELECT i FROM generate_series(1, 100) i;
	CREATE INDEX ON generated USING mmdb (a);
	SELECT mmdb.distribute('generated', '{s1,s2}');
	INSERT INTO generated VALUES (50);
	CREATE INDEX numbered_mm ON numbered USING mmdb (a);
	INSERT INTO numbered (a) SELECT i FROM generate_series(1, 1000) i;
	SELECT mmdb.distribute('numbered', '{s1,s2}', method => 'hash', keys => 'index');
	INSERT INTO numbered (a) VALUES (7);
});
is(query('SELECT max(id), max(other), count(*) FROM numbered'), '1001|1001|1001', 'numbers go on');
is(query('SELECT sum(b) FROM generated'), '10200', 'generated columns');
refused('UPDATE generated SET a = a + 1', qr/cannot change rows of distributed table/,
	'but their rows are not changed from here');
query(q{SELECT mmdb.undistribute('generated')});
is(query('SELECT count(*) FROM mmdb.regions'), '8', 'four regions a server, if nothing is said');
query(q{SELECT mmdb.split_region('numbered', 3)});
query(q{UPDATE numbered SET a = -a});
is(query(q{SELECT sum(a) FROM numbered}), '-500507', 'all rows are updated');
query(q{SELECT mmdb.undistribute('numbered')});
is(query(q{INSERT INTO numbered (a) VALUES (0) RETURNING id, other}), '1002|1002', 'and numbers still go on');

done_testing();
