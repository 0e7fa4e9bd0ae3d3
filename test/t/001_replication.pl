# A standby knows what its primary knows, and gives the same answers to the last
# digit, whatever instructions its CPU has.  A logical subscriber has an index of
# its own, with scales of its own unless they are pinned.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical', extra => [ '--locale=C', '--encoding=UTF8' ]);
$primary->append_conf('postgresql.conf', "autovacuum = off\nwal_consistency_checking = 'generic'\n");
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE t (id integer PRIMARY KEY, v mmvector, w mmvector, s text);
	CREATE INDEX t_mm ON t USING mmdb (v, w mmvector_cosine_ops, s);
	INSERT INTO t SELECT i, ARRAY(SELECT sin(i * j) FROM generate_series(1, 300) j),
		ARRAY(SELECT cos(i + j) FROM generate_series(1, 50) j), 'row ' || i FROM generate_series(1, 500) i;
});

my $columns = q{SELECT * FROM mmdb.index_columns ORDER BY column_number};
my $nearest = q{
	SELECT (r.obj).id, r.distance FROM t q, odbknn(NULL::t, ROW(q.v, q.w, 'row'), '{1,0.3,0.7}', 20) r
	WHERE q.id < 10 ORDER BY q.id, 2, 1};

sub same
{
	my ($query, $name, $standby_settings) = @_;
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	my $on_primary = $primary->safe_psql('postgres', $query);
	is($standby->safe_psql('postgres', ($standby_settings // '') . $query), $on_primary, $name);
	return $on_primary;
}

like(same($columns, 'statistics measured by INSERT'), qr/\|300\|256\|/, 'dimensions and scales known');
same($nearest, 'answers');
same($nearest, 'answers of another instruction set', 'SET mmdb.simd = scalar;');
$primary->safe_psql('postgres', 'UPDATE t SET s = s || s; REINDEX INDEX t_mm');
same($columns, 'statistics measured by REINDEX');
same($nearest, 'answers after REINDEX');
$primary->safe_psql('postgres', q{ALTER INDEX t_mm SET (scales = '{2,NULL,30}')});
same($columns, 'scales pinned');
same($nearest, 'answers by pinned scales');
like(same(q{SELECT weights FROM mm_learn_weights('t_mm', 'SELECT 10, ARRAY[9, 11, 54, 98]', bootstrap => 0)},
	'weights learned'), qr/^{.*}$/, 'weights');

# The tree: rows come one by one, the index gets its model, nodes are split,
# emptied, deleted and used again.
$primary->safe_psql('postgres', q{
	CREATE TABLE tree (id serial, a integer, v mmvector, s text) WITH (autovacuum_enabled = off, vacuum_truncate = off);
	CREATE INDEX tree_mm ON tree USING mmdb (a, v, s) WITH (pivots = 16, fillfactor = 30, scales = '{60,3,28}');
	CREATE FUNCTION add_rows(n integer) RETURNS void LANGUAGE sql AS $$
		INSERT INTO tree (a, v, s) SELECT i % 100, ARRAY(SELECT sin(i * j) + random() FROM generate_series(1, 7) j),
			md5(i::text)
		FROM (SELECT (random() * 1000)::integer AS i FROM generate_series(1, n)) s
	$$;
});
my $in_order = q{
	SET enable_seqscan = off;
	SET enable_sort = off;
	SELECT array_agg(d) FROM (SELECT a <+> 7 AS d FROM tree ORDER BY 1) s;
	SELECT array_agg(d), array_agg(id) FROM (SELECT id, v <-> '[1,0,0,0,1,0,0]' AS d FROM tree ORDER BY 2) s;
	SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM tree ORDER BY s <~> 'c4ca4238a0b923820dcc509a6f75849b') s;
	SELECT r.distance, (r.obj).id FROM odbknn(NULL::tree, ROW(50, '[1,0,0,0,1,0,0]', 'c4ca'), NULL, 20) r;
};
foreach my $change ('add_rows(1)', 'add_rows(200)', 'add_rows(60)', 'add_rows(2000)')
{
	$primary->safe_psql('postgres', "SELECT $change");
	$primary->safe_psql('postgres', "SELECT mmdb_index_check('tree_mm')");
	same($in_order, "answers after $change");
}
foreach my $change ('DELETE FROM tree WHERE a BETWEEN 10 AND 80', 'VACUUM tree', 'SELECT add_rows(1000)',
	'DELETE FROM tree WHERE a < 10', 'VACUUM tree', 'SELECT add_rows(1000)', 'VACUUM ANALYZE tree',
	'BEGIN; SELECT add_rows(500); ROLLBACK', 'VACUUM tree')
{
	$primary->safe_psql('postgres', $change);
	$primary->safe_psql('postgres', "SELECT mmdb_index_check('tree_mm')");
	same($in_order, "answers after $change");
}

# Sub-indexes, under all drivers: insertions that train the index, that make pending
# pages runs, and that merge runs; VACUUM, and use of deleted pages.
$primary->safe_psql('postgres', slurp_file($_)) foreach ('test/differences.sql', 'test/forest.sql');
$primary->safe_psql('postgres', 'SELECT make_forest()');

sub same_forest
{
	my ($name) = @_;
	$primary->safe_psql('postgres', q{
		TRUNCATE forest_right;
		SELECT remember_answers((random() * 300)::integer);
		SELECT mmdb_index_check('forest_mm');
	});
	is($primary->safe_psql('postgres', 'SELECT forest_faults()'), '', "sub-indexes after $name");
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	is($standby->safe_psql('postgres', 'SELECT forest_faults()'), '', 'and on the standby');
}

foreach my $change ('add_trees(5)', 'add_trees(300)', 'add_trees(3000)')
{
	$primary->safe_psql('postgres', "SELECT $change");
	same_forest($change);
}
my $used = $standby->safe_psql('postgres', q{SELECT DISTINCT setting, used
	FROM generate_series(10, 250, 60) near, drivers_used(near)});
foreach my $column (split /\n/, $primary->safe_psql('postgres',
	q{SELECT name || ' ' || kind FROM forest_column WHERE kind IS NOT NULL}))
{
	like($used, qr/^subindex\|$column$/m, "driven by $column on the standby");
}
like($used, qr/^merge\|merge of \w+ and /m, 'driven by a merge');
like($used, qr/^paper\|paper.s algorithm on /m, 'driven by the algorithm of the paper');
foreach my $change ('SELECT add_trees(1500) FROM generate_series(1, 3)',
	'DELETE FROM forest WHERE a > 500; VACUUM forest', 'BEGIN; SELECT add_trees(2000); ROLLBACK; VACUUM forest',
	'SELECT add_trees(2000); VACUUM forest')
{
	$primary->safe_psql('postgres', $change);
	same_forest($change);
}
$primary->safe_psql('postgres', 'CHECKPOINT');
cmp_ok($primary->safe_psql('postgres', 'SELECT inverted_stamps()'), '>', 15, 'pending pages were made runs');

# A search of the standby that has begun with pages that are used again since.
my $reader = $standby->background_psql('postgres', on_error_stop => 0);
my $visible = $standby->safe_psql('postgres', 'SELECT count(*) FROM forest');
my $letter = 'a';
my %cursors = map { $letter++ => $_ } split /\n/, $primary->safe_psql('postgres',
	q{SELECT format('%I %s %L', name, operator, to_jsonb(t) ->> name) FROM forest_column,
		random_tree(3) t WHERE kind IS NOT NULL AND name <> 'tags'
	  UNION ALL SELECT format('tags <&> %L', ARRAY['tag 1', 'tag 7'])});
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SET enable_seqscan = off; SET enable_sort = off;
	SET mmdb.driver = subindex');
$reader->query_safe("DECLARE $_ CURSOR FOR SELECT id, (a, v, s, tags)::text FROM forest ORDER BY $cursors{$_};
	FETCH 2 FROM $_") foreach sort keys %cursors;
$primary->safe_psql('postgres', 'SELECT add_trees(1600)') foreach 1 .. 6;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $conflicts = 0;
foreach my $cursor (sort keys %cursors)
{
	$reader->query_safe('SAVEPOINT s');
	my $rest = $reader->query("FETCH ALL FROM $cursor");
	my @ids = map { /^(\d+)\|/ ? $1 : () } split /\n/, $rest;
	my %ids = map { $_ => 1 } @ids;
	my $error = $reader->{stderr};
	$reader->{stderr} = '';
	$conflicts++ if $error ne '';
	ok($error =~ /canceling search of index "forest_mm" due to conflict with recovery/
			|| $error eq '' && @ids == $visible - 2 && keys %ids == @ids,
		"rows of a cursor by $cursors{$cursor}, or a conflict")
		or diag("$error, " . scalar(@ids) . ' rows, ' . scalar(keys %ids) . " different, $visible visible");
	$reader->query_safe('ROLLBACK TO s');
}
note("$conflicts conflicts");
$reader->quit;
same_forest('page reuse');

# Searches of the standby go on while it replays, which waits for them, and miss
# no row.  That VACUUM takes a page of the index from them may happen.
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\n");
$standby->reload;
$primary->safe_psql('postgres', q{
	CREATE FUNCTION search_forest(near integer) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM compare_drivers(near, 0.1);
	EXCEPTION WHEN serialization_failure THEN
		NULL;
	END $$;
	CREATE FUNCTION search(near integer) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		by_index text[];
		stored text[];
	BEGIN
		SET LOCAL enable_sort = off;
		SET LOCAL enable_seqscan = off;
		SELECT array_agg(id ORDER BY id) INTO by_index FROM (SELECT id FROM tree ORDER BY a <+> near) s;
		SET LOCAL enable_seqscan = on;
		SELECT array_agg(id ORDER BY id) INTO stored FROM tree;
		IF by_index IS DISTINCT FROM stored THEN
			RAISE 'rows found differ' USING DETAIL = differences('near ' || near, by_index, stored);
		END IF;
	EXCEPTION WHEN serialization_failure THEN
		NULL;
	END $$;
});
my $script = PostgreSQL::Test::Utils::tempdir() . '/search';
append_to_file($script, q{
	\set near random(1, 100)
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT search(:near);
	COMMIT;
});
$primary->safe_psql('postgres', 'DELETE FROM forest WHERE id < (SELECT max(id) - 1500 FROM forest)');
append_to_file("$script.forest", q{
	\set near random(1, 300)
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT search_forest(:near);
	COMMIT;
});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my ($out, $err) = ('', '');
my $search = IPC::Run::start([ 'pgbench', '-n', '-c', 4, '-T', $ENV{MMDB_TEST_LONG} ? 120 : 6, '-h', $standby->host,
	'-p', $standby->port, '-f', "$script\@4", '-f', "$script.forest\@1", 'postgres' ],
	'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timer(300));
while ($search->pumpable)
{
	$primary->safe_psql('postgres', 'SELECT add_rows(300) FROM generate_series(1, 5)');
	$primary->safe_psql('postgres', 'DELETE FROM tree WHERE id < (SELECT max(id) - 4000 FROM tree)');
	$primary->safe_psql('postgres', 'SELECT add_trees(400)');
	$primary->safe_psql('postgres', 'DELETE FROM forest WHERE id < (SELECT max(id) - 1500 FROM forest)');
	$primary->safe_psql('postgres', 'VACUUM tree, forest');
	$search->pump_nb;
}
$search->finish;
is($err =~ s/^pgbench: (warning|fatal).*\n//gmr, '', 'searches of the standby beside its replay');
like($out, qr/number of transactions actually processed: [1-9]\d/, 'many of them');
$primary->safe_psql('postgres', 'VACUUM tree');
same($in_order, 'answers after all that');
same_forest('all that');

# What a standby does not have is not shown, but does not hide the rest.
$primary->safe_psql('postgres',
	q{CREATE UNLOGGED TABLE unlogged (a integer);
	  CREATE INDEX unlogged_mm ON unlogged USING mmdb (a);
	  CREATE SCHEMA unlogged;
	  SET search_path = unlogged, public;
	  SELECT make_forest('UNLOGGED'), add_trees(600), compare_drivers(5)});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', q{
	SELECT index_name, column_name, count IS NULL, problem FROM mmdb.index_columns
		WHERE index_name::text NOT IN ('tree_mm', 'forest_mm', 'unlogged.forest_mm')
		ORDER BY column_number, index_name::text}),
	"t_mm|v|f|\nunlogged_mm|a|t|cannot access temporary or unlogged relations during recovery\nt_mm|w|f|\nt_mm|s|f|",
	'index of an unlogged table');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM mmdb.subindexes WHERE index_name = 'forest_mm'::regclass}),
	$primary->safe_psql('postgres', 'SELECT count(kind) FROM forest_column'),
	'sub-indexes, without those of an unlogged table');

