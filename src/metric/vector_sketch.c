/*-------------------------------------------------------------------------
 *
 * vector_sketch.c
 *	  Sketches of vectors: coordinates in 8 bits each, and how far they are
 *	  off.
 *
 * A vector x is mapped to y, which has one component for each code of the
 * sketch.  The map never makes distances larger.  It depends on the metric and
 * the budget:
 *
 *	- If the budget allows a byte for each component, y = x.  For cosine, y is
 *	  the unit vector of x under L2, whose distance is the chord.
 *	- L1: the components of y are sums of groups of neighbouring components.
 *	- L-infinity: they are the components that vary most in the sample.
 *	- L2 and cosine: they are projections on the principal directions of the
 *	  sample.  The length of the rest, which is what the projections leave of x, is
 *	  kept as a float.  Two rests are at least as far from each other as their
 *	  lengths differ, and at most as far as the sum of their lengths.
 *
 * Component p of y becomes code c, which stands for y' = origin + step * c.  The
 * sketch has a number e >= d(y, y'), computed in double precision, which includes
 * the error of y itself.  Hence, by the triangle inequality, for a query z
 *
 *	d(z, y') - e <= d(z, y) <= d(z, y') + e
 *
 * which holds for any y, however unlike the sample.
 *
 * Codes have four bits.  That is enough where neighbours are far from each other, as
 * they are in many dimensions, and takes half the memory of eight.  Where e is
 * much in comparison with the distance of neighbours, codes have eight bits.
 *
 * A sketch's words are, in this order:
 *
 *	- the error, as a float
 *	- L2, cosine: the square of y' - center, as a float (see below)
 *	- principal directions: the length of the rest, as a float
 *	- the upper four bits of the codes, eight to a word (see code_shift), and then
 *	  their lower four bits, if they have them
 *
 * The query under L2.  With center as the middle of all codes, a = z - center, and
 * b = y' - center,
 *
 *	|z - y'|^2 = |a|^2 + |b|^2 - 2 a b
 *
 * |b|^2 is in the sketch.  The product is a sum of codes times numbers of the query.
 * These are rounded to whole numbers, so that the kernel can multiply bytes.  Rounding
 * moves z, and by how much is a constant of the query, again by the triangle
 * inequality.  The other errors of rounding are relative to the largest that the three
 * summands can be.  Components of similar ranges are in one word, and each word has
 * its own unit, so that no component is rounded too much.
 *
 * The query under L1.  |z - y'| is a sum of differences of bytes times steps: z is
 * rounded to a byte and cut off at the ends, which adds a constant.  The steps are
 * multiples of some unit, rounded down.
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
#include "metric/principal.h"
#include "metric/vector.h"
#include "metric/vector_model.h"

/* More planes than this take more time than they save. */
#define MAX_PLANES	256

/* A component whose range is less than this part of the widest has no codes. */
#define LEAST_RANGE	1e-6

/*
 * What is thought of to choose between four and eight bits: a search in so many rows,
 * where it takes as long to read a row as so many bytes of sketches; and how many
 * vectors are asked, with how many components as coordinates.
 */
#define ROWS			100000
#define BYTES_PER_ROW	10000
#define ASKED_VECTORS	50
#define FEW_PLANES		8

static Size
model_size(Mapping mapping, int dim, int planes)
{
	Size		size = offsetof(VectorModel, data) + 2 * sizeof(double) * planes;

	if (mapping == CHOSEN || mapping == WHOLE)
		size += sizeof(int) * planes;
	else if (mapping == DIRECTIONS)
		size += sizeof(double) * planes + sizeof(float) * (Size) dim * (planes + 1);
	return size;
}

int
mm_vector_model_dim(const void *model)
{
	return ((const VectorModel *) model)->dim;
}

/* ---------- sketches ---------- */

static inline void
put_code(const VectorModel *model, uint32 *words, int p, int code)
{
	uint32	   *word = &words[p / MM_CODES_PER_WORD];

	if (model->greatest > 15)
	{
		word[half_words(model)] |= (uint32) (code & 15) << code_shift(p);
		code >>= 4;
	}
	*word |= (uint32) code << code_shift(p);
}

/*
 * The square of y' - center in one component, scaled.
 */
static inline double
centered_square(const VectorModel *model, int p, double code)
{
	double		diff = STEP(model)[p] * (code - CENTER(model)) * model->scale;

	return diff * diff;
}

static inline void
put_float(uint32 *word, double x)
{
	float		f = (float) Min(x, FLT_MAX);

	memcpy(word, &f, sizeof(float));
}

