-- Fusion of ranked lists, the approximate alternative.
SELECT id, mm_rrf(rank), mm_rrf(rank, 2), mm_rrf(rank, 1, 0) AS with_k
FROM (VALUES (1, 1), (2, 2), (2, 1), (3, NULL)) list(id, rank) GROUP BY id ORDER BY 2 DESC;
SELECT id, mm_late_fusion(d, farthest), mm_late_fusion(d, farthest, 2)
FROM (VALUES (1, 1, 2), (2, 2, 2), (2, 1.5, 2), (3, NULL, 1), (4, 0, 0)) list(id, d, farthest) GROUP BY id
	ORDER BY 2 DESC;
SELECT mm_rrf(rank, NULL), mm_late_fusion(1, NULL) FROM (VALUES (1)) list(rank);
SELECT mm_rrf(rank), mm_late_fusion(rank, 1) FROM (VALUES (1)) list(rank) WHERE false;
SELECT mm_rrf(0);
SELECT mm_rrf(1, -1);
SELECT mm_rrf(1, 1, 'NaN');
SELECT mm_late_fusion(3, 2);
SELECT mm_late_fusion('NaN', 2);
SELECT mm_late_fusion(1, 'Infinity');
SELECT mm_late_fusion(1, 2, 'Infinity');

-- In parallel as in one process.
CREATE TABLE ranks AS SELECT i % 100 AS id, i % 7 + 1 AS rank FROM generate_series(1, 20000) i;
ALTER TABLE ranks SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT mm_rrf(rank) FROM ranks;
SELECT round(mm_rrf(rank)::numeric, 9) = round(sum(1.0 / (60 + rank)), 9) AS same FROM ranks;

-- What the two nearest by one distance alone miss: the nearest by the sum is in
-- no list.
CREATE TABLE places (id integer, a float8, b float8);
INSERT INTO places VALUES (1, 0, 9), (2, 1, 9), (3, 9, 0), (4, 9, 1), (5, 2, 2);
WITH by_a AS (SELECT id, row_number() OVER (ORDER BY a) AS rank FROM places ORDER BY a LIMIT 2),
	by_b AS (SELECT id, row_number() OVER (ORDER BY b) AS rank FROM places ORDER BY b LIMIT 2)
SELECT id, round(mm_rrf(rank)::numeric, 4) AS score FROM (SELECT * FROM by_a UNION ALL SELECT * FROM by_b) lists
GROUP BY id ORDER BY score DESC, id;
SELECT id FROM places ORDER BY (a <+> 0) + (b <+> 0) LIMIT 1;
DROP TABLE ranks, places;
