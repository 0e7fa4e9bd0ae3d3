# Damaged indexes: searches, changes and VACUUM raise an error that says what to
# do, or go on with what they can know; they neither crash nor hang.
# mmdb_index_check names the damage, and REINDEX repairs it.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
# Some versions have checksums unless told otherwise.
my ($controldata) = run_command([ 'pg_controldata', $node->data_dir ]);
system_or_bail('pg_checksums', '--disable', '-D', $node->data_dir)
  if $controldata =~ /checksum version:\s+[1-9]/;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nfull_page_writes = on\n");
$node->start;
is($node->safe_psql('postgres', 'SHOW data_checksums'), 'off', 'no data checksums, which would find the damage first');

$node->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	SELECT setseed(0.5);
	CREATE FUNCTION fill(first integer, last integer) RETURNS TABLE (id integer, v mmvector, s text) LANGUAGE sql AS $$
		SELECT i, ARRAY[random(), random(), i / 1000.0]::float8[]::mmvector,
			CASE WHEN i % 10 > 0 THEN left(md5(i::text), 12) END
		FROM generate_series(first, last) i $$;
	CREATE TABLE things (id integer, v mmvector(3), s text);
	INSERT INTO things SELECT * FROM fill(1, 10000);
	-- built, then grown: with splits, and three levels
	CREATE INDEX things_mm ON things USING mmdb (v, s) WITH (pivots = 16);
	INSERT INTO things SELECT * FROM fill(10001, 20000);
	-- one without a model
	CREATE TABLE few (id integer, v mmvector(3), s text);
	CREATE INDEX few_mm ON few USING mmdb (v, s);
	INSERT INTO few SELECT * FROM fill(1, 100);
});

my $block_size = $node->safe_psql('postgres', 'SHOW block_size');
my %path = map { $_ => $node->data_dir . '/'
	. $node->safe_psql('postgres', "SELECT pg_relation_filepath('$_')") } qw(things_mm few_mm);
my %table = (things_mm => 'things', few_mm => 'few');
$node->stop;

# The page format; see src/index/page.h.
my $header_size = 24;
my %field = (nsn => [ 0, 'Q' ], born => [ 8, 'Q' ], merged => [ 16, 'Q' ], merged_before => [ 24, 'Q' ],
	xid => [ 32, 'Q' ], right => [ 40, 'L' ],
	n => [ 44, 'S' ], before => [ 46, 'S' ], room => [ 48, 'S' ], level => [ 50, 'C' ], kind => [ 51, 'C' ],
	flags => [ 52, 'C' ], tree => [ 54, 'S' ], magic => [ 60, 'L' ]);
my $special_size = 64;
# Statistics of columns come after what the columns were: 12 bytes for each there may be.
my $columns_offset = 64 + 12 * 32;
my ($meta_kind, $model_kind, $node_kind, $deleted_kind) = (1, 2, 3, 4);

sub read_file
{
	my ($path) = @_;
	open(my $file, '<:raw', $path) or die "$path: $!";
	local $/;
	my $content = <$file>;
	close($file);
	return $content;
}

sub write_file
{
	my ($path, $content) = @_;
	open(my $file, '>:raw', $path) or die "$path: $!";
	print $file $content;
	close($file);
}

my %healthy = map { $_ => read_file($path{$_}) } keys %path;

sub where
{
	my ($block, $name) = @_;
	return ($block + 1) * $block_size - $special_size + $field{$name}[0];
}

# A field of a page's special area, in a healthy index.
sub get
{
	my ($index, $block, $name) = @_;
	my $size = length(pack($field{$name}[1], 0));
	return unpack($field{$name}[1], substr($healthy{$index}, where($block, $name), $size));
}

# Pages of the large index to damage.
my $blocks = length($healthy{things_mm}) / $block_size;
my (@leaves, @inners, $split, $model);
foreach my $block (2 .. $blocks - 1)
{
	my $kind = get('things_mm', $block, 'kind');
	$model //= $block if $kind == $model_kind;
	next if $kind != $node_kind;
	my $level = get('things_mm', $block, 'level');
	push @leaves, $block if $level == 0;
	push @inners, $block if $level == 1;
	$split //= $block if $level == 0 && get('things_mm', $block, 'right') < $blocks;
}
is(get('things_mm', 1, 'level'), 2, 'the tree has three levels');
my ($leaf, $inner) = ($leaves[3], $inners[1]);
my $splits = unpack('Q', substr($healthy{things_mm}, $header_size + 16, 8));
my $nobody = 0xFFFFFFFF;

# Where the first word of a node's first entry is; words of an entry are as far
# apart as the node has room for entries.
sub entries
{
	my ($block) = @_;
	return $block * $block_size + $header_size;
}

my ($leaf_room, $inner_room) = map { get('things_mm', $_, 'room') } $leaf, $inner;
my $coordinates = do
{
	$node->start;
	my $n = $node->safe_psql('postgres', q{SELECT coordinates FROM mmdb_index_stats('things_mm')});
	$node->stop;
	$n;
};

# What is done to an index: at => offset, bytes; what mmdb_index_check says.
# wrong: searches cannot know; their answer may be wrong.
sub field
{
	my ($index, $block, $name, $value) = @_;
	return [ where($block, $name), pack($field{$name}[1], $value) ];
}

# Of the leaf's first two entries, the one whose row comes later in the table: a
# missing row would be told of before one that has two entries.
my ($first, $second) = map
{
	my $entry = $_;
	join ',', map { sprintf '%10d', unpack('L', substr($healthy{things_mm}, $_ + 4 * $entry, 4)) }
		(entries($leaf), entries($leaf) + 4 * $leaf_room)
} 0, 1;
my $later = $first gt $second ? 0 : 1;

