# The examples in README.md and docs/ do what they say.  In each file, the
# blocks marked ```sql are run one after the other, in a fresh database that has
# the extension and the clip-art gallery.  A block marked ```text after one is
# what psql must print.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE gallery');
$node->safe_psql('gallery', 'CREATE EXTENSION mmdb');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('gallery'), '-f', 'examples/clipart/load.sql' ],
	'the gallery loads');

# White space at the ends of lines, and the order of psql's markers, are not
# worth a difference.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

foreach my $file ('README.md', sort glob('docs/*.md'))
{
	my $text = slurp_file($file);
	my $blocks = 0;
	my $script = '';
	my @expected;

	while ($text =~ /^```sql\n(.*?)^```\n(?:\n*```text\n(.*?)^```\n)?/msg)
	{
		my ($sql, $output) = ($1, $2);
		# Extension and gallery are there already.
		next if $sql =~ /\ACREATE EXTENSION mmdb;\n\z/;
		$blocks++;
		$script .= "\\echo >>> $blocks\n$sql\n";
		$expected[$blocks] = $output;
	}
	next if $blocks == 0;

	(my $database = lc $file) =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE gallery");
	my $out = '';
	my $result = IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database) ], '<', \$script, '>', \$out, '2>&1');
	my @printed = split /^>>> \d+\n/m, $out;
	foreach my $block (1 .. $blocks)
	{
		my $printed = tidy($printed[$block] // 'not run');
		if (defined $expected[$block])
		{
			is($printed, tidy($expected[$block]), "$file, block $block");
		}
		else
		{
			unlike($printed, qr/ERROR:|not run/, "$file, block $block");
		}
	}
}

done_testing();
