# Clients: the tests of the Python package, the programs in docs/clients.md, and
# PgBouncer.  What a test needs and is not there, it names, and is skipped.

use strict;
use warnings;
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
# JDBC needs TCP.
$node->append_conf('postgresql.conf', "autovacuum = off\nlisten_addresses = '127.0.0.1'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE gallery');
$node->safe_psql('gallery', 'CREATE EXTENSION mmdb');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('gallery'), '-f',
	'examples/clipart/load.sql' ],
	'the gallery loads');

my $dir = tempdir(CLEANUP => 1);
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGUSER} = getpwuid($>);
$ENV{PYTHONPATH} = getcwd() . '/clients/python';
$ENV{PYTHONDONTWRITEBYTECODE} = 1;
$ENV{SQLALCHEMY_SILENCE_UBER_WARNING} = 1;

# Run a command, somewhere else if that is set; its exit status, and what it prints.
my $directory = '.';

sub try_command
{
	my (@command) = @_;
	my $output = '';
	my $enter = sub { chdir $directory };
	my $status = eval { IPC::Run::run(\@command, '<', \undef, '>', \$output, '2>&1', init => $enter) } // 0;
	return ($status, $output);
}

sub runs
{
	my ($status) = try_command(@_);
	return $status;
}

# A Python that has the drivers, which may be another than the first in the PATH.
my @pythons = grep { defined && runs($_, '-c', 'import sys; sys.exit(sys.version_info < (3, 9))') }
	$ENV{PYTHON}, '/usr/bin/python3', 'python3';
my ($python) = (grep({ runs($_, '-c', 'import psycopg') } @pythons), @pythons);
my %module = map { $_ => defined $python && runs($python, '-c', "import $_") }
	qw(psycopg psycopg2 sqlalchemy numpy django);
