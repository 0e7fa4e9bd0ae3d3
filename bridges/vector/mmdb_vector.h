/*-------------------------------------------------------------------------
 *
 * mmdb_vector.h
 *	  What the parts of the bridge to pgvector share.
 *
 * Each metric here has the distance of pgvector's operator.  Its coordinates
 * and sketches are those of one of mmdb's own metrics, the *base*, for the
 * same values or for images of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MMDB_VECTOR_H
#define MMDB_VECTOR_H

#include <math.h>

#include "compat.h"
#include "metric/metric_routine.h"
#include "mmdb.h"

/*
 * The layouts of pgvector's types, which are those on disk.  A value has at
 * most MM_MAX_DIMS components; a sparsevec has as many that are not zero, and
 * up to a thousand million dimensions.  All numbers are finite.
 */
typedef struct VectorValue
{
	int32		varlena_header;
	int16		dim;
	int16		unused;
	float		x[FLEXIBLE_ARRAY_MEMBER];
} VectorValue;

typedef struct HalfvecValue
{
	int32		varlena_header;
	int16		dim;
	int16		unused;
	uint16		x[FLEXIBLE_ARRAY_MEMBER];	/* in IEEE half precision */
} HalfvecValue;

typedef struct SparsevecValue
{
	int32		varlena_header;
	int32		dim;
	int32		n;				/* components that are stored */
	int32		unused;
	int32		indices[FLEXIBLE_ARRAY_MEMBER]; /* from 0, ascending */
	/* float values[n] follow */
} SparsevecValue;

#define SPARSEVEC_VALUES(v)		((const float *) ((v)->indices + (v)->n))

/* mmdb's own vector, which is what a base is given. */
typedef struct ImageValue
{
	int32		varlena_header;
	int32		dim;
	float		x[FLEXIBLE_ARRAY_MEMBER];
} ImageValue;

/*
 * mmdb_vector_function: a function of pgvector's library.
 */
extern PGFunction mmdb_vector_function(const char *name);

/*
 * mmdb_vector_base: the routine that a function of mmdb's library returns.
 */
extern const MetricRoutine *mmdb_vector_base(const char *name);

/*
 * mmdb_vector_image: a new image of so many dimensions, in the current context.
 */
extern ImageValue *mmdb_vector_image(int dim);

/*
 * The errors of pgvector's sums, relative to the sums of absolute values.  A sum
 * of n terms in float precision, in any order, fused or not, takes each term
 * through at most n + 2 roundings of 2^-24 each.  (The number of terms is
 * increased for the roundings of the root and the quotient; the factor is for
 * terms of second order.)  A root halves the error.  A cosine has it twice: once
 * in the product of the vectors, and once in the product of their lengths.
 */
#define SUM_ERROR(n)		(((n) + 16.0) * 0x1p-24 * 1.01)

#define L1_FACTOR			1.0
#define L2_FACTOR			0.5
#define COSINE_FACTOR		2.0

/*
 * Squares below the range of float are lost.  2 * 16,000 of them, each off by
 * 2^-150, move an L2 distance by less than this.
 */
#define UNDERFLOW_ERROR		5e-21

/* L2 and L1 distances below these are not Infinity. */
#define MOST_L2				1e19
#define MOST_L1				1e38

/*
 * mmdb_vector_check_length: raise an error if a vector of these n components
 * is too short or too long for cosine distances.  A zero vector is not.  (Up to
 * 16,000 products of components of vectors that are not, each off by 2^-150 from
 * underflow, are off by less than 1e-11 of the lengths' product together, which
 * SUM_ERROR covers.)
 */
extern void mmdb_vector_check_length(const float *x, int n);

/*
 * A cosine distance that is off by error belongs to an angle, or to a chord,
 * that is off by no more than this, at any angle: 1 - cos(x) - error is at least
 * 1 - cos(x - a) if 1 - cos(a) is at least error; and so is half the square of
 * a chord.
 */
#define ANGLE_ERROR(error)	(sqrt(2.0 * (error) * (1.0 + (error))) * (1 + 1e-6))

/*
 * Bounds from a base, and how they are widened.
 */
typedef struct WidenedQuery
{
	void	   *base;
	float		shrink;			/* lower bounds become this times themselves ... */
	float		less;			/* ... less this */
	float		grow;			/* upper bounds become this times themselves ... */
	float		more;			/* ... and this; */
	float		most;			/* above this, the distance may be Infinity */
} WidenedQuery;

/*
 * mmdb_vector_widened: a query whose bounds are off by a relative and an absolute
 * error.  An upper bound above most tells nothing.
 */
extern WidenedQuery *mmdb_vector_widened(void *base, double relative, double absolute, double most);

/*
 * mmdb_vector_widen: widen the bounds of n values; upper may be NULL.
 */
extern void mmdb_vector_widen(const WidenedQuery *query, int n, float *lower, float *upper);

#endif							/* MMDB_VECTOR_H */
