/*-------------------------------------------------------------------------
 *
 * bounding.c
 *	  Bounds of a weighted sum of distances, for all entries of a node at once.
 *
 * Bounds are summed in float.  The sum of t terms is off by at most 4 (t + 1)
 * roundings, each of them 2^-24 of the sum, or by TINY where numbers are too
 * small to be rounded relative to themselves.  SHRINK, GROW and TINY make up
 * for that.  Sums of whole numbers times multiples of a unit are not rounded
 * at all as long as they are less than 2^24 units.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "index/rights.h"
#include "metric/bounds.h"
#include "search/bounding.h"

#define SHRINK		(1.0f - 8e-6f)
#define GROW		(1.0f + 8e-6f)
#define TINY		(64 * FLT_MIN)

/*
 * Set the greatest key that is wanted: at most bound, or less than it if
 * strict.
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
 * What a term adds to a sum, but nothing of what a model would say of it.  A
 * factor that float cannot express is replaced by a lesser one.
 */
static MMPointTerm
point_of_term(const MMTerm *term)
{
	double		factor = term->curve != NULL ? 1.0 : term->weight / term->scale;

	return (MMPointTerm) {
		.factor = factor < FLT_MIN ? 0.0f : (float) Min(factor, FLT_MAX),
		.bit = UINT32_C(1) << term->column,
		.missing = term->missing == MM_MISSING_NULL ? MM_KEY_NULL :
		(float) Min(term->missing, FLT_MAX),
	};
}

void
mm_bounding_begin(MMBounding *b, const MMTerm *terms, int n, bool with_nulls, double bound)
{
	MMTerm	   *asked = palloc(sizeof(MMTerm) * Max(n, 1));

	b->nterms = n;
	memcpy(asked, terms, sizeof(MMTerm) * n);
	b->asked = asked;
	b->terms = palloc(sizeof(MMBoundTerm) * Max(n, 1));
	b->points = palloc(sizeof(MMPointTerm) * Max(n, 1));
	for (int i = 0; i < n; i++)
		b->points[i] = point_of_term(&asked[i]);
	b->with_nulls = with_nulls;
	mm_bounding_limit(b, bound, false);
}

void
mm_bounding_begin_like(MMBounding *b, const MMBounding *other)
{
	*b = *other;
	b->model = NULL;
	b->terms = palloc(sizeof(MMBoundTerm) * Max(b->nterms, 1));
	b->points = palloc(sizeof(MMPointTerm) * Max(b->nterms, 1));
	for (int i = 0; i < b->nterms; i++)
		b->points[i] = point_of_term(&b->asked[i]);
}

void
mm_bounding_begin_part(MMBounding *b, const MMBounding *sum, int column)
{
	MMTerm	   *terms = palloc(sizeof(MMTerm) * Max(sum->nterms, 1));
	int			n = 0;

	for (int i = 0; i < sum->nterms; i++)
		if (sum->asked[i].column == column)
			terms[n++] = sum->asked[i];
	mm_bounding_begin(b, terms, n, false, FLT_MAX);
	b->whole = sum->whole;
	b->exact = sum->exact;
}

void
mm_bounding_whole(MMBounding *b, double unit)
{
	b->whole = true;
	b->exact = (float) (unit * 0x1p24);
}

/*
 * The key of a sum that is not NULL.
 */
static inline float
make_key(const MMBounding *b, float total)
{
	if (total < b->exact)
		return total;
	return Max(Min(total * SHRINK, FLT_MAX) - TINY, 0.0f);
}

/*
 * The least whole number that is not less than x >= 0.  (Many compilers cannot
 * make vector code of ceilf.)
 */
static inline float
round_up(float x)
{
	float		down = (float) (int32) Min(x, 0x1p23f);

	return x < 0x1p23f ? (down < x ? down + 1.0f : down) : x;
}

/*
 * Turn lower bounds of a term's distances into lower bounds of what these add to
 * the sum, but for the factor.  Without a curve, they are that.
 */
static inline void
shape(MMTermCurve *curve, float *lower, int n)
{
	if (curve != NULL)
		mm_term_curve_shape(curve, lower, n);
}

static inline float
shape_one(MMTermCurve *curve, float lower)
{
	return curve != NULL ? mm_term_curve_of(curve, lower) : lower;
}

