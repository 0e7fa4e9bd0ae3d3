-- An app's table, made up, of pgvector's and PostGIS's types: 100,000 things of 200
-- kinds.  What the kind says about a thing: where about its embedding is (384
-- components, L2; 15 dimensions for each kind), the first word of its title (edit
-- distance), most of its tags (Jaccard) and its price but for a factor.  It is near one
-- of 32 towns, whatever its kind.
--
-- The 100 query objects are made in the same way, with an error in each title, and
-- are not in the table.
--
-- This needs pgvector and PostGIS, with mmdb's bridges to them, pg_trgm and btree_gist.

SELECT count(*) = 4 AS have_them FROM pg_available_extensions
	WHERE name IN ('mmdb_vector', 'mmdb_postgis', 'pg_trgm', 'btree_gist') \gset
\if :have_them
CREATE EXTENSION IF NOT EXISTS mmdb_vector CASCADE;
CREATE EXTENSION mmdb_postgis CASCADE;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;

SELECT setseed(0.5) \g /dev/null
CREATE FUNCTION bench.word(n integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg((ARRAY['ba','ke','li','mo','nu','par','ste','tri','vo','zan','fle','gro'])[1 + (n / divisor) % 12], '')
		FROM unnest(CASE WHEN n % 3 = 0 THEN ARRAY[1, 12] ELSE ARRAY[1, 12, 5] END) divisor);

-- Four tags, not always different: three of them, on average, of the kind's usual five.
CREATE FUNCTION bench.tags(kind integer) RETURNS text[]
LANGUAGE sql VOLATILE PARALLEL UNSAFE
RETURN (SELECT array_agg(DISTINCT bench.word(CASE WHEN random() < 0.75 THEN 5 * kind + (random() * 4)::integer
											 ELSE (random() * 1000)::integer END))
		FROM generate_series(1, 4) WHERE kind IS NOT NULL);

CREATE TABLE bench.towns AS
	SELECT n, -4 + 11 * random() AS longitude, 43 + 7 * random() AS latitude FROM generate_series(0, 31) n;

SELECT CASE WHEN bench.quick() THEN 2000 ELSE 100000 END AS number \gset
CALL bench.make_embeddings('app_raw', :number, 384, 200, 15, 1, 0.3);

CREATE PROCEDURE bench.furnish(source text, target text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I AS
		SELECT id, bucket, v::vector(384) AS looks,
			   bench.word(7 * kind) || '' '' || bench.word((random() * 500)::integer) || '' '' || bench.word((random() * 500)::integer) AS title,
			   geography(ST_MakePoint(longitude + 0.1 * bench.normal(), latitude + 0.07 * bench.normal())) AS place,
			   bench.tags(kind) AS tags, (exp(2 + 4 * bench.chance(kind, 1) + 0.3 * bench.normal()))::numeric(8, 2) AS price
		FROM (SELECT *, abs(id) %% 200 AS kind FROM %I) r JOIN bench.towns ON n = hashint4(id) & 31 ORDER BY id',
		target, source);
END $$;
CALL bench.furnish('app_raw', 'app');
CALL bench.furnish('app_raw_objects', 'app_objects');
UPDATE app_objects SET title = overlay(title PLACING 'x' FROM 2 + abs(id) % 6 FOR 1);
DROP TABLE app_raw, app_raw_objects;
VACUUM ANALYZE app;
CALL bench.build('app', 'looks, title, place, tags, price');
\endif
