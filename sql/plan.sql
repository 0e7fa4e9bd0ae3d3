-- Which sums of distances the custom scan answers, and in which clauses; that the answers are those of a
-- sequential scan.
CREATE DOMAIN weighing AS float8;
CREATE TYPE home AS (place mmvector(2), price float8, review text);
CREATE TABLE homes (id integer, photo mmvector(2), price float8, review text, stars integer, weight float8, obj home)
	WITH (autovacuum_enabled = off);
INSERT INTO homes SELECT i, (o).place, CASE WHEN i % 50 > 0 THEN (o).price END, (o).review, i * 31 % 1009, i % 7,
	CASE WHEN i % 100 > 0 THEN o END
	FROM (SELECT i, ROW(ARRAY[sin(i), cos(i * 2)], i * 7919 % 10007, repeat(chr(97 + i % 3), i % 17))::home AS o
		FROM generate_series(1, 2000) i) s;
CREATE INDEX homes_mm ON homes USING mmdb (photo, price, review, stars);
CREATE INDEX homes_obj ON homes USING mmdb (obj);
ANALYZE homes;

-- What a plan has of custom scans and sorts, from its top.
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (SELECT string_agg(CASE WHEN node ->> 'Node Type' <> 'Custom Scan' THEN node ->> 'Node Type'
								   ELSE concat_ws(' ', node ->> 'Custom Plan Provider',
												  CASE WHEN node ? 'Order By' THEN 'in order' END,
												  CASE WHEN node ? 'Within' THEN 'within'
													   WHEN NOT node ? 'Order By' THEN 'of several' END) END, ', ')
			FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Node Type"))') node
			WHERE node ->> 'Node Type' IN ('Custom Scan', 'Sort', 'Incremental Sort'));
END $$;

