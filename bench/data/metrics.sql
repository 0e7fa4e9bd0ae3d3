-- Random values in the manner of OneDB's synthetic data: a place, a word, a vector, and
-- numbers; as many metrics as an index may have.

CREATE TABLE metrics AS
	SELECT id, bench.bucket(id) AS bucket, point(360 * bench.chance(id, 1) - 180, 180 * bench.chance(id, 2) - 90) AS place,
		   substr(md5(id::text), 1, 3 + (8 * bench.chance(id, 3))::integer) AS word,
		   ARRAY(SELECT bench.chance(id, 100 + i) FROM generate_series(1, 16) i)::mmvector(16) AS figure
	FROM generate_series(1, CASE WHEN bench.quick() THEN 500 ELSE 20000 END) id;
SELECT format('ALTER TABLE metrics %s', string_agg(format('ADD n%s float8', i), ', ')) FROM generate_series(1, 29) i \gexec
SELECT format('UPDATE metrics SET %s', string_agg(format('n%s = bench.chance(id, %s)', i, 200 + i), ', ')) FROM generate_series(1, 29) i \gexec
VACUUM FULL metrics;
VACUUM ANALYZE metrics;
SELECT 'place, word, figure, ' || string_agg('n' || i, ', ' ORDER BY i) AS columns FROM generate_series(1, 29) i \gset
CALL bench.build('metrics', :'columns');
