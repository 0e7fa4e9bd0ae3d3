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
} MMOffer;

/* path_cost.c */

/*
 * mm_offer_cost: set a path's costs, and its rows.  False if the plan has
 * weights that the index cannot search for, as far as is known.
 */
extern bool mm_offer_cost(MMOffer *offer, CustomPath *path, const MMScanPlan *plan);

#endif							/* MM_OFFER_H */
