-- What pgvector does with values, and what the index does with them.
SET extra_float_digits = 1;

-- Distances are symmetric to the last bit, as mmdb asks (but those of sparsevec).
SELECT setseed(0.5);
CREATE TABLE pairs AS
SELECT (SELECT array_agg(random() - 0.5)::vector FROM generate_series(1, 333) WHERE i > 0) AS a,
	(SELECT array_agg(random() - 0.5)::vector FROM generate_series(1, 333) WHERE i > 0) AS b
FROM generate_series(1, 500) i;
SELECT count(*) FILTER (WHERE (a <-> b) <> (b <-> a)) AS l2, count(*) FILTER (WHERE (a <+> b) <> (b <+> a)) AS l1,
	count(*) FILTER (WHERE (a <=> b) <> (b <=> a)) AS cosine,
	count(*) FILTER (WHERE (a::halfvec <-> b::halfvec) <> (b::halfvec <-> a::halfvec)) AS half_l2,
	count(*) FILTER (WHERE (a::halfvec <+> b::halfvec) <> (b::halfvec <+> a::halfvec)) AS half_l1,
	count(*) FILTER (WHERE (a::halfvec <=> b::halfvec) <> (b::halfvec <=> a::halfvec)) AS half_cosine
FROM pairs;
DROP TABLE pairs;

-- Casts between the vectors of both extensions.
SELECT '[1,-2.5,3e-40]'::vector::mmvector, '[1,-2.5,3e-40]'::mmvector::vector;
SELECT count(*) FROM (SELECT array_agg(random())::vector AS v FROM generate_series(1, 3000)) s
WHERE v::mmvector::vector = v;
SELECT '[1,2]'::vector::mmvector(3);
SELECT '[1,2]'::mmvector::vector(3);
CREATE TABLE casts (v vector(2), m mmvector(2));
INSERT INTO casts SELECT '[1,2]'::mmvector, '[3,4]'::vector;
SELECT * FROM casts;
DROP TABLE casts;

-- Dimensions.
CREATE TABLE docs (id integer, v vector);
CREATE INDEX docs_mm ON docs USING mmdb (v);
INSERT INTO docs VALUES (1, '[1,2,3]'), (2, NULL), (3, '[1,2,4]');
INSERT INTO docs VALUES (4, '[1,2]');
SET enable_seqscan = off;
SELECT id FROM docs ORDER BY v <-> '[1,2]';
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY v <-> '[1,2,5]' LIMIT 2;
SELECT id, v <-> '[1,2,5]' AS distance FROM docs ORDER BY v <-> '[1,2,5]';
SELECT id, v <-> NULL AS distance FROM docs ORDER BY v <-> NULL, id;
RESET enable_seqscan;
DROP TABLE docs;

-- Cosine distances of a zero vector are NaN.  Such rows come after all others that
-- are not NULL.
CREATE TABLE docs (id integer, v vector(3), price integer);
INSERT INTO docs VALUES (1, '[1,0,0]', 1), (2, '[0,0,0]', 1), (3, NULL, 1), (4, '[0,1,0]', 2), (5, '[0,0,0]', 0);
INSERT INTO docs SELECT 10 + i, ARRAY[i, 1, i % 7], i FROM generate_series(1, 1000) i;
CREATE INDEX docs_mm ON docs USING mmdb (v vector_cosine_ops, price);
ANALYZE docs;
SELECT mmdb_index_check('docs_mm');
SET enable_seqscan = off;
SELECT v <=> '[1,0,0]' AS distance FROM docs WHERE id < 10 ORDER BY v <=> '[1,0,0]';
SELECT id, (v <=> '[1,0,0]') + (price <+> 0) AS distance FROM docs WHERE id < 10
ORDER BY (v <=> '[1,0,0]') + (price <+> 0), id;
SELECT id FROM docs WHERE id < 10 AND v <=> '[1,0,0]' < 0.5;
SELECT count(*), count(*) FILTER (WHERE distance = 'NaN') AS nan
FROM (SELECT v <=> '[0,0,0]' AS distance FROM docs ORDER BY v <=> '[0,0,0]') s;
SELECT (r.obj).id, round(r.distance::numeric, 5) AS distance
FROM odbknn(NULL::docs, ROW('[1,0,0]', 0), '{1,0}', 1, normalized => false) r;
-- They would come first in a similarity: the index is not used for that.
SELECT by_index('SELECT id FROM docs ORDER BY 1 - (v <=> ''[1,0,0]'') DESC LIMIT 3', 'MMDB Scan');
SELECT by_index('SELECT id FROM docs WHERE 1 - (v <=> ''[1,0,0]'') > 0.9', 'MMDB Scan');
EXPLAIN (COSTS OFF) SELECT id, 1 - (v <=> '[1,0,0]') AS similarity FROM docs ORDER BY v <=> '[1,0,0]' LIMIT 3;
SELECT * FROM mm_why_not('SELECT id FROM docs ORDER BY 1 - (v <=> ''[1,0,0]'') DESC LIMIT 3');
RESET enable_seqscan;
SELECT id, 1 - (v <=> '[1,0,0]') AS similarity FROM docs WHERE id < 10
ORDER BY 1 - (v <=> '[1,0,0]') DESC NULLS LAST, id;

