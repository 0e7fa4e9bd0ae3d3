/*-------------------------------------------------------------------------
 *
 * metric_routine.h
 *	  What a metric written in C gives to mmdb: a MetricRoutine, the distance
 *	  of an operator class in faster parts.
 *
 * This header is installed, for the operator classes of others.  It needs
 * nothing but PostgreSQL's own headers, postgres.h being included before it:
 *
 *		#include "extension/mmdb/metric_routine.h"
 *
 * FUNCTION 2 of an operator class, (internal) returning internal, returns a
 * pointer to a routine that stays as it is as long as the session lasts: a
 * static const variable.
 *
 * Contract of a distance, however it is computed:
 *	- it is a metric on the type's values: never negative, never NaN, zero for
 *	  equal values, symmetric to the last bit, and satisfying the triangle
 *	  inequality but for rounding;  it may be Infinity;
 *	- or it is a monotone function of a metric (cosine distance of the angle);
 *	- a MetricRoutine returns the same bits as the operator does.
 *
 * Functions of a routine are given values that are not NULL, as they come from
 * the table: toasted, compressed, or with a short header.  They may leak into
 * the current memory context, which mmdb resets after a row or a few.  What
 * makes a value or a pair of values fail is raised as an error (ereport).
 *
 * Compatibility.  mmdb refuses a routine whose version is not its own, and one
 * that is smaller than the first of that version were.  Members may be added at
 * the end without a new version if both are right without them: a library that
 * does not have them (mmdb knows that by the size, and takes them as zero), and
 * an mmdb that does not know them (and does not look).  Any other change of
 * what is in this header, be it only of a meaning, is a new version.
 *
 *-------------------------------------------------------------------------
 */
#ifndef METRIC_ROUTINE_H
#define METRIC_ROUTINE_H

#include <float.h>
#include <math.h>

#include "utils/float.h"

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
	METRIC_NORM_MAX,			/* the largest coordinate */
	METRIC_NORM_L1,
	METRIC_NORM_L2,
	METRIC_NORM_DISCRETE,		/* 1 unless all are zero; coordinates are whole
								 * numbers below METRIC_DISCRETE_RANGE, no
								 * distance is more than 1 */
	METRIC_NORM_PIVOTS,			/* mmdb's own: as METRIC_NORM_MAX; coordinates
								 * are distances to pivots, none of them
								 * negative */
} MetricNorm;

/* So many hashes are exact in a float. */
#define METRIC_DISCRETE_RANGE	0x1000000

/*
 * The function f: a polynomial that grows from 0 as far as clamp, where it
 * stops.  It need only be a lower bound of the function it stands for.
 *
 * And what rounding may have done besides rounding coordinates to float: the
 * difference of two coordinates x and y may be off by relative * (|x| + |y|) +
 * absolute, and the distance that the operator returns by relative times
 * itself.  (Not under METRIC_NORM_DISCRETE, where nothing is off.)
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

#define METRIC_IDENTITY		((MetricTransform) {.clamp = FLT_MAX, .c1 = 1.0f})

/*
 * metric_is_identity: is f the identity?
 */
static inline bool
metric_is_identity(const MetricTransform *t)
{
	return t->clamp == FLT_MAX && t->c1 == 1.0f &&
		t->c2 == 0.0f && t->c3 == 0.0f && t->c4 == 0.0f;
}

/* At most so many raw coordinates a value. */
#define METRIC_MAX_RAW_COORDINATES	4

/*
 * Coordinates are never NaN, and at most 4 * METRIC_COORDINATE_LIMIT in
 * absolute value.  Below METRIC_COORDINATE_LIMIT they are what they say, but
 * for an error of 2^-50 of themselves.  Finite values beyond are cut off, to
 * METRIC_COORDINATE_LIMIT or its negative; values that are not finite, which
 * are infinitely far from all others, have the numbers below.  A coordinate at
 * or beyond the limit is not to be shifted to another origin.
 */
#define METRIC_COORDINATE_LIMIT		1e37
#define METRIC_COORDINATE_INFINITY	(2 * METRIC_COORDINATE_LIMIT)
#define METRIC_COORDINATE_NAN		(3 * METRIC_COORDINATE_LIMIT)

