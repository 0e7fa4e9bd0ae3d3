# A metric of one's own in C: the example of docs/metric-howto.md is built against
# the installed header alone, and its index answers as a sequential scan does.
# Routines that do not fit are refused; distances that may be Infinity count as
# SQL has it, under weight 0, too.
#
# MMDB_TEST_SEED chooses the random values, MMDB_TEST_ROUNDS how many rounds.

use strict;
use warnings;
use File::Copy;
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $long = $ENV{MMDB_TEST_LONG};
my $seed = $ENV{MMDB_TEST_SEED} // ($long ? time % 1_000_000 : 1);
my $rounds = $ENV{MMDB_TEST_ROUNDS} // ($long ? 300 : 30);
srand $seed;

# The make that runs the tests has told us what is not meant for these modules.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL)};

my ($compiler) = run_command([ 'pg_config', '--cc' ]);
if (!$compiler || !run_log([ 'sh', '-c', "$compiler --version" ], '>', \my $discarded))
{
	plan skip_all => 'there is no compiler';
}

my ($includes) = run_command([ 'pg_config', '--includedir-server' ]);
my $header = "$includes/extension/mmdb/metric_routine.h";
ok(-f $header, 'the header is installed');
is(slurp_file($header), slurp_file('src/metric/metric_routine.h'), 'the header is this one');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION mmdb');

# Build a module in a directory of its own, and install it below another.  As it
# is not where PostgreSQL looks for extensions, run its script with the path of
# its library.
sub install_module
{
	my ($name) = @_;
	my $build = PostgreSQL::Test::Utils::tempdir();
	my $root = PostgreSQL::Test::Utils::tempdir();
	copy($_, $build) foreach map { glob("test/modules/$name/$_") } qw(Makefile *.c *.sql *.control);
	my @make = ('make', '-C', $build, 'PG_CONFIG=pg_config', 'with_llvm=no', "DESTDIR=$root");
	my $output = '';
	ok(IPC::Run::run([ @make, 'COPT=-Wextra -Wno-unused-parameter', 'install' ], '>', \$output, '2>&1'),
		"$name is built and installed")
	  or diag($output);
	unlike($output, qr/(?:\Q$name\E\.c|metric_routine\.h)\S* warning/, "$name is built without warnings");

	my ($libdir) = run_command([ 'pg_config', '--pkglibdir' ]);
	my ($sharedir) = run_command([ 'pg_config', '--sharedir' ]);
	ok(-f "$root$sharedir/extension/$name.control", "$name has a control file");
	my $script = slurp_file("$root$sharedir/extension/$name--1.0.sql");
	$script =~ s/^\\echo .*\\quit\n//;
	$script =~ s/MODULE_PATHNAME/$root$libdir\/$name/g;
	$node->safe_psql('postgres', $script);
	return \@make;
}

my $make = install_module('array_linf');
install_module('test_metric');

is($node->safe_psql('postgres', q{SELECT bool_and(amvalidate(oid)) FROM pg_opclass WHERE opcname
	IN ('int4_array_linf_ops', 'test_metric_routine_ops')}),
	't', 'the operator classes are complete');

# What has no distances, as an operand and as a value to be indexed.
is($node->safe_psql('postgres', q{SELECT '{1,2,3}'::integer[] <*> '{4,-6,3}', '{}'::integer[] <*> '{}',
	'{-2147483648}'::integer[] <*> '{2147483647}'}),
	'8|0|4294967295', 'distances');
sub error_like
{
	my ($sql, $pattern, $name) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	like($err, $pattern, $name);
}
error_like(q{SELECT '{1,2}'::integer[] <*> '{1}'}, qr/ERROR:  22000: arrays have different lengths: 2 and 1/,
	'different lengths');
error_like(q{SELECT '{1,NULL}'::integer[] <*> '{1,2}'},
	qr/ERROR:  22004: L-infinity distance needs arrays without NULL elements/, 'NULL elements');
error_like(q{SELECT '{{1,2}}'::integer[] <*> '{1,2}'},
	qr/ERROR:  2202E: L-infinity distance needs one-dimensional arrays, not 2-dimensional ones/,
	'two dimensions');
$node->safe_psql('postgres', q{
	CREATE TABLE refused (a integer[]);
	CREATE INDEX refused_mm ON refused USING mmdb (a int4_array_linf_ops);
	INSERT INTO refused VALUES ('{1,2}'), (NULL)});
error_like(q{INSERT INTO refused VALUES ('{1}')},
	qr/ERROR:  22000: value of column "a" has 1 dimensions, others have 2/, 'inserted: another length');
error_like(q{INSERT INTO refused VALUES ('{1,NULL}')},
	qr/ERROR:  22004: .*without NULL elements\n.*CONTEXT:  value of column "a"/s, 'inserted: NULL elements');
