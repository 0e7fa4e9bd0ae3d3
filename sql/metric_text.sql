-- Edit distance.
SELECT 'kitten' <~> 'sitting' AS three, 'cozy' <~> 'cozy' AS same, '' <~> 'abc' AS empty, '' <~> '' AS both_empty;
SELECT 'a'::varchar <~> 'b' AS varchar, mm_edit_distance('abc', 'cba');
SELECT 'text' <~> NULL;

-- Characters, not bytes.
SELECT 'Zürich' <~> 'Zurich' AS umlaut, '日本語' <~> '日本' AS kanji, '👍🏽' <~> '👍' AS emoji, 'é' <~> E'e\u0301' AS combining,
	   'ÿ' <~> 'Ā' AS latin;

-- Any length: one word of bits, four, more than four, and very long.
SELECT repeat('ab', 32) <~> repeat('ba', 32) AS chars64, repeat('a', 65) <~> (repeat('a', 64) || 'b') AS chars65,
	   repeat('abc', 85) <~> repeat('acb', 85) AS chars255, repeat('x', 257) <~> '' AS chars257,
	   repeat('abcd', 2500) <~> repeat('abdc', 2500) AS chars10000,
	   (repeat('ä', 3000) || 'b') <~> repeat('ä', 3001) AS wide3000;

-- Against the classic dynamic program, on random strings of ASCII, accented,
-- Greek, CJK and emoji characters.
CREATE FUNCTION classic(a text, b text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	x text[] := regexp_split_to_array(a, '');
	y text[] := regexp_split_to_array(b, '');
	m integer := length(a);
	n integer := length(b);
	row integer[];
	diagonal integer;
	above integer;
	best integer;
BEGIN
	IF m = 0 OR n = 0 THEN RETURN m + n; END IF;
	row := ARRAY(SELECT generate_series(1, n));
	FOR i IN 1 .. m LOOP
		diagonal := i - 1;
		best := i;
		FOR j IN 1 .. n LOOP
			above := row[j];
			best := least(best + 1, above + 1, diagonal + (x[i] <> y[j])::integer);
			diagonal := above;
			row[j] := best;
		END LOOP;
	END LOOP;
	RETURN row[n];
END $$;
CREATE FUNCTION random_text(length integer, alphabet text) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(string_agg(substr(alphabet, 1 + (random() * length(alphabet))::integer % length(alphabet), 1),
							   ''), '')
	FROM generate_series(1, length)
$$;
SELECT setseed(0.25);
CREATE TABLE strings AS
	SELECT i, random_text((random() * n)::integer, alphabet) AS a, random_text((random() * n)::integer, other) AS b
	FROM (VALUES (5, 'ab', 'ab'), (12, 'abcdefghij', 'abcdefghij'), (12, 'aàáâ', 'aàxy'), (30, 'αβγδ', 'αβγδε'),
				 (80, '日本語漢字', '日本語かな'), (80, 'abc', 'abcd'), (140, 'aé日👍🎈', 'aé日👍🎉'),
				 (270, 'abcd', 'abce')) k(n, alphabet, other),
		 generate_series(1, 12) i;
-- near relatives: b is a with a piece taken out and one put in
INSERT INTO strings
	SELECT i, a, overlay(a PLACING 'xéy' FROM 1 + length(a) / 3 FOR length(a) / 8) FROM strings;
SELECT count(*) AS comparisons FROM strings;
SELECT a, b, a <~> b AS got, b <~> a AS reversed, classic(a, b) AS expected FROM strings
WHERE a <~> b <> classic(a, b) OR b <~> a <> a <~> b LIMIT 10;
-- one operand constant, as in a scan
SELECT * FROM (SELECT a, left(a, 90) <~> 'aé日👍🎈 abc' AS got, classic(left(a, 90), 'aé日👍🎈 abc') AS expected
			   FROM strings) s
WHERE got <> expected LIMIT 10;

-- Long strings, by a property: taking out n characters and putting in none
-- costs n.
SELECT bool_and(s <~> overlay(s PLACING '' FROM at FOR n) = n) AS removed
FROM (SELECT random_text(3000, 'abcdefghijklmnopqrstuvwxyzé') AS s, at, n
	  FROM (VALUES (1, 1), (1, 300), (700, 255), (700, 257), (2500, 501)) v(at, n) OFFSET 0) t;

-- What strings have in common at their ends costs nothing: the distance is that
-- of what is between, here at most as long as the shorter method takes.
CREATE TABLE ends AS
	SELECT i, random_text(p, alphabet) AS prefix, random_text(s, alphabet) AS suffix,
		   random_text((random() * n)::integer, alphabet) AS x, random_text((random() * n)::integer, other) AS y
	FROM (VALUES (0, 300, 200), (1, 255, 200), (64, 256, 5), (255, 1, 40), (256, 0, 200), (257, 257, 200),
		(600, 700, 250), (700, 0, 1)) k(p, s, n),
		 (VALUES ('abcd', 'abce'), ('aé日👍🎈', 'aé日👍🎉'), ('ab', '日')) a(alphabet, other), generate_series(1, 6) i;
SELECT count(*) AS comparisons FROM ends;
SELECT * FROM (SELECT *, (prefix || x || suffix) <~> (prefix || y || suffix) AS got, x <~> y AS expected FROM ends) e
WHERE got <> expected LIMIT 10;
SELECT e.*, q.s, (q.prefix || e.x || q.suffix) <~> q.s AS got, e.x <~> q.x AS expected
FROM (SELECT *, prefix || x || suffix AS s FROM ends WHERE length(prefix) = 257 AND length(x) > 0
	  ORDER BY length(x), x COLLATE "C" DESC LIMIT 1) q,
	 ends e
WHERE (q.prefix || e.x || q.suffix) <~> q.s <> e.x <~> q.x LIMIT 10;
-- equal ones of any length are compared in no time
SET statement_timeout = '1s';
SELECT s <~> s AS same, s <~> (s || 'x') AS longer, ('x' || s) <~> (s) AS begun
FROM (SELECT repeat('0123456789', 100000) AS s OFFSET 0) t;
RESET statement_timeout;

DROP TABLE strings, ends;
DROP FUNCTION classic, random_text;

-- A long comparison can be interrupted.
SET statement_timeout = '100ms';
SELECT repeat('ab', 500000) <~> repeat('cd', 500000);
RESET statement_timeout;
