# The examples of a page of documentation.

package Examples;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(count_examples run_examples);

# The blocks marked ```sql in a file, each with the block marked ```text that may come
# after it, which is what psql must print.
sub blocks
{
	my ($file) = @_;
	my $text = slurp_file($file);
	my @blocks;

	while ($text =~ /^```sql\n(.*?)^```\n(?:\n*```text\n(.*?)^```\n)?/msg)
	{
		my ($sql, $output) = ($1, $2);
		# The extension is there already.
		push @blocks, [ $sql, $output ] unless $sql =~ /\ACREATE EXTENSION mmdb;\n\z/;
	}
	return @blocks;
}

# White space at the ends of lines, and the order of psql's markers, are not
# worth a difference.
sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

sub count_examples
{
	my ($file) = @_;
	my @blocks = blocks($file);
	return scalar @blocks;
}

# Run the blocks, one after the other, in one session, and test what they print.
sub run_examples
{
	my ($file, $connstr) = @_;
	my @blocks = blocks($file);
	my $script = join '', map { "\\echo >>> $_\n$blocks[$_ - 1][0]\n" } 1 .. @blocks;
	my $out = '';

	IPC::Run::run([ 'psql', '-X', '-q', '-d', $connstr ], '<', \$script, '>', \$out, '2>&1');
	my @printed = split /^>>> \d+\n/m, $out;
	foreach my $block (1 .. @blocks)
	{
		my $printed = tidy($printed[$block] // 'not run');
		my $expected = $blocks[ $block - 1 ][1];
		if (defined $expected)
		{
			is($printed, tidy($expected), "$file, block $block");
		}
		else
		{
			unlike($printed, qr/ERROR:|not run/, "$file, block $block");
		}
	}
	return;
}

1;
