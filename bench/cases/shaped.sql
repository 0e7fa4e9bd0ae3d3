-- Shaped terms: the ten nearest players by sums whose terms are functions of scaled
-- distances, of the name's and the age's alone or of all seven columns', beside the plain
-- sum.  A function makes another distance: other rows are near, and a search reads more
-- or fewer leaves than that of the plain sum.  So this counts the work, too.

CREATE TABLE bench.shapes (
	n				integer GENERATED ALWAYS AS IDENTITY,
	shape			text,			-- of d, a scaled distance
	shaped			integer,		-- of so many terms
	statement		text
);

-- The statement for the ten nearest, with some columns' terms in a shape, or all.
CREATE FUNCTION bench.nearest_by_shape(set_name text, shape text, columns text[] DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT format('SELECT id, %s AS distance FROM %I ORDER BY distance LIMIT 10',
					  string_agg(CASE WHEN columns IS NULL OR column_name = ANY (columns)
								 THEN '(' || regexp_replace(shape, '\md\M', term, 'g') || ')' ELSE term END,
								 ' + ' ORDER BY column_number), set_name)
		FROM (SELECT column_name, column_number,
					 format('((%I OPERATOR(%s.%s) $%s) / %s)', column_name, nspname, oprname, column_number, scale) AS term
			  FROM mmdb.index_columns JOIN pg_operator o ON o.oid = operator JOIN pg_namespace s ON s.oid = oprnamespace
			  WHERE index_name = (set_name || '_mm')::regclass) t);

-- Shapes take turns, round by round; of each query, the best time counts.  Some answers
-- are compared with those of scans.
CREATE PROCEDURE bench.compare_shapes(set_name text, queries integer, few integer, rounds integer)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[] := bench.objects(set_name, queries);
	s bench.shapes;
	ms float8;
	ids bigint[];
	distances float8[];
	right_ids bigint[];
	right_distances float8[];
BEGIN
	FOR round IN 1 .. rounds LOOP
		FOR s IN SELECT * FROM bench.shapes ORDER BY n LOOP
			CALL bench.prepare('mmdb', s.statement);
			FOR nth IN 1 .. cardinality(objects) LOOP
				CALL bench.execute('mmdb', objects[nth], ms, ids, distances);
				INSERT INTO bench.runs AS r (benchmark, data, variant, x, side, query, ms, rows)
					VALUES ('shaped', set_name, s.shape, s.shaped, 'mmdb', nth, ms, cardinality(ids))
					ON CONFLICT ON CONSTRAINT runs_pkey DO UPDATE SET ms = least(r.ms, excluded.ms);
			END LOOP;
		END LOOP;
	END LOOP;
	FOR s IN SELECT * FROM bench.shapes ORDER BY n LOOP
		CALL bench.prepare('mmdb', s.statement);
		CALL bench.prepare('serial', s.statement);
		FOR nth IN 1 .. cardinality(objects) LOOP
			CALL bench.count_work('shaped', set_name, s.shape, s.shaped, nth, objects[nth]);
			CONTINUE WHEN nth > few;
			CALL bench.execute('mmdb', objects[nth], ms, ids, distances);
			CALL bench.execute('serial', objects[nth], ms, right_ids, right_distances);
			IF bench.digest(ids, distances) IS DISTINCT FROM bench.digest(right_ids, right_distances) THEN
				RAISE 'wrong answer: % of % terms, query %', s.shape, s.shaped, nth
					USING DETAIL = format('ids %s, distances %s', ids, distances), HINT = objects[nth];
			END IF;
		END LOOP;
	END LOOP;
END $$;

-- Medians, and how they compare with those of the plain sum: time, pages, and the time
-- for each leaf.
CREATE VIEW bench.shapes_summary AS
WITH medians AS (
	SELECT variant AS shape, x AS terms, min(r.n) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms,
		   percentile_disc(0.5) WITHIN GROUP (ORDER BY leaf_pages) AS leaves,
		   percentile_disc(0.5) WITHIN GROUP (ORDER BY bounded) AS bounded,
		   percentile_disc(0.5) WITHIN GROUP (ORDER BY verified) AS verified,
		   percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * ms / leaf_pages) AS us_per_leaf
	FROM bench.runs r JOIN bench.work USING (benchmark, data, variant, x, query)
	WHERE benchmark = 'shaped' GROUP BY variant, x)
SELECT m.shape, m.terms, bench.digits(m.ms, 3) AS ms, bench.digits(m.ms / plain.ms, 2) AS ratio,
	   m.leaves, bench.digits(m.leaves / plain.leaves::float8, 2) AS ratio_of_leaves, m.bounded, m.verified,
	   bench.digits(m.us_per_leaf, 2) AS us_per_leaf, bench.digits(m.us_per_leaf / plain.us_per_leaf, 2) AS ratio_per_leaf
FROM medians m, medians plain WHERE plain.terms = 0 ORDER BY m.n;

SELECT bench.have('players') AS have_players \gset
\if :have_players
	INSERT INTO bench.shapes (shape, shaped, statement) VALUES ('d', 0, bench.nearest_by_shape('players', 'd'));
	INSERT INTO bench.shapes (shape, shaped, statement)
		SELECT shape, cardinality(columns), bench.nearest_by_shape('players', shape, columns)
		FROM unnest('{"least(d, 1.5)","greatest(d, 0.1)",d ^ 2,sqrt(d),1 - exp(-d),ln(1 + d),d / (d + 1)}'::text[]) WITH ORDINALITY t(shape, n),
			 (SELECT '{name,age}'::text[] AS columns UNION ALL
			  SELECT array_agg(column_name) FROM mmdb.index_columns WHERE index_name = 'players_mm'::regclass) c
		ORDER BY n, cardinality(columns);
	CALL bench.compare_shapes('players', bench.queries(20), bench.queries(5), CASE WHEN bench.quick() THEN 3 ELSE 25 END);
	SELECT * FROM bench.shapes_summary;
\endif