note 'Python: ' . ($python // 'none');
note "Python module $_: " . ($module{$_} ? 'found' : 'missing') foreach sort keys %module;

# The package's own tests.
$node->safe_psql('postgres', 'CREATE DATABASE client');
$node->safe_psql('client', 'CREATE EXTENSION mmdb');
foreach my $test (qw(vector psycopg psycopg2 sqlalchemy django))
{
  SKIP: {
		skip 'there is no Python 3.9', 1 if !defined $python;
		skip "there is no Python module $test", 1 if exists $module{$test} && !$module{$test};
		# Python looks for modules where it is, and mmdb.so is in the top directory.
		$directory = 'clients/python';
		local $ENV{PGDATABASE} = 'client';
		my ($status, $output) =
			try_command($python, '-m', 'unittest', '-v', "tests.test_$test");
		$directory = '.';
		ok($status, "Python: $test");
		($status ? \&note : \&diag)->($output);
	}
}

sub tidy
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

# The programs of docs/clients.md, by their language, each with what it prints.
my %programs;
my $text = slurp_file('docs/clients.md');
while ($text =~ /^```(python|js|java|c)\n(.*?)^```\n(?:\n*```text\n(.*?)^```\n)?/msg)
{
	push @{ $programs{$1} }, [ $2, $3 ];
}

# Those in Python are one session.
SKIP: {
	my @blocks = @{ $programs{python} };
	skip 'there is no Python 3.9', scalar(@blocks) if !defined $python;
	skip 'there is no Python module psycopg', scalar(@blocks) if !$module{psycopg};
	my $script = '';
	foreach my $n (0 .. $#blocks)
	{
		my ($program) = @{ $blocks[$n] };
		next if $program =~ /^import sqlalchemy/m && !($module{sqlalchemy} && $module{psycopg2});
		next if $program =~ /django/ && !($module{django} && $module{psycopg2});
		$script .= "print('>>> $n')\n$program\n";
	}
	append_to_file("$dir/session.py", $script);
	my ($status, $output) = try_command($python, "$dir/session.py");
	my %printed = $output =~ /^>>> (\d+)\n(.*?)(?=^>>> |\z)/msg;
	foreach my $n (0 .. $#blocks)
	{
	  SKIP: {
			skip 'SQLAlchemy, Django or psycopg2 is missing', 1 if index($script, ">>> $n'") < 0;
			my $printed = $printed{$n} // "not run: $output";
			is(tidy($printed), tidy($blocks[$n][1] // ''), "docs/clients.md, Python, block $n");
		}
	}
}

# The others are programs of their own.
sub run_programs
{
	my ($language, $missing, $suffix, $run) = @_;
	my @blocks = @{ $programs{$language} };
  SKIP: {
		skip "there is no $missing", scalar(@blocks) if !defined $run;
		foreach my $n (0 .. $#blocks)
		{
			append_to_file("$dir/program$n.$suffix", $blocks[$n][0]);
			my ($status, $output) = $run->("$dir/program$n.$suffix");
			is(tidy($output), tidy($blocks[$n][1]), "docs/clients.md, $language, block $n");
		}
	}
	return;
}

my (undef, $include) = try_command($ENV{PG_CONFIG} // 'pg_config', '--includedir');
chomp $include;
($include) = grep { -e "$_/libpq-fe.h" } $include, '/usr/include/postgresql', '/usr/include';
my $can_compile = defined $include && runs('cc', '--version');
run_programs(
	'c',
	'C compiler, or no libpq-fe.h',
	'c',
	$can_compile ? sub {
		my ($file) = @_;
		my @result = try_command('cc', '-Wall', '-Werror', '-I', $include, '-o', "$dir/program", $file, '-lpq');
		return $result[0] ? try_command("$dir/program") : @result;
	} : undef);

# Debian has Node's modules here, for a Node of its own.
$ENV{NODE_PATH} = join(':', grep { defined } $ENV{NODE_PATH}, '/usr/share/nodejs');
run_programs('js', 'Node.js with the module pg', 'js',
	runs('node', '-e', 'require("pg")') ? sub { try_command('node', @_) } : undef);

my ($jdbc) = grep { -e } grep { defined } $ENV{JDBC_JAR}, '/usr/share/java/postgresql.jar';
run_programs(
	'java',
	'JDK with PostgreSQL\'s JDBC driver',
	'java',
	defined $jdbc && runs('javac', '-version') ? sub {
		try_command('java', '-cp', $jdbc, @_, 'jdbc:postgresql://127.0.0.1:' . $node->port . '/gallery');
	} : undef);

# PgBouncer in transaction mode: two clients take turns on one connection.
SKIP: {
	my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
	skip 'there is no PgBouncer', 1 if !defined $pgbouncer;
	skip 'there is no Python module psycopg', 1 if !$module{psycopg};

	my $port = PostgreSQL::Test::Cluster::get_free_port();
	append_to_file("$dir/users", qq("$ENV{PGUSER}" ""\n));
	append_to_file("$dir/pgbouncer.ini", <<"END");
[databases]
gallery = host=$ENV{PGHOST} port=$ENV{PGPORT}
[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $dir
auth_type = trust
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 1
logfile = $dir/pgbouncer.log
END
	my ($in, $out) = ('', '');
	my $bouncer = IPC::Run::start([ $pgbouncer, '-q', "$dir/pgbouncer.ini" ], '<', \$in, '>', \$out, '2>&1');
	foreach (1 .. 100)
	{
		last if -S "$dir/.s.PGSQL.$port";
		select undef, undef, undef, 0.1;
	}
	append_to_file("$dir/pooled.py", <<'END');
import mmdb, psycopg

a, b = (psycopg.connect("dbname=gallery", autocommit=True, prepare_threshold=None) for _ in range(2))
server = {conn.execute("SELECT pg_backend_pid()").fetchone() for conn in (a, b)}
print("one server:", len(server) == 1)
mmdb.register(a)
mmdb.register(b)
query = {"title": "crow", "keywords": ["bird"]}
found = [[m.row["id"] for m in mmdb.knn(conn, "clipart", query, k=4, columns=["id"])] for conn in (a, b, a, b)]
print("the same:", all(ids == found[0] for ids in found))
for conn in (a, b):
    with conn.transaction():
        conn.execute("SET LOCAL mmdb.enable_scan = off")
        with conn.cursor(name="nearest") as cursor:
            cursor.execute("SELECT title FROM clipart ORDER BY title <~> 'crow', id")
            print(cursor.fetchmany(2))
    print(conn.execute("SHOW mmdb.enable_scan").fetchone()[0])
(colors,), = a.execute("SELECT colors FROM clipart WHERE id = 17").fetchall()
print(b.execute("SELECT id FROM clipart ORDER BY colors <+> %s LIMIT 1", (colors,)).fetchone())
END
	local $ENV{PGHOST} = $dir;
	local $ENV{PGPORT} = $port;
	my ($status, $output) = try_command($python, "$dir/pooled.py");
	$bouncer->kill_kill;
	is($output, <<'END', 'PgBouncer in transaction mode');
one server: True
the same: True
[('crow',), ('drop',)]
on
[('crow',), ('drop',)]
on
(17,)
END
}

$node->stop;
done_testing();
