# odbknn and odbrange against brute force, on random tables; see test/random.sql.
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
my $rounds = $ENV{MMDB_TEST_ROUNDS} // ($long ? 3000 : 60);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nmax_locks_per_transaction = 256\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION mmdb');
$node->safe_psql('postgres', slurp_file('test/random.sql'));

# A statement for each round, so that each has a transaction of its own.
my $script = join "\n", map { "SELECT random_round($_);" } $seed .. $seed + $rounds - 1;
my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = warning;\n$script", on_error_stop => 1);
is($err, '', "rounds $seed to " . ($seed + $rounds - 1));
my $comparisons = 0;
$comparisons += $_ foreach split /\n/, $out;
note("$comparisons comparisons, " . ($err eq '' ? '0 differences' : 'a difference'));
cmp_ok($comparisons, '>', 1000, 'rounds compared something');

done_testing();
