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

#include "index/meta.h"

/*
 * What a search is expected to do.
 */
typedef struct MMSearchEstimate
{
	double		pages;			/* leaves read */
	double		entries;		/* bounded there */
	double		candidates;		/* verified */
} MMSearchEstimate;

/*
 * mm_planner_statistics: the statistics of an index by which scans of a table are
 * estimated: those measured, or where row-level security hides rows, assumed
 * ones, the same for every index with as many columns.
 */
extern MMMeta *mm_planner_statistics(PlannerInfo *root, const RelOptInfo *rel, MMMeta *measured);

/*
 * mm_estimate_nearest: estimate the work of finding the k nearest rows, by a
 * sum with these weights (statistics->ncolumns of them), in an index with this
 * many pages and entries.
 */
extern void mm_estimate_nearest(const MMMeta *statistics, const double *weights,
								double pages, double tuples, double k,
								MMSearchEstimate *estimate);

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