/*
 * The least total.  It is computed for many at a time, as compilers will not
 * change the order of a minimum.
 */
static float
least_total(const MMBounding *b, int n)
{
	float		least[16];
	float		result = get_float4_infinity();
	int			i = 0;

	for (int j = 0; j < 16; j++)
		least[j] = get_float4_infinity();
	for (; i + 16 <= n; i += 16)
		for (int j = 0; j < 16; j++)
			least[j] = Min(b->totals[i + j], least[j]);
	for (; i < n; i++)
		least[i % 16] = Min(b->totals[i], least[i % 16]);
	for (int j = 0; j < 16; j++)
		result = Min(least[j], result);
	return result;
}

/*
 * The coordinates of a term's column.
 */
static const float *
coordinate_planes(const MMBoundTerm *term, Page page)
{
	return (const float *) mm_page_words(page, MM_ENTRY_HEADER + term->column->first);
}

/*
 * The lower bounds of a term's distances by coordinates, into scratch, for n
 * entries from the first on.
 */
static void
bound_one_by_coordinates(MMBounding *b, const MMBoundTerm *term, Page page, int first, int n)
{
	const MMColumnModel *c = term->column;

	mm_point_bounds(c->norm, &term->transform, c->ncoordinates, term->q,
					coordinate_planes(term, page) + first, mm_page_room(page), n,
					b->scratch, NULL);
	if (b->whole)
		for (int i = 0; i < n; i++)
			b->scratch[i] = round_up(b->scratch[i]);
}

/*
 * The second rung of the ladder, where distances are whole numbers.
 */
static float
bound_each_by_coordinates(MMBounding *b, Page page, int n)
{
	const uint32 *nulls = mm_page_words(page, 2);

	memset(b->totals, 0, sizeof(float) * n);
	for (int r = 0; r < b->nterms; r++)
	{
		const MMBoundTerm *term = &b->terms[r];
		uint32		bit = term->point->bit;
		float		factor = term->point->factor;
		float		missing = term->point->missing;

		bound_one_by_coordinates(b, term, page, 0, n);
		for (int i = 0; i < n; i++)
			b->totals[i] += nulls[i] & bit ? missing : factor * Min(b->scratch[i], FLT_MAX);
	}
	return least_total(b, n);
}

/*
 * The second rung of the ladder: bounds from the coordinates, into totals.
 * Returns the least.
 */
static float
bound_by_coordinates(MMBounding *b, Page page, int n)
{
	if (b->whole)
		return bound_each_by_coordinates(b, page, n);
	/* If the root is a leaf, no node has begun them. */
	for (int r = 0; r < b->nterms; r++)
		if (b->terms[r].curve != NULL)
			mm_term_curve_begin(b->terms[r].curve, NULL, 0);
	return mm_point_sums(b->points, b->nterms,
						 (const float *) mm_page_words(page, MM_ENTRY_HEADER),
						 mm_page_words(page, 2), mm_page_room(page), n, b->totals);
}

/*
 * The sketches of a term on a page, from one entry on.
 */
static MetricSketchPlanes
sketch_planes(const MMBounding *b, const MMBoundTerm *term, Page page, int first, int n)
{
	const MMColumnModel *c = term->column;

	return (MetricSketchPlanes) {
		.n = n,
		.stride = mm_page_room(page),
		.words = mm_page_words(page, c->first_word) + first,
		.bytes = mm_page_bytes(page, &b->model->leaf, c->first_byte) + first,
	};
}

/*
 * The sketches of one term raise the totals of n entries from the first on.
 */
static void
raise_by_sketches(MMBounding *b, const MMBoundTerm *term, Page page, int first, int n)
{
	const uint32 *nulls = mm_page_words(page, 2) + first;
	float	   *totals = b->totals + first;
	float	   *coordinates = b->scratch;
	float	   *sketched = b->by_sketch;
	float		factor = term->point->factor;
	uint32		bit = term->point->bit;
	bool		whole = b->whole;
	MetricSketchPlanes planes = sketch_planes(b, term, page, first, n);

	bound_one_by_coordinates(b, term, page, first, n);
	term->routine->sketch_bounds(term->sketch_query, &planes, sketched,
								 b->uppers_wanted && !term->no_upper ? term->upper : NULL);
	shape(term->curve, coordinates, n);
	shape(term->curve, sketched, n);
	for (int i = 0; i < n; i++)
	{
		float		by_sketch = whole ? round_up(sketched[i]) : sketched[i];
		float		more = Min(by_sketch, FLT_MAX) - Min(coordinates[i], FLT_MAX);

		totals[i] += nulls[i] & bit ? 0.0f : factor * Max(more, 0.0f);
	}
}

