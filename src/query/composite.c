/*-------------------------------------------------------------------------
 *
 * composite.c
 *	  The operators composite <-> odbquery and composite <@ odbquery.
 *
 * The distance is the weighted sum over the composite's attributes, added up
 * in their order.  Each attribute has the metric of its type's default
 * operator class.  Everything that depends on the composite's type and on the
 * query is worked out once and kept in fn_extra, as record comparison does.
 * It is worked out again if the type or the query is another one, or if the
 * type was altered.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "search/terms.h"

PG_FUNCTION_INFO_V1(mm_record_distance);
PG_FUNCTION_INFO_V1(mm_record_within);

/*
 * A query that is ready for composites of one type.
 */
typedef struct PreparedQuery
{
	uint64		descriptor;		/* identifies the composites' type as it is */
	OdbQuery   *query;			/* as it was passed, NULL while not ready */
	MMColumns  *columns;
	bool		has_radius;
	double		radius;
	MMTerms    *terms;
	void	   *prepared[MM_MAX_COLUMNS];	/* for each term */
	MemoryContext context;		/* of all this */
} PreparedQuery;

static void
prepare(PreparedQuery *p, Oid type, int32 typmod, uint64 descriptor,
		OdbQuery *query)
{
	OdbQueryParts parts;
	MemoryContext old;

	p->query = NULL;			/* in case of an error */
	MemoryContextReset(p->context);
	old = MemoryContextSwitchTo(p->context);

	query = memcpy(palloc(VARSIZE(query)), query, VARSIZE(query));
	mm_odbquery_unpack(query, &parts);
	p->descriptor = descriptor;
	p->has_radius = parts.has_radius;
	p->radius = parts.radius;
	p->columns = mm_columns_of_composite(type, typmod);
	if (p->columns->n != parts.natts)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query has %d components, but type %s has %d attributes",
						parts.natts, format_type_be(type),
						p->columns->n)));
	p->terms = mm_terms_make(p->columns, &parts, parts.weights, parts.scales);
	for (int i = 0; i < p->terms->n; i++)
	{
		MMTerm	   *term = &p->terms->terms[i];

		p->prepared[i] = mm_metric_prepare(&p->columns->columns[term->column].space,
										   term->value);
	}

	MemoryContextSwitchTo(old);
	p->query = query;
}

/*
 * The query in argument 1, made ready for the composite in argument 0.
 */
static PreparedQuery *
prepared_query(FunctionCallInfo fcinfo, HeapTupleHeader record)
{
	PreparedQuery *p = fcinfo->flinfo->fn_extra;
	OdbQuery   *query = DatumGetOdbQuery(PG_GETARG_DATUM(1));
	Oid			type = HeapTupleHeaderGetTypeId(record);
	int32		typmod = HeapTupleHeaderGetTypMod(record);
	uint64		descriptor = assign_record_type_identifier(type, typmod);

	if (p == NULL)
	{
		p = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(PreparedQuery));
		p->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
										   "mmdb prepared query",
										   ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = p;
	}
	if (p->query == NULL || p->descriptor != descriptor ||
		VARSIZE(p->query) != VARSIZE(query) ||
		memcmp(p->query, query, VARSIZE(query)) != 0)
		prepare(p, type, typmod, descriptor, query);
	return p;
}

static void
term_error_context(void *arg)
{
	const char **name = arg;

	errcontext("distance of attribute \"%s\"", *name);
}

/*
 * The distance of a record if it is at most bound; otherwise some number above
 * bound.  Returns false if it is NULL, because an attribute is.
 */
static bool
record_distance(PreparedQuery *p, Datum record, double bound, double *result)
{
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	const char *name;
	ErrorContextCallback callback;
	double		sum = 0.0;

	mm_columns_of_record(p->columns, record, values, isnull);
	for (int i = 0; i < p->terms->n; i++)
		if (isnull[p->terms->terms[i].column])
			return false;

	callback.callback = term_error_context;
	callback.arg = &name;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	for (int i = 0; i < p->terms->n && sum <= bound; i++)
	{
		MMTerm	   *term = &p->terms->terms[i];
		MMColumn   *column = &p->columns->columns[term->column];

		double		most = bound;

		/*
		 * The largest distance that could leave the sum within bound,
		 * increased so that rounding cannot make a difference.
		 */
		if (isfinite(bound))
		{
			most = (bound - sum) / term->weight * term->scale;
			most += bound / term->weight * term->scale * 1e-12;
		}
		name = column->name;
		sum += term->weight * (mm_metric_distance(&column->space, p->prepared[i],
												  values[term->column], most) / term->scale);
	}
	error_context_stack = callback.previous;
	*result = sum;
	return true;
}

Datum
mm_record_distance(PG_FUNCTION_ARGS)
{
	HeapTupleHeader record = PG_GETARG_HEAPTUPLEHEADER(0);
	PreparedQuery *p = prepared_query(fcinfo, record);
	double		distance;

	if (!record_distance(p, PG_GETARG_DATUM(0), METRIC_NO_BOUND, &distance))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(distance);
}

Datum
mm_record_within(PG_FUNCTION_ARGS)
{
	HeapTupleHeader record = PG_GETARG_HEAPTUPLEHEADER(0);
	PreparedQuery *p = prepared_query(fcinfo, record);
	double		distance;

	if (!p->has_radius)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no radius"),
				 errhint("Use odbrange() rather than odbquery() to make it.")));
	if (!record_distance(p, PG_GETARG_DATUM(0), p->radius, &distance))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(distance <= p->radius);
}
