# Many sessions change a table and search it at the same time, and VACUUM works
# beside them.  Each search compares the index's answer with that of a sequential
# scan in the same snapshot.
#
# The index begins empty, so that it gets its model amid all that, and its nodes
# hold few entries, so that they are split and deleted all the time.  So it is with
# one that has sub-indexes, which are searched under all drivers.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{MMDB_TEST_LONG} ? 300 : 15;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nshared_buffers = 32MB\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION mmdb');
$node->safe_psql('postgres', slurp_file($_)) foreach ('test/differences.sql', 'test/forest.sql');

$node->safe_psql('postgres', q{
	CREATE TYPE home AS (price integer, photo mmvector, review text);
	CREATE TABLE t (id serial, price integer, photo mmvector, review text, obj home)
		WITH (autovacuum_enabled = off, vacuum_truncate = off);
	CREATE INDEX t_mm ON t USING mmdb (price, photo, review) WITH (pivots = 16, fillfactor = 40);
	CREATE INDEX t_obj ON t USING mmdb (obj) WITH (pivots = 8);
	CREATE SEQUENCE by_index;
	CREATE SEQUENCE by_scan;

	-- values around some thousand places, one after the other
	CREATE FUNCTION random_home(near integer) RETURNS home LANGUAGE sql VOLATILE AS $$
		SELECT ROW(CASE WHEN random() < 0.95 THEN near * 10 + (random() * 9)::integer END,
				   ARRAY(SELECT sin(near * i) + random() * 0.1 FROM generate_series(1, 6) i),
				   CASE WHEN random() < 0.9
						THEN left(md5((near / 10)::text), 12) || left(md5(random()::text), 3) END)::home
	$$;

	CREATE FUNCTION add_homes(near integer, n integer) RETURNS void LANGUAGE sql AS $$
		INSERT INTO t (price, photo, review, obj)
		SELECT (o).price, (o).photo, (o).review, o
			FROM (SELECT random_home(near) AS o FROM generate_series(1, n) OFFSET 0) s
	$$;

	-- rows that nobody else has locked, so that there are no deadlocks
	CREATE FUNCTION change_homes(first integer, n integer, near integer) RETURNS void LANGUAGE sql AS $$
		UPDATE t SET (price, photo, review, obj) = (SELECT (o).price, (o).photo, (o).review, o
			FROM (SELECT random_home(near + t.id % 7) AS o OFFSET 0) s)
		WHERE id IN (SELECT id FROM t WHERE id >= first ORDER BY id LIMIT n FOR UPDATE SKIP LOCKED)
	$$;
	CREATE FUNCTION remove_homes(first integer, last integer) RETURNS void LANGUAGE sql AS $$
		DELETE FROM t WHERE id IN (SELECT id FROM t WHERE price BETWEEN first AND last FOR UPDATE SKIP LOCKED)
	$$;

	CREATE FUNCTION answer(query text, by_index boolean) RETURNS text[] LANGUAGE plpgsql AS $$
	DECLARE
		result text[];
	BEGIN
		PERFORM set_config(name, CASE WHEN by_index THEN 'off' ELSE 'on' END, true)
			FROM unnest(ARRAY['enable_seqscan', 'enable_sort']) name;
		PERFORM set_config(name, CASE WHEN by_index THEN 'on' ELSE 'off' END, true)
			FROM unnest(ARRAY['enable_indexscan', 'enable_bitmapscan', 'mmdb.enable_scan']) name;
		EXECUTE query INTO result;
		RETURN result;
	END $$;

	CREATE FUNCTION compare(query text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		scans bigint := pg_stat_get_xact_numscans('t'::regclass);
		index_answer text[] := answer(query, true);
		used boolean := pg_stat_get_xact_numscans('t'::regclass) = scans;
		true_answer text[] := answer(query, false);
	BEGIN
		IF index_answer IS DISTINCT FROM true_answer THEN
			RAISE 'answers differ' USING DETAIL = differences(query, index_answer, true_answer);
		END IF;
		PERFORM nextval(CASE WHEN used THEN 'by_index' ELSE 'by_scan' END);
	END $$;

	-- a cursor that takes its time, while nodes it has not come to are split, merged and deleted
	CREATE FUNCTION walk(near integer) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		c refcursor;
		x integer;
		ids integer[] := '{}';
		walked text[];
		stored text[];
	BEGIN
		PERFORM set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_sort']) name;
		OPEN c FOR SELECT id FROM t ORDER BY price <+> near * 10;
		LOOP
			FETCH c INTO x;
			EXIT WHEN NOT FOUND;
			ids := ids || x;
			IF cardinality(ids) % 200 = 0 THEN
				PERFORM pg_sleep(0.01);
			END IF;
		END LOOP;
		PERFORM set_config('enable_seqscan', 'on', true), set_config('mmdb.enable_scan', 'off', true);
		SELECT array_agg(id ORDER BY id) INTO walked FROM unnest(ids) id;
		SELECT array_agg(id ORDER BY id) INTO stored FROM t;
		IF walked IS DISTINCT FROM stored THEN
			RAISE 'rows of a cursor differ' USING DETAIL = differences('walk ' || near, walked, stored);
		END IF;
	END $$;

	CREATE FUNCTION search(near integer) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		o home := random_home(near);
		-- not penalties, which VACUUM changes as long as the table is small
		missing text := CASE WHEN random() < 0.5 THEN 'ignore' ELSE 'exclude' END;
	BEGIN
		PERFORM compare(format('SELECT array_agg(distance) FROM odbknn(NULL::t, %L::home, ARRAY[1, %s, 1], 7, ''t_mm'',
			normalized => false, missing => %L)', o, random(), missing));
		PERFORM compare(format('SELECT array_agg(concat_ws('' '', (obj).id, distance) ORDER BY (obj).id)
			FROM odbrange(NULL::t, %L::home, ''{1,10,0.1}'', 30, ''t_mm'', normalized => false,
				missing => %L)', o, missing));
		PERFORM compare(format('SELECT array_agg(distance)
			FROM (SELECT review <~> %L AS distance FROM t ORDER BY 1 LIMIT 30) s', o.review));
		PERFORM compare(format('SELECT array_agg(id ORDER BY id)
			FROM (SELECT id FROM t ORDER BY price <+> %L) s', o.price));
		PERFORM compare(format('SELECT array_agg(distance)
			FROM (SELECT obj <-> odbquery(%L::home, ''{0.1,1,0}'') AS distance FROM t ORDER BY 1 LIMIT 20) s', o));
		PERFORM compare(format('SELECT array_agg(id ORDER BY id)
			FROM t WHERE obj <@ odbrange(%L::home, ''{0,1,0.1}'', 1.2)', o));
		PERFORM compare(format('SELECT array_agg(distance)
			FROM (SELECT 0.1 * (price <+> %L) + coalesce(photo <-> %L, 1) + (review <~> %L) AS distance
				  FROM t WHERE id %% 3 > 0 ORDER BY 1 LIMIT 20) s', o.price, o.photo, o.review));
		PERFORM compare(format('SELECT array_agg(id ORDER BY id)
			FROM t WHERE (price <+> %L) / 100 + (photo <-> %L) < 0.8
				OR (review <~> %L) <= 2', o.price, o.photo, o.review));
		PERFORM compare(format('SELECT array_agg(id ORDER BY id)
			FROM (SELECT id FROM t ORDER BY ((obj).price <+> %L) + ((obj).photo <-> %L)) s', o.price, o.photo));
	END $$;
});
$node->safe_psql('postgres', q{ALTER FUNCTION search(integer) SET plan_cache_mode = force_custom_plan});
$node->safe_psql('postgres', q{
	SELECT make_forest('', ', pivots = 8, fillfactor = 40');
	CREATE SEQUENCE forest_by_index;
	CREATE FUNCTION search_forest(near integer) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM nextval('forest_by_index') FROM generate_series(1, compare_drivers(near, 0.1));
	END $$;
	CREATE FUNCTION remove_trees(near integer) RETURNS void LANGUAGE sql AS $$
		DELETE FROM forest WHERE id IN (SELECT id FROM forest WHERE a BETWEEN near * 10 AND near * 10 + 300
			FOR UPDATE SKIP LOCKED)
	$$;
	CREATE FUNCTION change_trees(first integer, near integer) RETURNS void LANGUAGE sql AS $$
		UPDATE forest SET (a, v, s, tags) = (SELECT t.* FROM random_tree(near + forest.id % 7) t)
		WHERE id IN (SELECT id FROM forest WHERE id >= first ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED)
	$$;
});

# Scripts of pgbench, and how often each is chosen.
my $dir = PostgreSQL::Test::Utils::tempdir();
my %scripts = (
	add => [ 4, 'SELECT add_homes(:near, 20);' ],
	abort => [ 1, "BEGIN;\nSELECT add_homes(:near, 40);\nROLLBACK;" ],
	change => [ 2, 'SELECT change_homes(:id, 10, :near);' ],
	remove => [ 3, 'SELECT remove_homes(:near * 10, :near * 10 + 300);' ],
	search => [ 4, "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT search(:near);\nCOMMIT;" ],
	walk => [ 1, "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT walk(:near);\nCOMMIT;" ],
	add_trees => [ 4, 'SELECT add_trees(60);' ],
	abort_trees => [ 1, "BEGIN;\nSELECT add_trees(60);\nROLLBACK;" ],
	change_trees => [ 1, 'SELECT change_trees(:id, :near % 300);' ],
	remove_trees => [ 1, 'SELECT remove_trees(:near % 300);' ],
	search_forest => [ 3, "BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT search_forest(:near % 300);\nCOMMIT;" ],
	vacuum => [ 0, "VACUUM t, forest;\n\\sleep 50 ms" ],
);
my @files;
foreach my $name (sort keys %scripts)
{
	my ($weight, $script) = @{ $scripts{$name} };
	append_to_file("$dir/$name", "\\set near random(1, 1000)\n\\set id random(1, 20000)\n$script\n");
	push @files, '-f', "$dir/$name\@$weight" if $weight > 0;
}
my @pgbench = ('pgbench', '-n', '-T', $seconds, '-h', $node->host, '-p', $node->port);
my ($out, $err, $vacuum_out, $vacuum_err) = ('', '', '', '');
my $vacuum = IPC::Run::start([ @pgbench, '-f', "$dir/vacuum", 'postgres' ], '<', \undef, '>', \$vacuum_out, '2>',
	\$vacuum_err);
my $clients = IPC::Run::start([ @pgbench, '-c', 8, '-j', 2, @files, 'postgres' ], '<', \undef, '>', \$out, '2>', \$err);
$clients->finish;
$vacuum->finish;
is($clients->result(0), 0, 'the clients went well') or diag($err);
is($vacuum->result(0), 0, 'and VACUUM beside them') or diag($vacuum_err);
unlike($err, qr/ERROR/, 'without errors');

# On a busy machine, that may take longer.
my ($by_index, $by_scan, $forest_by_index, $stamps);
my $patience = time + $PostgreSQL::Test::Utils::timeout_default;
for (;;)
{
	($by_index, $by_scan, $forest_by_index, $stamps) = split /\|/, $node->safe_psql('postgres', q{
		CHECKPOINT;
		SELECT a.last_value, b.last_value, f.last_value, inverted_stamps()
		FROM by_index a, by_scan b, forest_by_index f});
	last if $by_index > 100 && $forest_by_index > 100 && $stamps > 5 || time > $patience;
	IPC::Run::run([ 'pgbench', '-n', '-T', 2, '-c', 8, '-j', 2, '-h', $node->host, '-p', $node->port, @files,
			'postgres' ], '<', \undef, '>', \$out, '2>', \$err);
}
note("$by_index answers by the index, $by_scan not, 0 differences; "
	. $node->safe_psql('postgres',
		q{SELECT (SELECT count(*) FROM t) || ' rows, ' || pg_relation_size('t_mm') / 8192 || ' pages'}));
cmp_ok($by_index, '>', 100, 'searches used the index');
note("$forest_by_index answers by the index with sub-indexes, $stamps chains and runs; "
	. $node->safe_psql('postgres', q{SELECT count(*) || ' rows' FROM forest}));
cmp_ok($forest_by_index, '>', 100, 'searches by sub-indexes used the index');
cmp_ok($stamps, '>', 5, 'pending pages were made runs');

# All rows are there, and can be removed.
foreach my $round (1 .. 2)
{
	foreach my $column ('price <+> 5', "photo <-> '[0,0,0,0,0,0]'", "review <~> 'x'",
		"obj <-> odbquery(ROW(5, '[0,0,0,0,0,0]', 'x')::home, NULL)")
	{
		is($node->safe_psql('postgres', qq{
			SELECT count(*) > 0, differences('all rows', answer(\$q\$SELECT array_agg(id ORDER BY id)
				FROM (SELECT id FROM t ORDER BY $column) s\$q\$, true), array_agg(id ORDER BY id)::text[]) FROM t}),
			't|', "round $round: all rows by $column");
	}
	cmp_ok($node->safe_psql('postgres', 'SELECT sum(compare_drivers(n)) FROM unnest(ARRAY[7, 150]) n'), '>', 0,
		"round $round: sub-indexes by all drivers");
	$node->safe_psql('postgres', q{SELECT mmdb_index_check(i) FROM unnest('{t_mm,t_obj,forest_mm}'::regclass[]) i});
	$node->safe_psql('postgres',
		'DELETE FROM t WHERE id % 3 > 0; DELETE FROM forest WHERE id % 3 > 0; VACUUM t, forest');
}

# Several sessions find that an index with sub-indexes is due for its model.
append_to_file("$dir/train", "\\set n random(1, 20)\nSELECT add_trees(:n);\n");
foreach my $round (1 .. $ENV{MMDB_TEST_LONG} ? 50 : 3)
{
	$node->safe_psql('postgres', 'DROP TABLE forest; SELECT make_forest()');
	my $train = IPC::Run::start([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', 8, '-h', $node->host, '-p', $node->port,
		'-f', "$dir/train", 'postgres' ], '<', \undef, '>', \$out, '2>', \$err);
	$train->finish;
	is($train->result(0), 0, "training $round beside other insertions") or diag($err);
	is($node->safe_psql('postgres', q{
		SELECT mmdb_index_check('forest_mm');
		SELECT count(*) = (SELECT count(kind) FROM forest_column), count(DISTINCT entries) = 1,
			min(entries) = (SELECT count(*) FROM forest) FROM mmdb.subindexes WHERE index_name = 'forest_mm'::regclass;
		SELECT compare_drivers(100) > 0}), "\nt|t|t\nt", 'all rows are in all sub-indexes');
}

done_testing();