/*
 * The first of n entries, from the given one on, whose group (kernels go over whole
 * groups) has a total that is wanted, or that is not wanted, as asked for; n if there
 * is none.
 */
static int
find_group(const MMBounding *b, int first, int n, bool wanted)
{
	for (; first < n; first += METRIC_PLANE_SLACK)
	{
		float		least = get_float4_infinity();

		for (int i = first; i < Min(first + METRIC_PLANE_SLACK, n); i++)
			least = Min(b->totals[i], least);
		if (mm_wanted(b, make_key(b, least)) == wanted)
			break;
	}
	return Min(first, n);
}

/*
 * The third rung of the ladder: the sketches of one term raise its bounds, but for
 * entries in whose group none is wanted.  Returns the least total.
 */
static float
bound_by_sketches(MMBounding *b, const MMBoundTerm *term, Page page, int n)
{
	int			end;

	if (b->uppers_wanted)
		raise_by_sketches(b, term, page, 0, n);
	else
		for (int first = find_group(b, 0, n, true); first < n; first = find_group(b, end, n, true))
		{
			end = find_group(b, first, n, false);
			raise_by_sketches(b, term, page, first, end - first);
		}
	return least_total(b, n);
}

/*
 * Upper bounds from raw coordinates, for each term.
 */
static void
bound_from_above(MMBounding *b, Page page, int n)
{
	for (int r = 0; r < b->nterms; r++)
	{
		const MMBoundTerm *term = &b->terms[r];
		const MMColumnModel *c = term->column;

		if (c->embedding == MM_EMBED_RAW && !term->no_upper)
			mm_point_bounds(c->norm, &term->transform, c->ncoordinates, term->q,
							coordinate_planes(term, page), mm_page_room(page), n,
							b->scratch, term->upper);
		else
			for (int i = 0; i < n; i++)
				term->upper[i] = get_float4_infinity();
	}
}

static void
add_uppers(MMBounding *b, const uint32 *nulls, int first, int n)
{
	memset(b->uppers + first, 0, sizeof(float) * n);
	for (int r = 0; r < b->nterms; r++)
	{
		const float *upper = b->terms[r].upper;
		uint32		bit = b->points[r].bit;
		float		factor = b->points[r].factor;
		float		missing = b->points[r].missing;

		for (int i = first; i < first + n; i++)
			b->uppers[i] += nulls[i] & bit ? missing : factor * upper[i];
	}
}

/*
 * Keys of a leaf's entries when only entries with NULL sums are wanted.
 */
static void
want_nulls(MMBounding *b, const uint32 *nulls, int n)
{
	for (int i = 0; i < n; i++)
		b->totals[i] = nulls[i] & b->null_sums ? MM_KEY_NULL : get_float4_nan();
}

void
mm_bound_term_sketch(MMBoundTerm *ready, const MMModel *model, const MMTerm *term)
{
	const void *sketch = ready->column->sketch;
	Oid			collation = model->columns->columns[term->column].space.collation;

	if (sketch == NULL)
		return;
	ready->sketch_query = ready->routine->sketch_query(sketch, term->value, collation);
	/* See point_of_term. */
	if (ready->routine->refine_query != NULL &&
		(term->curve != NULL || term->weight / term->scale >= FLT_MIN))
		ready->refine_query = ready->routine->refine_query(sketch, term->value, collation);
}

/*
 * Make the sketch queries, before the first leaf that is looked at with its sketches.  Of
 * many partitions no leaf is.
 */
static void
make_sketch_queries(MMBounding *b)
{
	MemoryContext old = MemoryContextSwitchTo(b->context);

	for (int i = 0; i < b->nterms; i++)
	{
		mm_bound_term_sketch(&b->terms[i], b->model, &b->asked[i]);
		b->refines |= b->terms[i].refine_query != NULL;
	}
	b->ready = true;
	MemoryContextSwitchTo(old);
}