void
mm_vector_sketch(const void *model, const float *x, uint32 *words, uint8 *bytes)
{
	const VectorModel *m = model;
	const double *origin = ORIGIN(m);
	const double *step = STEP(m);
	uint32	   *codes = words + head_words(m);
	Image		image;
	double		sum = 0.0;
	double		square = 0.0;
	double		error;

	image.y = palloc(sizeof(double) * Max(m->planes, 1));
	mm_vector_map(m, x, &image);
	memset(codes, 0, sizeof(uint32) * code_words(m));
	for (int p = 0; p < m->planes; p++)
	{
		double		code = step[p] > 0.0 ? rint((image.y[p] - origin[p]) / step[p]) : 0.0;

		code = Max(Min(code, m->greatest), 0.0);
		put_code(m, codes, p, (int) code);
		sum = add_component(m->metric, sum, image.y[p] - (origin[p] + step[p] * code));
		square += centered_square(m, p, code);
	}
	error = norm_of_sum(m->metric, sum) + image.error;
	if (is_euclidean(m))
		put_float(&words[1], square);
	if (m->mapping == DIRECTIONS)
	{
		float		rest = (float) Min(image.rest, FLT_MAX);

		put_float(&words[2], rest);
		error += fabs(image.rest - rest);
	}
	put_float(&words[0], mm_vector_float_above(error));
	pfree(image.y);
}

/* ---------- training ---------- */

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

