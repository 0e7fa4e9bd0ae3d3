/*-------------------------------------------------------------------------
 *
 * metric.h
 *	  What a metric is to mmdb, and how to use one.
 *
 * A metric space is a type with a distance function.  In SQL it is an operator
 * class of the access method.  Its OPERATOR 1 orders by the distance, and its
 * FUNCTION 1 computes it.  FUNCTION 2 is optional and hands out a
 * MetricRoutine: the same distance in faster parts.  All built-in metrics have
 * one.  mm_metric_* use either kind of class in the same way.  metric_routine.h,
 * which is installed for others, states what a distance and a routine must be;
 * this header is for mmdb itself.
 *
 * The functions here detoast values and leak memory: call them in a context
 * that is reset for each row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_METRIC_H
#define MM_METRIC_H

#include "fmgr.h"

#include "metric/metric_routine.h"

/* The support functions of the access method, by number. */
#define MM_DISTANCE_PROC	1	/* (T, T) returns float8; required */
#define MM_ROUTINE_PROC		2	/* (internal) returns internal */
#define MM_OPTIONS_PROC		3	/* operator class options */
#define MM_NPROCS			3

/* The operators of the access method, by strategy number. */
#define MM_DISTANCE_STRATEGY	1	/* ordering by distance */
#define MM_WITHIN_STRATEGY		2	/* composite <@ odbquery */
#define MM_ALIAS_STRATEGY		3	/* another name of the first */
#define MM_NSTRATEGIES			3

/*
 * A metric space that is ready for use.
 */
typedef struct MetricSpace
{
	Oid			type;			/* declared input type of the class */
	Oid			operator;		/* OPERATOR 1 */
	Oid			collation;		/* of the column */
	const MetricRoutine *routine;	/* NULL: a class with FUNCTION 1 only */
	FmgrInfo	distance;		/* FUNCTION 1; set if routine is NULL */
} MetricSpace;

/*
 * mm_metric_signature_fits: does a function have the arguments and the result
 * that a class for opcintype needs of its support function procnum (1 or 2)?
 */
extern bool mm_metric_signature_fits(Oid function, int procnum, Oid opcintype);

/*
 * mm_metric_open: fill in space for an operator class.  This looks up
 * catalogs, and the current memory context must outlive space.  Raises an
 * error if the class lacks a part, if a part has the wrong signature, or if
 * its routine is not one of this version.
 */
extern void mm_metric_open(MetricSpace *space, Oid opclass, Oid collation);

/*
 * mm_metric_prepare: prepare a query value, which is not NULL, in the current
 * context.
 */
extern void *mm_metric_prepare(const MetricSpace *space, Datum query);

/*
 * mm_metric_check: raise an error if a value, which is not NULL, has no
 * distances.
 */
static inline void
mm_metric_check(const MetricSpace *space, Datum value)
{
	if (space->routine != NULL && space->routine->check != NULL)
		space->routine->check(value, space->collation);
}

/*
 * mm_metric_is_null: has a value no distances, as if it were NULL?
 */
static inline bool
mm_metric_is_null(const MetricSpace *space, Datum value)
{
	return space->routine != NULL && space->routine->is_null != NULL &&
		space->routine->is_null(value);
}

/*
 * mm_metric_finite: is it promised that no distance is Infinity?  Only
 * routines promise that.
 */
static inline bool
mm_metric_finite(const MetricSpace *space)
{
	return space->routine != NULL && space->routine->finite;
}

/*
 * mm_metric_generic_distance: what mm_metric_distance does, by FUNCTION 1.
 * Raises an error if that returns NULL, NaN or a negative number.
 */
extern double mm_metric_generic_distance(MetricSpace *space, void *prepared,
										 Datum value);

/*
 * mm_metric_distance: the distance of a prepared query to a value, which is
 * not NULL, if it is at most bound; otherwise any number above bound.
 */
static inline double
mm_metric_distance(MetricSpace *space, void *prepared, Datum value, double bound)
{
	if (space->routine != NULL)
		return space->routine->distance(prepared, value, bound);
	return mm_metric_generic_distance(space, prepared, value);
}

/*
 * mm_metric_pivot_transform: the function f for coordinates that are distances
 * to pivots, or what to_metric makes of such distances, between values of so
 * many dimensions (-1 if the type has no such number).
 */
static inline MetricTransform
mm_metric_pivot_transform(const MetricSpace *space, int dimensions)
{
	MetricTransform result = METRIC_IDENTITY;

	if (space->routine != NULL)
	{
		if (space->routine->pivot_transform != NULL)
		{
			space->routine->pivot_transform(dimensions, &result);
			return result;
		}
		if (space->routine->to_metric != NULL)
			return space->routine->transform;
		result.relative = space->routine->error;
	}
	return result;
}

/*
 * mm_metric_dimensions: the number of dimensions of a value, or -1 if its type
 * has no such number.
 */
extern int	mm_metric_dimensions(const MetricSpace *space, Datum value);

/*
 * mm_metric_describe_dimensions: this number of dimensions in words, and what
 * it is the number of.
 */
extern char *mm_metric_describe_dimensions(const MetricSpace *space, int dimensions);
extern const char *mm_metric_dimensions_name(const MetricSpace *space);

/*
 * mm_metric_dimensions_errhint: the hint, if there is one, of an error about a value
 * of other dimensions.  Part of an ereport, as errhint.
 */
extern int	mm_metric_dimensions_errhint(const MetricSpace *space);

/*
 * mm_metric_has_triangle: do the distances satisfy the triangle inequality, so
 * that pivots tell something?
 */
static inline bool
mm_metric_has_triangle(const MetricSpace *space)
{
	return space->routine == NULL || !space->routine->no_triangle;
}

/*
 * mm_metric_embedding: how many raw coordinates embed a value of so many
 * dimensions, and under which norm and function; 0 if there are none.  Raises
 * an error if the routine gives more than are allowed, or an unknown norm.
 */
extern int	mm_metric_embedding(const MetricSpace *space, int dimensions,
								MetricNorm *norm, MetricTransform *transform);

/*
 * mm_metric_operator: the body of a distance operator (T, T) that uses a
 * routine, for types whose values are expensive to prepare.  The prepared
 * value is kept from call to call, as long as the same one of the two
 * arguments keeps its value.
 */
extern Datum mm_metric_operator(FunctionCallInfo fcinfo,
								const MetricRoutine *routine);

/* support.c */

/*
 * What the planner's prices of distances are multiplied by, for those whose price
 * depends on the size of the values.
 */
extern double mm_distance_cost_factor;

#endif							/* MM_METRIC_H */
