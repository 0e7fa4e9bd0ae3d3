/*-------------------------------------------------------------------------
 *
 * search.c
 *	  odbknn and odbrange, and mm_distance_sql, which shows what they run.
 *
 * Both compose the SELECT that a user would write by hand, and run it through
 * SPI as the calling user, under the caller's snapshot, with the caller's
 * search_path.  So privileges, row-level security, partitions and views work
 * as they do for any SELECT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "compat.h"
#include "index/profile.h"
#include "index/open.h"
#include "model/statistics.h"
#include "query/query.h"
#include "stats/track.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_odbknn);
PG_FUNCTION_INFO_V1(mm_odbknn_values);
PG_FUNCTION_INFO_V1(mm_odbknn_name);
PG_FUNCTION_INFO_V1(mm_odbrange_search);
PG_FUNCTION_INFO_V1(mm_odbrange_search_values);
PG_FUNCTION_INFO_V1(mm_odbrange_search_name);
PG_FUNCTION_INFO_V1(mm_odbknn_support);
PG_FUNCTION_INFO_V1(mm_distance_sql);

/* The arguments of odbknn and odbrange. */
enum
{
	ARG_TABLE,
	ARG_QUERY,
	ARG_WEIGHTS,
	ARG_LIMIT,					/* k or radius */
	ARG_INDEX,
	ARG_NORMALIZED,
	ARG_MISSING,
	ARG_FILTER
};

/*
 * The functions come in these forms, with the same arguments.
 */
typedef enum Form
{
	FORM_RECORD,				/* a row type, and a record as query object */
	FORM_VALUES,				/* a row type, and odbvalues */
	FORM_NAME,					/* a table by its name, odbvalues; rows as jsonb */
} Form;

/*
 * Open the table (or view) that the first argument tells of.  A domain over a
 * row type is refused: rows need not satisfy its constraints.
 */
static Relation
open_table(FunctionCallInfo fcinfo, Form form)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, ARG_TABLE);
	Oid			relid;

	if (form == FORM_NAME)
	{
		mm_require_argument(fcinfo, ARG_TABLE, "table_name");
		return table_openrv(makeRangeVarFromNameList(textToQualifiedNameList(PG_GETARG_TEXT_PP(ARG_TABLE))),
							AccessShareLock);
	}
	relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;
	if (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not the row type of a table",
						OidIsValid(type) ? format_type_be(type) : "unknown"),
				 errhint("Name the table to search by its row type: NULL::table_name; or by its name, as a string.")));
	return table_open(relid, AccessShareLock);
}

/*
 * A search: the table, and the terms of the distance over the columns of an
 * index.
 */
typedef struct Search
{
	Form		form;
	Relation	table;
	MMSqlStyle	style;			/* style.index is open */
	MMTerms    *terms;
	const char *filter;			/* NULL: there is none */
} Search;

/*
 * Read the arguments that odbknn and odbrange share.
 */
static void
read_search(FunctionCallInfo fcinfo, Form form, Search *search)
{
	MMSqlStyle *style = &search->style;
	OdbQueryParts query;
	Jsonb	   *json = NULL;
	MMColumns  *columns;
	MMMeta	   *statistics;
	double	   *weights;
	MMScales	scales;

	mm_require_argument(fcinfo, ARG_QUERY, "query");
	mm_require_argument(fcinfo, ARG_NORMALIZED, "normalized");
	mm_require_argument(fcinfo, ARG_MISSING, "missing");

	search->form = form;
	if (form == FORM_RECORD)
		mm_record_unpack(PG_GETARG_HEAPTUPLEHEADER(ARG_QUERY), &query, NULL);
	else
		json = mm_values_parse(PG_GETARG_TEXT_PP(ARG_QUERY));
	search->table = open_table(fcinfo, form);
	if (PG_ARGISNULL(ARG_INDEX))
		style->index = mm_choose_index(search->table,
									   json == NULL ? query.natts : mm_values_count(json),
									   json == NULL ? NIL : mm_values_names(json), "with using_index");
	else
	{
		style->index = mm_index_open(PG_GETARG_OID(ARG_INDEX), false);
		mm_index_require_valid(style->index);
	}
	columns = mm_columns_present(style->index);
	if (json == NULL)
		mm_check_width(style->index, columns, query.natts);
	else
		mm_values_query(json, style->index, columns, &query);
	mm_check_index_fits(style->index, search->table);

	mm_sql_style(style, style->index, columns, search->table);
	style->normalized = PG_GETARG_BOOL(ARG_NORMALIZED);
	style->missing = mm_missing_parse(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MISSING)));
	search->filter = PG_ARGISNULL(ARG_FILTER) ? NULL :
		mm_sql_filter(text_to_cstring(PG_GETARG_TEXT_PP(ARG_FILTER)));

	weights = mm_values_weights(PG_ARGISNULL(ARG_WEIGHTS) ? NULL : PG_GETARG_TEXT_PP(ARG_WEIGHTS),
								columns);
	statistics = mm_statistics_get(style->index, columns);
	mm_scales_get(style->index, columns, statistics, &scales);
	search->terms = mm_terms_make(columns, &query, weights, scales.in_force);
	mm_terms_check_dimensions(columns, search->terms, statistics);
	mm_sql_require_scales(style, search->terms, statistics, &scales);
}

