-- Filters that 0.1 to 50 % of the players pass, against the plans without mmdb.  One
-- that has nothing to do with distance, and one that has: good players are alike.
-- Both columns have a B-tree.

DO $$
DECLARE
	percent float8;
	best integer;
	filter record;
BEGIN
	FOREACH percent IN ARRAY CASE WHEN bench.have('players') THEN '{0.1,1,10,50}' ELSE '{}' END::float8[] LOOP
		SELECT percentile_disc(1 - percent / 100) WITHIN GROUP (ORDER BY overall) INTO best FROM players;
		FOR filter IN SELECT * FROM (VALUES ('independent', format('bucket < %s', 10 * percent)),
									 ('correlated', format('overall >= %s', best))) v(name, condition)
		LOOP
			CALL bench.compare('filters', 'players', filter.name, percent,
				ARRAY[bench.nearest('players', NULL, 10, filter.condition)], bench.objects('players', bench.queries(40)),
				'{mmdb,serial,parallel,btree}', bench.queries(15));
		END LOOP;
	END LOOP;
END $$;
