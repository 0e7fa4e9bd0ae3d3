# A standby knows what its primary knows, and gives the same answers to the last
# digit, whatever instructions its CPU has.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
$primary->append_conf('postgresql.conf', "autovacuum = off\n");
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE EXTENSION mmdb;
	CREATE TABLE t (id integer, v mmvector, w mmvector, s text);
	CREATE INDEX t_mm ON t USING mmdb (v, w mmvector_cosine_ops, s);
	INSERT INTO t SELECT i, ARRAY(SELECT sin(i * j) FROM generate_series(1, 300) j),
		ARRAY(SELECT cos(i + j) FROM generate_series(1, 50) j), 'row ' || i FROM generate_series(1, 500) i;
});

my $columns = q{SELECT * FROM mmdb.index_columns ORDER BY column_number};
my $nearest = q{
	SELECT (r.obj).id, r.distance FROM t q, odbknn(NULL::t, ROW(q.v, q.w, 'row'), '{1,0.3,0.7}', 20) r
	WHERE q.id < 10 ORDER BY q.id, 2, 1};

sub same
{
	my ($query, $name, $standby_settings) = @_;
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	my $on_primary = $primary->safe_psql('postgres', $query);
	is($standby->safe_psql('postgres', ($standby_settings // '') . $query), $on_primary, $name);
	return $on_primary;
}

like(same($columns, 'dimensions settled by INSERT'), qr/\|300\|0\|/, 'dimensions known');
same($nearest, 'answers before statistics');
$primary->safe_psql('postgres', 'ANALYZE t');
like(same($columns, 'statistics measured by ANALYZE'), qr/\|300\|500\|/, 'rows counted');
same($nearest, 'answers with statistics');
same($nearest, 'answers of another instruction set', 'SET mmdb.simd = scalar;');
$primary->safe_psql('postgres', 'UPDATE t SET s = s || s; REINDEX INDEX t_mm');
same($columns, 'statistics measured by REINDEX');
same($nearest, 'answers after REINDEX');

$standby->promote;
$standby->safe_psql('postgres', q{INSERT INTO t SELECT id + 1000, v, w, s FROM t});
is($standby->safe_psql('postgres', 'SELECT count(*) FROM t'), 1000, 'promoted standby takes inserts');

done_testing();
