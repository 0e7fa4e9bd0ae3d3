# The examples in README.md and docs/ do what they say.  In each file, the
# blocks marked ```sql are run one after the other, in a fresh database that has
# the extension and the clip-art gallery.  A block marked ```text after one is
# what psql must print.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib 'test';
use Examples;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE gallery');
$node->safe_psql('gallery', 'CREATE EXTENSION mmdb');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('gallery'), '-f',
	'examples/clipart/load.sql' ],
	'the gallery loads');

# Pages about other extensions need these.
my %needs = ('docs/pgvector.md' => 'vector', 'docs/postgis.md' => 'postgis');

foreach my $file ('README.md', sort glob('docs/*.md'))
{
	# This page needs several servers (018_citus.pl).
	next if $file eq 'docs/citus.md';
	my $needed = $needs{$file};
	if ($needed && !$node->safe_psql('postgres',
		"SELECT 1 FROM pg_available_extensions WHERE name IN ('$needed', 'mmdb_$needed') HAVING count(*) = 2"))
	{
		note("$file is not run: this PostgreSQL has no extension \"$needed\".");
		next;
	}
	next if count_examples($file) == 0;

	(my $database = lc $file) =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE gallery");
	# Since PostgreSQL 17, those of other pages would be there, too.
	$node->safe_psql($database, 'SELECT mm_reset_query_stats(all_databases => true)');
	run_examples($file, $node->connstr($database));
}

# docs/reference.md names everything the extension has.
my $reference = slurp_file('docs/reference.md');
my $names = $node->safe_psql('gallery', q{
	WITH mine AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
				  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'mmdb'))
	SELECT DISTINCT name FROM (
		SELECT proname AS name FROM pg_proc p JOIN mine ON classid = 'pg_proc'::regclass AND objid = p.oid
			WHERE proname NOT LIKE 'mm%routine'
		UNION ALL SELECT oprname FROM pg_operator o JOIN mine ON classid = 'pg_operator'::regclass AND objid = o.oid
		UNION ALL SELECT opcname FROM pg_opclass c JOIN mine ON classid = 'pg_opclass'::regclass AND objid = c.oid
		UNION ALL SELECT typname FROM pg_type t JOIN mine ON classid = 'pg_type'::regclass AND objid = t.oid
			WHERE typname NOT LIKE E'\\_%'
		UNION ALL SELECT relname FROM pg_class c JOIN mine ON classid = 'pg_class'::regclass AND objid = c.oid
		UNION ALL SELECT attname FROM pg_attribute WHERE attrelid = 'mmdb.index_columns'::regclass AND attnum > 0
		UNION ALL SELECT name FROM pg_settings WHERE name LIKE 'mmdb.%') n});
my @missing = grep { index($reference, $_) < 0 } split /\n/, $names;
is("@missing", '', 'docs/reference.md is complete');

done_testing();
