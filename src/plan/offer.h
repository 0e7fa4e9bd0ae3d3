/*-------------------------------------------------------------------------
 *
 * offer.h
 *	  What the planner is told: how many rows conditions let through, and paths.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OFFER_H
#define MM_OFFER_H

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
	Relids		outer;			/* relations of one row in all, which an order may be
								 * about, too; or NULL */
	List	   *joined;			/* of CustomPath: what is offered then, for a join with
								 * those */
} MMOffer;

/*
 * A comparison of a sum with what is the same for all rows.
 */
typedef struct MMComparison
{
	MMSum	   *sum;
	Expr	   *bound;
	bool		or_equal;		/* <= or >=, not < or > */
} MMComparison;

/* paths.c */

/*
 * mm_may_offer: may scans of a table be offered at all?
 */
extern bool mm_may_offer(RelOptInfo *rel, RangeTblEntry *rte);

/*
 * mm_scan_is_enabled: the setting mmdb.enable_scan.
 */
extern bool mm_scan_is_enabled(void);

/*
 * mm_offer_joined: paths by an index of rel, in the order of the query's first
 * key, for each row of outer.
 */
extern List *mm_offer_joined(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info,
							 Relids outer);

/* one_row.c */

/*
 * mm_has_one_row: is it certain that some relations, joined, have no more than
 * one row?
 */
extern bool mm_has_one_row(PlannerInfo *root, Relids relids);

/* comparison.c */

/*
 * mm_is_usable: is this an index of ours that the query can use?
 */
extern bool mm_is_usable(const IndexOptInfo *info);

/*
 * mm_offer_open: an index of a table, if it can be used for a query; NULL if it
 * cannot.  Raises an error if the index is damaged, or of an older format.
 */
extern MMOffer *mm_offer_open(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info);

/*
 * mm_match_comparison: is a condition a comparison that says of a sum that it is
 * at most something, if at_most, or else at least?  However it is written: minus
 * a sum is at least -r where the sum is at most r.  Of a condition whose factors
 * are parameters, whose signs are not known yet, both may be true.
 */
extern bool mm_match_comparison(MMOffer *offer, Expr *condition, bool at_most,
								MMComparison *comparison);

/* estimate.c */

/*
 * mm_estimated_value: an expression's value as far as the planner can tell it now;
 * NaN if it cannot.
 */
extern double mm_estimated_value(PlannerInfo *root, Expr *expr);

/*
 * mm_estimate_weights: the weights of an index's columns in a sum, and its
 * constant part; false if one is known to be negative, or none positive.
 */
extern bool mm_estimate_weights(MMOffer *offer, const MMSum *sum, MMWeights *weights,
								double *offset);

/*
 * mm_estimate_within: the fraction of rows for which a sum without its constant
 * part is at most radius, or less; NaN: not known.
 */
extern double mm_estimate_within(MMOffer *offer, const MMWeights *weights, double radius,
								 bool or_equal);

/*
 * mm_estimate_tables: tell the planner how many rows of each table of a query
 * satisfy conditions on sums, and how selective such conditions of joins are.
 * To be called before the first table has paths that others depend on.
 */
extern void mm_estimate_tables(PlannerInfo *root);

/*
 * mm_estimate_parameterized: the same of the rows of a table, given values of
 * other tables.
 * mm_estimate_paths: give the paths that the planner has made for a table the
 * rows that are known by now.
 */
extern void mm_estimate_parameterized(PlannerInfo *root, RelOptInfo *rel, ParamPathInfo *info);
extern void mm_estimate_paths(PlannerInfo *root, RelOptInfo *rel);

/* path_cost.c */

/*
 * mm_offer_cost: set a path's costs, and its rows.  False if the plan has
 * weights that the index cannot search for, as far as is known.
 */
extern bool mm_offer_cost(MMOffer *offer, CustomPath *path, const MMScanPlan *plan);

#endif							/* MM_OFFER_H */
