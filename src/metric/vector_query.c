/*-------------------------------------------------------------------------
 *
 * vector_query.c
 *	  A query vector, made ready to be compared with sketches; see vector_sketch.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "metric/kernels.h"
#include "metric/vector.h"
#include "metric/vector_model.h"

/* A query that is so many times farther away than codes reach has simpler bounds. */
#define FAR		1e6

/*
 * The unit that the numbers of a word's components are rounded to, so that the
 * largest has this weight.
 */
static float
choose_unit(double largest, int weight)
{
	float		unit = (float) (largest / weight);

	return unit > 0.0f ? nextafterf(unit, FLT_MAX) : 0.0f;
}

/*
 * Round the numbers of word w's components, under L2.  A query is a in a plane, that
 * is, its distance from the center.  Returns the square of how far that moves it.
 * *constant gets what the query's own numbers add to the square of the distance, and
 * *largest what the products may add.
 */
static double
round_products(const VectorModel *model, const double *a, int w, MMCodeQuery *query,
			   double *constant, double *largest)
{
	int			end = Min((w + 1) * MM_CODES_PER_WORD, model->planes);
	double		greatest = 0.0;
	double		moved = 0.0;
	float		unit;

	for (int p = w * MM_CODES_PER_WORD; p < end; p++)
		greatest = Max(greatest, 2.0 * fabs(a[p]) * STEP(model)[p] * model->scale);
	query->units[w] = unit = choose_unit(greatest, MM_PRODUCT_WEIGHT);
	for (int p = w * MM_CODES_PER_WORD; p < end; p++)
	{
		double		step = STEP(model)[p] * model->scale;
		double		weight = unit > 0.0f ? rint(2.0 * a[p] * step / unit) : 0.0;
		double		at = step > 0.0 ? weight * unit / (2.0 * step) : a[p];

		query->weights[p] = (int16) weight;
		moved += (a[p] - at) * (a[p] - at);
		/* y' - center is step times (code - CENTER). */
		*constant += at * at + model->greatest * at * step;
		*largest += model->greatest * fabs(weight) * unit;
	}
	/* The upper four bits count 16 times as much as the lower ones. */
	if (model->greatest > 15)
	{
		query->units[half_words(model) + w] = unit;
		query->units[w] = 16.0f * unit;
	}
	return moved;
}

/*
 * Prepare a query for L2.  Returns how far rounding moves it, scaled.
 */
static double
prepare_products(const VectorModel *model, const double *a, MMCodeQuery *query)
{
	double		length = 0.0;
	double		constant = 0.0;
	double		largest = 0.0;
	double		moved = 0.0;

	for (int p = 0; p < model->planes; p++)
		length += a[p] * a[p];
	if (sqrt(length) > FAR)
	{
		/* Any y' is within the radius of the greatest square. */
		double		distance = sqrt(length) - sqrt(model->greatest_square);

		query->far = true;
		query->has_upper = false;
		query->constant = (float) (Min(distance * distance, 1e30) * (1 - 1e-6));
		return 0.0;
	}
	for (int w = 0; w < half_words(model); w++)
		moved += round_products(model, a, w, query, &constant, &largest);
	if (model->greatest > 15)
		memcpy(query->weights + half_words(model) * MM_CODES_PER_WORD, query->weights,
			   sizeof(int16) * half_words(model) * MM_CODES_PER_WORD);
	query->constant = (float) constant;
	query->sum_error = (float) ((query->words + 8) * 0x1p-23 *
								(model->greatest_square + fabs(constant) + largest) + 1e-36);
	return sqrt(moved);
}

/*
 * Prepare a query for L1.  It is a in a plane, that is, its distance from the origin,
 * in codes; or scaled, where there are no codes.  Returns how far rounding moves it,
 * scaled.
 */
static double
prepare_positions(const VectorModel *model, const double *a, MMCodeQuery *query)
{
	double		constant = 0.0;
	double		missing = 0.0;	/* what rounding of steps takes away, at most */
	double		moved = 0.0;
	double		byte = model->greatest > 15 ? 1.0 : 16.0;	/* of a code */
	double		most = model->greatest * byte;

	for (int w = 0; w < half_words(model); w++)
	{
		int			end = Min((w + 1) * MM_CODES_PER_WORD, model->planes);
		double		largest = 0.0;
		float		unit;

		for (int p = w * MM_CODES_PER_WORD; p < end; p++)
			largest = Max(largest, STEP(model)[p] / byte * model->scale);
		query->units[w] = unit = choose_unit(largest, MM_POSITION_WEIGHT);
		for (int p = w * MM_CODES_PER_WORD; p < end; p++)
		{
			double		step = STEP(model)[p] / byte * model->scale;
			double		weight = unit > 0.0f ? floor(step / unit) : 0.0;
			double		within = Max(Min(a[p], most), 0.0);
			double		position = rint(within);

			if (step == 0.0)
			{
				constant += fabs(a[p]);
				continue;
			}
			query->weights[p] = (int16) weight;
			query->positions[p] = (uint8) position;
			moved += fabs(within - position) * step;
			constant += fabs(a[p] - within) * step;
			missing += (step - weight * unit) * most;
		}
	}
	query->constant = (float) Min(constant, 1e30) * (1.0f - 0x1p-22f);
	query->missing = mm_vector_float_above(constant - query->constant + missing);
	query->sum_error = (float) ((query->words + 8) * 0x1p-23);
	return moved;
}

