# Values go through pg_dump and binary COPY unchanged; indexes and operator
# classes are dumped as they were made, pinned scales with them.

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', q{
	CREATE SCHEMA ext;
	CREATE EXTENSION mmdb SCHEMA ext;
	SET search_path = public, ext;
	CREATE TYPE flat AS (photo mmvector(3), loc point, review text);
	CREATE TABLE vectors (id integer PRIMARY KEY, v mmvector(3), big mmvector);
	INSERT INTO vectors SELECT i, ARRAY[random(), i, 1e-30], ARRAY(SELECT random() - 0.5
		FROM generate_series(1, 1 + i * 20)) FROM generate_series(1, 100) i;
	CREATE TABLE queries (q odbquery);
	INSERT INTO queries VALUES (odbquery(ROW('[1,2,3]', NULL, 'a "quoted" text')::flat, '{1,0,0.1}')),
		(odbrange(ROW(1, date '2026-01-01', '{1,2}'::real[]), NULL, 0.1, '{3,2,1}')),
		(odbrange(ROW(true), NULL, 'Infinity'));
	-- of a type that is gone
	CREATE TYPE short_lived AS ENUM ('once');
	INSERT INTO queries VALUES (odbquery(ROW(1, 'once'::short_lived, 'behind'), NULL));
	DROP TYPE short_lived;
	CREATE TABLE flats (f flat);
	INSERT INTO flats SELECT ROW(v, point(id, id), 'r' || id)::flat FROM vectors;
	CREATE INDEX vectors_mm ON vectors USING mmdb (v mmvector_cosine_ops, (id + 1)) WITH (sample_rows = 500)
		WHERE id > 5;
	CREATE INDEX flats_mm ON flats USING mmdb (f);
	CREATE TABLE parts (id integer, a integer, b float8) PARTITION BY RANGE (a);
	CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (500);
	CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (500) TO (1000);
	INSERT INTO parts SELECT i, i % 1000, sin(i) FROM generate_series(1, 3000) i;
	CREATE INDEX parts_mm ON parts USING mmdb (a, b);
	SELECT mm_pin_scales('parts_mm', '{0.1,2}');
	CREATE TABLE many (id integer PRIMARY KEY, a float8, b text);
	INSERT INTO many SELECT i, exp(sin(i)), md5(i::text) FROM generate_series(1, 5000) i;
	CREATE INDEX many_mm ON many USING mmdb (a, b) WITH (sample_rows = 1000);
	CREATE INDEX many_pinned ON many USING mmdb (b, a) WITH (fillfactor = 80, scales = '{NULL,2.0342178597809366}');
	CREATE INDEX many_subindexes ON many USING mmdb (b, a, (a * 2))
		WITH (subindexes = 'b inverted, "a" rtree', sample_rows = 500);
	CREATE INDEX many_alone ON many USING mmdb (a, b) WITH (subindexes = none);
	UPDATE many SET a = a + 1 WHERE id % 2 = 0;
	REINDEX TABLE many;
	-- A dump is restored with an empty search_path, while indexes call these.
	CREATE FUNCTION size(bytea) RETURNS integer LANGUAGE sql IMMUTABLE STRICT RETURN length($1);
	CREATE FUNCTION d(bytea, bytea) RETURNS float8
		LANGUAGE sql IMMUTABLE STRICT RETURN abs(size($1) - size($2))::float8;
	CREATE FUNCTION d1(bytea, bytea) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT BEGIN ATOMIC
		SELECT abs(size($1) - size($2))::float8; END;
	CREATE FUNCTION d2(bytea, bytea) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = public
		AS $$ BEGIN RETURN abs(size($1) - size($2)); END $$;
	CREATE OPERATOR <-> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d, COMMUTATOR = <->);
	CREATE OPERATOR CLASS bytea_ops FOR TYPE bytea USING mmdb AS OPERATOR 1 <->
		FOR ORDER BY float_ops, FUNCTION 1 d(bytea, bytea);
	CREATE OPERATOR <+> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d1, COMMUTATOR = <+>);
	CREATE OPERATOR <*> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = d2, COMMUTATOR = <*>);
	CREATE OPERATOR CLASS bytea_atomic_ops FOR TYPE bytea USING mmdb AS OPERATOR 1 <+>
		FOR ORDER BY float_ops, FUNCTION 1 d1(bytea, bytea);
	CREATE OPERATOR CLASS bytea_path_ops FOR TYPE bytea USING mmdb AS OPERATOR 1 <*>
		FOR ORDER BY float_ops, FUNCTION 1 d2(bytea, bytea);
	CREATE TABLE blobs (b bytea);
	INSERT INTO blobs SELECT decode(repeat('aa', i), 'hex') FROM generate_series(1, 50) i;
	CREATE INDEX ON blobs USING mmdb (b bytea_ops);
	CREATE INDEX ON blobs USING mmdb (b bytea_atomic_ops);
	CREATE INDEX ON blobs USING mmdb (b bytea_path_ops);
	CREATE VIEW nearest AS SELECT * FROM odbknn(NULL::vectors, ROW('[1,2,3]'::mmvector, 5), NULL, 3, 'vectors_mm');
	SELECT mm_learn_weights('vectors_mm', 'SELECT 10, ARRAY[11, 12, 14]', profile => 'learned');
	INSERT INTO mmdb.weight_profile (name, columns, weights) VALUES ('by hand', ARRAY['v', 'a "name"'], '{0.1,1e-300}');
	GRANT UPDATE ON mmdb.weight_profile TO pg_monitor;
});

