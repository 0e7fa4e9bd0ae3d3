/*-------------------------------------------------------------------------
 *
 * cost_model.c
 *	  The constants of what searches cost, and where they come from.
 *
 * The constants that say how much a search does can be compared with counts.
 * In the results of the benchmarks, bench/results/knn-work.csv,
 * limits-work.csv and ranges-work.csv have medians of entries bounded and rows
 * verified, for a hundred queries each.
 *
 * The constants that are prices have been chosen together, so that the planner
 * takes the faster plan.  bench/results/grid.csv has costs and times of the
 * index's plan and of the best other one, for 268 combinations of data, table
 * size, LIMIT and filter.  In the median, the cost of a millisecond of the
 * index's plan is 0.9 times that of the other plan; half of the combinations
 * lie between 0.4 and 1.7.  In 96 % of them the planner chooses the faster
 * plan, or one within 10 % of it; at worst, one that takes 2.1 times as long.
 * Whoever changes one of these constants should run "bench/run grid".
 *
 * Those that depend on the machine are settings, and what stands here are their
 * defaults.  mm_calibrate (am/calibrate.c) measures them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/guc.h"

#include "metric/metric.h"
#include "search/cost_model.h"

MMCostModel mm_cost_model = {
	/* ---------- what a search does ---------- */

	/*
	 * One in entries_per_candidate entries of visited leaves is verified in
	 * vain.  Of the rows that are answers, candidates_per_row are verified for
	 * each one asked for.  Both are on the safe side.  For the ten nearest,
	 * the apartments have the most rows verified beyond ten among the eight
	 * data sets of knn-work.csv, one for 122 entries; the others have one for
	 * 190 or less.  For the hundred nearest (limits-work.csv), this makes 180,
	 * 228 and 403 candidates for clip-art, apartments and players, where 161,
	 * 309 and 237 are verified.
	 */
	.entries_per_candidate = 100,
	.candidates_per_row = 1.3,

	/*
	 * This was not measured: a query for what is within a radius wants few of
	 * the rows.
	 */
	.unknown_radius = 0.005,

	/*
	 * Not measured: the intrinsic dimension of each column of which the user may
	 * not know the statistics.
	 */
	.assumed_dimension = 4,

	/*
	 * If conditions let a fraction of all rows pass, (k + rows_besides) /
	 * fraction^filter_exponent rows are looked at to find k.  It would be k /
	 * fraction if the conditions were independent of the distance, but they
	 * may ask for just those rows that are far away.  The fewer rows pass, and
	 * the fewer are wanted, the more that is likely to cost.  And if few rows
	 * pass, other plans are safe: an index on the condition's column, and a
	 * sort.  The filters of the grid are of both kinds.
	 */
	.rows_besides = 6,
	.filter_exponent = 1.35,

	/* ---------- what that costs ---------- */

	/* Reading the metadata and the model. */
	.beginning = 5000,

	/*
	 * Bounding an entry is a step of a vectorized loop; the unit is a call of
	 * an operator.
	 */
	.bounding = 0.2,

	/*
	 * One in this many of the pages of the index is not in memory, and one in
	 * this many of the table's pages.  The index is smaller, and is read more
	 * often.
	 */
	.index_pages_per_miss = 10,
	.table_pages_per_miss = 4,

	/*
	 * Reading a row by its place, and keeping it until its turn comes.  The
	 * unit is what a sequential scan takes for a row.
	 */
	.fetching = 4,
	.keeping = 6,

	/*
	 * It is worth putting off a qual until distances are known if it takes
	 * this many operator calls, and this many times what the distances take.
	 */
	.expensive_qual = 50,
	.expensive_by_distances = 2,

	/* ---------- when a search is given up ---------- */

	/*
	 * Verifying a row costs about as much as a scan of the table takes for
	 * rows_per_verification rows, which is also what the planner assumes.  If
	 * most rows fail a qual, it is filtered_rows_per_verification rows, as a
	 * scan then computes no distances.  And bounding entries_per_verification
	 * entries costs as much as verifying one row, and so does refining
	 * refinements_per_verification bounds.
	 */
	.rows_per_verification = 4,
	.filtered_rows_per_verification = 8,
	.entries_per_verification = 50,
	.refinements_per_verification = 4,

	/*
	 * Getting a page of the index takes as long as bounding this many of its
	 * entries, as the choice of a driver sees it.
	 */
	.entries_per_page = 20,

	/*
	 * And reading and verifying a row, as the choice of a driver sees it: in
	 * bench/results/ablation.csv, 2,602 rows take as long as 560,000 entries.
	 */
	.entries_per_row = 200,

	/*
	 * Counting so many postings takes as long as bounding an entry.  A search for
	 * the nearest words counts 0.4 postings for each word there is.
	 */
	.postings_per_entry = 16,
	.postings_per_row = 0.4,
};

void
mm_cost_model_init(void)
{
	static const struct
	{
		const char *name;
		const char *meaning;
		double	   *value;
	}			prices[] = {
		{"mmdb.entry_cost", "Cost of bounding an entry of an index, in multiples of cpu_operator_cost.",
		&mm_cost_model.bounding},
		{"mmdb.index_pages_per_miss", "One in this many pages of an index is taken to cost random_page_cost.",
		&mm_cost_model.index_pages_per_miss},
		{"mmdb.table_pages_per_miss", "One in this many pages of a table that a search reads is taken to cost random_page_cost.",
		&mm_cost_model.table_pages_per_miss},
		{"mmdb.distance_cost", "Factor of the costs of distances of vectors, texts, arrays and bits.",
		&mm_distance_cost_factor},
	};
	static const struct
	{
		const char *name;
		const char *meaning;
		int		   *value;
	}			ratios[] = {
		{"mmdb.entries_per_page", "Getting a page of an index takes as long as bounding so many entries.",
		&mm_cost_model.entries_per_page},
		{"mmdb.entries_per_row", "Reading and verifying a row takes as long as bounding so many entries.",
		&mm_cost_model.entries_per_row},
		{"mmdb.postings_per_entry", "Counting so many postings of an inverted index takes as long as bounding an entry.",
		&mm_cost_model.postings_per_entry},
	};

	for (int i = 0; i < (int) lengthof(prices); i++)
		DefineCustomRealVariable(prices[i].name, prices[i].meaning, NULL, prices[i].value,
								 *prices[i].value, 0.001, 1e6, PGC_USERSET, GUC_EXPLAIN,
								 NULL, NULL, NULL);
	for (int i = 0; i < (int) lengthof(ratios); i++)
		DefineCustomIntVariable(ratios[i].name, ratios[i].meaning, NULL, ratios[i].value,
								*ratios[i].value, 1, 1000000, PGC_USERSET, GUC_EXPLAIN,
								NULL, NULL, NULL);
}
