-- What the values of a scan make of a sum: weights that are negative, zero, infinite, NaN or NULL; columns,
-- query values and bounds likewise; errors; little memory.  All of it as SQL has it.
CREATE TABLE odd (id integer, photo mmvector(2), price float8, stars integer, num numeric, since date, review text)
	WITH (autovacuum_enabled = off);
INSERT INTO odd SELECT i, ARRAY[sin(i), cos(i * 2)],
	CASE i % 10 WHEN 1 THEN NULL WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity' WHEN 4 THEN 'NaN'
		ELSE (i * 7919 % 10007)::float8 END,
	CASE WHEN i % 13 > 0 THEN i * 31 % 1009 END,
	CASE i % 11 WHEN 1 THEN NULL WHEN 2 THEN 'Infinity' WHEN 3 THEN 'NaN' WHEN 4 THEN 1e300::numeric
		ELSE (i % 100)::numeric END,
	CASE i % 17 WHEN 1 THEN NULL WHEN 2 THEN 'infinity'::date ELSE '2020-01-01'::date + i * 7 % 1000 END,
	CASE WHEN i % 5 > 0 THEN repeat(chr(97 + i % 3), i % 17) END
	FROM generate_series(1, 1500) i;
CREATE INDEX odd_mm ON odd USING mmdb (photo, price, stars, num, since, review);
ANALYZE odd;

-- A query by custom scans and by sequential scans: how many rows it returns, and
-- those that differ; or the errors.
CREATE FUNCTION compare(query text, OUT rows bigint, OUT differences text, OUT scan_error text, OUT error text)
	LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	by_index text[];
	by_sort text[];
BEGIN
	PERFORM set_config(name, 'off', true)
		FROM unnest('{enable_seqscan,enable_sort,enable_indexscan,enable_bitmapscan}'::text[]) name;
	SET LOCAL mmdb.enable_scan = on;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	IF plan::text !~ 'MMDB Scan' THEN
		RAISE 'not by the index: %', query;
	END IF;
	BEGIN
		EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_index;
	EXCEPTION WHEN OTHERS THEN
		scan_error := sqlerrm;
	END;
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL mmdb.enable_scan = off;
	BEGIN
		EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_sort;
	EXCEPTION WHEN OTHERS THEN
		error := sqlerrm;
	END;
	-- the index may spare the row that an error would come from
	IF error IS NOT NULL THEN
		by_index := NULL;
	END IF;
	rows := coalesce(cardinality(by_sort), 0);
	differences := differences(query, by_index, by_sort);
END $$;

-- Weights known only at run time.  photo, price and num are at most Infinity
-- away from what is asked for; 0 * Infinity is NaN, and 0 * NULL is NULL.
CREATE FUNCTION compare_weights(query text, OUT rows bigint, OUT differences text, OUT errors text) LANGUAGE sql AS $$
	SELECT sum(c.rows), string_agg(c.differences, E'\n'),
		string_agg(DISTINCT concat_ws(' / ', c.scan_error, c.error), '; '
				   ORDER BY concat_ws(' / ', c.scan_error, c.error))
	FROM unnest('{0,-0,1,0.5,-1,1e-300,1e-200,1e200,Infinity,-Infinity,NaN,NULL}'::float8[]) a,
		unnest('{0,1,-2,1e-200,1e300,Infinity,NaN,NULL}'::float8[]) b,
		compare(replace(replace(query, ':a', format('(SELECT %L::float8)', a)), ':b',
			format('(SELECT %L::float8)', b))) c
