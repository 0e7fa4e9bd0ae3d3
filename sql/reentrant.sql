-- Functions that an index calls, in its expressions and predicate and as metrics,
-- may change the index's own table.  No row is lost, whatever the index is doing
-- then; while it is being built, that is an error.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SEQUENCE calls;
CREATE TABLE notes (id serial, a integer, b text) WITH (autovacuum_enabled = off);
-- in the call with this number, and in no other, insert rows
CREATE FUNCTION echo() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF nextval('public.calls') = current_setting('test.echo_at')::bigint THEN
		INSERT INTO public.notes (a, b) SELECT -i, 'echo ' || i
			FROM generate_series(1, current_setting('test.echoes')::integer) i;
	END IF;
	RETURN true;
END $$;
CREATE FUNCTION expression(a integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.echo();
	RETURN a; END $$;
CREATE FUNCTION predicate(a integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.echo();
	END $$;
CREATE FUNCTION apart(a integer, b integer) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.echo();
	RETURN abs(a::float8 - b); END $$;
CREATE OPERATOR <#> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = apart, COMMUTATOR = <#>);
CREATE OPERATOR CLASS apart_ops FOR TYPE integer USING mmdb AS OPERATOR 1 <#> (integer, integer)
	FOR ORDER BY float_ops, FUNCTION 1 apart(integer, integer);
SET test.echo_at = 0;
SET test.echoes = 1;

-- Run a statement: how many calls does it make?  Then again and again, each time
-- with an echo in another of them.  Are the rows that a search finds those of the table?
CREATE PROCEDURE try_echoes(prepare text, statement text, tries integer, INOUT rows bigint DEFAULT 0,
	INOUT differences text DEFAULT NULL, INOUT trained boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
	number_of_calls bigint;
	found text[];
	stored text[];
BEGIN
	FOR try IN 0 .. tries
	LOOP
		PERFORM set_config('test.echo_at', '0', false);
		TRUNCATE notes;
		EXECUTE prepare;
		PERFORM setval('calls', 1, false);
		PERFORM set_config('test.echo_at', CASE WHEN try > 0 THEN number_of_calls * try / tries ELSE 0 END::text,
			false);
		EXECUTE statement;
		IF try = 0 THEN
			number_of_calls := currval('calls') - 1;
		END IF;
		PERFORM set_config('test.echo_at', '0', false);
		PERFORM mmdb_index_check('notes_mm');
		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
		EXECUTE 'SELECT array_agg(DISTINCT id) FROM (SELECT id FROM notes ORDER BY b <~> ''echo'') s' INTO found;
		SELECT array_agg(id ORDER BY id) INTO stored FROM notes;
		rows := rows + cardinality(stored);
		differences := concat_ws(E'\n', differences, differences('try ' || try, found, stored));
		trained := trained AND (SELECT s.trained FROM mmdb_index_stats('notes_mm') s);
		IF try > 0 AND NOT EXISTS (SELECT FROM notes WHERE b LIKE 'echo%') THEN
			RAISE 'no echo in call %', number_of_calls * try / tries;
		END IF;
	END LOOP;
END $$;

-- the insertion that makes the index train
CREATE INDEX notes_mm ON notes USING mmdb ((expression(a)), b);
CALL try_echoes('INSERT INTO notes (a, b) SELECT i, ''note '' || i FROM generate_series(1, 256) i',
	'INSERT INTO notes (a, b) VALUES (257, ''note 257'')', 12);
SET test.echoes = 300;
CALL try_echoes('INSERT INTO notes (a, b) SELECT i, ''note '' || i FROM generate_series(1, 256) i',
	'INSERT INTO notes (a, b) VALUES (257, ''note 257'')', 4);
-- of one that was rolled back, training only removes the rows
SET test.echoes = 1;
CALL try_echoes($$DO $d$ BEGIN INSERT INTO notes (a, b) SELECT i, 'note ' || i FROM generate_series(1, 240) i;
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN INSERT INTO notes (a, b) SELECT i, 'note ' || i FROM generate_series(1, 16) i;
	END $d$ $$,
	'INSERT INTO notes (a, b) VALUES (257, ''note 257'')', 6);
DROP INDEX notes_mm;
CREATE INDEX notes_mm ON notes USING mmdb (a apart_ops, b);
CALL try_echoes('INSERT INTO notes (a, b) SELECT i, ''note '' || i FROM generate_series(1, 256) i',
	'INSERT INTO notes (a, b) VALUES (257, ''note 257'')', 12);
DROP INDEX notes_mm;
-- at every call, for some rows or for all: training must come to an end
CREATE TABLE entries (a float8) WITH (autovacuum_enabled = off);
CREATE FUNCTION audit(x float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF x >= current_setting('test.audit_from')::float8 THEN
		INSERT INTO public.entries SELECT -x FROM generate_series(1, current_setting('test.audits')::integer);
	END IF;
END $$;
CREATE FUNCTION audited(x float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.audit(x); RETURN x; END $$;
CREATE INDEX entries_mm ON entries USING mmdb ((audited(a)));
SET test.audits = 1;
SET test.audit_from = 200;
INSERT INTO entries SELECT i FROM generate_series(1, 200) i;
INSERT INTO entries SELECT i FROM generate_series(1, 100) i;
SELECT trained, entries FROM mmdb_index_stats('entries_mm');
SELECT mmdb_index_check('entries_mm');
-- for all rows, two each, or one: more than there is room for, or not
TRUNCATE entries;
SET test.audit_from = 1000;
INSERT INTO entries SELECT 1 FROM generate_series(1, 256) i;
SET test.audit_from = 1;
SET test.audits = 2;
INSERT INTO entries VALUES (1);
SELECT trained, entries FROM mmdb_index_stats('entries_mm');
VACUUM entries;
SET test.audits = 1;
INSERT INTO entries VALUES (1);
SELECT trained, entries FROM mmdb_index_stats('entries_mm');
SET test.audit_from = 1000;
SELECT mmdb_index_check('entries_mm');
SELECT count(*) FROM (SELECT FROM entries ORDER BY audited(a) <+> 0) s;
DROP TABLE entries;
DROP FUNCTION audited, audit;
CREATE INDEX notes_mm ON notes USING mmdb (a, b) WHERE predicate(a);
INSERT INTO notes (a, b) SELECT i, 'note ' || i FROM generate_series(1, 256) i;
SELECT setval('calls', 1, false);
SET test.echo_at = 1;
INSERT INTO notes (a, b) VALUES (257, 'note 257');
SET test.echo_at = 0;
SELECT count(*), mmdb_index_check('notes_mm') FROM notes;
DROP INDEX notes_mm;

-- insertions of many rows, by which nodes are split
CREATE INDEX notes_mm ON notes USING mmdb ((expression(a)), b) WITH (fillfactor = 10);
CALL try_echoes('INSERT INTO notes (a, b) SELECT i, ''note '' || i FROM generate_series(1, 600) i',
	'INSERT INTO notes (a, b) SELECT i, ''note '' || i FROM generate_series(1, 100) i', 12);

-- the check, and VACUUM as it measures the table of an index made before its rows
TRUNCATE notes;
INSERT INTO notes (a, b) SELECT i, 'note ' || i FROM generate_series(1, 500) i;
SELECT setval('calls', 1, false);
SET test.echo_at = 20;
SELECT mmdb_index_check('notes_mm');
SET test.echo_at = 700;
ANALYZE notes;
SELECT setval('calls', 1, false);
SET test.echo_at = 20;
VACUUM notes;
SET test.echo_at = 0;
SELECT count(*) FILTER (WHERE b LIKE 'echo%') > 0 AS echoes, mmdb_index_check('notes_mm') FROM notes;

-- a search, by a metric
DROP INDEX notes_mm;
CREATE INDEX notes_mm ON notes USING mmdb (a apart_ops, b);
SELECT setval('calls', 1, false);
SET test.echo_at = 20;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(DISTINCT id) - (SELECT count(*) FROM notes) AS more FROM (SELECT id FROM notes ORDER BY a <#> 20) s;
SET test.echo_at = 0;
SELECT count(DISTINCT id) - (SELECT count(*) FROM notes) AS more, mmdb_index_check('notes_mm')
	FROM (SELECT id FROM notes ORDER BY a <#> 20) s;
DROP INDEX notes_mm;

-- an index that is being built: in the first scan of the table, and in the second
\set VERBOSITY sqlstate
SELECT setval('calls', 1, false);
SET test.echo_at = 20;
CREATE INDEX notes_mm ON notes USING mmdb ((expression(a)), b);
SELECT setval('calls', 1, false), set_config('test.echo_at', (count(*) + 20)::text, false) IS NOT NULL AS set
	FROM notes;
CREATE INDEX notes_mm ON notes USING mmdb ((expression(a)), b);
\set VERBOSITY default
SET test.echo_at = 0;
CREATE INDEX notes_mm ON notes USING mmdb ((expression(a)), b);
SELECT setval('calls', 1, false);
SET test.echo_at = 20;
REINDEX INDEX notes_mm;
SET test.echo_at = 0;
SELECT mmdb_index_check('notes_mm');
-- and a search meanwhile, which would find nothing
CREATE FUNCTION nearest(a integer) RETURNS integer
	LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT n.a FROM public.notes n
	ORDER BY n.b OPERATOR(public.<~>) 'note' LIMIT 1); END $$;
CREATE INDEX notes_nearest ON notes USING mmdb ((nearest(a)), b);
SELECT count(*) FROM pg_class WHERE relname = 'notes_nearest';
-- built concurrently, it is not yet anybody's; then it gets what it has missed
DROP INDEX notes_mm;
SELECT setval('calls', 1, false), set_config('test.echo_at', (count(*) + 20)::text, false) IS NOT NULL AS set
	FROM notes;
CREATE INDEX CONCURRENTLY notes_mm ON notes USING mmdb ((expression(a)), b);
SET test.echo_at = 0;
SELECT mmdb_index_check('notes_mm');
DROP TABLE notes;
DROP PROCEDURE try_echoes;
DROP OPERATOR CLASS apart_ops USING mmdb;
DROP OPERATOR FAMILY apart_ops USING mmdb;
DROP OPERATOR <#> (integer, integer);
DROP FUNCTION apart, predicate, expression, echo, nearest;
DROP SEQUENCE calls;
