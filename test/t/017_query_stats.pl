# Statistics of queries in shared memory: what several sessions did, who may see it,
# what remains after a restart and after a crash, what is forgotten first, and eight
# clients at once.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'mmdb'
mmdb.track_samples = objects
mmdb.track_max = 100
max_connections = 30
restart_after_crash = on
});
$node->start;

my $entries = q{SELECT user_name, class, calls, rows FROM mmdb.query_stats
	WHERE index_name = 'items_mm'::regclass ORDER BY 1, 2};
my $nearest = q{SELECT id FROM items ORDER BY (n <+> 3) + (t <~> 'x7') LIMIT 3};

$node->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE items AS SELECT i AS id, (i % 100)::float8 AS n, 'x' || i AS t FROM generate_series(1, 2000) i;
	CREATE INDEX items_mm ON items USING mmdb (n, t);
	VACUUM ANALYZE items;
	CREATE ROLE asker LOGIN;
	CREATE ROLE reader LOGIN IN ROLE pg_read_all_stats;
	GRANT SELECT ON items TO asker;});
sub as_user
{
	my ($user, $sql) = @_;
	return $node->safe_psql('postgres', $sql, extra_params => [ '-U', $user ]);
}

# Sessions add up, and databases are told apart.
is($node->safe_psql('postgres', 'SELECT kept_in, saved FROM mmdb.query_stats_info'), 'shared memory|t',
	'in shared memory');
$node->safe_psql('postgres', $nearest) foreach (1 .. 3);
as_user('asker', $nearest);
my $all = "asker|V.K(n, t), k <= 10|1|3\npostgres|V.K(n, t), k <= 10|3|9";
is($node->safe_psql('postgres', $entries), $all, 'searches of several sessions');
my ($stdout, $stderr);
$node->psql('postgres', 'SELECT count(*) FROM mmdb.query_stats', stderr => \$stderr);
is($stderr, '', 'no hint at what is there already');
$node->safe_psql('postgres', 'CREATE DATABASE other');
is($node->safe_psql('other', q{CREATE EXTENSION mmdb;
	SELECT database, user_name, index_name IS NULL, class, calls FROM mmdb.query_stats ORDER BY 2}),
	"postgres|asker|t|V.K(#1, #2), k <= 10|1\npostgres|postgres|t|V.K(#1, #2), k <= 10|3",
	'seen from another database');
is($node->safe_psql('other', 'SELECT count(*) FROM mmdb.query_samples()'), '0', 'samples are of one database');

# Who may see it.
is(as_user('asker', $entries), 'asker|V.K(n, t), k <= 10|1|3', 'users see their own searches');
is(as_user('reader', $entries), $all, 'pg_read_all_stats sees those of all');
is(as_user('reader', q{SELECT count(query) FROM mmdb.query_samples('items_mm')}), '0', 'but not their objects');
$node->safe_psql('postgres', 'GRANT SELECT ON items TO reader');
is(as_user('reader', q{SELECT count(query) FROM mmdb.query_samples('items_mm')}), '4',
	'unless it may read what is indexed');
is(as_user('asker', q{SELECT count(query), max(query) FROM mmdb.query_samples('items_mm')}), '1|{"n": "3", "t": "x7"}',
	'as users see their own');
(undef, undef, $stderr) = $node->psql('postgres', 'SELECT mm_reset_query_stats()', extra_params => [ '-U', 'asker' ]);
like($stderr, qr/permission denied for function mm_reset_query_stats/, 'nobody else may forget them');
foreach my $setting ('track = none', 'track_samples = none', 'track_save = off', 'track_max = 200')
{
	(undef, undef, $stderr) = $node->psql('postgres', "SET mmdb.$setting", extra_params => [ '-U', 'asker' ]);
	like($stderr, qr/permission denied to set parameter|cannot be changed now|cannot be changed without/,
		"nor set mmdb.$setting");
}

# A profile's uses, for all sessions.
$node->safe_psql('postgres',
	q{INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('p', '{n,t}', '{1,2}')});
my $by_profile = q{SELECT count(*) FROM odbknn(NULL::items, '{"n": 1}'::odbvalues, mm_weights('p'), 2, 'items_mm')};
$node->safe_psql('postgres', $by_profile) foreach (1 .. 2);
as_user('asker', $by_profile);
my $uses = 'SELECT user_name, profile, uses FROM mmdb.profile_use ORDER BY 1';
is($node->safe_psql('postgres', $uses), "asker|p|1\npostgres|p|2", 'uses of a profile');
is(as_user('asker', $uses), 'asker|p|1', 'users see their own uses');

# After a restart, all is as before; after a crash, nothing is there.
my $everything = q{SELECT user_name, class, calls, rows, total_ms, stddev_ms, leaf_pages, distances, samples, since
	FROM mmdb.query_stats ORDER BY 1, 2;
	SELECT class, weights, k, query, calls FROM mmdb.query_samples() ORDER BY 1, 2, 3, 4;} . $uses;
