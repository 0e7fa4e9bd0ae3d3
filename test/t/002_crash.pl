# Metadata and the tree survive a crash; an unlogged index starts afresh.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nignore_checksum_failure = on\n");
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE logged (v mmvector, n integer);
	CREATE UNLOGGED TABLE unlogged (v mmvector, n integer);
	INSERT INTO logged SELECT ARRAY[i, 1, 2], i FROM generate_series(1, 100) i;
	INSERT INTO unlogged TABLE logged;
	CHECKPOINT;
	CREATE INDEX logged_mm ON logged USING mmdb (v, n);
	CREATE INDEX unlogged_mm ON unlogged USING mmdb (v, n);
	CREATE TABLE empty (v mmvector);
	CREATE INDEX empty_mm ON empty USING mmdb (v);
});
my $query = q{SELECT * FROM mmdb.index_columns WHERE index_name = 'logged_mm'::regclass ORDER BY column_number};
my $before = $node->safe_psql('postgres', $query);

# An insert that settles dimensions, just before the crash.
$node->safe_psql('postgres', q{INSERT INTO empty VALUES ('[1,2]')});
$node->stop('immediate');
$node->start;

is($node->safe_psql('postgres', $query), $before, 'statistics of a logged index');
is($node->safe_psql('postgres', q{SELECT dimensions FROM mmdb.index_columns WHERE index_name = 'empty_mm'::regclass}),
	2, 'dimensions settled before the crash');
is($node->safe_psql('postgres', q{SELECT count(*) FROM unlogged}), 0, 'unlogged table is empty');
is($node->safe_psql('postgres', q{SELECT column_name, count, scale FROM mmdb.index_columns
	WHERE index_name = 'unlogged_mm'::regclass ORDER BY 1}), "n|0|\nv|0|", 'its index as new');
$node->safe_psql('postgres', q{INSERT INTO unlogged VALUES ('[1,2,3,4]', 5)});
is($node->safe_psql('postgres', q{SELECT count(*) FROM odbknn(NULL::unlogged, ROW('[1,2,3,4]', 5), NULL, 3,
	normalized => false, missing => 'exclude')}),
	1, 'and in use');

# Crashes amid insertions that split nodes and VACUUM that deletes them: the index
# has all rows, and goes on.
$node->safe_psql('postgres', q{
	CREATE TABLE busy (id serial, a integer, v mmvector, s text) WITH (autovacuum_enabled = off, vacuum_truncate = off);
	CREATE INDEX busy_mm ON busy USING mmdb (a, v, s) WITH (pivots = 16, fillfactor = 30);
	CREATE FUNCTION add_rows(n integer) RETURNS void LANGUAGE sql AS $$
		INSERT INTO busy (a, v, s) SELECT i % 100, ARRAY(SELECT sin(i * j) + random() FROM generate_series(1, 7) j),
			md5(i::text)
		FROM (SELECT (random() * 1000)::integer AS i FROM generate_series(1, n)) s
	$$;
	SELECT add_rows(1000);
});
$node->safe_psql('postgres', slurp_file($_)) foreach ('test/differences.sql', 'test/forest.sql');
$node->safe_psql('postgres', q{
	SELECT make_forest();
	SELECT add_trees(2000);
	CREATE SCHEMA unlogged;
	SET search_path = unlogged, public;
	SELECT make_forest('UNLOGGED');
	SELECT add_trees(500), compare_drivers(5);
});