/*
 * Keys of the entries of a leaf, into totals, and if they are wanted upper
 * bounds of the sums, into uppers.  Sketches are not looked at any more once
 * no entry is wanted.
 */
void
mm_bound_leaf(MMBounding *b, Page page, int n)
{
	const uint32 *nulls = mm_page_words(page, 2);
	float		least;

	if (b->only_nulls)
	{
		want_nulls(b, nulls, n);
		return;
	}
	if (!b->ready)
		make_sketch_queries(b);
	least = bound_by_coordinates(b, page, n);
	if (b->uppers_wanted)
		bound_from_above(b, page, n);
	for (int i = 0; i < b->nsketched && mm_wanted(b, make_key(b, least)); i++)
		least = bound_by_sketches(b, &b->terms[b->sketched[i]], page, n);
	if (b->uppers_wanted)
		add_uppers(b, nulls, 0, n);
	for (int i = 0; i < n; i++)
		b->totals[i] = nulls[i] & b->null_sums ? MM_KEY_NULL : make_key(b, b->totals[i]);
}

/*
 * The greatest float that is not above x >= 0, and the least that is not below.
 */
static float
float_below(double x)
{
	float		f = (float) Min(x, FLT_MAX);

	return f > x ? nextafterf(f, 0.0f) : f;
}

static float
float_above(double x)
{
	float		f = (float) x;

	return f < x ? nextafterf(f, get_float4_infinity()) : f;
}

/*
 * What the other terms contribute to the key of an entry: what the term itself has
 * contributed so far is taken off.
 */
static float
key_of_others(MMBounding *b, const MMBoundTerm *term, const MetricSketchPlanes *planes,
			  Page page, int entry, float key)
{
	float		own;
	float		by_sketch;

	if (b->nterms == 1)
		return 0.0f;
	bound_one_by_coordinates(b, term, page, entry, 1);
	term->routine->sketch_bounds(term->sketch_query, planes, b->by_sketch, NULL);
	/* What a curve makes of the larger bound is not always more (raise_by_sketches). */
	own = shape_one(term->curve, b->scratch[0]);
	by_sketch = shape_one(term->curve, b->whole ? round_up(b->by_sketch[0]) : b->by_sketch[0]);
	own = Max(own, by_sketch);
	return Max(key - term->point->factor * Min(own, FLT_MAX), 0.0f);
}

/*
 * The fourth rung of the ladder: the key of an entry, once the entry's sketch for
 * one term was looked at more closely.
 */
static float
refine_key(MMBounding *b, const MMBoundTerm *term, Page page, int entry, float key)
{
	MetricSketchPlanes planes = sketch_planes(b, term, page, entry, 1);
	float		factor = term->point->factor;
	float		others = key_of_others(b, term, &planes, page, entry, key);
	double		bound = METRIC_NO_BOUND;
	double		upper;
	float		lower;

	/* What the key will be rounded down by is no reason to want the entry. */
	if (b->limit < FLT_MAX)
	{
		bound = (((double) b->limit + TINY) * GROW * GROW - others) / factor;
		if (term->curve != NULL)
			bound = mm_term_curve_within(term->curve, bound);
	}
	lower = float_below(term->routine->refine(term->refine_query, &planes, 0, bound,
											  b->uppers_wanted ? &upper : NULL));
	if (b->uppers_wanted && !term->no_upper)
		term->upper[entry] = Min(term->upper[entry], float_above(upper));
	lower = shape_one(term->curve, lower);
	return Max(key, make_key(b, others + factor * lower));
}

float
mm_bound_entry(MMBounding *b, Page page, int entry, float key)
{
	const uint32 *nulls = mm_page_words(page, 2);

	if (!b->refines || key == MM_KEY_NULL)
		return key;
	for (int r = 0; r < b->nterms && mm_wanted(b, key); r++)
		if (b->terms[r].refine_query != NULL && (nulls[entry] & b->points[r].bit) == 0)
			key = refine_key(b, &b->terms[r], page, entry, key);
	if (b->uppers_wanted)
		add_uppers(b, nulls, entry, 1);
	return key;
}

float
mm_bound_leaf_coarsely(MMBounding *b, Page page, int n)
{
	return make_key(b, bound_by_coordinates(b, page, n));
}

