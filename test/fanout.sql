-- Random searches of a distributed table, flats, and of one plain table with the
-- same rows, one_table.  Their answers must have the same distances, to the bit.
--
-- Most answers have some 50 rows at most, as answers of the whole table take long: a
-- search without a LIMIT is read by a cursor that stops, and a radius is the distance of
-- one of the nearest rows.  One search in fifty is not limited like that.

CREATE FUNCTION pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;

-- A weight, often 0.
CREATE FUNCTION random_weight() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT pick('0', '1', '0.001', '100', round((random() * 10)::numeric, 3)::text)
$$;

CREATE FUNCTION random_vector() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT format('[%s,%s,%s]', random(), random(), random())
$$;

-- A distance of a column, with what it counts for NULL, if that is said.
CREATE FUNCTION random_term() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	distance text := pick(
		format('(price <+> %s) / 200', round((random() * 1000)::numeric, 2)),
		format('(place <-> %L)', point(random(), random())),
		format('(name <~> %L)', left(md5(random()::text), 5)),
		format('(tags <&> %L)', ARRAY[chr(65 + (random() * 5)::integer), chr(65 + (random() * 5)::integer)]),
		format('(v <-> %L::mmvector)', random_vector()));
BEGIN
	IF random() < 0.5 THEN
		distance := format('COALESCE(%s, %s)', distance, round(random()::numeric, 2));
	END IF;
	RETURN format('%s::double precision * %s', random_weight(), distance);
END $$;

CREATE FUNCTION random_sum() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(random_term(), ' + ') FROM generate_series(1, 1 + floor(random() * 4)::integer)
$$;

-- Conditions, some of which servers can check, and some not.
CREATE FUNCTION random_filter() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT pick('true', 'true', 'true', 'id % 3 = 1', 'price < 300', 'name < ''8''', 'tags && ''{A}''',
				'id IN (1, 2, 3, 500)', 'price IS NOT NULL AND id > 100', 'here(id)', 'name COLLATE "C" < ''8''',
				'id::regclass IS NOT NULL', 'price <+> 500 <= 100', 'false')
$$;

