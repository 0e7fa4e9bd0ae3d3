/*-------------------------------------------------------------------------
 *
 * test_metric.c
 *	  Metrics for tests only: routines that mmdb must refuse, and some that make
 *	  exceptions.
 *
 * Most are for integers.  The distance is their difference; but 0 is at distance
 * Infinity from all other numbers, and 1000 has no distances.  Under one metric, 7
 * is at distance NaN from all numbers.
 *
 * The distance of two ranges is the gap between them.  It satisfies no triangle
 * inequality, and empty ranges have none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "extension/mmdb/metric_routine.h"
#include "fmgr.h"
#include "utils/rangetypes.h"
#include "utils/typcache.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(test_metric_distance);
PG_FUNCTION_INFO_V1(test_metric_routine);
PG_FUNCTION_INFO_V1(test_metric_null);
PG_FUNCTION_INFO_V1(test_metric_no_magic);
PG_FUNCTION_INFO_V1(test_metric_other_version);
PG_FUNCTION_INFO_V1(test_metric_smaller);
PG_FUNCTION_INFO_V1(test_metric_first);
PG_FUNCTION_INFO_V1(test_metric_larger);
PG_FUNCTION_INFO_V1(test_metric_no_distance);
PG_FUNCTION_INFO_V1(test_metric_no_coordinates);
PG_FUNCTION_INFO_V1(test_metric_no_sketch_bounds);
PG_FUNCTION_INFO_V1(test_metric_no_refine);
PG_FUNCTION_INFO_V1(test_metric_no_token_bound);
PG_FUNCTION_INFO_V1(test_metric_many_coordinates);
PG_FUNCTION_INFO_V1(test_metric_no_embedding);
PG_FUNCTION_INFO_V1(test_metric_no_triangle);
PG_FUNCTION_INFO_V1(test_metric_nan_distance);
PG_FUNCTION_INFO_V1(test_metric_nan);
PG_FUNCTION_INFO_V1(test_metric_gap_distance);
PG_FUNCTION_INFO_V1(test_metric_gap);

static void
check(Datum value, Oid collation)
{
	if (DatumGetInt32(value) == 1000)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("1000 has no distances")));
}

static double
difference(int32 a, int32 b)
{
	if (a == b)
		return 0.0;
	if (a == 0 || b == 0)
		return get_float8_infinity();
	return fabs((double) a - b);
}

static void *
prepare(Datum query, Oid collation)
{
	int32	   *prepared = palloc(sizeof(int32));

	check(query, collation);
	*prepared = DatumGetInt32(query);
	return prepared;
}

static double
distance(void *prepared, Datum value, double bound)
{
	check(value, InvalidOid);
	return difference(*(int32 *) prepared, DatumGetInt32(value));
}

static int
embedding(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_MAX;
	*transform = METRIC_IDENTITY;
	return METRIC_MAX_RAW_COORDINATES + 1;
}

static void
coordinates(Datum value, Oid collation, double *x)
{
}

static void *
train(const Datum *values, int n, Oid collation, int budget, Size *size,
	  MetricSketchShape *shape)
{
	return NULL;
}

static void
sketch(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
}

static void
sketch_bounds(const void *query, const MetricSketchPlanes *planes, float *lower, float *upper)
{
}

static void *
sketch_query(const void *model, Datum query, Oid collation)
{
	return NULL;
}

static uint32 *
tokens(Datum value, Oid collation, int *size, int *n)
{
	*size = *n = 0;
	return NULL;
}

Datum
test_metric_distance(PG_FUNCTION_ARGS)
{
	check(PG_GETARG_DATUM(0), InvalidOid);
	check(PG_GETARG_DATUM(1), InvalidOid);
	PG_RETURN_FLOAT8(difference(PG_GETARG_INT32(0), PG_GETARG_INT32(1)));
}

/* That distances are finite is not promised. */
#define PARTS \
	.prepare = prepare, \
	.distance = distance, \
	.check = check, \
	.whole = true

#define DEFINE_ROUTINE(name, ...) \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = {__VA_ARGS__}; \
	\
	PG_RETURN_POINTER(&routine); \
}

DEFINE_ROUTINE(test_metric_routine, METRIC_ROUTINE_HEAD, PARTS)
DEFINE_ROUTINE(test_metric_no_magic, PARTS)
DEFINE_ROUTINE(test_metric_other_version,
			   .magic = METRIC_ROUTINE_MAGIC, .version = METRIC_ROUTINE_VERSION + 1,
			   .size = sizeof(MetricRoutine), PARTS)
/* The last member of the first routines of the version is missing. */
DEFINE_ROUTINE(test_metric_smaller,
			   .magic = METRIC_ROUTINE_MAGIC, .version = METRIC_ROUTINE_VERSION,
			   .size = offsetof(MetricRoutine, sketch_bounds), PARTS)
/* What lies behind the first routines was no member yet. */
DEFINE_ROUTINE(test_metric_first,
			   .magic = METRIC_ROUTINE_MAGIC, .version = METRIC_ROUTINE_VERSION,
			   .size = offsetof(MetricRoutine, refine_query), PARTS,
			   .train = train, .sketch = sketch, .sketch_query = sketch_query,
			   .sketch_bounds = sketch_bounds, .refine_query = sketch_query)
