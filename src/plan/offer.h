/*-------------------------------------------------------------------------
 *
 * offer.h
 *	  Paths offered to the planner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OFFER_H
#define MM_OFFER_H

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

/* paths.c */

/*
 * mm_may_offer: may scans of a table be offered at all?
 * mm_is_usable: of this index?
 */
extern bool mm_may_offer(RelOptInfo *rel, RangeTblEntry *rte);
extern bool mm_is_usable(IndexOptInfo *info);

/*
 * mm_scan_is_enabled: the setting mmdb.enable_scan.
 */
extern bool mm_scan_is_enabled(void);

/*
 * mm_offer_open: read what an offer is about from its index.  Raises an error if
 * that is damaged, or of an older format.
 */
extern void mm_offer_open(MMOffer *offer);

/*
 * mm_offer_joined: paths by an index of rel, in the order of the query's first
 * key, for each row of outer.
 */
extern List *mm_offer_joined(PlannerInfo *root, RelOptInfo *rel, IndexOptInfo *info,
							 Relids outer);

/* one_row.c */

/*
 * mm_one_row_init: offer joins with relations of one row to the planner.
 */
extern void mm_one_row_init(void);

/*
 * mm_has_one_row: is it certain that some relations, joined, have no more than
 * one row?
 */
extern bool mm_has_one_row(PlannerInfo *root, Relids relids);

/* path_cost.c */

/*
 * mm_offer_cost: set a path's costs, and its rows.  False if the plan has
 * weights that the index cannot search for, as far as is known.
 */
extern bool mm_offer_cost(MMOffer *offer, CustomPath *path, const MMScanPlan *plan);

#endif							/* MM_OFFER_H */