error_like(q{INSERT INTO refused VALUES ('{{1},{2}}')}, qr/ERROR:  2202E: .*\n.*CONTEXT:  value of column "a"/s,
	'inserted: two dimensions');
error_like(q{SELECT * FROM odbknn(NULL::refused, ROW('{1,NULL}'::integer[]), NULL, 1)},
	qr/ERROR:  22004: .*without NULL elements\n.*CONTEXT:  component 1 of the query/s, 'asked for: NULL elements');

# A query by custom scans and by sequential scans: the rows that differ, or how many
# are the same.
$node->safe_psql('postgres', slurp_file('test/differences.sql'));
$node->safe_psql('postgres', q{
	CREATE FUNCTION compare(query text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		plan json;
		by_index text[];
		by_table text[];
	BEGIN
		PERFORM set_config(name, 'off', true)
			FROM unnest('{enable_seqscan,enable_sort,enable_indexscan,enable_bitmapscan}'::text[]) name;
		SET LOCAL mmdb.enable_scan = on;
		EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
		IF plan::text !~ 'MMDB Scan' THEN
			RAISE 'not by the index: %', query;
		END IF;
		EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_index;
		PERFORM set_config(name, 'on', true) FROM unnest('{enable_seqscan,enable_sort}'::text[]) name;
		SET LOCAL mmdb.enable_scan = off;
		EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_table;
		RETURN coalesce(differences(query, by_index, by_table), 'same: ' || coalesce(cardinality(by_table), 0));
	END $$;
	CREATE FUNCTION numbers(n integer, most integer) RETURNS integer[] LANGUAGE sql AS $$
		SELECT coalesce(array_agg((random() * most - most / 2)::integer), '{}') FROM generate_series(1, n)
	$$});

# A distance times a random factor, known at run time only, and often 0.
sub weighted
{
	my ($distance) = @_;
	return sub { sprintf '(SELECT %s::float8) * %s', rand() < 0.4 ? 0 : 2 * rand(), $distance->() };
}

# Random queries of a sum of terms, each a function that returns SQL: the nearest,
# all within a radius, and of a constant minus the sum the greatest, where NaN is
# first.  Where distances themselves may be NaN, the last is not for an index.
my $may_be_nan = 0;
sub compare
{
	my ($name, $table, @terms) = @_;
	my $script = '';
	foreach my $round (1 .. $rounds)
	{
		my @sql = map { $_->() } @terms;
		my $sum = join ' + ', @sql;
		my $minus = join ' - ', 1, @sql;
		$script .= "SELECT compare(\$\$$_\$\$);\n" foreach (
			"SELECT $sum AS d FROM $table ORDER BY d LIMIT " . (1 + int rand 40),
			"SELECT $sum AS d FROM $table ORDER BY d",
			"SELECT $sum AS d FROM $table WHERE id % 3 > 0 ORDER BY d LIMIT 20",
			$may_be_nan ? () : "SELECT $minus AS d FROM $table ORDER BY d DESC LIMIT 30",
			"SELECT id FROM $table WHERE $sum <= " . rand(500) . ' ORDER BY id');
	}
	my @lines = split /\n/, $node->safe_psql('postgres', $script);
	is(join("\n", grep { !/^same: \d+$/ } @lines), '', "$name: rows that differ");
	is(scalar(@lines), (5 - $may_be_nan) * $rounds, "$name: all queries have run");
}

# Raw coordinates, pivots, and arrays that are all empty; with other columns.
foreach my $length (0, 2, 4, 7)
{
	my $table = "arrays_$length";
	$node->safe_psql('postgres', qq{
		SELECT setseed($seed / 1000003.0);
		CREATE TABLE $table (id integer, a integer[], name text, price float8) WITH (autovacuum_enabled = off);
		INSERT INTO $table SELECT i, CASE WHEN i % 20 > 0 THEN numbers($length, CASE WHEN i % 50 = 1 THEN 2000000000
			ELSE 1000 END) END,
			CASE WHEN i % 13 > 0 THEN substr(md5((i % 300)::text), 1, i % 9) END, CASE WHEN i % 31 = 0 THEN 'Infinity'
				ELSE random() * 100 END
		FROM generate_series(1, 1500) i;
		CREATE INDEX ${table}_mm ON $table USING mmdb (a int4_array_linf_ops, name, price);
		DELETE FROM $table WHERE id % 4 = 0;
		INSERT INTO $table SELECT i, numbers($length, 300), 'new ' || i % 7, i FROM generate_series(1501, 1800) i;
		VACUUM ANALYZE $table});
	is($node->safe_psql('postgres', "SELECT mmdb_index_check('${table}_mm')"), '',
		"length $length: the index is whole");
	my $array = sub { "(a <*> '{" . join(',', map { int(rand 1000) - 500 } 1 .. $length) . "}')" };
	my $text = sub { "(name <~> 'new 3')" };
	my $price = sub { '(price <+> 50)' };
	compare("length $length: one column", $table, $array);
	compare("length $length: with text", $table, weighted($array), weighted($text));
	compare("length $length: with numbers that may be Infinity", $table, weighted($array), weighted($text),
		weighted($price));
	is($node->safe_psql('postgres', qq{
		SELECT count(*), differences('odbknn', array_agg(r.distance::text ORDER BY n), array_agg(b.d::text ORDER BY n))
		FROM
			(SELECT row_number() OVER (ORDER BY d) AS n, d FROM (SELECT (a <*> (SELECT a FROM $table
				WHERE id = 1)) + 3 * (name <~> 'new') AS d FROM $table) s
			 ORDER BY d LIMIT 25) b
		JOIN (SELECT row_number() OVER (ORDER BY distance) AS n, distance FROM
			  odbknn(NULL::$table, ROW((SELECT a FROM $table WHERE id = 1), 'new'::text, NULL), '{1,3,0}', 25,
				normalized => false, missing => 'exclude')) r USING (n)}),
		'25|', "length $length: odbknn");
}

# Distances that may be Infinity, by the distance function alone, and by a routine
# that does not promise otherwise.
foreach my $class ('test_metric_distance_ops', 'test_metric_routine_ops', 'test_metric_first_ops',
	'test_metric_larger_ops')
{
	my $table = "t_$class";
	$node->safe_psql('postgres', qq{
		SELECT setseed($seed / 1000003.0);
		CREATE TABLE $table (id integer, t integer, name text) WITH (autovacuum_enabled = off);
		INSERT INTO $table SELECT i, CASE WHEN i % 7 > 0 THEN i % 41 * (i % 5 > 0)::integer END, CASE WHEN i % 5 > 0
			THEN substr(md5(i::text), 1, i % 6) END
		FROM generate_series(1, 1200) i;
		CREATE INDEX ${table}_mm ON $table USING mmdb (t $class, name);
		ANALYZE $table});
	my $number = sub { sprintf '(t <*> %d)', rand() < 0.2 ? 0 : rand 30 };
	my $text = sub { "(name <~> 'abcd')" };
	compare("$class: alone", $table, weighted($number));
	compare("$class: with text", $table, weighted($number), weighted($text));
	is($node->safe_psql('postgres', qq{
		SET enable_seqscan = off;
		SELECT DISTINCT (SELECT 0::float8) * (t <*> 5) + (name <~> 'ab') = 'NaN' FROM (
			SELECT * FROM $table WHERE t = 0 ORDER BY (SELECT 0::float8) * (t <*> 5) + (name <~> 'ab') LIMIT 3) s}),
		't', "$class: 0 * Infinity is NaN");
}
error_like(q{INSERT INTO t_test_metric_routine_ops VALUES (1, 1000)},
	qr/ERROR:  22000: 1000 has no distances\nCONTEXT:  value of column "t"/, 'check raises its error');

# Distances without a triangle inequality, from values that are as good as NULL.
$node->safe_psql('postgres', qq{
	SELECT setseed($seed / 1000003.0);
	CREATE TABLE gaps (id integer, r int4range, name text) WITH (autovacuum_enabled = off);
	CREATE FUNCTION random_range() RETURNS int4range LANGUAGE sql AS \$\$
		SELECT CASE WHEN random() < 0.1 THEN 'empty' ELSE int4range(a, a + (random() ^ 8 * 500)::integer, '[]') END
		FROM (SELECT (random() * 10000)::integer) x(a) \$\$;
	INSERT INTO gaps SELECT i, CASE WHEN i % 17 > 0 THEN random_range() END, substr(md5(i::text), 1, i % 6)
	FROM generate_series(1, 1500) i;
	CREATE INDEX gaps_mm ON gaps USING mmdb (r test_metric_gap_ops, name) WITH (subindexes = auto);
	INSERT INTO gaps SELECT i, random_range(), 'new' FROM generate_series(1501, 1800) i;
	VACUUM ANALYZE gaps});
foreach my $simd (qw(scalar neon dotprod avx2 avx512))
{
	my ($status, $out, $err) = $node->psql('postgres', "SET mmdb.simd = $simd; SELECT mmdb_index_check('gaps_mm')");
	next if $err =~ /invalid value for parameter "mmdb.simd"/;
	is("$out$err", '', "gaps: the index is whole, and its bounds hold, at level $simd");
}
my $gap = sub { sprintf "(r <*> int4range(%d, %d))", map { ($_, $_ + 1 + int rand 100) } int rand 10000 };
compare('gaps: alone', 'gaps', $gap);
compare('gaps: with text', 'gaps', weighted($gap), weighted(sub { "(name <~> 'abcd')" }));
compare('gaps: NULL counts', 'gaps', sub { sprintf 'coalesce(%s, 50)', $gap->() }, sub { "(name <~> 'abcd')" });
is($node->safe_psql('postgres', q{SET enable_seqscan = off;
	SELECT count(*), count(d) FROM (SELECT r <*> 'empty' AS d FROM gaps ORDER BY r <*> 'empty') s}),
	'1800|0', 'gaps: from an empty range');
error_like(q{CREATE INDEX ON gaps USING mmdb (r test_metric_gap_ops) WITH (subindexes = 'r mvp')},
	qr/ERROR:  22023: .*cannot have a sub-index of kind mvp\nDETAIL:  Its distances do not satisfy/, 'gaps: no pivots');

# Distances that are NaN.
$node->safe_psql('postgres', q{
	CREATE TABLE nans (id integer, t integer, name text) WITH (autovacuum_enabled = off);
	INSERT INTO nans SELECT i, CASE WHEN i % 7 > 0 THEN i % 41 * (i % 5) END, CASE WHEN i % 5 > 0
		THEN substr(md5(i::text), 1, i % 6) END
	FROM generate_series(1, 1200) i;
	CREATE INDEX nans_mm ON nans USING mmdb (t test_metric_nan_ops, name);
	ANALYZE nans});
is($node->safe_psql('postgres', "SELECT mmdb_index_check('nans_mm')"), '', 'NaN: the index is whole');
$may_be_nan = 1;
my $nan = sub { sprintf '(t <*?> %d)', rand() < 0.1 ? 7 : rand 100 };
compare('NaN: alone', 'nans', $nan);
compare('NaN: with text', 'nans', weighted($nan), weighted(sub { "(name <~> 'abcd')" }));
$may_be_nan = 0;
like($node->safe_psql('postgres',
	q{SELECT verdict FROM mm_why_not('SELECT id FROM nans ORDER BY 1 - (t <*?> 3) DESC LIMIT 3')}),
	qr/is subtracted, and may be NaN$/, 'NaN: not subtracted');

# Routines that are none.
sub refused
{
	my ($class, $pattern) = @_;
	error_like("CREATE TABLE r AS SELECT generate_series(1, 300) AS n;
		CREATE INDEX ON r USING mmdb (n test_metric_${class}_ops); DROP TABLE r",
		$pattern, "refused: $class");
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS r');
}
my $rebuild = qr/HINT:  Rebuild its library against the installed header, "extension\/mmdb\/metric_routine\.h"\./;
my $none = qr/returned no metric routine\nDETAIL:  A MetricRoutine begins with METRIC_ROUTINE_HEAD\.\n$rebuild/;
my $other = qr/returned a metric routine of another version/;
sub from
{
	my ($class) = @_;
	return qr/function \w+\.test_metric_$class\(internal\) of operator class \S*test_metric_${class}_ops/;
}
refused($_, qr/ERROR:  42P17: ${\from($_)} $none/) foreach qw(null no_magic);
refused('other_version', qr/ERROR:  55000: ${\from('other_version')} $other\n.*version is 2\b.*\n$rebuild/);
refused('smaller', qr/ERROR:  55000: ${\from('smaller')} $other\n.*size.*\n$rebuild/);
refused('no_distance',
	qr/ERROR:  42P17: the metric routine of operator class \S*test_metric_no_distance_ops has no "distance"/);
refused('no_coordinates', qr/ERROR:  42P17: .*has no "coordinates"/);
refused('no_sketch_bounds', qr/ERROR:  42P17: .*has no "sketch_bounds"/);
refused('no_refine', qr/ERROR:  42P17: .*has no "refine"/);
refused('no_token_bound', qr/ERROR:  42P17: .*has no "token_bound"/);
refused('no_embedding', qr/ERROR:  42P17: .*has no "embedding"/);
refused('no_triangle', qr/ERROR:  42P17: .*embeds values in 0 coordinates/);
refused('many_coordinates',
	qr/ERROR:  42P17: the metric routine for operator \w+\.<\*>\(integer,integer\) embeds values in 5 coordinates/);

# The manual shows what has been built here.
my $howto = slurp_file('docs/metric-howto.md');
my $sources = join '',
	map { slurp_file($_) } map { glob("test/modules/array_linf/$_") } qw(Makefile *.c *.sql *.control);
my $shown = 0;
while ($howto =~ /^```(?:c|make|ini|pgsql)\n(.*?)^```\n/msg)
{
	my $block = $1;
	$shown++;
	ok(index($sources, $block) >= 0, "docs/metric-howto.md, block $shown of the example") or diag($block);
}
cmp_ok($shown, '>', 3, 'docs/metric-howto.md shows the example');

ok(run_log([ @$make, 'uninstall' ]), 'the example is uninstalled');

done_testing();
