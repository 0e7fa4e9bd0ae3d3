/*-------------------------------------------------------------------------
 *
 * number.c
 *	  The absolute difference of numbers, dates and times.
 *
 * It is in days for date, and in seconds for timestamp, timestamptz and
 * interval.
 *
 * Infinite values, and NaN, are at distance 0 from themselves and at distance
 * Infinity from everything else, which keeps the absolute difference a metric
 * on all values of these types.  A difference above the range of float8 is
 * Infinity, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "datatype/timestamp.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "metric/metric.h"

static inline double
int8_difference(int64 a, int64 b)
{
	return a > b ? (double) ((uint64) a - (uint64) b) :
		(double) ((uint64) b - (uint64) a);
}

static inline double
float8_difference(double a, double b)
{
	double		result = fabs(a - b);

	if (likely(isfinite(result)))
		return result;
	if (a == b || (isnan(a) && isnan(b)))
		return 0.0;
	return get_float8_infinity();
}

static inline double
date_difference(DateADT a, DateADT b)
{
	if (unlikely(DATE_NOT_FINITE(a) || DATE_NOT_FINITE(b)))
		return a == b ? 0.0 : get_float8_infinity();
	return int8_difference(a, b);
}

static inline double
timestamp_difference(Timestamp a, Timestamp b)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(a) || TIMESTAMP_NOT_FINITE(b)))
		return a == b ? 0.0 : get_float8_infinity();
	return int8_difference(a, b) / USECS_PER_SEC;
}

static inline double
numeric_difference(Numeric a, Numeric b)
{
	Datum		difference;

	if (unlikely(numeric_is_nan(a) || numeric_is_nan(b) ||
				 numeric_is_inf(a) || numeric_is_inf(b)))
		return DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(a),
												NumericGetDatum(b))) ?
			0.0 : get_float8_infinity();
	difference = DirectFunctionCall2(numeric_sub, NumericGetDatum(a), NumericGetDatum(b));
	return fabs(DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, difference)));
}

/*
 * Days and microseconds in seconds.  There is only one rounding where the sum
 * in microseconds fits (270,000 years).
 */
static inline double
interval_seconds(int64 days, int64 rest)
{
	if (days > -100000000 && days < 100000000)
		return (double) (days * USECS_PER_DAY + rest) / USECS_PER_SEC;
	return (double) days * SECS_PER_DAY + (double) rest / USECS_PER_SEC;
}

/*
 * An interval as whole days and the rest of a day in microseconds.  Intervals
 * that compare as equal have equal parts (a month is 30 days, a day 24 hours).
 */
static inline void
interval_parts(const Interval *i, int64 *days, int64 *rest)
{
	*days = (int64) i->month * DAYS_PER_MONTH + i->day + i->time / USECS_PER_DAY;
	*rest = i->time % USECS_PER_DAY;
	if (*rest < 0)
	{
		*rest += USECS_PER_DAY;
		*days -= 1;
	}
}

/* -1 for minus infinity, 1 for infinity, 0 for all others. */
static inline int
interval_infinity(const Interval *i)
{
	return INTERVAL_IS_NOBEGIN(i) ? -1 : INTERVAL_IS_NOEND(i) ? 1 : 0;
}

static inline double
interval_difference(const Interval *a, const Interval *b)
{
	int64		a_days,
				a_rest,
				b_days,
				b_rest;

	if (unlikely(interval_infinity(a) != 0 || interval_infinity(b) != 0))
		return interval_infinity(a) == interval_infinity(b) ? 0.0 : get_float8_infinity();
	interval_parts(a, &a_days, &a_rest);
	interval_parts(b, &b_days, &b_rest);
	return fabs(interval_seconds(a_days - b_days, a_rest - b_rest));
}

static inline double
date_coordinate(DateADT d)
{
	if (DATE_IS_NOBEGIN(d))
		return -METRIC_COORDINATE_INFINITY;
	if (DATE_IS_NOEND(d))
		return METRIC_COORDINATE_INFINITY;
	return d;
}

