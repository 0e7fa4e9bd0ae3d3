/*-------------------------------------------------------------------------
 *
 * bit.c
 *	  pgvector's Jaccard distance of bit strings.
 *
 * It is computed from the same counts as mmdb's, the base, and differs from that
 * in two ways.  It is 1 - a / b where the base has (b - a) / b, so the last bits
 * are others.  And two strings without ones are at distance 1, not 0.  The
 * triangle inequality holds nevertheless, because no distance is more than 1,
 * and all those of a string without ones are 1.  (Only its distance to itself
 * is not 0.)  What changes is the upper bounds of a query without ones.
 *
 * pgvector's Hamming distance is mmdb's, to the bit, and needs nothing here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varbit.h"

#include "mmdb_vector.h"

PG_FUNCTION_INFO_V1(mmdb_vector_bit_jaccard_routine);

static const MetricRoutine *base;
static PGFunction jaccard;

typedef struct BitQuery
{
	Datum		value;
} BitQuery;

typedef struct BitBounds
{
	void	   *base;
	bool		ones;			/* the query has any */
} BitBounds;

static void *
prepare(Datum query, Oid collation)
{
	BitQuery   *prepared = palloc(sizeof(BitQuery));

	prepared->value = PointerGetDatum(PG_DETOAST_DATUM_COPY(query));
	return prepared;
}

static double
distance(void *prepared, Datum value, double bound)
{
	return DatumGetFloat8(DirectFunctionCall2(jaccard, value, ((BitQuery *) prepared)->value));
}

static int
dimensions(Datum value)
{
	return base->dimensions(value);
}

static void *
train(const Datum *values, int n, Oid collation, int budget, Size *size, MetricSketchShape *shape)
{
	return base->train(values, n, collation, budget, size, shape);
}

static void
sketch(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
	base->sketch(model, value, collation, words, bytes);
}

static void *
sketch_query(const void *model, Datum query, Oid collation)
{
	BitBounds  *bounds = palloc(sizeof(BitBounds));
	VarBit	   *bits = DatumGetVarBitP(query);

	bounds->base = base->sketch_query(model, query, collation);
	bounds->ones = false;
	for (int i = 0; i < (int) VARBITBYTES(bits); i++)
		bounds->ones |= VARBITS(bits)[i] != 0;
	return bounds;
}

static void
sketch_bounds(const void *query, const MetricSketchPlanes *planes, float *lower, float *upper)
{
	const BitBounds *bounds = query;

	base->sketch_bounds(bounds->base, planes, lower, upper);
	if (upper != NULL && !bounds->ones)
		for (int i = 0; i < planes->n; i++)
			upper[i] = 1.0f;
}

Datum
mmdb_vector_bit_jaccard_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare,
		.distance = distance,
		.dimensions = dimensions,
		.finite = true,
		.train = train,
		.sketch = sketch,
		.sketch_query = sketch_query,
		.sketch_bounds = sketch_bounds,
	};

	jaccard = mmdb_vector_function("jaccard_distance");
	base = mmdb_vector_base("mm_bit_jaccard_routine");
	PG_RETURN_POINTER(&routine);
}