# A subscriber measures what it gets, without VACUUM; REINDEX measures the same
# there as on the publisher; and what is pinned on both is the same throughout.
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$subscriber->append_conf('postgresql.conf', 'autovacuum = off');
$subscriber->start;
my $tables = q{
	CREATE TABLE published (id integer PRIMARY KEY, price float8, title text);
	CREATE INDEX published_mm ON published USING mmdb (price, title) WITH (sample_rows = 1000);
	CREATE TABLE pinned (id integer PRIMARY KEY, price float8, title text);
	CREATE INDEX pinned_mm ON pinned USING mmdb (price, title) WITH (scales = '{120,24}');
};
$primary->safe_psql('postgres', $tables . q{
	INSERT INTO published SELECT i, exp(sin(i) * 6), md5(i::text) FROM generate_series(1, 5000) i;
	INSERT INTO pinned TABLE published;
	UPDATE published SET price = price + 1 WHERE id % 3 = 0;
	REINDEX INDEX published_mm;
	CREATE PUBLICATION everything FOR TABLE published, pinned;
});
$subscriber->safe_psql('postgres', "CREATE EXTENSION mmdb; $tables");
my $connection = $primary->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION everything CONNECTION '$connection' PUBLICATION everything");
$subscriber->poll_query_until('postgres',
	'SELECT (SELECT count(*) FROM published) + (SELECT count(*) FROM pinned) = 10000');
