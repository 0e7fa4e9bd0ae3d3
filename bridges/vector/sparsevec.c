/*-------------------------------------------------------------------------
 *
 * sparsevec.c
 *	  Metrics of pgvector's sparsevec: L2, L1, cosine.
 *
 * A sparsevec has up to a thousand million dimensions, of which few are not
 * zero.  Distances to pivots are computed here, in double precision.
 *
 * pgvector's sums are in float precision.  They have up to as many terms as two
 * values have components that are not zero.  Their order depends on which
 * operand is which.  (dense.c tells about Infinity and NaN, which are the same
 * here.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mmdb_vector.h"

PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_l2_routine);
PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_l1_routine);
PG_FUNCTION_INFO_V1(mmdb_vector_sparsevec_cosine_routine);

/* The most terms that a sum of differences has, and one of products. */
#define MOST_DIFFERENCES	(2.0 * MM_MAX_DIMS)
#define MOST_PRODUCTS		((double) MM_MAX_DIMS)

/*
 * A cosine in double precision, with sums one term after the other, is off by
 * less than this.  So is the angle, by less than 3e-6, and a difference of two
 * by less than 6e-6.
 */
#define DOUBLE_ERROR	(2 * MOST_PRODUCTS * 0x1p-53)
#define OWN_ANGLE_ERROR	6e-6

static PGFunction distance_l2;
static PGFunction distance_l1;
static PGFunction distance_cosine;

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
distance_of(PGFunction function, const SparseQuery *query, Datum value)
{
	return DatumGetFloat8(DirectFunctionCall2(function, value, PointerGetDatum(query->value)));
}

static double
sparsevec_l2(void *prepared, Datum value, double bound)
{
	return distance_of(distance_l2, prepared, value);
}

static double
sparsevec_l1(void *prepared, Datum value, double bound)
{
	return distance_of(distance_l1, prepared, value);
}

static double
sparsevec_cosine(void *prepared, Datum value, double bound)
{
	return distance_of(distance_cosine, prepared, value);
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

Datum
mmdb_vector_sparsevec_l2_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare,
		.distance = sparsevec_l2,
		.dimensions = sparsevec_dimensions,
		.error = L2_FACTOR * SUM_ERROR(MOST_DIFFERENCES),
		.asymmetric = true,
		.metric = metric_l2,
		.pivot_transform = pivot_transform_l2,
	};

	distance_l2 = mmdb_vector_function("sparsevec_l2_distance");
	PG_RETURN_POINTER(&routine);
}

Datum
mmdb_vector_sparsevec_l1_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare,
		.distance = sparsevec_l1,
		.dimensions = sparsevec_dimensions,
		.error = L1_FACTOR * SUM_ERROR(MOST_DIFFERENCES),
		.asymmetric = true,
		.metric = metric_l1,
		.pivot_transform = pivot_transform_l1,
	};

	distance_l1 = mmdb_vector_function("sparsevec_l1_distance");
	PG_RETURN_POINTER(&routine);
}

Datum
mmdb_vector_sparsevec_cosine_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_cosine,
		.distance = sparsevec_cosine,
		.check = check_cosine,
		.dimensions = sparsevec_dimensions,
		.may_be_nan = true,
		.asymmetric = true,
		.metric = metric_cosine,
		.pivot_transform = pivot_transform_cosine,
	};

	distance_cosine = mmdb_vector_function("sparsevec_cosine_distance");
	PG_RETURN_POINTER(&routine);
}
