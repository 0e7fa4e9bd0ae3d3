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

#include <float.h>
#include <math.h>

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
 * ---------- lower bounds ----------
 *
 * What the index keeps of a value instead of the value: a few coordinates,
 * over which the tree has boxes, and a sketch, which only leaf pages have.
 * Both give lower bounds of the distance to a query, and where it costs
 * nothing an upper bound.  A lower bound must hold whatever rounding did: it
 * is never above the distance the operator returns; an upper bound is never
 * below it.
 */

/*
 * Coordinates embed a value in a space with a norm: f(norm of the difference
 * of two values' coordinates) is at most their distance.  For a box, the
 * difference is that to its nearest point.
 *
 * Raw coordinates are a metric's own; where f is the identity, they tell the
 * very distance, and so bound it from above, too.  A metric whose routine has
 * none is embedded by its distances to pivots (the triangle inequality).
 */
typedef enum MetricNorm
{
	MM_NORM_MAX,				/* the largest coordinate */
	MM_NORM_L1,
	MM_NORM_L2,
	MM_NORM_DISCRETE,			/* 1 unless all are zero; coordinates are whole
								 * numbers below MM_DISCRETE_RANGE, no distance
								 * is more than 1 */
	MM_NORM_PIVOTS,				/* as MM_NORM_MAX; coordinates are distances
								 * to pivots, none of them negative */
} MetricNorm;

/* So many hashes are exact in a float. */
#define MM_DISCRETE_RANGE	0x1000000

/*
 * The function f: a polynomial that grows from 0 as far as clamp, where it
 * stops.  It need only be a lower bound of the function it stands for.
 *
 * And what rounding may have done besides rounding coordinates to float: the
 * difference of two coordinates x and y may be off by relative * (|x| + |y|) +
 * absolute, and the distance that the operator returns by relative times
 * itself.  (Not under MM_NORM_DISCRETE, where nothing is off.)
 */
typedef struct MetricTransform
{
	float		clamp;
	float		c1,
				c2,
				c3,
				c4;				/* c1 x + c2 x^2 + c3 x^3 + c4 x^4 */
	float		relative;		/* see above */
	float		absolute;
} MetricTransform;

#define MM_IDENTITY		((MetricTransform) {.clamp = FLT_MAX, .c1 = 1.0f})

static inline bool
mm_is_identity(const MetricTransform *t)
{
	return t->clamp == FLT_MAX && t->c1 == 1.0f &&
		t->c2 == 0.0f && t->c3 == 0.0f && t->c4 == 0.0f;
}

/* At most so many raw coordinates a value. */
#define MM_MAX_RAW_COORDINATES	4

/*
 * Coordinates are never NaN, and at most 4 * MM_COORDINATE_LIMIT in absolute
 * value.  Below MM_COORDINATE_LIMIT they are what they say, but for an error
 * of 2^-50 of themselves.  Finite values beyond are cut off, to
 * MM_COORDINATE_LIMIT or its negative; values that are not finite, which are
 * infinitely far from all others, have the numbers below.  A coordinate at or
 * beyond the limit is not to be shifted to another origin.
 */
#define MM_COORDINATE_LIMIT			1e37
#define MM_COORDINATE_INFINITY		(2 * MM_COORDINATE_LIMIT)
#define MM_COORDINATE_NAN			(3 * MM_COORDINATE_LIMIT)

/*
 * mm_coordinate: a number, or what is not finite, as a coordinate.
 */
static inline double
mm_coordinate(double x)
{
	if (likely(x > -MM_COORDINATE_LIMIT && x < MM_COORDINATE_LIMIT))
		return x;
	if (isnan(x))
		return MM_COORDINATE_NAN;
	if (isinf(x))
		return x > 0 ? MM_COORDINATE_INFINITY : -MM_COORDINATE_INFINITY;
	return x > 0 ? MM_COORDINATE_LIMIT : -MM_COORDINATE_LIMIT;
}