$$;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT :a * (price <+> 5) + :b * (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d LIMIT 100$$,
	$$SELECT (price <+> 5) * :a * :b + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d LIMIT 100$$,
	$$SELECT (price <+> 5) / :a + :b * (num <+> 5) AS d FROM odd WHERE id % 3 = 0 ORDER BY d LIMIT 100$$,
	$$SELECT :a * (num <+> 5) + :b * (stars <+> 77) + (since <+> '2021-01-01') AS d FROM odd ORDER BY d$$,
	$$SELECT :a * (num <+> 5) + (stars <+> 77) AS d FROM odd WHERE :a * (num <+> 5) + (stars <+> 77) <= :b ORDER BY d$$,
	$$SELECT id FROM odd WHERE :a * (num <+> 5) + (price <+> 77) <= :b ORDER BY id$$,
	$$SELECT id FROM odd WHERE :a * (num <+> 5) < :b OR :b * (price <+> 77) + (stars <+> 77) <= 50 ORDER BY id$$,
	$$SELECT :a + :b * (num <+> 5) + (stars <+> 77) AS d FROM odd ORDER BY d LIMIT 100$$,
	$$SELECT (num <+> 5) - :a + (stars <+> 77) + :b AS d FROM odd WHERE (num <+> 5) - :a + (stars <+> 77) + :b < 1000
		ORDER BY d$$,
	$$SELECT coalesce(price <+> 5, :a) + :b * (stars <+> 77) AS d FROM odd ORDER BY d$$,
	$$SELECT coalesce(:a * (price <+> 5), :b) * :b + coalesce(review <~> 'aaab', 3) AS d FROM odd
		ORDER BY d LIMIT 700$$,
	$$SELECT id FROM odd WHERE coalesce(:a * (num <+> 5), :b) + coalesce(review <~> 'aaab', 3) <= 20 ORDER BY id$$,
	$$SELECT 1 - :a * (num <+> 5) - (stars <+> 77) AS d FROM odd ORDER BY d DESC$$,
	$$SELECT 1 - :a * (num <+> 5) - :b * (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d DESC NULLS LAST LIMIT 100$$,
	$$SELECT -coalesce(:a * (num <+> 5), :b) - (price <+> 77) AS d FROM odd
		WHERE -coalesce(:a * (num <+> 5), :b) - (price <+> 77) >= -:b ORDER BY d DESC$$,
	$$SELECT 1 - (num <+> 5) - :a * (num <+> 5) AS d FROM odd ORDER BY d DESC LIMIT 100$$,
	$$SELECT :b * (num <+> 5) + (price <+> 77) / :a AS d FROM odd ORDER BY d NULLS FIRST$$,
	$$SELECT id FROM odd WHERE 1 - :a * (num <+> 5) > :b ORDER BY id$$,
	$$SELECT (since <+> '2021-01-01') / 100 + (stars <+> 77) AS d FROM odd
		WHERE (since <+> '2021-01-01') / 100 + (stars <+> 77) <= :a
		AND (since <+> '2021-01-01') / 100 + (stars <+> 77) < :b ORDER BY d$$
	]) query, compare_weights(query) c;

