-- What is said of the comparisons.

-- Each side's times, and how many times as long they are as mmdb's: of the
-- queries that both ran.
CREATE VIEW bench.summary AS
SELECT r.benchmark, r.data, r.variant, r.x, r.side, count(*) AS queries,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms), 3) AS median_ms,
	   bench.digits(percentile_cont(0.95) WITHIN GROUP (ORDER BY r.ms), 3) AS p95_ms,
	   bench.digits(max(r.ms), 3) AS most_ms,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms) / percentile_cont(0.5) WITHIN GROUP (ORDER BY m.ms), 2) AS ratio_of_medians,
	   bench.digits(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.ms / m.ms), 2) AS median_of_ratios,
	   bench.digits(min(r.ms / m.ms), 2) AS least_ratio,
	   bench.digits(avg(r.recall), 3) AS recall,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY r.rows) AS rows
FROM bench.runs r JOIN bench.runs m USING (benchmark, data, variant, x, query)
WHERE m.side = 'mmdb'
GROUP BY r.benchmark, r.data, r.variant, r.x, r.side
ORDER BY min(r.n);

-- What mmdb did, medians; and of how many queries in a hundred by the index.
CREATE VIEW bench.work_summary AS
SELECT benchmark, data, variant, x, count(*) AS queries,
	   round(100 * avg(by_index::integer)) AS by_index_percent,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY inner_pages + leaf_pages) AS pages,
	   bench.digits(100 * percentile_disc(0.5) WITHIN GROUP (ORDER BY inner_pages + leaf_pages)
			/ (max(index_bytes) / current_setting('block_size')::float8), 1) AS pages_percent,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY bounded) AS bounded,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY candidates) AS candidates,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY verified) AS verified,
	   percentile_disc(0.95) WITHIN GROUP (ORDER BY verified) AS verified_p95,
	   percentile_disc(0.5) WITHIN GROUP (ORDER BY distances) AS distances,
	   max(memory_kb) AS most_memory_kb
FROM bench.work LEFT JOIN bench.sets ON name = data
GROUP BY benchmark, data, variant, x
ORDER BY (SELECT min(n) FROM bench.runs r WHERE (r.benchmark, r.data, r.variant, r.x) = (work.benchmark, work.data, work.variant, work.x));

CREATE VIEW bench.sizes AS
SELECT name, rows, columns, bench.digits(build_s, 2) AS build_s, bench.digits(index_bytes / 1e6, 1) AS index_mb,
	   bench.digits(table_bytes / 1e6, 1) AS table_mb, bench.digits(index_bytes::float8 / table_bytes, 2) AS index_by_table
FROM bench.sets ORDER BY n;
