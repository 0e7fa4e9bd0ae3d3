# ALTER EXTENSION UPDATE from each earlier version makes what CREATE EXTENSION
# makes, object by object, and tables and indexes of before go on.  (Before the
# first release, there is no earlier version.)

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# The definition of each object of the extension, with comments and rights, as
# pg_upgrade needs it; without OIDs and transactions, and in an order of their own.
sub definitions
{
	my ($database) = @_;
	my ($dump, $errors) = ('', '');
	IPC::Run::run(
		[ 'pg_dump', '--binary-upgrade', '--schema-only', '--exclude-table=public.kept', '-d',
			$node->connstr($database) ],
		'>', \$dump, '2>', \$errors)
		or die $errors;
	my @statements = grep { !/binary_upgrade_set|relfrozenxid|oid = '\d+'/ } split /;\n/, $dump;
	foreach (@statements)
	{
		s/^(?:--.*|\\.*|)\n//mg;
		s/'\{\d+(?:,\d+)*\}'/OIDs/;		# of tables whose rows are dumped
	}
	return join(";\n", sort @statements);
}

my $answers = q{
	SELECT id, v <-> '[1,2]' FROM kept ORDER BY (v <-> '[1,2]') + (t <~> 'x7'), id LIMIT 5;
	SELECT mmdb_index_check('kept_mm');};

$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION mmdb');
my $fresh = definitions('fresh');

my $default = $node->safe_psql('fresh', q{SELECT default_version FROM pg_available_extensions WHERE name = 'mmdb'});
my @versions = split /\n/, $node->safe_psql('fresh', qq{
	SELECT source FROM pg_extension_update_paths('mmdb') WHERE target = '$default' AND path IS NOT NULL
		AND source IN (SELECT version FROM pg_available_extension_versions WHERE name = 'mmdb')});
note 'earlier versions: ' . (@versions ? "@versions" : 'none');
foreach my $version (@versions)
{
	(my $database = "from_$version") =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, qq{
		CREATE EXTENSION mmdb VERSION '$version';
		CREATE TABLE kept AS SELECT i AS id, ARRAY[i % 7, i % 5]::mmvector(2) AS v, 'x' || i AS t
			FROM generate_series(1, 500) i;
		CREATE INDEX kept_mm ON kept USING mmdb (v, t);});
	my $before = $node->safe_psql($database, $answers);
	$node->safe_psql($database, 'ALTER EXTENSION mmdb UPDATE');
	is($node->safe_psql($database, $answers), $before, "an index of $version answers as before");
	is(definitions($database), $fresh, "an update from $version makes what $default has");
}

# A difference would be seen, also in a comment or a right.
foreach my $change ('ALTER FUNCTION mm_edit_distance(text, text) COST 7',
	q{COMMENT ON OPERATOR <~>(text, text) IS 'something'},
	'REVOKE SELECT ON mmdb.index_columns FROM PUBLIC',
	'ALTER EXTENSION mmdb DROP FUNCTION mm_norm(mmvector)')
{
	$node->safe_psql('postgres', 'CREATE DATABASE other TEMPLATE fresh');
	$node->safe_psql('other', $change);
	isnt(definitions('other'), $fresh, $change);
	$node->safe_psql('postgres', 'DROP DATABASE other');
}
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION mmdb');
is(definitions('other'), $fresh, 'two fresh installs do not differ');

$node->stop;
done_testing();
