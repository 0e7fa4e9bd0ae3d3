/*-------------------------------------------------------------------------
 *
 * bounding.c
 *	  Bounds of a weighted sum of distances, for all entries of a node at once.
 *
 * Bounds are summed in float.  The sum of t terms is off by at most 4 (t + 1)
 * roundings, 2^-24 of it each, which SHRINK and GROW make up for, or of TINY
 * where numbers get too small to be rounded relative to themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "am/bounding.h"
#include "metric/bounds.h"

#define SHRINK		(1.0f - 8e-6f)
#define GROW		(1.0f + 8e-6f)
#define TINY		(64 * FLT_MIN)

/*
 * Set the greatest key that is wanted: at most bound, or less than it.
 */
void
mm_bounding_limit(MMBounding *b, double bound, bool strict)
{
	float		limit = (float) bound;

	if (limit > bound || (strict && limit == bound))
		limit = nextafterf(limit, -get_float4_infinity());
	/* A bound that is NaN, which sorts last, excludes nothing. */
	if (isnan(bound))
		limit = FLT_MAX;
	b->limit = b->with_nulls ? MM_KEY_NULL : Min(limit, FLT_MAX);
}

/*
 * Add a column's bounds to those of the sum.  NULLs have had theirs.
 */
static void
add_bounds(float *totals, const float *bounds, float factor, int n,
		   const uint32 *nulls, uint32 bit)
{
	if (bit == 0)
		for (int i = 0; i < n; i++)
			totals[i] += factor * Min(bounds[i], FLT_MAX);
	else
		for (int i = 0; i < n; i++)
			if ((nulls[i] & bit) == 0)
				totals[i] += factor * Min(bounds[i], FLT_MAX);
}

/*
 * Second rung: bounds from the coordinates, into totals, and into lower for
 * each term; if emitting, upper bounds as well.
 */
static void
bound_by_coordinates(MMBounding *b, Page page, int n, uint32 some_null)
{
	const MMShape *shape = &b->model->leaf;
	const uint32 *nulls = mm_page_words(page, shape, 2);

	for (int r = 0; r < b->nrungs; r++)
	{
		const MMRung *rung = &b->rungs[r];
		const MMColumnModel *c = rung->column;
		float	   *lower = rung->lower;
		float	   *upper = b->uppers_wanted ? rung->upper : NULL;

		if (c->ncoordinates > 0)
			mm_point_bounds(c->norm, &rung->transform, c->ncoordinates, rung->q,
							(float *) mm_page_words(page, shape, MM_ENTRY_HEADER + c->first),
							shape->capacity, n, lower, c->raw ? upper : NULL);
		else
			memset(lower, 0, sizeof(float) * n);
		if (upper != NULL && (c->ncoordinates == 0 || !c->raw || rung->no_upper))
			for (int i = 0; i < n; i++)
				upper[i] = get_float4_infinity();
		if (some_null & rung->bit)
			for (int i = 0; i < n; i++)
				if (nulls[i] & rung->bit)
					b->totals[i] += rung->null_sum ? MM_KEY_NULL : rung->missing;
		add_bounds(b->totals, lower, rung->factor, n, nulls, some_null & rung->bit);
	}
}

/*
 * Third rung: the sketches of one term raise its bounds.
 */
static void
bound_by_sketches(MMBounding *b, const MMRung *rung, Page page, int n, uint32 some_null)
{
	const MMColumnModel *c = rung->column;
	const MMShape *shape = &b->model->leaf;
	const uint32 *nulls = mm_page_words(page, shape, 2);
	float	   *sketched = b->scratch;
	float	   *lower = rung->lower;
	SketchPlanes planes = {
		.n = n,
		.stride = shape->capacity,
		.words = mm_page_words(page, shape, c->first_word),
		.bytes = mm_page_bytes(page, shape, c->first_byte),
	};

	rung->routine->sketch_bounds(rung->sketch_query, &planes, sketched,
								 b->uppers_wanted && !rung->no_upper ? rung->upper : NULL);
	for (int i = 0; i < n; i++)
		sketched[i] = Max(Min(sketched[i], FLT_MAX) - Min(lower[i], FLT_MAX), 0.0f);
	add_bounds(b->totals, sketched, rung->factor, n, nulls, some_null & rung->bit);
}

/*
 * A sum as a key; null_sum: it is NULL.
 */
static inline float
make_key(float total, bool null_sum)
{
	return null_sum ? MM_KEY_NULL : Max(Min(total * SHRINK, FLT_MAX) - TINY, 0.0f);
}

/*
 * Is some entry wanted, as far as totals tell?
 */
static bool
some_wanted(const MMBounding *b, int n)
{
	for (int i = 0; i < n; i++)
		if (isinf(b->totals[i]) || mm_wanted(b, make_key(b->totals[i], false)))
			return true;
	return false;
}

/*
 * Keys of the entries of a leaf, into totals; if emitting, the upper bounds of
 * their sums into uppers.  Sketches are left alone once no entry is wanted.
 */
