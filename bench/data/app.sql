-- An app's table, made up: 50,000 things with an embedding of 384 components (L2; 20
-- kinds of things, of 15 dimensions each), a title of three words (edit distance; the
-- first tells the kind) and a place (L2; near one of 40 towns).
--
-- The 100 query objects are made in the same way, with an error in each title, and
-- are not in the table.

SELECT setseed(0.5) \g /dev/null
CREATE FUNCTION bench.word(n integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg((ARRAY['ba','ke','li','mo','nu','par','ste','tri','vo','zan','fle','gro'])[1 + (n / divisor) % 12], '')
		FROM unnest(CASE WHEN n % 3 = 0 THEN ARRAY[1, 12] ELSE ARRAY[1, 12, 5] END) divisor);

CALL bench.make_embeddings('app', 50000, 384, 20, 15, 1, 0.3);
CREATE TABLE bench.towns AS SELECT n, point(100 * random(), 100 * random()) AS at FROM generate_series(0, 39) n;
CREATE PROCEDURE bench.furnish(name text, differ boolean)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %I ADD title text, ADD place point', name);
	EXECUTE format('UPDATE %I SET title = bench.word(7 * (abs(id) %% 20)) || '' '' || bench.word((random() * 500)::integer) ||
					'' '' || bench.word((random() * 500)::integer),
		place = at + point(bench.normal(), bench.normal()) FROM bench.towns WHERE n = hashint4(id) & 31', name);
	IF differ THEN
		EXECUTE format('UPDATE %I SET title = overlay(title PLACING ''x'' FROM 2 + abs(id) %% 6 FOR 1)', name);
	END IF;
END $$;
CALL bench.furnish('app', false);
CALL bench.furnish('app_objects', true);
VACUUM FULL app;
ANALYZE app;
CALL bench.build('app', 'v, title, place');
