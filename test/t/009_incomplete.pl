# A split is two WAL records.  A server that has replayed only the first, because
# its primary crashed there, finds all rows nonetheless, and completes the split.
# VACUUM condenses the tree in many records; wherever it is stopped, the tree is
# whole.  So it is with the trees of sub-indexes.  An inverted index is whole wherever
# the writing of a run is stopped.  Training leaves pages if it is stopped.
#
# pg_waldump tells where such records end; recovery stops there.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
$primary->append_conf('postgresql.conf', "autovacuum = off\ncheckpoint_timeout = 1h\n");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE t (id serial, a integer, v mmvector, s text) WITH (autovacuum_enabled = off);
	CREATE INDEX t_mm ON t USING mmdb (a, v, s) WITH (pivots = 16, subindexes = 'v rtree, s inverted');
	CREATE FUNCTION add_rows(n integer) RETURNS void LANGUAGE sql AS $$
		INSERT INTO t (a, v, s) SELECT i % 100, ARRAY(SELECT sin(i * j) + random() FROM generate_series(1, 7) j),
			md5(i::text)
		FROM (SELECT (random() * 1000)::integer AS i FROM generate_series(1, n)) s
	$$;
	SELECT add_rows(1000);
	CREATE TABLE few (LIKE t) WITH (autovacuum_enabled = off);
	CREATE INDEX few_mm ON few USING mmdb (a, v, s) WITH (pivots = 16, subindexes = 'a rtree, v mvp, s inverted');
	INSERT INTO few SELECT * FROM t WHERE id <= 200;
});
$primary->safe_psql('postgres', slurp_file('test/differences.sql'));
$primary->backup('backup');
my $start = $primary->lsn('insert');
my $segment = $primary->safe_psql('postgres', "SELECT pg_walfile_name('$start')");
# Many transactions, so that most rows are there wherever we stop.
$primary->safe_psql('postgres', join(';', ('SELECT add_rows(10)') x 300));
my $end = $primary->lsn('flush');
my %relation = map { $_ => $primary->safe_psql('postgres',
	qq{SELECT concat_ws('/', (SELECT oid FROM pg_tablespace WHERE spcname = 'pg_default'),
	(SELECT oid FROM pg_database WHERE datname = 'postgres'), pg_relation_filenode('$_'))}) } 't_mm', 'few_mm';
my $block_size = $primary->safe_psql('postgres', 'SHOW block_size');

# Generic WAL records about an index: where the next begins, which blocks they are
# about, and of which of these they have full images.
sub records
{
	my ($index, $start, $end) = @_;
	my $relation = $relation{$index};
	my ($wal) = run_command([ 'pg_waldump', '-b', '-p', $primary->data_dir . '/pg_wal', '-r', 'Generic', '-s',
		$start, '-e', $end ]);
	my @records = split /^(?=rmgr: )/m, $wal;
	my @result;
	foreach my $i (0 .. $#records - 1)
	{
		my @blocks = $records[$i] =~ /blkref #\d+: rel \Q$relation\E (?:fork main )?blk (\d+)/g;
		my @images = $records[$i] =~ /blkref #\d+: rel \Q$relation\E (?:fork main )?blk (\d+)[^\n]*FPW/g;
		my ($next) = $records[ $i + 1 ] =~ /lsn: ([0-9A-F\/]+)/;
		push @result, { lsn => $next, blocks => \@blocks, images => \@images } if @blocks;
	}
	return @result;
}

# The kind of each block, its flags, and the number of its tree; see src/index/page.h.
sub flags
{
	my ($node, @blocks) = @_;
	$node->safe_psql('postgres', 'CHECKPOINT');
	my $path = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('t_mm')});
	open(my $file, '<:raw', $path) or die "$path: $!";
	my @result;
	foreach my $block (@blocks)
	{
		seek($file, ($block + 1) * $block_size - 13, 0);
		read($file, my $bytes, 5);
		push @result, [ unpack('CCxS', $bytes) ];
	}
	close($file);
	return @result;
}

sub kind_and_flags
{
	my ($node, $block) = @_;
	my ($of) = flags($node, $block);
	return "$of->[0] $of->[1]";
}

