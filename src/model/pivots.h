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

/* How many pairs of these are compared. */
#define MM_PIVOT_PAIRS	2000

/*
 * mm_pivots_choose: choose up to most pivots for a column among n values, of
 * which the first MM_PIVOT_VALUES are looked at, the best first.  Of both there are
 * fewer where a distance takes long: all rows have distances to all pivots.  pivots gets
 * indexes into values.  gains[i] is the mean square of how far the first i + 1 pivots
 * tell two values apart, as a fraction of the scale.  Returns how many pivots there
 * are.
 *
 * It is the square because a bound excludes nothing until it comes near the radius of
 * a search.  Vectors of many independent components are told apart a little by each
 * coordinate, and by none of them enough.
 */
extern int	mm_pivots_choose(MMColumn *column, double scale, const Datum *values,
							 int n, int most, int *pivots, double *gains);

/*
 * mm_pivot_coordinate: a value's distance to a prepared pivot, as a
 * coordinate.
 */
extern double mm_pivot_coordinate(MetricSpace *space, void *pivot, Datum value);

#endif							/* MM_PIVOTS_H */
