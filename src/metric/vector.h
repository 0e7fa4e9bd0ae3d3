/*-------------------------------------------------------------------------
 *
 * vector.h
 *	  What the parts of the vector metrics share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VECTOR_H
#define MM_VECTOR_H

#include "utils/array.h"

#include "metric/metric_routine.h"

/*
 * The largest relative error of L1, L2 and L-infinity.  A float sum over n
 * components has 64 running sums (kernels.h).  Each term goes through n / 64 +
 * 6 additions, and before that through at most three other roundings, of at
 * most 2^-24 each: 259 * 2^-24 = 1.55e-5 for n = 16,000.  The root of L2
 * halves that.
 */
#define MM_VECTOR_ERROR		2e-5f

/*
 * The largest absolute error of cosine distances.  There are three sums in
 * double precision, 16 running sums each, and two of the three are under a
 * root.  For n = 16,000, each sum takes a thousand additions, of 2^-53 each.
 */
#define MM_COSINE_ERROR		4e-13

/* Sums of 16,000 terms in double precision have a smaller relative error. */
#define MM_VECTOR_SUM_ERROR	4e-12

/*
 * mm_vector_array: an array that is a vector, detoasted.  Raises an error if it has
 * more than one dimension, or NULL elements.
 *
 * mm_vector_array_dimensions: a MetricRoutine's dimensions, for such arrays.
 */
extern ArrayType *mm_vector_array(Datum value);
extern int	mm_vector_array_dimensions(Datum value);

/*
 * mm_vector_embedding_...: a MetricRoutine's embedding.  Vectors of a few dimensions
 * have their components as raw coordinates; under cosine, those of the unit vector.
 */
extern int	mm_vector_embedding_l2(int dimensions, MetricNorm *norm, MetricTransform *transform);
extern int	mm_vector_embedding_l1(int dimensions, MetricNorm *norm, MetricTransform *transform);
extern int	mm_vector_embedding_linf(int dimensions, MetricNorm *norm, MetricTransform *transform);
extern int	mm_vector_embedding_cosine(int dimensions, MetricNorm *norm, MetricTransform *transform);

/*
 * mm_vector_angle: the angle of a cosine distance, which is a metric.  MM_FROM_ANGLE is
 * the way back, as a MetricTransform.
 *
 * The angle is 2 asin(sqrt(d / 2)).  For the way back, 1 - cos(x) = x^2 / 2 - x^4 / 24 +
 * ... is an alternating series, and so is above its first two terms.
 *
 * The distance has an absolute error of up to MM_COSINE_ERROR.  At angles near 0 and
 * pi, this is an error of up to sqrt(2 * 4e-13) = 9e-7 of the angle.  A difference has
 * two such errors.
 */
extern double mm_vector_angle(double distance);

#define MM_FROM_ANGLE \
	{.clamp = 2.449f, .c2 = 1.0f / 2, .c4 = -1.0f / 24, .absolute = 2e-6f}

#endif							/* MM_VECTOR_H */