# Images of two nodes: the first halves of splits, in the shared tree and in that of the
# sub-index; and postings: the writing of a run.
my ($node_kind, $postings_kind) = (3, 5);
my (@splits, @runs);
{
	my @records = grep { !grep { $_ == 0 } @{ $_->{images} } } records('t_mm', $start, $end);
	my @flags = flags($primary, map { $_->{blocks}[0] } @records);
	foreach my $i (0 .. $#records)
	{
		my ($kind, $flags, $tree) = @{ $flags[$i] };
		my ($lsn, $images) = ($records[$i]{lsn}, $records[$i]{images});
		push @{ $splits[$tree] }, { lsn => $lsn, blocks => $images } if $kind == $node_kind && @$images == 2;
		push @runs, { lsn => $lsn } if $kind == $postings_kind;
	}
}
foreach my $tree (0, 1)
{
	note(scalar(@{ $splits[$tree] }) . " splits in tree $tree");
	cmp_ok(scalar(@{ $splits[$tree] }), '>', 20, "nodes of tree $tree were split");
}
note(scalar(@runs) . ' records of postings');
cmp_ok(scalar(@runs), '>', 5, 'a run was written');

# By the shared tree, and by each sub-index.
sub all_rows_of
{
	my ($table) = @_;
	return join ';', 'SET enable_seqscan = off; SET enable_sort = off', map {
		my ($driver, $distance) = @$_;
		qq{SET mmdb.driver = $driver; SELECT count(*) > 0, differences(\$\$all rows by $driver, $distance\$\$,
			(SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM $table ORDER BY $distance) s)::text[],
			array_agg(id ORDER BY id)::text[]) FROM $table} }
		[ shared => "v <-> '[1,0,0,0,1,0,0]'" ], [ subindex => "v <-> '[1,0,0,0,1,0,0]'" ],
		[ subindex => "s <~> 'c4ca4238a0b923820dcc509a6f75849b'" ],
		[ merge => "(v <-> '[1,0,0,0,1,0,0]') + (s <~> 'c4ca4238a0b923820dcc509a6f75849b')" ];
}
my $all_rows = all_rows_of('t');
my $found = join "\n", ('t|') x 4;
my $number = $ENV{MMDB_TEST_LONG} ? 30 : 3;

# A server that has recovered up to a record, but not the next, which begins there.
sub stopped_before
{
	my ($name, $lsn) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init_from_backup($primary, 'backup', has_streaming => 1);
	$node->append_conf('postgresql.conf', qq{
		recovery_target_lsn = '$lsn'
		recovery_target_inclusive = off
		recovery_target_action = promote
	});
	$node->start;
	$node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
	return $node;
}

