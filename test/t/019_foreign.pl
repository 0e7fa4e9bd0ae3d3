# Foreign tables among a table's children: one foreign table with several tables
# behind it, whose rows lie at the same places.  Searches, scales and learning find the
# same as in one local table.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$node->start;
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'") == 0)
{
	plan skip_all => 'this PostgreSQL has no extension "postgres_fdw"';
}
my $host = $node->host;
my $port = $node->port;
my $user = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', qq{
	CREATE EXTENSION mmdb;
	CREATE EXTENSION postgres_fdw;
	CREATE SCHEMA remote;
	CREATE TABLE remote.homes (id integer PRIMARY KEY, a integer, b float8) PARTITION BY HASH (id);
	CREATE TABLE remote.homes_0 PARTITION OF remote.homes FOR VALUES WITH (MODULUS 3, REMAINDER 0);
	CREATE TABLE remote.homes_1 PARTITION OF remote.homes FOR VALUES WITH (MODULUS 3, REMAINDER 1);
	CREATE TABLE remote.homes_2 PARTITION OF remote.homes FOR VALUES WITH (MODULUS 3, REMAINDER 2);
	INSERT INTO remote.homes SELECT i, i * 31 % 1009, i * 7919 % 10007 FROM generate_series(1, 1500) i;
	CREATE TABLE plain (id integer PRIMARY KEY, a integer, b float8);
	INSERT INTO plain SELECT * FROM remote.homes;
	CREATE INDEX plain_mm ON plain USING mmdb (a, b);
	CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
		OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'mmdb');
	CREATE USER MAPPING FOR CURRENT_USER SERVER here OPTIONS (user '$user');
	CREATE TABLE homes (id integer PRIMARY KEY, a integer, b float8);
	CREATE FOREIGN TABLE homes_far () INHERITS (homes) SERVER here OPTIONS (schema_name 'remote', table_name 'homes');
	CREATE INDEX homes_mm ON homes USING mmdb (a, b);
});

is($node->safe_psql('postgres', 'SELECT count(DISTINCT (tableoid, ctid)) < count(*) FROM homes'), 't',
	'rows lie at the same places');

my ($status, $out, $err) = $node->psql('postgres', "SELECT mm_scale('homes_mm', 'a')");
like($err, qr/has no scale/, 'no scale is made up');
$node->safe_psql('postgres', "SELECT mm_pin_scales('homes_mm')");
is($node->safe_psql('postgres', q{SELECT bool_and(h.scale = p.scale) FROM mmdb.index_columns h
		JOIN mmdb.index_columns p USING (column_name)
		WHERE h.index_name = 'homes_mm'::regclass AND p.index_name = 'plain_mm'::regclass}),
	't', 'scales are measured over foreign tables, too');

# The same question to both tables.
sub same
{
	my ($sql, $what) = @_;
	my $other = $sql;

	$other =~ s/homes/plain/g;
	is($node->safe_psql('postgres', $sql), $node->safe_psql('postgres', $other), $what);
}

same(q{SELECT (obj).id, distance FROM odbknn(NULL::homes, ROW(77, 500), '{1,2}', 20)}, 'odbknn');
same(q{SELECT (obj).id, distance FROM odbrange(NULL::homes, ROW(77, 500), '{1,2}', 0.2)}, 'odbrange');
same(q{SELECT columns, weights FROM mm_learn_weights('homes_mm',
		$$SELECT q.id, ARRAY(SELECT id FROM plain p WHERE p.id <> q.id
			ORDER BY 0.7 * (p.a <+> q.a) / 500 + 0.3 * (p.b <+> q.b) / 5000, id LIMIT 5)
		  FROM plain q WHERE q.id % 100 = 7$$, bootstrap => 0)}, 'weights that are learned');

my $random = q{SELECT weights, recall FROM mm_learn_weights('homes_mm',
	$$SELECT q.id, ARRAY(SELECT id FROM plain p WHERE p.id <> q.id ORDER BY p.a <+> q.a, id LIMIT 5)
	  FROM plain q WHERE q.id % 100 = 7$$, bootstrap => 0, negatives => 'random')};
my $learned = $node->safe_psql('postgres', $random);
like($learned, qr/^\{[0-9.,e-]+\}\|/, 'weights learned from random rows, by their keys');
is($node->safe_psql('postgres', $random), $learned, 'and again');

done_testing();
