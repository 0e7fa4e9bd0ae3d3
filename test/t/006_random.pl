# Searches against brute force, on random tables; see test/random.sql.
#
# MMDB_TEST_SEED chooses the first seed, MMDB_TEST_ROUNDS how many rounds; "make
# check-long" runs more of them, from a seed of its own each time.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $long = $ENV{MMDB_TEST_LONG};
my $seed = $ENV{MMDB_TEST_SEED} // ($long ? time % 1_000_000 : 1);
my $rounds = $ENV{MMDB_TEST_ROUNDS} // ($long ? 3000 : 100);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nfsync = off\nmax_locks_per_transaction = 256\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION mmdb');
$node->safe_psql('postgres', slurp_file($_)) foreach ('test/differences.sql', 'test/random.sql');

my $comparisons = 0;

# Run a script that prints the numbers of its comparisons.
sub run_script
{
	my ($script, $name) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = warning;\n$script",
		on_error_stop => 1);
	my $last = '';
	foreach my $line (split /\n/, $out)
	{
		$last = $1 if $line =~ /^seed (\d+)$/;
		$comparisons += $line if $line =~ /^\d+$/;
	}
	# Tables that grow may outgrow their scales.
	$err =~ s/^\S+ WARNING:  scales of index .*\n(?:(?:(?:DETAIL|HINT|CONTEXT):|PL|SQL).*\n?)*//mg;
	$err = "seed $last: $err" if $err ne '';
	is($err, '', $name);
	return $err eq '';
}

my $same = run_script(
	join("\n", map { "\\echo seed $_\nSELECT random_table($_);\nSELECT random_script($_) \\gexec" }
		$seed .. $seed + $rounds - 1),
	"rounds $seed to " . ($seed + $rounds - 1));
$same &&= run_script(q{
	SELECT large_table();
	SELECT random_insert(1, 30000, 'new');
	SET maintenance_work_mem = '1MB';
	SELECT create_index();
	SELECT random_queries(1, 2);
	DELETE FROM r WHERE id % 100 < 95;
	VACUUM r;
	SELECT random_insert(2, 3000, 'new');
	SELECT random_queries(2, 3);
}, 'a large table, in little memory');

note("$comparisons comparisons, " . ($same ? '0 differences' : 'a difference'));
cmp_ok($comparisons, '>', 1000, 'rounds compared something');

# Each kind of search has been among them.
my %tally = map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT * FROM tally');
note(join ', ', map { "$_: $tally{$_}" } sort keys %tally);
foreach my $search ('odbknn by index', 'odbrange by index', 'odbknn', 'odbrange', 'index scan', 'index scan to the end',
	'composite index scan', 'composite index scan to the end', 'bitmap scan', 'index scan of a radius',
	'ordered index scan of a radius', 'cursor', 'rescan', 'two distances', 'sum in order', 'sum in order to the end',
	'sum in order after a slow filter', 'sum in order to the end after a slow filter', 'sum and key', 'sum within',
	'sum within in order', 'sum in order, NULLs first', 'minus a sum, descending',
	'minus a sum, descending, above a bound', 'any of several sums', 'sum for each of several rows', 'sum by cursor',
	(map { "$_, of partitions" } 'sum in order', 'sum in order to the end', 'sum and key', 'sum within in order',
		'sum in order, NULLs first', 'minus a sum, descending', 'sum for each of several rows',
		'sum for each of several keys', 'sum, locked', 'sum with rows'), 'odbknn of partitions')
{
	cmp_ok($tally{$search} // 0, '>', 0, "compared: $search");
}

done_testing();