/*
 * metric_coordinate: a number, or what is not finite, as a coordinate.
 */
static inline double
metric_coordinate(double x)
{
	if (likely(x > -METRIC_COORDINATE_LIMIT && x < METRIC_COORDINATE_LIMIT))
		return x;
	if (isnan(x))
		return METRIC_COORDINATE_NAN;
	if (isinf(x))
		return x > 0 ? METRIC_COORDINATE_INFINITY : -METRIC_COORDINATE_INFINITY;
	return x > 0 ? METRIC_COORDINATE_LIMIT : -METRIC_COORDINATE_LIMIT;
}

/*
 * The shape of a sketch: so many words of 4 bytes (uint32 or float), and so
 * many single bytes.  A page has all first words of its values side by side,
 * then all second words, and so on: "planes".
 */
typedef struct MetricSketchShape
{
	int			words;
	int			bytes;
} MetricSketchShape;

/*
 * The sketches of n values on a page: word p of value i is words[p * stride +
 * i], byte p is bytes[p * stride + i].  Up to METRIC_PLANE_SLACK - 1 values
 * behind the last may be read, with any content: loops need not end at n.
 */
typedef struct MetricSketchPlanes
{
	int			n;
	int			stride;
	const uint32 *words;
	const uint8 *bytes;
} MetricSketchPlanes;

#define METRIC_PLANE_SLACK	16

/* The bound that bounds nothing. */
#define METRIC_NO_BOUND		get_float8_infinity()

/*
 * ---------- the routine ----------
 */

#define METRIC_ROUTINE_MAGIC	0x4d6d4472
#define METRIC_ROUTINE_VERSION	1

/*
 * What the initializer of every routine begins with: by it, mmdb knows that it
 * and the routine's library mean the same.
 */
#define METRIC_ROUTINE_HEAD \
	.magic = METRIC_ROUTINE_MAGIC, \
	.version = METRIC_ROUTINE_VERSION, \
	.size = sizeof(MetricRoutine)

/*
 * The faster parts of a metric.  prepare and distance must be there.  Whatever
 * else is left out, and so zero, promises nothing.
 */
typedef struct MetricRoutine
{
	/* METRIC_ROUTINE_HEAD */
	uint32		magic;
	uint32		version;
	Size		size;

	/*
	 * Make what is worth computing once of a query value, in the current
	 * memory context.  The result lives as long as that context and does not
	 * refer to the argument.  Raises an error if the value has no distances
	 * (a zero vector under cosine).
	 */
	void	   *(*prepare) (Datum query, Oid collation);

	/*
	 * Distance of a prepared query to a value, if it is at most bound;
	 * otherwise the distance or any other number above bound.
	 */
	double		(*distance) (void *prepared, Datum value, double bound);

	/*
	 * Raise the error of prepare if a value has no distances, without the work
	 * that prepare does.  The index asks it of each value that is inserted.
	 * NULL: all values of the type have distances.
	 */
	void		(*check) (Datum value, Oid collation);

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
	 * No distance is Infinity, whatever the values.  (So nothing depends on a
	 * distance that has weight 0, and it need not be computed: 0 times
	 * Infinity is NaN.)
	 */
	bool		finite;

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
	 * leads back.  NULL: the distance is the metric.
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
						  Size *size, MetricSketchShape *shape);

	/* The sketch of a value: shape->words words and shape->bytes bytes. */
	void		(*sketch) (const void *model, Datum value, Oid collation,
						   uint32 *words, uint8 *bytes);

	/* A query value made ready for sketch_bounds, in the current context. */
	void	   *(*sketch_query) (const void *model, Datum query, Oid collation);

	/*
	 * Lower bounds of the distances of a query to planes->n values, and if
	 * upper is not NULL, upper bounds (Infinity where there is none).  Both
	 * have room for planes->n rounded up to METRIC_PLANE_SLACK.
	 */
	void		(*sketch_bounds) (const void *query, const MetricSketchPlanes *planes,
								  float *lower, float *upper);
} MetricRoutine;

#endif							/* METRIC_ROUTINE_H */
