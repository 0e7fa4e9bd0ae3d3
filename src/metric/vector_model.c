/*-------------------------------------------------------------------------
 *
 * vector_model.c
 *	  How the model of sketches maps a vector to what is coded; see
 *	  vector_sketch.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "metric/kernels.h"
#include "metric/vector.h"
#include "metric/vector_model.h"

/*
 * The first component of group p.  For the group after the last, it is the
 * number of components.
 */
static inline int
group_start(const VectorModel *model, int p)
{
	return (int) ((int64) p * model->dim / model->planes);
}

static void
map_groups(const VectorModel *model, const float *x, Image *image)
{
	double		total = 0.0;

	for (int p = 0; p < model->planes; p++)
	{
		double		sum = 0.0;

		for (int i = group_start(model, p); i < group_start(model, p + 1); i++)
		{
			sum += x[i];
			total += fabs(x[i]);
		}
		image->y[p] = sum;
	}
	image->error = total * MM_VECTOR_SUM_ERROR;
}

static void
map_directions(const VectorModel *model, const float *x, double factor, Image *image)
{
	const float *mean = MEAN(model);
	double		square = 0.0;	/* of the distance to the mean */
	double		inside = 0.0;	/* of its projection */
	double		length;
	double		shift;			/* of the squared rest, at most */

	for (int i = 0; i < model->dim; i++)
	{
		double		diff = x[i] * factor - mean[i];

		square += diff * diff;
	}
	for (int p = 0; p < model->planes; p++)
	{
		image->y[p] = mm_kernels->dot(x, DIRECTION(model, p), model->dim) * factor -
			MEAN_PROJECTION(model)[p];
		inside += image->y[p] * image->y[p];
	}
	image->rest = sqrt(Max(square - inside, 0.0));

	/*
	 * Each projection is off by at most MM_VECTOR_SUM_ERROR times the lengths of x and
	 * the mean.  All of them together are off by no more than 16 times that
	 * (there are not more than 255).  The rest is off by the error of the
	 * difference of squares.
	 */
	length = sqrt(square) + 2.0 * model->mean_length;
	image->error = 16.0 * MM_VECTOR_SUM_ERROR * length + model->gram_error * sqrt(inside);
	shift = 2.0 * model->gram_error * inside + 64.0 * MM_VECTOR_SUM_ERROR * length * length;
	if (shift > 0.0)
		image->error += shift / Max(sqrt(shift), image->rest);
}

void
mm_vector_map(const VectorModel *model, const float *x, Image *image)
{
	double		factor = 1.0;

	image->rest = 0.0;
	image->error = 0.0;
	if (model->metric == MM_VECTOR_COSINE)
	{
		factor = 1.0 / sqrt(mm_kernels->dot(x, x, model->dim));
		image->error = MM_VECTOR_SUM_ERROR;
	}
	if (model->mapping == GROUPS)
		map_groups(model, x, image);
	else if (model->mapping == DIRECTIONS)
		map_directions(model, x, factor, image);
	else
		for (int p = 0; p < model->planes; p++)
			image->y[p] = x[COMPONENT(model)[p]] * factor;
	if (model->metric == MM_VECTOR_COSINE && model->mapping == DIRECTIONS)
		image->error += MM_VECTOR_SUM_ERROR;
}

float
mm_vector_float_above(double x)
{
	x *= 1 + 1e-9;
	if (x >= FLT_MAX)
		return get_float4_infinity();
	return nextafterf((float) x, FLT_MAX);
}
