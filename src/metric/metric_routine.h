/*-------------------------------------------------------------------------
 *
 * metric_routine.h
 *	  What a metric written in C gives to mmdb: a MetricRoutine, the distance
 *	  of an operator class in faster parts.
 *
 * This header is installed, so that others can write operator classes.  It
 * needs nothing but PostgreSQL's own headers.  Include postgres.h before it:
 *
 *		#include "extension/mmdb/metric_routine.h"
 *
 * FUNCTION 2 of an operator class, (internal) returning internal, returns a
 * pointer to a routine that does not change for the rest of the session: a
 * static const variable.
 *
 * The contract of a distance, however it is computed:
 *	- It is a metric on the type's values: never negative, never NaN, zero for
 *	  equal values, symmetric to the last bit, and satisfying the triangle
 *	  inequality except for rounding.  It may be Infinity.
 *	- Or it is a monotone function of a metric (as the cosine distance is of
 *	  the angle).
 *	- A MetricRoutine returns the same bits as the operator does.
 *
 * The functions of a routine are given values that are not NULL, as they come
 * from the table: toasted, compressed, or with a short header.  They may leak
 * memory into the current context, which mmdb resets every row or every few
 * rows.  If a value or a pair of values has no distance, they raise an error
 * (ereport).
 *
 * Compatibility.  mmdb refuses a routine whose version is not its own, and one
 * that is smaller than the first routines of that version were.  Members may
 * be added at the end without a new version if both sides are right without
 * them: a library that lacks them (mmdb sees that by the size, and takes them
 * as zero), and an mmdb that does not know them (and does not look).  Any
 * other change to this header, even if only of a meaning, makes a new version.
 *
 * A metric may be built upon another one, such as one of mmdb's own: the members
 * of its routine call those of the routine that the other's FUNCTION 2 returns.
 * That has the members that its size says.
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
 * The index does not keep a value itself, but a few coordinates, over which
 * the tree has boxes, and a sketch, which only leaf pages have.  Both give
 * lower bounds of the distance to a query, and upper bounds where these cost
 * nothing.  Bounds must hold whatever rounding did: a lower bound is never
 * above the distance that the operator returns, an upper bound never below it.
 */

/*
 * Coordinates embed a value in a space with a norm: f(norm of the difference
 * of two values' coordinates) is at most the distance of the values.  For a
 * box, the difference is the one to its nearest point.
 *
 * Raw coordinates are a metric's own.  Where f is the identity, they give the
 * distance itself, and so bound it from above, too.  A metric whose routine
 * has no raw coordinates is embedded by its distances to pivots (the triangle
 * inequality).
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
	METRIC_NORM_BALLS,			/* see below */
} MetricNorm;

/*
 * Under METRIC_NORM_BALLS, a value has its place somewhere in a ball, or fills
 * it.  The last coordinate is the ball's radius, which is not negative, and the
 * others are its center.  The norm is the least Euclidean distance of points of
 * two balls, 0 if these overlap.  f must not be the identity: there are no
 * upper bounds.
 */

/* Hashes below this number are exact in a float. */
#define METRIC_DISCRETE_RANGE	0x1000000

/*
 * The function f: a polynomial that grows from 0 up to clamp and is constant
 * from there on.  It need only be a lower bound of the function that it stands
 * for.
 *
 * The struct also says what rounding may have done, besides rounding
 * coordinates to float.  The difference of two coordinates x and y may be off
 * by relative * (|x| + |y|) + absolute, and the distance that the operator
 * returns by relative times itself.  (This does not apply under
 * METRIC_NORM_DISCRETE, where nothing is off.)
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

/* The most coordinates that a value may have: raw ones, and trained ones. */
#define METRIC_MAX_RAW_COORDINATES	4
#define METRIC_MAX_TRAINED_COORDINATES	16

/*
 * Coordinates are never NaN, and at most 4 * METRIC_COORDINATE_LIMIT in
 * absolute value.  Below METRIC_COORDINATE_LIMIT they are exact, except for an
 * error of 2^-50 of themselves.  Finite values beyond are cut off, to
 * METRIC_COORDINATE_LIMIT or its negative.  Values that are not finite, which
 * are infinitely far from all others, have the numbers below.  A coordinate at
 * or beyond the limit must not be shifted to another origin.
 */
#define METRIC_COORDINATE_LIMIT		1e37
#define METRIC_COORDINATE_INFINITY	(2 * METRIC_COORDINATE_LIMIT)
#define METRIC_COORDINATE_NAN		(3 * METRIC_COORDINATE_LIMIT)

/*
 * metric_coordinate: the coordinate that stands for a number, finite or not.
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
 * Under which norm and function trained coordinates are (see train_coordinates
 * below), and how many a value can have.  The function f leads from the norm to the
 * distance that the operator returns.
 */
typedef struct MetricTrainedCoordinates
{
	int			most;			/* at most METRIC_MAX_TRAINED_COORDINATES */
	MetricNorm	norm;			/* not METRIC_NORM_DISCRETE or METRIC_NORM_PIVOTS */
	MetricTransform transform;
} MetricTrainedCoordinates;

