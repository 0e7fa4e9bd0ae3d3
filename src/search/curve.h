/*-------------------------------------------------------------------------
 *
 * curve.h
 *	  What a distance adds to a sum where that is no multiple of it.
 *
 * A search asks for this for each entry that it bounds.  So the bounds are kept.
 * They are those of distances that are rounded down to MM_CURVE_DIGITS binary
 * digits behind the first one: so many for each power of 2, and there are few such
 * powers between the least and the greatest distance of a column.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TERM_CURVE_H
#define MM_TERM_CURVE_H

#include "postgres.h"

#include <float.h>

#define MM_CURVE_DIGITS		7
#define MM_CURVE_DROPPED	(23 - MM_CURVE_DIGITS)

/* So many exponents have floats that are not negative. */
#define MM_CURVE_EXPONENTS	256

/*
 * least returns a lower bound of what any distance of at least this one adds.  It
 * is not negative, and never falls as the distance grows.  The rest is all zeros at
 * first, and is for this module.
 */
typedef struct MMTermCurve
{
	double		(*least) (struct MMTermCurve *curve, double distance);
	float	   *kept[MM_CURVE_EXPONENTS];	/* -1: not known yet */
} MMTermCurve;

/*
 * mm_term_curve_fill: compute the bound that is kept for a distance, which is
 * above 0 and finite, in the memory context of the curve.
 */
extern float mm_term_curve_fill(MMTermCurve *curve, float distance);

/*
 * mm_term_curve_slope: the weight that comes near what a curve makes of usual
 * distances of a column, which are half its scale.
 */
extern double mm_term_curve_slope(MMTermCurve *curve, double scale);

/*
 * mm_term_curve_shape: turn lower bounds of n distances into lower bounds of what
 * these add.
 */
static inline void
mm_term_curve_shape(MMTermCurve *curve, float *lower, int n)
{
	for (int i = 0; i < n; i++)
	{
		/* A NaN, of an entry without a value, will do as any number. */
		float		x = Min(lower[i], FLT_MAX);
		uint32		bits;
		const float *kept;
		float		bound;

		if (!(x >= FLT_MIN))
		{
			lower[i] = 0.0f;
			continue;
		}
		memcpy(&bits, &x, sizeof(bits));
		kept = curve->kept[bits >> 23];
		bound = likely(kept != NULL) ?
			kept[(bits >> MM_CURVE_DROPPED) & ((1 << MM_CURVE_DIGITS) - 1)] : -1.0f;
		lower[i] = likely(bound >= 0) ? bound : mm_term_curve_fill(curve, x);
	}
}

#endif							/* MM_TERM_CURVE_H */
