/*-------------------------------------------------------------------------
 *
 * json_query.c
 *	  odb_query: a query written as JSON.
 *
 * The JSON becomes one SELECT, which runs through SPI as the calling user.
 * All values in it are parameters, all names are those of the catalogs, quoted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/tstoreReceiver.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "compat.h"
#include "query/json_query.h"

PG_FUNCTION_INFO_V1(mm_odb_query);

#define DEFAULT_K	10

static const char *const query_keys[] = {
	"from", "index", "id", "object", "weights", "profile", "k", "radius", "filter", "select", "missing", "normalized",
	"explain", NULL
};

typedef enum Explain
{
	EXPLAIN_NOT,
	EXPLAIN_PLAN,
	EXPLAIN_ANALYZE,
} Explain;

/*
 * Open the table that the query is about.
 */
static Relation
open_table(const JsonPath *path, JsonbContainer *json)
{
	JsonPath	place;
	JsonbValue *from = mm_json_get(json, "from", path, &place);
	ErrorContextCallback callback = {
		.callback = mm_json_path_context,
		.arg = &place,
		.previous = error_context_stack,
	};
	Relation	table;

	if (from == NULL)
		mm_json_wrong(&place, "the name of a table or view");
	error_context_stack = &callback;
	table = table_openrv(makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(mm_json_text(&place, from)))),
						 AccessShareLock);
	error_context_stack = callback.previous;
	return table;
}

/*
 * The numbers of the columns to return: those of "select", or all.
 */
static List *
selected_columns(const JsonPath *path, JsonbContainer *json, const JsonQuery *query)
{
	TupleDesc	desc = RelationGetDescr(query->table);
	JsonPath	place;
	JsonbValue *select = mm_json_get(json, "select", path, &place);
	JsonbContainer *array;
	List	   *result = NIL;

	if (select == NULL)
	{
		for (int i = 0; i < desc->natts; i++)
			if (!TupleDescAttr(desc, i)->attisdropped)
				result = lappend_int(result, i + 1);
		return result;
	}
	array = mm_json_array(&place, select);
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonPath	element = {.above = &place, .element = i};
		JsonbValue *name = getIthJsonbValueFromContainer(array, i);

		result = list_append_unique_int(result,
										mm_json_column(&element, query, mm_json_text(&element, name), NULL));
	}
	return result;
}

/*
 * Write what is returned of a row: its columns, its distance and the parts.
 */
static void
write_result(StringInfo buf, const JsonQuery *query, bool distance)
{
	const MMColumns *parts = query->style.columns;

	appendStringInfoString(buf, "SELECT pg_catalog.jsonb_build_object('row', pg_catalog.to_jsonb(r)");
	if (distance)
	{
		appendStringInfoString(buf, ", 'distance', o.d, 'parts', pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(");
		for (int i = 0; i < parts->n; i++)
			appendStringInfo(buf, "%s%s, o.p[%d]", i > 0 ? ", " : "", quote_literal_cstr(parts->columns[i].name), i + 1);
		appendStringInfoString(buf, "))");
	}
	appendStringInfoString(buf, ") AS odb_query FROM (");
}

/*
 * Write the statement.  Rows become jsonb in a query around the search: a sort
 * would turn all of a table's rows into it.
 */
static char *
write_select(const JsonPath *path, JsonbContainer *json, JsonQuery *query)
{
	TupleDesc	desc = RelationGetDescr(query->table);
	bool		compares = mm_json_compares(json);
	List	   *columns = selected_columns(path, json, query);
	JsonPath	place;
	JsonbValue *value = mm_json_get(json, "k", path, &place);
	int64		k = value != NULL ? mm_json_count(&place, value) : 0;
	char	   *condition = "true";
	char	   *sum = NULL;
	char	   *parts = NULL;
	char	   *present = NULL;
	int			radius_parameter = 0;
	bool		has_radius;
	const char *separator = "";
	StringInfoData sql;
	ListCell   *lc;

	value = mm_json_get(json, "radius", path, &place);
	has_radius = value != NULL;
	if (compares)
		sum = mm_json_sum(path, json, query, has_radius ? mm_json_radius(&place, value) : 0.0,
						  &radius_parameter, &parts, &present);
	else
	{
		static const char *const pointless[] = {"radius", "weights", "profile"};

		for (int i = 0; i < (int) lengthof(pointless); i++)
			if (mm_json_get(json, pointless[i], path, &place) != NULL)
				mm_json_wrong(&place, "left out, as there is neither \"id\" nor \"object\" to compare with");
	}
	value = mm_json_get(json, "filter", path, &place);
	if (value != NULL)
		condition = mm_json_filter(&place, value, query, 1);
	if (k == 0 && !has_radius)
		k = DEFAULT_K;

	initStringInfo(&sql);
	write_result(&sql, query, compares);
	appendStringInfoString(&sql, "SELECT ");
	foreach(lc, columns)
	{
		appendStringInfo(&sql, "%s%s.%s AS c%d", separator, query->style.alias,
						 quote_identifier(NameStr(TupleDescAttr(desc, lfirst_int(lc) - 1)->attname)), lfirst_int(lc));
		separator = ", ";
	}
	if (compares)
		appendStringInfo(&sql, "%s%s AS d, %s AS p", separator, sum, parts);
	appendStringInfo(&sql, " FROM %s AS %s WHERE %s", mm_sql_table(query->table), query->style.alias, condition);
	if (has_radius)
		appendStringInfo(&sql, " AND %s OPERATOR(pg_catalog.<=) $%d", sum, radius_parameter);
	else if (compares && query->style.missing == MISSING_EXCLUDE)
		appendStringInfo(&sql, " AND %s", present);
	if (compares)
		appendStringInfoString(&sql, " ORDER BY d");
	else if (query->key != NIL)
		appendStringInfo(&sql, " ORDER BY %s", mm_json_key_list(query));
	if (k > 0)
		appendStringInfo(&sql, " LIMIT %lld", (long long) k);

	appendStringInfoString(&sql, ") AS o, LATERAL (SELECT ");
	separator = "";
	foreach(lc, columns)
	{
		appendStringInfo(&sql, "%so.c%d AS %s", separator, lfirst_int(lc),
						 quote_identifier(NameStr(TupleDescAttr(desc, lfirst_int(lc) - 1)->attname)));
		separator = ", ";
	}
	appendStringInfoString(&sql, ") AS r");
	return sql.data;
}

