/*-------------------------------------------------------------------------
 *
 * offer.h
 *	  What the planner is told: how many rows conditions let through, and which
 *	  paths there are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OFFER_H
#define MM_OFFER_H

#include "model/forest.h"
#include "model/pairs.h"
#include "plan/plan.h"

/*
 * An index that paths are offered for.
 */
typedef struct MMOffer
{
	PlannerInfo *root;
	RelOptInfo *rel;
	IndexOptInfo *info;
	MMColumns  *columns;
	MMMeta	   *statistics;
	double		trained[MM_MAX_COLUMNS];	/* the weights that the shared tree was made for */
	MMForest	forest;			/* sub-indexes, without their models */
	Relids		outer;			/* relations whose join has one row, and which an
								 * order may refer to, too; or NULL */
	List	   *joined;			/* of CustomPath: the paths that are then offered for a
								 * join with outer */
} MMOffer;

/*
 * A comparison of a sum with a value that is the same for all rows.
 */
typedef struct MMComparison
{
	MMSum	   *sum;
	Expr	   *bound;
	bool		or_equal;		/* <= or >=, not < or > */
} MMComparison;

/*
 * The path of a custom scan.  (Paths that the planner has made for other values of
 * parameters are copies without what is added here.)
 */
typedef struct MMScanPath
{
	CustomPath	custom;
	Cost		first_cost;		/* of the first row alone, where startup_cost is that of
								 * all that the query wants */
} MMScanPath;

/* paths.c */

/*
 * mm_scan_path_of: the custom scan that a path without parameters is, perhaps with
 * another target; NULL if it is another path.
 */
extern MMScanPath *mm_scan_path_of(Path *path);

/*
 * mm_may_offer: may scans of this table be offered at all?
 */
extern bool mm_may_offer(RelOptInfo *rel, RangeTblEntry *rte);

/*
 * mm_scan_is_enabled: the setting mmdb.enable_scan.
 */
extern bool mm_scan_is_enabled(void);

/*
 * mm_limit_is_known: is it certain that no more rows of a relation are read than the
 * query's LIMIT and OFFSET say?
 */
extern bool mm_limit_is_known(PlannerInfo *root, RelOptInfo *rel);

/*
 * mm_offer_joined: paths that use an index of rel, in the order of the query's
 * first sort key, for each row of outer.
 */
extern List *mm_offer_joined(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info,
							 Relids outer);

/* one_row.c */

/*
 * mm_has_one_row: is it certain that a join of these relations has no more
 * than one row?
 */
extern bool mm_has_one_row(PlannerInfo *root, Relids relids);

/* comparison.c */

/*
 * mm_is_usable: is this an index of ours that the query can use?
 */
extern bool mm_is_usable(const IndexOptInfo *info);

/*
 * mm_offer_open: an index of a table, or NULL if it cannot be used for the
 * query.  Raises an error if the index is damaged, or of an older format.
 */
extern MMOffer *mm_offer_open(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info);

/*
 * mm_match_comparison: is a condition a comparison that says that a sum is at
 * most something (at least something, if at_most is false)?  It may be written
 * in any way: minus a sum is at least -r where the sum is at most r.  Factors that
 * are parameters, whose signs are not known yet, are taken for positive.
 */
extern bool mm_match_comparison(MMOffer *offer, Expr *condition, bool at_most,
								MMComparison *comparison);

/* estimate.c */

/*
 * mm_estimated_value: an expression's value, or NaN if the planner cannot tell
 * it yet.
 */
extern double mm_estimated_value(PlannerInfo *root, Expr *expr);

/*
 * mm_estimate_weights: the weights of an index's columns in a sum, and the
 * sum's constant part.  Returns false if a weight is known to be negative, or
 * if none is positive.
 */
extern bool mm_estimate_weights(MMOffer *offer, const MMSum *sum, MMWeights *weights,
								double *offset);

/*
 * mm_estimate_within: the fraction of rows for which a sum, without its
 * constant part, is less than radius, or at most radius if or_equal.  NaN if
 * that is not known.
 */
extern double mm_estimate_within(MMOffer *offer, const MMWeights *weights, double radius,
								 bool or_equal);

/*
 * mm_estimate_tables: tell the planner how many rows of each table of a query
 * satisfy conditions on sums, and how selective such conditions on joins are.
 * This must be called before the first table gets paths that others depend on.
 */
extern void mm_estimate_tables(PlannerInfo *root);

/*
 * mm_estimate_parameterized: the same for the rows of a table, given values of
 * other tables.
 *
 * mm_estimate_paths: correct the numbers of rows of the paths that the planner
 * has made for a table, as far as they are known by now.
 */
extern void mm_estimate_parameterized(PlannerInfo *root, RelOptInfo *rel, ParamPathInfo *info);
extern void mm_estimate_paths(PlannerInfo *root, RelOptInfo *rel);

/* path_cost.c */

/*
 * mm_offer_cost: set a path's costs and its number of rows.  Returns false if,
 * as far as is known, the plan has weights that the index cannot search for.
 */
extern bool mm_offer_cost(MMOffer *offer, MMScanPath *path, const MMScanPlan *plan);

#endif							/* MM_OFFER_H */
