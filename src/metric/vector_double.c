/*-------------------------------------------------------------------------
 *
 * vector_double.c
 *	  Metrics of double precision[]: L2, L1, L-infinity, cosine.
 *
 * Distances are computed in double precision.  Sums have eight running sums,
 * which are added up in a fixed order, so that they have the same bits
 * wherever they are computed.
 *
 * Sketches are those of vectors of floats (vector_sketch.c): of the vector
 * rounded to floats, and widened by how far rounding has moved it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "compat.h"
#include "metric/metric.h"
#include "metric/vector.h"
#include "metric/vector_sketch.h"
#include "type/mmvector.h"

typedef struct Doubles
{
	int			n;
	const double *x;
	double		square;			/* sum of x[i]^2; set where prepared */
} Doubles;

static void
load(Datum value, Doubles *d)
{
	ArrayType  *array = mm_vector_array(value);

	d->n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	d->x = (double *) ARR_DATA_PTR(array);
}

/*
 * Raise an error for elements that are not finite, or too large for coordinates
 * and sketches, which are floats.
 */
static void
check_elements(const Doubles *d)
{
	bool		all = true;

	for (int i = 0; i < d->n; i++)
		all &= fabs(d->x[i]) <= METRIC_COORDINATE_LIMIT;
	for (int i = 0; i < d->n && unlikely(!all); i++)
		if (!(fabs(d->x[i]) <= METRIC_COORDINATE_LIMIT))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 isfinite(d->x[i]) ?
					 errmsg("vector distance needs elements of at most %g in absolute value",
							METRIC_COORDINATE_LIMIT) :
					 errmsg("vector distance needs finite elements"),
					 errdetail("Element %d is %g.", i + 1, d->x[i])));
}

/* ---------- distances ---------- */

#define LANES	8

static inline double
add_lanes(const double *sums)
{
	return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

/*
 * Sum an expression in i over n elements.
 */
#define SUM(result, n, term) \
do { \
	double		sums[LANES] = {0}; \
	int			whole = (n) - (n) % LANES; \
	\
	for (int at = 0; at < whole; at += LANES) \
		for (int lane = 0; lane < LANES; lane++) \
		{ \
			int			i = at + lane; \
			\
			sums[lane] += (term); \
		} \
	for (int i = whole; i < (n); i++) \
		sums[i - whole] += (term); \
	(result) = add_lanes(sums); \
} while (0)

static double
l1(const Doubles *a, const Doubles *b)
{
	double		sum;

	SUM(sum, a->n, fabs(a->x[i] - b->x[i]));
	return sum;
}

static double
linf(const Doubles *a, const Doubles *b)
{
	double		largest = 0.0;

	for (int i = 0; i < a->n; i++)
		largest = Max(largest, fabs(a->x[i] - b->x[i]));
	return largest;
}

/*
 * The same as l2 below, of vectors whose differences are so small that their squares
 * are not numbers any more.  They are brought near 1 by a power of 2.
 */
static double
l2_of_small(const Doubles *a, const Doubles *b)
{
	double		sum;
	int			exponent;

	(void) frexp(linf(a, b), &exponent);
	SUM(sum, a->n, ldexp(a->x[i] - b->x[i], -exponent) * ldexp(a->x[i] - b->x[i], -exponent));
	return ldexp(sqrt(sum), exponent);
}

static double
l2(const Doubles *a, const Doubles *b)
{
	double		sum;

	SUM(sum, a->n, (a->x[i] - b->x[i]) * (a->x[i] - b->x[i]));
	/* What squares below the range of numbers would add is nothing beside this. */
	return likely(sum >= 0x1p-900) ? sqrt(sum) : l2_of_small(a, b);
}

static double
square_of(const Doubles *d)
{
	double		sum;

	SUM(sum, d->n, d->x[i] * d->x[i]);
	return sum;
}

/*
 * Raise an error unless a vector has a direction.  Squares below the range of
 * numbers leave none either.
 */
static void
check_direction(double square)
{
	if (!(square >= DBL_MIN))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("cosine distance of a zero vector is undefined"),
				 errhint("Store NULL instead of a zero vector, or use another metric.")));
}

/*
 * 1 - cosine of the angle.  The squares under the root are the same whichever
 * argument is which, and for a = b the quotient is exactly 1.
 */
