/*-------------------------------------------------------------------------
 *
 * dense.c
 *	  Metrics of pgvector's vector and halfvec: L2, L1, cosine.
 *
 * The *image* of a value is the same vector as an mmvector.  The index has the
 * coordinates and sketches of images, by mmdb's metric, the base, whose sums are
 * precise and do not overflow.  pgvector sums in float precision, in an order
 * that depends on the compiler and the CPU.  So bounds of the base are widened
 * by what such a sum may be off (mmdb_vector.h).
 *
 * On a little-endian machine, a vector is an mmvector, bit by bit.
 *
 * Infinity.  Sums of vectors, and squares, may be beyond the range of float.
 * The distance is then Infinity, and that is above any lower bound.  Upper
 * bounds that come near that range are Infinity, too.  A halfvec is too short
 * for that.
 *
 * NaN.  The cosine distance of a zero vector to any other is NaN.  Its image is
 * (-1, -1, ...), because few vectors are near that, and a search will seldom
 * look at it before its end.  A vector that is not zero, but whose square
 * overflows, or loses digits because it is so small, has cosine distances that
 * are not near the true ones, or NaN.  Such vectors are refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mmdb_vector.h"

/* As many values as a base looks at when it trains. */
#define MOST_TRAINED	1000

/*
 * What makes the metrics different.
 */
typedef struct DenseMetric
{
	Datum		(*image) (Datum value);
	void		(*check) (Datum value, Oid collation);	/* of queries; may be NULL */
	bool		cosine;
	double		factor;			/* the distance's error by that of a sum */
	double		absolute;		/* and its error by underflow */
	double		most;			/* distances below this are finite; 0: they may be
								 * NaN */
	/* Set by FUNCTION 2: */
	const MetricRoutine *base;
	PGFunction	distance;		/* of pgvector */
} DenseMetric;

/* A query that is prepared. */
typedef struct DenseQuery
{
	void	   *base;			/* the image, prepared by the base */
	Datum		value;
	double		widen;			/* bounds of the base's distance are so much wider */
} DenseQuery;

/* ---------- values and images ---------- */

static int
dense_dimensions(Datum value)
{
	VectorValue *front = (VectorValue *)
		PG_DETOAST_DATUM_SLICE(value, 0, offsetof(VectorValue, x) - VARHDRSZ);

	return front->dim;
}

static Datum
image_vector(Datum value)
{
#ifdef WORDS_BIGENDIAN
	VectorValue *vector = (VectorValue *) PG_DETOAST_DATUM(value);
	ImageValue *image = mmdb_vector_image(vector->dim);

	memcpy(image->x, vector->x, sizeof(float) * vector->dim);
	return PointerGetDatum(image);
#else
	return value;
#endif
}

static Datum
image_halfvec(Datum value)
{
	HalfvecValue *vector = (HalfvecValue *) PG_DETOAST_DATUM(value);
	ImageValue *image = mmdb_vector_image(vector->dim);

	/*
	 * Exponent and fraction of a half, in the places where a float has its own,
	 * are the number times 2^-112.
	 */
	for (int i = 0; i < vector->dim; i++)
	{
		union
		{
			uint32		bits;
			float		number;
		}			x = {.bits = (uint32) (vector->x[i] & 0x7fff) << 13};

		x.number *= 0x1p112f;
		x.bits |= (uint32) (vector->x[i] & 0x8000) << 16;
		image->x[i] = x.number;
	}
	return PointerGetDatum(image);
}

/*
 * The image under cosine, which is not zero.
 */
static Datum
not_zero(Datum image)
{
	ImageValue *vector = (ImageValue *) PG_DETOAST_DATUM(image);

	for (int i = 0; i < vector->dim; i++)
		if (vector->x[i] != 0.0f)
			return PointerGetDatum(vector);
	vector = mmdb_vector_image(vector->dim);
	for (int i = 0; i < vector->dim; i++)
		vector->x[i] = -1.0f;
	return PointerGetDatum(vector);
}

static void
check_vector_cosine(Datum value, Oid collation)
{
	VectorValue *vector = (VectorValue *) PG_DETOAST_DATUM(value);

	mmdb_vector_check_length(vector->x, vector->dim);
}

/* ---------- the parts of routines ---------- */

static inline Datum
image_of(const DenseMetric *metric, Datum value)
{
	Datum		image = metric->image(value);

	return metric->cosine ? not_zero(image) : image;
}

/*
 * The error of the operator's distance by its sums, in so many dimensions.  It
 * is absolute under cosine, and otherwise relative.
 */
