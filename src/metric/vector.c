/*-------------------------------------------------------------------------
 *
 * vector.c
 *	  Metrics of mmvector and real[]: L2, L1, L-infinity, cosine.
 *
 * L1, L2 and L-infinity are summed in float4 by the kernels (vector.h has the
 * relative error).  Where that would overflow or underflow, they are computed
 * again in float8.  Cosine sums in float8: the index works with its angle,
 * which is sensitive to small errors.
 *
 * mmvector has finite components only.  real[] may have others; whatever is not
 * finite shows in the float4 result, and is then looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "compat.h"
#include "metric/kernels.h"
#include "metric/metric.h"
#include "metric/vector.h"
#include "metric/vector_coordinates.h"
#include "metric/vector_sketch.h"
#include "type/mmvector.h"

/*
 * The components of a value.  A value with a short varlena header is not
 * aligned in place, so its components are copied to local.  No such value has
 * more than fit there.
 */
typedef struct Floats
{
	int			n;
	const float *x;
	double		square;			/* sum of x[i]^2; set where prepared */
	float		local[VARATT_SHORT_MAX / sizeof(float)];
} Floats;

static inline void
load_mmvector(Datum value, Floats *f)
{
	struct varlena *v = (struct varlena *) DatumGetPointer(value);
	MMVector   *vector;

	if (VARATT_IS_SHORT(v) && !VARATT_IS_EXTERNAL(v))
	{
		int32		dim;

		memcpy(&dim, VARDATA_SHORT(v), sizeof(dim));
		memcpy(f->local, VARDATA_SHORT(v) + sizeof(dim), sizeof(float) * dim);
		f->n = dim;
		f->x = f->local;
		return;
	}
	vector = DatumGetMMVector(value);
	f->n = vector->dim;
	f->x = vector->x;
}

static inline void
load_real_array(Datum value, Floats *f)
{
	ArrayType  *array = mm_vector_array(value);

	f->n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	f->x = (float *) ARR_DATA_PTR(array);
}

/*
 * The number of dimensions is at the front of a value, so do not fetch all of
 * it.
 */
static int
mmvector_dimensions(Datum value)
{
	MMVector   *front = (MMVector *)
		PG_DETOAST_DATUM_SLICE(value, 0, offsetof(MMVector, x) - VARHDRSZ);

	return front->dim;
}

static void
check_finite(const Floats *f)
{
	for (int i = 0; i < f->n; i++)
		if (!isfinite(f->x[i]))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("vector distance needs finite elements"),
					 errdetail("Element %d is %g.", i + 1, f->x[i])));
}

/*
 * The least float that is not below x >= 0.
 */
static inline float
float_at_least(double x)
{
	float		f;

	if (x >= FLT_MAX)
		return get_float4_infinity();
	f = (float) x;
	return f >= x ? f : nextafterf(f, FLT_MAX);
}

static double
l1(const Floats *a, const Floats *b, double bound)
{
	double		sum = mm_kernels->l1(a->x, b->x, a->n, float_at_least(bound));

	if (likely(sum <= FLT_MAX))
		return sum;

	check_finite(a);
	check_finite(b);
	sum = 0.0;
	for (int i = 0; i < a->n; i++)
		sum += fabs((double) a->x[i] - b->x[i]);
	return sum;
}

static double
l2(const Floats *a, const Floats *b, double bound)
{
	/*
	 * The bound on the square is widened a little, so that rounding cannot
	 * take a partial sum above it back to the bound.
	 */
	double		sum = mm_kernels->l2_squared(a->x, b->x, a->n,
											 float_at_least(bound * bound * (1 + 1e-6)));

	/*
	 * If the sum is below 1e-30, squares of float4 differences may have
	 * underflowed.
	 */
	if (likely(sum <= FLT_MAX && sum >= 1e-30))
		return sqrt(sum);

	check_finite(a);
	check_finite(b);
	sum = 0.0;
	for (int i = 0; i < a->n; i++)
	{
		double		diff = (double) a->x[i] - b->x[i];

		sum += diff * diff;
	}
	return sqrt(sum);
}