static double
cosine(const Doubles *a, const Doubles *b)
{
	double		square = square_of(b);
	double		product;
	double		result;

	check_direction(square);
	SUM(product, a->n, a->x[i] * b->x[i]);
	/* No product of two squares is out of range if each has a root. */
	result = a->square == square ? 1.0 - product / square :
		1.0 - product / (sqrt(a->square) * sqrt(square));
	return result < 0.0 ? 0.0 : result > 2.0 ? 2.0 : result;
}

/* ---------- the routine ---------- */

static Doubles *
prepare_doubles(const Doubles *d)
{
	double	   *x = palloc(sizeof(double) * Max(d->n, 1));
	Doubles    *result = palloc(sizeof(Doubles));

	check_elements(d);
	memcpy(x, d->x, sizeof(double) * d->n);
	result->n = d->n;
	result->x = x;
	result->square = 0.0;
	return result;
}

static Doubles *
prepare_direction(const Doubles *d)
{
	Doubles    *result = prepare_doubles(d);

	result->square = square_of(d);
	check_direction(result->square);
	return result;
}

static void
check_value(Datum value, Oid collation)
{
	Doubles		d;

	load(value, &d);
	check_elements(&d);
}

static void
check_value_cosine(Datum value, Oid collation)
{
	Doubles		d;

	load(value, &d);
	check_elements(&d);
	check_direction(square_of(&d));
}

static void
coordinates(Datum value, Oid collation, double *x)
{
	Doubles		d;

	load(value, &d);
	check_elements(&d);
	for (int i = 0; i < d.n; i++)
		x[i] = metric_coordinate(d.x[i]);
}

static void
coordinates_cosine(Datum value, Oid collation, double *x)
{
	Doubles		d;
	double		square;

	load(value, &d);
	check_elements(&d);
	square = square_of(&d);
	check_direction(square);
	for (int i = 0; i < d.n; i++)
		x[i] = d.x[i] / sqrt(square);
}

/* ---------- sketches ---------- */

/*
 * Round a vector to floats; under cosine, the vector at length 1.  Returns how
 * far that moves it in the metric, or more.
 */
static double
round_to_floats(VectorMetric metric, const Doubles *d, float *x)
{
	double		factor = 1.0;
	double		moved = 0.0;

	check_elements(d);
	if (metric == MM_VECTOR_COSINE)
	{
		double		square = square_of(d);

		check_direction(square);
		factor = 1.0 / sqrt(square);
	}
	for (int i = 0; i < d->n; i++)
	{
		double		exact = d->x[i] * factor;
		double		error;

		x[i] = (float) exact;
		error = fabs(exact - x[i]);
		moved = metric == MM_VECTOR_L1 ? moved + error :
			metric == MM_VECTOR_LINF ? Max(moved, error) : moved + error * error;
	}
	if (metric == MM_VECTOR_L2 || metric == MM_VECTOR_COSINE)
		moved = sqrt(moved);

	/*
	 * The sketch is of the floats at length 1, which is as far from them as they
	 * are from that length.  The rest is for rounding, and for underflow.
	 */
	if (metric == MM_VECTOR_COSINE)
		moved = 2 * moved + 1e-11;
	return moved * (1 + 1e-9) + 0x1p-500;
}

static void *
train(VectorMetric metric, const Datum *values, int n, int budget, Size *size, MetricSketchShape *shape)
{
	int			used = Min(n, MM_VECTOR_SAMPLE);
	float	   *vectors = NULL;
	int			dim = 0;
	void	   *model;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb sampled vectors",
												  ALLOCSET_DEFAULT_SIZES);

	for (int i = 0; i < used; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		Doubles		d;

		load(values[(int64) i * n / used], &d);
		MemoryContextSwitchTo(old);
		if (i == 0)
		{
			dim = d.n;
			if (dim <= METRIC_MAX_RAW_COORDINATES)
				break;
			vectors = palloc_extended(sizeof(float) * dim * used, MCXT_ALLOC_HUGE);
		}
		mmvector_check_dims(d.n, dim);
		(void) round_to_floats(metric, &d, vectors + (Size) i * dim);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	if (vectors == NULL)
		return NULL;
	model = mm_vector_train(metric, vectors, used, dim, budget, size, shape);
	pfree(vectors);
	return model;
}

