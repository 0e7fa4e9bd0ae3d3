# A coordinator and four servers: searches of a distributed table have the answers of
# one table, in every kind of transaction; failures are errors that name the server,
# and are noticed in time; nobody gains a right.

use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# MMDB_TEST_SEED chooses the random searches, MMDB_TEST_SEARCHES how many there are with
# each kind of regions; "make check-long" runs more of them, from a seed of its own each time.
my $long = $ENV{MMDB_TEST_LONG};
my $seed = $ENV{MMDB_TEST_SEED} // ($long ? time % 1_000_000 : 1);
my $searches = $ENV{MMDB_TEST_SEARCHES} // ($long ? 50_000 : 150);
srand($seed);
my $some = $searches < 5000 ? $searches : 5000;

sub make_node
{
	my $name = shift;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nshared_buffers = 16MB\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION mmdb');
	return $node;
}

my $coordinator = make_node('coordinator');
my @servers = map { make_node("server$_") } 1 .. 4;
my $columns = 'id integer, place point, price float8, name text, tags text[], v mmvector(3)';

sub sql
{
	my ($query) = @_;
	return $coordinator->safe_psql('postgres', $query);
}

# The error of a statement: its SQLSTATE and the message.
sub error_of
{
	my ($query) = @_;
	my ($status, $out, $err) = $coordinator->psql('postgres', "\\set VERBOSITY verbose\n$query");
	return $err;
}