static double
linf(const Floats *a, const Floats *b, double bound)
{
	double		largest = mm_kernels->linf(a->x, b->x, a->n, float_at_least(bound));

	if (likely(largest <= FLT_MAX))
		return largest;

	largest = 0.0;
	for (int i = 0; i < a->n; i++)
		largest = Max(largest, fabs((double) a->x[i] - b->x[i]));
	return largest;
}

/*
 * 1 - cos of the angle between a and b.  The products under the root are the
 * same whichever argument is which, and for a = b the quotient is exactly 1.
 */
static double
cosine_from_sums(double ab, double aa, double bb)
{
	double		result;

	if (unlikely(!(aa > 0.0 && bb > 0.0 && aa <= DBL_MAX && bb <= DBL_MAX)))
	{
		if (aa == 0.0 || bb == 0.0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("cosine distance of a zero vector is undefined"),
					 errhint("Store NULL instead of a zero vector, or use another metric.")));
		return get_float8_nan();	/* the caller looks for the reason */
	}
	result = 1.0 - ab / sqrt(aa * bb);
	return result < 0.0 ? 0.0 : result > 2.0 ? 2.0 : result;
}

/* a is prepared: its square is known. */
static double
cosine_prepared(const Floats *a, const Floats *b, double bound)
{
	double		sums[2];
	double		result;

	mm_kernels->dot2(a->x, b->x, a->n, sums);
	result = cosine_from_sums(sums[0], a->square, sums[1]);
	if (unlikely(isnan(result)))
		check_finite(b);
	return result;
}

static double
cosine(const Floats *a, const Floats *b, double bound)
{
	double		sums[3];
	double		result;

	mm_kernels->dot3(a->x, b->x, a->n, sums);
	result = cosine_from_sums(sums[0], sums[2], sums[1]);
	if (unlikely(isnan(result)))
	{
		check_finite(a);
		check_finite(b);
	}
	return result;
}

static void
check_not_zero(const Floats *f)
{
	double		square = mm_kernels->dot(f->x, f->x, f->n);

	(void) cosine_from_sums(square, square, square);
}

/*
 * Raise an error if a value has no distances.  (Every mmvector has, under L2,
 * L1 and L-infinity.)
 */
static void
check_real_array(Datum value, Oid collation)
{
	Floats		f;

	load_real_array(value, &f);
	check_finite(&f);
}

static void
check_mmvector_cosine(Datum value, Oid collation)
{
	Floats		f;

	load_mmvector(value, &f);
	check_not_zero(&f);
}

static void
check_real_array_cosine(Datum value, Oid collation)
{
	Floats		f;

	load_real_array(value, &f);
	check_finite(&f);
	check_not_zero(&f);
}

static Floats *
prepare_floats(const Floats *f)
{
	float	   *x = palloc(sizeof(float) * Max(f->n, 1));
	Floats	   *result = palloc(sizeof(Floats));

	check_finite(f);
	memcpy(x, f->x, sizeof(float) * f->n);
	result->n = f->n;
	result->x = x;
	return result;
}

static Floats *
prepare_cosine(const Floats *f)
{
	Floats	   *result = prepare_floats(f);
	double		sums[2];

	mm_kernels->dot2(f->x, f->x, f->n, sums);
	result->square = sums[0];
	(void) cosine_from_sums(sums[0], sums[0], sums[0]); /* not zero? */
	return result;
}

/*
 * The largest difference hides a NaN, so L-infinity of real[] looks for NaNs
 * first.  (In the other sums, whatever is not finite shows in the result.)
 */
static inline void
check_linf_real_array(const Floats *f)
{
	check_finite(f);
}

#define no_check(f)		((void) 0)
#define real_array_dimensions	mm_vector_array_dimensions

static void
raw_coordinates(const Floats *f, double *x)
{
	check_finite(f);
	for (int i = 0; i < f->n; i++)
		x[i] = metric_coordinate(f->x[i]);
}

