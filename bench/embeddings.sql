-- Makes vectors such as machine learning makes, though they are random: they lie near
-- surfaces of far fewer dimensions than they have components.

-- A random number with mean 0 and variance 1; nearly normal.
CREATE FUNCTION bench.normal() RETURNS float8
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
RETURN 2 * (random() + random() + random() - 1.5);

CREATE FUNCTION bench.normals(components integer, size float8, seed integer) RETURNS mmvector
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
RETURN (SELECT array_agg(size * bench.normal()) FROM generate_series(1, components) WHERE seed > -1000000)::mmvector;

CREATE FUNCTION bench.times(v mmvector, factor float8) RETURNS mmvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN v * array_fill(factor::real, ARRAY[mm_dims(v)])::mmvector;

-- Directions to add up: so many for each class, and their center first.
CREATE TABLE bench.directions (set_name text, class integer, n integer, v mmvector);

CREATE PROCEDURE bench.make_embeddings(name text, number integer, components integer, classes integer, dimensions integer,
									   apart float8, noise float8)
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO bench.directions
		SELECT name, class, n, bench.normals(components, CASE WHEN n = 0 THEN apart ELSE 1 END, n)
		FROM generate_series(0, classes - 1) class, generate_series(0, dimensions) n;
	EXECUTE format('CREATE TABLE %1$I AS
		SELECT id, bench.bucket(id) AS bucket, bench.normals(%2$s, %5$s, id) +
			   (SELECT sum(bench.times(d.v, CASE WHEN d.n = 0 THEN 1 ELSE bench.normal() END)) FROM bench.directions d
				WHERE set_name = %1$L AND class = abs(id) %% %4$s) AS v
		FROM generate_series(-100, %3$s) id WHERE id <> 0', name, components, number, classes, noise);
	EXECUTE format('CREATE TABLE %I AS SELECT * FROM %I WHERE id < 0', name || '_objects', name);
	EXECUTE format('DELETE FROM %I WHERE id < 0', name);
	COMMIT;
	EXECUTE format('ANALYZE %I', name);
END $$;