/*
 * The numbers of a query's words, as registers want them.
 */
static void
pack_bytes(MMCodeQuery *query, int bits)
{
	query->bytes = palloc0(sizeof(MMCodeBytes) * Max(query->words, 1));
	for (int p = 0; p < query->words * MM_CODES_PER_WORD; p++)
	{
		MMCodeBytes *bytes = &query->bytes[p / MM_CODES_PER_WORD];
		int			half = p / 4 % 2;
		int			shift = p % 4 * 8;
		int			weight = query->weights[p];
		uint32		low = (uint32) weight & ((1 << bits) - 1);
		uint32		high = (uint32) ((weight - (int) low) / (1 << bits)) & 0xFF;

		bytes->low[half] |= low << shift;
		bytes->high[half] |= high << shift;
		if (query->positions != NULL)
			bytes->positions[half] |= (uint32) query->positions[p] << shift;
	}
}

/*
 * Prepare a query for L-infinity.  It is a in a plane, that is, its distance from
 * the first of the codes' middles.  Returns how far rounding moves it and any y''.
 */
static double
prepare_components(const VectorModel *model, const double *a, MMCodeQuery *query)
{
	double		moved = 0.0;

	for (int p = 0; p < model->planes; p++)
	{
		double		step = STEP(model)[p] * model->scale;
		float		float_at = (float) a[p];
		float		float_step = (float) step;

		/*
		 * The errors of the step, of its product with a code, and of the
		 * number that the product is subtracted from.
		 */
		moved = Max(moved, fabs(a[p] - float_at) +
					model->greatest * (fabs(step - float_step) + 0x1p-24 * float_step));
		query->at[p] = float_at;
		query->step[p] = float_step;
	}
	return moved;
}

void *
mm_vector_sketch_query(const void *model, const float *x)
{
	const VectorModel *m = model;
	int			n = code_words(m) * MM_CODES_PER_WORD;	/* room for */
	MMCodeQuery *query = palloc0(sizeof(MMCodeQuery));
	double	   *a = palloc(sizeof(double) * Max(m->planes, 1));
	double		moved;
	double		largest;
	Image		image;

	image.y = palloc(sizeof(double) * Max(m->planes, 1));
	mm_vector_map(m, x, &image);
	query->words = is_euclidean(m) ? code_words(m) : half_words(m);
	query->later = m->greatest > 15 ? half_words(m) : 0;
	query->first_word = head_words(m);
	query->has_rest = m->mapping == DIRECTIONS;
	query->has_upper = m->mapping == WHOLE || m->mapping == DIRECTIONS;
	query->half_square = m->metric == MM_VECTOR_COSINE;
	query->unscale = (float) (1.0 / m->scale);
	query->scale = (float) m->scale;
	query->rest = (float) Min(image.rest, FLT_MAX);
	query->units = palloc0(sizeof(float) * Max(query->words, 1));
	query->weights = palloc0(sizeof(int16) * Max(n, 1));
	if (is_euclidean(m))
	{
		query->norm = METRIC_NORM_L2;
		for (int p = 0; p < m->planes; p++)
			a[p] = (image.y[p] - (ORIGIN(m)[p] + STEP(m)[p] * CENTER(m))) * m->scale;
		moved = prepare_products(m, a, query);
		pack_bytes(query, MM_PRODUCT_BITS);
	}
	else if (m->metric == MM_VECTOR_L1)
	{
		query->norm = METRIC_NORM_L1;
		query->positions = palloc0(Max(n, 1));
		for (int p = 0; p < m->planes; p++)
			a[p] = STEP(m)[p] > 0.0 ? (image.y[p] - ORIGIN(m)[p]) / STEP(m)[p] * (m->greatest > 15 ? 1.0 : 16.0) :
				(image.y[p] - ORIGIN(m)[p]) * m->scale;
		moved = prepare_positions(m, a, query);
		pack_bytes(query, MM_POSITION_BITS);
	}
	else
	{
		query->norm = METRIC_NORM_MAX;
		query->at = palloc0(sizeof(float) * Max(n, 1));
		query->step = palloc0(sizeof(float) * Max(n, 1));
		for (int p = 0; p < m->planes; p++)
			a[p] = (image.y[p] - ORIGIN(m)[p]) * m->scale;
		moved = prepare_components(m, a, query);
	}

	/*
	 * The last summands are for rounding in double precision, here and in sketches, and
	 * for underflow anywhere.
	 */
	largest = image.rest;
	for (int p = 0; p < m->planes; p++)
		largest = Max(largest, Max(fabs(image.y[p]),
								   fabs(ORIGIN(m)[p]) + m->greatest * STEP(m)[p]));
	query->moved = mm_vector_float_above(moved / m->scale + image.error + fabs(image.rest - query->rest) +
							   (m->planes + 1) * largest * 0x1p-50 + 0x1p-110);
	query->distance_error = m->metric == MM_VECTOR_COSINE ? 1e-6f : MM_VECTOR_ERROR;
	query->absolute_error = m->metric == MM_VECTOR_COSINE ? 2 * MM_COSINE_ERROR : 0.0f;
	pfree(image.y);
	pfree(a);
	return query;
}

void
mm_vector_bounds(const void *query, const MetricSketchPlanes *planes,
				 float *lower, float *upper)
{
	mm_kernels->planes->codes(query, planes, lower, upper);
}
