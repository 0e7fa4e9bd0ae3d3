# Logical replication of odbquery and mmvector.  Tables without a key, with
# REPLICA IDENTITY FULL, find the rows that change by comparing all columns; so
# these types need equality.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical', extra => [ '--locale=C', '--encoding=UTF8' ]);
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical', extra => [ '--locale=C', '--encoding=UTF8' ]);
$subscriber->start;

# The subscriber's types have other OIDs.
$subscriber->safe_psql('postgres', 'CREATE TYPE before AS ENUM ()');
foreach my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', q{
		CREATE EXTENSION mmdb;
		CREATE TYPE kind AS ENUM ('flat', 'house');
		CREATE TABLE queries (q odbquery, v mmvector(3), note text);
		ALTER TABLE queries REPLICA IDENTITY FULL;
		CREATE TABLE rows (id integer PRIMARY KEY, photo mmvector(3), loc point, review text);
		CREATE INDEX rows_mm ON rows USING mmdb (photo, loc, review);
	});
}
$publisher->safe_psql('postgres', q{
	INSERT INTO queries SELECT q, ARRAY[i, 0, 1], 'first' FROM generate_series(1, 10) i,
		LATERAL (VALUES (odbquery(ROW(ARRAY[i, 0.1, 1e-20]::real[]::mmvector, point(i, 1.0 / 3), 1.50 + i,
			'house'::kind, NULL), '{1,2,0,1,1}')),
						(odbrange(ROW(repeat('long', i * 1000), '{"a": 1}'::jsonb, '-0'::float8), NULL, i / 7.0,
							'{1,2,3}'))) v(q);
	INSERT INTO rows SELECT i, ARRAY[i, 0, 1], point(i, i), 'row ' || i FROM generate_series(1, 100) i;
	CREATE PUBLICATION tables FOR TABLE queries, rows});
my $contents = 'SELECT q, v, note FROM queries ORDER BY q::text, v, note';
my $nearest = q{SELECT (r.obj).id, r.distance
	FROM odbknn(NULL::rows, ROW('[7,0,1]', '(9,9)', 'row 8'), NULL, 5, normalized => false, missing => 'exclude') r
	ORDER BY 2, 1};

foreach my $binary ('false', 'true')
{
	my $connection = $publisher->connstr . ' dbname=postgres';

	$subscriber->safe_psql('postgres', qq{
		TRUNCATE queries, rows;
		CREATE SUBSCRIPTION s_$binary CONNECTION '$connection' PUBLICATION tables WITH (binary = $binary)});
	$subscriber->poll_query_until('postgres', q{SELECT count(*) = 2 AND bool_and(srsubstate IN ('r', 's'))
		FROM pg_subscription_rel})
		or die 'the tables are not copied';
	foreach my $change (
		q{UPDATE queries SET note = note || ' changed' WHERE v < '[4,0,0]'},
		q{UPDATE queries SET q = odbquery(ROW('flat'::kind, 2.00), NULL) WHERE v = '[5,0,1]'},
		q{DELETE FROM queries WHERE q = odbquery(ROW('flat'::kind, 2.00), NULL)
			AND ctid = (SELECT max(ctid) FROM queries WHERE v = '[5,0,1]')},
		q{DELETE FROM queries WHERE v = '[7,0,1]'},
		q{UPDATE rows SET photo = '[7,0,2]', review = 'moved' WHERE id BETWEEN 5 AND 9},
		q{DELETE FROM rows WHERE id = 8})
	{
		$publisher->safe_psql('postgres', $change);
		$publisher->wait_for_catchup("s_$binary");
		is($subscriber->safe_psql('postgres', $contents), $publisher->safe_psql('postgres', $contents),
			"binary $binary: $change");
	}
	is($subscriber->safe_psql('postgres', $nearest), $publisher->safe_psql('postgres', $nearest),
		"binary $binary: the subscriber's own index");
	$subscriber->safe_psql('postgres', "SELECT mmdb_index_check('rows_mm'); DROP SUBSCRIPTION s_$binary");
	unlike(slurp_file($subscriber->logfile), qr/could not identify|did not find row/,
		"binary $binary: nothing was missing");
}

done_testing();
