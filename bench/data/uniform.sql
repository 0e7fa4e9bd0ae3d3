-- Vectors of 128 independent random numbers (L2): no structure to make use of.

SELECT setseed(0.5) \g /dev/null
CREATE TABLE uniform AS
	SELECT id, bench.bucket(id) AS bucket, ARRAY(SELECT random() FROM generate_series(1, 128) WHERE id > 0)::mmvector(128) AS v
	FROM generate_series(1, 200000) id;
VACUUM ANALYZE uniform;
CALL bench.build('uniform', 'v');
