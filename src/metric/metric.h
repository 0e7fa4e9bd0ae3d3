/*-------------------------------------------------------------------------
 *
 * metric.h
 *	  What a metric is to mmdb, and how to use one.
 *
 * A metric space is a type with a distance function.  In SQL it is an
 * operator class of the access method: OPERATOR 1 orders by the distance,
 * FUNCTION 1 computes it, and FUNCTION 2, optional, hands out a
 * MetricRoutine: the same distance in faster parts.  Built-in metrics all
 * have one.  mm_metric_* use either kind in the same way.
 *
 * Contract of a distance, however it is computed:
 *	- it is a metric on the type's values: never negative, never NaN, zero for
 *	  equal values, symmetric to the last bit, and satisfying the triangle
 *	  inequality but for rounding;  it may be Infinity;
 *	- or it is a monotone function of a metric (cosine distance of the angle);
 *	- a MetricRoutine returns the same bits as the operator does.
 *
 * Functions here detoast and leak: call them in a context that is reset for
 * each row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_METRIC_H
#define MM_METRIC_H

#include "fmgr.h"
#include "utils/float.h"

/* Support function numbers of the access method. */
#define MM_DISTANCE_PROC	1	/* (T, T) returns float8; required */
#define MM_ROUTINE_PROC		2	/* (internal) returns internal */
#define MM_OPTIONS_PROC		3	/* operator class options */
#define MM_NPROCS			3

/* Strategy numbers. */
#define MM_DISTANCE_STRATEGY	1	/* ordering by distance */
#define MM_WITHIN_STRATEGY		2	/* composite <@ odbquery */
#define MM_NSTRATEGIES			2

/*
 * The faster parts of a metric.
 */
typedef struct MetricRoutine
{
	/*
	 * Make what is worth computing once of a query value (not NULL), in the
	 * current memory context.  The result lives as long as that context and
	 * does not refer to the argument.  Raises an error if the value has no
	 * distances (a zero vector under cosine).
	 */
	void	   *(*prepare) (Datum query, Oid collation);

	/*
	 * Distance of a prepared query to a value (not NULL), if it is at most
	 * bound; otherwise the distance or any other number above bound.
	 */
	double		(*distance) (void *prepared, Datum value, double bound);

	/*
	 * Number of dimensions of a value, where all values of a column must have
	 * the same; NULL if the type knows no dimensions.
	 */
	int			(*dimensions) (Datum value);
} MetricRoutine;

/* The bound that bounds nothing. */
#define MM_NO_BOUND		get_float8_infinity()

/*
 * A metric space, ready for use.
 */
typedef struct MetricSpace
{
	Oid			type;			/* declared input type of the class */
	Oid			opfamily;
	Oid			operator;		/* OPERATOR 1 */
	Oid			collation;		/* of the column */
	const MetricRoutine *routine;	/* NULL: a class with FUNCTION 1 only */
	FmgrInfo	distance;		/* FUNCTION 1; set if routine is NULL */
} MetricSpace;

/*
 * mm_metric_open: fill in space for the class of opfamily whose input type is
 * opcintype.  Catalog look-ups; the current memory context must outlive space.
 */
extern void mm_metric_open(MetricSpace *space, Oid opfamily, Oid opcintype,
						   Oid collation);

/*
 * mm_metric_prepare: prepare a query value (not NULL), in the current context.
 */
extern void *mm_metric_prepare(const MetricSpace *space, Datum query);

/*
 * mm_metric_generic_distance: mm_metric_distance by FUNCTION 1.  Raises an
 * error if that returns NULL, NaN or a negative number.
 */
extern double mm_metric_generic_distance(MetricSpace *space, void *prepared,
										 Datum value);

/*
 * mm_metric_distance: distance of a prepared query to a value (not NULL), if
 * at most bound; otherwise any number above bound.
 */
static inline double
mm_metric_distance(MetricSpace *space, void *prepared, Datum value, double bound)
{
	if (space->routine != NULL)
		return space->routine->distance(prepared, value, bound);
	return mm_metric_generic_distance(space, prepared, value);
}

/*
 * mm_metric_dimensions: number of dimensions of a value, -1 if its type knows
 * none.
 */
extern int	mm_metric_dimensions(const MetricSpace *space, Datum value);

/*
 * mm_metric_operator: body of a distance operator (T, T) over a routine,
 * for types whose preparation is dear: the prepared value is kept from call
 * to call, as long as the same one of the two arguments repeats.
 */
extern Datum mm_metric_operator(FunctionCallInfo fcinfo,
								const MetricRoutine *routine);

#endif							/* MM_METRIC_H */