/*
 * Run the statement.  Its rows become those of the function.
 */
static void
run(FunctionCallInfo fcinfo, const char *sql, const JsonQuery *query)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SPIExecuteOptions options = {.read_only = true, .params = makeParamList(query->nparams)};

	for (int i = 0; i < query->nparams; i++)
		options.params->params[i] = (ParamExternData) {
			.value = query->values[i],
			.pflags = PARAM_FLAG_CONST,
			.ptype = query->types[i]
		};
	options.dest = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult, CurrentMemoryContext, false, NULL, NULL);
	/* A filter's selectivity depends on its values. */
	if (query->nconditions == 0)
	{
		mm_plan_execute(sql, query->nparams, query->types, &options);
		return;
	}
	SPI_connect();
	SPI_execute_extended(sql, &options);
	SPI_finish();
}

/*
 * Return one row: the statement and its plan.
 */
static void
explain(FunctionCallInfo fcinfo, const char *sql, const JsonQuery *query, bool analyze)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = CurrentMemoryContext;
	Oid			types[] = {TEXTOID, TEXTOID};
	Datum		values[2];
	Datum		result;
	bool		isnull;
	char	   *plan;

	SPI_connect();
	SPI_execute_with_args(psprintf("EXPLAIN (FORMAT JSON, ANALYZE %s) %s", analyze ? "true" : "false", sql),
						  query->nparams, query->types, query->values, NULL, false, 0);
	if (SPI_processed != 1)
		elog(ERROR, "could not explain the query");
	plan = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	values[0] = CStringGetTextDatum(sql);
	values[1] = CStringGetTextDatum(plan);
	SPI_execute_with_args("SELECT pg_catalog.jsonb_build_object('sql', $1, 'plan', $2::pg_catalog.jsonb)",
						  2, types, values, NULL, true, 1);
	result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	MemoryContextSwitchTo(context);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &result, &isnull);
	SPI_finish();
}

/*
 * odb_query(query)
 */
Datum
mm_odb_query(PG_FUNCTION_ARGS)
{
	Jsonb	   *jsonb = PG_GETARG_JSONB_P(0);
	JsonPath	root = {0};
	JsonbValue	whole = {
		.type = jbvBinary,
		.val.binary.data = &jsonb->root,
		.val.binary.len = VARSIZE_ANY_EXHDR(jsonb)
	};
	JsonQuery	query = {0};
	JsonPath	place;
	JsonbValue *value;
	JsonbContainer *json;
	Explain		how = EXPLAIN_NOT;
	char	   *sql;

	json = mm_json_object(&root, &whole, query_keys);
	query.table = open_table(&root, json);
	mm_json_begin(&query);
	if ((value = mm_json_get(json, "normalized", &root, &place)) != NULL)
		query.style.normalized = mm_json_boolean(&place, value);
	if ((value = mm_json_get(json, "missing", &root, &place)) != NULL)
	{
		ErrorContextCallback callback = {
			.callback = mm_json_path_context,
			.arg = &place,
			.previous = error_context_stack,
		};

		error_context_stack = &callback;
		query.style.missing = mm_missing_parse(mm_json_text(&place, value));
		error_context_stack = callback.previous;
	}
	if ((value = mm_json_get(json, "explain", &root, &place)) != NULL)
	{
		if (value->type == jbvBool)
			how = value->val.boolean ? EXPLAIN_PLAN : EXPLAIN_NOT;
		else if (value->type == jbvString && strcmp(mm_json_text(&place, value), "analyze") == 0)
			how = EXPLAIN_ANALYZE;
		else
			mm_json_wrong(&place, "true, false or \"analyze\"");
	}
	if (mm_json_get(json, "index", &root, &place) != NULL)
		mm_json_require_index(&root, json, &query);
	sql = write_select(&root, json, &query);

	/* The table stays locked, so that its name means the same in the statement. */
	if (query.style.index != NULL)
		relation_close(query.style.index, AccessShareLock);
	table_close(query.table, NoLock);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (how == EXPLAIN_NOT)
		run(fcinfo, sql, &query);
	else
		explain(fcinfo, sql, &query, how == EXPLAIN_ANALYZE);
	return (Datum) 0;
}
