/*-------------------------------------------------------------------------
 *
 * cost_model.c
 *	  The constants of what searches cost, and where they come from.
 *
 * Those that say how much a search does can be compared with counts: of the
 * benchmarks, bench/results/knn-work.csv, limits-work.csv and ranges-work.csv have
 * medians of entries bounded and rows verified, of a hundred queries each.
 *
 * Those that are prices have been chosen together, so that the planner takes the
 * faster plan: bench/results/grid.csv has costs and times of the index's plan and
 * of the best other one, for 268 combinations of data, table size, LIMIT and filter.
 * The cost of a millisecond of the index's plan is 0.9 times that of the other's in
 * the median; half of the combinations lie between 0.4 and 1.7.  In 96 % of them
 * the faster plan is chosen, or one within 10 %; at worst, one that takes 2.1 times
 * as long.  Whoever changes one of these constants runs "bench/run grid".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "am/cost_model.h"

const MMCostModel mm_cost_model = {
	/* ---------- what a search does ---------- */

	/*
	 * Of the entries of visited leaves, one in so many is verified in vain; and of
	 * those that are answers, some more than asked for.  Both to be on the safe
	 * side: of the eight data sets of knn-work.csv, for the ten nearest, the
	 * apartments have the most rows verified beyond ten, one for 122 entries; the
	 * others have one for 190 or less.  For the hundred nearest (limits-work.csv), this makes
	 * 180, 228 and 403 candidates of clip-art, apartments and players, where 161,
	 * 309 and 237 are verified.
	 */
	.entries_per_candidate = 100,
	.candidates_per_row = 1.3,

	/* Not measured: who asks for what is within a radius wants few of the rows. */
	.unknown_radius = 0.005,

	/*
	 * Not measured: the intrinsic dimension of each column of which the user may
	 * not know the statistics.
	 */
	.assumed_dimension = 4,

	/*
	 * Where conditions let a fraction of all rows pass, so many are looked at to
	 * find k: (k + rows_besides) / fraction^filter_exponent.  Were the conditions
	 * independent of the distance, k / fraction; but they may ask for the very
	 * rows that are far away.  That is the likelier to cost much, the fewer rows
	 * pass and the fewer are wanted; and where few pass, other plans are safe: an
	 * index on the condition's column, and a sort.  The filters of the grid are of
	 * both kinds.
	 */
	.rows_besides = 6,
	.filter_exponent = 1.35,

	/* ---------- what that costs ---------- */

	/* Reading the metadata and the model. */
	.beginning = 5000,

	/* Bounding an entry: a step of a vectorized loop, by a call of an operator. */
	.bounding = 0.2,

	/*
	 * Of the index's pages one in so many is not in memory; and of the table's.
	 * The index is the smaller, and read more often.
	 */
	.index_pages_per_miss = 10,
	.table_pages_per_miss = 4,

	/*
	 * Reading a row by its place, and keeping it until its turn comes, by what a
	 * sequential scan takes for a row.
	 */
	.fetching = 4,
	.keeping = 6,

	/*
	 * A qual is worth putting off until distances are known if it takes so many
	 * operator calls, and so many times what the distances take.
	 */
	.expensive_qual = 50,
	.expensive_by_distances = 2,

	/* ---------- when a search is given up ---------- */

	/*
	 * Verifying a row costs about as much as a scan of the table takes for so many
	 * rows: what the planner takes it for, too.  Or for so many if most of them
	 * fail a qual, as a scan then computes no distances.  And bounding so many
	 * entries costs as much as verifying one.
	 */
	.rows_per_verification = 4,
	.filtered_rows_per_verification = 8,
	.entries_per_verification = 50,
};
