/*-------------------------------------------------------------------------
 *
 * bounded.h
 *	  mm_bounded: what a query's author knows of an expression's values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BOUNDED_H
#define MM_BOUNDED_H

#include "nodes/primnodes.h"

/*
 * mm_bounded_low: if an expression is a call of mm_bounded, the expression that
 * it is at least; otherwise NULL.
 */
extern Expr *mm_bounded_low(Expr *expr);

#endif							/* MM_BOUNDED_H */
