-- Pictures of examples/clipart: title (edit distance), keywords (Jaccard),
-- colours (L1), grey values (L2) and the logarithm of a size.  Some have no
-- keywords.

\i examples/clipart/load.sql
DROP INDEX clipart_mm;
ALTER TABLE clipart ADD bucket integer;
UPDATE clipart SET bucket = bench.bucket(id);
VACUUM FULL clipart;
CALL bench.build('clipart', 'title, keywords, colors mmvector_l1_ops, thumbnail, log_bytes');
VACUUM ANALYZE clipart;
