-- All columns have a share in how the tree is divided, in whatever unit a metric's
-- distances and coordinates are.  A search by one column of two reads at most a
-- few times as many leaves as by an index of that column alone, for every operator
-- class, and so does one by the other column.
SET client_min_messages = warning;
-- from 0 to 1, the same in every run
CREATE FUNCTION noise(i integer, k integer) RETURNS float8 LANGUAGE sql IMMUTABLE
	RETURN (hashint8extended(i * 1000::bigint + k, 1) & 1048575) / 1048576.0::float8;
CREATE TYPE suit AS ENUM ('clubs', 'diamonds', 'hearts', 'spades');
CREATE TABLE items WITH (autovacuum_enabled = off) AS SELECT i AS id, (noise(i, 0) * 100)::float8 AS other,
	(noise(i, 1) * 30000)::smallint AS small, (noise(i, 1) * 1e9)::integer AS number,
	(noise(i, 1) * 1e15)::bigint AS big, (noise(i, 1) / 1e9)::real AS single,
	(noise(i, 1) * 1e12)::float8 AS double, (noise(i, 1) * 1e12)::numeric AS decimal,
	date '2026-01-01' + (noise(i, 1) * 2000)::integer AS day,
	timestamp '2026-01-01' + noise(i, 1) * interval '1 hour' AS stamp, timestamptz '2026-01-01'
		+ noise(i, 1) * interval '100 years' AS timetz, noise(i, 1) * interval '90 days' AS span,
	point(noise(i, 1), noise(i, 2)) AS place,
	point(noise(i, 1) * 360 - 180, degrees(asin(noise(i, 2) * 2 - 1))) AS world,
	point(8 + noise(i, 1) / 10, 50 + noise(i, 2) / 10) AS town,
	ARRAY[noise(i, 1), noise(i, 2)]::mmvector AS narrow, ARRAY[50 + noise(i, 1), 50 + noise(i, 2)]::mmvector AS ahead,
	ARRAY(SELECT sin(floor(noise(i, 1) * 60) * j) + 0.1 * noise(i, j + 1)
		FROM generate_series(1, 8) j)::mmvector AS wide,
	ARRAY(SELECT 50 + sin(floor(noise(i, 1) * 60) * j) + 0.1 * noise(i, j + 1)
		FROM generate_series(1, 8) j)::mmvector AS wide_ahead,
	md5(floor(noise(i, 1) * 60)::text) || (noise(i, 2) * 1e6)::integer AS name, 'k' || floor(noise(i, 1) * 9) AS kind,
	floor(noise(i, 1) * 500)::integer AS kinds,
	noise(i, 1) < 0.5 AS flag, md5(floor(noise(i, 1) * 500)::text)::uuid AS key,
	(enum_range(NULL::suit)) [1 + floor(noise(i, 1) * 4)::integer] AS suit,
	ARRAY(SELECT (floor(noise(i, 1) * 60) * 100 + floor(noise(i, j + 1) * 12))::integer
		FROM generate_series(1, 8) j) AS tags,
	(('x' || left(md5(floor(noise(i, 1) * 60)::text), 16))::bit(64) # (1::bigint
		<< floor(noise(i, 2) * 63)::integer)::bit(64)) AS code
FROM generate_series(1, 4000) i;
ALTER TABLE items ADD reals real[], ADD reals_ahead real[], ADD words text[], ADD bigs bigint[],
	ADD doubles float8[], ADD doubles_ahead float8[], ADD labels varchar[], ADD keys uuid[],
	ADD chars char(40), ADD letter char(3);
UPDATE items SET reals = wide::real[], reals_ahead = wide_ahead::real[], words = tags::text[], bigs = tags::bigint[],
	doubles = wide::float8[], doubles_ahead = wide_ahead::float8[], labels = tags::varchar[],
	keys = ARRAY(SELECT md5(tag::text)::uuid FROM unnest(tags) tag), chars = name, letter = kind;
VACUUM FULL ANALYZE items;