static inline double
error_in(const DenseMetric *metric, int dimensions)
{
	return metric->factor * SUM_ERROR(dimensions);
}

static void *
prepare(const DenseMetric *metric, Datum query, Oid collation)
{
	DenseQuery *prepared = palloc(sizeof(DenseQuery));

	if (metric->check != NULL)
		metric->check(query, collation);
	prepared->base = metric->base->prepare(image_of(metric, query), collation);
	prepared->value = PointerGetDatum(PG_DETOAST_DATUM_COPY(query));
	prepared->widen = (1.0 + metric->base->error) * (1.0 + 1e-9) /
		(1.0 - error_in(metric, dense_dimensions(query)));
	return prepared;
}

/*
 * The distance up to a bound.  Where a base takes values as they are, it comes
 * first, as it can stop early, and most rows that are looked at turn out to be
 * beyond the bound.
 */
static inline double
distance(const DenseMetric *metric, const DenseQuery *query, Datum value, double bound)
{
	if (metric->image == image_vector && bound < metric->most)
	{
		double		most = (bound + metric->absolute) * query->widen;
		double		result;

		value = PointerGetDatum(PG_DETOAST_DATUM(value));
		result = metric->base->distance(query->base, image_vector(value), most);
		if (result > most)
			return result;
	}
	return DatumGetFloat8(DirectFunctionCall2(metric->distance, value, query->value));
}

static double
base_metric(const DenseMetric *metric, const DenseQuery *query, Datum value)
{
	double		result = metric->base->distance(query->base, image_of(metric, value),
												METRIC_NO_BOUND);

	return metric->cosine ? metric->base->to_metric(result) : result;
}

/*
 * Add to a function of coordinates what is lost in the operator's sums.
 */
static void
widen_transform(const DenseMetric *metric, int dimensions, MetricTransform *transform)
{
	double		lost = error_in(metric, dimensions);

	if (metric->cosine)
		transform->absolute += (float) ANGLE_ERROR(lost);
	else
	{
		transform->relative += (float) lost;
		transform->absolute += (float) metric->absolute;
		transform->clamp = fminf(transform->clamp, (float) metric->most);
	}
}

static int
embedding(const DenseMetric *metric, int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	int			n = metric->base->embedding(dimensions, norm, transform);

	if (n > 0)
		widen_transform(metric, dimensions, transform);
	return n;
}

static void
pivot_transform(const DenseMetric *metric, int dimensions, MetricTransform *transform)
{
	if (metric->cosine)
		*transform = metric->base->transform;
	transform->relative += metric->base->error;
	widen_transform(metric, dimensions, transform);
}

/*
 * Images of some of the values, to train the base on; *n becomes their number.
 */
static Datum *
sample_images(const DenseMetric *metric, const Datum *values, int *n)
{
	int			used = Min(*n, MOST_TRAINED);
	Datum	   *images = palloc(sizeof(Datum) * used);

	for (int i = 0; i < used; i++)
		images[i] = image_of(metric, values[(int64) i * *n / used]);
	*n = used;
	return images;
}

static void *
train(const DenseMetric *metric, const Datum *values, int n, Oid collation, int budget,
	  Size *size, MetricSketchShape *shape)
{
	Datum	   *images = sample_images(metric, values, &n);

	return metric->base->train(images, n, collation, budget, size, shape);
}

static void *
train_coordinates(const DenseMetric *metric, const Datum *values, int n, Oid collation,
				  Size *size, MetricTrainedCoordinates *trained)
{
	Datum	   *images = sample_images(metric, values, &n);
	void	   *model = metric->base->train_coordinates(images, n, collation, size, trained);

	if (model != NULL)
		widen_transform(metric, dense_dimensions(values[0]), &trained->transform);
	return model;
}

static void *
sketch_query(const DenseMetric *metric, const void *model, Datum query, Oid collation)
{
	void	   *base = metric->base->sketch_query(model, image_of(metric, query), collation);
	double		lost = error_in(metric, dense_dimensions(query));

	return metric->cosine ? mmdb_vector_widened(base, 0.0, lost, metric->most) :
		mmdb_vector_widened(base, lost, metric->absolute, metric->most);
}

/*
 * The functions of one metric, and its FUNCTION 2.  The initializers of its
 * DenseMetric are in parentheses; the arguments after them are further parts
 * of the routine.
 */
#define INITIALIZERS(...)	__VA_ARGS__