-- Query values.
SELECT value, sum(c.rows) AS rows, string_agg(c.differences, E'\n') AS differences,
	string_agg(DISTINCT concat_ws(' / ', c.scan_error, c.error), '; ' ORDER BY concat_ws(' / ', c.scan_error, c.error))
		AS errors
	FROM unnest('{NULL,0,-3,Infinity,-Infinity,NaN,1e308}'::float8[]) value, unnest(ARRAY[
	$$SELECT (price <+> :v) + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d LIMIT 700$$,
	$$SELECT (price <+> :v) + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d$$,
	$$SELECT coalesce(price <+> :v, 30) + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d$$,
	$$SELECT coalesce(num <+> :v::numeric, 30) + (price <+> :v) AS d FROM odd ORDER BY d$$,
	$$SELECT (price <+> :v) + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d NULLS FIRST$$,
	$$SELECT 1 - (price <+> :v) - (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d DESC$$,
	$$SELECT -(num <+> :v::numeric) AS d FROM odd WHERE -(num <+> :v::numeric) > '-Infinity'
		ORDER BY d DESC NULLS LAST$$,
	$$SELECT id FROM odd WHERE (price <+> :v) + (photo <-> '[0.3,0.4]') <= 1000 ORDER BY id$$,
	$$SELECT id FROM odd WHERE -(price <+> :v) >= 'NaN' ORDER BY id$$,
	$$SELECT id FROM odd WHERE -(price <+> :v) > '-Infinity' ORDER BY id$$,
	$$SELECT id FROM odd WHERE (price <+> :v) < 'Infinity' ORDER BY id$$,
	$$SELECT id FROM odd WHERE (price <+> :v) <= 'Infinity' ORDER BY id$$,
	$$SELECT id FROM odd WHERE (price <+> :v) < 'NaN' ORDER BY id$$,
	$$SELECT id FROM odd WHERE (price <+> :v) <= 'NaN' ORDER BY id$$
	]) query, compare(replace(query, ':v', format('(SELECT %L::float8)', value))) c GROUP BY value ORDER BY value;

-- Numbers of very different size.
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT ((stars <+> 77) + 1e16) - 1e16 AS d FROM odd ORDER BY d$$,
	$$SELECT id FROM odd WHERE ((stars <+> 77) + 1e16) - 1e16 <= 7 ORDER BY id$$,
	$$SELECT id FROM odd WHERE (stars <+> 77) - 1e-9 < 7 ORDER BY id$$,
	$$SELECT 1e-200 * (1e-200 * ((stars <+> 77) * 1e150)) * 1e250 AS d FROM odd ORDER BY d LIMIT 30$$,
	$$SELECT 1e-160 * (1e-160 * (1e-40 * (photo <-> '[0.3,0.4]'))) * 1e100 + (stars <+> 77) * 1e-270 AS d FROM odd
		ORDER BY d LIMIT 30$$,
	$$SELECT id FROM odd WHERE coalesce(stars <+> 77, 1e200) + (photo <-> '[0.3,0.4]') <= 1e60 ORDER BY id$$,
	$$SELECT id FROM odd WHERE coalesce(stars <+> 77, 1e200) + (photo <-> '[0.3,0.4]') <= 2e200 ORDER BY id$$,
	$$SELECT id FROM odd WHERE (stars <+> 77) * 1e60 + (photo <-> '[0.3,0.4]') <= 1e62 ORDER BY id$$,
	$$SELECT id FROM odd WHERE (num <+> 7) * 1e10 <= 1e308 ORDER BY id$$
	]) query, compare(query) c;

-- Whole numbers, of which sums are exact with some weights, up to 2^24 times what
-- they are multiples of; and around that, and beyond.
CREATE TABLE whole (id integer, kind text, a integer, b bigint, since date, bits bit(40), code text)
	WITH (autovacuum_enabled = off);
INSERT INTO whole SELECT i, (ARRAY['room', 'flat', 'house', NULL])[1 + i * 31 % 4],
	CASE i % 6 WHEN 0 THEN i % 5 WHEN 1 THEN 16777216 - i % 7 WHEN 2 THEN 16777216 + i % 9
		WHEN 3 THEN 2147483647 - i % 3 WHEN 4 THEN -2147483648 + i % 3 ELSE i END,
	CASE i % 5 WHEN 0 THEN i % 5 WHEN 1 THEN 9007199254740992 + i % 9 WHEN 2 THEN 9223372036854775807 - i % 300
		WHEN 3 THEN -9223372036854775808 + i % 300 ELSE i END,
	CASE i % 17 WHEN 1 THEN NULL WHEN 2 THEN 'infinity'::date WHEN 3 THEN '-infinity'
		ELSE '2020-01-01'::date + i * 7 % 100 END,
	(i * 7919 % 37)::bit(40), left(md5((i % 40)::text), 1 + i % 4) FROM generate_series(1, 2000) i;
