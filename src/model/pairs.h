/*-------------------------------------------------------------------------
 *
 * pairs.h
 *	  How weighted sums of distances are distributed.
 *
 * The metadata keep a sample of pairs of rows, with the distance of each pair
 * in each column.  The distribution of any weighted sum follows from it,
 * including all dependence between columns, and NULLs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PAIRS_H
#define MM_PAIRS_H

#include "model/sample.h"

/*
 * mm_pairs_measure: measure pairs of sampled rows, and keep some of them in
 * metadata that already have the columns' scales.  The metadata move; returns
 * where they are then.
 */
extern MMMeta *mm_pairs_measure(const MMSample *sample, MMColumns *columns, MMMeta *meta);

/*
 * A weighted sum of distances, as estimates see it.
 */
typedef struct MMWeights
{
	double		weights[MM_MAX_COLUMNS];
	double		missing[MM_MAX_COLUMNS];	/* what a NULL adds; NaN: makes it NULL */
} MMWeights;

/*
 * mm_pairs_fraction: the fraction of pairs whose sum is less than radius, or
 * at most radius if or_equal.  It is an estimate of the fraction of rows that
 * are so far from some object.  Negative if the metadata have no pairs.
 */
extern double mm_pairs_fraction(const MMMeta *meta, const MMWeights *sum, double radius,
								bool or_equal);

/*
 * mm_pairs_radius: a radius that about this fraction of pairs is within; not
 * below that of the nearest pairs that were kept.  Infinity if nothing is
 * known, or if so many pairs have no sum.
 */
extern double mm_pairs_radius(const MMMeta *meta, const MMWeights *sum, double fraction);

/*
 * mm_pairs_radii: the same for n fractions, which ascend.
 */
extern void mm_pairs_radii(const MMMeta *meta, const MMWeights *sum, const double *fractions,
						   int n, double *radii);

#endif							/* MM_PAIRS_H */
