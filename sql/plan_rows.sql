-- How many rows the planner expects of conditions on weighted sums, and what it
-- plans then.
CREATE FUNCTION estimated(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan #>> '{0,Plan,Plan Rows}';
END $$;
CREATE FUNCTION counted(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	rows float8;
BEGIN
	EXECUTE 'SELECT greatest(count(*), 1) FROM (' || query || ') q' INTO rows;
	RETURN rows;
END $$;
-- Is an estimate within a factor of the truth?
CREATE FUNCTION estimate(query text, factor float8 DEFAULT 2) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN rows BETWEEN actual / factor AND actual * factor THEN 'good'
				ELSE format('%s rows instead of %s', rows, actual) END
	FROM (VALUES (estimated(query), counted(query))) e(rows, actual)
$$;
-- The nodes of a plan that matter.
CREATE FUNCTION nodes(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (SELECT string_agg(coalesce(node[1], node[2]), ' < ')
			FROM regexp_matches(plan::text, '"Node Type": "([^"]*)"', 'g') node
				WHERE node[1] !~ '^(Limit|Hash|Aggregate|Result|Materialize|Memoize)$');
END $$;
SET max_parallel_workers_per_gather = 0;

-- 4,000 objects in 20 clusters of 200, a tenth of them without a price.
CREATE FUNCTION spread(i integer, n integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	'SELECT (hashint8(i * 100::bigint + n)::bigint & 65535) / 65536.0 - 0.5';
CREATE TABLE objects AS
	SELECT i AS id, i % 20 AS cluster,
		   (SELECT array_agg(10 * spread(1000000 + i % 20, n) + spread(i, n))
			   FROM generate_series(1, 8) n)::mmvector(8) AS v,
		   CASE WHEN i % 10 > 0 THEN 100 + (i % 20) * 10 + 20 * spread(i, 9) END AS price,
		   (ARRAY['room', 'flat', 'house'])[1 + i % 3] AS kind
	FROM generate_series(1, 4000) i;
CREATE INDEX objects_mm ON objects USING mmdb (v, price, kind text_discrete_ops);
CREATE TABLE notes AS SELECT i AS object, 'note' AS note FROM generate_series(1, 4000) i;
CREATE INDEX ON notes (object);
ANALYZE objects, notes;

-- One sum, with radii from tiny to large; means over 30 objects.
WITH radii(weights, radius) AS (VALUES ('v', 0.3), ('v', 0.6), ('v', 2), ('v', 8), ('v', 12), ('v', 99),
		('price', 0.01), ('price', 1), ('price', 20), ('price', 100), ('kind', 0), ('kind', 1), ('both', 0.8),
		('both', 3), ('both', 15)),
	sums AS (SELECT weights, radius, o.id, CASE weights WHEN 'v' THEN format('(v <-> %L)', o.v)
		WHEN 'price' THEN format('(price <+> %s)', o.price)
		WHEN 'kind' THEN format('(kind <!> %L)', o.kind)
			ELSE format('(v <-> %L) + 0.1 * (price <+> %s)', o.v, o.price) END AS sum
		FROM radii, (SELECT * FROM objects WHERE price > 0 ORDER BY hashint4(id) LIMIT 30) o),
	counts AS (SELECT weights, radius, estimated(format('SELECT FROM objects WHERE %s <= %s', sum, radius)) AS rows,
		counted(format('SELECT FROM objects WHERE %s <= %s', sum, radius)) AS count FROM sums)
SELECT weights, radius, avg(rows) BETWEEN avg(count) / 2.5 AND avg(count) * 2.5 AS good FROM counts GROUP BY 1, 2
	ORDER BY 1, 2;

-- However it is written, with the index's scan or without; strict at the ends.
SELECT v AS q FROM objects WHERE id = 15 \gset
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L <= 2', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE 7 >= 3 * (v <-> %L) + 1', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L > 2', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L BETWEEN 0 AND 2', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L BETWEEN 2 AND 12', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L <= 2 AND kind = ''room''', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L <= 2 OR price <+> 200 <= 5 AND kind = ''room''', :'q'), 3);
SELECT estimate(format('SELECT FROM objects WHERE (kind <!> ''room'') %s', op))
	FROM unnest(ARRAY['< 1', '<= 1', '> 0']) op;
-- NULL
SELECT estimate('SELECT FROM objects WHERE price <+> 200 <= 1000');
SELECT estimate('SELECT FROM objects WHERE coalesce(price <+> 200, 5) <= 5');
SET mmdb.enable_scan = off;
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L <= 2', :'q')),
	nodes(format('SELECT FROM objects WHERE v <-> %L <= 2', :'q'));
RESET mmdb.enable_scan;
-- a radius that is known only when the query runs
PREPARE within(float8) AS SELECT FROM objects WHERE v <-> '[0,0,0,0,0,0,0,0]' <= $1;
SET plan_cache_mode = force_generic_plan;
SELECT estimated('EXECUTE within(2)');
SET plan_cache_mode = force_custom_plan;
SELECT estimated('EXECUTE within(0.0001)') < 10 AS few, estimated('EXECUTE within(1000)') > 3500 AS all;
RESET plan_cache_mode;

-- Joins: of tables so reduced, and by distance.
SELECT estimate(format('SELECT FROM objects LEFT JOIN notes ON object = id WHERE v <-> %L <= 2', :'q'));
SELECT estimate(format('SELECT FROM objects WHERE v <-> %L <= 2 AND EXISTS (SELECT FROM notes WHERE object = id)',
	:'q'));
SELECT estimate('SELECT FROM objects a JOIN objects b ON a.v <-> b.v <= 2');
SELECT estimate('SELECT FROM objects a JOIN objects b ON a.v <-> b.v <= 2 AND a.cluster = 3');
SELECT estimate('SELECT FROM objects a LEFT JOIN objects b ON a.v <-> b.v <= 0.1 AND a.id <> b.id');
SELECT estimate('SELECT FROM objects a WHERE EXISTS (SELECT FROM objects b WHERE a.v <-> b.v <= 2 AND a.id <> b.id)');
SELECT estimate($$SELECT FROM objects a
	WHERE NOT EXISTS (SELECT FROM objects b WHERE a.v <-> b.v <= 0.05 AND a.id <> b.id)$$);
SELECT estimate($$SELECT FROM notes n JOIN objects a ON a.id = object JOIN objects b ON a.v <-> b.v <= 2
	WHERE object < 100$$);

-- Partitions, children and unions: what they append.
CREATE TABLE parts (LIKE objects) PARTITION BY RANGE (cluster);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (5);
CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (5) TO (20) PARTITION BY RANGE (cluster);
CREATE TABLE parts_b1 PARTITION OF parts_b FOR VALUES FROM (5) TO (10);
CREATE TABLE parts_b2 PARTITION OF parts_b FOR VALUES FROM (10) TO (20);
INSERT INTO parts SELECT * FROM objects;
CREATE INDEX ON parts USING mmdb (v, price);
ANALYZE parts;
SELECT estimate(format('SELECT FROM parts WHERE v <-> %L <= 2', :'q'), 4);
SELECT estimate('SELECT FROM objects a JOIN parts b ON a.v <-> b.v <= 2 WHERE a.id <= 100', 4);
SELECT estimate(format('SELECT FROM parts JOIN notes ON object = id WHERE v <-> %L <= 2', :'q'), 4);
SELECT estimate(format('SELECT FROM (SELECT v FROM objects UNION ALL SELECT v FROM parts) u WHERE v <-> %L <= 2', :'q'),
	4);

-- What is planned: a search for few rows, whatever stops early or looks for a match;
-- sorting for nearly all.
SELECT nodes(format('SELECT id FROM objects WHERE v <-> %L < 0.3 LIMIT 10', :'q'));
SELECT nodes(format('SELECT EXISTS (SELECT FROM objects WHERE v <-> %L < 0.2)', :'q'));
SELECT nodes($$SELECT count(*) FROM objects a
	WHERE a.id < 100 AND NOT EXISTS (SELECT FROM objects b WHERE a.v <-> b.v < 0.1 AND a.id <> b.id)$$);
SELECT nodes($$SELECT count(*) FROM objects a
	WHERE a.id < 100 AND EXISTS (SELECT FROM objects b WHERE a.v <-> b.v < 0.1 AND a.id <> b.id)$$);
SELECT nodes('SELECT count(*) FROM objects a JOIN objects b ON a.id < b.id AND a.v <-> b.v < 0.1 WHERE a.id <= 20');
SELECT nodes(format('SELECT count(note) FROM objects LEFT JOIN notes ON object = id WHERE v <-> %L <= 2', :'q'));
SELECT nodes(format('SELECT id FROM objects ORDER BY v <-> %L LIMIT 10', :'q'));
SELECT nodes(format('SELECT id FROM objects ORDER BY v <-> %L LIMIT 10 OFFSET 2000', :'q'));
SELECT nodes(format('SELECT id FROM objects ORDER BY v <-> %L', :'q'));

-- Composites: the query object has the weights.
CREATE TYPE place AS (v mmvector, price float8);
CREATE TABLE places AS SELECT id, ROW(v, price)::place AS obj FROM objects;
CREATE INDEX ON places USING mmdb (obj);
ANALYZE places;
SELECT estimate(format('SELECT FROM places WHERE obj <@ odbrange(ROW(%L, NULL)::place, ''{1,1}'', %s)', :'q', radius))
	FROM unnest('{2,12}'::float8[]) radius;
SELECT estimate(format('SELECT FROM places WHERE obj <-> odbquery(ROW(%L, 250), ''{3,0.1}'') <= %s', :'q', radius))
	FROM unnest('{8,40}'::float8[]) radius;

-- Without statistics there is nothing to tell; VACUUM of a table of few rows adds them.
CREATE TABLE late (v float8);
CREATE INDEX late_mm ON late USING mmdb (v);
INSERT INTO late SELECT spread(i, 1) FROM generate_series(1, 900) i;
ANALYZE late (v);
VACUUM late;
SELECT estimate('SELECT FROM late WHERE v <+> 0 < 0.1', 3);

-- The planner knows what distances cost: more for long vectors, more still out of line.
CREATE TABLE sizes AS SELECT i AS id, ARRAY[1, i]::mmvector(2) AS short,
	array_fill(i, ARRAY[300])::mmvector(300) AS long,
	array_fill(i, ARRAY[900])::mmvector AS out_of_line, repeat('x', 500) || i AS text FROM generate_series(1, 20) i;
ANALYZE sizes;
CREATE FUNCTION cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan #>> '{0,Plan,Total Cost}';
END $$;
WITH costs AS (SELECT n, cost('SELECT FROM sizes a WHERE '
	|| condition) - cost('SELECT FROM sizes a WHERE id < 0') AS cost
	FROM unnest(ARRAY['id <+> 5 < 0', 'short <-> ''[1,2]'' < 0', 'long <-> array_fill(1, ARRAY[300])::mmvector < 0',
		'text <~> ''x'' < 0', 'out_of_line <-> array_fill(1, ARRAY[900])::mmvector < 0',
		'text <~> repeat(''x'', 500) < 0'])
		WITH ORDINALITY c(condition, n))
SELECT bool_and(cost > before) AS grows FROM (SELECT cost, lag(cost, 1, 0::float8) OVER (ORDER BY n) AS before
	FROM costs) c;

DROP TABLE objects, notes, parts, places, late, sizes;
DROP TYPE place;
DROP FUNCTION estimated, estimate, counted, nodes, spread, cost;