CREATE INDEX whole_mm ON whole USING mmdb (kind text_discrete_ops, a, b, since, bits, code);
ANALYZE whole;
SELECT term, sum(c.rows) AS rows, string_agg(c.differences, E'\n') AS differences,
	string_agg(DISTINCT concat_ws(' / ', c.scan_error, c.error), '') AS errors FROM unnest(ARRAY[
	$$(kind <!> 'room')$$, $$(kind <!> 'tent')$$, $$coalesce(kind <!> 'room', 0.5)$$, $$(a <+> 3)$$,
	$$(a <+> 16777215)$$, $$(a <+> 5::bigint)$$, $$(a <+> 3.5::float8)$$,
	$$(b <+> 3)$$, $$(b <+> 9007199254740993)$$, $$(since <+> '2020-03-01')$$,
	$$coalesce(since <+> '2020-03-01', 16777216)$$, $$(bits <^> 12::bit(40))$$, $$(code <~> 'c4c')$$]) term,
	unnest(ARRAY[
	'%s', '3 * %s', '0.5 * %s + (kind <!> ''flat'')', '%s / 4 + 0.25 * (code <~> ''zz'')',
	'0.3 * %s + 0.7 * (kind <!> ''flat'')', '%s * 3 / 3', '%s / 3 * 3 + (kind <!> ''flat'')',
	'1 + %s', '%s - 5 + 2 * (bits <^> B''0110011001100110011001100110011001100110'')', '%s + 0.1', '(%s + 1e15) - 1e15',
	'16777215 * %s', '%s * 1e-18 * 4', '%s * 2::float8 ^ 70 / 2::float8 ^ 69',
	'0 * %s + (code <~> ''c4'')', '(SELECT 2::float8) * %s + (SELECT 3::float8)']) weighed,
	compare(format('SELECT %s AS d FROM whole ORDER BY d LIMIT 1000', format(weighed, term))) c GROUP BY term
		ORDER BY term COLLATE "C";
-- weights of which 0.1 + 0.2 is not quite 0.3
SELECT sum(c.rows) AS rows, string_agg(c.differences, E'\n') AS differences
	FROM unnest('{0.1,0.2,0.3,0.5,3}'::text[]) u, unnest('{0.1,0.2,0.3,2}'::text[]) v, unnest('{0.1,0.3,1}'::text[]) w,
	compare(format($$SELECT %s * (kind <!> 'room') + %s * (code <~> 'c4') + %s * (bits <^> 12::bit(40)) AS d
		FROM whole ORDER BY d LIMIT 700$$, u, v, w)) c;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT kind, id FROM whole ORDER BY kind <!> 'room', id LIMIT 5$$,
	$$SELECT kind, id FROM whole ORDER BY kind <!> 'tent', id LIMIT 5$$,
	$$SELECT kind, id FROM whole ORDER BY (kind <!> 'room') + (code <~> 'c4'), id LIMIT 500$$,
	$$SELECT a, id FROM whole WHERE (a <+> 16777216) <= 3 ORDER BY a <+> 16777216, id$$,
	$$SELECT (a <+> 16777216) + 2 * (kind <!> 'flat') AS d FROM whole WHERE (a <+> 16777216) + 2 * (kind <!> 'flat') < 4
		ORDER BY d$$
	]) query, compare(query) c;

-- Many terms, and many composites.
CREATE TYPE pair AS (a integer, b float8);
CREATE TABLE pairs AS SELECT i AS id, ROW(i % 50, i)::pair AS obj FROM generate_series(1, 500) i;
CREATE INDEX pairs_mm ON pairs USING mmdb (obj);
SELECT n, c.* FROM generate_series(30, 70, 10) n,
	compare((SELECT format('SELECT %s AS d FROM pairs ORDER BY d LIMIT 7',
	string_agg(format('(obj <-> odbquery(ROW(%s, 2.5)::pair, NULL))', i), '+'))
	FROM generate_series(1, CASE WHEN n < 65 THEN n ELSE 64 END) i)) c;

-- Errors are raised, once there is a row to compute a distance of.
SELECT query, c.scan_error, c.error FROM unnest(ARRAY[
	$$SELECT id FROM odd ORDER BY (photo <-> '[1,2,3]') + (stars <+> 7) LIMIT 1$$,
	$$SELECT id FROM odd WHERE (photo <-> '[1,2,3]') + (stars <+> 7) < 5$$,
	$$SELECT id FROM odd ORDER BY (photo <-> '[1,2]') / (SELECT 0.0::float8) LIMIT 1$$,
	$$SELECT id FROM odd ORDER BY (SELECT 1e308::float8) * (stars <+> -7) LIMIT 1$$,
	$$SELECT id FROM odd ORDER BY (SELECT 1e308::float8) * ((photo <-> '[1,2]') + 17) LIMIT 1$$,
	$$SELECT id FROM odd ORDER BY (photo <-> (SELECT '[1,2]'::mmvector)) LIMIT -1$$,
	$$SELECT id FROM pairs ORDER BY obj <-> odbquery(ROW(1), NULL) LIMIT 1$$
	]) query, compare(query) c;
