/*-------------------------------------------------------------------------
 *
 * curve.h
 *	  What a distance adds to a sum where that is no multiple of it.
 *
 * A search asks for this for each entry that it bounds, so a polygon below the
 * function takes its place (MMCurveTable in metric/kernels_planes.h).  It has
 * some pieces for each power of 2, which are computed when they are first needed;
 * there are few such powers between the least and the greatest distance of a column.
 *
 * How a piece lies below the function depends on how that bends.  Below a concave
 * function lies the chord between the piece's ends.  Below a convex one lies a short
 * chord that ends where the piece starts, prolonged: nearly a tangent.  Of a function
 * that may bend in both ways no more is known than its value at the start of the piece,
 * and it has more pieces for that.
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
	MMCurveTable table;
	MMCurvePiece *pieces;		/* of the table */
} MMTermCurve;

/*
 * mm_term_curve_slope: the weight that comes near what a curve makes of usual
 * distances of a column, which are half its scale.
 */
extern double mm_term_curve_slope(MMTermCurve *curve, double scale);

/*
 * mm_term_curve_table: the polygon, as kernels take it.  Pieces live in the memory
 * context of the curve.
 *
 * mm_term_curve_know: let the pieces of METRIC_PLANE_SLACK lower bounds be known.
 *
 * mm_term_curve_shape: turn lower bounds of n distances into lower bounds of what
 * these add.  There must be room for n rounded up to METRIC_PLANE_SLACK.
 *
 * mm_term_curve_of: the same for one distance.
 *
 * mm_term_curve_within: a distance beyond which whatever is added is above most;
 * METRIC_NO_BOUND if there is none.
 */
extern const MMCurveTable *mm_term_curve_table(MMTermCurve *curve);
extern void mm_term_curve_know(MMTermCurve *curve, const float *bounds);
extern void mm_term_curve_shape(MMTermCurve *curve, float *lower, int n);
extern float mm_term_curve_of(MMTermCurve *curve, float lower);
extern double mm_term_curve_within(MMTermCurve *curve, double most);

#endif							/* MM_TERM_CURVE_H */
