/*-------------------------------------------------------------------------
 *
 * sparsevec.c
 *	  Metrics of pgvector's sparsevec: L2, L1, cosine.
 *
 * A sparsevec has up to a thousand million dimensions, of which few are not
 * zero.  Distances to pivots are computed here, in double precision.
 *
 * Sketches are those of images, by mmdb's metric of vectors, the base.  An image
 * has as many components as a sketch has bytes.  Half of them are the dimensions
 * that have most weight in the sample.  All other dimensions are dealt out to the
 * other half, by a hash; the component is the norm of what falls there.  Norms of
 * two parts differ by no more than the norm of their difference, and the norms
 * of all parts make up the norm of the whole.  So no distance of two images is
 * more than that of their vectors, and a vector and its image have the same
 * length.  The latter makes it true of angles, too.
 *
 * pgvector's sums are in float precision.  They have up to as many terms as two
 * values have components that are not zero.  Their order depends on which
 * operand is which.  (dense.c tells about Infinity and NaN, which are the same
 * here.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "mmdb_vector.h"

PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_l2_routine);
PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_l1_routine);
PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_cosine_routine);

/* The most terms that a sum of differences has, and one of products. */
#define MOST_DIFFERENCES	(2.0 * MM_MAX_DIMS)
#define MOST_PRODUCTS		((double) MM_MAX_DIMS)

/*
 * A cosine in double precision, with sums one term after the other, is off by
 * less than 16,000 * 2^-52 = 3.6e-12.  That is less than 3e-6 of the angle, and
 * a difference of two angles has two such errors.
 */
#define OWN_ANGLE_ERROR	6e-6

/*
 * The components of an image are rounded to float, which moves it by no more
 * than this part of its length.
 */
#define IMAGE_ERROR		6.1e-8

/* An image has no more components than mmdb has planes for. */
#define MOST_COMPONENTS	252
#define LEAST_COMPONENTS	8

/* Training looks at no more values, and components, than this. */
#define MOST_TRAINED	1000
#define MOST_WEIGHED	1000000

/*
 * What makes the metrics different.
 */
typedef struct SparseMetric
{
	bool		absolute;		/* norms are sums of absolute values, not of squares */
	bool		cosine;
	double		factor;			/* the distance's error by that of a sum */
	double		terms;			/* of the sum, at most */
	double		underflow;
	/* Set by FUNCTION 2: */
	const MetricRoutine *base;
	PGFunction	distance;		/* of pgvector */
} SparseMetric;

static SparseMetric l2 = {.factor = L2_FACTOR, .terms = MOST_DIFFERENCES, .underflow = UNDERFLOW_ERROR};
static SparseMetric l1 = {.absolute = true, .factor = L1_FACTOR, .terms = MOST_DIFFERENCES};
static SparseMetric cosine = {.cosine = true, .factor = COSINE_FACTOR, .terms = MOST_PRODUCTS};

/*
 * A model of images; the base's model follows it.
 */
typedef struct ImageModel
{
	int32		nchosen;		/* dimensions that are components */
	int32		nbuckets;		/* and components for all others */
	int32		chosen[FLEXIBLE_ARRAY_MEMBER];	/* ascending */
} ImageModel;

#define MODEL_SIZE(nchosen)	MAXALIGN(offsetof(ImageModel, chosen) + sizeof(int32) * (nchosen))
#define BASE_MODEL(m)		((const char *) (m) + MODEL_SIZE((m)->nchosen))

typedef struct SparseQuery
{
	SparsevecValue *value;
	double		square;			/* of its length */
} SparseQuery;

static inline SparsevecValue *
sparsevec(Datum value)
{
	return (SparsevecValue *) PG_DETOAST_DATUM(value);
}

static int
sparsevec_dimensions(Datum value)
{
	SparsevecValue *front = (SparsevecValue *)
		PG_DETOAST_DATUM_SLICE(value, 0, offsetof(SparsevecValue, indices) - VARHDRSZ);

	return front->dim;
}

