-- Fusion of ranked lists, the approximate alternative: of the ten nearest by the
-- weighted sum, how many are among the first ten that mm_rrf or mm_late_fusion
-- makes of each column's own nearest.  All weights are 1, distances normalized.

CREATE TABLE bench.fusion (
	data			text,
	candidates		integer,		-- of each column
	query			integer,
	method			text,
	recall			float8
);

-- Each column's nearest with their ranks and distances, in one list.
CREATE FUNCTION bench.ranked_lists(set_name text, candidates integer) RETURNS text
LANGUAGE sql STABLE PARALLEL RESTRICTED
RETURN (SELECT string_agg(format('(SELECT id, row_number() OVER (ORDER BY d) AS rank, d, max(d) OVER () AS farthest
			FROM (SELECT id, %I OPERATOR(%s) $%s AS d FROM %I ORDER BY d LIMIT %s) nearest)',
			column_name, substring(operator::regoper::text FROM '\S+'), column_number, set_name, candidates), ' UNION ALL ')
		FROM mmdb.index_columns WHERE index_name = (set_name || '_mm')::regclass);

CREATE PROCEDURE bench.fuse(set_name text, sizes integer[], queries integer)
LANGUAGE plpgsql AS $$
DECLARE
	objects text[] := bench.objects(set_name, queries);
	nearest integer[];
	size integer;
BEGIN
	EXECUTE 'PREPARE nearest AS ' || bench.nearest(set_name);
	FOREACH size IN ARRAY sizes LOOP
		EXECUTE format('PREPARE fused AS SELECT id, mm_rrf(rank) AS rrf, mm_late_fusion(d, farthest) AS late FROM (%s) lists GROUP BY id',
					   bench.ranked_lists(set_name, size));
		FOR nth IN 1 .. cardinality(objects) LOOP
			EXECUTE format('CREATE TEMP TABLE answer AS EXECUTE nearest(%s)', objects[nth]);
			EXECUTE format('CREATE TEMP TABLE fused AS EXECUTE fused(%s)', objects[nth]);
			INSERT INTO bench.fusion SELECT set_name, size, nth, 'mm_rrf',
				(SELECT count(*) FROM (SELECT id FROM fused ORDER BY rrf DESC, id LIMIT 10) f JOIN answer USING (id)) / 10.0;
			INSERT INTO bench.fusion SELECT set_name, size, nth, 'mm_late_fusion',
				(SELECT count(*) FROM (SELECT id FROM fused ORDER BY late DESC, id LIMIT 10) f JOIN answer USING (id)) / 10.0;
			DROP TABLE answer, fused;
		END LOOP;
		DEALLOCATE fused;
	END LOOP;
	DEALLOCATE nearest;
END $$;

DO $$
DECLARE
	set_name text;
BEGIN
	FOR set_name IN SELECT name FROM bench.sets WHERE name IN ('clipart', 'apartments', 'players') ORDER BY n LOOP
		CALL bench.fuse(set_name, '{10,100,1000}', bench.queries(30));
	END LOOP;
END $$;

\echo 'Recall of the ten nearest, by lists of so many candidates of each column:'
CREATE VIEW bench.fusion_summary AS
SELECT data, candidates, method, count(*) AS queries, bench.digits(avg(recall), 3) AS recall
FROM bench.fusion GROUP BY data, candidates, method;
SELECT * FROM bench.fusion_summary ORDER BY data, method DESC, candidates;
\copy (SELECT * FROM bench.fusion_summary ORDER BY data, method DESC, candidates) TO PROGRAM 'cat >"$RESULTS/fusion.csv"' WITH (FORMAT csv, HEADER)
