/*-------------------------------------------------------------------------
 *
 * by_name.c
 *	  odbquery_by_name: a value of type odbquery from the names of columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "utils/lsyscache.h"

#include "index/open.h"
#include "model/statistics.h"
#include "query/query.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_odbquery_by_name);

/*
 * The number of a column's component in an odbquery.
 */
static int
component_of(const MMColumns *columns, int i)
{
	return columns->composite != NULL ? columns->columns[i].component : i;
}

/*
 * An odbquery without values and without weights, for objects of an index.
 */
static void
init_query(const MMColumns *columns, OdbQueryParts *query)
{
	int			n = columns->composite != NULL ? columns->ncomponents : columns->n;

	memset(query, 0, sizeof(*query));
	query->natts = n;
	query->types = palloc(sizeof(Oid) * n);
	query->values = palloc0(sizeof(Datum) * n);
	query->isnull = palloc(sizeof(bool) * n);
	query->weights = palloc0(sizeof(double) * n);
	query->scales = palloc(sizeof(double) * n);
	memset(query->isnull, true, sizeof(bool) * n);
	for (int i = 0; i < n; i++)
		query->scales[i] = 1.0;
	for (int i = 0, c = 0; columns->composite != NULL && i < columns->composite->natts; i++)
		if (!TupleDescAttr(columns->composite, i)->attisdropped)
			query->types[c++] = getBaseType(TupleDescAttr(columns->composite, i)->atttypid);
}

/*
 * odbquery_by_name(index_name, object, weights, radius, normalized)
 */
Datum
mm_odbquery_by_name(PG_FUNCTION_ARGS)
{
	MMSqlStyle	style = {.normalized = true, .missing = MISSING_EXCLUDE};
	OdbQueryParts given;
	OdbQueryParts query;
	MMColumns  *columns;
	MMMeta	   *statistics;
	MMScales	scales;
	MMTerms    *terms;
	double	   *weights;

	mm_require_argument(fcinfo, 0, "index_name");
	mm_require_argument(fcinfo, 1, "object");
	mm_require_argument(fcinfo, 4, "normalized");
	style.index = mm_index_open(PG_GETARG_OID(0), false);
	mm_index_require_valid(style.index);
	style.columns = columns = mm_columns_present(style.index);
	mm_values_query(mm_values_parse(PG_GETARG_TEXT_PP(1)), style.index, columns, &given);
	weights = mm_values_weights(PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2), columns);
	statistics = mm_statistics_get(style.index, columns);
	mm_scales_get(style.index, columns, statistics, &scales);
	terms = mm_terms_make(columns, &given, weights, scales.in_force);
	mm_terms_check_dimensions(columns, terms, statistics);
	style.normalized = PG_GETARG_BOOL(4);
	mm_sql_require_scales(&style, terms, statistics, &scales);

	init_query(columns, &query);
	for (int i = 0; i < columns->n; i++)
		query.types[component_of(columns, i)] = columns->columns[i].type;
	for (int i = 0; i < terms->n; i++)
	{
		const MMTerm *term = &terms->terms[i];
		int			component = component_of(columns, term->column);

		query.values[component] = term->value;
		query.isnull[component] = false;
		query.weights[component] = term->weight;
		if (style.normalized)
			query.scales[component] = term->scale;
	}
	if (!style.normalized)
		query.scales = NULL;
	query.has_radius = !PG_ARGISNULL(3);
	if (query.has_radius)
	{
		query.radius = PG_GETARG_FLOAT8(3);
		mm_check_radius(query.radius, NULL);
	}
	relation_close(style.index, AccessShareLock);
	PG_RETURN_POINTER(mm_odbquery_pack(&query));
}
