/*-------------------------------------------------------------------------
 *
 * pivots.h
 *	  Choosing pivots, and distances to them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PIVOTS_H
#define MM_PIVOTS_H

#include "index/columns.h"

#define MM_PIVOT_VALUES	500

/*
 * mm_pivots_choose: choose up to most pivots for a column among n values, of
 * which the first MM_PIVOT_VALUES are looked at, the best first.  pivots gets
 * indexes into values.  gains[i] is how far, on average and as a fraction of
 * the scale, the first i + 1 pivots tell two values apart.  Returns how many
 * pivots there are.
 */
extern int	mm_pivots_choose(MMColumn *column, double scale, const Datum *values,
							 int n, int most, int *pivots, double *gains);

/*
 * mm_pivot_coordinate: a value's distance to a prepared pivot, as a
 * coordinate.
 */
extern double mm_pivot_coordinate(MetricSpace *space, void *pivot, Datum value);

#endif							/* MM_PIVOTS_H */
