/*-------------------------------------------------------------------------
 *
 * bounds.h
 *	  Bounds of distances from coordinates, and the growth of boxes, for all
 *	  entries of a page at once.
 *
 * The coordinates of the query and of the entries are floats, rounded to
 * nearest from doubles (metric_routine.h).  Coordinate p of entry i is at [p *
 * stride + i].  Up to METRIC_PLANE_SLACK - 1 entries after the last may be
 * read, with any content.  The results must have room for n rounded up to
 * METRIC_PLANE_SLACK.
 *
 * Every version of the kernels returns the same bits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BOUNDS_H
#define MM_BOUNDS_H

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

/*
 * mm_box_bounds: lower bounds of the distances between a query with
 * coordinates q and whatever lies in each of n boxes.  They are >= 0 and never
 * NaN.  The bound of an empty box, whose lo are Infinity and hi -Infinity, is
 * Infinity.
 */
static inline void
mm_box_bounds(MetricNorm norm, const MetricTransform *t, int ncoordinates,
			  const float *q, const float *lo, const float *hi, int stride, int n,
			  float *lower)
{
	mm_kernels->planes->boxes(norm, t, ncoordinates, q, lo, hi, stride, n, lower);
}

/*
 * mm_point_bounds: the same for n points x.  If upper is not NULL, it also
 * gets upper bounds of the distances: Infinity where a coordinate is at or
 * beyond METRIC_COORDINATE_LIMIT or where the function f is not the identity,
 * and 1 under METRIC_NORM_DISCRETE.
 */
static inline void
mm_point_bounds(MetricNorm norm, const MetricTransform *t, int ncoordinates,
				const float *q, const float *x, int stride, int n,
				float *lower, float *upper)
{
	mm_kernels->planes->points(norm, t, ncoordinates, q, x, stride, n, lower, upper);
}

/*
 * mm_point_sums: weighted sums of the lower bounds of n points x, or of what curves
 * make of these, including what NULLs add to them.  Returns the least of the sums, or
 * Infinity if n is 0.
 */
static inline float
mm_point_sums(const MMPointTerm *terms, int nterms, const float *x,
			  const uint32 *nulls, int stride, int n, float *totals)
{
	return mm_kernels->planes->sums(terms, nterms, x, nulls, stride, n, totals);
}

/*
 * mm_curve_values: replace n numbers by what a curve makes of them.  Infinity and NaN
 * count as FLT_MAX.
 */
static inline void
mm_curve_values(const MMCurveTable *table, float *x, int n)
{
	mm_kernels->planes->curve(table, x, n);
}

/*
 * mm_box_growths: by how much each of n boxes must grow to hold a point.  That
 * is a sum over the point's coordinates x: how far each lies outside the box,
 * in units, but no more than most (which is what an empty box counts as).
 */
static inline void
mm_box_growths(int ncoordinates, const float *x, const float *unit,
			   const float *lo, const float *hi, int stride, int n, float most,
			   float *growth)
{
	mm_kernels->planes->growths(ncoordinates, x, unit, lo, hi, stride, n, most, growth);
}

/*
 * mm_box_overlap_growths: by how much more each of n boxes overlaps a box after it
 * has grown than before.  Both have their least coordinates first and then their
 * greatest.  The overlap of two boxes is 0 if they are apart along any coordinate
 * whose unit is not 0.  Otherwise it is the sum of the lengths, in units and no more
 * than most each, that they share along these.
 */
static inline void
mm_box_overlap_growths(int ncoordinates, const float *before, const float *after,
					   const float *unit, const float *lo, const float *hi, int stride, int n,
					   float most, float *growth)
{
	mm_kernels->planes->overlap_growths(ncoordinates, before, after, unit, lo, hi, stride, n,
										most, growth);
}

#endif							/* MM_BOUNDS_H */
