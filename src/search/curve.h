/*-------------------------------------------------------------------------
 *
 * curve.h
 *	  What a distance adds to a sum where that is no multiple of it.
 *
 * A search asks for this for each entry that it bounds, so lines below the function
 * take its place (MMCurveTable in metric/kernels_planes.h).  They are chosen once, for
 * distances from far below the column's usual ones to far above, and not below those
 * that the search finds at first.  Each is for distances from one number to another
 * that is up to half as much again; the first is for all lesser ones, too, and the last
 * for all greater ones.
 *
 * How a line lies below the function depends on how that bends.  Below a concave
 * function lies the chord between both ends.  Below a convex one lies a short chord
 * that ends at the lesser end, prolonged: nearly a tangent.  Of a function that may bend
 * in both ways no more is known than that it never falls, and so its values at many
 * distances between the ends tell how high a line may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TERM_CURVE_H
#define MM_TERM_CURVE_H

#include "postgres.h"

#include "metric/kernels_planes.h"

/* How a function bends: both a line and anything known to bend in one way only. */
typedef enum MMBend
{
	MM_BEND_LINEAR,
	MM_BEND_CONCAVE,
	MM_BEND_CONVEX,
	MM_BEND_UNKNOWN,
} MMBend;

/*
 * least returns a lower bound of what any distance of at least this one adds.  It
 * is not negative, and never falls as the distance grows.  most returns an upper bound
 * of what this very distance adds; it is needed only of a convex function.  bend is
 * that of the function that least is a lower bound of, from distance 0 on.  The rest
 * is all zeros at first, and is for this module.
 */
typedef struct MMTermCurve
{
	double		(*least) (struct MMTermCurve *curve, double distance);
	double		(*most) (struct MMTermCurve *curve, double distance);
	MMBend		bend;
	double		scale;			/* of the column */
	bool		begun;
	MMCurveTable table;
} MMTermCurve;

/*
 * mm_term_curve_slope: the weight that comes near what a curve makes of usual
 * distances of a column, which are half its scale.
 */
extern double mm_term_curve_slope(MMTermCurve *curve, double scale);

/*
 * mm_term_curve_init: declare the scale of the column; the first to be called of those
 * that follow.
 *
 * mm_term_curve_begin: choose the lines, unless that was done.  lower are n lower bounds
 * of distances, where there are any; no distance is known to be below them all.
 *
 * mm_term_curve_table: the lines, as kernels take them once they are chosen.
 *
 * mm_term_curve_shape: turn lower bounds of n distances into lower bounds of what
 * these add.  There must be room for n rounded up to METRIC_PLANE_SLACK.
 *
 * mm_term_curve_of: the same for one distance.
 *
 * mm_term_curve_within: a distance beyond which whatever is added is above most, or
 * about that; METRIC_NO_BOUND if there is none.
 */
extern void mm_term_curve_init(MMTermCurve *curve, double scale);
extern void mm_term_curve_begin(MMTermCurve *curve, const float *lower, int n);
extern const MMCurveTable *mm_term_curve_table(const MMTermCurve *curve);
extern void mm_term_curve_shape(MMTermCurve *curve, float *lower, int n);
extern float mm_term_curve_of(MMTermCurve *curve, float lower);
extern double mm_term_curve_within(MMTermCurve *curve, double most);

#endif							/* MM_TERM_CURVE_H */