/*
 * The shape of a sketch: so many words of 4 bytes (uint32 or float), and so
 * many single bytes.  A page has all first words of its values side by side,
 * then all second words, and so on: "planes".
 */
typedef struct SketchShape
{
	int			words;
	int			bytes;
} SketchShape;

/*
 * The sketches of n values on a page: word p of value i is words[p * stride +
 * i], byte p is bytes[p * stride + i].  Up to MM_PLANE_SLACK - 1 values behind
 * the last may be read, with any content: loops need not end at n.
 */
typedef struct SketchPlanes
{
	int			n;
	int			stride;
	const uint32 *words;
	const uint8 *bytes;
} SketchPlanes;

#define MM_PLANE_SLACK	16

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

	/*
	 * The relative error of the operator's distances, at most; 0 stands for
	 * what double precision and a few operations make of it.
	 */
	float		error;

	/* Distances are whole numbers, or Infinity. */
	bool		whole;

	/*
	 * How many raw coordinates embed a value of so many dimensions (-1: the
	 * type knows none), and under which norm and function; 0: none, use
	 * pivots.  NULL stands for 0.
	 */
	int			(*embedding) (int dimensions, MetricNorm *norm,
							  MetricTransform *transform);

	/* The raw coordinates of a value. */
	void		(*coordinates) (Datum value, Oid collation, double *x);

	/*
	 * Where the distance is not a metric but a function of one: from the
	 * distance to the metric; pivots' coordinates are that, and transform
	 * leads back (mm_metric_pivot_transform).  NULL: the distance is the
	 * metric.
	 */
	double		(*to_metric) (double distance);
	MetricTransform transform;	/* only if to_metric is set */

	/*
	 * Train a sketch on n >= 1 values, to take at most budget bytes a value.
	 * Returns the model, a chunk without pointers, in the current context; its
	 * size in *size, the shape of sketches in *shape.  Returns NULL if the
	 * metric wants no sketch here.  NULL: it never does.  Wherever the model
	 * is used, it must be aligned as palloc aligns it.
	 *
	 * Sketches of values unlike the sample bound as well as they can.  An
	 * error is raised only for a value that has no distances, to anything or
	 * to those of the sample (other dimensions).
	 */
	void	   *(*train) (const Datum *values, int n, Oid collation, int budget,
						  Size *size, SketchShape *shape);

	/* The sketch of a value: shape->words words and shape->bytes bytes. */
	void		(*sketch) (const void *model, Datum value, Oid collation,
						   uint32 *words, uint8 *bytes);

	/* A query value made ready for sketch_bounds, in the current context. */
	void	   *(*sketch_query) (const void *model, Datum query, Oid collation);

	/*
	 * Lower bounds of the distances of a query to planes->n values, and if
	 * upper is not NULL, upper bounds (Infinity where there is none).  Both
	 * have room for planes->n rounded up to MM_PLANE_SLACK.
	 */
	void		(*sketch_bounds) (const void *query, const SketchPlanes *planes,
								  float *lower, float *upper);
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
 * mm_metric_signature_fits: has a function the arguments and the result that a
 * class for opcintype needs of its support function 1 or 2?
 */
extern bool mm_metric_signature_fits(Oid function, int procnum, Oid opcintype);

/*
 * mm_metric_open: fill in space for the class of opfamily whose input type is
 * opcintype.  Catalog look-ups; the current memory context must outlive space.
 * Raises an error if the class lacks a part, or one has another signature.
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
 * mm_metric_pivot_transform: the function f for distances to pivots, or what
 * to_metric makes of them.
 */
static inline MetricTransform
mm_metric_pivot_transform(const MetricSpace *space)
{
	MetricTransform result = MM_IDENTITY;

	if (space->routine != NULL)
	{
		if (space->routine->to_metric != NULL)
			return space->routine->transform;
		result.relative = space->routine->error;
	}
	return result;
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