sub same_answers
{
	my ($name) = @_;
	foreach my $distance ('a <+> 7', "v <-> '[1,0,0,0,1,0,0]'", "s <~> 'c4ca4238a0b923820dcc509a6f75849b'")
	{
		my $answer = "AS SELECT row_number() OVER () AS n, * FROM (SELECT id, $distance AS d FROM busy ORDER BY 2) s";
		is($node->safe_psql('postgres', qq{
			SET enable_seqscan = off;
			SET enable_sort = off;
			CREATE TEMP TABLE by_index $answer;
			RESET enable_seqscan;
			RESET enable_sort;
			SET mmdb.enable_scan = off;
			SET enable_indexscan = off;
			CREATE TEMP TABLE by_sort $answer;
			SELECT count(*) > 0,
				differences('ids', (SELECT array_agg(id ORDER BY id) FROM by_index)::text[],
					array_agg(id ORDER BY id)::text[]),
				differences('distances', (SELECT array_agg(d ORDER BY n) FROM by_index)::text[],
					array_agg(d ORDER BY n)::text[]) FROM by_sort}), 't||', "$name: $distance");
	}
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('busy_mm'), mmdb_index_check('forest_mm')});
	cmp_ok($node->safe_psql('postgres', 'SELECT sum(compare_drivers(n)) FROM unnest(ARRAY[7, 150]) n'), '>', 0,
		"$name: sub-indexes by all drivers");
}

my $crashes = $ENV{MMDB_TEST_LONG} ? 40 : 4;
foreach my $crash (1 .. $crashes)
{
	# Some 1,500 rows more, and pending pages of an inverted index are made a run.
	my @statements = $crash % 2 ? ('SELECT add_rows(30)', 'SELECT add_trees(100)') :
		('DELETE FROM busy WHERE a BETWEEN 10 AND 60', 'VACUUM busy', 'SELECT add_rows(500)',
		 'DELETE FROM forest WHERE id % 3 = 0', 'VACUUM forest', 'SELECT add_trees(500)');
	my $script = join(";\n", (@statements) x 100) . ";\n";
	my $out = '';
	my $err = '';
	my $client = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$script, '>', \$out,
		'2>', \$err);
	$node->safe_psql('postgres', 'CHECKPOINT') if $crash % 4 < 2;
	sleep(0.5 + rand(0.7));
	$node->stop('immediate');
	eval { $client->finish; };
	$node->start;
	same_answers("crash $crash");
	$node->safe_psql('postgres', q{
		SELECT add_rows(1000), add_trees(1000);
		DELETE FROM busy WHERE a < 30;
		DELETE FROM forest WHERE a < 1000 OR id % 3 = 0;
		VACUUM busy, forest;
	});
	same_answers("after crash $crash");
}
$node->safe_psql('postgres', 'CHECKPOINT');
cmp_ok($node->safe_psql('postgres', 'SELECT inverted_stamps()'), '>', 5, 'pending pages were made runs');
is($node->safe_psql('postgres', q{
	SET search_path = unlogged, public;
	SELECT count(*) FROM forest;
	SELECT add_trees(1), compare_drivers(5) > 0;
	SELECT add_trees(1000), compare_drivers(5) > 0, mmdb_index_check('forest_mm');
}), "0\n|t\n|t|", 'sub-indexes of an unlogged table start afresh');

# A damaged metadata page is an error that says what to do.
my $path = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('logged_mm')});
my $block_size = $node->safe_psql('postgres', 'SHOW block_size');
$node->stop;
sub damage
{
	my ($offset, $bytes) = @_;
	open(my $file, '+<:raw', $path) or die "$path: $!";
	seek($file, $offset, 0);
	print $file $bytes;
	close($file);
}
damage($block_size - 4, 'XXXX');
$node->start;
my ($status, $out, $err) = $node->psql('postgres', q{SELECT mm_scale('logged_mm', 'v')});
like($err, qr/index "logged_mm" has no valid metadata page/, 'wrong magic number');
like($err, qr/REINDEX/, 'what to do');
($status, $out, $err) = $node->psql('postgres', q{INSERT INTO logged VALUES ('[1,2,3]', 1)});
like($err, qr/has no valid metadata page/, 'INSERT notices, too');
$node->stop;
open(my $file, '>:raw', $path) or die "$path: $!";
close($file);
$node->start;
($status, $out, $err) = $node->psql('postgres', q{SELECT mm_scale('logged_mm', 'v')});
like($err, qr/index "logged_mm" has no metadata page/, 'truncated file');
$node->safe_psql('postgres', 'REINDEX INDEX logged_mm');
is($node->safe_psql('postgres', $query), $before, 'REINDEX repairs it');

done_testing();