foreach my $stop (map { my $tree = $_; map { [ $tree, $_ ] } 1 .. ($tree == 0 ? $number : ($number + 1) / 2) } 0, 1)
{
	my ($tree, $i) = @$stop;
	my $of = $splits[$tree];
	my $split = $of->[ int($#$of * $i / $number) ];
	my $node = stopped_before("stopped${tree}_$i", $split->{lsn});
	is(kind_and_flags($node, $split->{blocks}[0]), '3 1',
		"stop $i: the split of block $split->{blocks}[0] of tree $tree is incomplete");
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	is($node->safe_psql('postgres', $all_rows), $found, 'all rows are found');
	$node->safe_psql('postgres', 'DELETE FROM t WHERE id % 3 = 0; VACUUM t');
	is($node->safe_psql('postgres', $all_rows), $found, 'also after VACUUM');
	$node->safe_psql('postgres', 'SELECT add_rows(4000)');
	is(kind_and_flags($node, $split->{blocks}[0]), '3 0', 'insertions have completed the split');
	is($node->safe_psql('postgres', $all_rows), $found, 'and all rows are found');
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	$node->stop('immediate');
}

# A run that was begun is written by the next that is due; VACUUM deletes the pages of
# the first attempt.
foreach my $i ($ENV{MMDB_TEST_LONG} ? 0 .. $#runs : ($#runs / 2, $#runs))
{
	my $node = stopped_before("run$i", $runs[$i]{lsn});
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	is($node->safe_psql('postgres', $all_rows), $found, "writing a run stopped, $i: all rows are found");
	$node->safe_psql('postgres', 'SELECT add_rows(4000); DELETE FROM t WHERE id % 3 = 0; VACUUM t');
	is($node->safe_psql('postgres', $all_rows), $found, 'also after more insertions and VACUUM');
	my ($status, $out, $err) = $node->psql('postgres',
		q{SET client_min_messages = debug1; SELECT mmdb_index_check('t_mm')});
	like($err, qr/ 0 left over/, 'no pages are left over');
	$node->stop('immediate');
}

# Training writes nodes of trees that the index does not have unless the last record of
# it, that about the root and the metadata, comes.
$start = $primary->lsn('insert');
$primary->safe_psql('postgres', 'INSERT INTO few SELECT * FROM t WHERE id BETWEEN 201 AND 300');
my @training;
foreach my $record (records('few_mm', $start, $primary->lsn('flush')))
{
	my %about = map { $_ => 1 } @{ $record->{blocks} };
	last if $about{0} && $about{1};
	push @training, $record if grep { $_ > 1 } @{ $record->{blocks} };
}
note(scalar(@training) . ' records of training');
cmp_ok(scalar(@training), '>', 5, 'the index was trained');
foreach my $i (1 .. $number)
{
	my $node = stopped_before("training$i", $training[ int($#training * $i / $number) ]{lsn});
	my $all_of_few = all_rows_of('few');
	is($node->safe_psql('postgres', q{SELECT trained, mmdb_index_check('few_mm') FROM mmdb_index_stats('few_mm')}),
		'f|', "training stopped, $i: the index has no model");
	$node->safe_psql('postgres', q{DELETE FROM few WHERE id % 3 = 0; VACUUM few; SELECT mmdb_index_check('few_mm')});
	is($node->safe_psql('postgres', $all_of_few), $found, 'all rows are found after VACUUM');
	$node->safe_psql('postgres', 'INSERT INTO few SELECT * FROM t WHERE id > 300');
	is($node->safe_psql('postgres', q{SELECT trained, mmdb_index_check('few_mm') FROM mmdb_index_stats('few_mm')}),
		't|', 'the next training ends');
	is($node->safe_psql('postgres', $all_of_few), $found, 'and all rows are found');
	$node->safe_psql('postgres', q{DELETE FROM few WHERE id % 2 = 0; VACUUM few; SELECT mmdb_index_check('few_mm')});
	is($node->safe_psql('postgres', $all_of_few), $found, 'also after VACUUM');
	$node->stop('immediate');
}

# VACUUM, twice: merges of leaves, records about four blocks with the metadata page
# among them; and the second time, when there are pages for it, of inner nodes.
$primary->safe_psql('postgres', 'SELECT add_rows(6000); DELETE FROM t WHERE id % 5 > 0');
$start = $primary->lsn('insert');
$primary->safe_psql('postgres', 'VACUUM t');
$primary->safe_psql('postgres', 'DELETE FROM t WHERE id % 20 > 0');
$primary->safe_psql('postgres', 'VACUUM t');
my @condensed = records('t_mm', $start, $primary->lsn('flush'));
my @leaves = grep { @{ $_->{blocks} } == 4 && grep { $_ == 0 } @{ $_->{blocks} } } @condensed;
my @inner = grep { @{ $_->{blocks} } == 4 && !grep { $_ == 0 } @{ $_->{blocks} } } @condensed;
note(scalar(@leaves) . ' merges of leaves, ' . scalar(@inner) . ' of inner nodes');
cmp_ok(scalar(@leaves), '>', 20, 'leaves were merged');
cmp_ok(scalar(@inner), '>', 0, 'inner nodes were merged');
# Inverted indexes come last, page by page: what is left of a dead row is found again.
my @single = grep { @{ $_->{blocks} } == 1 } @condensed;
my $stop = 0;
foreach my $record ((map { $leaves[ int($#leaves * $_ / $number) ] } 1 .. $number), $inner[0], $inner[-1],
	map { $single[ -$_ ] } 1, 3, 8, 20)
{
	my $node = stopped_before('vacuum' . ++$stop, $record->{lsn});
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	is($node->safe_psql('postgres', $all_rows), $found, "VACUUM stopped, $stop: all rows are found");
	$node->safe_psql('postgres',
		'SELECT add_rows(1000); DELETE FROM t WHERE id % 3 = 0; VACUUM t; SELECT add_rows(1000); VACUUM t');
	is($node->safe_psql('postgres', $all_rows), $found, 'also after changes and VACUUM');
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	$node->stop('immediate');
}

done_testing();
