/*-------------------------------------------------------------------------
 *
 * cost.c
 *	  Cost of an index scan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "optimizer/cost.h"
#include "utils/selfuncs.h"

#include "am/am.h"

/*
 * There is nothing to scan yet, and without amgettuple and amgetbitmap the
 * planner makes no paths.  Should something else ask, say so.
 */
void
mmdb_costestimate(PlannerInfo *root, IndexPath *path, double loop_count,
				  Cost *indexStartupCost, Cost *indexTotalCost,
				  Selectivity *indexSelectivity, double *indexCorrelation,
				  double *indexPages)
{
	*indexStartupCost = *indexTotalCost = get_float8_infinity();
	*indexSelectivity = 1.0;
	*indexCorrelation = 0.0;
	*indexPages = path->indexinfo->pages;
}