/*
 * The statement: SELECT t, <distance>, <its parts> FROM <table> AS t, with a
 * condition and an order.  k is 0 for a search within a radius.
 */
static char *
write_select(Search *search, int64 k)
{
	const char *alias = search->style.alias;
	const char *conjunction = " WHERE ";
	StringInfoData distance;
	StringInfoData sql;

	initStringInfo(&distance);
	mm_sql_distance(&distance, &search->style, search->terms);
	initStringInfo(&sql);
	/*
	 * Rows are turned into jsonb in a query around the search: a sort would
	 * turn all of a table's rows into it.
	 */
	if (search->form == FORM_NAME)
		appendStringInfoString(&sql, "SELECT pg_catalog.to_jsonb(o.obj), o.distance, o.parts FROM (");
	appendStringInfo(&sql, "SELECT %s AS obj, %s AS distance, ", alias, distance.data);
	mm_sql_parts(&sql, &search->style, search->terms);
	appendStringInfo(&sql, " AS parts FROM %s AS %s", mm_sql_table(search->table), alias);
	if (search->filter != NULL)
	{
		appendStringInfo(&sql, "%s%s", conjunction, search->filter);
		conjunction = " AND ";
	}
	if (k == 0)
		appendStringInfo(&sql, "%s(%s) OPERATOR(pg_catalog.<=) $%d", conjunction, distance.data,
						 MM_RADIUS_PARAMETER(search->terms->n));
	else if (search->style.missing == MISSING_EXCLUDE)
	{
		appendStringInfoString(&sql, conjunction);
		mm_sql_present(&sql, &search->style, search->terms);
	}
	appendStringInfoString(&sql, " ORDER BY 2");
	if (k > 0)
		appendStringInfo(&sql, " LIMIT %lld", (long long) k);
	if (search->form == FORM_NAME)
		appendStringInfoString(&sql, ") AS o");
	return sql.data;
}

/*
 * Record a search that a plan without the index has answered.
 */
static void
record_other_plan(const Search *search, Oid index_oid, int64 k, double radius, double milliseconds,
				  int64 rows)
{
	Relation	index = try_relation_open(index_oid, AccessShareLock);
	double		factors[MM_MAX_COLUMNS] = {0};
	MMSearchCall call;
	MMColumns  *columns;
	uint32		mask = 0;

	if (index == NULL)
		return;
	/* Columns have the numbers that searches of the index know them by. */
	columns = mm_columns_open(index);
	for (int i = 0; i < search->terms->n; i++)
	{
		const MMTerm *term = &search->terms->terms[i];
		int			column = mm_columns_find(columns, search->style.columns->columns[term->column].name);

		mask |= UINT32_C(1) << column;
		factors[column] = search->style.normalized ? term->weight / term->scale : term->weight;
	}
	memset(&call, 0, sizeof(MMSearchCall));
	call.user = GetUserId();
	call.index = index_oid;
	call.ncolumns = columns->n;
	call.factors = factors;
	call.k = k;
	call.radius = k > 0 ? get_float8_nan() : radius;
	call.milliseconds = milliseconds;
	call.class.by = MM_BY_OTHER_PLAN;
	call.class.flags = search->filter != NULL ? MM_CLASS_FILTER : 0;
	call.class.k = mm_class_of_k(k);
	if (k > 0)
		call.class.nearest = mask;
	else
		mm_class_add_range(&call.class, columns, mask, radius);
	call.work.table_scans = 1;
	call.work.rows = rows;
	mm_track_search(&call);
	relation_close(index, AccessShareLock);
}

/*
 * Run the statement.  Its rows become those of the calling function.
 */
static void
run(FunctionCallInfo fcinfo, Search *search, int64 k, double radius)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			n = search->terms->n;
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	SPIExecuteOptions options = {0};
	char	   *sql = write_select(search, k);
	bool		tracked = mm_track_wanted();
	int64		recorded = mm_track_count;
	Oid			index = RelationGetRelid(search->style.index);
	MMStepClock clock = {0};

	options.params = mm_sql_parameters(search->style.columns, search->terms, radius, types);
	/*
	 * The table stays locked, so that its name means the same in the
	 * statement.
	 */
	relation_close(search->style.index, AccessShareLock);
	table_close(search->table, NoLock);

	InitMaterializedSRF(fcinfo, 0);
	options.read_only = true;
	options.dest = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(options.dest, rsinfo->setResult,
									CurrentMemoryContext, false, NULL, NULL);
	mm_clock_begin_step(&clock);
	mm_plan_execute(sql, MM_PARAMETERS(n), types, &options);
	mm_clock_end_step(&clock);
	/* A plan that uses the index has recorded the search. */
	if (tracked && mm_track_count == recorded)
		record_other_plan(search, index, k, radius, mm_clock_milliseconds(&clock),
						  tuplestore_tuple_count(rsinfo->setResult));
}

