-- What an index on an expression can do: trigram similarity, as pg_trgm has it.
CREATE SCHEMA recipes;
SET search_path = recipes, public;
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm SCHEMA recipes;
RESET client_min_messages;
CREATE TABLE titles AS
	SELECT i AS id, translate(substr(md5(i::text), 1, 3 + i % 9), '0123456789', 'aeioulnrst') || ' '
		|| translate(substr(md5((i % 50)::text), 1, 5), '0123456789', 'aeioulnrst') AS title, i % 100 AS price
	FROM generate_series(1, 5000) i;
CREATE INDEX titles_mm ON titles USING mmdb (show_trgm(title), price);
ANALYZE titles;
EXPLAIN (COSTS OFF) SELECT id FROM titles ORDER BY show_trgm(title) <&> show_trgm('aelous fabee') LIMIT 10;
EXPLAIN (COSTS OFF)
SELECT id FROM titles ORDER BY (show_trgm(title) <&> show_trgm('aelous fabee')) + 0.01 * (price <+> 50) LIMIT 10;
CREATE TABLE found AS
	SELECT q, row_number() OVER (PARTITION BY q) AS n, r.* FROM unnest(ARRAY['aelous fabee', 'ce', 'tarrun']) q,
	LATERAL (SELECT title, show_trgm(title) <&> show_trgm(q) AS distance FROM titles
			 ORDER BY show_trgm(title) <&> show_trgm(q) LIMIT 50) r;
-- The same as by similarity, which is a real.
SELECT count(*), count(*) FILTER (WHERE abs(1 - similarity(title, q) - distance) > 1e-6) AS other FROM found;
SELECT count(*) FILTER (WHERE abs(found.distance - s.distance) > 1e-6) AS other
FROM found JOIN (SELECT q, row_number() OVER (PARTITION BY q) AS n, r.*
	FROM unnest(ARRAY['aelous fabee', 'ce', 'tarrun']) q,
	LATERAL (SELECT 1 - similarity(title, q) AS distance FROM titles ORDER BY 1 LIMIT 50) r) s USING (q, n);
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA recipes CASCADE;
