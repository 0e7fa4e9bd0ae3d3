-- Vectors in clusters (L2): 100,000 of 16 components in 40 clusters, and 30,000 of 768
-- in 200.  Of the latter, one in twenty is nearly the same as another.

SELECT setseed(0.5) \g /dev/null
CREATE FUNCTION bench.noise(dimensions integer, size float8, seed integer) RETURNS mmvector
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
RETURN (SELECT array_agg(size * (random() + random() + random() - 1.5)) FROM generate_series(1, dimensions) WHERE seed > 0)::mmvector;

CREATE TABLE clusters AS
	WITH centers AS MATERIALIZED (SELECT c, bench.noise(16, 4, c) AS v FROM generate_series(1, 40) c)
	SELECT id, bench.bucket(id) AS bucket, v + bench.noise(16, 0.25, id) AS v
	FROM generate_series(1, 100000) id JOIN centers ON c = 1 + id % 40 ORDER BY id;
VACUUM ANALYZE clusters;
CALL bench.build('clusters', 'v');

CREATE TABLE vectors AS
	WITH centers AS MATERIALIZED (SELECT c, bench.noise(768, 0.1, c) AS v FROM generate_series(1, 200) c)
	SELECT id, bench.bucket(id) AS bucket, v + bench.noise(768, 0.05, id) AS v
	FROM generate_series(1, 30000) id JOIN centers ON c = 1 + id % 200 ORDER BY id;
UPDATE vectors SET v = near.v + bench.noise(768, 0.001, vectors.id) FROM vectors near
	WHERE vectors.id % 20 = 0 AND near.id = vectors.id - 7;
VACUUM FULL ANALYZE vectors;
CALL bench.build('vectors', 'v');