my $scales = q{SELECT column_name, scale, measured_scale, mean FROM mmdb.index_columns
	WHERE index_name = 'published_mm'::regclass ORDER BY 1};
my $five = q{SELECT (obj).id, distance FROM odbknn(NULL::%s, ROW(100, 'abc'), NULL, 5) ORDER BY 2, 1};
is($subscriber->safe_psql('postgres', q{SELECT count, scale > 0, settled FROM mmdb.index_columns
	WHERE index_name = 'published_mm'::regclass}),
	"256|t|t\n256|t|t", 'a subscriber has scales once it has 256 rows');
is($subscriber->safe_psql('postgres', sprintf($five, 'pinned')),
	$primary->safe_psql('postgres', sprintf($five, 'pinned')),
	'pinned scales give a subscriber the same distances');
$subscriber->safe_psql('postgres', 'REINDEX INDEX published_mm');
is($subscriber->safe_psql('postgres', $scales), $primary->safe_psql('postgres', $scales),
	'the same rows have the same scales');
is($subscriber->safe_psql('postgres', sprintf($five, 'published')),
	$primary->safe_psql('postgres', sprintf($five, 'published')), 'and distances');
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION everything');
$subscriber->stop;

# Tuning tries storage parameters in a copy of the table, but settings in the table itself.
my (undef, undef, $refused) = $standby->psql('postgres', q{SELECT mm_tune('t_mm', 'SELECT 1 AS key', 1)});
like($refused, qr/mm_tune cannot make a copy of the table on a standby/, 'no copy of a table on a standby');
is($standby->safe_psql('postgres', q{
	SET client_min_messages = warning;
	SELECT count(*) FROM mm_tune('t_mm', 'SELECT 1 AS key', 1, knob_names => '{session}')}), 3,
	'settings are tuned on a standby');