DEFINE_ROUTINE(test_metric_larger,
			   .magic = METRIC_ROUTINE_MAGIC, .version = METRIC_ROUTINE_VERSION,
			   .size = sizeof(MetricRoutine) + sizeof(void *), PARTS)
DEFINE_ROUTINE(test_metric_no_distance, METRIC_ROUTINE_HEAD, .prepare = prepare)
DEFINE_ROUTINE(test_metric_no_coordinates, METRIC_ROUTINE_HEAD, PARTS, .embedding = embedding)
DEFINE_ROUTINE(test_metric_no_sketch_bounds, METRIC_ROUTINE_HEAD, PARTS,
			   .train = train, .sketch = sketch, .sketch_query = sketch_query)
DEFINE_ROUTINE(test_metric_no_refine, METRIC_ROUTINE_HEAD, PARTS,
			   .train = train, .sketch = sketch, .sketch_query = sketch_query,
			   .sketch_bounds = sketch_bounds, .refine_query = sketch_query)
DEFINE_ROUTINE(test_metric_no_token_bound, METRIC_ROUTINE_HEAD, PARTS, .tokens = tokens)
DEFINE_ROUTINE(test_metric_many_coordinates, METRIC_ROUTINE_HEAD, PARTS,
			   .embedding = embedding, .coordinates = coordinates)

DEFINE_ROUTINE(test_metric_no_embedding, METRIC_ROUTINE_HEAD, PARTS, .no_triangle = true)

static int
no_embedding(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	return 0;
}

DEFINE_ROUTINE(test_metric_no_triangle, METRIC_ROUTINE_HEAD, PARTS, .no_triangle = true,
			   .embedding = no_embedding, .coordinates = coordinates)

/* ---------- distances that are NaN ---------- */

static double
nan_difference(int32 a, int32 b)
{
	return a == 7 || b == 7 ? get_float8_nan() : fabs((double) a - b);
}

static double
nan_distance(void *prepared, Datum value, double bound)
{
	return nan_difference(*(int32 *) prepared, DatumGetInt32(value));
}

static void *
nan_prepare(Datum query, Oid collation)
{
	int32	   *prepared = palloc(sizeof(int32));

	*prepared = DatumGetInt32(query);
	return prepared;
}

/* There are no upper bounds, so the function is not the identity. */
static int
nan_embedding(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_L1;
	*transform = (MetricTransform) {.clamp = 1e10f, .c1 = 1.0f};
	return 1;
}

static void
nan_coordinates(Datum value, Oid collation, double *x)
{
	*x = DatumGetInt32(value) == 7 ? 100 : DatumGetInt32(value);
}

Datum
test_metric_nan_distance(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(nan_difference(PG_GETARG_INT32(0), PG_GETARG_INT32(1)));
}

DEFINE_ROUTINE(test_metric_nan, METRIC_ROUTINE_HEAD, .prepare = nan_prepare, .distance = nan_distance,
			   .embedding = nan_embedding, .coordinates = nan_coordinates, .may_be_nan = true)

/* ---------- ranges ---------- */

typedef struct Interval32
{
	bool		empty;
	double		least,
				greatest;
} Interval32;

static Interval32
interval(Datum value)
{
	RangeType  *range = DatumGetRangeTypeP(value);
	RangeBound	lower;
	RangeBound	upper;
	Interval32	result;

	range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO), range,
					  &lower, &upper, &result.empty);
	result.least = DatumGetInt32(lower.val);
	result.greatest = DatumGetInt32(upper.val) - 1.0;
	return result;
}

static double
gap(Interval32 a, Interval32 b)
{
	return fmax(fmax(a.least - b.greatest, b.least - a.greatest), 0.0);
}

static void *
gap_prepare(Datum query, Oid collation)
{
	Interval32 *prepared = palloc(sizeof(Interval32));

	*prepared = interval(query);
	return prepared;
}

static double
gap_distance(void *prepared, Datum value, double bound)
{
	return gap(*(Interval32 *) prepared, interval(value));
}

static int
gap_embedding(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_BALLS;
	*transform = (MetricTransform) {.clamp = 1e10f, .c1 = 1.0f};
	return 2;
}

static void
gap_coordinates(Datum value, Oid collation, double *x)
{
	Interval32	i = interval(value);

	x[0] = (i.least + i.greatest) / 2;
	x[1] = (i.greatest - i.least) / 2;
}

static bool
gap_is_null(Datum value)
{
	return interval(value).empty;
}

Datum
test_metric_gap_distance(PG_FUNCTION_ARGS)
{
	Interval32	a = interval(PG_GETARG_DATUM(0));
	Interval32	b = interval(PG_GETARG_DATUM(1));

	if (a.empty || b.empty)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(gap(a, b));
}

DEFINE_ROUTINE(test_metric_gap, METRIC_ROUTINE_HEAD, .prepare = gap_prepare, .distance = gap_distance,
			   .whole = true, .finite = true, .embedding = gap_embedding, .coordinates = gap_coordinates,
			   .no_triangle = true, .is_null = gap_is_null)

Datum
test_metric_null(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