-- This function is not on the servers.
CREATE FUNCTION here(integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 % 5 <> 0';

-- A radius: the distance of one of the nearest rows, as a query has them, or another one.
CREATE FUNCTION random_radius(distances text, another float8) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result float8;
BEGIN
	IF random() < 0.9 THEN
		EXECUTE format('SELECT d FROM (%s) s (d) OFFSET %s', distances, floor(random() * 20)) INTO result;
	END IF;
	RETURN coalesce(result, another);
END $$;

-- A search whose first column is the distance, with {t} in place of the table; with few,
-- one whose answer is small, or of which a few rows are to be read, as it is unlimited.
CREATE FUNCTION random_search(few boolean, OUT search text, OUT unlimited boolean) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	kind integer := floor(random() * 8);
	sum text := random_sum();
	columns text := pick('id', 'id, name, tags', 'f', 'f.*', 'NULL');
	k text := CASE WHEN few THEN pick('1', '2', '10', '50') ELSE '5000' END;
	weights text := format('{%s,%s,%s,%s,1}', random_weight(), random_weight(), random_weight(), random_weight());
	object text := format('ROW(%L::point, %s::float8, %L, %L::text[], %L::mmvector)', point(random(), random()),
		round((random() * 1000)::numeric, 2), left(md5(random()::text), 5), ARRAY[chr(65 + (random() * 5)::integer)],
		random_vector());
	missing text := pick('penalty', 'ignore', 'exclude');
	filter text := pick('NULL', 'NULL', '''price < 500''', '''id % 2 = 0''', '''here(id)''');
	radius float8 := random() * CASE WHEN few THEN 3 ELSE 20 END;
BEGIN
	IF few AND kind = 1 THEN
		radius := random_radius(format('SELECT distance FROM odbknn(NULL::one_table, %s, %L, 20, missing => %L)',
									   object, weights, missing), radius);
	ELSIF few AND kind = 4 THEN
		radius := random_radius(format('SELECT %s AS d FROM one_table f ORDER BY d LIMIT 20', sum), radius);
	END IF;
	unlimited := kind = 3;
	search := CASE kind
		WHEN 0 THEN format('SELECT distance AS d, parts FROM odbknn(NULL::{t}, %s, %L, %s,
						   missing => %L, filter => %s)', object, weights, k, missing, filter)
		WHEN 1 THEN format('SELECT distance AS d, parts FROM odbrange(NULL::{t}, %s, %L, %s,
						   missing => %L, filter => %s)', object, weights, radius, missing, filter)
		WHEN 2 THEN format('SELECT %s AS d, %s FROM {t} f WHERE %s ORDER BY d LIMIT %s OFFSET %s', sum, columns,
						   random_filter(), k, pick('0', '1', '10'))
		WHEN 3 THEN format('SELECT %s AS d, %s FROM {t} f WHERE %s ORDER BY d', sum, columns, random_filter())
		WHEN 4 THEN format('SELECT %s AS d, %s FROM {t} f WHERE %s <= %s AND %s ORDER BY 1', sum, columns, sum,
						   radius, random_filter())
		WHEN 5 THEN format('SELECT 1 - (%s) AS d, %s FROM {t} f WHERE %s ORDER BY d DESC %s LIMIT %s', sum, columns,
						   random_filter(), pick('', 'NULLS LAST'), k)
		WHEN 6 THEN format('SELECT %s AS d, %s FROM {t} f ORDER BY d NULLS FIRST LIMIT %s', sum, columns, k)
		ELSE format('SELECT %s AS d, %s FROM {t} f WHERE %s ORDER BY d LIMIT %s', sum, columns, random_filter(), k)
	END;
END $$;

-- The distances of an answer, in order, bit by bit.
CREATE FUNCTION distances(search text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	result text[];
BEGIN
	EXECUTE format('SELECT array_agg(coalesce(encode(float8send(d), ''hex''), ''null'')) FROM (%s) s', search)
		INTO result;
	RETURN result;
END $$;

-- The same of the first n rows, or all if n is NULL, fetched by a cursor one by one.
CREATE FUNCTION distances_by_cursor(search text, n integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	r record;
	result text[];
BEGIN
	OPEN c FOR EXECUTE search;
	WHILE n IS NULL OR coalesce(cardinality(result), 0) < n LOOP
		FETCH c INTO r;
		EXIT WHEN NOT FOUND;
		result := result || coalesce(encode(float8send(r.d), 'hex'), 'null');
	END LOOP;
	CLOSE c;
	RETURN result;
END $$;

-- Searches with other answers.
CREATE FUNCTION differences(n integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	few boolean;
	s record;
	most integer;
	expected text[];
	found text[];
BEGIN
	FOR i IN 1 .. n LOOP
		few := random() >= 0.02;
		s := random_search(few);
		most := CASE WHEN few AND s.unlimited THEN 1 + floor(random() * 50) END;
		expected := distances(replace(s.search, '{t}', 'one_table') || coalesce(' LIMIT ' || most, ''));
		found := CASE WHEN i % 4 = 0 OR most IS NOT NULL
					  THEN distances_by_cursor(replace(s.search, '{t}', 'flats'), most)
					  ELSE distances(replace(s.search, '{t}', 'flats')) END;
		IF expected IS DISTINCT FROM found THEN
			RETURN NEXT format('%s: %s, not %s', s.search, found, expected);
		END IF;
	END LOOP;
END $$;

-- The same searches, prepared: each is run often enough to get a generic plan.
CREATE FUNCTION prepared_differences(n integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	a text[];
	b text[];
	p point;
	x float8;
	w float8;
BEGIN
	FOR i IN 1 .. n LOOP
		p := point(random(), random());
		x := random() * 1000;
		w := floor(random() * 3);
		SELECT array_agg(float8send(d)::text) INTO a
			FROM (SELECT w * (place <-> p) + COALESCE(price <+> x, 100) / 200 AS d
				  FROM one_table WHERE id <> i ORDER BY d LIMIT 5) s;
		SELECT array_agg(float8send(d)::text) INTO b
			FROM (SELECT w * (place <-> p) + COALESCE(price <+> x, 100) / 200 AS d
				  FROM flats WHERE id <> i ORDER BY d LIMIT 5) s;
		IF a IS DISTINCT FROM b THEN
			RETURN NEXT format('%s %s %s: %s, not %s', p, x, w, b, a);
		END IF;
	END LOOP;
END $$;
