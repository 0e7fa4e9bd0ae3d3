/*-------------------------------------------------------------------------
 *
 * estimate.h
 *	  What a search in a tree is expected to do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ESTIMATE_H
#define MM_ESTIMATE_H

#include "index/meta.h"
#include "search/search.h"

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
 * mm_work_done: what a search has done, as a number of bounded entries.
 */
extern double mm_work_done(const MMSearchStats *stats);

/*
 * mm_estimate_nearest: estimate the work of finding the k nearest rows, by a
 * sum with these weights (statistics->ncolumns of them), in an index with this
 * many pages and entries.  trained is the weights that the tree was made for
 * (mm_model_weights); NULL: all columns mattered alike.
 */
extern void mm_estimate_nearest(const MMMeta *statistics, const double *weights,
								const double *trained, double pages, double tuples, double k,
								MMSearchEstimate *estimate);

#endif							/* MM_ESTIMATE_H */