CREATE TABLE angles AS SELECT i AS id, ARRAY[i, 1]::mmvector AS v, i AS n FROM generate_series(1, 300) i;
CREATE INDEX angles_mm ON angles USING mmdb (v mmvector_cosine_ops, n);
SELECT query, c.scan_error, c.error FROM unnest(ARRAY[
	$$SELECT id FROM angles ORDER BY (v <=> '[0,0]') + (n <+> 5) LIMIT 1$$,
	$$SELECT id FROM angles WHERE (v <=> (SELECT '[0,0]'::mmvector)) < 0.1$$
	]) query, compare(query) c;
DROP TABLE angles, pairs;
DROP TYPE pair;

-- The user must have the right to execute the distances.
CREATE ROLE mmdb_visitor;
GRANT SELECT ON odd TO mmdb_visitor;
REVOKE EXECUTE ON FUNCTION mm_l2_distance(mmvector, mmvector) FROM PUBLIC;
SET enable_seqscan = off;
SET enable_sort = off;
SET ROLE mmdb_visitor;
SELECT id FROM odd ORDER BY (stars <+> 7) + 1, id LIMIT 1;
SELECT id FROM odd ORDER BY (photo <-> '[1,2]') + (stars <+> 7) LIMIT 1;
SELECT id FROM odd WHERE (photo <-> '[1,2]') + (stars <+> 7) < 3;
RESET ROLE;
GRANT EXECUTE ON FUNCTION mm_l2_distance(mmvector, mmvector) TO PUBLIC;
REVOKE SELECT ON odd FROM mmdb_visitor;
DROP ROLE mmdb_visitor;
RESET enable_seqscan;
RESET enable_sort;

