-- Learned weights do not depend on plans: the same examples and seed give the
-- same weights, to the last digit, whatever finds the rows.
SET client_min_messages = error;
SET jit = off;				-- costs of plans that are turned off would have all compiled
-- Numbers from 0 to 1 that look random.
CREATE FUNCTION chance(integer, integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS
	$$ SELECT (hashint8($1::bigint * 1000003 + $2) & 1048575) / 1048576.0 $$;

-- Most rows are equally far from many others.
CREATE TABLE goods (id integer PRIMARY KEY, kind integer, stars integer, brand text, price float8);
INSERT INTO goods SELECT i, chance(i, 1) * 6, chance(i, 2) * 5, 'b' || (chance(i, 3) * 9)::integer,
	round(100 * chance(i, 4)::numeric, 1)
	FROM generate_series(1, 2000) i;
CREATE INDEX goods_mm ON goods USING mmdb (kind int4_discrete_ops, stars, brand, price);
ANALYZE goods;
CREATE TABLE examples AS
	SELECT q.id AS key, ARRAY(SELECT g.id FROM goods g WHERE g.kind = q.kind AND g.id <> q.id
							  ORDER BY abs(g.stars - q.stars) + 0.3 * abs(g.price - q.price), g.id LIMIT 12) AS relevant
	FROM goods q WHERE q.id % 200 = 7;
CREATE FUNCTION learned(examples text, negatives text DEFAULT 'hard') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	l record;
BEGIN
	SELECT * INTO l FROM mm_learn_weights('goods_mm', examples, negatives => learned.negatives, bootstrap => 10);
	RETURN concat_ws(' ', l.weights, l.lower, l.upper, l.recall, l.heldout_recall, l.loss, l.iterations,
					 mm_refine_weights('goods_mm', NULL, 7, '{207,407}'));
END $$;

CREATE TABLE outcomes AS SELECT negatives, learned('TABLE examples', negatives) AS learned
	FROM (VALUES ('hard'), ('random')) n(negatives);
CREATE VIEW same_outcomes AS
	SELECT count(*) AS outcomes, differences('learned', array_agg(learned('TABLE examples', negatives)),
											 array_agg(learned))
	FROM outcomes;
DISCARD PLANS; TABLE same_outcomes;
SET mmdb.enable_scan = off;
DISCARD PLANS; TABLE same_outcomes;
SET enable_indexscan = off;
DISCARD PLANS; TABLE same_outcomes;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
DISCARD PLANS; TABLE same_outcomes;
RESET mmdb.enable_scan;
RESET enable_indexscan;
SET enable_seqscan = off;
DISCARD PLANS; TABLE same_outcomes;
SET enable_sort = off;
DISCARD PLANS; TABLE same_outcomes;
SET enable_incremental_sort = off;
DISCARD PLANS; TABLE same_outcomes;
RESET enable_seqscan;
RESET enable_sort;
RESET enable_incremental_sort;
CREATE INDEX more_goods ON goods USING mmdb (price, brand);
CREATE INDEX ON goods (stars);
DISCARD PLANS; TABLE same_outcomes;

-- Nor on the order of examples, and of their rows.
SELECT count(*) AS outcomes,
	   differences('learned', array_agg(learned('SELECT key, ARRAY(SELECT unnest(relevant) ORDER BY 1 DESC)
												 FROM examples ORDER BY key % 7, key', negatives)), array_agg(learned))
FROM outcomes;
SELECT learned = learned('SELECT key, relevant FROM examples WHERE key <> 7') AS other FROM outcomes
	WHERE negatives = 'hard';

-- Nor, with hard negatives, on where rows are stored.
UPDATE goods SET price = price WHERE id % 3 = 0;
UPDATE goods SET price = price WHERE id % 2 = 0;
SELECT count(*) AS outcomes, differences('learned', array_agg(learned('TABLE examples')), array_agg(learned))
FROM outcomes WHERE negatives = 'hard';

DROP TABLE goods, examples, outcomes CASCADE;
DROP FUNCTION chance, learned;
