# Sessions beside that of a test.

package Background;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;

our @EXPORT = qw(in_background);

# Run psql in the background, with more arguments.  Returns what IPC::Run does: finish()
# waits for its end, and is true if no command failed.
sub in_background
{
	my ($node, $database, @arguments) = @_;
	return IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), @arguments ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
}

1;