/*
 * Bounds of the sum for the entries of an inner node.
 */
void
mm_bound_inner(MMBounding *b, Page page, int n)
{
	const uint32 *nulls = mm_page_words(page, 1);
	const uint32 *present = mm_page_words(page, 2);

	if (b->only_nulls)
	{
		want_nulls(b, nulls, n);
		return;
	}
	memset(b->totals, 0, sizeof(float) * n);
	for (int r = 0; r < b->nterms; r++)
	{
		const MMBoundTerm *term = &b->terms[r];
		const MMColumnModel *c = term->column;
		uint32		bit = term->point->bit;
		float		factor = term->point->factor;
		float		missing = term->point->missing;

		if (c->ncoordinates > 0)
			mm_box_bounds(c->norm, &term->transform, c->ncoordinates, term->q,
						  (float *) mm_page_words(page, MM_ENTRY_HEADER + c->first),
						  (float *) mm_page_words(page, MM_ENTRY_HEADER +
												  b->model->ncoordinates + c->first),
						  mm_page_room(page), n, b->scratch);
		else
			memset(b->scratch, 0, sizeof(float) * n);
		if (term->curve != NULL)
			mm_term_curve_begin(term->curve, b->scratch, n);
		shape(term->curve, b->scratch, n);
		for (int i = 0; i < n; i++)
		{
			float		distance = b->whole ? round_up(b->scratch[i]) : b->scratch[i];
			float		sum = factor * Min(distance, FLT_MAX);

			if ((present[i] & bit) == 0)
				sum = missing;
			else if (nulls[i] & bit)
				sum = Min(sum, missing);
			b->totals[i] += sum;
		}
	}
	for (int i = 0; i < n; i++)
		b->totals[i] = ~present[i] & b->null_sums ? MM_KEY_NULL : make_key(b, b->totals[i]);
}

float
mm_bounding_term_key(const MMBounding *b, int term, double distance)
{
	float		lower = (float) distance;

	if (lower > distance)
		lower = nextafterf(lower, 0.0f);
	if (b->whole)
		lower = round_up(lower);
	lower = shape_one(b->asked[term].curve, lower);
	return make_key(b, b->points[term].factor * Min(lower, FLT_MAX));
}

float
mm_bounding_null_key(const MMBounding *b, int column)
{
	float		total = 0.0f;

	for (int r = 0; r < b->nterms; r++)
		if (b->asked[r].column == column)
		{
			if (b->asked[r].missing == MM_MISSING_NULL)
				return MM_KEY_NULL;
			total += b->points[r].missing;
		}
	return make_key(b, total);
}

double
mm_bounding_upper(const MMBounding *b, int entry)
{
	return (double) b->uppers[entry] * GROW + TINY;
}

/*
 * Does the value of a term have the dimensions that its column is known to
 * have?  If not, raises an error if the user may know the column's dimensions.
 */
static bool
fits_dimensions(const MMColumns *columns, const MMTerm *term, int known)
{
	const MMColumn *column = &columns->columns[term->column];
	int			dimensions;

	if (known < 0 || term->coordinates != NULL)
		return true;
	dimensions = mm_metric_dimensions(&column->space, term->value);
	if (dimensions != known && mm_statistics_visible(columns, term->column))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("query has %s, but column \"%s\" has %d",
						mm_metric_describe_dimensions(&column->space, dimensions), column->name, known),
				 mm_metric_dimensions_errhint(&column->space)));
	return dimensions == known;
}

/*
 * Room for a number for each entry of a node.
 */
static float *
alloc_floats(const MMModel *model)
{
	int			n = Max(model->leaf.capacity, model->inner.capacity);

	return palloc(sizeof(float) * TYPEALIGN(METRIC_PLANE_SLACK, n));
}