my @damages = (
	# special areas
	[ 'magic number of a leaf', 'things_mm', [ field('things_mm', $leaf, 'magic', 1) ],
		qr/Block $leaf has no valid special area/ ],
	[ 'magic number of an inner node', 'things_mm', [ field('things_mm', $inner, 'magic', 1) ],
		qr/Block $inner has no valid special area/ ],
	[ 'magic number of the root', 'things_mm', [ field('things_mm', 1, 'magic', 1) ],
		qr/Block 1 has no valid special area/ ],
	[ 'a leaf of kind metadata', 'things_mm', [ field('things_mm', $leaf, 'kind', $meta_kind) ],
		qr/Block $leaf is of kind 1 instead of 3/ ],
	[ 'a leaf of kind model', 'things_mm', [ field('things_mm', $leaf, 'kind', $model_kind) ],
		qr/Block $leaf is of kind 2 instead of 3/ ],
	[ 'a leaf of kind deleted', 'things_mm', [ field('things_mm', $leaf, 'kind', $deleted_kind) ],
		qr/Block $leaf is of kind 4 instead of 3/ ],
	[ 'an inner node of kind deleted', 'things_mm', [ field('things_mm', $inner, 'kind', $deleted_kind) ],
		qr/Block $inner is of kind 4 instead of 3/ ],
	[ 'an unknown kind', 'things_mm', [ field('things_mm', $leaf, 'kind', 99) ],
		qr/Block $leaf is of kind 99 instead of 3/ ],
	[ 'level of a leaf', 'things_mm', [ field('things_mm', $leaf, 'level', 1) ],
		qr/Block $leaf is of level 1, but its parent/ ],
	[ 'level of an inner node', 'things_mm', [ field('things_mm', $inner, 'level', 0) ],
		qr/Block $inner is of level 0, but its parent/ ],
	[ 'level of the root', 'things_mm', [ field('things_mm', 1, 'level', 200) ], qr/Block 1 is of level 200/ ],
	[ 'level of the root, less', 'things_mm', [ field('things_mm', 1, 'level', 1) ], qr/level/ ],
	[ 'entries of a leaf', 'things_mm', [ field('things_mm', $leaf, 'n', 65535) ], qr/Block $leaf has 65535 entries/ ],
	[ 'entries of an inner node', 'things_mm', [ field('things_mm', $inner, 'n', $inner_room + 1) ],
		qr/Block $inner has \d+ entries, but no more/ ],
	[ 'room of a leaf', 'things_mm', [ field('things_mm', $leaf, 'room', 65535) ],
		qr/Block $leaf has room for 65535 entries/ ],
	[ 'room of a leaf, less', 'things_mm', [ field('things_mm', $leaf, 'room', $leaf_room - 1) ],
		qr/Block $leaf has room for \d+ entries/ ],
	[ 'no room of an inner node', 'things_mm', [ field('things_mm', $inner, 'room', 0) ],
		qr/Block $inner has room for 0 entries/ ],
	[ 'end of a leaf', 'things_mm', [ [ $leaf * $block_size + 12, pack('S', 24) ] ],
		qr/Block $leaf has room for $leaf_room entries/ ],
	[ 'no entries of an inner node', 'things_mm', [ field('things_mm', $inner, 'n', 0) ],
		qr/Block $inner, an inner node, has no entries/ ],
	[ 'no entries of the root', 'things_mm', [ field('things_mm', 1, 'n', 0) ],
		qr/Block 1, an inner node, has no entries/ ],
	[ 'split in the future', 'things_mm', [ field('things_mm', $leaf, 'nsn', 1 << 40) ],
		qr/only \d+ splits have been counted/ ],
	[ 'born in the future', 'things_mm', [ field('things_mm', $leaf, 'born', 1 << 40) ],
		qr/only \d+ splits have been counted/ ],
	[ 'born one ahead', 'things_mm', [ field('things_mm', $leaf, 'born', $splits + 1) ],
		qr/only \d+ splits have been counted/ ],
	[ 'merged in the future', 'things_mm', [ field('things_mm', $leaf, 'merged', 1 << 40) ],
		qr/only \d+ splits have been counted/ ],
	[ 'merged before in the future', 'things_mm', [ field('things_mm', $leaf, 'merged_before', 1 << 40) ],
		qr/only \d+ splits have been counted/ ],
	[ 'more entries before a merge', 'things_mm', [ field('things_mm', $leaf, 'before', 60000) ],
		qr/Block $leaf has \d+ entries, but had 60000 before it was merged/ ],
	[ 'right of a split, beyond the end', 'things_mm',
		[ field('things_mm', $split, 'right', $blocks + 5), field('things_mm', $split, 'flags', 1) ], qr/block \d+/i ],
	[ 'marked as split, with nothing on the right', 'things_mm',
		[ field('things_mm', $leaf, 'flags', 1), field('things_mm', $leaf, 'right', $nobody) ], qr/block $nobody/ ],
	[ 'marked as split, with itself on the right', 'things_mm',
		[ field('things_mm', $leaf, 'flags', 1), field('things_mm', $leaf, 'right', $leaf) ],
		qr/Two links lead to block $leaf/ ],
	[ 'marked as split once more', 'things_mm', [ field('things_mm', $split, 'flags', 1) ],
		qr/Two links lead to block|is not the right half/ ],
	[ 'marked as split, in a circle', 'things_mm', [ map { field('things_mm', $leaves[$_], 'flags', 1),
		field('things_mm', $leaves[$_], 'right', $leaves[1 - $_]) } 0, 1 ], qr/Two links|right half/ ],
	[ 'the root marked as split', 'things_mm', [ field('things_mm', 1, 'flags', 1) ], qr/root is marked as split/ ],
	[ 'a link to an inner node on the right', 'things_mm', [ field('things_mm', $leaf, 'right', $inner) ],
		qr/Block $leaf, of level 0, has block $inner on the right/, 'unused' ],
	[ 'a leaf marked as untrained', 'things_mm', [ field('things_mm', $leaf, 'flags', 2) ],
		qr/Block $leaf does not fit the metadata/ ],
	[ 'the root marked as untrained', 'things_mm', [ field('things_mm', 1, 'flags', 2) ],
		qr/Block 1 does not fit the metadata/ ],
	[ 'unknown flags', 'things_mm', [ field('things_mm', $leaf, 'flags', 64) ], qr/Block $leaf has unknown flags/,
		'unused' ],
	[ 'a page of zeros', 'things_mm', [ [ $leaf * $block_size, "\0" x $block_size ] ],
		qr/Block $leaf has no valid special area/ ],
	# metadata
	[ 'magic number of the metadata', 'things_mm', [ field('things_mm', 0, 'magic', 1) ],
		qr/not one of an mmdb index/ ],
	[ 'metadata of zeros', 'things_mm', [ [ 0, "\0" x $block_size ] ], qr/not one of an mmdb index/ ],
	[ 'version', 'things_mm', [ [ $header_size, pack('L', 77) ] ], qr/not one of an mmdb index/ ],
	[ 'number of columns', 'things_mm', [ [ $header_size + 4, pack('l', 3) ] ],
		qr/made for 3 columns|not one of an mmdb index/ ],
	[ 'count of splits', 'things_mm', [ [ $header_size + 16, pack('Q', 0) ] ], qr/only 0 splits have been counted/ ],
	[ 'no model', 'things_mm', [ [ $header_size + 24, pack('L', $nobody) ] ], qr/not one of an mmdb index/ ],
	[ 'no model, and no coordinates', 'things_mm', [ [ $header_size + 24, pack('L7', $nobody, (0) x 6) ] ],
		qr/does not fit the metadata/ ],
	[ 'model elsewhere', 'things_mm', [ [ $header_size + 24, pack('L', $leaf) ] ],
		qr/Block $leaf is of kind 3 instead of 2/ ],
	[ 'model beyond the end', 'things_mm', [ [ $header_size + 24, pack('L', $blocks + 9) ] ],
		qr/A link leads to block/ ],
	[ 'size of the model', 'things_mm', [ [ $header_size + 28, pack('L', 5000000) ] ],
		qr/Block $model has \d+ bytes of the model/ ],
	[ 'number of coordinates', 'things_mm', [ [ $header_size + 36, pack('l', $coordinates + 1) ] ],
		qr/do not fit its model/ ],
	[ 'bytes of sketches', 'things_mm', [ [ $header_size + 44, pack('l', 1000) ] ], qr/do not fit its model/ ],
	[ 'scale', 'things_mm', [ [ $header_size + $columns_offset + 32, pack('d', 0) ] ], qr/not one of an mmdb index/ ],
	[ 'what a column was', 'things_mm', [ [ $header_size + 60, pack('L', 1) ] ],
		qr/made for another metric of column "v"/ ],
	[ 'number of pairs', 'things_mm', [ [ $header_size + 56, pack('l', 5000) ] ], qr/not one of an mmdb index/ ],
	# the model
	(map { [ "the model, byte $_", 'things_mm', [ [ entries($model) + $_, "\xAA\x55\xAA\x55" ] ],
		qr/does not match its checksum/ ] } map { $_ * 24 } 0 .. 9),
	# boxes
	[ 'a downlink beyond the end', 'things_mm', [ [ entries($inner), pack('L', $blocks + 1) ] ],
		qr/A link leads to block \d+, but there are $blocks/ ],
	[ 'a downlink to nowhere', 'things_mm', [ [ entries($inner), pack('L', $nobody) ] ],
		qr/A link leads to block $nobody/ ],
	[ 'a downlink to the metadata', 'things_mm', [ [ entries($inner), pack('L', 0) ] ], qr/Two links lead to block 0/ ],
	[ 'a downlink to the root', 'things_mm', [ [ entries($inner), pack('L', 1) ] ], qr/Two links lead to block 1/ ],
	[ 'a downlink to its own node', 'things_mm', [ [ entries($inner), pack('L', $inner) ] ],
		qr/Two links lead to block $inner/ ],
	[ 'all downlinks of the root to the root', 'things_mm',
		[ [ entries(1), pack('L*', (1) x get('things_mm', 1, 'n')) ] ], qr/Two links lead to block 1/ ],
	[ 'a smaller box', 'things_mm', [ [ entries($inner) + 4 * $inner_room * (3 + $coordinates), pack('f', -1e30) ] ],
		qr/the box from|is not in the box of its parent, block $inner, entry 0/, 'wrong' ],
	[ 'a box that is none', 'things_mm', [ [ entries($inner) + 4 * $inner_room * 3, pack('L', 0x7FC00000) ] ],
		qr/Block $inner, entry 0: the box from/, 'wrong' ],
	[ 'NULLs in a box', 'things_mm',
		[ [ entries($inner) + 4 * $inner_room, pack('L', 0) x get('things_mm', $inner, 'n') ] ],
		qr/is not in the box of its parent, block $inner/, 'wrong' ],
	# leaves
	[ 'a coordinate', 'things_mm', [ [ entries($leaf) + 4 * $leaf_room * 4, pack('f', 1e9) ] ],
		qr/Block $leaf, entry 0 is not in the box/, 'wrong' ],
	[ 'a coordinate that is no number', 'things_mm', [ [ entries($leaf) + 4 * $leaf_room * 4, pack('L', 0x7FC00000) ] ],
		qr/Block $leaf, entry 0: coordinate 1 is out of range/, 'wrong' ],
	[ 'a coordinate, just so', 'things_mm', [ [ entries($leaf) + 4 * $leaf_room * 4,
		substr($healthy{things_mm}, entries($leaf) + 4 * $leaf_room * 4 + 4, 4) ] ],
		qr/Block $leaf, entry 0: the coordinates or NULLs are not those of row|not in the box/, 'wrong' ],
	[ 'NULLs', 'things_mm', [ [ entries($leaf) + 4 * $leaf_room * 2, pack('L', 3) ] ], qr/Block $leaf, entry 0/,
		'wrong' ],
	[ 'one entry less', 'things_mm', [ field('things_mm', $leaf, 'n', get('things_mm', $leaf, 'n') - 1) ],
		qr/Row \(\d+,\d+\) has no entry/, 'wrong' ],
	[ 'a place twice', 'things_mm', [ map { [ $_ + 4 * $later, substr($healthy{things_mm}, $_ + 4 * (1 - $later), 4) ] }
		(entries($leaf), entries($leaf) + 4 * $leaf_room) ],
		qr/Row \(\d+,\d+\) has two|not those of row/, 'wrong' ],
	[ 'a place that is none', 'things_mm', [ [ entries($leaf) + 4 * $leaf_room, pack('L', 0) ] ],
		qr/Block $leaf, entry 0: \(\d+,0\) is no place/, 'wrong' ],
	[ 'a place beyond the table', 'things_mm', [ [ entries($leaf), pack('L', 100000) ] ],
		qr/Row \(\d+,\d+\) has no entry/, 'wrong' ],
	[ 'a place beyond all files of the table', 'things_mm', [ [ entries($leaf), pack('L', 0xFFFFFFF0) ] ],
		qr/Row \(\d+,\d+\) has no entry/, 'wrong' ],
	# an index without a model
	[ 'untrained, not marked so', 'few_mm', [ field('few_mm', 1, 'flags', 0) ], qr/Block 1 does not fit the metadata/ ],
	[ 'untrained, of level 1', 'few_mm', [ field('few_mm', 1, 'level', 1) ], qr/Block 1 does not fit the metadata/ ],
	[ 'untrained, with too many entries', 'few_mm', [ field('few_mm', 1, 'n', 50000) ], qr/Block 1 has 50000 entries/ ],
	[ 'untrained, with a model', 'few_mm', [ [ $header_size + 24, pack('L', 1) ] ], qr/not one of an mmdb index/ ],
	[ 'untrained, of zeros', 'few_mm', [ [ $block_size, "\0" x $block_size ] ], qr/Block 1 has no valid special area/ ],
);

