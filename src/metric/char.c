/*-------------------------------------------------------------------------
 *
 * char.c
 *	  Edit distance of char(n): that of the text without the blanks at its end,
 *	  which do not count in the type.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "compat.h"
#include "metric/metric.h"
#include "metric/text.h"

PG_FUNCTION_INFO_V1(mm_bpchar_edit);
PG_FUNCTION_INFO_V1(mm_bpchar_edit_routine);

/*
 * A value as text.
 */
static Datum
as_text(Datum value)
{
	BpChar	   *chars = DatumGetBpCharPP(value);
	int			len = bpchartruelen(VARDATA_ANY(chars), VARSIZE_ANY_EXHDR(chars));

	if (len == (int) VARSIZE_ANY_EXHDR(chars))
		return PointerGetDatum(chars);
	return PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(chars), len));
}

static void *
prepare(Datum query, Oid collation)
{
	return mm_text_edit_metric.prepare(as_text(query), collation);
}

static double
distance(void *prepared, Datum value, double bound)
{
	return mm_text_edit_metric.distance(prepared, as_text(value), bound);
}

static void *
train(const Datum *values, int n, Oid collation, int budget, Size *size, MetricSketchShape *shape)
{
	Datum	   *texts = palloc_extended(sizeof(Datum) * n, MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
		texts[i] = as_text(values[i]);
	return mm_text_edit_metric.train(texts, n, collation, budget, size, shape);
}

static void
sketch(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
	mm_text_edit_metric.sketch(model, as_text(value), collation, words, bytes);
}

static void *
sketch_query(const void *model, Datum query, Oid collation)
{
	return mm_text_edit_metric.sketch_query(model, as_text(query), collation);
}

static void
sketch_bounds(const void *query, const MetricSketchPlanes *planes, float *lower, float *upper)
{
	mm_text_edit_metric.sketch_bounds(query, planes, lower, upper);
}

static void *
refine_query(const void *model, Datum query, Oid collation)
{
	return mm_text_edit_metric.refine_query(model, as_text(query), collation);
}

static double
refine(void *query, const MetricSketchPlanes *planes, int i, double bound, double *upper)
{
	return mm_text_edit_metric.refine(query, planes, i, bound, upper);
}

static uint32 *
tokens(Datum value, Oid collation, int *size, int *n)
{
	return mm_text_edit_metric.tokens(as_text(value), collation, size, n);
}

static double
token_bound(int query_size, int least_size, int greatest_size, int shared)
{
	return mm_text_edit_metric.token_bound(query_size, least_size, greatest_size, shared);
}

static const MetricRoutine edit_routine = {
	METRIC_ROUTINE_HEAD,
	.prepare = prepare,
	.distance = distance,
	.whole = true,
	.finite = true,
	.train = train,
	.sketch = sketch,
	.sketch_query = sketch_query,
	.sketch_bounds = sketch_bounds,
	.refine_query = refine_query,
	.refine = refine,
	.tokens = tokens,
	.token_bound = token_bound,
};

Datum
mm_bpchar_edit(PG_FUNCTION_ARGS)
{
	return mm_metric_operator(fcinfo, &edit_routine);
}

Datum
mm_bpchar_edit_routine(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&edit_routine);
}
