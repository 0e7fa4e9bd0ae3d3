# Citus: a table that is distributed has the same answers as one on one server, and so
# it stays when nodes are added and shards move.  Where Citus is not installed, this is
# skipped.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib 'test';
use Examples;

my $queries = $ENV{MMDB_TEST_LONG} ? 5000 : 80;

my ($sharedir) = run_command([ 'pg_config', '--sharedir' ]);
if (!-e "$sharedir/extension/citus.control")
{
	diag('Citus is not installed in this PostgreSQL: NOTHING IS TESTED of tables that Citus distributes.');
	plan skip_all => 'Citus is not installed';
}

# Servers reach each other, and themselves, by the directory of their sockets.
sub start_node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 'logical', extra => [ '--locale=C', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf',
		"shared_preload_libraries = 'citus'\nmax_prepared_transactions = 20\nautovacuum = off\n"
			. "citus.enable_statistics_collection = off\ncitus.shard_count = 4\n"
			. "citus.local_hostname = '"
			. $node->host . "'\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	return $node;
}

my $main = start_node('coordinator');
my $worker = start_node('worker');
my $added = start_node('added');

sub address
{
	my ($node) = @_;
	return "'" . $node->host . "', " . $node->port;
}

sub sql
{
	my ($sql) = @_;
	return $main->safe_psql('postgres', $sql);
}

sub fails
{
	my ($sql, $error, $name) = @_;
	my ($status, $out, $err) = $main->psql('postgres', $sql);
	like($err, $error, $name);
	return;
}

# Both have shards, and Citus creates the extension on the worker.
sql('SELECT citus_set_coordinator_host(' . address($main) . ')');
sql('SELECT citus_add_node(' . address($worker) . ')');
sql('SELECT citus_set_node_property(' . address($main) . ", 'shouldhaveshards', true)");
sql('CREATE EXTENSION mmdb');

# Docs first: they begin with an empty database.
run_examples('docs/citus.md', $main->connstr('postgres'));

