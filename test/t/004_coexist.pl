# mmdb installs beside other extensions with distance operators, in one schema,
# in any order, and each keeps working.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->start;

my @others = qw(btree_gist pg_trgm cube earthdistance fuzzystrmatch intarray hstore ltree citext vector postgis);
my %available = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', 'SELECT name FROM pg_available_extensions');
my @present = grep { $available{$_} } @others;
note('present: ' . join(', ', @present));

my %uses = (
	btree_gist => q{SELECT 3 <-> 5 = 2 AND date '2026-01-01' <-> date '2026-01-03' = 2},
	pg_trgm => q{SELECT ('word' <-> 'words') < 0.5},
	cube => q{SELECT cube(array[1,2]) <-> cube(array[4,6]) = 5 AND cube(array[1,2]) <=> cube(array[4,6]) = 4},
	earthdistance => q{SELECT (point(0, 0) <@> point(1, 0)) BETWEEN 69 AND 69.2},
	fuzzystrmatch => q{SELECT levenshtein('kitten', 'sitting') = 3},
	intarray => q{SELECT '{1,2,3}'::int[] & '{2,3,4}' = '{2,3}'},
	vector => q{SELECT '[1,2]'::vector <-> '[4,6]' = 5 AND '[1,2]'::vector <+> '[4,6]' = 7 AND B'101' <~> B'011' = 2
		AND B'101' <%> B'011' > 0.6
		AND '[1,0]'::vector <=> '[0,1]' = 1},
	postgis => q{SELECT ST_MakePoint(0, 0) <-> ST_MakePoint(3, 4) = 5},
);
# What of them is used with mmdb.  To its metrics citext is text, case and all.
my %together = (
	citext => q{SELECT 'Abc'::citext <~> 'abc' = 1 AND 'Abc'::citext <~> 'abc'::citext = 1
		AND lower('Abc'::citext) <~> 'abc' = 0
		AND 'Abc'::citext <!> 'abc'::citext = 1 AND ROW(5) <-> odbquery(ROW('7'::citext), NULL) = 2
			AND ROW('Abc'::citext) <-> odbquery(ROW('abc'), NULL) = 1},
);
my $ours = q{SELECT '[1,2]'::mmvector <-> '[4,6]' = 5 AND '[1,2]'::mmvector <+> '[4,6]' = 7
	AND '[1,0]'::mmvector <=> '[0,1]' = 1
	AND '{1,2}'::real[] <-> '{4,6}' = 5 AND ARRAY[1,2]::real[] <+> '{4,6}'::real[] = 7
	AND 3 <+> 5 = 2 AND 2.5 <+> 1 = 1.5 AND date '2026-01-01' <+> '2026-01-03' = 2
	AND point(0, 0) <-> point(3, 4) = 5 AND (point(0, 0) <@@> point(1, 0)) BETWEEN 111000 AND 111300
	AND 'kitten' <~> 'sitting' = 3 AND '{a,b}'::text[] <%> '{b,c}' > 0.6 AND '{1,2}'::int[] <%> '{2,3}' > 0.6
	AND B'101' <^> B'011' = 2 AND B'101' <%%> B'011' > 0.6 AND 'a' <!> 'b' = 1
	AND B'101' <&> B'011' > 0.6 AND '{a,b}'::text[] <&> '{b,c}' > 0.6 AND '{1,2}'::int[] <&> '{2,3}' > 0.6
	AND ROW(1, 'a'::text) <-> odbquery(ROW(4, 'b'), NULL) = 4};

foreach my $order ([ 'mmdb', @present ], [ @present, 'mmdb' ])
{
	my $first = $order->[0];
	$node->safe_psql('postgres', "CREATE DATABASE test_$first");
	foreach my $extension (@$order)
	{
		my ($status, $out, $err) = $node->psql("test_$first",
			"SET client_min_messages = error; CREATE EXTENSION $extension");
		is($err, '', "$first first: CREATE EXTENSION $extension");
	}
	foreach my $extension (grep { $uses{$_} } @present)
	{
		is($node->safe_psql("test_$first", $uses{$extension}), 't', "$first first: $extension works");
	}
	is($node->safe_psql("test_$first", $ours), 't', "$first first: mmdb works");
	foreach my $extension (grep { $together{$_} } @present)
	{
		is($node->safe_psql("test_$first", $together{$extension}), 't', "$first first: $extension works with mmdb");
	}
	$node->safe_psql("test_$first", 'DROP EXTENSION mmdb');
	foreach my $extension (grep { $uses{$_} } @present)
	{
		is($node->safe_psql("test_$first", $uses{$extension}), 't', "$first first: $extension works without mmdb");
	}
}

# Learning loads OpenBLAS, which must not start threads in a backend.
SKIP:
{
	skip 'no /proc', 1 unless -d '/proc/self/task';
	is($node->safe_psql('postgres', q{
		CREATE EXTENSION mmdb;
		CREATE TABLE t (id integer PRIMARY KEY, x float8, y float8);
		INSERT INTO t SELECT i, sin(i), cos(i) FROM generate_series(1, 500) i;
		CREATE INDEX t_mm ON t USING mmdb (x, y);
		SELECT cardinality(weights) FROM mm_learn_weights('t_mm', 'SELECT 1, ARRAY[45, 89, 133]');
		SELECT count(*) FROM pg_ls_dir('/proc/self/task')}), "2\n1", 'learning leaves a backend with one thread');
}

done_testing();