-- Memory for a few rows: what waits for its turn goes to a sort, as does what is
-- left of the search.
SET work_mem = '64kB';
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT (price <+> 5) / 1000 + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d$$,
	$$SELECT id, (price <+> 5) / 1000 + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d, id$$,
	$$SELECT (price <+> 5) / 1000 + (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d NULLS FIRST$$,
	$$SELECT 1 - (price <+> 5) / 1000 - (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d DESC$$,
	$$SELECT 1 - (price <+> 5) / 1000 - (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d DESC LIMIT 700$$,
	$$SELECT coalesce(price <+> 5, 7) / 1000 + coalesce(review <~> 'aaab', 9) AS d FROM odd ORDER BY d LIMIT 1000$$,
	$$SELECT coalesce(price <+> 5, 7) / 1000 + coalesce(review <~> 'aaab', 9) AS d FROM odd
		ORDER BY d LIMIT (SELECT 1000) OFFSET (SELECT 100)$$,
	$$SELECT (SELECT -1::float8) * (photo <-> '[0.3,0.4]') AS d FROM odd ORDER BY d LIMIT 10$$,
	$$SELECT id FROM odd WHERE (stars <+> 5) < 900 OR (review <~> 'aaab') < 9 ORDER BY id$$,
	$$SELECT o.id, n.d FROM odd o, LATERAL (SELECT (price <+> o.price) + (stars <+> o.stars) AS d FROM odd
		ORDER BY d OFFSET 600 LIMIT 2) n WHERE o.id < 5 ORDER BY 1, 2$$
	]) query, compare(query) c;
RESET work_mem;

-- Expressions compiled.
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SET jit_optimize_above_cost = 0;
SELECT query, c.* FROM unnest(ARRAY[
	$$SELECT id, (price <+> 5) / 1000 + (photo <-> '[0.3,0.4]') AS d FROM odd WHERE stars > 10 ORDER BY d LIMIT 10$$,
	$$SELECT id FROM odd WHERE stars + 1 > 10 AND coalesce(price <+> 5, 7) / 1000 + coalesce(review <~> 'aaab', 9) < 12
		ORDER BY id$$
	]) query, compare(query) c;
RESET jit_above_cost;
RESET jit_inline_above_cost;
RESET jit_optimize_above_cost;

-- Tables without rows, statistics or logging.
CREATE TABLE empty (id integer, a integer, b text);
CREATE INDEX empty_mm ON empty USING mmdb (a, b);
CREATE UNLOGGED TABLE few AS SELECT 1 AS id, 5 AS a, 'x' AS b;
CREATE INDEX few_mm ON few USING mmdb (a, b);
CREATE TEMP TABLE many AS SELECT i AS id, i % 300 AS a, (i % 700)::text AS b FROM generate_series(1, 1000) i;
CREATE INDEX many_mm ON many USING mmdb (a, b);
CREATE MATERIALIZED VIEW seen AS SELECT id, stars AS a, review AS b FROM odd;
CREATE INDEX seen_mm ON seen USING mmdb (a, b);
SELECT t, c.* FROM unnest('{empty,few,many,seen}'::text[]) t, unnest(ARRAY[
	$$SELECT (a <+> 7) / 10 + (b <~> '5') AS d FROM %s ORDER BY d$$,
	$$SELECT (a <+> 7) / 10 + (b <~> '5') AS d FROM %s ORDER BY d LIMIT 5$$,
	$$SELECT (SELECT -1.0::float8) * (a <+> 7) + (b <~> '5') AS d FROM %s ORDER BY d LIMIT 5$$,
	$$SELECT id FROM %s WHERE (a <+> 7) / 10 + (b <~> '5') < 3 ORDER BY id$$,
	$$SELECT id FROM %s WHERE (a <+> 7) < 3 OR (b <~> '5') < 1 ORDER BY id$$
	]) query, compare(format(query, t)) c;

-- Factors that depend on the row, and may be NULL: inside COALESCE, where NULLs come first,
-- and around what COALESCE gives, which is negative.  The first is not the index's.
CREATE TABLE factors (id integer, a integer, b integer, c float8);
INSERT INTO factors SELECT i, CASE WHEN i % 90 > 0 THEN i % 200 + 1 END, CASE WHEN i % 60 > 0 THEN i % 50 END,
	CASE WHEN i % 7 > 0 THEN 1 + i % 30 END
	FROM generate_series(1, 2000) i;
CREATE INDEX factors_mm ON factors USING mmdb (a, b);
ANALYZE factors;
CREATE FUNCTION answers(query text, OUT by_index boolean, OUT rows bigint, OUT differences text) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	answer text[];
	by_sort text[];
BEGIN
	SET LOCAL enable_sort = off;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	by_index := plan::text ~ 'MMDB Scan';
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO answer;
	SET LOCAL enable_sort = on;
	SET LOCAL mmdb.enable_scan = off;
	EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO by_sort;
	SET LOCAL mmdb.enable_scan = on;
	rows := cardinality(by_sort);
	differences := differences(query, answer, by_sort);
END $$;
SELECT left(query, 60) AS query, t.* FROM unnest(ARRAY[
	'coalesce((a <+> 1) * CASE WHEN c IS NULL THEN NULL ELSE 2::float8 END, 7) AS d FROM factors ORDER BY 1 LIMIT 300',
	'(a <+> 5) * CASE WHEN c IS NULL THEN NULL ELSE 2.0::float8 END AS d FROM factors ORDER BY 1 LIMIT 1900',
	'(a <+> 5) * CASE WHEN c IS NULL THEN NULL ELSE 2.0::float8 END AS d FROM factors ORDER BY 1 NULLS FIRST LIMIT 400',
	'(coalesce(a <+> (SELECT NULL::integer), -5) + (b <+> 3)) * greatest(c, 1) AS d FROM factors ORDER BY 1 LIMIT 9',
	'(coalesce(a <+> (SELECT NULL::integer), 5) + (b <+> 3)) * greatest(c, 1) AS d FROM factors ORDER BY 1 LIMIT 9',
	mm_distance_sql('factors_mm', '{1,1}', ROW(5,3), missing => 'ignore')
		|| ' AS d FROM factors ORDER BY 1 NULLS FIRST LIMIT 50'
	]) query, answers('SELECT ' || query) t;

DROP TABLE odd, whole, empty, few, many, factors CASCADE;
DROP FUNCTION compare, compare_weights, answers;