# What must be an error with SQLSTATE XX002 and a hint, or succeed; and if
# right is given, return that.  Of damage that searches cannot know of, the
# executor may find that rows come in the wrong order.
sub error_or
{
	my ($what, $sql, $right) = @_;
	my ($out, $err) = ('', '');
	my $timed_out = 0;
	my $status = $node->psql('postgres',
		"\\set VERBOSITY verbose\nSET enable_seqscan = off; SET statement_timeout = '60s';\n$sql",
		stdout => \$out, stderr => \$err, timeout => 120, timed_out => \$timed_out, on_error_stop => 1);
	return fail("$what: hangs") if $timed_out;
	return ok($err =~ /XX002/ && $err =~ /REINDEX/ || $err =~ /55000.*made for/
			|| !defined $right && $err =~ /in wrong order/, $what) || diag("status $status: $err")
		if $err =~ /ERROR|FATAL|PANIC|server closed/;
	return is($out, $right, $what) if defined $right;
	return pass($what);
}

my $search = q{SELECT string_agg(id::text, ',' ORDER BY id)
	FROM (SELECT id FROM %s ORDER BY v <-> '[0.5,0.5,7]' LIMIT 2000) x;};
my $bitmap = q{SELECT count(*) FROM (SELECT id FROM %s ORDER BY s <~> '0123456789ab' LIMIT 20000) x;};
my $insert = q{BEGIN; INSERT INTO %s SELECT * FROM fill(1, 400); ROLLBACK;};
my $right = {};
$node->start;
foreach my $index (keys %table)
{
	foreach my $sql ($search, $bitmap)
	{
		my $query = sprintf($sql, $table{$index});
		$right->{$query} = $node->safe_psql('postgres',
			"SET mmdb.enable_scan = off; SET enable_indexscan = off; $query");
		is($node->safe_psql('postgres', "SET enable_seqscan = off; $query"), $right->{$query}, 'a healthy index');
	}
	$node->safe_psql('postgres', "SELECT mmdb_index_check('$index')");
}
$node->stop;