# The same rows in a table of one server: with NULLs, ties and duplicates.
sql(q{
	CREATE TABLE one (id bigint PRIMARY KEY, photo mmvector(6), place point, price float8, review text);
	SELECT setseed(0.5);
	INSERT INTO one SELECT i,
		CASE WHEN i % 19 > 0 THEN ARRAY(SELECT random() FROM generate_series(1, 6) WHERE i > 0)::mmvector END,
		CASE WHEN i % 13 > 0 THEN point(round(random()::numeric * 20), random() * 20) END,
		CASE WHEN i % 7 > 0 THEN round(random()::numeric * 300) END, md5((i % 90)::text)
		FROM generate_series(1, 3000) i;
	INSERT INTO one SELECT id + 3000, photo, place, price, review FROM one WHERE id % 10 = 0;
	CREATE INDEX one_mm ON one USING mmdb (photo, place, price, review);
	CREATE TABLE many (LIKE one INCLUDING DEFAULTS);
	ALTER TABLE many ADD PRIMARY KEY (id);
	SELECT create_distributed_table('many', 'id');
	CREATE INDEX many_mm ON many USING mmdb (photo, place, price, review);
	CREATE FUNCTION differences(queries integer, seed float8 DEFAULT 0.1) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE
		q record;
		w text;
		r float8;
		m text;
		a float8[];
		b float8[];
		result bigint := 0;
	BEGIN
		PERFORM setseed(seed);
		FOR i IN 1..queries LOOP
			SELECT * INTO q FROM one ORDER BY hashint8(id + i) LIMIT 1;
			w := (SELECT array_agg(CASE WHEN random() < 0.3 THEN 0 ELSE round(random()::numeric, 2) END)
				  FROM generate_series(1, 3))::float8[] || 0.3::float8;
			m := (ARRAY['penalty', 'ignore', 'exclude'])[1 + i % 3];
			IF i % 4 = 0 THEN q.price := NULL; END IF;
			IF i % 2 = 0 THEN
				r := 0.1 + random() / 4;
				SELECT array_agg(distance ORDER BY distance) INTO a
				FROM odbrange(NULL::one, ROW(q.photo, q.place, q.price, q.review), w::odbvalues, r, missing => m);
				SELECT array_agg(distance ORDER BY distance) INTO b
				FROM odbrange(NULL::many, ROW(q.photo, q.place, q.price, q.review), w::odbvalues, r, missing => m);
			ELSE
				SELECT array_agg(distance) INTO a FROM odbknn(NULL::one, ROW(q.photo, q.place, q.price, q.review),
					w::odbvalues, 1 + i % 40, missing => m, filter => 'id % 3 <> ' || i % 5);
				SELECT array_agg(distance) INTO b FROM odbknn(NULL::many, ROW(q.photo, q.place, q.price, q.review),
					w::odbvalues, 1 + i % 40, missing => m, filter => 'id % 3 <> ' || i % 5);
			END IF;
			result := result + (a IS DISTINCT FROM b)::integer;
		END LOOP;
		RETURN result;
	END $$;
	-- what an SQL command prints on all placements of the table's shards
	CREATE FUNCTION on_indexes(expression text) RETURNS SETOF text LANGUAGE sql AS $$
		SELECT result FROM run_command_on_placements('many', format('SELECT %s FROM pg_class c JOIN pg_index i '
			'ON indexrelid = c.oid JOIN pg_am a ON a.oid = relam WHERE amname = ''mmdb'' AND indrelid = ', expression)
			|| '''%s''::regclass') $$});

# COPY, both ways
my $rows = $main->safe_psql('postgres', 'COPY one TO STDOUT');
$main->safe_psql('postgres', "COPY many FROM STDIN;\n$rows\n\\.\n");
is(sql('SELECT count(*) FROM many'), sql('SELECT count(*) FROM one'), 'COPY');
sql('CREATE TABLE back (LIKE one)');
$rows = $main->safe_psql('postgres', 'COPY many TO STDOUT');
$main->safe_psql('postgres', "COPY back FROM STDIN;\n$rows\n\\.\n");
is(sql('SELECT count(*) FROM (SELECT id, review FROM one EXCEPT SELECT id, review FROM back) s'), 0, 'and back');

# Scales: none by chance, the same as on one server when they are measured
my $knn = q{odbknn(NULL::many, ROW(NULL, point(3, 4), 100, 'abc'), '{0,1,1,1}', 5)};
fails("SELECT * FROM $knn", qr/has no scale\nDETAIL:  Its table is distributed.*HINT:.*mm_pin_scales/s,
	'a distributed table has no scale');
fails(q{SELECT mm_scale('many_mm', 'price')}, qr/has no scale\nDETAIL:  Its table is distributed/, 'mm_scale, too');
fails(q{SELECT mm_learn_weights('many_mm', 'VALUES (1, ARRAY[2])')}, qr/has no scale\nDETAIL:  Its table is/,
	'and learning');
my $measured = sql(q{SELECT array_agg(scale ORDER BY column_number) FROM mm_measure_scales('many_mm')});
is($measured, sql(q{SELECT array_agg(scale ORDER BY column_number) FROM mmdb.index_columns
	WHERE index_name = 'one_mm'::regclass}), 'scales are measured over all shards');
sql("SELECT mm_pin_scales('many_mm')");
is(sql(q{SELECT DISTINCT on_indexes('reloptions::text')}), qq({"scales=$measured"}), 'shards get pinned scales');
is($worker->safe_psql('postgres', q{SELECT reloptions FROM pg_class WHERE relname = 'many_mm'}),
	qq({"scales=$measured"}), 'and so does the table on the worker');
sql(qq{DROP INDEX many_mm; CREATE INDEX many_mm ON many USING mmdb (photo, place, price, review)
	WITH (scales = '$measured')});
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT o) || ' ' || min(o) FROM on_indexes('reloptions::text') o}),
	qq(4 1 {"scales=$measured"}), 'CREATE INDEX takes scales to the shards');

# Answers
is(sql("SELECT differences($queries)"), 0, "$queries random queries: 0 differences");
my $select = 'SELECT id, 0.5 * (place <-> point(3, 4)) + coalesce(0.1 * (price <+> 100), 3) AS d FROM %s'
	. ' ORDER BY d, id LIMIT 10 OFFSET 2';
is(sql(sprintf $select, 'many'), sql(sprintf $select, 'one'), 'a sum with LIMIT and OFFSET');
my $limited = 'SELECT id FROM many ORDER BY 0.5 * (place <-> point(3, 4)) + 0.1 * (price <+> 100) LIMIT 3';
like(sql("SET citus.explain_all_tasks = on; EXPLAIN (COSTS OFF) $limited"), qr/(Custom Scan \(MMDB Scan\).*){4}/s,
	'each shard searches its index');
my $within = 'SELECT count(*) FROM %s WHERE 0.5 * (place <-> point(3, 4)) + 0.1 * (price <+> 100) <= 3 AND id > 100';
is(sql(sprintf $within, 'many'), sql(sprintf $within, 'one'), 'a radius');
my $named = q{SELECT distance FROM odbknn('%s', '{"price": 100, "place": "(3,4)"}', '{"price": 2, "place": 1}', 7)};
is(sql(sprintf $named, 'many'), sql(sprintf $named, 'one'), 'by name');
my $json = q{SELECT r ->> 'distance'
	FROM odb_query('{"from": "%s", "id": 70, "k": 7, "filter": {"price": {"lt": 200}}}') r};
is(sql(sprintf $json, 'many'), sql(sprintf $json, 'one'), 'odb_query');
my $prepared = 'PREPARE p(float8, point, bigint) AS SELECT id, $1 * (place <-> $2) + (price <+> 50) AS d FROM %s'
	. " ORDER BY d, id LIMIT 4; PREPARE k(bigint) AS SELECT distance FROM odbknn(NULL::%1\$s,"
	. " ROW(NULL, point(3, 4), 100, NULL), '{0,1,1,0}', \$1);"
	. join('', map { "EXECUTE p($_, point($_, 7), 1); EXECUTE k($_);" } 1 .. 8);
is(sql(sprintf $prepared, 'many'), sql(sprintf $prepared, 'one'), 'prepared statements');
is(sql(sprintf 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM %s WHERE place IS NOT NULL'
		. ' ORDER BY place <-> point(3.1, 4.1), id; FETCH 5 FROM c; FETCH 3 FROM c', 'many'),
	sql('SELECT id FROM one WHERE place IS NOT NULL ORDER BY place <-> point(3.1, 4.1), id LIMIT 8'), 'a cursor');
is(sql(q{BEGIN; INSERT INTO many VALUES (99999, NULL, point(3, 4), 100, 'abc');
	SELECT (obj).id FROM odbknn(NULL::many, ROW(NULL, point(3, 4), 100, 'abc'), '{0,1,1,1}', 1); ROLLBACK}), 99999,
	'own writes are found');
my $joined = q{SELECT place_id, (obj).id FROM (VALUES (1, point(1, 1)), (2, point(9, 9))) v(place_id, place),
	LATERAL odbknn(NULL::%s, ROW(NULL, v.place, 100, 'abc'), '{0,1,1,1}', 1)};
is(sql(sprintf $joined, 'many'), sql(sprintf $joined, 'one'), 'odbknn for each row of a list');

# Composites: a query object gets to the shards.
sql(q{CREATE TYPE flat AS (place point, review text); CREATE TABLE flats (id bigint PRIMARY KEY, obj flat);
	SELECT create_distributed_table('flats', 'id'); INSERT INTO flats SELECT id, (place, review)::flat FROM one;
	CREATE INDEX flats_mm ON flats USING mmdb (obj) WITH (scales = '{20,50}')});
is(sql(q{SELECT id FROM flats ORDER BY obj <-> odbquery(ROW(point(5, 5), 'abc')::flat, '{1,0}'), id LIMIT 3}),
	sql('SELECT id FROM one ORDER BY place <-> point(5, 5), id LIMIT 3'), 'the nearest composites');
is(sql(q{SELECT count(*) FROM flats WHERE obj <@ odbrange(ROW(point(5, 5), NULL)::flat, '{1,0}', 3)}),
	sql('SELECT count(*) FROM one WHERE place <-> point(5, 5) <= 3'), 'composites within a radius');

# Learning: rows of different shards may have the same place.
my $examples = 'SELECT id, ARRAY(SELECT o.id FROM one o WHERE o.id <> one.id ORDER BY abs(o.price - one.price) +'
	. ' 3 * (o.place <-> one.place), o.id LIMIT 8) FROM one WHERE id % 150 = 8';
my $learn = "SELECT weights, lower, upper, recall, loss, iterations FROM mm_learn_weights('%s_mm', '$examples',"
	. ' bootstrap => 5)';
is(sql(sprintf $learn, 'many'), sql(sprintf $learn, 'one'), 'the same weights are learned');
my $refine = q{SELECT mm_refine_weights('%s_mm', NULL, 8, '{9,3010}', '{21}')};
is(sql(sprintf $refine, 'many'), sql(sprintf $refine, 'one'), 'the same weights are refined');
like(sql("SELECT recall > 0.4 FROM mm_learn_weights('many_mm', '$examples', negatives => 'random')"), qr/^t$/,
	'learning from random rows');

# What a shell cannot do is said.
fails("SELECT $_('many_mm')", qr/distributed.*HINT:.*run_command_on_shards/s, "$_ of a distributed table")
	foreach qw(mmdb_index_check mmdb_index_stats);
like(sql(qq{SELECT verdict FROM mm_why_not('$limited')}), qr/each shard/, 'mm_why_not');
fails('SELECT a.id, b.id FROM many a, LATERAL (SELECT id FROM many m ORDER BY m.place <-> a.place LIMIT 2) b',
	qr/complex joins/, 'Citus has no LATERAL join of this kind');
sql(q{CREATE TABLE parted (id bigint, day date, price float8, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
	SELECT create_distributed_table('parted', 'id');
	CREATE INDEX parted_mm ON parted USING mmdb (price) WITH (scales = '{10}');
	INSERT INTO parted SELECT i, date '2026-01-01' + i % 50, i FROM generate_series(1, 30) i WHERE i < 20;
	CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
	INSERT INTO parted SELECT i, date '2026-02-01', i FROM generate_series(20, 40) i});
is(sql(q{SELECT (obj).id, distance FROM odbknn(NULL::parted, ROW(19.75), NULL, 2)}), "20|0.025\n19|0.075",
	'partitions of a distributed table');
fails(q{SELECT mm_pin_scales('parted_mm', '{20}')}, qr/cannot pin scales.*HINT:.*CREATE INDEX/s,
	'scales of a partitioned index are not pinned on one server only');

# A node is added, shards move to it.
sql('SELECT citus_add_node(' . address($added) . ')');
foreach my $move ([ $main, 'force_logical' ], [ $worker, 'block_writes' ])
{
	my ($from, $mode) = @$move;
	sql('SELECT citus_move_shard_placement(min(shardid), ' . address($from) . ', ' . address($added)
			. ", '$mode') FROM citus_shards WHERE table_name = 'many'::regclass AND nodeport = " . $from->port);
}
is(sql("SELECT count(*) FROM citus_shards WHERE table_name = 'many'::regclass AND nodeport = " . $added->port),
	2, 'two shards moved');
is(sql(q{SELECT count(*) || ' ' || count(DISTINCT o) || ' ' || min(o) FROM on_indexes('reloptions::text') o}),
	qq(4 1 {"scales=$measured"}), 'scales move with them');
is(sql(q{SELECT string_agg(o, '') FROM on_indexes('mmdb_index_check(c.oid, true)') o}), '', 'their indexes are right');
sql('DELETE FROM one WHERE id % 11 = 3; DELETE FROM many WHERE id % 11 = 3');
sql("UPDATE $_ SET price = 300 - price, place = point(place[1], place[0]) WHERE id % 5 = 1") foreach qw(one many);
is(sql("SELECT differences($queries, 0.2)"), 0, "$queries random queries: 0 differences after that");
is($added->safe_psql('postgres', "SELECT distance FROM $knn"), sql("SELECT distance FROM $knn"),
	'another node has the same answer');

# Back on one server
sql(q{SELECT undistribute_table('many')});
is(sql("SELECT differences($queries, 0.3)"), 0, 'and when it is distributed no longer');

done_testing();
