/*-------------------------------------------------------------------------
 *
 * test_metric.c
 *	  Metrics for tests only: routines that mmdb must refuse, and one whose
 *	  distances may be Infinity.
 *
 * All are for integers.  The distance is their difference; but 0 is at distance
 * Infinity from all other numbers, and 1000 has no distances.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "extension/mmdb/metric_routine.h"
#include "fmgr.h"

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

Datum
test_metric_null(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}