foreach my $damage (@damages)
{
	my ($name, $index, $changes, $message, $wrong) = @$damage;
	my $content = $healthy{$index};
	foreach my $change (@$changes)
	{
		substr($content, $change->[0], length($change->[1])) = $change->[1];
	}
	write_file($path{$_}, $_ eq $index ? $content : $healthy{$_}) foreach keys %path;
	$node->start;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT mmdb_index_check('$index')");
	like($err, qr/(XX002|55000):.*REINDEX/s, "$name: the check fails");
	like($err, $message, "$name: and says so");
	is($node->safe_psql('postgres',
		'SELECT count(DISTINCT index_name), count(DISTINCT column_name) FROM mmdb.index_columns'), '2|2',
		"$name: mmdb.index_columns shows all indexes");
	foreach my $sql ($search, $bitmap)
	{
		my $query = sprintf($sql, $table{$index});
		error_or("$name: search", $query, $wrong && $wrong eq 'wrong' ? undef : $right->{$query});
	}
	error_or("$name: insert", sprintf($insert, $table{$index}));
	error_or("$name: figures", "SELECT 1 FROM mmdb_index_stats('$index')");
	error_or("$name: vacuum", "VACUUM $table{$index}");
	$node->stop;
}

# A damaged index, or one of an older version, does not keep users from another, nor from
# a view of all.
write_file($path{$_}, $healthy{$_}) foreach keys %path;
$node->start;
$node->safe_psql('postgres', q{
	CREATE TYPE pair AS (x integer, y integer);
	CREATE TABLE pairs (p pair, n integer, m integer);
	INSERT INTO pairs SELECT ROW(i, i)::pair, i, i FROM generate_series(1, 10) i;
	CREATE INDEX pairs_old ON pairs USING mmdb (p);
	CREATE INDEX pairs_zero ON pairs USING mmdb (p);
	CREATE INDEX pairs_mm ON pairs USING mmdb (n, m);
});
my %pairs = map { $_ => $node->data_dir . '/'
	. $node->safe_psql('postgres', "SELECT pg_relation_filepath('$_')") } qw(pairs_old pairs_zero);