/*
 * The shape of a sketch: its number of words of 4 bytes (uint32 or float), and
 * its number of single bytes.  A page stores the first words of all its values
 * side by side, then all second words, and so on; each such run is a "plane".
 * So many words, the last ones, are only looked at by refine, of few values.
 */
typedef struct MetricSketchShape
{
	int			words;
	int			bytes;
	int			later;
} MetricSketchShape;

/*
 * The sketches of n values on a page: word p of value i is words[p * stride +
 * i], and byte p is bytes[p * stride + i].  Up to METRIC_PLANE_SLACK - 1
 * values after the last may be read, with any content, so loops need not end
 * at n.
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
 * The initializer of every routine begins with this.  It tells mmdb that it
 * and the routine's library use the same version of this interface.
 */
#define METRIC_ROUTINE_HEAD \
	.magic = METRIC_ROUTINE_MAGIC, \
	.version = METRIC_ROUTINE_VERSION, \
	.size = sizeof(MetricRoutine)

/*
 * The faster parts of a metric.  prepare and distance are required.  Any other
 * part may be left out; it is then zero, and promises nothing.
 */
typedef struct MetricRoutine
{
	/* METRIC_ROUTINE_HEAD */
	uint32		magic;
	uint32		version;
	Size		size;

	/*
	 * Prepare a query value: compute once, in the current memory context, what
	 * is worth it.  The result lives as long as that context and does not
	 * refer to the argument.  Raises an error if the value has no distances (a
	 * zero vector under cosine).
	 */
	void	   *(*prepare) (Datum query, Oid collation);

	/*
	 * The distance of a prepared query to a value if it is at most bound;
	 * otherwise the distance or any other number above bound.
	 */
	double		(*distance) (void *prepared, Datum value, double bound);

	/*
	 * Raise the error that prepare would raise if a value has no distances,
	 * without the work that prepare does.  The index calls this for each value
	 * that is inserted.  NULL: all values of the type have distances.
	 */
	void		(*check) (Datum value, Oid collation);

	/*
	 * The number of dimensions of a value, where all values of a column must
	 * have the same number; NULL if values of the type have no such number.
	 */
	int			(*dimensions) (Datum value);

	/*
	 * The largest relative error of the operator's distances.  0 stands for
	 * the error of a few operations in double precision.
	 */
	float		error;

	/* All distances are whole numbers, or Infinity. */
	bool		whole;

	/*
	 * No distance is Infinity, whatever the values.  (So nothing depends on a
	 * distance that has weight 0, and it need not be computed.  Otherwise it
	 * matters: 0 times Infinity is NaN.)
	 */
	bool		finite;

	/*
	 * How many raw coordinates embed a value of so many dimensions (-1 if the
	 * type has no such number), and under which norm and function.  0: there
	 * are none, pivots are used.  NULL stands for a function that returns 0.
	 */
	int			(*embedding) (int dimensions, MetricNorm *norm,
							  MetricTransform *transform);

	/* The raw coordinates of a value. */
	void		(*coordinates) (Datum value, Oid collation, double *x);

	/*
	 * For a distance that is not a metric but a function of one: turn the
	 * distance into the metric.  Coordinates from pivots are values of that
	 * metric, and transform leads back to the distance.  NULL: the distance is
	 * the metric.
	 */
	double		(*to_metric) (double distance);
	MetricTransform transform;	/* only if to_metric is set */

	/*
	 * Train a sketch on n >= 1 values, to take at most budget bytes for each
	 * value.  Returns the model, a chunk without pointers, in the current
	 * context.  *size becomes its size, and *shape the shape of sketches.
	 * Returns NULL if the metric wants no sketch here.  NULL instead of a
	 * function: it never does.  Wherever the model is used, it must be aligned
	 * as palloc aligns it.
	 *
	 * Values unlike the sample get sketches that bound as well as they can.
	 * An error is raised only for a value that has no distances, either to
	 * anything or to the values of the sample (because it has other
	 * dimensions).
	 */
	void	   *(*train) (const Datum *values, int n, Oid collation, int budget,
						  Size *size, MetricSketchShape *shape);

	/*
	 * The sketch of a value, which has shape->words words and shape->bytes
	 * bytes.
	 */
	void		(*sketch) (const void *model, Datum value, Oid collation,
						   uint32 *words, uint8 *bytes);

	/* Prepare a query value for sketch_bounds, in the current context. */
	void	   *(*sketch_query) (const void *model, Datum query, Oid collation);

	/*
	 * Lower bounds of the distances of a query to planes->n values, and upper
	 * bounds if upper is not NULL (Infinity where there is none).  Both arrays
	 * have room for planes->n rounded up to METRIC_PLANE_SLACK.
	 */
	void		(*sketch_bounds) (const void *query, const MetricSketchPlanes *planes,
								  float *lower, float *upper);

	/*
	 * Tokens stand for parts that values have in common, such as the elements
	 * of sets.  An inverted index finds the values that share many tokens with
	 * a query.  The tokens of a value are hashes, in any order.  *size becomes
	 * the value's size, which is not negative, and *n the number of tokens,
	 * which is at most one more than the size.
	 *
	 * A part that a value has k times has k tokens: hash each repetition
	 * together with its number, so that these are different.  Different parts
	 * may have the same token, as hashes do.
	 */
	uint32	   *(*tokens) (Datum value, Oid collation, int *size, int *n);

	/*
	 * A lower bound of the distance of a value of query_size to any value
	 * whose size is from least_size to greatest_size, and that has at most
	 * shared of its parts in common with the first.  It must not grow with
	 * shared.  Required with tokens.
	 */
	double		(*token_bound) (int query_size, int least_size, int greatest_size,
								int shared);

	/*
	 * Prepare a query value for refine, in the current context.  NULL: the
	 * sketches of this model tell no more of a value than sketch_bounds does.
	 * NULL instead of a function: sketches never do.
	 */
	void	   *(*refine_query) (const void *model, Datum query, Oid collation);

	/*
	 * A closer lower bound of the distance of a query to value i of planes, for
	 * sketches that take more work to read than sketch_bounds can do for all
	 * values.  The index asks for it before it would read a row from the table.
	 * If the bound is above the number bound, any other lower bound above that
	 * number will do.  If upper is not NULL, *upper becomes an upper bound, or
	 * Infinity.
	 */
	double		(*refine) (void *query, const MetricSketchPlanes *planes, int i,
						   double bound, double *upper);

	/*
	 * Coordinates that are fitted to the values of a column, where there are no
	 * raw ones; for instance, projections of vectors on the directions in which they
	 * differ most.  They are used instead of distances to pivots if they tell more.
	 *
	 * Train them on n >= 1 values.  Returns a model, a chunk as train returns,
	 * with which a value can have any number of coordinates from 1 to
	 * trained->most, and sets *trained.  Returns NULL if the metric has no such
	 * coordinates for these values.
	 */
	void	   *(*train_coordinates) (const Datum *values, int n, Oid collation,
									  Size *size, MetricTrainedCoordinates *trained);

	/*
	 * The first n coordinates of a value; n coordinates need not begin with what
	 * n - 1 of them are.  They are those of a map under which no two values are
	 * farther apart, under the norm, than by their metric, except that each value's
	 * coordinates are off by some error, under the norm.  Returns a bound of
	 * that error.  For two values, these bounds differ by no more than
	 * relative / 4 times the values' distance (relative is in the transform).
	 * Required with train_coordinates.
	 */
	double		(*trained_coordinates) (const void *model, Datum value, Oid collation,
										int n, double *x);

	/*
	 * Some distances are NaN, as an exception from the contract: those of some
	 * values to all others (a zero vector, under a cosine distance that raises
	 * no error for it).  NaN is greater than all numbers.  So coordinates and
	 * sketches of such a value may be anything, but no upper bound may be less
	 * than Infinity (the transform of raw coordinates is not the identity).
	 * finite must not be set.  An expression that is minus a sum is not answered
	 * from the index, as NaN comes first in its order.
	 *
	 * This member and is_null are not right without an mmdb that knows them.  A
	 * library that sets them makes sure of that: by the size of a routine of
	 * mmdb's own, or by METRIC_NORM_BALLS, which is as old as they are.
	 */
	bool		may_be_nan;

	/*
	 * d(x, y) and d(y, x) may differ in the last bits, by no more than error
	 * allows.  Then distance returns the bits of "value operator query".
	 */
	bool		asymmetric;

	/*
	 * The metric itself, from a prepared value to another, where the operator
	 * only approximates it (it sums in another order, or overflows).  Distances
	 * to pivots are measured by it.  It is neither NaN nor Infinity.  NULL: it
	 * is the distance, or what to_metric makes of that.
	 */
	double		(*metric) (void *prepared, Datum value);

	/*
	 * The function from that metric to the operator's distance, if its errors
	 * depend on the number of dimensions.  It is given the identity to change.
	 * NULL: the function is the identity with the error above, or transform if
	 * to_metric is set.
	 */
	void		(*pivot_transform) (int dimensions, MetricTransform *transform);

	/*
	 * Distances need not satisfy the triangle inequality, as an exception from
	 * the contract.  Then embedding must always give raw coordinates.
	 */
	bool		no_triangle;

	/*
	 * Has this value no distances, so that the operator returns NULL for it?
	 * (An empty geometry has none.)  The index takes it for NULL then, and does
	 * not give it to any other function.  NULL: there are no such values.
	 */
	bool		(*is_null) (Datum value);

	/*
	 * What dimensions returns, if it is no number of dimensions, but something
	 * else that must be the same for all values ("SRID").
	 */
	const char *dimensions_name;

	/*
	 * A hint for those whose query has another number there, or NULL.
	 */
	const char *dimensions_hint;

	/*
	 * The time that a distance takes grows as the product of the values' sizes, as
	 * that of an edit distance does.  An index then measures fewer distances of
	 * long values when it is made.
	 */
	bool		quadratic;
} MetricRoutine;

#endif							/* METRIC_ROUTINE_H */
