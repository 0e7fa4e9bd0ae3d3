/*-------------------------------------------------------------------------
 *
 * mmvector_agg.c
 *	  The aggregates sum(mmvector) and avg(mmvector).
 *
 * Both share one transition state: the number of vectors so far, and their sum
 * in float8.  States can be combined and sent between processes, so both
 * aggregates run in parallel.  The order of the rows affects the result only
 * through float8 rounding, which rarely shows in the final float4.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "mmdb.h"
#include "type/mmvector.h"

PG_FUNCTION_INFO_V1(mmvector_accum);
PG_FUNCTION_INFO_V1(mmvector_combine);
PG_FUNCTION_INFO_V1(mmvector_serialize);
PG_FUNCTION_INFO_V1(mmvector_deserialize);
PG_FUNCTION_INFO_V1(mmvector_sum_final);
PG_FUNCTION_INFO_V1(mmvector_avg_final);

typedef struct VectorSum
{
	int64		count;			/* vectors seen, at least 1 */
	int			dim;			/* of all of them */
	double		sum[FLEXIBLE_ARRAY_MEMBER];
} VectorSum;

static MemoryContext
agg_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

static VectorSum *
new_sum(int dim, MemoryContext context)
{
	VectorSum  *state;

	state = MemoryContextAllocZero(context,
								   offsetof(VectorSum, sum) + sizeof(double) * dim);
	state->dim = dim;
	return state;
}

Datum
mmvector_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = agg_context(fcinfo);
	VectorSum  *state = PG_ARGISNULL(0) ? NULL : (VectorSum *) PG_GETARG_POINTER(0);
	MMVector   *v;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}

	v = PG_GETARG_MMVECTOR_P(1);
	if (state == NULL)
		state = new_sum(v->dim, context);
	mmvector_check_dims(state->dim, v->dim);
	state->count++;
	for (int i = 0; i < v->dim; i++)
		state->sum[i] += v->x[i];
	PG_FREE_IF_COPY(v, 1);
	PG_RETURN_POINTER(state);
}

Datum
mmvector_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = agg_context(fcinfo);
	VectorSum  *a = PG_ARGISNULL(0) ? NULL : (VectorSum *) PG_GETARG_POINTER(0);
	VectorSum  *b = PG_ARGISNULL(1) ? NULL : (VectorSum *) PG_GETARG_POINTER(1);

	if (b == NULL)
	{
		if (a == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(a);
	}
	if (a == NULL)
		a = new_sum(b->dim, context);
	mmvector_check_dims(a->dim, b->dim);
	a->count += b->count;
	for (int i = 0; i < b->dim; i++)
		a->sum[i] += b->sum[i];
	PG_RETURN_POINTER(a);
}

Datum
mmvector_serialize(PG_FUNCTION_ARGS)
{
	VectorSum  *state = (VectorSum *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint64(&buf, state->count);
	pq_sendint32(&buf, state->dim);
	for (int i = 0; i < state->dim; i++)
		pq_sendfloat8(&buf, state->sum[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
mmvector_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf;
	int64		count;
	int			dim;
	VectorSum  *state;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));

	count = pq_getmsgint64(&buf);
	dim = pq_getmsgint(&buf, 4);
	state = new_sum(dim, CurrentMemoryContext);
	state->count = count;
	for (int i = 0; i < dim; i++)
		state->sum[i] = pq_getmsgfloat8(&buf);
	pq_getmsgend(&buf);
	pfree(buf.data);
	PG_RETURN_POINTER(state);
}

/*
 * The state's sum divided by divisor, as a vector.
 */
static Datum
final_vector(VectorSum *state, double divisor)
{
	MMVector   *result = mmvector_alloc(state->dim);

	for (int i = 0; i < state->dim; i++)
	{
		result->x[i] = (float4) (state->sum[i] / divisor);
		if (isinf(result->x[i]))
			mmvector_overflow();
	}
	return PointerGetDatum(result);
}

Datum
mmvector_sum_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return final_vector((VectorSum *) PG_GETARG_POINTER(0), 1.0);
}

Datum
mmvector_avg_final(PG_FUNCTION_ARGS)
{
	VectorSum  *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (VectorSum *) PG_GETARG_POINTER(0);
	return final_vector(state, (double) state->count);
}