-- Vectors whose cosine distances are not computed reliably are refused.
INSERT INTO docs VALUES (6, '[1e-20,0,0]', 1);
INSERT INTO docs VALUES (6, '[0,3e20,0]', 1);
SET enable_seqscan = off;
SELECT id FROM docs ORDER BY v <=> '[1e-20,0,0]' LIMIT 1;
RESET enable_seqscan;
DROP TABLE docs;

-- Two bit strings without ones are at Jaccard distance 1.
CREATE TABLE sets (id integer, b bit(4));
INSERT INTO sets VALUES (1, '0000'), (2, '0001'), (3, '0011'), (4, NULL);
INSERT INTO sets SELECT 10 + i, (1 + i % 15)::bit(4) FROM generate_series(1, 500) i;
CREATE INDEX sets_mm ON sets USING mmdb (b bit_vector_jaccard_ops);
SET enable_seqscan = off;
SELECT id, b <%> '0000' AS distance FROM sets WHERE id < 10 ORDER BY b <%> '0000', id;
SELECT id, b <%> '0001' AS distance FROM sets WHERE id < 10 ORDER BY b <%> '0001', id;
SELECT id FROM sets WHERE b <%> '00011' < 1;
RESET enable_seqscan;
SELECT mmdb_index_check('sets_mm');
DROP TABLE sets;

-- In a composite, each attribute has the default class of its type.  Workers of a
-- build know the metrics, too.
CREATE TYPE doc AS (v vector(5), h halfvec(5), title text);
CREATE TABLE docs (id integer, doc doc);
INSERT INTO docs SELECT i, ROW(ARRAY[i % 7, i % 11, i % 13, 1, i / 2000.0]::vector,
	ARRAY[1, i % 17, i % 5, i % 3, 2]::vector, 'doc ' || i % 90)::doc FROM generate_series(1, 3000) i;
SET min_parallel_table_scan_size = 0;
CREATE INDEX docs_mm ON docs USING mmdb (doc);
RESET min_parallel_table_scan_size;
SELECT mmdb_index_check('docs_mm');
SELECT column_name, metric FROM mmdb.index_columns WHERE index_name = 'docs_mm'::regclass;
SELECT difference(replace('SELECT :d AS d FROM docs ORDER BY :d LIMIT 30', ':d',
	$$doc <-> odbquery(ROW('[3,4,5,1,1]', '[1,2,3,2,2]', 'doc 7')::doc, '{1,0.5,0.1}')$$));
DROP TABLE docs;
DROP TYPE doc;

-- Expressions.
CREATE TABLE docs (id integer, v vector(40), s sparsevec(40));
SELECT setseed(0.7);
INSERT INTO docs SELECT i, v, v::sparsevec FROM (
	SELECT i, (SELECT array_agg(greatest(random() - 0.5, 0))::vector FROM generate_series(1, 40) WHERE i > 0) AS v
	FROM generate_series(1, 1000) i) s;
CREATE INDEX docs_half_mm ON docs USING mmdb ((v::halfvec(40)), (s::vector(40)) vector_cosine_ops,
	(binary_quantize(v)::bit(40)) bit_vector_hamming_ops);
ANALYZE docs;
SELECT difference(replace('SELECT :sum AS d FROM docs ORDER BY :sum LIMIT 20', ':sum',
	'(v::halfvec(40) <-> (SELECT v::halfvec(40) FROM docs WHERE id = 5))
	 + (s::vector(40) <=> (SELECT v FROM docs WHERE id = 6))
	 + 0.1 * (binary_quantize(v)::bit(40) <~> (SELECT binary_quantize(v)::bit(40) FROM docs WHERE id = 7))'));
DROP TABLE docs;