static void
raw_coordinates_cosine(const Floats *f, double *x)
{
	double		sums[2];
	double		length;

	check_finite(f);
	mm_kernels->dot2(f->x, f->x, f->n, sums);
	(void) cosine_from_sums(sums[0], sums[0], sums[0]); /* not zero? */
	length = sqrt(sums[0]);
	for (int i = 0; i < f->n; i++)
		x[i] = f->x[i] / length;
}

#define KIND_l2			MM_VECTOR_L2
#define KIND_l1			MM_VECTOR_L1
#define KIND_linf		MM_VECTOR_LINF
#define KIND_cosine		MM_VECTOR_COSINE

#define coordinates_l2		raw_coordinates
#define coordinates_l1		raw_coordinates
#define coordinates_linf	raw_coordinates
#define coordinates_cosine	raw_coordinates_cosine

/*
 * Raise an error unless a sketch can be made of a value: it must have as many
 * components as the model knows, all finite, and for cosine not all zero.
 */
static void
check_sketched(VectorMetric metric, const Floats *f, int dim)
{
	mmvector_check_dims(f->n, dim);
	check_finite(f);
	if (metric == MM_VECTOR_COSINE)
		check_not_zero(f);
}

/*
 * Some of the values, side by side, to train on: *used vectors of *dim components.
 * NULL if they have so few that all are raw coordinates.
 */
static float *
load_sample(VectorMetric metric, void (*load) (Datum value, Floats *f),
			const Datum *values, int n, int *used, int *dim)
{
	float	   *vectors = NULL;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb sampled vectors",
												  ALLOCSET_DEFAULT_SIZES);

	*used = Min(n, MM_VECTOR_SAMPLE);
	for (int i = 0; i < *used; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		Floats		f;

		load(values[(int64) i * n / *used], &f);
		MemoryContextSwitchTo(old);
		if (i == 0)
		{
			*dim = f.n;
			if (*dim <= METRIC_MAX_RAW_COORDINATES)
				break;
			vectors = palloc_extended(sizeof(float) * *dim * *used, MCXT_ALLOC_HUGE);
		}
		check_sketched(metric, &f, *dim);
		memcpy(vectors + (Size) i * *dim, f.x, sizeof(float) * *dim);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	return vectors;
}

static void *
train_vectors(VectorMetric metric, void (*load) (Datum value, Floats *f),
			  const Datum *values, int n, int budget, Size *size, MetricSketchShape *shape)
{
	int			used;
	int			dim;
	float	   *vectors = load_sample(metric, load, values, n, &used, &dim);
	void	   *model;

	if (vectors == NULL)
		return NULL;
	model = mm_vector_train(metric, vectors, used, dim, budget, size, shape);
	pfree(vectors);
	return model;
}

static void *
train_vector_coordinates(VectorMetric metric, void (*load) (Datum value, Floats *f),
						 const Datum *values, int n, Size *size,
						 MetricTrainedCoordinates *trained)
{
	int			used;
	int			dim;
	float	   *vectors = load_sample(metric, load, values, n, &used, &dim);
	void	   *model;

	if (vectors == NULL)
		return NULL;
	model = mm_vector_train_coordinates(metric, vectors, used, dim, size, trained);
	pfree(vectors);
	return model;
}

/*
 * The functions of one metric of one type: its operator function, its routine,
 * and FUNCTION 2.  The last argument has the further parts of the routine.
 */
