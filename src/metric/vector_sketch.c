/*-------------------------------------------------------------------------
 *
 * vector_sketch.c
 *	  Sketches of vectors: coordinates in 8 bits each, and how far they are
 *	  off.
 *
 * A vector x is mapped to y, which has one component for each byte of the
 * sketch.  The map never makes distances larger.  It depends on the metric and
 * the budget:
 *
 *	- If the budget allows a byte for each component, y = x.  For cosine, y is
 *	  the unit vector of x under L2, whose distance is the chord.
 *	- L1: the components of y are sums of groups of neighbouring components.
 *	- L-infinity: they are the components that vary most in the sample.
 *	- L2 and cosine: they are projections on the principal directions of the
 *	  sample.  The last component, a float, is the length of the rest, which is
 *	  what the projections leave of x.  Two rests are at least as far from each
 *	  other as their lengths differ, and at most as far as the sum of their
 *	  lengths.
 *
 * Component p of y becomes code c, which stands for y' = origin + step * c.
 * The sketch's first word is a number e >= d(y, y'), computed in double
 * precision, which includes the error of y itself.  Hence, by the triangle
 * inequality, for a query z
 *
 *	d(z, y') - e <= d(z, y) <= d(z, y') + e
 *
 * which holds for any y, however unlike the sample.
 *
 * The query.  The kernel computes d(z, y') in float arithmetic, from z -
 * origin and step, rounded to floats.  How far that moves z and y' is a
 * constant of the query, again by the triangle inequality.  The remaining
 * error of rounding is relative to a sum without negative terms.  All numbers
 * are scaled by a power of 2, so that squares do not overflow.
 *
 * The directions are not quite orthonormal.  With G = I + F as the products of
 * all their pairs, the map sqrt(G^-1) V x is a true projection, and it differs
 * from V x by at most |F| |V x|, which e includes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "metric/kernels.h"
#include "metric/kernels_planes.h"
#include "metric/principal.h"
#include "metric/vector.h"
#include "metric/vector_sketch.h"

typedef enum Mapping
{
	WHOLE,
	GROUPS,
	CHOSEN,
	DIRECTIONS,
} Mapping;

/*
 * A model; its arrays follow it.
 */
typedef struct VectorModel
{
	VectorMetric metric;
	Mapping		mapping;
	int			dim;			/* components of x */
	int			planes;			/* components of y, but for the rest's length */

	/* These two are set only with directions. */
	double		gram_error;		/* at least |F| */
	double		mean_length;

	/*
	 * The arrays are double origin[planes], step[planes]; with chosen
	 * components, int chosen[planes]; with directions, double
	 * mean_projection[planes], float mean[dim], direction[planes][dim].
	 */
	double		data[FLEXIBLE_ARRAY_MEMBER];
} VectorModel;

#define ORIGIN(m)			((m)->data)
#define STEP(m)				((m)->data + (m)->planes)
#define CHOSEN_COMPONENT(m)	((int *) ((m)->data + 2 * (m)->planes))
#define MEAN_PROJECTION(m)	((m)->data + 2 * (m)->planes)
#define MEAN(m)				((float *) ((m)->data + 3 * (m)->planes))
#define DIRECTION(m, p)		(MEAN(m) + (Size) (m)->dim * ((p) + 1))

/*
 * The image y of a vector.
 */
typedef struct Image
{
	double	   *y;
	double		rest;			/* length of what the directions leave */
	double		error;			/* distance to the true image, at most */
} Image;

/* More planes than this take more time than they save. */
#define MAX_PLANES	256

/* Sums of 16,000 terms in double precision have a smaller relative error. */
#define SUM_ERROR	4e-12

static Size
model_size(Mapping mapping, int dim, int planes)
{
	Size		size = offsetof(VectorModel, data) + 2 * sizeof(double) * planes;

	if (mapping == CHOSEN)
		size += sizeof(int) * planes;
	else if (mapping == DIRECTIONS)
		size += sizeof(double) * planes + sizeof(float) * (Size) dim * (planes + 1);
	return size;
}

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
	image->error = total * SUM_ERROR;
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
	 * Each projection is off by at most SUM_ERROR times the lengths of x and
	 * the mean.  All of them together are off by no more than 16 times that
	 * (there are not more than 255).  The rest is off by the error of the
	 * difference of squares.
	 */
	length = sqrt(square) + 2.0 * model->mean_length;
	image->error = 16.0 * SUM_ERROR * length + model->gram_error * sqrt(inside);
	shift = 2.0 * model->gram_error * inside + 64.0 * SUM_ERROR * length * length;
	if (shift > 0.0)
		image->error += shift / Max(sqrt(shift), image->rest);
}

