/*-------------------------------------------------------------------------
 *
 * vector_array.c
 *	  What the metrics of vectors share, whatever their components are; see
 *	  vector.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "metric/vector.h"

ArrayType *
mm_vector_array(Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("vector distance needs one-dimensional arrays, not %d-dimensional ones",
						ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("vector distance needs arrays without NULL elements")));
	return array;
}

/*
 * The number of dimensions is at the front of a value, so do not fetch all of
 * it.
 */
int
mm_vector_array_dimensions(Datum value)
{
	ArrayType  *front = (ArrayType *)
		PG_DETOAST_DATUM_SLICE(value, 0, sizeof(ArrayType) + sizeof(int) - VARHDRSZ);

	return ARR_NDIM(front) == 0 ? 0 : ARR_DIMS(front)[0];
}

/*
 * The error of the operators' sums is no more than what bounds are widened by anyway.
 */
static int
raw_embedding(int dimensions, MetricNorm raw_norm, MetricNorm *norm,
			  MetricTransform *transform)
{
	if (dimensions <= 0 || dimensions > METRIC_MAX_RAW_COORDINATES)
		return 0;
	*norm = raw_norm;
	*transform = METRIC_IDENTITY;
	return dimensions;
}

int
mm_vector_embedding_l2(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	return raw_embedding(dimensions, METRIC_NORM_L2, norm, transform);
}

int
mm_vector_embedding_l1(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	return raw_embedding(dimensions, METRIC_NORM_L1, norm, transform);
}

int
mm_vector_embedding_linf(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	return raw_embedding(dimensions, METRIC_NORM_MAX, norm, transform);
}

/*
 * Cosine is half the square of the chord.  The operator may be off by 1e-15, and so a
 * chord near 0 by 4.5e-8.
 */
int
mm_vector_embedding_cosine(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	int			n = raw_embedding(dimensions, METRIC_NORM_L2, norm, transform);

	if (n > 0)
		*transform = (MetricTransform) {.clamp = 2.0f, .c2 = 0.5f, .absolute = 1e-7f};
	return n;
}

double
mm_vector_angle(double distance)
{
	return 2.0 * asin(sqrt(Min(distance, 2.0) / 2.0));
}
