/*-------------------------------------------------------------------------
 *
 * array_linf.c
 *	  The L-infinity metric of integer[]: the largest difference of two
 *	  elements in the same place.
 *
 * Arrays are empty or have one dimension, and no NULL elements; all those of a
 * column have the same length.  Differences need up to 32 bits, so distances
 * are exact, whole and finite.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "extension/mmdb/metric_routine.h"
#include "fmgr.h"
#include "utils/array.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(array_linf_distance);
PG_FUNCTION_INFO_V1(array_linf_routine);

/*
 * The elements of an array.  They are part of it, or of a copy if it was
 * toasted.
 */
typedef struct Numbers
{
	int			n;
	const int32 *x;
} Numbers;

static Numbers
load(Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("L-infinity distance needs one-dimensional arrays, not %d-dimensional ones",
						ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("L-infinity distance needs arrays without NULL elements")));
	return (Numbers) {
		.n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)),
		.x = (const int32 *) ARR_DATA_PTR(array),
	};
}

/*
 * The distance, or if it is above bound, the first difference that is.
 */
static double
largest_difference(const Numbers *a, const Numbers *b, double bound)
{
	uint32		largest = 0;

	if (a->n != b->n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("arrays have different lengths: %d and %d", a->n, b->n)));
	for (int i = 0; i < a->n && largest <= bound; i++)
	{
		uint32		x = a->x[i];
		uint32		y = b->x[i];

		largest = Max(largest, a->x[i] > b->x[i] ? x - y : y - x);
	}
	return largest;
}

Datum
array_linf_distance(PG_FUNCTION_ARGS)
{
	Numbers		a = load(PG_GETARG_DATUM(0));
	Numbers		b = load(PG_GETARG_DATUM(1));

	PG_RETURN_FLOAT8(largest_difference(&a, &b, METRIC_NO_BOUND));
}

/* ---------- the routine ---------- */

static void *
prepare(Datum query, Oid collation)
{
	Numbers    *prepared = palloc(sizeof(Numbers));

	/* A copy, which lasts as long as it does. */
	*prepared = load(PointerGetDatum(DatumGetArrayTypePCopy(query)));
	return prepared;
}

static double
distance(void *prepared, Datum value, double bound)
{
	Numbers		b = load(value);

	return largest_difference(prepared, &b, bound);
}

static void
check(Datum value, Oid collation)
{
	(void) load(value);
}

/*
 * The length stands at the front of an array: do not fetch all of it.
 */
static int
dimensions(Datum value)
{
	ArrayType  *front = (ArrayType *)
		PG_DETOAST_DATUM_SLICE(value, 0, sizeof(ArrayType) + sizeof(int) - VARHDRSZ);

	return ARR_NDIM(front) == 0 ? 0 : ARR_DIMS(front)[0];
}

/*
 * A few elements are coordinates as they are: under the max norm, they tell
 * the very distance.
 */
static int
embedding(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	if (dimensions <= 0 || dimensions > METRIC_MAX_RAW_COORDINATES)
		return 0;
	*norm = METRIC_NORM_MAX;
	*transform = METRIC_IDENTITY;
	return dimensions;
}

static void
coordinates(Datum value, Oid collation, double *x)
{
	Numbers		numbers = load(value);

	for (int i = 0; i < numbers.n; i++)
		x[i] = numbers.x[i];
}

Datum
array_linf_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare,
		.distance = distance,
		.check = check,
		.dimensions = dimensions,
		.whole = true,
		.finite = true,
		.embedding = embedding,
		.coordinates = coordinates,
	};

	PG_RETURN_POINTER(&routine);
}
