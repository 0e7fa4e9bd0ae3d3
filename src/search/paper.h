/*-------------------------------------------------------------------------
 *
 * paper.h
 *	  The search algorithm of the OneDB paper, to compare with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PAPER_H
#define MM_PAPER_H

#include "search/source.h"

/*
 * One metric: all rows in the order of its term of the sum, and its part of the
 * weight.
 */
typedef struct MMPaperMetric
{
	MMSource   *source;
	double		part;
} MMPaperMetric;

/*
 * mm_paper_create: a source, in the current context.  shared is the shared tree,
 * for whose model bounding is ready; its limit follows the search.  The parts of
 * the metrics add up to 1.  The metrics' own boundings must not want NULLs.  A
 * candidate's sum may be NULL.
 */
extern MMSource *mm_paper_create(const MMTree *shared, MMBounding *bounding,
								 MMPaperMetric *metrics, int n, MMSearchStats *stats);

#endif							/* MM_PAPER_H */