static void
sketch(VectorMetric metric, const void *model, Datum value, uint32 *words, uint8 *bytes)
{
	Doubles		d;
	float	   *x;
	double		moved;

	load(value, &d);
	mmvector_check_dims(d.n, mm_vector_model_dim(model));
	x = palloc(sizeof(float) * d.n);
	moved = round_to_floats(metric, &d, x);
	mm_vector_sketch(model, x, words, bytes);
	mm_vector_sketch_widen(words, moved);
	pfree(x);
}

static void *
sketch_query(VectorMetric metric, const void *model, Datum value)
{
	Doubles		d;
	float	   *x;
	double		moved;
	void	   *query;

	load(value, &d);
	mmvector_check_dims(d.n, mm_vector_model_dim(model));
	x = palloc(sizeof(float) * d.n);
	moved = round_to_floats(metric, &d, x);
	query = mm_vector_sketch_query(model, x);
	mm_vector_sketch_query_widen(query, moved);
	pfree(x);
	return query;
}

/* ---------- the metrics ---------- */

#define KIND_l2			MM_VECTOR_L2
#define KIND_l1			MM_VECTOR_L1
#define KIND_linf		MM_VECTOR_LINF
#define KIND_cosine		MM_VECTOR_COSINE

/*
 * The functions of one metric: its operator function, its routine, and FUNCTION
 * 2.  The last argument has the further parts of the routine.
 */
#define DEFINE_METRIC(metric, prepare_value, coordinates_of, ...) \
PG_FUNCTION_INFO_V1(mm_double_array_##metric); \
PG_FUNCTION_INFO_V1(mm_double_array_##metric##_routine); \
\
Datum \
mm_double_array_##metric(PG_FUNCTION_ARGS) \
{ \
	Doubles		a; \
	Doubles		b; \
	\
	load(PG_GETARG_DATUM(0), &a); \
	load(PG_GETARG_DATUM(1), &b); \
	mmvector_check_dims(a.n, b.n); \
	check_elements(&a); \
	check_elements(&b); \
	if (KIND_##metric == MM_VECTOR_COSINE) \
	{ \
		a.square = square_of(&a); \
		check_direction(a.square); \
	} \
	PG_RETURN_FLOAT8(metric(&a, &b)); \
} \
\
static void * \
prepare_##metric(Datum query, Oid collation) \
{ \
	Doubles		d; \
	\
	load(query, &d); \
	return prepare_value(&d); \
} \
\
static double \
distance_##metric(void *prepared, Datum value, double bound) \
{ \
	const Doubles *a = prepared; \
	Doubles		b; \
	\
	load(value, &b); \
	mmvector_check_dims(a->n, b.n); \
	check_elements(&b); \
	return metric(a, &b); \
} \
\
static void * \
train_##metric(const Datum *values, int n, Oid collation, int budget, \
			   Size *size, MetricSketchShape *shape) \
{ \
	return train(KIND_##metric, values, n, budget, size, shape); \
} \
\
static void \
sketch_##metric(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes) \
{ \
	sketch(KIND_##metric, model, value, words, bytes); \
} \
\
static void * \
sketch_query_##metric(const void *model, Datum query, Oid collation) \
{ \
	return sketch_query(KIND_##metric, model, query); \
} \
\
Datum \
mm_double_array_##metric##_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.prepare = prepare_##metric, \
		.distance = distance_##metric, \
		.dimensions = mm_vector_array_dimensions, \
		.finite = true, \
		.embedding = mm_vector_embedding_##metric, \
		.coordinates = coordinates_of, \
		.train = train_##metric, \
		.sketch = sketch_##metric, \
		.sketch_query = sketch_query_##metric, \
		.sketch_bounds = mm_vector_bounds, \
		__VA_ARGS__ \
	}; \
	\
	PG_RETURN_POINTER(&routine); \
}

DEFINE_METRIC(l2, prepare_doubles, coordinates, .check = check_value, .error = 1e-9f)
DEFINE_METRIC(l1, prepare_doubles, coordinates, .check = check_value, .error = 1e-9f)
DEFINE_METRIC(linf, prepare_doubles, coordinates, .check = check_value)
DEFINE_METRIC(cosine, prepare_direction, coordinates_cosine, .check = check_value_cosine,
			  .to_metric = mm_vector_angle, .transform = MM_FROM_ANGLE)