-- A query by custom scans and by sequential scans: the plan, how many rows it
-- returns, and those that differ.
CREATE FUNCTION compare(query text, OUT plan text, OUT rows bigint, OUT differences text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest('{enable_seqscan,enable_sort,enable_indexscan,enable_bitmapscan}'::text[]) name;
	SET LOCAL mmdb.enable_scan = on;
	plan := plan(query);
	EXECUTE 'CREATE TEMP TABLE by_index AS ' || query;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'CREATE TEMP TABLE by_sort AS ' || query;
	SET LOCAL mmdb.enable_scan = on;
	SELECT count(s), differences(query, array_agg(i ORDER BY n), array_agg(s ORDER BY n)) INTO rows, differences
		FROM (SELECT row_number() OVER () AS n, i::text AS i FROM by_index i) i
			FULL JOIN (SELECT row_number() OVER () AS n, s::text AS s FROM by_sort s) s USING (n);
	DROP TABLE by_index, by_sort;
END $$;

-- ORDER BY a sum.
CREATE VIEW sums AS SELECT * FROM unnest(ARRAY[
	-- weights on either side, as divisors, as literals of any type; in any order
	$$photo <-> '[0.3,0.4]'$$,
	$$'[0.3,0.4]' <-> photo$$,
	$$0.5 * (photo <-> '[0.3,0.4]') + (price <+> 5) * 0.001$$,
	$$(price <+> 5) / 1000 + (photo <-> '[0.3,0.4]')$$,
	$$2 * (review <~> 'aabaaa') + 1e-3 * (5 <+> price) + (photo <-> '[0.3,0.4]') / 3 + (stars <+> 77) / 100$$,
	$$2 * ((0.5 * (photo <-> '[0.3,0.4]') + (price <+> 5) * 3 / 1000) / 2 + ((stars <+> 77) + (review <~> 'b')) / 10)$$,
	$$0.5::weighing * ((price <+> 5)::weighing + (photo <-> '[0.3,0.4]'))::weighing$$,
	$$(2 + 1)::integer * (stars <+> 77) + sqrt(2) * (photo <-> '[0.3,0.4]')$$,
	-- constants
	$$(photo <-> '[0.3,0.4]') + 1$$,
	$$7 + 0.5 * ((photo <-> '[0.3,0.4]') - 3 + (stars <+> 77)) - 100$$,
	$$(photo <-> '[0.3,0.4]') * 1e-9 + 1e6$$,
	$$((photo <-> '[0.3,0.4]') + 1e16) - 1e16$$,
	-- what a missing value adds
	$$coalesce(price <+> 5, 1000) + 300 * (photo <-> '[0.3,0.4]')$$,
	$$2 * coalesce((price <+> 5) / 1000, 3) + (photo <-> '[0.3,0.4]')$$,
	$$coalesce(0.001 * (price <+> 5), 1) / 2 + coalesce(photo <-> '[0.3,0.4]', 0)$$,
	$$coalesce(price <+> 5, 'Infinity') + (photo <-> '[0.3,0.4]')$$,
	$$coalesce(price <+> 5, (SELECT NULL::float8)) + (photo <-> '[0.3,0.4]')$$,
	$$coalesce(price <+> (SELECT NULL::float8), 2) + (photo <-> '[0.3,0.4]')$$,
	-- composites, and their attributes
	$$obj <-> odbquery(ROW('[0.3,0.4]', 5000, 'aaab')::home, '{1,0.001,0.1}')$$,
	$$2 * (obj <-> odbquery(ROW('[0.3,0.4]', 5000, 'aaab')::home, '{1,0.001,0.1}')) + ((obj).place <-> '[0.5,0.5]')$$,
	$$(obj <-> odbquery(ROW('[0.3,0.4]', NULL, 'aaab')::home, NULL))
		+ (obj <-> odbquery(ROW(NULL, 77, NULL)::home, NULL)) / 100$$,
	$$0.5 * ((obj).price <+> 5) / 1000 + ((obj).review <~> 'bbb') + ((obj).place <-> '[0.3,0.4]')$$,
	$$coalesce((obj).price <+> 5, 1) + ((obj).place <-> '[0.3,0.4]')$$,
	-- one column twice, with the same value or another
	$$(stars <+> 77) + 2 * (stars <+> 77) + (photo <-> '[0.3,0.4]')$$,
	$$(stars <+> 77) + (stars <+> 500) + (photo <-> '[0.3,0.4]')$$,
	-- constant for a scan
	$$length(current_user) * (photo <-> '[0.3,0.4]') + (stars <+> to_char(now(), 'YYYY')::integer)$$,
	$$(SELECT 0.5) * (photo <-> (SELECT h.photo FROM homes h WHERE h.id = 7)) + (stars <+> (SELECT 7))$$
	]) WITH ORDINALITY s(sum, n);
SELECT sum, c.* FROM sums, compare(format('SELECT %s AS d FROM homes ORDER BY 1 LIMIT 20', sum)) c ORDER BY n;
SELECT count(*) AS sums, sum(c.rows) AS rows, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT %s AS d FROM homes ORDER BY 1', sum)) c;
SELECT count(*) AS sums, sum(c.rows) > 0 AS found, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT id FROM homes
		WHERE %1$s < (SELECT percentile_disc(0.2) WITHIN GROUP (ORDER BY %1$s) FROM homes)
		ORDER BY id %% 7, id', sum)) c;
SELECT count(*) AS sums, sum(c.rows) > 0 AS found, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT %1$s AS d FROM homes
		WHERE %1$s <= (SELECT percentile_disc(0.3) WITHIN GROUP (ORDER BY %1$s) FROM homes)
		ORDER BY 1 LIMIT 300', sum)) c;

-- NULLs first.  Minus a sum, as a similarity, in descending order: its NULLs come
-- first, unless they are to come last; and as a condition.
SELECT count(*) AS sums, sum(c.rows) AS rows, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, unnest(ARRAY['(%1$s) NULLS FIRST', '1 - (%1$s) DESC LIMIT 300',
									'0.5 - 2 * ((%1$s) - 3) / 7 DESC NULLS LAST LIMIT 30']) key,
	compare(format('SELECT %1$s AS d FROM homes ORDER BY ' || key, sum)) c;
SELECT count(*) AS sums, sum(c.rows) AS rows, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT %1$s AS d, id FROM homes WHERE weight > 2
		ORDER BY 1 - (%1$s) DESC, id LIMIT 300', sum)) c;
SELECT count(*) AS sums, sum(c.rows) > 0 AS found, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT id FROM homes
		WHERE 1 - (%1$s) > (SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY 1 - (%1$s)) FROM homes)
		ORDER BY id %% 7, id', sum)) c;