static Datum
search_nearest(FunctionCallInfo fcinfo, Form form)
{
	Search		search;
	int64		k;

	mm_require_argument(fcinfo, ARG_LIMIT, "k");
	k = PG_GETARG_INT64(ARG_LIMIT);
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
				 errmsg("k must be at least 1, not %lld", (long long) k)));

	read_search(fcinfo, form, &search);
	run(fcinfo, &search, k, 0.0);
	return (Datum) 0;
}

static Datum
search_within(FunctionCallInfo fcinfo, Form form)
{
	Search		search;
	double		radius;

	mm_require_argument(fcinfo, ARG_LIMIT, "radius");
	radius = PG_GETARG_FLOAT8(ARG_LIMIT);
	mm_check_radius(radius, NULL);

	read_search(fcinfo, form, &search);
	run(fcinfo, &search, 0, radius);
	return (Datum) 0;
}

Datum
mm_odbknn(PG_FUNCTION_ARGS)
{
	return search_nearest(fcinfo, FORM_RECORD);
}

Datum
mm_odbknn_values(PG_FUNCTION_ARGS)
{
	return search_nearest(fcinfo, FORM_VALUES);
}

Datum
mm_odbknn_name(PG_FUNCTION_ARGS)
{
	return search_nearest(fcinfo, FORM_NAME);
}

Datum
mm_odbrange_search(PG_FUNCTION_ARGS)
{
	return search_within(fcinfo, FORM_RECORD);
}

Datum
mm_odbrange_search_values(PG_FUNCTION_ARGS)
{
	return search_within(fcinfo, FORM_VALUES);
}

Datum
mm_odbrange_search_name(PG_FUNCTION_ARGS)
{
	return search_within(fcinfo, FORM_NAME);
}

/*
 * Planner support for odbknn: it returns k rows.
 */
Datum
mm_odbknn_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (is_funcclause(rows->node) &&
			list_length(((FuncExpr *) rows->node)->args) > ARG_LIMIT)
		{
			List	   *args = ((FuncExpr *) rows->node)->args;
			Node	   *k = estimate_expression_value(rows->root, list_nth(args, ARG_LIMIT));

			if (IsA(k, Const) && !((Const *) k)->constisnull)
			{
				rows->rows = Max(DatumGetInt64(((Const *) k)->constvalue), 1);
				PG_RETURN_POINTER(request);
			}
		}
	}
	PG_RETURN_POINTER(NULL);
}

/*
 * mm_distance_sql(index_name, weights, query, normalized, missing, profile)
 */
Datum
mm_distance_sql(PG_FUNCTION_ARGS)
{
	MMSqlStyle	style = {0};
	MMColumns  *columns;
	MMMeta	   *statistics;
	MMScales	scales;
	double	   *weights;
	MMTerms    *terms;
	StringInfoData sql;

	mm_require_argument(fcinfo, 0, "index_name");
	mm_require_argument(fcinfo, 3, "normalized");
	mm_require_argument(fcinfo, 4, "missing");

	style.index = mm_index_open(PG_GETARG_OID(0), false);
	style.columns = columns = mm_columns_present(style.index);
	style.not_null = mm_not_null_holds(style.index->rd_index->indrelid);
	style.literals = !PG_ARGISNULL(2);
	style.normalized = PG_GETARG_BOOL(3);
	style.missing = mm_missing_parse(text_to_cstring(PG_GETARG_TEXT_PP(4)));

	if (!PG_ARGISNULL(5))
		mm_track_profile(text_to_cstring(PG_GETARG_TEXT_PP(5)));
	if (PG_ARGISNULL(5))
		weights = mm_values_weights(PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1), columns);
	else if (PG_ARGISNULL(1))
		weights = mm_profile_get(text_to_cstring(PG_GETARG_TEXT_PP(5)), columns->n,
								 mm_column_names(columns), ERROR);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are weights and a weight profile, too"),
				 errhint("Give one of them.")));
	statistics = mm_statistics_get(style.index, columns);
	mm_scales_get(style.index, columns, statistics, &scales);

	if (style.literals)
	{
		OdbQueryParts query;

		mm_record_unpack(PG_GETARG_HEAPTUPLEHEADER(2), &query, NULL);
		mm_check_width(style.index, columns, query.natts);
		terms = mm_terms_make(columns, &query, weights, scales.in_force);
		mm_terms_check_dimensions(columns, terms, statistics);
	}
	else
	{
		terms = palloc0(sizeof(MMTerms));
		for (int i = 0; i < columns->n; i++)
		{
			if (weights[i] == 0)
				continue;
			mm_columns_require_metric(columns, i);
			terms->terms[terms->n++] = (MMTerm) {
				.column = i,
				.weight = weights[i],
				.scale = scales.in_force[i]
			};
		}
	}
	mm_sql_require_scales(&style, terms, statistics, &scales);

	initStringInfo(&sql);
	mm_sql_distance(&sql, &style, terms);
	relation_close(style.index, AccessShareLock);
	PG_RETURN_TEXT_P(cstring_to_text(sql.data));
}
