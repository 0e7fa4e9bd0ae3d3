-- What the benchmarks measure with: data sets, statements and query objects.
-- bench/compare.sql has what times them, bench/report.sql what is said of it.

CREATE EXTENSION mmdb;
CREATE EXTENSION pg_prewarm;
CREATE SCHEMA bench;

-- A data set: a table of this name with a key "id", a B-tree on "bucket", and its
-- index, name_mm.
CREATE TABLE bench.sets (
	n				integer GENERATED ALWAYS AS IDENTITY,
	name			text PRIMARY KEY,
	rows			bigint,
	columns			integer,
	build_s			float8,
	index_bytes		bigint,
	table_bytes		bigint
);

-- Evenly spread from 0 to 999; for filters of known selectivity.
CREATE FUNCTION bench.bucket(id integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint4(id)::bigint & 2147483647) % 1000;

-- Numbers from 0 to 1 that look random.
CREATE FUNCTION bench.chance(integer, integer) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8($1::bigint * 1000003 + $2) & 1048575) / 1048576.0;

CREATE FUNCTION bench.ms_since(started timestamptz) RETURNS float8
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN 1000 * extract(epoch FROM clock_timestamp() - started)::float8;

CREATE FUNCTION bench.digits(float8, integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round($1::numeric, $2);

-- QUICK=1 is to try the scripts: few query objects, small tables.
CREATE FUNCTION bench.quick() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('bench.quick') = '1';

CREATE FUNCTION bench.queries(number integer) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN bench.quick() THEN least(number, 3) ELSE number END;

CREATE FUNCTION bench.have(set_name text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (SELECT FROM bench.sets WHERE name = set_name);

-- Write a table down as a data set, once it has its indexes; have it in memory.
CREATE PROCEDURE bench.add_set(set_name text, build_s float8)
LANGUAGE plpgsql AS $$
DECLARE
	number_of_rows bigint;
BEGIN
	PERFORM pg_prewarm(set_name), pg_prewarm(set_name || '_mm');
	EXECUTE format('SELECT count(*) FROM %I', set_name) INTO number_of_rows;
	INSERT INTO bench.sets (name, rows, columns, build_s, index_bytes, table_bytes)
		SELECT set_name, number_of_rows, count(*), build_s, pg_relation_size(set_name || '_mm'), pg_table_size(set_name)
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass;
END $$;

-- Give a table its key and its indexes.
CREATE PROCEDURE bench.build(set_name text, columns text)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
BEGIN
	DROP TABLE IF EXISTS raw;
	IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = set_name::regclass AND indisprimary) THEN
		EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (id)', set_name);
	END IF;
	EXECUTE format('CREATE INDEX ON %I (bucket)', set_name);
	started := clock_timestamp();
	EXECUTE format('CREATE INDEX %I ON %I USING mmdb (%s)', set_name || '_mm', set_name, columns);
	CALL bench.add_set(set_name, bench.ms_since(started) / 1000);
END $$;

-- Make a data set of some rows of another.  Those of a smaller sample are in the
-- larger ones, and the query objects are in all.
CREATE PROCEDURE bench.sample(source text, target text, number_of_rows bigint)
LANGUAGE plpgsql AS $$
DECLARE
	columns text := substring(pg_get_indexdef((source || '_mm')::regclass) FROM 'USING mmdb \((.*)\)');
BEGIN
	EXECUTE format('CREATE TABLE %I AS SELECT * FROM %I WHERE id IN (SELECT id FROM %2$I ORDER BY hashint4(id), id LIMIT %s) ORDER BY id',
				   target, source, number_of_rows);
	CALL bench.build(target, columns);
	EXECUTE format('ANALYZE %I', target);
END $$;

CREATE PROCEDURE bench.forget(set_name text)
LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM bench.sets WHERE name = set_name;
	EXECUTE format('DROP TABLE %I', set_name);
END $$;

-- The statement for the k nearest by an index's columns with these weights, or
-- all 1; $1, $2, ... are the values of the columns with weight.
CREATE FUNCTION bench.nearest(set_name text, weights float8[] DEFAULT NULL, k integer DEFAULT 10, filter text DEFAULT 'true')
RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN format('SELECT id, %s AS distance FROM %I WHERE %s ORDER BY distance LIMIT %s',
			  mm_distance_sql((set_name || '_mm')::regclass, weights), set_name, filter, k);

-- The values of that many query objects, rows of the table with no value missing, for
-- such a statement: lists of literals.
CREATE FUNCTION bench.objects(set_name text, number integer, weights float8[] DEFAULT NULL) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
DECLARE
	columns text;
	literals text;
	objects text[];
BEGIN
	SELECT string_agg(quote_ident(column_name), ', '),
		   string_agg(format('quote_literal(%I)', column_name), ', ' ORDER BY column_number)
				FILTER (WHERE coalesce(weights[column_number] > 0, true))
		INTO columns, literals FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass;
	EXECUTE format('SELECT array_agg(concat_ws('', '', %s) ORDER BY hashint4(id), id)
				   FROM (SELECT * FROM %I WHERE num_nulls(%s) = 0 ORDER BY hashint4(id), id LIMIT %s) t',
				   literals, set_name, columns, number)
		INTO objects;
	RETURN objects;
END $$;

-- The same statement with the weights of all columns as parameters, after the values.
CREATE FUNCTION bench.nearest_by_parameters(set_name text, k integer DEFAULT 10) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT id, %s AS distance FROM %I ORDER BY distance LIMIT %s',
					  string_agg(format('$%s * ((%I OPERATOR(%s.%s) $%s) / %s)', n + column_number, column_name, nspname, oprname,
										column_number, scale), ' + ' ORDER BY column_number), set_name, k)
		FROM (SELECT *, count(*) OVER () AS n FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass) c
			 JOIN pg_operator o ON o.oid = operator JOIN pg_namespace s ON s.oid = oprnamespace);

-- Query objects with weights, for that: random ones, each zero with probability 1/3,
-- or else 0 to 1.
CREATE FUNCTION bench.objects_with_weights(set_name text, number integer) RETURNS text[]
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	objects text[] := bench.objects(set_name, number);
	columns integer := (SELECT sets.columns FROM bench.sets WHERE name = set_name);
	weights float8[];
BEGIN
	PERFORM setseed(0.25);
	FOR i IN 1 .. cardinality(objects) LOOP
		LOOP
			SELECT array_agg(CASE WHEN random() < 1 / 3.0 THEN 0 ELSE round(random()::numeric, 3) END) INTO weights FROM generate_series(1, columns);
			EXIT WHEN 0 < ANY (weights);
		END LOOP;
		objects[i] := concat_ws(', ', objects[i], array_to_string(weights, ', '));
	END LOOP;
	RETURN objects;
END $$;
