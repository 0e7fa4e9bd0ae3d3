/*-------------------------------------------------------------------------
 *
 * cost.h
 *	  What searches cost.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COST_H
#define MM_COST_H

#include "nodes/pathnodes.h"

#include "search/estimate.h"

/*
 * mm_planner_statistics: the statistics of an index by which scans of a table are
 * estimated: those measured, or where row-level security hides rows, assumed
 * ones, the same for every index with as many columns.
 */
extern MMMeta *mm_planner_statistics(PlannerInfo *root, const RelOptInfo *rel, MMMeta *measured);

/*
 * mm_cost_of_search: the cost of reading the index, without that of verifying
 * candidates.
 */
extern Cost mm_cost_of_search(Oid tablespace, const MMSearchEstimate *estimate);

/*
 * mm_cost_of_rows: the cost of reading this many pages of the table for the
 * rows of candidates, without the cost of the rows themselves.
 */
extern Cost mm_cost_of_rows(Oid tablespace, double pages);

#endif							/* MM_COST_H */
