/*-------------------------------------------------------------------------
 *
 * curve.h
 *	  Functions of one distance that grow with it, as terms of a sum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CURVE_H
#define MM_CURVE_H

#include "nodes/execnodes.h"
#include "nodes/primnodes.h"

#include "search/curve.h"

/*
 * How an expression changes when the distance in it grows.
 */
typedef enum MMDirection
{
	MM_DIRECTION_UNKNOWN,
	MM_DIRECTION_CONSTANT,
	MM_DIRECTION_RISES,
	MM_DIRECTION_FALLS,
} MMDirection;

/*
 * What an expression is to whoever looks for a curve: a constant, which is the
 * same for all rows, a distance, or neither.
 */
typedef enum MMLeaf
{
	MM_LEAF_NOT,
	MM_LEAF_CONSTANT,
	MM_LEAF_DISTANCE,
} MMLeaf;

typedef MMLeaf (*MMLeafOf) (Expr *expr, void *arg);

/*
 * mm_curve_direction: how an expression changes with the one distance in it,
 * which becomes *distance, as far as its structure shows: constants whose values
 * are not known yet are taken to be positive.  MM_DIRECTION_UNKNOWN if it has
 * several distances, or operations that are not known here.
 */
extern MMDirection mm_curve_direction(Expr *expr, MMLeafOf leaf_of, void *arg, Expr **distance);

/*
 * A function that gives the value of a constant, or NaN if it is not known.
 */
typedef double (*MMConstantValue) (Expr *expr, void *arg);

/*
 * mm_curve_estimate: about the value of an expression for a distance; Infinity or
 * -Infinity if that is not known.
 */
extern double mm_curve_estimate(Expr *expr, Expr *distance, double at,
								MMConstantValue value_of, void *arg);

/* ---------- at run time ---------- */

typedef struct MMCurveNode MMCurveNode;

/*
 * mm_curve_init: make an expression ready for a node, or minus the expression if
 * negated.  distance is the distance in it.
 */
extern MMCurveNode *mm_curve_init(Expr *expr, Expr *distance, bool negated, PlanState *parent);

/*
 * mm_curve_begin: evaluate the constants of an expression for one scan.
 */
extern void mm_curve_begin(MMCurveNode *node, ExprContext *econtext);

/*
 * mm_curve_least: a lower bound of the expression's values for all distances of
 * at least this one.  -Infinity if there is none.  (NULL is no value.)
 *
 * mm_curve_most: an upper bound of its value for this very distance.  Infinity if
 * there is none.
 *
 * mm_curve_bend: how the expression, as a function of distances from 0 on, is known
 * to bend.  mm_bend_of_sum: how the sum of two functions bends.
 *
 * mm_curve_of_null: what mm_curve_least is for a distance that is NULL.  *isnull is set if the
 * expression is NULL then.
 */
extern double mm_curve_least(const MMCurveNode *node, double distance);
extern double mm_curve_most(const MMCurveNode *node, double distance);
extern MMBend mm_curve_bend(const MMCurveNode *node);
extern MMBend mm_bend_of_sum(MMBend a, MMBend b);
extern double mm_curve_of_null(const MMCurveNode *node, bool *isnull);

#endif							/* MM_CURVE_H */