/*
 * Map a vector to its image.
 */
static void
map_vector(const VectorModel *model, const float *x, Image *image)
{
	double		factor = 1.0;

	image->rest = 0.0;
	image->error = 0.0;
	if (model->metric == MM_VECTOR_COSINE)
	{
		factor = 1.0 / sqrt(mm_kernels->dot(x, x, model->dim));
		image->error = SUM_ERROR;
	}
	if (model->mapping == WHOLE)
	{
		for (int i = 0; i < model->dim; i++)
			image->y[i] = x[i] * factor;
	}
	else if (model->mapping == GROUPS)
		map_groups(model, x, image);
	else if (model->mapping == CHOSEN)
	{
		for (int p = 0; p < model->planes; p++)
			image->y[p] = x[CHOSEN_COMPONENT(model)[p]];
	}
	else
		map_directions(model, x, factor, image);
	if (model->metric == MM_VECTOR_COSINE && model->mapping == DIRECTIONS)
		image->error += SUM_ERROR;
}

/*
 * Add one component to the norm of a metric.
 */
static inline double
add_component(VectorMetric metric, double sum, double diff)
{
	switch (metric)
	{
		case MM_VECTOR_L1:
			return sum + fabs(diff);
		case MM_VECTOR_LINF:
			return Max(sum, fabs(diff));
		default:
			return sum + diff * diff;
	}
}

static inline double
norm_of_sum(VectorMetric metric, double sum)
{
	return metric == MM_VECTOR_L2 || metric == MM_VECTOR_COSINE ? sqrt(sum) : sum;
}

/*
 * The least float that is not below x >= 0, and a little more, for the error
 * of x in double precision.
 */
static float
float_above(double x)
{
	x *= 1 + 1e-9;
	if (x >= FLT_MAX)
		return get_float4_infinity();
	return nextafterf((float) x, FLT_MAX);
}

int
mm_vector_model_dim(const void *model)
{
	return ((const VectorModel *) model)->dim;
}

void
mm_vector_sketch(const void *model, const float *x, uint32 *words, uint8 *bytes)
{
	const VectorModel *m = model;
	const double *origin = ORIGIN(m);
	const double *step = STEP(m);
	Image		image;
	double		sum = 0.0;
	float		error;
	float		rest;

	image.y = palloc(sizeof(double) * Max(m->planes, 1));
	map_vector(m, x, &image);
	for (int p = 0; p < m->planes; p++)
	{
		double		code = step[p] > 0.0 ? rint((image.y[p] - origin[p]) / step[p]) : 0.0;

		code = code < 0.0 ? 0.0 : code > 255.0 ? 255.0 : code;
		bytes[p] = (uint8) code;
		sum = add_component(m->metric, sum, image.y[p] - (origin[p] + step[p] * code));
	}
	rest = (float) Min(image.rest, FLT_MAX);
	error = float_above(norm_of_sum(m->metric, sum) + image.error +
						(m->mapping == DIRECTIONS ? fabs(image.rest - rest) : 0.0));
	memcpy(&words[0], &error, sizeof(float));
	if (m->mapping == DIRECTIONS)
		memcpy(&words[1], &rest, sizeof(float));
	pfree(image.y);
}

/*
 * The power of 2 that scales the largest number to about 1; but no power that
 * is itself near the end of the range of floats.
 */
static double
choose_scale(double largest)
{
	int			exponent;

	if (largest == 0.0)
		return 1.0;
	frexp(largest, &exponent);
	return ldexp(1.0, -Max(-120, Min(exponent, 120)));
}