static void
set_directions(VectorModel *model, const MMPrincipal *principal)
{
	Size		row = sizeof(float) * model->dim;

	memcpy(MEAN(model), principal->mean, row);
	model->mean_length = principal->mean_length;
	model->gram_error = principal->gram_error;
	for (int p = 0; p < model->planes; p++)
	{
		memcpy(DIRECTION(model, p), principal->directions + (Size) model->dim * p, row);
		MEAN_PROJECTION(model)[p] = principal->mean_projection[p];
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

/*
 * How much a component varies: on average for those to be chosen, or else from the
 * least to the greatest number.
 */
static double
spread_of(const VectorModel *model, const float *vectors, int n, int i)
{
	double		mean = 0.0;
	double		spread = 0.0;
	double		least = get_float8_infinity();
	double		greatest = -get_float8_infinity();

	for (int v = 0; v < n; v++)
	{
		double		x = vectors[(Size) v * model->dim + i];

		mean += x / n;
		least = Min(least, x);
		greatest = Max(greatest, x);
	}
	if (model->mapping == WHOLE)
		return greatest - least;
	for (int v = 0; v < n; v++)
		spread += fabs(vectors[(Size) v * model->dim + i] - mean);
	return spread;
}

/*
 * Put the components in order, those that vary most first.
 */
static void
choose_components(VectorModel *model, const float *vectors, int n)
{
	Spread	   *spreads = palloc(sizeof(Spread) * model->dim);

	for (int i = 0; i < model->dim; i++)
		spreads[i] = (Spread) {i, spread_of(model, vectors, n, i)};
	qsort(spreads, model->dim, sizeof(Spread), compare_spreads);
	for (int p = 0; p < model->planes; p++)
		COMPONENT(model)[p] = spreads[p].component;
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
	double		widest = 0.0;
	Image		image;

	image.y = palloc(sizeof(double) * Max(model->planes, 1));
	for (int v = 0; v < n; v++)
	{
		CHECK_FOR_INTERRUPTS();
		mm_vector_map(model, vectors + (Size) v * model->dim, &image);
		for (int p = 0; p < model->planes; p++)
		{
			origin[p] = v == 0 ? image.y[p] : Min(origin[p], image.y[p]);
			largest[p] = v == 0 ? image.y[p] : Max(largest[p], image.y[p]);
		}
	}
	for (int p = 0; p < model->planes; p++)
	{
		step[p] = (largest[p] - origin[p]) / model->greatest;
		widest = Max(widest, model->greatest * step[p]);
	}
	model->scale = choose_scale(widest);
	for (int p = 0; p < model->planes; p++)
	{
		/* A range that is nothing beside the others would only spoil their rounding. */
		if (step[p] * model->greatest < widest * LEAST_RANGE)
		{
			origin[p] += step[p] * CENTER(model);
			step[p] = 0.0;
		}
		model->greatest_square += centered_square(model, p, 0.0);
	}
	pfree(image.y);
	pfree(largest);
}

/*
 * The distance of two vectors of the sample, or for cosine of their unit vectors.
 */
static double
sample_distance(const VectorModel *model, const float *x, const float *y)
{
	int			dim = model->dim;
	double		sums[3];

	switch (model->metric)
	{
		case MM_VECTOR_L1:
			return mm_kernels->l1(x, y, dim, FLT_MAX);
		case MM_VECTOR_LINF:
			return mm_kernels->linf(x, y, dim, FLT_MAX);
		case MM_VECTOR_L2:
			return sqrt(mm_kernels->l2_squared(x, y, dim, FLT_MAX));
		default:
			mm_kernels->dot3(x, y, dim, sums);
			return sqrt(Max(2.0 - 2.0 * sums[0] / sqrt(sums[1] * sums[2]), 0.0));
	}
}

/*
 * Are codes of four bits good enough, or would eight save more time than they take?
 *
 * For some vectors, it is counted how many of the sample are so near, by their
 * sketches, that they would have to be looked at in the search for the nearest
 * neighbour.  (That is about as many as for some nearest neighbours in a large table.)
 * Each costs the time that a row takes.  Bits cost the time to read them, of all
 * values that a few coordinates do not exclude.
 */
static bool
is_fine_enough(const VectorModel *model, const float *vectors, int n)
{
	int			planes = model->planes;
	int			few = Min(planes, FEW_PLANES);
	float	   *first = palloc(sizeof(float) * few * n);
	double	   *distances = palloc(sizeof(double) * n);
	uint32	   *words = palloc(sizeof(uint32) * (head_words(model) + code_words(model)));
	int			step = Max(n / ASKED_VECTORS, 1);
	double		asked = 0.0;
	double		mistaken = 0.0;
	double		read = 0.0;
	Image		image;

	image.y = palloc(sizeof(double) * Max(planes, 1));
	for (int v = 0; v < n; v++)
	{
		mm_vector_map(model, vectors + (Size) v * model->dim, &image);
		for (int p = 0; p < few; p++)
			first[(Size) v * few + p] = (float) image.y[p];
	}
	for (int v = 0; v < n; v += step)
	{
		const float *x = vectors + (Size) v * model->dim;
		double		nearest = get_float8_infinity();
		float		error;

		CHECK_FOR_INTERRUPTS();
		for (int other = 0; other < n; other++)
		{
			distances[other] = sample_distance(model, x, vectors + (Size) other * model->dim);
			if (other != v && distances[other] > 0.0)
				nearest = Min(nearest, distances[other]);
		}
		mm_vector_sketch(model, x, words, NULL);
		memcpy(&error, words, sizeof(float));
		for (int other = 0; other < n; other++)
		{
			double		sum = 0.0;

			for (int p = 0; p < few; p++)
				sum = add_component(model->metric, sum,
									first[(Size) v * few + p] - first[(Size) other * few + p]);
			read += norm_of_sum(model->metric, sum) <= nearest;
			mistaken += distances[other] > nearest && distances[other] <= nearest + 2.0 * error;
		}
		asked++;
	}
	pfree(first);
	pfree(distances);
	pfree(words);
	pfree(image.y);
	return mistaken / asked * BYTES_PER_ROW <= read / asked / n * ROWS * planes / 2;
}

void *
mm_vector_train(VectorMetric metric, const float *vectors, int n, int dim,
				int budget, Size *size, MetricSketchShape *shape)
{
	bool		euclidean = metric == MM_VECTOR_L2 || metric == MM_VECTOR_COSINE;
	Mapping		mapping;
	int			planes;
	MMPrincipal principal = {0};
	VectorModel *model;

	planes = (budget / (int) sizeof(uint32) - (euclidean ? 2 : 1)) * MM_CODES_PER_WORD;
	if (dim <= planes)
	{
		mapping = WHOLE;
		planes = dim;
	}
	else if (!euclidean)
	{
		mapping = metric == MM_VECTOR_L1 ? GROUPS : CHOSEN;
		planes = Min(planes, MAX_PLANES);
	}
	else
	{
		mapping = DIRECTIONS;
		planes = Min(planes - MM_CODES_PER_WORD, MAX_PLANES);
	}
	if (planes < 1)
		return NULL;
	if (mapping == DIRECTIONS)
	{
		mm_principal_of_vectors(metric == MM_VECTOR_COSINE, vectors, n, dim, planes, &principal);
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
	else if (mapping == WHOLE || mapping == CHOSEN)
		choose_components(model, vectors, n);
	model->greatest = 15;
	set_ranges(model, vectors, n);
	if (2 * code_words(model) + head_words(model) <= budget / (int) sizeof(uint32) &&
		!is_fine_enough(model, vectors, n))
	{
		model->greatest = 255;
		set_ranges(model, vectors, n);
	}
	shape->words = head_words(model) + code_words(model);
	shape->bytes = shape->later = 0;
	return model;
}