void
mm_bound_leaf(MMBounding *b, Page page, int n)
{
	const uint32 *nulls = mm_page_words(page, &b->model->leaf, 2);
	uint32		some_null = 0;

	memset(b->totals, 0, sizeof(float) * n);
	for (int i = 0; i < n; i++)
		some_null |= nulls[i];
	bound_by_coordinates(b, page, n, some_null);
	for (int r = 0; r < b->nrungs && some_wanted(b, n); r++)
		if (b->rungs[r].sketch_query != NULL)
			bound_by_sketches(b, &b->rungs[r], page, n, some_null);

	if (b->uppers_wanted)
	{
		memset(b->uppers, 0, sizeof(float) * n);
		for (int r = 0; r < b->nrungs; r++)
		{
			const MMRung *rung = &b->rungs[r];

			for (int i = 0; i < n; i++)
				b->uppers[i] += nulls[i] & rung->bit ?
					(rung->null_sum ? MM_KEY_NULL : rung->missing) : rung->factor * rung->upper[i];
		}
	}
	for (int i = 0; i < n; i++)
	{
		bool		null_sum = false;

		if (isinf(b->totals[i]))
			for (int r = 0; r < b->nrungs; r++)
				null_sum |= b->rungs[r].null_sum && (nulls[i] & b->rungs[r].bit);
		b->totals[i] = make_key(b->totals[i], null_sum);
	}
}

/*
 * Bounds of the sum for the entries of an inner node.
 */
void
mm_bound_inner(MMBounding *b, Page page, int n)
{
	const MMShape *shape = &b->model->inner;
	const uint32 *nulls = mm_page_words(page, shape, 1);
	const uint32 *present = mm_page_words(page, shape, 2);

	memset(b->totals, 0, sizeof(float) * n);
	for (int r = 0; r < b->nrungs; r++)
	{
		const MMRung *rung = &b->rungs[r];
		const MMColumnModel *c = rung->column;

		if (c->ncoordinates > 0)
			mm_box_bounds(c->norm, &rung->transform, c->ncoordinates, rung->q,
						  (float *) mm_page_words(page, shape, MM_ENTRY_HEADER + c->first),
						  (float *) mm_page_words(page, shape, MM_ENTRY_HEADER +
												  b->model->ncoordinates + c->first),
						  shape->capacity, n, b->scratch);
		else
			memset(b->scratch, 0, sizeof(float) * n);
		for (int i = 0; i < n; i++)
		{
			float		sum = rung->factor * Min(b->scratch[i], FLT_MAX);

			if ((present[i] & rung->bit) == 0)
				sum = rung->null_sum ? MM_KEY_NULL : rung->missing;
			else if ((nulls[i] & rung->bit) && !rung->null_sum)
				sum = Min(sum, rung->missing);
			b->totals[i] += sum;
		}
	}
	for (int i = 0; i < n; i++)
	{
		bool		null_sum = false;

		if (isinf(b->totals[i]))
			for (int r = 0; r < b->nrungs; r++)
				null_sum |= b->rungs[r].null_sum &&
					(present[i] & b->rungs[r].bit) == 0;
		b->totals[i] = make_key(b->totals[i], null_sum);
	}
}

double
mm_bounding_upper(const MMBounding *b, int entry)
{
	return (double) b->uppers[entry] * GROW + TINY;
}

static void
check_dimensions(const MMColumn *column, Datum value, int known)
{
	int			dimensions = mm_metric_dimensions(&column->space, value);

	if (known >= 0 && dimensions != known)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query has %d dimensions, but column \"%s\" has %d",
						dimensions, column->name, known)));
}

static void
make_rung(MMBounding *b, MMRung *rung, const MMSearchTerm *term)
{
	const MMColumn *column = &b->model->columns->columns[term->column];
	const MMColumnModel *c = &b->model->of[term->column];
	float		shift_error;

	rung->column = c;
	rung->bit = UINT32_C(1) << term->column;
	/* Of what float cannot express, less: no upper bounds then. */
	rung->factor = term->factor < FLT_MIN ? 0.0f : (float) Min(term->factor, FLT_MAX);
	rung->no_upper = term->factor < FLT_MIN || term->factor > FLT_MAX;
	rung->null_sum = term->missing == MM_MISSING_NULL;
	rung->missing = rung->null_sum ? 0.0f : (float) Min(term->missing, FLT_MAX);
	rung->routine = column->space.routine;
	rung->lower = palloc0(sizeof(float) * MM_MAX_ENTRIES);
	rung->upper = palloc0(sizeof(float) * MM_MAX_ENTRIES);
	rung->transform = c->transform;
	if (c->ncoordinates > 0)
	{
		mm_model_coordinates(b->model, term->column, term->value, rung->q, &shift_error);
		rung->transform.absolute += shift_error;
	}
	if (c->sketch != NULL)
		rung->sketch_query = rung->routine->sketch_query(c->sketch, term->value,
														 column->space.collation);
}

void
mm_bounding_init(MMBounding *b, const MMModel *model, const MMMeta *meta,
				 const MMSearchTerm *terms)
{
	b->model = model;
	memset(b->rungs, 0, sizeof(MMRung) * b->nrungs);
	for (int i = 0; i < b->nrungs; i++)
	{
		const MMSearchTerm *term = &terms[i];

		/* Coordinates and sketches of values take it for granted. */
		check_dimensions(&model->columns->columns[term->column], term->value,
						 meta->columns[term->column].dimensions);
		make_rung(b, &b->rungs[i], term);
	}
}