void *
mm_vector_sketch_query(const void *model, const float *x)
{
	const VectorModel *m = model;
	const double *origin = ORIGIN(m);
	const double *step = STEP(m);
	MMCodeQuery *query = palloc0(offsetof(MMCodeQuery, components) +
								 sizeof(query->components[0]) * m->planes);
	Image		image;
	double		largest;
	double		moved = 0.0;	/* how far rounding moves z and any y' */
	double		scale;

	image.y = palloc(sizeof(double) * Max(m->planes, 1));
	map_vector(m, x, &image);
	largest = image.rest;
	for (int p = 0; p < m->planes; p++)
		largest = Max(largest, Max(fabs(image.y[p] - origin[p]), 255.0 * step[p]));
	scale = choose_scale(largest);

	for (int p = 0; p < m->planes; p++)
	{
		double		at = (image.y[p] - origin[p]) * scale;
		float		float_at = (float) at;
		float		float_step = (float) (step[p] * scale);

		/*
		 * The errors of the step, of its product with a code, and of the
		 * number that the product is subtracted from.
		 */
		moved = add_component(m->metric, moved,
							  fabs(at - float_at) +
							  255.0 * (fabs(step[p] * scale - float_step) +
									   0x1p-24 * float_step));
		query->components[p].at = float_at;
		query->components[p].step = float_step;
	}

	query->norm = m->metric == MM_VECTOR_L1 ? METRIC_NORM_L1 :
		m->metric == MM_VECTOR_LINF ? METRIC_NORM_MAX : METRIC_NORM_L2;
	query->planes = m->planes;
	query->has_rest = m->mapping == DIRECTIONS;
	query->has_upper = m->mapping == WHOLE || m->mapping == DIRECTIONS;
	query->half_square = m->metric == MM_VECTOR_COSINE;
	query->scale = scale;
	query->unscale = 1.0 / scale;
	query->rest = (float) Min(image.rest, FLT_MAX);

	/*
	 * The last summand is for underflow, in squares of scaled numbers and
	 * anywhere else.
	 */
	query->moved = float_above(norm_of_sum(m->metric, moved) / scale + image.error +
							   (m->mapping == DIRECTIONS ? fabs(image.rest - query->rest) : 0.0) +
							   largest * 0x1p-50 + 0x1p-110);
	query->sum_error = (m->planes + 16) * 0x1p-23f;
	query->distance_error = m->metric == MM_VECTOR_COSINE ? 1e-6f : MM_VECTOR_ERROR;
	query->absolute_error = m->metric == MM_VECTOR_COSINE ? 2 * MM_COSINE_ERROR : 0.0f;
	pfree(image.y);
	return query;
}

void
mm_vector_sketch_widen(uint32 *words, double error)
{
	float		e;

	memcpy(&e, &words[0], sizeof(float));
	e = float_above(e + error);
	memcpy(&words[0], &e, sizeof(float));
}

void
mm_vector_sketch_query_widen(void *query, double error)
{
	MMCodeQuery *q = query;

	q->moved = float_above(q->moved + error);
}

void
mm_vector_bounds(const void *query, const MetricSketchPlanes *planes,
				 float *lower, float *upper)
{
	mm_kernels->planes->codes(query, planes, lower, upper);
}

/*
 * What the principal directions of a sample are computed from, and the
 * directions.
 */
typedef struct Principal
{
	int			n;
	float	   *mean;
	float	   *directions;
	double		gram_error;
} Principal;

static Principal
find_principal(VectorMetric metric, const float *vectors, int n, int dim, int most)
{
	double	   *sum = palloc0(sizeof(double) * dim);
	double	   *factor = palloc(sizeof(double) * n);
	float	   *centered = palloc_extended(sizeof(float) * dim * n, MCXT_ALLOC_HUGE);
	double		largest = 0.0;
	double		scale;
	Principal	result;

	result.mean = palloc(sizeof(float) * dim);
	result.directions = palloc_extended(sizeof(float) * dim * most, MCXT_ALLOC_HUGE);
	for (int v = 0; v < n; v++)
	{
		const float *x = vectors + (Size) v * dim;

		factor[v] = metric == MM_VECTOR_COSINE ?
			1.0 / sqrt(mm_kernels->dot(x, x, dim)) : 1.0;
		for (int i = 0; i < dim; i++)
		{
			sum[i] += x[i] * factor[v];
			largest = Max(largest, fabs(x[i] * factor[v]));
		}
	}
	for (int i = 0; i < dim; i++)
		result.mean[i] = (float) (sum[i] / n);

	/*
	 * The vectors are scaled so that floats can hold them; the directions stay
	 * the same.
	 */
	scale = largest > 0.0 ? 0.5 / largest : 1.0;
	for (int v = 0; v < n; v++)
		for (int i = 0; i < dim; i++)
			centered[(Size) v * dim + i] =
				(float) ((vectors[(Size) v * dim + i] * factor[v] - result.mean[i]) * scale);

	result.n = mm_principal_directions(centered, n, dim, most,
									   result.directions, &result.gram_error);
	pfree(centered);
	pfree(factor);
	pfree(sum);
	return result;
}