SELECT count(*) AS sums, sum(c.rows) > 0 AS found, string_agg(differences, E'\n') AS differences,
	count(*) FILTER (WHERE plan ~ 'MMDB') AS by_index
	FROM sums, compare(format('SELECT 1 - (%1$s) AS d FROM homes
		WHERE 1 - (%1$s) >= (SELECT percentile_disc(0.7) WITHIN GROUP (ORDER BY 1 - (%1$s)) FROM homes)
		ORDER BY 1 DESC LIMIT 300', sum)) c;
SELECT clause, c.* FROM unnest(ARRAY[
	$$1 - (photo <-> '[0.3,0.4]') DESC$$,
	$$1 - (photo <-> '[0.3,0.4]') - (stars <+> 77) / 100 DESC$$,
	$$-(price <+> 5) / 1000 + 7 - (stars <+> 77) * 0.01 DESC NULLS LAST$$,
	$$-0.5 * (photo <-> '[0.3,0.4]') - (price <+> 5) DESC$$,
	$$2 - (SELECT 0.5) * coalesce(price <+> 5, 1000) DESC$$,
	$$price <+> 5 NULLS FIRST$$,
	$$coalesce(price <+> 5, 1000) NULLS FIRST$$,
	$$0 * (price <+> 5) + (stars <+> 77) NULLS FIRST$$,
	$$(obj <-> odbquery(ROW('[0.3,0.4]', 5000, NULL)::home, '{1,0.001,0}')) NULLS FIRST$$,
	$$1 - (obj <-> odbquery(ROW('[0.3,0.4]', 5000, NULL)::home, '{1,0,0}')) - ((obj).price <+> 7) DESC$$
	]) clause, compare(format('SELECT id FROM homes ORDER BY %s, id LIMIT 150', clause)) c;

-- What is no such sum, or in another order, is sorted.
SELECT clause, c.* FROM unnest(ARRAY[
	$$(photo <-> '[0.3,0.4]') DESC$$,
	$$(photo <-> '[0.3,0.4]') DESC NULLS LAST$$,
	$$1 - (price <+> 5) + (stars <+> 77) DESC$$,
	$$1 - (photo <-> '[0.3,0.4]') * greatest(1, weight) DESC$$,
	$$1 - (price <+> 5) NULLS FIRST$$,
	$$(photo <-> '[0.3,0.4]') * -1$$,
	$$-(photo <-> '[0.3,0.4]')$$,
	$$1 - (photo <-> '[0.3,0.4]')$$,
	$$(price <+> 5) - (stars <+> 77)$$,
	$$1 / (photo <-> '[0.3,0.4]')$$,
	$$(photo <-> '[0.3,0.4]') * (stars <+> 77)$$,
	$$weight * (photo <-> '[0.3,0.4]')$$,
	$$(photo <-> '[0.3,0.4]') + weight$$,
	$$(photo <-> '[0.3,0.4]') * (1 + random() * 0)$$,
	$$stars <+> id$$,
	$$stars <+> stars$$,
	$$photo <+> '[0.3,0.4]'$$,
	$$(photo <-> '[0.3,0.4]') + (id <+> 5)$$,
	$$((photo <-> '[0.3,0.4]') + (stars <+> 77))::numeric$$,
	$$coalesce((photo <-> '[0.3,0.4]') + (stars <+> 77), 0)$$,
	$$coalesce(price <+> 5, weight)$$,
	$$coalesce(price <+> 5, stars <+> 77, 1)$$,
	$$(photo <-> '[0.3,0.4]') * (SELECT 1 + 0 * homes.id)$$,
	$$0 * (photo <-> '[0.3,0.4]')$$,
	$$greatest(photo <-> '[0.3,0.4]', 0.5)$$,
	$$review COLLATE "POSIX" <~> 'aaa'$$,
	$$(photo <-> '[0.3,0.4]') * generate_series(1, 2)$$,
	$$(photo <-> '[0.3,0.4]') * count(*) OVER ()$$
	]) clause, compare(format('SELECT id FROM homes ORDER BY %s, id LIMIT 20', clause)) c;
-- A row's own factor bounds a sum from below if some number does; so odbknn
-- makes up for missing values.
SELECT clause, c.* FROM unnest(ARRAY[
	$$((price <+> 5) + (stars <+> 77)) * greatest(1, weight)$$,
	$$(CASE WHEN price IS NULL THEN 2.0::float8 ELSE 1 END) * (coalesce(price <+> 5, 7) + (stars <+> 77))$$,
	$$(0 * (photo <-> '[0.3,0.4]') + (stars <+> 77)) * greatest(1, photo <-> '[0.3,0.4]')$$,
	$$((price <+> 5) + (stars <+> 77)) * greatest(0, weight)$$,
	$$((price <+> 5) + (stars <+> 77)) * greatest(weight, 2 - weight)$$
	]) clause, compare(format('SELECT %1$s AS d FROM homes ORDER BY 1 LIMIT 200', clause)) c;

-- Conditions.
SELECT clause, c.* FROM unnest(ARRAY[
	$$0.5 * (photo <-> '[0.3,0.4]') + (price <+> 5) / 1000 < 0.5$$,
	$$0.5 >= 0.5 * (photo <-> '[0.3,0.4]') + (price <+> 5) / 1000$$,
	$$0.5 > (photo <-> '[0.3,0.4]')$$,
	$$(stars <+> 77) <= 3::float4$$,
	$$(stars <+> 77) <= 1$$,
	$$(stars <+> 77) < 1$$,
	$$(stars <+> 77) <= 0$$,
	$$(stars <+> 77) <= -1$$,
	$$(photo <-> '[0.3,0.4]') - 5 <= -4.8$$,
	$$(photo <-> '[0.3,0.4]') BETWEEN 0 AND 0.3$$,
	$$(photo <-> '[0.3,0.4]') BETWEEN 0.1 AND 0.3$$,
	$$(photo <-> '[0.3,0.4]') < 0.5 AND (photo <-> '[0.3,0.4]') <= 0.3 AND 0.4 > (photo <-> '[0.3,0.4]')$$,
	$$(photo <-> '[0.3,0.4]') < 0.5 AND (stars <+> 77) < 300 AND weight > 1$$,
	$$coalesce(price <+> 5, 0.5) <= 2$$,
	$$(photo <-> '[0.3,0.4]') <= (SELECT 0.3)$$,
	$$1 - (photo <-> '[0.3,0.4]') > 0.7$$,
	$$1 - (photo <-> '[0.3,0.4]') >= 0.7::float4$$,
	$$0.7::float4 < 1 - (photo <-> '[0.3,0.4]')$$,
	$$0.3 - (photo <-> '[0.3,0.4]') > 0 AND -(stars <+> 77) >= -300$$,
	$$1 - (photo <-> '[0.3,0.4]') > 0.7 OR 100 - (stars <+> 77) / 7 >= 99$$,
	$$1 - (photo <-> '[0.3,0.4]') > (SELECT NULL::float8)$$,
	$$(photo <-> '[0.3,0.4]') <= (SELECT min(h.weight) + 0.3 FROM homes h)$$,
	-- several: what is in any of them
	$$(photo <-> '[0.3,0.4]') < 0.3 OR (stars <+> 77) <= 2$$,
	$$(photo <-> '[0.3,0.4]') < 0.3 AND weight > 3 OR id < 1000 AND (stars <+> 77) <= 2
		OR (price <+> 3) + (stars <+> 100) < 500$$,
	$$((photo <-> '[0.3,0.4]') < 0.3 OR (stars <+> 77) <= 2) AND (review <~> 'aaaa') < 4$$,
	$$((photo <-> '[0.3,0.4]') < 0.3 OR (stars <+> 77) <= 2) AND ((review <~> 'aaaa') < 4 OR (price <+> 3) <= 500)$$,
	$$(photo <-> '[0.3,0.4]') < -1 OR (stars <+> 77) <= 2$$,
	$$(photo <-> '[0.3,0.4]') < NULL OR (stars <+> (SELECT NULL::integer)) <= 2$$,
	$$(photo <-> '[0.3,0.4]') < 0.3 OR (stars <+> (SELECT NULL::integer)) <= 2$$,
	-- not by distance
	$$(photo <-> '[0.3,0.4]') < 0.3 OR id < 10$$,
	$$(photo <-> '[0.3,0.4]') > 0.3$$,
	$$1 - (photo <-> '[0.3,0.4]') < 0.3$$,
	$$1 - (price <+> 5) + (stars <+> 77) > 0.3$$,
	$$(photo <-> '[0.3,0.4]') = 0.3$$,
	$$(photo <-> '[0.3,0.4]') <= weight$$,
	$$NOT (photo <-> '[0.3,0.4]') > 0.3$$,
	$$((photo <-> '[0.3,0.4]') < 0.3) IS NOT TRUE$$
	]) clause, compare(format('SELECT id FROM homes WHERE %s ORDER BY id %% 3, id', clause)) c;

-- With further keys, and with conditions on the same sum and on others.
SELECT clauses, c.* FROM unnest(ARRAY[
	$$ORDER BY (stars <+> 77) / 100 + (review <~> 'aaaa'), id LIMIT 30$$,
	$$ORDER BY stars <+> 77, review <~> 'aaaa' DESC, id DESC$$,
	$$ORDER BY weight, stars <+> 77, id LIMIT 30$$,
	$$WHERE weight > 3 ORDER BY (stars <+> 77) / 100 + (photo <-> '[0.3,0.4]') LIMIT 30$$,
	$$WHERE (photo <-> '[0.3,0.4]') < 1 ORDER BY (stars <+> 77) / 100 + (photo <-> '[0.3,0.4]') LIMIT 30$$,
	$$WHERE (photo <-> '[0.3,0.4]') < 0.3 OR (stars <+> 77) <= 2
		ORDER BY (stars <+> 77) / 100 + (photo <-> '[0.3,0.4]') LIMIT 30$$,
	$$WHERE (photo <-> '[0.3,0.4]') < 1 AND weight <> 3 AND (photo <-> '[0.3,0.4]') < 0.7
		ORDER BY photo <-> '[0.3,0.4]' LIMIT 30$$,
	$$WHERE (photo <-> '[0.3,0.4]') > 0.5 ORDER BY photo <-> '[0.3,0.4]' LIMIT 30$$,
	$$WHERE (photo <-> '[0.3,0.4]') BETWEEN 0.5 AND 0.6 ORDER BY photo <-> '[0.3,0.4]'$$,
	$$WHERE 1 - (photo <-> '[0.3,0.4]') > 0.5 ORDER BY 1 - (photo <-> '[0.3,0.4]') DESC LIMIT 30$$,
	$$WHERE 1 - (price <+> 5) / 10000 > 0.5 ORDER BY 1 - (price <+> 5) / 10000 DESC$$,
	$$WHERE 1 - (price <+> 5) / 10000 > 0.5 AND (stars <+> 77) < 300 ORDER BY 1 - (photo <-> '[0.3,0.4]') DESC$$,
	$$WHERE (stars <+> 77) < 300 ORDER BY price <+> 5 NULLS FIRST, id LIMIT 30$$,
	$$WHERE weight > 3 ORDER BY price <+> 5 NULLS FIRST, id LIMIT 30$$,
	$$WHERE false ORDER BY photo <-> '[0.3,0.4]'$$,
	$$WHERE id = -1 ORDER BY photo <-> '[0.3,0.4]'$$,
	$$WHERE now() > '2020-01-01' ORDER BY photo <-> '[0.3,0.4]' LIMIT 3$$,
	$$WHERE EXISTS (SELECT FROM homes h WHERE h.id = homes.id + 1 AND h.weight > 4)
		ORDER BY photo <-> '[0.3,0.4]' LIMIT 3$$,
	$$WHERE (SELECT count(*) > homes.weight FROM (VALUES (1), (2), (homes.id % 5)) v(x) WHERE x < 3)
		ORDER BY photo <-> '[0.3,0.4]' LIMIT 3$$
	]) clauses, compare('SELECT id, weight FROM homes ' || clauses) c;

-- Parameters, with plans for their values and for any.
PREPARE nearest(mmvector, float8, float8, bigint) AS
	SELECT id, $2 * (photo <-> $1) + (price <+> 5) / $3 AS d FROM homes
		WHERE $2 * (photo <-> $1) + (price <+> 5) / $3 < $2 * 100 ORDER BY 2 LIMIT $4;
PREPARE within(mmvector, float8) AS SELECT photo <-> $1 AS d FROM homes
	WHERE (photo <-> $1) <= $2 OR (photo <-> '[1,1]') <= $2 ORDER BY id % 3, id;
PREPARE alike(mmvector, float8, bigint) AS SELECT 1 - $2 * (photo <-> $1) - (price <+> 5) AS d FROM homes
	WHERE 1 - $2 * (photo <-> $1) - (price <+> 5) > $2 - 100 ORDER BY 1 DESC LIMIT $3;
PREPARE further(float8) AS SELECT (photo <-> '[0.3,0.4]') + $1 AS d FROM homes ORDER BY d LIMIT 3;
SET plan_cache_mode = force_custom_plan;
SELECT call, c.* FROM unnest(ARRAY[$$nearest('[0.3,0.4]', 2, 100, 10)$$, $$nearest('[0.3,0.4]', -2, 100, 10)$$,
	$$within('[0.3,0.4]', 0.4)$$, 'further(3)']) call, compare('EXECUTE ' || call) c;
SET plan_cache_mode = force_generic_plan;
SELECT call, c.* FROM unnest(ARRAY[$$nearest('[0.3,0.4]', 2, 100, 10)$$, $$nearest('[0.3,0.4]', -2, 100, 10)$$,
	$$nearest('[0.3,0.4]', 2, 100, NULL)$$,
	$$nearest('[0.3,0.4]', 2, 100, 0)$$, $$nearest(NULL, 2, 100, 10)$$, $$nearest('[0.3,0.4]', NULL, 100, 10)$$,
	$$alike('[0.3,0.4]', 2, 10)$$, $$alike('[0.3,0.4]', -2, 10)$$, $$alike('[0.3,0.4]', NULL, 10)$$,
	$$alike(NULL, 2, 10)$$,
	$$within('[0.3,0.4]', 0.4)$$, $$within(NULL, 0.1)$$, $$within('[0.3,0.4]', NULL)$$, 'further(3)',
	'further(NULL)']) call, compare('EXECUTE ' || call) c;

-- A kept plan is made anew when its index goes, and when the table changes.
SET enable_seqscan = off;
SET enable_sort = off;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT plan($$EXECUTE further(3)$$);
EXECUTE further(3);
BEGIN;
DROP INDEX homes_mm;
SELECT plan($$EXECUTE further(3)$$);
EXECUTE further(3);
ROLLBACK;
SELECT plan($$EXECUTE further(3)$$);
BEGIN;
ALTER TABLE homes ADD COLUMN extra integer DEFAULT 7;
ALTER TABLE homes ALTER COLUMN id TYPE bigint;
REINDEX INDEX homes_mm;
SELECT plan($$EXECUTE within('[0.3,0.4]', 0.4)$$);
EXECUTE further(3);
SELECT id, extra FROM homes ORDER BY (photo <-> '[0.3,0.4]') + 3 LIMIT 3;
ROLLBACK;
SET mmdb.enable_scan = off;
SELECT plan($$EXECUTE further(3)$$);
SET mmdb.enable_scan = on;
SELECT plan($$EXECUTE further(3)$$);
DEALLOCATE ALL;
RESET plan_cache_mode;

-- Of several indexes, one that has all columns of the sum; a partial one where
-- the query implies its predicate; expressions as the query has them.
CREATE FUNCTION index_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
	SET LOCAL enable_seqscan = off;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN jsonb_path_query_first(plan, 'lax $.**."Index Name"') #>> '{}';
END $$;
BEGIN;
DROP INDEX homes_mm;
CREATE INDEX homes_photo ON homes USING mmdb (photo);
CREATE INDEX homes_price ON homes USING mmdb (price, stars);
CREATE INDEX homes_l1 ON homes USING mmdb (photo mmvector_l1_ops, price);
CREATE INDEX homes_part ON homes USING mmdb (photo, price) WHERE weight > 3;
CREATE INDEX homes_expr ON homes USING mmdb (upper(review), (price * 2));
SELECT clauses, index_of('SELECT FROM homes ' || clauses), c.* FROM unnest(ARRAY[
	$$ORDER BY (photo <-> '[0.3,0.4]') + 1 LIMIT 3$$,
	$$ORDER BY (stars <+> 77) + (price <+> 5) LIMIT 3$$,
	$$ORDER BY (photo <+> '[0.3,0.4]') + (price <+> 5) LIMIT 3$$,
	$$ORDER BY (photo <-> '[0.3,0.4]') + (price <+> 5) LIMIT 3$$,
	$$WHERE weight > 3 ORDER BY (photo <-> '[0.3,0.4]') + (price <+> 5) LIMIT 3$$,
	$$WHERE weight > 4 AND (photo <-> '[0.3,0.4]') + (price <+> 5) < 500 ORDER BY id % 3, id$$,
	$$WHERE weight >= 3 ORDER BY (photo <-> '[0.3,0.4]') + (price <+> 5) LIMIT 3$$,
	$$ORDER BY (upper(review) <~> 'AAA') + ((price * 2) <+> 5) / 1000 LIMIT 3$$,
	$$ORDER BY (upper(review) <~> 'AAA') + ((2 * price) <+> 5) / 1000 LIMIT 3$$,
	$$WHERE (upper(review) <~> 'AAA') < 2 OR ((price * 2) <+> 5) < 100 ORDER BY id % 3, id$$,
	$$WHERE (upper(review) <~> 'AAA') < 2 OR (photo <-> '[0.3,0.4]') < 0.1 ORDER BY id % 3, id$$
	]) clauses, compare('SELECT photo <-> ''[0.3,0.4]'' AS d FROM homes ' || clauses) c;
ROLLBACK;

DROP VIEW sums;
DROP TABLE homes;
DROP TYPE home;
DROP DOMAIN weighing;
DROP FUNCTION plan, compare, index_of;