-- leaves that searches by a column read
CREATE FUNCTION leaves(class text, column_name text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	type text := (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'items'::regclass
		AND attname = column_name);
	operator text := (SELECT oprname FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
		JOIN pg_amop ON amopfamily = opcfamily JOIN pg_operator o ON o.oid = amopopr
					  WHERE amname = 'mmdb' AND opcname = class AND amopstrategy = 1 AND amoplefttype = opcintype);
	value text;
	plan json;
	result numeric := 0;
BEGIN
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	FOR value IN EXECUTE format('SELECT %I FROM items WHERE id %% 211 = 7 ORDER BY id', column_name)
	LOOP
		EXECUTE format('EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) SELECT id FROM items ORDER BY %I %s %L::%s LIMIT 5',
			column_name, operator, value, type) INTO plan;
		result := result + (plan #>> '{0,Plan,Plans,0,Leaf Pages}')::numeric;
	END LOOP;
	RETURN result;
END $$;
CREATE FUNCTION leaves_of(columns text, class text, column_name text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	result numeric;
BEGIN
	EXECUTE format('CREATE INDEX items_mm ON items USING mmdb (%s) WITH (subindexes = none)', columns);
	result := leaves(class, column_name);
	DROP INDEX items_mm;
	RETURN result;
END $$;

CREATE TABLE tried AS
SELECT class, c, leaves_of(c || ' ' || class, class, c) AS alone,
	leaves_of(c || ' ' || class || ', other', class, c) AS of_two,
	   leaves_of('other', 'float8_l1_ops', 'other') AS other_alone,
	   leaves_of(c || ' ' || class || ', other', 'float8_l1_ops', 'other') AS other_of_two
FROM (VALUES
	('int2_l1_ops', 'small'), ('int4_l1_ops', 'number'), ('int8_l1_ops', 'big'), ('float4_l1_ops', 'single'),
	('float8_l1_ops', 'double'), ('numeric_l1_ops', 'decimal'),
	('date_l1_ops', 'day'), ('timestamp_l1_ops', 'stamp'), ('timestamptz_l1_ops', 'timetz'),
	('interval_l1_ops', 'span'),
	('point_l2_ops', 'place'), ('point_l1_ops', 'place'), ('point_geo_ops', 'world'), ('point_geo_ops', 'town'),
	('mmvector_l2_ops', 'narrow'), ('mmvector_l1_ops', 'narrow'), ('mmvector_linf_ops', 'narrow'),
	('mmvector_cosine_ops', 'narrow'), ('mmvector_cosine_ops', 'ahead'),
	('mmvector_l2_ops', 'wide'), ('mmvector_l1_ops', 'wide'), ('mmvector_linf_ops', 'wide'),
	('mmvector_cosine_ops', 'wide'), ('mmvector_cosine_ops', 'wide_ahead'),
	('real_array_l2_ops', 'reals'), ('real_array_l1_ops', 'reals'), ('real_array_linf_ops', 'reals'),
	('real_array_cosine_ops', 'reals'), ('real_array_cosine_ops', 'reals_ahead'),
	('double_array_l2_ops', 'doubles'), ('double_array_l1_ops', 'doubles'), ('double_array_linf_ops', 'doubles'),
	('double_array_cosine_ops', 'doubles'), ('double_array_cosine_ops', 'doubles_ahead'),
	('varchar_array_jaccard_ops', 'labels'), ('uuid_array_jaccard_ops', 'keys'), ('bpchar_edit_ops', 'chars'),
	('bpchar_discrete_ops', 'letter'), ('text_edit_ops', 'name'), ('text_discrete_ops', 'kind'),
	('int4_discrete_ops', 'kinds'),
	('bool_discrete_ops', 'flag'), ('uuid_discrete_ops', 'key'), ('enum_discrete_ops', 'suit'),
	('int4_array_jaccard_ops', 'tags'), ('int8_array_jaccard_ops', 'bigs'), ('text_array_jaccard_ops', 'words'),
	('bit_hamming_ops', 'code'), ('bit_jaccard_ops', 'code')) v(class, c);
SELECT count(*), count(DISTINCT class) AS classes, bool_and(alone > 0) AS by_the_index FROM tried;
SELECT opcname AS forgotten FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod
	WHERE amname = 'mmdb' AND opcname <> 'record_ops' AND opcname NOT IN (SELECT class FROM tried) ORDER BY 1;
SELECT * FROM tried WHERE of_two > 8 * alone OR other_of_two > 8 * other_alone ORDER BY class, c;
DROP TABLE items, tried;
DROP TYPE suit;
DROP FUNCTION noise, leaves, leaves_of;