#define DEFINE_VECTOR_METRIC(type, metric, prepare_value, prepared_metric, check, ...) \
PG_FUNCTION_INFO_V1(mm_##type##_##metric); \
PG_FUNCTION_INFO_V1(mm_##type##_##metric##_routine); \
\
Datum \
mm_##type##_##metric(PG_FUNCTION_ARGS) \
{ \
	Floats		a; \
	Floats		b; \
	\
	load_##type(PG_GETARG_DATUM(0), &a); \
	load_##type(PG_GETARG_DATUM(1), &b); \
	mmvector_check_dims(a.n, b.n); \
	check(&a); \
	check(&b); \
	PG_RETURN_FLOAT8(metric(&a, &b, METRIC_NO_BOUND)); \
} \
\
static void * \
prepare_##type##_##metric(Datum query, Oid collation) \
{ \
	Floats		f; \
	\
	load_##type(query, &f); \
	return prepare_value(&f); \
} \
\
static double \
distance_##type##_##metric(void *prepared, Datum value, double bound) \
{ \
	const Floats *a = prepared; \
	Floats		b; \
	\
	load_##type(value, &b); \
	mmvector_check_dims(a->n, b.n); \
	check(&b); \
	return prepared_metric(a, &b, bound); \
} \
\
static void \
coordinates_##type##_##metric(Datum value, Oid collation, double *x) \
{ \
	Floats		f; \
	\
	load_##type(value, &f); \
	coordinates_##metric(&f, x); \
} \
\
static void * \
train_##type##_##metric(const Datum *values, int n, Oid collation, int budget, \
						Size *size, MetricSketchShape *shape) \
{ \
	return train_vectors(KIND_##metric, load_##type, values, n, budget, size, shape); \
} \
\
static void \
sketch_##type##_##metric(const void *model, Datum value, Oid collation, \
						 uint32 *words, uint8 *bytes) \
{ \
	Floats		f; \
	\
	load_##type(value, &f); \
	check_sketched(KIND_##metric, &f, mm_vector_model_dim(model)); \
	mm_vector_sketch(model, f.x, words, bytes); \
} \
\
static void * \
train_coordinates_##type##_##metric(const Datum *values, int n, Oid collation, Size *size, \
									MetricTrainedCoordinates *trained) \
{ \
	return train_vector_coordinates(KIND_##metric, load_##type, values, n, size, trained); \
} \
\
static double \
trained_coordinates_##type##_##metric(const void *model, Datum value, Oid collation, \
									  int n, double *x) \
{ \
	Floats		f; \
	\
	load_##type(value, &f); \
	check_sketched(KIND_##metric, &f, mm_vector_coordinates_dim(model)); \
	return mm_vector_coordinates(model, f.x, n, x); \
} \
\
static void * \
sketch_query_##type##_##metric(const void *model, Datum query, Oid collation) \
{ \
	Floats		f; \
	\
	load_##type(query, &f); \
	check_sketched(KIND_##metric, &f, mm_vector_model_dim(model)); \
	return mm_vector_sketch_query(model, f.x); \
} \
\
Datum \
mm_##type##_##metric##_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.prepare = prepare_##type##_##metric, \
		.distance = distance_##type##_##metric, \
		.dimensions = type##_dimensions, \
		.finite = true, \
		.embedding = mm_vector_embedding_##metric, \
		.coordinates = coordinates_##type##_##metric, \
		.train = train_##type##_##metric, \
		.sketch = sketch_##type##_##metric, \
		.sketch_query = sketch_query_##type##_##metric, \
		.sketch_bounds = mm_vector_bounds, \
		.train_coordinates = train_coordinates_##type##_##metric, \
		.trained_coordinates = trained_coordinates_##type##_##metric, \
		__VA_ARGS__ \
	}; \
	\
	PG_RETURN_POINTER(&routine); \
}

DEFINE_VECTOR_METRIC(mmvector, l2, prepare_floats, l2, no_check, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(mmvector, l1, prepare_floats, l1, no_check, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(mmvector, linf, prepare_floats, linf, no_check, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(mmvector, cosine, prepare_cosine, cosine_prepared, no_check,
					 .check = check_mmvector_cosine, .to_metric = mm_vector_angle, .transform = MM_FROM_ANGLE)
DEFINE_VECTOR_METRIC(real_array, l2, prepare_floats, l2, no_check, .check = check_real_array, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(real_array, l1, prepare_floats, l1, no_check, .check = check_real_array, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(real_array, linf, prepare_floats, linf, check_linf_real_array,
					 .check = check_real_array, .error = MM_VECTOR_ERROR)
DEFINE_VECTOR_METRIC(real_array, cosine, prepare_cosine, cosine_prepared, no_check,
					 .check = check_real_array_cosine, .to_metric = mm_vector_angle, .transform = MM_FROM_ANGLE)