#define DEFINE_DENSE_METRIC(name, function, base_function, initializers, ...) \
PG_FUNCTION_INFO_V1(mmdb_vector_##name##_routine); \
\
static DenseMetric name = {INITIALIZERS initializers}; \
\
static void * \
prepare_##name(Datum query, Oid collation) \
{ \
	return prepare(&name, query, collation); \
} \
\
static double \
distance_##name(void *prepared, Datum value, double bound) \
{ \
	return distance(&name, prepared, value, bound); \
} \
\
static double \
metric_##name(void *prepared, Datum value) \
{ \
	return base_metric(&name, prepared, value); \
} \
\
static int \
embedding_##name(int dimensions, MetricNorm *norm, MetricTransform *transform) \
{ \
	return embedding(&name, dimensions, norm, transform); \
} \
\
static void \
coordinates_##name(Datum value, Oid collation, double *x) \
{ \
	name.base->coordinates(image_of(&name, value), collation, x); \
} \
\
static void \
pivot_transform_##name(int dimensions, MetricTransform *transform) \
{ \
	pivot_transform(&name, dimensions, transform); \
} \
\
static void * \
train_##name(const Datum *values, int n, Oid collation, int budget, \
			 Size *size, MetricSketchShape *shape) \
{ \
	return train(&name, values, n, collation, budget, size, shape); \
} \
\
static void * \
train_coordinates_##name(const Datum *values, int n, Oid collation, Size *size, \
						 MetricTrainedCoordinates *trained) \
{ \
	return train_coordinates(&name, values, n, collation, size, trained); \
} \
\
static double \
trained_coordinates_##name(const void *model, Datum value, Oid collation, int n, double *x) \
{ \
	return name.base->trained_coordinates(model, image_of(&name, value), collation, n, x); \
} \
\
static void \
sketch_##name(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes) \
{ \
	name.base->sketch(model, image_of(&name, value), collation, words, bytes); \
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
	name.base->sketch_bounds(((const WidenedQuery *) query)->base, planes, lower, upper); \
	mmdb_vector_widen(query, planes->n, lower, upper); \
} \
\
Datum \
mmdb_vector_##name##_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.prepare = prepare_##name, \
		.distance = distance_##name, \
		.dimensions = dense_dimensions, \
		.embedding = embedding_##name, \
		.coordinates = coordinates_##name, \
		.train = train_##name, \
		.sketch = sketch_##name, \
		.sketch_query = sketch_query_##name, \
		.sketch_bounds = sketch_bounds_##name, \
		.train_coordinates = train_coordinates_##name, \
		.trained_coordinates = trained_coordinates_##name, \
		.metric = metric_##name, \
		.pivot_transform = pivot_transform_##name, \
		__VA_ARGS__ \
	}; \
	\
	name.distance = mmdb_vector_function(function); \
	name.base = mmdb_vector_base(base_function); \
	PG_RETURN_POINTER(&routine); \
}

DEFINE_DENSE_METRIC(vector_l2, "l2_distance", "mm_mmvector_l2_routine",
					(.image = image_vector, .factor = L2_FACTOR, .absolute = UNDERFLOW_ERROR, .most = MOST_L2),
					.error = L2_FACTOR * SUM_ERROR(MM_MAX_DIMS))
DEFINE_DENSE_METRIC(vector_l1, "l1_distance", "mm_mmvector_l1_routine",
					(.image = image_vector, .factor = L1_FACTOR, .most = MOST_L1),
					.error = L1_FACTOR * SUM_ERROR(MM_MAX_DIMS))
DEFINE_DENSE_METRIC(vector_cosine, "cosine_distance", "mm_mmvector_cosine_routine",
					(.image = image_vector, .factor = COSINE_FACTOR, .cosine = true, .check = check_vector_cosine),
					.check = check_vector_cosine, .may_be_nan = true)
DEFINE_DENSE_METRIC(halfvec_l2, "halfvec_l2_distance", "mm_mmvector_l2_routine",
					(.image = image_halfvec, .factor = L2_FACTOR, .most = FLT_MAX),
					.error = L2_FACTOR * SUM_ERROR(MM_MAX_DIMS), .finite = true)
DEFINE_DENSE_METRIC(halfvec_l1, "halfvec_l1_distance", "mm_mmvector_l1_routine",
					(.image = image_halfvec, .factor = L1_FACTOR, .most = FLT_MAX),
					.error = L1_FACTOR * SUM_ERROR(MM_MAX_DIMS), .finite = true)
DEFINE_DENSE_METRIC(halfvec_cosine, "halfvec_cosine_distance", "mm_mmvector_cosine_routine",
					(.image = image_halfvec, .factor = COSINE_FACTOR, .cosine = true),
					.may_be_nan = true)
