/*-------------------------------------------------------------------------
 *
 * discrete.c
 *	  The discrete metric: 0 for equal values, 1 for all others.
 *
 * The type's own operator = says which values are equal.  For text that
 * depends on the column's collation, which may be nondeterministic
 * (case-insensitive, say).
 *
 * The coordinate of a value is a hash, so different values may have the same
 * one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

#include "metric/metric.h"

/*
 * The functions of one type: its operator function, its routine, and FUNCTION
 * 2.  A prepared query is a struct of the value and its collation.
 */
typedef struct PreparedDiscrete
{
	Datum		value;
	Oid			collation;
} PreparedDiscrete;

#define DEFINE_DISCRETE_METRIC(name, equal, copy, hash) \
PG_FUNCTION_INFO_V1(mm_##name##_discrete); \
PG_FUNCTION_INFO_V1(mm_##name##_discrete_routine); \
\
Datum \
mm_##name##_discrete(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_FLOAT8(equal(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), \
						   PG_GET_COLLATION()) ? 0.0 : 1.0); \
} \
\
static void * \
prepare_##name(Datum query, Oid collation) \
{ \
	PreparedDiscrete *prepared = palloc(sizeof(PreparedDiscrete)); \
	\
	prepared->value = copy(query); \
	prepared->collation = collation; \
	return prepared; \
} \
\
static double \
distance_##name(void *prepared, Datum value, double bound) \
{ \
	PreparedDiscrete *query = prepared; \
	\
	return equal(query->value, value, query->collation) ? 0.0 : 1.0; \
} \
\
static void \
coordinates_##name(Datum value, Oid collation, double *x) \
{ \
	*x = hash(value, collation) % METRIC_DISCRETE_RANGE; \
} \
\
Datum \
mm_##name##_discrete_routine(PG_FUNCTION_ARGS) \
{ \
	static const MetricRoutine routine = { \
		METRIC_ROUTINE_HEAD, \
		.prepare = prepare_##name, \
		.distance = distance_##name, \
		.whole = true, \
		.finite = true, \
		.embedding = one_coordinate, \
		.coordinates = coordinates_##name, \
	}; \
	\
	PG_RETURN_POINTER(&routine); \
}

static int
one_coordinate(int dimensions, MetricNorm *norm, MetricTransform *transform)
{
	*norm = METRIC_NORM_DISCRETE;
	*transform = METRIC_IDENTITY;
	return 1;
}

#define same_value(d)	(d)

static inline Datum
copy_text(Datum d)
{
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(d));
}

static inline Datum
copy_uuid(Datum d)
{
	return UUIDPGetDatum(memcpy(palloc(UUID_LEN), DatumGetUUIDP(d), UUID_LEN));
}

static inline bool
text_equal(Datum a, Datum b, Oid collation)
{
	return DatumGetBool(DirectFunctionCall2Coll(texteq, collation, a, b));
}

static inline bool
bpchar_equal(Datum a, Datum b, Oid collation)
{
	return DatumGetBool(DirectFunctionCall2Coll(bpchareq, collation, a, b));
}

static inline bool
uuid_equal(Datum a, Datum b, Oid collation)
{
	return memcmp(DatumGetUUIDP(a), DatumGetUUIDP(b), UUID_LEN) == 0;
}

static inline bool
bool_equal(Datum a, Datum b, Oid collation)
{
	return DatumGetBool(a) == DatumGetBool(b);
}

static inline bool
int4_equal(Datum a, Datum b, Oid collation)
{
	return DatumGetInt32(a) == DatumGetInt32(b);
}

static inline bool
enum_equal(Datum a, Datum b, Oid collation)
{
	return DatumGetObjectId(a) == DatumGetObjectId(b);
}

static inline uint32
hash_text(Datum d, Oid collation)
{
	return DatumGetUInt32(DirectFunctionCall1Coll(hashtext, collation, d));
}

static inline uint32
hash_bpchar(Datum d, Oid collation)
{
	return DatumGetUInt32(DirectFunctionCall1Coll(hashbpchar, collation, d));
}

static inline uint32
hash_uuid(Datum d, Oid collation)
{
	return hash_bytes(DatumGetUUIDP(d)->data, UUID_LEN);
}

static inline uint32
hash_bool(Datum d, Oid collation)
{
	return DatumGetBool(d) ? 1 : 0;
}

static inline uint32
hash_int4(Datum d, Oid collation)
{
	return hash_bytes_uint32(DatumGetInt32(d));
}

static inline uint32
hash_enum(Datum d, Oid collation)
{
	return hash_bytes_uint32(DatumGetObjectId(d));
}

DEFINE_DISCRETE_METRIC(text, text_equal, copy_text, hash_text)
DEFINE_DISCRETE_METRIC(bpchar, bpchar_equal, copy_text, hash_bpchar)
DEFINE_DISCRETE_METRIC(uuid, uuid_equal, copy_uuid, hash_uuid)
DEFINE_DISCRETE_METRIC(bool, bool_equal, same_value, hash_bool)
DEFINE_DISCRETE_METRIC(int4, int4_equal, same_value, hash_int4)
DEFINE_DISCRETE_METRIC(enum, enum_equal, same_value, hash_enum)