static void
check_dimensions(const SparsevecValue *a, const SparsevecValue *b)
{
	if (a->dim != b->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different sparsevec dimensions %d and %d", a->dim, b->dim)));
}

static double
square_of(const SparsevecValue *v)
{
	const float *x = SPARSEVEC_VALUES(v);
	double		square = 0.0;

	for (int i = 0; i < v->n; i++)
		square += (double) x[i] * x[i];
	return square;
}

static void *
prepare(Datum query, Oid collation)
{
	SparseQuery *prepared = palloc(sizeof(SparseQuery));

	prepared->value = (SparsevecValue *) PG_DETOAST_DATUM_COPY(query);
	prepared->square = square_of(prepared->value);
	return prepared;
}

static void
check_cosine(Datum value, Oid collation)
{
	SparsevecValue *v = sparsevec(value);

	mmdb_vector_check_length(SPARSEVEC_VALUES(v), v->n);
}

static void *
prepare_cosine(Datum query, Oid collation)
{
	check_cosine(query, collation);
	return prepare(query, collation);
}

static double
distance_of(const SparseMetric *metric, const SparseQuery *query, Datum value)
{
	return DatumGetFloat8(DirectFunctionCall2(metric->distance, value, PointerGetDatum(query->value)));
}

static double
distance_l2(void *prepared, Datum value, double bound)
{
	return distance_of(&l2, prepared, value);
}

static double
distance_l1(void *prepared, Datum value, double bound)
{
	return distance_of(&l1, prepared, value);
}

static double
distance_cosine(void *prepared, Datum value, double bound)
{
	return distance_of(&cosine, prepared, value);
}

/*
 * Go through the components of two values, side by side.  TERM adds to a sum,
 * for components x and y of the two in one dimension.
 */
#define FOR_COMPONENTS(a, b, TERM) \
	do { \
		const float *ax = SPARSEVEC_VALUES(a); \
		const float *bx = SPARSEVEC_VALUES(b); \
		int			i = 0; \
		int			j = 0; \
		\
		check_dimensions(a, b); \
		while (i < (a)->n || j < (b)->n) \
		{ \
			bool		has_a = i < (a)->n && (j >= (b)->n || (a)->indices[i] <= (b)->indices[j]); \
			bool		has_b = j < (b)->n && (i >= (a)->n || (b)->indices[j] <= (a)->indices[i]); \
			double		x = has_a ? ax[i++] : 0.0; \
			double		y = has_b ? bx[j++] : 0.0; \
			\
			TERM; \
		} \
	} while (0)

static double
metric_l2(void *prepared, Datum value)
{
	const SparsevecValue *a = ((SparseQuery *) prepared)->value;
	const SparsevecValue *b = sparsevec(value);
	double		sum = 0.0;

	FOR_COMPONENTS(a, b, sum += (x - y) * (x - y));
	return sqrt(sum);
}

static double
metric_l1(void *prepared, Datum value)
{
	const SparsevecValue *a = ((SparseQuery *) prepared)->value;
	const SparsevecValue *b = sparsevec(value);
	double		sum = 0.0;

	FOR_COMPONENTS(a, b, sum += fabs(x - y));
	return sum;
}

/*
 * The angle.  That of a zero vector, which has none, is pi: few others are as
 * far away, so a search will seldom look at it before its end.
 */
static double
metric_cosine(void *prepared, Datum value)
{
	const SparseQuery *query = prepared;
	const SparsevecValue *b = sparsevec(value);
	double		square = square_of(b);
	double		sum = 0.0;
	double		distance;

	FOR_COMPONENTS(query->value, b, sum += x * y);
	if (query->square == 0.0 || square == 0.0)
		return M_PI;
	distance = 1.0 - sum / sqrt(query->square * square);
	return 2.0 * asin(sqrt(Min(Max(distance, 0.0), 2.0) / 2.0));
}

static void
pivot_transform_l2(int dimensions, MetricTransform *transform)
{
	transform->relative = (float) (L2_FACTOR * SUM_ERROR(MOST_DIFFERENCES) + MOST_DIFFERENCES * 0x1p-52);
	transform->absolute = (float) UNDERFLOW_ERROR;
	transform->clamp = (float) MOST_L2;
}

static void
pivot_transform_l1(int dimensions, MetricTransform *transform)
{
	transform->relative = (float) (L1_FACTOR * SUM_ERROR(MOST_DIFFERENCES) + MOST_DIFFERENCES * 0x1p-52);
	transform->clamp = (float) MOST_L1;
}

/*
 * 1 - cos(x) = x^2 / 2 - x^4 / 24 + ... is above its first two terms, which grow
 * up to the root of 6.
 */
static void
pivot_transform_cosine(int dimensions, MetricTransform *transform)
{
	*transform = (MetricTransform) {
		.clamp = 2.449f,
		.c2 = 1.0f / 2,
		.c4 = -1.0f / 24,
		.absolute = (float) (ANGLE_ERROR(COSINE_FACTOR * SUM_ERROR(Min(dimensions, MOST_PRODUCTS))) + OWN_ANGLE_ERROR),
	};
}

/* ---------- images ---------- */

/*
 * The image of a vector.  That of a zero vector under cosine is (-1, -1, ...); as
 * its distances are NaN, any will do.
 */
static Datum
image_of(const SparseMetric *metric, const ImageModel *model, Datum value)
{
	const SparsevecValue *v = sparsevec(value);
	const float *x = SPARSEVEC_VALUES(v);
	int			n = model->nchosen + model->nbuckets;
	ImageValue *image = mmdb_vector_image(n);
	double	   *norm = palloc0(sizeof(double) * model->nbuckets);
	int			c = 0;

	memset(image->x, 0, sizeof(float) * n);
	for (int i = 0; i < v->n; i++)
	{
		uint32		bucket;

		while (c < model->nchosen && model->chosen[c] < v->indices[i])
			c++;
		if (c < model->nchosen && model->chosen[c] == v->indices[i])
		{
			image->x[c] = x[i];
			continue;
		}
		bucket = murmurhash32((uint32) v->indices[i]) % (uint32) model->nbuckets;
		norm[bucket] += metric->absolute ? fabs(x[i]) : (double) x[i] * x[i];
	}
	/* A norm beyond the range of float is cut off, which moves no two apart. */
	for (int b = 0; b < model->nbuckets; b++)
		image->x[model->nchosen + b] =
			(float) Min(metric->absolute ? norm[b] : sqrt(norm[b]), FLT_MAX);
	if (metric->cosine && square_of(v) == 0.0)
		for (int i = 0; i < n; i++)
			image->x[i] = -1.0f;
	return PointerGetDatum(image);
}

typedef struct Weight
{
	int32		index;
	float		weight;
} Weight;

static int
compare_indices(const void *a, const void *b)
{
	const Weight *x = a;
	const Weight *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static int
compare_weights(const void *a, const void *b)
{
	const Weight *x = a;
	const Weight *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return compare_indices(a, b);
}

/*
 * The dimensions that have most weight in some values: up to most of them, which
 * come first in the result, in ascending order.  *n becomes their number.
 */
static Weight *
heaviest(const SparseMetric *metric, const Datum *values, int nvalues, int most, int *n)
{
	Weight	   *weights = palloc_extended(sizeof(Weight) * MOST_WEIGHED, MCXT_ALLOC_HUGE);
	int			nweights = 0;
	int			different = 0;

	for (int v = 0; v < nvalues; v++)
	{
		const SparsevecValue *value = sparsevec(values[v]);
		const float *x = SPARSEVEC_VALUES(value);
		double		whole = metric->absolute ? 1.0 : square_of(value);

		for (int i = 0; i < value->n && nweights < MOST_WEIGHED; i++)
			weights[nweights++] = (Weight) {
			.index = value->indices[i],
			.weight = (float) Min(metric->absolute ? fabs(x[i]) : (double) x[i] * x[i] / whole, FLT_MAX),
		};
	}
	qsort(weights, nweights, sizeof(Weight), compare_indices);
	for (int i = 0; i < nweights; i++)
		if (different > 0 && weights[different - 1].index == weights[i].index)
			weights[different - 1].weight += weights[i].weight;
		else
			weights[different++] = weights[i];
	qsort(weights, different, sizeof(Weight), compare_weights);
	*n = Min(different, most);
	qsort(weights, *n, sizeof(Weight), compare_indices);
	return weights;
}

static void *
train(const SparseMetric *metric, const Datum *values, int n, Oid collation, int budget,
	  Size *size, MetricSketchShape *shape)
{
	int			used = Min(n, MOST_TRAINED);
	int			components = Min(budget - (int) sizeof(float), MOST_COMPONENTS);
	Datum	   *some = palloc(sizeof(Datum) * used);
	Weight	   *chosen;
	int			nchosen;
	ImageModel *model;
	void	   *base_model;
	Size		base_size;

	if (components < LEAST_COMPONENTS)
		return NULL;
	for (int i = 0; i < used; i++)
		some[i] = PointerGetDatum(sparsevec(values[(int64) i * n / used]));
	chosen = heaviest(metric, some, used, components / 2, &nchosen);
	model = palloc0(MODEL_SIZE(nchosen));
	model->nchosen = nchosen;
	model->nbuckets = components - nchosen;
	for (int i = 0; i < nchosen; i++)
		model->chosen[i] = chosen[i].index;
	pfree(chosen);

	for (int i = 0; i < used; i++)
		some[i] = image_of(metric, model, some[i]);
	base_model = metric->base->train(some, used, collation, budget, &base_size, shape);
	if (base_model == NULL)
		return NULL;
	*size = MODEL_SIZE(nchosen) + base_size;
	model = repalloc(model, *size);
	memcpy((char *) model + MODEL_SIZE(nchosen), base_model, base_size);
	return model;
}

static void
sketch(const SparseMetric *metric, const void *model, Datum value, Oid collation,
	   uint32 *words, uint8 *bytes)
{
	const ImageModel *m = model;

	metric->base->sketch(BASE_MODEL(m), image_of(metric, m, value), collation, words, bytes);
}

/*
 * Rounding has moved both images by a part of their lengths.  That of a value is
 * at most the query's and their distance together.
 */
static void *
sketch_query(const SparseMetric *metric, const void *model, Datum query, Oid collation)
{
	const ImageModel *m = model;
	void	   *base = metric->base->sketch_query(BASE_MODEL(m), image_of(metric, m, query), collation);
	double		lost = metric->factor * SUM_ERROR(metric->terms);
	const SparsevecValue *v = sparsevec(query);
	double		length = 0.0;

	/* Of two vectors of length 1, it moves the chord, which is at most 2. */
	if (metric->cosine)
		return mmdb_vector_widened(base, 0.0, lost + 2.0 * (2.0 * IMAGE_ERROR), 0.0);
	for (int i = 0; i < v->n; i++)
		length += fabs(SPARSEVEC_VALUES(v)[i]);
	if (!metric->absolute)
		length = sqrt(square_of(v));
	return mmdb_vector_widened(base, lost + IMAGE_ERROR, metric->underflow + 2.0 * IMAGE_ERROR * length, 0.0);
}

static void
sketch_bounds(const SparseMetric *metric, const void *query, const MetricSketchPlanes *planes,
			  float *lower, float *upper)
{
	metric->base->sketch_bounds(((const WidenedQuery *) query)->base, planes, lower, upper);
	mmdb_vector_widen(query, planes->n, lower, upper);
}

/* ---------- routines ---------- */

/*
 * The parts of sketches of one metric, and its FUNCTION 2.  The last argument has
 * the further parts of the routine.
 */
#define DEFINE_SPARSE_METRIC(name, function, base_function, ...) \
static void * \
train_##name(const Datum *values, int n, Oid collation, int budget, \
			 Size *size, MetricSketchShape *shape) \
{ \
	return train(&name, values, n, collation, budget, size, shape); \
} \
\
static void \
sketch_##name(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes) \
{ \
	sketch(&name, model, value, collation, words, bytes); \
} \
\
static void * \
sketch_query_##name(const void *model, Datum query, Oid collation) \
{ \
	return sketch_query(&name, model, query, collation); \
} \
\
static void \
sketch_bounds_##name(const void *query, const MetricSketchPlanes *planes, \
					 float *lower, float *upper) \
{ \
	sketch_bounds(&name, query, planes, lower, upper); \
} \
\
Datum \
mmdb_vector_sparsevec_##name##_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.distance = distance_##name, \
		.dimensions = sparsevec_dimensions, \
		.train = train_##name, \
		.sketch = sketch_##name, \
		.sketch_query = sketch_query_##name, \
		.sketch_bounds = sketch_bounds_##name, \
		.asymmetric = true, \
		.metric = metric_##name, \
		.pivot_transform = pivot_transform_##name, \
		__VA_ARGS__ \
	}; \
	\
	name.distance = mmdb_vector_function(function); \
	name.base = mmdb_vector_base(base_function); \
	PG_RETURN_POINTER(&routine); \
}

DEFINE_SPARSE_METRIC(l2, "sparsevec_l2_distance", "mm_mmvector_l2_routine",
					 .prepare = prepare, .error = L2_FACTOR * SUM_ERROR(MOST_DIFFERENCES))
DEFINE_SPARSE_METRIC(l1, "sparsevec_l1_distance", "mm_mmvector_l1_routine",
					 .prepare = prepare, .error = L1_FACTOR * SUM_ERROR(MOST_DIFFERENCES))
DEFINE_SPARSE_METRIC(cosine, "sparsevec_cosine_distance", "mm_mmvector_cosine_routine",
					 .prepare = prepare_cosine, .check = check_cosine, .may_be_nan = true)