my $before = $node->safe_psql('postgres', $everything);
like($before, qr/"t": "x7"/, 'there is something to be kept');
$node->restart;
is($node->safe_psql('postgres', $everything), $before, 'after a restart, all is as before');
$node->safe_psql('postgres', $nearest);
$node->psql('postgres', q{COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'});
$node->poll_query_until('postgres', 'SELECT true') or die 'the server has not come back';
is($node->safe_psql('postgres', $everything), '', 'after a crash, nothing is there');
$node->safe_psql('postgres', $nearest);
$node->append_conf('postgresql.conf', 'mmdb.track_save = off');
$node->reload;
$node->restart;
is($node->safe_psql('postgres', $everything), '', 'mmdb.track_save');
$node->append_conf('postgresql.conf', 'mmdb.track_save = on');
$node->restart;

# A damaged file is ignored, with a message in the log.
$node->safe_psql('postgres', $nearest);
$node->stop;
my $file = $node->data_dir . '/pg_stat/mmdb_query_stats.stat';
ok(-s $file, 'the file is there');
truncate($file, (-s $file) - 1000) or die "$file: $!";
$node->start;
like(slurp_file($node->logfile), qr/ignoring what is left of file "pg_stat\/mmdb_query_stats.stat"/, 'a damaged file');
ok(!-e $file, 'is removed');

# The least used are forgotten first, with what is kept of their objects.
$node->safe_psql('postgres', 'SELECT mm_reset_query_stats(all_databases => true);' . $nearest);
$node->safe_psql('postgres', "$nearest;" x 99);
my $sets = join('', map {
	my $i = $_;
	"CREATE INDEX more_$i ON more USING mmdb (n); SELECT id FROM more WHERE n <+> 3 <= 0.1;
	 SELECT id FROM more ORDER BY n <+> 3 LIMIT 1; SELECT id FROM more ORDER BY n <+> 3 LIMIT 2;
	 DROP INDEX more_$i;" } (1 .. 60));
$node->safe_psql('postgres', "CREATE TABLE more AS SELECT * FROM items LIMIT 300;
	SET enable_seqscan = off; SET enable_sort = off; $sets");
is($node->safe_psql('postgres',
		q{SELECT classes <= 100 AND classes > 80, most_classes, evicted >= 70 FROM mmdb.query_stats_info}),
	't|100|t', 'the number of classes is bounded');
is($node->safe_psql('postgres', $entries), 'postgres|V.K(n, t), k <= 10|100|300', 'what is used most stays');
is($node->safe_psql('postgres',
		q{SELECT count(*) >= 10 FROM mmdb.query_samples('items_mm') WHERE query = '{"n": "3", "t": "x7"}'}),
	't', 'and so do most objects of its samples');

# Eight clients at once: every search is counted, though the classes change and are
# evicted meanwhile, and somebody looks.
$node->safe_psql('postgres', 'SELECT mm_reset_query_stats(all_databases => true)');
my %scripts = (
	'one_class' => "$nearest;\n",
	'many_classes' => q{\set r random(1, 60)
\set k random(1, 1000)
SET enable_seqscan = off;
SELECT id FROM items ORDER BY (n <+> :r) LIMIT :k;
SELECT count(*) FROM items WHERE t <~> 'x7' <= pow(10, :r / 5 - 6);
},
	'reader' => "SELECT sum(calls), count(*) FROM mmdb.query_stats;\n" .
		"SELECT count(query) FROM mmdb.query_samples('items_mm');\n");
my $dir = PostgreSQL::Test::Utils::tempdir;
foreach my $name (keys %scripts)
{
	append_to_file("$dir/$name", $scripts{$name});
}
my $transactions = $ENV{MMDB_TEST_LONG} ? 5000 : 150;
sub eight_clients
{
	my ($name, @files) = @_;
	$node->command_ok(
		[ 'pgbench', '-n', '-h', $node->host, '-p', $node->port, '-c', '8', '-j', '2', '-t', $transactions,
			(map { ('-f', "$dir/$_") } @files), 'postgres' ],
		$name);
}
eight_clients('eight clients', 'one_class@4', 'many_classes@3', 'reader@1');
$node->safe_psql('postgres', 'SELECT mm_reset_query_stats()');
eight_clients('eight clients of one class', 'one_class');
my $calls = 8 * $transactions;
is($node->safe_psql('postgres', q{
	SELECT calls, rows = 3 * calls, samples, total_ms >= calls * min_ms, verified > 0 FROM mmdb.query_stats}),
	"$calls|t|16|t|t", 'each of their searches is counted');

# Dropped databases and users leave entries behind, without a name.
$node->safe_psql('other', q{CREATE TABLE items AS SELECT i AS id, i::float8 AS n FROM generate_series(1, 2000) i;
	CREATE INDEX items_mm ON items USING mmdb (n);
	VACUUM ANALYZE items;
	SELECT id FROM items ORDER BY n <+> 3 LIMIT 1});
$node->safe_psql('postgres', 'DROP DATABASE other');
is($node->safe_psql('postgres',
		q{SELECT database IS NULL, class, calls FROM mmdb.query_stats WHERE index_name IS NULL}),
	't|V.K(#1), k <= 1|1', 'of a database that is gone');

# A session without the library loads it when it needs it; on a server without
# shared_preload_libraries, figures are the session's own, or in the registry.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
my $kept = $node->safe_psql('postgres', "$nearest; SELECT kept_in, classes FROM mmdb.query_stats_info");
like($kept, qr/^(session|dynamic shared memory)\|1$/m, 'without shared_preload_libraries');
$node->psql('postgres', 'SELECT count(*) FROM mmdb.query_stats', stdout => \$stdout, stderr => \$stderr);
if ($kept =~ /session/)
{
	is($stdout, '0', 'figures of one session');
	like($stderr, qr/add mmdb to shared_preload_libraries/, 'with a hint');
}
else
{
	is($stdout, '1', 'figures of all sessions');
	is($stderr, '', 'without a hint');
}

$node->stop;
done_testing();