my @contents = ('SELECT * FROM public.vectors ORDER BY id', 'SELECT * FROM public.queries ORDER BY q::text',
	'SELECT * FROM public.flats ORDER BY (f).review', 'SELECT * FROM public.nearest ORDER BY distance',
	q{SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1},
	q{SELECT index_name::text, column_name, metric, count, scale, measured_scale, pinned FROM mmdb.index_columns
		ORDER BY 1, 2},
	q{SELECT (obj).id, distance FROM ext.odbknn(NULL::public.parts, ROW(3, 0.1), NULL, 5) ORDER BY 2, 1},
	q{SELECT (obj).id, distance FROM ext.odbknn(NULL::public.many, ROW('abc', 1), NULL, 5, 'public.many_pinned')
		ORDER BY 2, 1},
	q{SELECT index_name::text, column_name, kind, why FROM mmdb.subindexes ORDER BY 1, 2},
	q{SELECT (obj).id, distance FROM ext.odbknn(NULL::public.many, ROW('abc', 1, 2), NULL, 5, 'public.many_subindexes')
		ORDER BY 2, 1},
	q{SELECT *, ext.mm_weights(name) FROM mmdb.weight_profile ORDER BY name},
	q{SELECT relacl FROM pg_class WHERE oid = 'mmdb.weight_profile'::regclass});

# pg_dump
my $dump = $node->data_dir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
foreach my $query (@contents)
{
	is($node->safe_psql('restored', $query), $node->safe_psql('postgres', $query), $query);
}

# binary COPY, into a database whose types have other OIDs
my $dir = $node->data_dir;
$node->safe_psql('postgres', qq{
	COPY vectors TO '$dir/vectors' (FORMAT binary); COPY queries TO '$dir/queries' (FORMAT binary)});
$node->safe_psql('restored', qq{
	TRUNCATE vectors, queries;
	SET search_path = public, ext;
	COPY vectors FROM '$dir/vectors' (FORMAT binary);
	COPY queries FROM '$dir/queries' (FORMAT binary)});
foreach my $query (@contents[ 0, 1 ])
{
	is($node->safe_psql('restored', $query), $node->safe_psql('postgres', $query), "binary: $query");
}

# malformed binary values
sub copy_bytes
{
	my ($type, $value) = @_;
	open(my $file, '>:raw', "$dir/malformed") or die $!;
	print $file "PGCOPY\n\xff\r\n\0", pack('NN', 0, 0), pack('nN', 1, length $value), $value, pack('n', 0xffff);
	close($file);
	my ($status, $out, $err) = $node->psql('postgres',
		qq{CREATE TEMP TABLE m (c ext.$type); COPY m FROM '$dir/malformed' (FORMAT binary)});
	return $err;
}
like(copy_bytes('mmvector', pack('Nf>', 2, 1.0)), qr/insufficient data left in message/, 'vector too short');
like(copy_bytes('mmvector', pack('N', 0)), qr/at least 1 dimension/, 'no dimensions');
like(copy_bytes('mmvector', pack('N', 0x7fffffff)), qr/more than 16000 dimensions/, 'too many dimensions');
like(copy_bytes('mmvector', pack('NN', 1, 0x7fc00000)), qr/NaN is not allowed/, 'NaN');
like(copy_bytes('mmvector', pack('NNN', 1, 0, 0)), qr/incorrect binary data format/, 'vector too long');
like(copy_bytes('odbquery', pack('NN', 0, 0)), qr/invalid header/, 'query without components');
like(copy_bytes('odbquery', pack('NN', 1, 8)), qr/invalid header/, 'query with unknown flags');
like(copy_bytes('odbquery', pack('NNZ*Nd>', 1, 0, 'integer', 1000, 1)), qr/invalid length of component 1/,
	'component too long');
like(copy_bytes('odbquery', pack('NNZ*NNd>', 1, 0, 'integer', 4, 7, -1)),
	qr/weight of component 1 must be finite and not negative\nDETAIL:  It is -1/, 'negative weight');
like(copy_bytes('odbquery', pack('NNZ*NNNd>', 1, 0, 'integer', 8, 7, 7, 1)), qr/improper binary format in component 1/,
	'component not used up');
like(copy_bytes('odbquery', pack('NNZ*Nd>', 1, 0, 'internal', 0xffffffff, 1)), qr/cannot have pseudo-type internal/,
	'pseudo-type');
like(copy_bytes('odbquery', pack('NNZ*Nd>', 1, 0, 'flat', 0xffffffff, 1)), qr/cannot be of type flat.*composite/s,
	'composite');
like(copy_bytes('odbquery', pack('NNZ*Nd>', 1, 0, 'ext.odbquery[]', 0xffffffff, 1)),
	qr/cannot be of type ext.odbquery\[\]/, 'array of queries');

# A query in a query, and so on: refused before it is looked into, in no time.
my $nested = pack('NNZ*NNd>', 1, 0, 'integer', 4, 7, 1);
$nested = pack('NNZ*N/a*d>', 1, 0, 'ext.odbquery', $nested, 1) foreach 1 .. 20000;
my $started = time();
like(copy_bytes('odbquery', $nested), qr/cannot be of type ext.odbquery/, 'queries in queries');
cmp_ok(time() - $started, '<', 30, 'at once');

done_testing();