sql("CREATE EXTENSION postgres_fdw;
	CREATE TABLE one_table ($columns);
	SELECT setseed(0.5);
	INSERT INTO one_table SELECT i, CASE WHEN random() > 0.1 THEN point(random(), random()) END,
		CASE WHEN random() > 0.1 THEN floor(random() * 1000) END,
		CASE WHEN random() > 0.1 THEN left(md5(random()::text), 5) END,
		CASE WHEN random() > 0.1 THEN ARRAY[chr(65 + (random() * 5)::int), chr(65 + (random() * 5)::int)] END,
		CASE WHEN random() > 0.1 THEN ARRAY[random(), random(), random()]::real[]::mmvector END
		FROM generate_series(1, 2000) i;
	CREATE INDEX one_mm ON one_table USING mmdb (place, price, name, tags, v)");
my $scales = "'{0.8,500,4,1,0.9}'";
sql("SELECT mm_pin_scales('one_mm', $scales)");
my $i = 0;
foreach my $server (@servers)
{
	$i++;
	my ($host, $port) = ($server->host, $server->port);
	sql("CREATE SERVER s$i FOREIGN DATA WRAPPER postgres_fdw
			OPTIONS (host '$host', port '$port', dbname 'postgres', extensions 'mmdb');
		CREATE USER MAPPING FOR CURRENT_USER SERVER s$i OPTIONS (password 'secret')");
}

# The table anew, divided by a tree or a hash into so many regions.
sub distribute
{
	my ($method, $regions) = @_;
	my $tree = sql("SELECT mmdb.train_regions('one_mm', $regions, '$method')");
	my $key = "mmdb.mm_region('$tree'::mmdb.region_tree, place, price, name, tags, v)";
	my @numbers = split /\n/, sql("SELECT DISTINCT $key AS r FROM one_table ORDER BY r");

	sql("DROP TABLE IF EXISTS flats; CREATE TABLE flats ($columns) PARTITION BY LIST ($key)");
	foreach my $i (1 .. 4)
	{
		my @mine = @numbers[ int(($i - 1) * @numbers / 4) .. int($i * @numbers / 4) - 1 ];
		my $list = join ', ', @mine;
		my $partitions = join ' ', map { "CREATE TABLE flats_$_ PARTITION OF flats FOR VALUES IN ($_);" } @mine;
		$servers[$i - 1]->safe_psql('postgres', "DROP TABLE IF EXISTS flats;
			CREATE TABLE flats ($columns) PARTITION BY LIST ($key); $partitions
			CREATE INDEX flats_mm ON flats USING mmdb (place, price, name, tags, v)");
		sql("CREATE FOREIGN TABLE flats_s$i PARTITION OF flats FOR VALUES IN ($list)
			SERVER s$i OPTIONS (table_name 'flats')");
	}
	sql("INSERT INTO flats SELECT * FROM one_table;
		CREATE INDEX flats_mm ON flats USING mmdb (place, price, name, tags, v);
		SELECT mm_pin_scales('flats_mm', $scales)");
	return;
}

$coordinator->safe_psql('postgres', slurp_file('test/fanout.sql'));

# ---------- answers ----------

foreach my $method ('hash', 'tree')
{
	distribute($method, 8);
	my $start = time;
	is(sql("SELECT setseed(($seed % 1000000) / 1e6); SELECT * FROM differences($searches)"), '',
		"$searches random searches, regions by $method: the distances of one table, to the bit");
	note(sprintf 'seed %d, %.1f ms a search', $seed, 1000 * (time - $start) / $searches);
	$seed++;
}
is(sql('SELECT * FROM prepared_differences(30)'), '', 'so have prepared searches');

# ---------- writers ----------

# Through the parent, and on servers themselves; answers are compared when they rest.
SKIP:
{
	skip 'long', 2 unless $long;
	my @writers;
	foreach my $node ($coordinator, $coordinator, @servers[ 1, 2 ])
	{
		my $script = '';
		foreach (1 .. $some / 2.5)
		{
			my $id = 1 + int rand 4000;
			$script .= "UPDATE flats SET id = id + 1 WHERE id = $id;\n";
			$script .= "DELETE FROM flats WHERE id = $id + 10;\n" if $_ % 3 == 0;
			next unless $node == $coordinator;
			$script .= "INSERT INTO flats SELECT id + 2000, place, price, name, tags, v
				FROM one_table WHERE id = $id;\n";
			$script .= "BEGIN; SAVEPOINT a; $script ROLLBACK TO a; COMMIT;\n" if $_ == 10;
		}
		my ($out, $err) = ('', '');
		push @writers, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$script, '>', \$out,
			'2>', \$err);
	}
	my $failed = 0;
	foreach (1 .. 200)
	{
		my ($status) = $coordinator->psql('postgres',
			"SELECT count(distances(replace((random_search(true)).search, '{t}', 'flats')))", on_error_stop => 1);
		$failed++ if $status != 0;
	}
	is($failed, 0, 'searches beside writers end without errors');
	$_->finish foreach @writers;
	sql('TRUNCATE one_table; INSERT INTO one_table SELECT * FROM flats');
	is(sql("SELECT * FROM differences($some)"), '', 'and afterwards have the same distances again');
}

# ---------- plans ----------

my $search = "SELECT id FROM flats ORDER BY COALESCE((price <+> 500) / 100, 3) + 10 * (place <-> '(0.5,0.5)') LIMIT 5";
like(sql("EXPLAIN (COSTS OFF) $search"), qr/MMDB Fan-out/, 'a search is fanned out');
my $next = 'SELECT pg_snapshot_xmax(pg_current_snapshot())';
my ($before, @after) = grep { /^\d{3,}$/ } split /\n/, sql("$next AS n; " .
	"BEGIN; SELECT count(*) FROM ($search) s; COMMIT; $next; BEGIN; SELECT count(*) FROM ($search) s; COMMIT; $next");
is("@after", "$before $before", 'searches get no transaction numbers');
unlike(sql("EXPLAIN (VERBOSE) $search"), qr/secret/, 'EXPLAIN does not show a password');
like(sql("EXPLAIN (COSTS OFF) SELECT count(*) FROM flats WHERE price <+> 500 < 10"), qr/MMDB Fan-out/,
	'so is one within a radius');
unlike(sql("EXPLAIN (COSTS OFF) $search FOR UPDATE"), qr/MMDB Fan-out/, 'one that locks rows is not');
unlike(sql('EXPLAIN (COSTS OFF) SELECT id FROM flats ORDER BY id LIMIT 3'), qr/MMDB Fan-out/,
	'nor is one without distances');

# What EXPLAIN tells of the servers: name, wave or 0, bound, rows.
sub contacted
{
	my ($query) = @_;
	my $text = sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $query");
	my ($list) = $text =~ /Servers: (.*)/;
	return map { [ /^(\w+): (?:wave (\d)|pruned), bound ([-\w.+]+)(?:, (\d+) rows)?/ ] } split /, (?=s\d:)/, $list;
}

my ($wrong, $most, $pruned, $asked) = (0, 0, 0, 0);
foreach my $x (1 .. 12)
{
	my $d = sprintf "COALESCE((price <+> %d) / 100, 3) + 10 * (place <-> '(0.%d,0.3)')", $x * 80, $x * 7;
	my @about = contacted("SELECT id FROM flats ORDER BY $d LIMIT 7");
	my ($first) = grep { ($_->[1] // 0) == 1 } @about;
	my $server = $servers[substr($first->[0], 1) - 1];
	# The bound that travels: the 7th value of the server that was asked first.
	my $u = $server->safe_psql('postgres', "SELECT $d FROM flats ORDER BY 1 LIMIT 1 OFFSET 6");
	foreach (@about)
	{
		my ($name, $wave, $bound, $rows) = @$_;
		# Bounds are shown with six digits.
		$wrong++ if $name ne $first->[0] && abs($bound - $u) > 1e-4 && ($bound <= $u) != defined $wave;
		$most = $rows if defined $rows && $rows > $most;
		defined $wave ? $asked++ : $pruned++;
	}
}
is($wrong, 0, 'the second wave asks exactly the servers whose bound is within the first answer');
cmp_ok($most, '<=', 7, 'no server sends more than k rows');
cmp_ok($pruned, '>', 0, "some servers are not asked ($asked asked, $pruned not)");

# ---------- what servers tell ----------

# The counts of each server, and all together.
my $explained = sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $search");
my %sums = (inner => 0, leaf => 0, verified => 0);
while ($explained =~ /rows, (\d+) inner and (\d+) leaf pages, (\d+) rows verified/g)
{
	$sums{inner} += $1;
	$sums{leaf} += $2;
	$sums{verified} += $3;
}
like($explained, qr/Inner Pages: $sums{inner}\n.*Leaf Pages: $sums{leaf}\n.*Rows Verified: $sums{verified}\n/s,
	'EXPLAIN ANALYZE has the pages and rows of each server, and of all');
cmp_ok($sums{leaf}, '>', 0, 'there are some');
my ($first_asked, $pages) = $explained =~ /(s\d): wave 1, .*?(\d+ inner and \d+ leaf) pages/;
my $alone = $servers[substr($first_asked, 1) - 1]->safe_psql('postgres', "SET enable_seqscan = off; $search;
	SELECT inner_pages || ' inner and ' || leaf_pages || ' leaf' FROM mmdb.last_statement_work()");
is((split /\n/, $alone)[-1], $pages, 'which are those of the same search at the server itself');
my $unlimited = 'SELECT id FROM flats ORDER BY (price <+> 500) / 100';
foreach my $how ("BEGIN; $unlimited; EXPLAIN (ANALYZE, COSTS OFF) $unlimited; COMMIT",
	"BEGIN ISOLATION LEVEL REPEATABLE READ; EXPLAIN (ANALYZE, COSTS OFF) $unlimited; COMMIT",
	'EXPLAIN (ANALYZE, COSTS OFF) SELECT (SELECT id FROM flats ORDER BY price <+> x LIMIT 1)
		FROM generate_series(1, 3) x')
{
	like(sql($how), qr/Leaf Pages: [1-9].*Rows Verified: [1-9]/s, 'in batches, transactions and subqueries, too');
}
unlike(sql("EXPLAIN (COSTS OFF) $search"), qr/Leaf Pages/, 'EXPLAIN alone does not ask servers');

# Two partitions of a table on one server.
$servers[0]->safe_psql('postgres', "CREATE TABLE half_$_ (id integer, price float8);
	INSERT INTO half_$_ SELECT 2 * i + $_, i FROM generate_series(1, 2000) i;
	CREATE INDEX ON half_$_ USING mmdb (price)") foreach 0, 1;
sql('CREATE TABLE halves (id integer, price float8) PARTITION BY LIST ((id % 2))');
sql("CREATE FOREIGN TABLE half_$_ PARTITION OF halves FOR VALUES IN ($_) SERVER s1") foreach 0, 1;
foreach my $halves ('SELECT id FROM halves ORDER BY price <+> 500 LIMIT 3',
	"SELECT id FROM halves WHERE price <+> 500 < 2 AND pg_typeof(id) = 'integer'::regtype ORDER BY price <+> 500")
{
	like(sql("EXPLAIN (ANALYZE, COSTS OFF) $halves"), qr/Servers: s1: .* [1-9]\d* leaf .*, s1: .* [1-9]\d* leaf pages/,
		'the work for each of two partitions on one server');
}
is(sql('SELECT id FROM halves ORDER BY price <+> 500, id LIMIT 3'), "1000\n1001\n998", 'and the right rows');
# One that has its columns in another order, and one of them with another type.
sql('CREATE TABLE turned (id bigint, price float8) PARTITION BY LIST ((id % 2));
	CREATE FOREIGN TABLE turned_0 (price float8, id bigint) SERVER s1 OPTIONS (table_name \'half_0\');
	ALTER TABLE turned ATTACH PARTITION turned_0 FOR VALUES IN (0)');
like(error_of('SELECT id FROM turned ORDER BY price <+> 500 LIMIT 3'),
	qr/column "id" of foreign table "turned_0" has another type on server "s1"/, 'the column of another type is told');

# Whoever may not know what was read is not told.
my $hidden = $servers[0];
$hidden->safe_psql('postgres', "CREATE TABLE secret (a integer, owner text);
	INSERT INTO secret SELECT i, 'x' FROM generate_series(1, 500) i; CREATE INDEX ON secret USING mmdb (a);
	CREATE ROLE peer; GRANT SELECT ON secret TO peer;
	ALTER TABLE secret ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON secret USING (owner <> current_user::text)");
my $of_secret = 'SET enable_seqscan = off; SELECT a FROM secret ORDER BY a <+> 7 LIMIT 1';
my $work = "SELECT coalesce(leaf_pages::text, 'hidden') FROM mmdb.last_statement_work()";
is($hidden->safe_psql('postgres', "SET ROLE peer; $of_secret; $work"), "7\nhidden", 'row-level security hides work');
like($hidden->safe_psql('postgres', "$of_secret; $work"), qr/^7\n[1-9]\d*$/, 'the owner sees it');
is($hidden->safe_psql('postgres', "$of_secret; SELECT 1; $work"), "7\n1\n0", 'it is not that of an earlier statement');
is($hidden->safe_psql('postgres', "SET enable_seqscan = off;
	SELECT set_config('role', 'peer', false) FROM (SELECT FROM secret ORDER BY a <+> 7 LIMIT 1) s; $work"),
	"peer\nhidden", 'another role than the one that has searched is not told');
is($hidden->safe_psql('postgres', "CREATE FUNCTION peek() RETURNS integer LANGUAGE sql
		SECURITY DEFINER SET enable_seqscan = off AS 'SELECT a FROM secret ORDER BY a <+> 7 LIMIT 1';
	LOAD 'mmdb'; SET ROLE peer; SELECT peek(); $work"), "7\n0",
	'what functions do with the rights of others is not counted');

# ---------- statistics ----------

my $stats = "SELECT class, answered_by, calls, rows, leaf_pages FROM mmdb.query_stats
	WHERE index_name = 'flats_mm'::regclass ORDER BY class";
my $three = "$search; $search; SELECT id FROM flats WHERE price <+> 500 < 10 AND id < 0; $unlimited LIMIT 2";
# Since PostgreSQL 17, sessions share what they record.
my $reset = "DO 'BEGIN PERFORM mm_reset_query_stats(); END'";
is(sql("$reset; $three; $stats") =~ s/^\d+\n//gmr,
	"N.R(price) AND filter N.R, radius <= 10, on servers|servers|1|0|\n"
		. "V.K(place, price), k <= 10, on servers|servers|2|10|\n"
		. 'V.K(price), k <= 10, on servers|servers|1|2|',
	'searches of servers are recorded, for the index here');
is(sql("$reset; SELECT count(*) FROM odbknn(NULL::flats, '{\"price\": 500}', NULL, 3); $stats"),
	"3\nV.K(price), k <= 10, on servers|servers|1|3|", 'and so are those of odbknn');
is(sql("$reset; SET mmdb.track = none; SELECT count(*) FROM ($search) s; SELECT count(*) FROM mmdb.query_stats"),
	"5\n0", 'unless they are not tracked');

# ---------- why not ----------

sub why_not
{
	my ($query, $before) = @_;
	return sql(($before // '') . "SELECT verdict || coalesce(' | ' || hint, '')
		FROM mm_why_not(\$why\$$query\$why\$) WHERE place NOT LIKE '%term' ORDER BY place");
}
my $by_servers = 'the servers answer it, each by its own index';
is(why_not($search), $by_servers, 'mm_why_not: a fan-out');
is(why_not('SELECT id FROM flats WHERE price <+> 500 < 10'), $by_servers, 'a radius');
like(why_not("$search FOR UPDATE"), qr/locks rows, and a search of servers does not \| Leave out FOR UPDATE/,
	'FOR UPDATE');
like(why_not('DELETE FROM flats WHERE price <+> 500 < 10'), qr/changes rows/, 'DELETE');
like(why_not($search =~ s/ORDER/WHERE random() < 2 ORDER/r), qr/a condition on the table is volatile/,
	'a volatile condition');
like(why_not('SELECT id FROM flats ORDER BY price <+> 500, id LIMIT 3'),
	qr/the order has other keys, too \| The servers are searched together for the order of the distance alone/,
	'a second key');
like(why_not('SELECT id FROM flats ORDER BY (price <+> 500) + id LIMIT 3'),
	qr/differs from row to row, and is no distance/, 'not a sum');
like(why_not('SELECT id FROM flats ORDER BY id <+> 500 LIMIT 3'),
	qr/no mmdb index has this column \| SELECT mmdb\.on_servers\('flats', 'CREATE INDEX ON flats USING mmdb \(id\)'\)/,
	'no index');
like(why_not($search, 'SET mmdb.enable_scan = off;'), qr/turned off/, 'turned off');
sql('ALTER SERVER s3 OPTIONS (DROP extensions)');
like(why_not($search), qr/server "s3" does not list mmdb in its option "extensions" \| ALTER SERVER s3 OPTIONS \(ADD/,
	'a server that does not say that it has mmdb');
sql("ALTER SERVER s3 OPTIONS (ADD extensions 'mmdb')");
sql('CREATE ROLE restricted; GRANT SELECT ON flats TO restricted; ALTER TABLE flats ENABLE ROW LEVEL SECURITY;
	CREATE POLICY few ON flats TO restricted USING (price < 300)');
like(why_not($search, 'SET ROLE restricted;'), qr/row-level security or a security barrier comes first/, 'policies');
sql('DROP POLICY few ON flats; ALTER TABLE flats DISABLE ROW LEVEL SECURITY; DROP OWNED BY restricted;
	DROP ROLE restricted');
like(why_not('SELECT id FROM flats_s1 ORDER BY price <+> 500 LIMIT 1'), qr/it is a foreign table \| Ask its server/,
	'a foreign table');

# ---------- transactions ----------

like(sql("BEGIN; INSERT INTO flats VALUES (-1, '(0.5,0.5)', 500, 'x', '{A}', '[0,0,0]'); $search; ROLLBACK"), qr/^-1$/m,
	'a transaction sees what it has written');
unlike(sql($search), qr/^-1$/m, 'others do not, and neither does it afterwards');
like(sql("BEGIN; SAVEPOINT a; DELETE FROM flats WHERE id < 1000; ROLLBACK TO a;
	EXPLAIN (ANALYZE, COSTS OFF) $search; COMMIT"),
	qr/Search Method: waves/, 'what a savepoint has undone is not in the way');
is(sql("BEGIN; TRUNCATE flats; $search; ROLLBACK"), '', 'nor do locks of the transaction block its own search');

my ($in, $out) = ('', '');
my $timer = IPC::Run::timeout(60);
my $other = IPC::Run::start([ 'psql', '-XAtq', '-d', $coordinator->connstr('postgres') ],
	'<', \$in, '>', \$out, $timer);

sub in_session
{
	my ($query) = @_;
	$out = '';
	$in .= "$query;\nSELECT 'done';\n";
	$other->pump until $out =~ /^done$/m;
	return $out =~ s/^done\n//mr;
}
my $nearest = "SELECT id FROM flats ORDER BY (price <+> 500) + (place <-> '(0.5,0.5)') LIMIT 1";
in_session('BEGIN ISOLATION LEVEL REPEATABLE READ');
$before = in_session($nearest);
sql("INSERT INTO flats VALUES (-2, '(0.5,0.5)', 500, 'x', '{A}', '[0,0,0]')");
is(in_session($nearest), $before, 'REPEATABLE READ sees the same rows again');
is(in_session("SAVEPOINT a; $nearest; ROLLBACK TO a; $nearest"), $before . $before, 'in savepoints, too');
in_session('COMMIT; BEGIN');
is(in_session($nearest), "-2\n", 'READ COMMITTED sees what others have committed');
in_session("DECLARE c CURSOR FOR SELECT id FROM flats ORDER BY (price <+> 500) + (place <-> '(0.5,0.5)')");
is(in_session('FETCH c'), "-2\n", 'a cursor');
sql('DELETE FROM flats WHERE id = -2');
is(in_session($nearest), $before, 'another statement sees another snapshot');
in_session('COMMIT');

# An error at one server within a savepoint, while others are at work, costs no connection.
my ($failing) = split /\n/, sql("$unlimited LIMIT 1");
my $bad = "SELECT id FROM flats WHERE CASE WHEN id = $failing THEN 1 / (id - $failing)
	ELSE length(md5(repeat('x', 300000))) END > 0 ORDER BY price <+> 500 NULLS FIRST";
like(sql("EXPLAIN (COSTS OFF) $bad"), qr/MMDB Fan-out/, 'a condition that fails for one row is sent');
foreach my $isolation ('READ COMMITTED', 'REPEATABLE READ')
{
	my ($status, $rows, $err) = $coordinator->psql('postgres', "BEGIN ISOLATION LEVEL $isolation; $unlimited LIMIT 1;
		SAVEPOINT a; $bad; ROLLBACK TO a; $unlimited LIMIT 1; SAVEPOINT b; $unlimited LIMIT 1; RELEASE b; COMMIT",
		on_error_stop => 0);
	like($err, qr/ERROR:  server "s\d": division by zero/, "$isolation: the error of a server");
	unlike($err, qr/lost|ERROR.*ERROR/s, 'no connection is lost by it');
	is($rows, "$failing\n$failing\n$failing", 'and the transaction goes on after ROLLBACK TO SAVEPOINT');
}

# The text of a statement is kept, but not if it has become wrong.
foreach my $names ([ 'flats', 'elsewhere', 'price', 'cost' ], [ 'elsewhere', 'flats', 'cost', 'price' ])
{
	my ($table, $new, $column, $renamed) = @$names;
	my $action = $new eq 'flats' ? 'SET' : 'ADD';
	$servers[0]->safe_psql('postgres', "ALTER TABLE $table RENAME $column TO $renamed;
		ALTER TABLE $table RENAME TO $new");
	sql("ALTER FOREIGN TABLE flats_s1 OPTIONS (SET table_name '$new');
		ALTER FOREIGN TABLE flats_s1 ALTER price OPTIONS ($action column_name '$renamed')");
	is(in_session($nearest), $before, "server 1 has table $new with column $renamed");
}

# A server that has not what the statement names.
$servers[0]->safe_psql('postgres', 'ALTER TABLE flats RENAME price TO cost');
like(error_of($search), qr/server "s1": column t.price does not exist\nHINT:.*mmdb.check_servers/s,
	'the error of a server without a column says what to do');
$servers[0]->safe_psql('postgres', 'ALTER TABLE flats RENAME cost TO price; ALTER TABLE flats RENAME TO elsewhere');
like(error_of($search), qr/server "s1": relation "public.flats" does not exist\nHINT:.*mmdb.check_servers/s,
	'and so does that of one without the table');
$servers[0]->safe_psql('postgres', 'ALTER TABLE elsewhere RENAME TO flats');

# Text is in the database's encoding on the way, whatever the client has.
my $accents = "SELECT encode(convert_to(name, 'UTF8'), 'hex') FROM flats ORDER BY name <~> U&'\\00e9\\00e8x' LIMIT 1";
sql("INSERT INTO flats VALUES (-4, '(0.5,0.5)', 500, U&'\\00e9\\00e8', '{A}', '[0,0,0]')");
is(sql("SET client_encoding = 'LATIN1'; $accents"), 'c3a9c3a8', 'text is found and comes back');
sql('DELETE FROM flats WHERE id = -4');

# ---------- failures ----------

my $ours = "FROM pg_stat_activity WHERE application_name = 'mmdb'";
$servers[1]->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $ours");
is(in_session($nearest), $before, 'a connection that was lost while idle is made anew');

my $all = 'SELECT id FROM flats ORDER BY v <-> \'[0.1,0.2,0.3]\' NULLS FIRST LIMIT 900';
$servers[1]->stop('immediate');
like(error_of($all), qr/ERROR:  08\d\d\d: .*server "s2"/, 'a server that is gone is an error that names it');
unlike(error_of($all), qr/secret/, 'and does not tell the password');
my ($status, $rows, $warnings) = $coordinator->psql('postgres', "SET mmdb.partial_answers = on; $all");
like($warnings, qr/WARNING:  the answer is without the rows of server "s2"/,
	'with mmdb.partial_answers, it is a warning');
like($rows, qr/^\d+$/m, 'and the others answer');
like($coordinator->safe_psql('postgres', "SET mmdb.partial_answers = on; EXPLAIN (ANALYZE, COSTS OFF) $all"),
	qr/Servers Missing: s2/, 'EXPLAIN tells what is missing');
$servers[1]->start;
is(in_session($nearest), $before, 'all is well when it is back, in the same session');

SKIP:
{
	skip 'there is no ps', 7 unless `ps -o pid= -p $$` =~ /\d/;
	my $main = slurp_file($servers[2]->data_dir . '/postmaster.pid') =~ s/\n.*//sr;
	my @family = ($main, map { /^\s*(\d+)\s+$main$/ ? $1 : () } split /\n/, `ps -e -o pid=,ppid=`);
	kill 'STOP', @family;
	# What counts is how long the statement takes: to start psql may take its time.
	my ($status, $time, $err) = $coordinator->psql('postgres',
		"\\set VERBOSITY verbose\nSET statement_timeout = '1s';\n\\timing on\n$all");
	like($err, qr/57014/, 'a timeout ends a search while a server does not answer');
	cmp_ok($time =~ s/^Time: ([\d.]+) ms.*/$1/sr, '<', 1500, 'in time, with a connection to be made');
	in_session("SET statement_timeout = '1s'");
	$time = in_session("\\timing on\n" . ($all =~ s/900/901/r));
	cmp_ok($time =~ s/^.*?Time: ([\d.]+) ms.*/$1/sr, '<', 1500, 'and with one that is there');
	in_session("\\timing off\nRESET statement_timeout");

	my ($first, $second) = @servers[ 2, 3 ];
	sql(sprintf "CREATE SERVER two FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s,%s', port '%s,%s',
			dbname 'postgres', extensions 'mmdb', connect_timeout '2');
		CREATE USER MAPPING FOR CURRENT_USER SERVER two;
		CREATE TABLE either (id integer, price float8) PARTITION BY LIST (id);
		CREATE FOREIGN TABLE either_one PARTITION OF either DEFAULT SERVER two OPTIONS (table_name 'flats')",
		$first->host, $second->host, $first->port, $second->port);
	my $start = time;
	like(sql('SELECT id FROM either ORDER BY price <+> 500 LIMIT 1'), qr/^\d+$/,
		'a second host answers when the first does not');
	cmp_ok(time - $start, '<', 4, 'after connect_timeout');
	kill 'CONT', @family;
	sleep 1;
	is($servers[2]->safe_psql('postgres', "SELECT count(*) $ours AND state = 'active'"), 0,
		 'nothing is running there afterwards');
	is(in_session($nearest), $before, 'and the next search is answered');
}

# ---------- rights ----------

sql("CREATE ROLE guest LOGIN; GRANT SELECT (id, price) ON flats TO guest;
	CREATE USER MAPPING FOR guest SERVER s1; CREATE USER MAPPING FOR guest SERVER s2 OPTIONS (password 'secret');
	CREATE USER MAPPING FOR guest SERVER s3 OPTIONS (password 'secret');
	CREATE USER MAPPING FOR guest SERVER s4 OPTIONS (password 'secret')");
like(error_of("SET ROLE guest; $search"), qr/ERROR:  42501: permission denied for table flats/,
	'columns that a user may not read are refused');
like(error_of("SET ROLE guest; SELECT id FROM flats ORDER BY price <+> 500 LIMIT 3"),
	qr/2F003: password is required/, 'a user needs a password in the mapping');
sql("ALTER USER MAPPING FOR guest SERVER s1 OPTIONS (ADD password 'secret')");
like(error_of("SET ROLE guest; SELECT id FROM flats ORDER BY price <+> 500 LIMIT 3"),
	qr/2F003: password is required/, 'and the server must ask for it');
sql("GRANT SELECT ON flats TO guest; ALTER TABLE flats ENABLE ROW LEVEL SECURITY;
	CREATE POLICY cheap ON flats TO guest USING (price < 300)");
unlike(sql("SET ROLE guest; EXPLAIN (COSTS OFF) $search"), qr/MMDB Fan-out/, 'policies are not left to the servers');
sql('ALTER TABLE flats DISABLE ROW LEVEL SECURITY');

# ---------- two coordinators ----------

# All that a coordinator knows is in its catalogs, so a dump of them makes another.
my $dump = $coordinator->basedir . '/coordinator.sql';
$coordinator->command_ok([ 'pg_dump', '-s', '-f', $dump, $coordinator->connstr('postgres') ],
	'a coordinator is dumped');
$coordinator->safe_psql('postgres', 'CREATE DATABASE second');
$coordinator->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $coordinator->connstr('second') ],
	'and restored as another');
sql("INSERT INTO flats VALUES (-3, '(0.5,0.5)', 500, 'x', '{A}', '[0,0,0]')");
is($coordinator->safe_psql('second', $search), sql($search),
	'which has the same answers, with what was written by the first');

# ---------- one node ----------

is(sql("SELECT id FROM one_table ORDER BY price <+> 500 LIMIT 0; LOAD 'mmdb';
	SELECT count(*) FROM (SELECT id FROM one_table ORDER BY price <+> 500 LIMIT 3) s;
	SELECT pg_read_file('/proc/self/maps') ~ 'mmdb_shard|libpq'") =~ s/^3\n//r, 'f',
	'a search of one table loads no libpq')
	if -e '/proc/self/maps';

$in .= "\\q\n";
$other->finish;
$_->stop foreach $coordinator, @servers;
done_testing();