$standby->promote;
$standby->safe_psql('postgres',
	'SELECT add_rows(1000); DELETE FROM tree WHERE a > 50; VACUUM tree; SELECT add_rows(1000)');
is($standby->safe_psql('postgres', q{
	SET enable_seqscan = off;
	SET enable_sort = off;
	SELECT count(*) > 0, differences('promoted',
		(SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM tree ORDER BY a <+> 7) s)::text[],
		array_agg(id ORDER BY id)::text[]) FROM tree}), 't|', 'promoted standby has all rows in its tree');
$standby->safe_psql('postgres',
	'SELECT add_trees(1500); DELETE FROM forest WHERE id % 3 = 0; VACUUM forest; SELECT add_trees(2000)');
is($standby->safe_psql('postgres', q{
	SELECT mmdb_index_check('forest_mm');
	SELECT sum(compare_drivers(n)) > 0 FROM unnest(ARRAY[5, 100, 290]) n;
	SET search_path = unlogged, public;
	SELECT count(*) FROM forest;
	SELECT add_trees(1000);
	SELECT compare_drivers(5) > 0;
	SELECT mmdb_index_check('forest_mm')}), "\nt\n0\n\nt\n",
	'sub-indexes of a promoted standby, and unlogged ones there');
$standby->safe_psql('postgres', q{INSERT INTO t SELECT id + 1000, v, w, s FROM t});
is($standby->safe_psql('postgres', 'SELECT count(*) FROM t'), 1000, 'promoted standby takes inserts');

done_testing();