void
mm_bound_term_init(MMBoundTerm *ready, MMPointTerm *point, const MMModel *model,
				   const MMTerm *term, bool fits)
{
	static const MMColumnModel nothing = {0};
	const MMColumn *column = &model->columns->columns[term->column];
	const MMColumnModel *c = &model->of[term->column];
	double		factor = term->curve != NULL ? 1.0 : term->weight / term->scale;
	float		shift_error;

	/* A value of another type has only raw coordinates. */
	if (!fits || (term->coordinates != NULL && c->embedding != MM_EMBED_RAW))
		c = &nothing;
	memset(ready, 0, sizeof(MMBoundTerm));
	ready->point = point;
	ready->column = c;
	ready->fits = fits;
	/* See point_of_term. */
	ready->no_upper = factor < FLT_MIN || factor > FLT_MAX || term->curve != NULL;
	ready->curve = term->curve;
	ready->routine = column->space.routine;
	ready->transform = c->transform;
	if (c->ncoordinates > 0)
	{
		if (term->coordinates != NULL)
			mm_model_shift(model, term->column, term->coordinates, ready->q, &shift_error);
		else
			mm_model_coordinates(model, term->column, term->value, ready->q, &shift_error);
		ready->transform.absolute += shift_error;
	}
	for (int i = 0; i < c->ncoordinates; i++)
		ready->slack[i] = c->norm == METRIC_NORM_DISCRETE ? 0.0f :
			mm_coordinate_slack(&ready->transform, ready->q[i]);
	*point = point_of_term(term);
	point->norm = c->norm;
	point->ncoordinates = c->ncoordinates;
	point->first = c->first;
	point->transform = &ready->transform;
	point->identity = metric_is_identity(&ready->transform);
	point->q = ready->q;
	point->slack = ready->slack;
	point->curve = term->curve != NULL ? mm_term_curve_table(term->curve) : NULL;
}

/*
 * How much a term's sketches are likely to raise the sum, for each word that they
 * take: the part of its weight, in scales.
 */
static double
worth_of_sketches(const MMBoundTerm *term, const MMTerm *asked, const MMMeta *meta)
{
	const MetricSketchShape *shape = &term->column->shape;
	double		scale = meta->columns[asked->column].scale;
	double		weight = asked->curve == NULL ? asked->weight / asked->scale :
		mm_term_curve_slope(asked->curve, scale);

	return weight * scale /
		(shape->words - shape->later + shape->bytes / (double) sizeof(uint32) + 1);
}

/*
 * Put the terms with sketches in order, so that few planes are looked at before no
 * entry of a leaf is wanted any more.
 */
static void
order_sketches(MMBounding *b, const MMMeta *meta)
{
	b->sketched = palloc(sizeof(int) * Max(b->nterms, 1));
	b->nsketched = 0;
	for (int i = 0; i < b->nterms; i++)
	{
		double		worth;
		int			place;

		if (b->terms[i].column->sketch == NULL)
			continue;
		worth = worth_of_sketches(&b->terms[i], &b->asked[i], meta);
		for (place = b->nsketched++; place > 0; place--)
		{
			int			before = b->sketched[place - 1];

			if (worth_of_sketches(&b->terms[before], &b->asked[before], meta) >= worth)
				break;
			b->sketched[place] = before;
		}
		b->sketched[place] = i;
	}
}

void
mm_bounding_init(MMBounding *b, const MMModel *model, const MMMeta *meta)
{
	b->model = model;
	b->null_sums = 0;
	b->ready = b->refines = false;
	b->context = CurrentMemoryContext;
	b->totals = alloc_floats(model);
	b->scratch = alloc_floats(model);
	b->by_sketch = alloc_floats(model);
	if (b->uppers_wanted)
		b->uppers = alloc_floats(model);
	for (int i = 0; i < b->nterms; i++)
	{
		const MMTerm *term = &b->asked[i];

		/* Coordinates and sketches rely on the right dimensions. */
		mm_bound_term_init(&b->terms[i], &b->points[i], model, term,
						   fits_dimensions(model->columns, term,
										   meta->columns[term->column].dimensions));
		if (term->curve != NULL)
			mm_term_curve_init(term->curve, meta->columns[term->column].scale);
		if (b->uppers_wanted)
			b->terms[i].upper = alloc_floats(model);
		if (term->missing == MM_MISSING_NULL)
			b->null_sums |= b->points[i].bit;
	}
	order_sketches(b, meta);
}

MMBounding *
mm_bounding_for(const MMBounding *b, const MMModel *model, const MMMeta *meta)
{
	MMBounding *result = palloc(sizeof(MMBounding));

	mm_bounding_begin_like(result, b);
	mm_bounding_init(result, model, meta);
	return result;
}
