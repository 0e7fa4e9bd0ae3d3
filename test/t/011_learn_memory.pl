# Learning weights where address space is short ends in an error, and does not hang:
# OpenBLAS would ask for its buffer for ever.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Limits are set for the postmaster; its children inherit them.
if ($^O ne 'linux' || system('prlimit --version >/dev/null 2>&1') != 0)
{
	plan skip_all => 'limits of a running process are set by prlimit (Linux, util-linux)';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE t (id integer PRIMARY KEY, a float8, b float8);
	INSERT INTO t SELECT i, 100 * sin(i), 100 * cos(7 * i) FROM generate_series(1, 500) i;
	CREATE INDEX t_mm ON t USING mmdb (a, b);
	CREATE TABLE examples AS
		SELECT q.id, ARRAY(SELECT t.id FROM t WHERE t.id <> q.id
			ORDER BY abs(t.a - q.a) + 3 * abs(t.b - q.b) LIMIT 10) AS relevant
		FROM t q WHERE q.id % 50 = 0;
});
my $learn = q{SELECT weights FROM mm_learn_weights('t_mm', 'TABLE examples', bootstrap => 5)};
my $weights = $node->safe_psql('postgres', $learn);
my $size = $node->safe_psql('postgres',
	q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmSize:\s*(\d+) kB')});
my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];

my %outcomes;
foreach my $spare (60, 120, 160, 180, 200, 250, 320, 400, 1000)
{
	my $limit = $size * 1024 + $spare * 1024 * 1024;
	system_or_bail('prlimit', "--pid=$postmaster", "--as=$limit:");
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$learn;\nSELECT 'still here'",
		on_error_stop => 0, timeout => $PostgreSQL::Test::Utils::timeout_default, timed_out => \my $timed_out);
	my $outcome =
		  $timed_out ? 'hangs'
		: $out eq "$weights\nstill here" ? 'learns'
		: $out eq 'still here' && $err =~ /ERROR:  53200: out of memory\n.*OpenBLAS, which needs (?:128|192|256|320) MB/
			? 'no memory'
		: "$out $err";
	like($outcome, qr/^(?:learns|no memory)$/, "$spare MB of address space to spare: $outcome");
	$outcomes{$outcome}++;
	# A backend that hangs would keep the server from stopping.
	last if $timed_out;
}
cmp_ok($outcomes{'no memory'} // 0, '>', 1, 'with little it is an error');
cmp_ok($outcomes{learns} // 0, '>', 1, 'with more it works');
system_or_bail('prlimit', "--pid=$postmaster", '--as=unlimited:');
$node->stop('immediate');

done_testing();