static void
set_directions(VectorModel *model, const Principal *principal)
{
	Size		row = sizeof(float) * model->dim;

	memcpy(MEAN(model), principal->mean, row);
	model->mean_length = sqrt(mm_kernels->dot(principal->mean, principal->mean, model->dim));
	model->gram_error = principal->gram_error;
	for (int p = 0; p < model->planes; p++)
	{
		memcpy(DIRECTION(model, p), principal->directions + (Size) model->dim * p, row);
		MEAN_PROJECTION(model)[p] = mm_kernels->dot(principal->mean, DIRECTION(model, p),
													model->dim);
	}
}

/*
 * A component, and how much it varies.
 */
typedef struct Spread
{
	int			component;
	double		spread;
} Spread;

static int
compare_spreads(const void *a, const void *b)
{
	const Spread *x = a;
	const Spread *y = b;

	if (x->spread != y->spread)
		return x->spread > y->spread ? -1 : 1;
	return x->component - y->component;
}

static void
choose_components(VectorModel *model, const float *vectors, int n)
{
	Spread	   *spreads = palloc(sizeof(Spread) * model->dim);

	for (int i = 0; i < model->dim; i++)
	{
		double		mean = 0.0;

		spreads[i].component = i;
		spreads[i].spread = 0.0;
		for (int v = 0; v < n; v++)
			mean += (double) vectors[(Size) v * model->dim + i] / n;
		for (int v = 0; v < n; v++)
			spreads[i].spread += fabs(vectors[(Size) v * model->dim + i] - mean);
	}
	qsort(spreads, model->dim, sizeof(Spread), compare_spreads);
	for (int p = 0; p < model->planes; p++)
		CHOSEN_COMPONENT(model)[p] = spreads[p].component;
	pfree(spreads);
}

/*
 * Set each component's range to that of the sample.
 */
static void
set_ranges(VectorModel *model, const float *vectors, int n)
{
	double	   *origin = ORIGIN(model);
	double	   *step = STEP(model);
	double	   *largest = palloc(sizeof(double) * Max(model->planes, 1));
	Image		image;

	image.y = palloc(sizeof(double) * Max(model->planes, 1));
	for (int v = 0; v < n; v++)
	{
		CHECK_FOR_INTERRUPTS();
		map_vector(model, vectors + (Size) v * model->dim, &image);
		for (int p = 0; p < model->planes; p++)
		{
			origin[p] = v == 0 ? image.y[p] : Min(origin[p], image.y[p]);
			largest[p] = v == 0 ? image.y[p] : Max(largest[p], image.y[p]);
		}
	}
	for (int p = 0; p < model->planes; p++)
		step[p] = (largest[p] - origin[p]) / 255.0;
	pfree(image.y);
	pfree(largest);
}

void *
mm_vector_train(VectorMetric metric, const float *vectors, int n, int dim,
				int budget, Size *size, MetricSketchShape *shape)
{
	bool		euclidean = metric == MM_VECTOR_L2 || metric == MM_VECTOR_COSINE;
	Mapping		mapping;
	int			planes;
	Principal	principal = {0};
	VectorModel *model;

	shape->words = 1;
	if (dim + (int) sizeof(float) <= budget)
	{
		mapping = WHOLE;
		planes = dim;
	}
	else if (!euclidean)
	{
		mapping = metric == MM_VECTOR_L1 ? GROUPS : CHOSEN;
		planes = Min(budget, MAX_PLANES) - (int) sizeof(float);
	}
	else
	{
		mapping = DIRECTIONS;
		planes = Min(budget, MAX_PLANES) - 2 * (int) sizeof(float);
		shape->words = 2;
	}
	if (planes < 1)
		return NULL;
	if (mapping == DIRECTIONS)
	{
		principal = find_principal(metric, vectors, n, dim, planes);
		planes = principal.n;
	}

	*size = model_size(mapping, dim, planes);
	model = palloc0(*size);
	model->metric = metric;
	model->mapping = mapping;
	model->dim = dim;
	model->planes = planes;
	if (mapping == DIRECTIONS)
		set_directions(model, &principal);
	else if (mapping == CHOSEN)
		choose_components(model, vectors, n);
	set_ranges(model, vectors, n);
	shape->bytes = planes;
	return model;
}