$node->stop;
my $old = read_file($pairs{pairs_old});
substr($old, $header_size, 4) = pack('L', 4);
write_file($pairs{pairs_old}, $old);
write_file($pairs{pairs_zero}, '');
$node->start;
is($node->safe_psql('postgres', q{
	SELECT index_name, column_number, column_name, type, metric, count, problem FROM mmdb.index_columns
	WHERE table_name = 'pairs'::regclass ORDER BY index_name::text, column_number}),
	<<'END' =~ s/\n\z//r, 'mmdb.index_columns tells why');
pairs_mm|1|n|integer|int4_l1_ops|10|
pairs_mm|2|m|integer|int4_l1_ops|10|
pairs_old||p|pair|record_ops||index "pairs_old" has no valid metadata page. Please REINDEX it.
pairs_zero||p|pair|record_ops||index "pairs_zero" has no metadata page. Please REINDEX it.
END
is($node->safe_psql('postgres', q{SELECT (obj).n FROM odbknn(NULL::pairs, ROW(7, 7), NULL, 1)}), '7',
	'odbknn by the index that is whole');
my ($pairs_status, $pairs_out, $pairs_err) = $node->psql('postgres',
	q{SELECT * FROM odbknn(NULL::pairs, ROW(7), NULL, 1)});
like($pairs_err, qr/index "pairs_\w+" is not valid.*REINDEX/s, 'and what is said where there is none');
is($node->safe_psql('postgres', q{SELECT count(*) FROM mmdb.subindexes WHERE index_name::text LIKE 'pairs%'}), '0',
	'mmdb.subindexes leaves them out');
($pairs_status, $pairs_out, $pairs_err) = $node->psql('postgres', q{SELECT mmdb_index_check('pairs_old')});
like($pairs_err, qr/not one of an mmdb index, format version 6.*REINDEX/s,
	'an index of another format is to be made anew');
($pairs_status, $pairs_out, $pairs_err) = $node->psql('postgres', q{INSERT INTO pairs VALUES (ROW(1, 1), 1, 1)});
like($pairs_err, qr/no (?:valid )?metadata page.*REINDEX/s, 'also before it takes rows');
# one session's temporary index is another's problem
my $other = $node->background_psql('postgres');
$other->query_safe('CREATE TEMP TABLE temporary (a integer); CREATE INDEX temporary_mm ON temporary USING mmdb (a)');
is($node->safe_psql('postgres', q{
	SELECT count(*) FROM mmdb.index_columns WHERE index_name::text LIKE '%temporary%'}), '0',
		'temporary indexes of other sessions are not shown');
is($node->safe_psql('postgres', q{
	SELECT column_name, problem FROM pg_class c, mmdb.index_column_statistics(c.oid) WHERE relname = 'temporary_mm'}),
	'a|cannot access temporary indexes of other sessions', 'and if asked for, explained');
$other->quit;
$node->safe_psql('postgres', 'REINDEX TABLE pairs; DROP TABLE pairs; DROP TYPE pair');
$node->stop;

# An incomplete split, as a crash leaves it, is no damage: take a downlink away
# from the right half of a split.
sub word
{
	my ($content, $block, $i, $word) = @_;
	return unpack('L', substr($$content, entries($block) + 4 * (get('things_mm', $block, 'room') * $word + $i), 4));
}

sub set_word
{
	my ($content, $block, $i, $word, $value) = @_;
	substr($$content, entries($block) + 4 * (get('things_mm', $block, 'room') * $word + $i), 4) = pack('L', $value);
}

my $undone;
PARENT: foreach my $parent (@inners)
{
	my $content = $healthy{things_mm};
	my $n = get('things_mm', $parent, 'n');
	my %entry = map { word(\$content, $parent, $_, 0) => $_ } 0 .. $n - 1;
	foreach my $left (sort { $a <=> $b } keys %entry)
	{
		my $right = get('things_mm', $left, 'right');
		next unless defined $entry{$right} && get('things_mm', $right, 'born') > 0;
		my ($l, $r) = @entry{$left, $right};
		foreach my $word (1 .. 2 + 2 * $coordinates)
		{
			my ($a, $b) = map { word(\$content, $parent, $_, $word) } $l, $r;
			my ($x, $y) = map { unpack('f', pack('L', $_)) } $a, $b;
			my $union = $word <= 2 ? $a | $b : $word < 3 + $coordinates ? ($x < $y ? $a : $b) : ($x > $y ? $a : $b);
			set_word(\$content, $parent, $l, $word, $union);
		}
		set_word(\$content, $parent, $r, $_, word(\$content, $parent, $n - 1, $_)) foreach 0 .. 2 + 2 * $coordinates;
		foreach my $change (field('things_mm', $parent, 'n', $n - 1), field('things_mm', $left, 'flags', 1),
			field('things_mm', $left, 'nsn', get('things_mm', $right, 'born') - 1))
		{
			substr($content, $change->[0], length($change->[1])) = $change->[1];
		}
		$undone = $left;
		write_file($path{things_mm}, $content);
		last PARENT;
	}
}
ok($undone, 'a split to undo');
write_file($path{few_mm}, $healthy{few_mm});
$node->start;
my $debug = "SET client_min_messages = debug1; SELECT mmdb_index_check('things_mm')";
my ($debug_status, $debug_out, $debug_err) = $node->psql('postgres', $debug);
is($debug_status, 0, 'an incomplete split: the check passes');
like($debug_err, qr/block $undone is split, but.*1 incomplete splits/s, 'an incomplete split: the check tells of it');
foreach my $sql ($search, $bitmap)
{
	my $query = sprintf($sql, 'things');
	is($node->safe_psql('postgres', "SET enable_seqscan = off; $query"), $right->{$query},
		'an incomplete split: search');
}
# Copies of all rows come by the same ways, and one of them completes it.
$node->safe_psql('postgres', 'BEGIN; INSERT INTO things SELECT * FROM things; ROLLBACK');
($debug_status, $debug_out, $debug_err) = $node->psql('postgres', $debug);
is($debug_status, 0, 'a completed split: the check passes');
like($debug_err, qr/ 0 incomplete splits/, 'a completed split');
$node->safe_psql('postgres', 'VACUUM things');
$node->safe_psql('postgres', "SELECT mmdb_index_check('things_mm')");
$node->stop;

# A file cut off, in a block or between two.
foreach my $length (0, 100, $block_size, $block_size + 1, 2 * $block_size, length($healthy{things_mm}) - $block_size,
	length($healthy{things_mm}) - 5)
{
	write_file($path{few_mm}, $healthy{few_mm});
	write_file($path{things_mm}, substr($healthy{things_mm}, 0, $length));
	$node->start;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT mmdb_index_check('things_mm')");
	like($err, qr/XX002:.*REINDEX/s, "$length bytes: the check fails");
	error_or("$length bytes: search", sprintf($search, 'things'));
	error_or("$length bytes: insert", sprintf($insert, 'things'));
	$node->stop;
}

# Part of a block behind the last one, as is left when a disk is full, is no damage.
write_file($path{$_}, $healthy{$_} . 'x' x 100) foreach keys %path;
$node->start;
foreach my $index (sort keys %table)
{
	is($node->safe_psql('postgres', "SELECT mmdb_index_check('$index')"), '',
		"$index with part of a block: the check passes");
	my $query = sprintf($search, $table{$index});
	is($node->safe_psql('postgres', "SET enable_seqscan = off; $query"), $right->{$query},
		'and it finds what it should');
	$node->safe_psql('postgres', sprintf($insert, $table{$index}));
	is($node->safe_psql('postgres', "VACUUM $table{$index}; SELECT mmdb_index_check('$index')"), '',
		'it can be added to');
}
$node->safe_psql('postgres', 'REINDEX TABLE things; REINDEX TABLE few');
foreach my $index (sort keys %table)
{
	is($node->safe_psql('postgres', "SELECT mmdb_index_check('$index')"), '', "REINDEX repairs $index");
	my $query = sprintf($search, $table{$index});
	is($node->safe_psql('postgres', "SET enable_seqscan = off; $query"), $right->{$query},
		'and it finds what it should');
}

# Sub-indexes.  All damages are done at once, each to a copy of one table with its
# index: the files of copies are the same.
my $copies = 16;
$node->safe_psql('postgres', slurp_file($_)) foreach ('test/differences.sql', 'test/forest.sql');
foreach my $copy (1 .. $copies)
{
	$node->safe_psql('postgres', "CREATE SCHEMA copy$copy; SET search_path = copy$copy, public; SELECT make_forest()");
}
$node->safe_psql('postgres', q{
	SELECT setseed(0.5);
	SELECT make_forest();
	SELECT add_trees(2500);
	REINDEX INDEX forest_mm;
});

sub files_of
{
	my ($schema) = @_;
	return map { $node->data_dir . "/$_" } split /\|/, $node->safe_psql('postgres',
		"SELECT pg_relation_filepath('$schema.forest'), pg_relation_filepath('$schema.forest_mm')");
}

# Blocks of each kind, and where the fields of their contents are; see src/inverted/layout.h.
my ($postings_kind, $directory_kind, $pending_kind, $home_kind) = (5, 6, 7, 8);
my ($table_file, $index_file) = files_of('public');
my $chain_offset = 8;
my $runs_offset = 8 + 24 + 24 + 8;
my %run = (stamp => [ 0, 'Q' ], rows => [ 8, 'q' ], postings => [ 16, 'q' ], root => [ 24, 'L' ], first => [ 28, 'L' ],
	pages => [ 32, 'L' ], level => [ 36, 'L' ], classes => [ 40, 'Q' ]);
my %chain = (stamp => [ 0, 'Q' ], first => [ 8, 'L' ], last => [ 12, 'L' ], pages => [ 16, 'L' ]);

sub content_of				# the number at an offset of a block's contents
{
	my ($index, $block, $offset, $format) = @_;
	return unpack($format, substr($healthy{$index}, entries($block) + $offset, length(pack($format, 0))));
}

# A home page whose index has a run with a directory, and pending pages, which are
# about to be made a run: an insertion will do so.
my $home;
for (;;)
{
	$node->safe_psql('postgres', 'SELECT add_trees(50); CHECKPOINT');
	$healthy{forest} = read_file($index_file);
	($home) = grep { get('forest', $_, 'kind') == $home_kind
			&& content_of('forest', $_, $chain_offset + $chain{pages}[0], 'L') >= 62 }
		1 .. length($healthy{forest}) / $block_size - 1;
	last if defined $home;
}
$node->safe_psql('postgres', q{
	DELETE FROM forest WHERE id % 50 = 0;
	SELECT setseed(0.5);
	SELECT remember_answers(200, 0.4);
	SELECT mmdb_index_check('forest_mm');
	-- so that the table's pages need not be written by a copy
	SELECT count(*) FROM forest;
});
my %copy = map { $_ => [ files_of("copy$_") ] } 1 .. $copies;
$node->stop;
$healthy{forest} = read_file($index_file);
my $table_content = read_file($table_file);
write_file($copy{$_}[0], $table_content) foreach keys %copy;

my $forest_blocks = length($healthy{forest}) / $block_size;
my %blocks_of;
foreach my $block (0 .. $forest_blocks - 1)
{
	my $kind = get('forest', $block, 'kind');
	next if $kind >= $postings_kind && $kind <= $pending_kind && content_of('forest', $block, 0, 'L') != $home;
	next if $kind == $node_kind && get('forest', $block, 'tree') == 0;
	push @{ $blocks_of{$kind} }, $block;
}
my ($postings, $directory, $node_of_tree) = map { $blocks_of{$_}[-1] } $postings_kind, $directory_kind, $node_kind;
my $pages = sub { content_of('forest', $home, $chain_offset + $chain{ $_[0] }[0], $chain{ $_[0] }[1]) };
my ($pending, $last_pending) = ($pages->('first'), $pages->('last'));
cmp_ok(scalar(@{ $blocks_of{$_} // [] }), '>', 0, "there are pages of kind $_")
	foreach $model_kind, $node_kind, $postings_kind, $directory_kind, $pending_kind, $home_kind;

sub content_field
{
	my ($block, $offset, $format, $value) = @_;
	return [ entries($block) + $offset, pack($format, $value) ];
}

# of the first run
sub run_value
{
	my ($name) = @_;
	return content_of('forest', $home, $runs_offset + $run{$name}[0], $run{$name}[1]);
}

sub run_field
{
	my ($name, $value) = @_;
	return content_field($home, $runs_offset + $run{$name}[0], $run{$name}[1], $value);
}

sub pending_field
{
	my ($name, $value) = @_;
	return content_field($home, $chain_offset + $chain{$name}[0], $chain{$name}[1], $value);
}


# What is done, and what may come of it.  Otherwise searches return the right answer or
# an error, and the check fails.  wrong: searches cannot know; unused: the check may pass.
my @subindex_damages = (
	(map { my ($block, $of) = @$_; (
		[ "magic number of $of", [ field('forest', $block, 'magic', 1) ] ],
		[ "$of of kind metadata", [ field('forest', $block, 'kind', $meta_kind) ] ],
		[ "$of of kind deleted", [ field('forest', $block, 'kind', $deleted_kind) ] ],
		[ "level of $of", [ field('forest', $block, 'level', 31) ], $of =~ /home|pending/ ? 'unused' : '' ],
		[ "entries of $of", [ field('forest', $block, 'n', 65000) ], $of =~ /home|pending/ ? 'unused' : '' ]) }
		[ $home, 'a home page' ], [ $postings, 'postings' ], [ $directory, 'a directory' ],
		[ $pending, 'the first pending page' ], [ $last_pending, 'the last pending page' ],
		[ $node_of_tree, "a sub-index's node" ]),
	(map { [ "stamp of block $_", [ field('forest', $_, 'born', 1 << 40) ] ],
		[ "home of block $_", [ content_field($_, 0, 'L', 1) ] ],
		[ "end of block $_", [ [ $_ * $block_size + 12, pack('S', 24) ] ] ],
		[ "a page of zeros, block $_", [ [ $_ * $block_size, "\0" x $block_size ] ] ] }
		$postings, $directory, $pending, $last_pending),
	# the home page
	[ 'too many runs', [ content_field($home, $runs_offset - 4, 'l', 17) ] ],
	[ 'less than no runs', [ content_field($home, $runs_offset - 4, 'l', -1) ] ],
	[ 'no runs', [ content_field($home, $runs_offset - 4, 'l', 0) ], 'wrong' ],
	[ 'stamps given', [ content_field($home, 0, 'Q', 0) ] ],
	[ 'root beyond the end', [ run_field('root', $forest_blocks) ] ],
	[ 'root nowhere', [ run_field('root', $nobody) ] ],
	[ 'root is a leaf', [ run_field('root', $postings) ] ],
	[ 'first leaf beyond the end', [ run_field('first', $forest_blocks) ] ],
	[ 'first leaf elsewhere', [ run_field('first', run_value('root')) ] ],
	[ 'levels of a run', [ run_field('level', run_value('level') + 1) ] ],
	[ 'too many levels of a run', [ run_field('level', 4000000000) ] ],
	[ 'pages of a run', [ run_field('pages', run_value('pages') + 1) ] ],
	[ 'no pages of a run', [ run_field('pages', 0) ] ],
	[ 'stamp of a run', [ run_field('stamp', run_value('stamp') - 1) ] ],
	[ 'size classes of a run', [ run_field('classes', 0) ], 'wrong' ],
	[ 'rows of a run', [ run_field('rows', 1) ], 'wrong' ],
	[ 'postings of a run', [ run_field('postings', 1) ], 'wrong' ],
	[ 'first pending page', [ pending_field('first', $forest_blocks) ] ],
	[ 'last pending page', [ pending_field('last', $pending) ] ],
	[ 'last pending page beyond the end', [ pending_field('last', $forest_blocks) ] ],
	[ 'one pending page more', [ pending_field('pages', $pages->('pages') + 1) ] ],
	[ 'one pending page less', [ pending_field('pages', $pages->('pages') - 1) ] ],
	[ 'very many pending pages', [ pending_field('pages', 4000000000) ] ],
	[ 'stamp of pending pages', [ pending_field('stamp', $pages->('stamp') - 1) ] ],
	# runs
	[ 'a token', [ content_field($postings, 8, 'L', 0xFFFFFFFF) ], 'wrong' ],
	[ 'place of a list', [ content_field($postings, 16, 'S', 65000) ] ],
	[ 'length of a list', [ content_field($postings, 18, 'S', 65000) ] ],
	[ 'no length of a list', [ content_field($postings, 18, 'S', 0) ], 'wrong' ],
	[ 'the bytes of lists', [ [ ($postings + 1) * $block_size - $special_size - 200, "\xFF" x 200 ] ], 'wrong' ],
	[ 'a link to itself', [ field('forest', run_value('first'), 'right', run_value('first')) ], 'wrong' ],
	[ 'a link beyond the end', [ field('forest', run_value('first'), 'right', $forest_blocks) ], 'wrong' ],
	[ 'no link', [ field('forest', run_value('first'), 'right', $nobody) ], 'wrong' ],
	[ 'a downlink beyond the end', [ content_field($directory, 16, 'L', $forest_blocks) ] ],
	[ 'a downlink to its own page', [ content_field($directory, 16, 'L', $directory) ] ],
	[ 'a downlink to another leaf', [ content_field($directory, 16, 'L', $postings) ], 'wrong' ],
	[ 'the key of a downlink', [ content_field($directory, 20, 'L', 0xFFFFFFFF) ], 'wrong' ],
	# pending pages
	[ 'a pending page sealed', [ field('forest', $last_pending, 'flags', 8) ] ],
	[ 'a pending page behind the last', [ field('forest', $last_pending, 'right', $pending) ] ],
	[ 'a pending page behind itself', [ field('forest', $pending, 'right', $pending) ] ],
	[ 'pending pages end too soon', [ field('forest', $pending, 'right', $nobody) ] ],
	[ 'tokens of a pending row', [ content_field($pending, 16, 'L', 60000) ] ],
	[ 'place of a pending row', [ content_field($pending, 8, 'L', 100000) ], 'wrong' ],
	[ 'no place of a pending row', [ content_field($pending, 12, 'S', 0) ] ],
	[ 'size class of a pending row', [ content_field($pending, 14, 'S', 60000) ] ],
	# trees of sub-indexes, and what is said of them behind the shared tree's model
	[ 'a node of another tree', [ field('forest', $node_of_tree, 'tree', 0) ] ],
	[ 'a node of no tree', [ field('forest', $node_of_tree, 'tree', 9) ] ],
	[ 'room of a node', [ field('forest', $node_of_tree, 'room', 65535) ] ],
	map { my $at = $_; [ "sub-indexes in the model, $at bytes from the end",
		[ [ entries($blocks_of{$model_kind}[0]) + get('forest', $blocks_of{$model_kind}[0], 'n') - $at, "\xAA" ] ] ] }
		1, 60, 130, 200);

# Bytes anywhere on pages of sub-indexes.  If the check finds nothing, nothing is wrong.
my $seed = $ENV{MMDB_TEST_SEED} // ($ENV{MMDB_TEST_LONG} ? time % 1_000_000 : 1);
srand($seed);
note("seed $seed");
my @kinds = ($node_kind, $postings_kind, $directory_kind, $pending_kind, $home_kind);
foreach my $i (1 .. $ENV{MMDB_TEST_LONG} ? 1000 : 16)
{
	my @of_kind = @{ $blocks_of{ $kinds[ $i % @kinds ] } };
	my $at = $of_kind[ rand @of_kind ] * $block_size + int(rand($block_size));
	# most of the rest of a page is not used
	$at = $at - $at % $block_size + ($i % 2 ? int(rand(200)) : $block_size - 1 - int(rand(64))) if $i % 3 > 0;
	push @subindex_damages, [ "seed $seed, $i: byte " . $at % $block_size . ' of block ' . int($at / $block_size),
		[ [ $at, chr(int(rand(256))) ] ], 'random' ];
}

while (my @now = splice(@subindex_damages, 0, $copies))
{
	foreach my $i (0 .. $#now)
	{
		my $content = $healthy{forest};
		substr($content, $_->[0], length($_->[1])) = $_->[1] foreach @{ $now[$i][1] };
		write_file($copy{ $i + 1 }[0], $table_content);
		write_file($copy{ $i + 1 }[1], $content);
		unlink(map { ("${_}_fsm", "${_}_vm") } @{ $copy{ $i + 1 } });
	}
	$node->start;
	foreach my $i (0 .. $#now)
	{
		my ($name, $changes, $result) = @{ $now[$i] };
		$result //= '';
		my $path = "SET search_path = copy" . ($i + 1) . ", public; SET statement_timeout = '60s';";
		my ($status, $out, $err) =
			$node->psql('postgres', "\\set VERBOSITY verbose\n$path SELECT mmdb_index_check('forest_mm')");
		my $found = $err =~ /XX002:.*REINDEX/s;
		ok($found || $err eq '' && $result =~ /unused|random/, "$name: the check") or diag($err);
		my $wrong_allowed = $result eq 'wrong' || $result eq 'random' && $found ? 'true' : 'false';
		is($node->safe_psql('postgres', "$path SELECT forest_faults(true, $wrong_allowed)"), '', "$name: searches");
		foreach my $change ('BEGIN; SELECT add_trees(150); ROLLBACK', 'VACUUM forest',
			'SELECT count(*) FROM mmdb.subindexes')
		{
			($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$path $change");
			ok($err eq '' || $err =~ /XX002:.*REINDEX/s, "$name: $change") or diag($err);
		}
	}
	$node->stop;
}

done_testing();