static inline double
timestamp_coordinate(Timestamp t)
{
	if (TIMESTAMP_IS_NOBEGIN(t))
		return -METRIC_COORDINATE_INFINITY;
	if (TIMESTAMP_IS_NOEND(t))
		return METRIC_COORDINATE_INFINITY;
	return (double) t / USECS_PER_SEC;
}

static inline double
numeric_coordinate(Numeric n)
{
	double		x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													   NumericGetDatum(n)));

	/* A finite numeric may be beyond the range of float8. */
	if (isinf(x) && !numeric_is_inf(n))
		x = x > 0 ? METRIC_COORDINATE_LIMIT : -METRIC_COORDINATE_LIMIT;
	return metric_coordinate(x);
}

static inline double
interval_coordinate(const Interval *i)
{
	int64		days,
				rest;

	if (unlikely(interval_infinity(i) != 0))
		return interval_infinity(i) * METRIC_COORDINATE_INFINITY;
	interval_parts(i, &days, &rest);
	return interval_seconds(days, rest);
}

static int
one_coordinate(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_L1;
	*transform = METRIC_IDENTITY;
	return 1;
}

/*
 * The functions of one type: its operator function, its routine, and FUNCTION
 * 2. ctype is what from_datum makes of a value; copy_datum makes the same of a
 * value that may go away.  are_whole says that distances are whole numbers,
 * are_finite that none is Infinity.
 */
#define DEFINE_NUMBER_METRIC(name, ctype, from_datum, copy_datum, difference, coordinate, are_whole, are_finite) \
PG_FUNCTION_INFO_V1(mm_##name##_l1); \
PG_FUNCTION_INFO_V1(mm_##name##_l1_routine); \
\
Datum \
mm_##name##_l1(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_FLOAT8(difference(from_datum(PG_GETARG_DATUM(0)), \
								from_datum(PG_GETARG_DATUM(1)))); \
} \
\
static void * \
prepare_##name(Datum query, Oid collation) \
{ \
	ctype	   *prepared = palloc(sizeof(ctype)); \
	\
	*prepared = copy_datum(query); \
	return prepared; \
} \
\
static double \
distance_##name(void *prepared, Datum value, double bound) \
{ \
	return difference(*(ctype *) prepared, from_datum(value)); \
} \
\
static void \
coordinates_##name(Datum value, Oid collation, double *x) \
{ \
	*x = coordinate(from_datum(value)); \
} \
\
Datum \
mm_##name##_l1_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.prepare = prepare_##name, \
		.distance = distance_##name, \
		.whole = are_whole, \
		.finite = are_finite, \
		.embedding = one_coordinate, \
		.coordinates = coordinates_##name, \
	}; \
	\
	PG_RETURN_POINTER(&routine); \
}

static Interval *
copy_interval(Datum value)
{
	return memcpy(palloc(sizeof(Interval)), DatumGetIntervalP(value), sizeof(Interval));
}

DEFINE_NUMBER_METRIC(int2, int16, DatumGetInt16, DatumGetInt16, int8_difference, (double), true, true)
DEFINE_NUMBER_METRIC(int4, int32, DatumGetInt32, DatumGetInt32, int8_difference, (double), true, true)
DEFINE_NUMBER_METRIC(int8, int64, DatumGetInt64, DatumGetInt64, int8_difference, (double), true, true)
DEFINE_NUMBER_METRIC(float4, float4, DatumGetFloat4, DatumGetFloat4, float8_difference, metric_coordinate, false, false)
DEFINE_NUMBER_METRIC(float8, float8, DatumGetFloat8, DatumGetFloat8, float8_difference, metric_coordinate, false, false)
DEFINE_NUMBER_METRIC(numeric, Numeric, DatumGetNumeric, DatumGetNumericCopy, numeric_difference, numeric_coordinate, false, false)
DEFINE_NUMBER_METRIC(date, DateADT, DatumGetDateADT, DatumGetDateADT, date_difference, date_coordinate, true, false)
DEFINE_NUMBER_METRIC(timestamp, Timestamp, DatumGetTimestamp, DatumGetTimestamp, timestamp_difference,
					 timestamp_coordinate, false, false)
DEFINE_NUMBER_METRIC(interval, Interval *, DatumGetIntervalP, copy_interval, interval_difference, interval_coordinate, false, false)
