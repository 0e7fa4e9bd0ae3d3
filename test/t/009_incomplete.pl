# A split is two WAL records.  A server that has replayed only the first, because
# its primary crashed there, finds all rows nonetheless, and completes the split.
# VACUUM condenses the tree in many records; wherever it is stopped, the tree is
# whole.
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
	CREATE INDEX t_mm ON t USING mmdb (a, v, s) WITH (pivots = 16);
	CREATE FUNCTION add_rows(n integer) RETURNS void LANGUAGE sql AS $$
		INSERT INTO t (a, v, s) SELECT i % 100, ARRAY(SELECT sin(i * j) + random() FROM generate_series(1, 7) j),
			md5(i::text)
		FROM (SELECT (random() * 1000)::integer AS i FROM generate_series(1, n)) s
	$$;
	SELECT add_rows(1000);
});
$primary->safe_psql('postgres', slurp_file('test/differences.sql'));
$primary->backup('backup');
my $start = $primary->lsn('insert');
my $segment = $primary->safe_psql('postgres', "SELECT pg_walfile_name('$start')");
# Many transactions, so that most rows are there wherever we stop.
$primary->safe_psql('postgres', join(';', ('SELECT add_rows(10)') x 300));
my $end = $primary->lsn('flush');
my $relation = $primary->safe_psql('postgres',
	q{SELECT concat_ws('/', (SELECT oid FROM pg_tablespace WHERE spcname = 'pg_default'),
	(SELECT oid FROM pg_database WHERE datname = 'postgres'), pg_relation_filenode('t_mm'))});
my $block_size = $primary->safe_psql('postgres', 'SHOW block_size');

# Generic WAL records about the index: where the next begins, which blocks they are
# about, and of which of these they have full images.
sub records
{
	my ($start, $end) = @_;
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

# Images of two blocks, neither of them the metadata page: the first halves of splits.
my @splits = map { { lsn => $_->{lsn}, blocks => $_->{images} } }
	grep { @{ $_->{images} } == 2 && !grep { $_ == 0 } @{ $_->{images} } } records($start, $end);
note(scalar(@splits) . ' splits');
cmp_ok(scalar(@splits), '>', 20, 'nodes were split');

sub flags
{
	my ($node, $block) = @_;
	$node->safe_psql('postgres', 'CHECKPOINT');
	my $path = $node->data_dir . '/' . $node->safe_psql('postgres', q{SELECT pg_relation_filepath('t_mm')});
	open(my $file, '<:raw', $path) or die "$path: $!";
	seek($file, ($block + 1) * $block_size - 13, 0);
	read($file, my $bytes, 2);
	close($file);
	my ($kind, $flags) = unpack('CC', $bytes);
	return ($kind, $flags);
}

my $all_rows = q{
	SET enable_seqscan = off;
	SET enable_sort = off;
	SELECT count(*) > 0, differences('all rows',
		(SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM t ORDER BY v <-> '[1,0,0,0,1,0,0]') s)::text[],
		array_agg(id ORDER BY id)::text[]) FROM t};
my $number = $ENV{MMDB_TEST_LONG} ? 30 : 4;

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

foreach my $i (1 .. $number)
{
	my $split = $splits[ int($#splits * $i / $number) ];
	my $node = stopped_before("stopped$i", $split->{lsn});
	my ($kind, $flags) = flags($node, $split->{blocks}[0]);
	is("$kind $flags", '3 1', "stop $i: the split of block $split->{blocks}[0] is incomplete");
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	is($node->safe_psql('postgres', $all_rows), 't|', 'all rows are found');
	$node->safe_psql('postgres', 'DELETE FROM t WHERE id % 3 = 0; VACUUM t');
	is($node->safe_psql('postgres', $all_rows), 't|', 'also after VACUUM');
	$node->safe_psql('postgres', 'SELECT add_rows(4000)');
	($kind, $flags) = flags($node, $split->{blocks}[0]);
	is("$kind $flags", '3 0', 'insertions have completed the split');
	is($node->safe_psql('postgres', $all_rows), 't|', 'and all rows are found');
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	$node->stop('immediate');
}

# VACUUM, twice: merges of leaves, records about four blocks with the metadata page
# among them; and the second time, when there are pages for it, of inner nodes.
$primary->safe_psql('postgres', 'SELECT add_rows(6000); DELETE FROM t WHERE id % 5 > 0');
$start = $primary->lsn('insert');
$primary->safe_psql('postgres', 'VACUUM t');
$primary->safe_psql('postgres', 'DELETE FROM t WHERE id % 20 > 0');
$primary->safe_psql('postgres', 'VACUUM t');
my @condensed = records($start, $primary->lsn('flush'));
my @leaves = grep { @{ $_->{blocks} } == 4 && grep { $_ == 0 } @{ $_->{blocks} } } @condensed;
my @inner = grep { @{ $_->{blocks} } == 4 && !grep { $_ == 0 } @{ $_->{blocks} } } @condensed;
note(scalar(@leaves) . ' merges of leaves, ' . scalar(@inner) . ' of inner nodes');
cmp_ok(scalar(@leaves), '>', 20, 'leaves were merged');
cmp_ok(scalar(@inner), '>', 0, 'inner nodes were merged');
my $stop = 0;
foreach my $record ((map { $leaves[ int($#leaves * $_ / $number) ] } 1 .. $number), $inner[0], $inner[-1])
{
	my $node = stopped_before('vacuum' . ++$stop, $record->{lsn});
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	is($node->safe_psql('postgres', $all_rows), 't|', "VACUUM stopped, $stop: all rows are found");
	$node->safe_psql('postgres',
		'SELECT add_rows(1000); DELETE FROM t WHERE id % 3 = 0; VACUUM t; SELECT add_rows(1000); VACUUM t');
	is($node->safe_psql('postgres', $all_rows), 't|', 'also after changes and VACUUM');
	$node->safe_psql('postgres', q{SELECT mmdb_index_check('t_mm')});
	$node->stop('immediate');
}

done_testing();
