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

#include <math.h>

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/profile.h"
#include "index/open.h"
#include "model/statistics.h"
#include "query/query.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_odbknn);
PG_FUNCTION_INFO_V1(mm_odbrange_search);
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
	ARG_MISSING
};

/* ---------- which table, which index ---------- */

/*
 * Open the table (or view) whose row type the first argument has.  A domain
 * over a row type is refused: rows need not satisfy its constraints.
 */
static Relation
open_table(FunctionCallInfo fcinfo)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, ARG_TABLE);
	Oid			relid = OidIsValid(type) ? get_typ_typrelid(type) : InvalidOid;

	if (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not the row type of a table",
						OidIsValid(type) ? format_type_be(type) : "unknown"),
				 errhint("Name the table to search by its row type: NULL::table_name.")));
	return table_open(relid, AccessShareLock);
}

/*
 * Raise the error that a table has no index of ncolumns columns that may be
 * chosen.  near_miss is an index that is not valid (if valid is false) or that
 * is partial; NULL if there is none.  nothers is the number of indexes with
 * other numbers of columns.
 */
static void
no_index_error(Relation table, int ncolumns, const char *near_miss, bool valid, int nothers)
{
	if (near_miss != NULL)
		ereport(ERROR,
				(errcode(valid ? ERRCODE_UNDEFINED_OBJECT : ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(valid ? "index \"%s\" is partial" : "index \"%s\" is not valid", near_miss),
				 errdetail_plural("\"%s\" has no other mmdb index of %d column, as the query has components.",
								  "\"%s\" has no other mmdb index of %d columns, as the query has components.",
								  ncolumns, RelationGetRelationName(table), ncolumns),
				 errhint(valid ? "To take metrics and scales from it, name it with using_index." :
						 "Wait until it is built, or REINDEX it.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg_plural("\"%s\" has no mmdb index of %d column, as the query has components",
						   "\"%s\" has no mmdb index of %d columns, as the query has components",
						   ncolumns, RelationGetRelationName(table), ncolumns),
			 nothers > 0 ? errdetail_plural("It has %d mmdb index, with another number of columns.",
											"It has %d mmdb indexes, with other numbers of columns.",
											nothers, nothers) : 0,
			 errhint("Create one, or name the index to take metrics and scales from with using_index.")));
}

/*
 * Find the one mmdb index of a table that has ncolumns columns.  Partial
 * indexes count only if they are named.  An index that cannot be used does not
 * stand in the way of another.
 */
static Relation
find_index(Relation table, int ncolumns)
{
	Oid			am = get_index_am_oid(MM_AM_NAME, false);
	List	   *oids = RelationGetIndexList(table);
	ListCell   *lc;
	const char *near_miss = NULL;
	bool		near_miss_valid = false;
	int			nothers = 0;
	Relation	found = NULL;

	foreach(lc, oids)
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);
		bool		fits = false;

		if (index->rd_rel->relam == am)
		{
			bool		valid = index->rd_index->indisvalid;
			int			n = mm_columns_count(index);

			fits = valid && n == ncolumns && RelationGetIndexPredicate(index) == NIL;
			/* An index that cannot be read might be the one that is meant. */
			if (n == 0 || (n == ncolumns && !fits))
			{
				near_miss = pstrdup(RelationGetRelationName(index));
				near_miss_valid = valid && n > 0;
			}
			else
				nothers += !fits;
		}
		if (fits && found != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
					 errmsg("table \"%s\" has several mmdb indexes of %d columns",
							RelationGetRelationName(table), ncolumns),
					 errdetail("\"%s\" and \"%s\" are such.",
							   RelationGetRelationName(found),
							   RelationGetRelationName(index)),
					 errhint("Name the one to use with using_index.")));
		if (fits)
			found = index;
		else
			relation_close(index, AccessShareLock);
	}
	list_free(oids);

	if (found == NULL)
		no_index_error(table, ncolumns, near_miss, near_miss_valid, nothers);
	return found;
}

/*
 * Check a column that an index of another relation uses: does the table have a
 * column of that name and type?  With another type, the index's expressions
 * and operators might mean something else.
 */
static void
check_column(Relation index, AttrNumber attnum, Relation table)
{
	Oid			from = index->rd_index->indrelid;
	char	   *name = attnum != 0 ? get_attname(from, attnum, false) : NULL;
	AttrNumber	own = name != NULL ? get_attnum(RelationGetRelid(table), name) : InvalidAttrNumber;

	if (own == InvalidAttrNumber ||
		get_atttype(RelationGetRelid(table), own) != get_atttype(from, attnum))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("index \"%s\" does not fit \"%s\"",
						RelationGetRelationName(index),
						RelationGetRelationName(table)),
				 name == NULL ?
				 errdetail("The index is on whole rows of another table.") :
				 errdetail("\"%s\" has no column \"%s\" of type %s.",
						   RelationGetRelationName(table), name,
						   format_type_be(get_atttype(from, attnum)))));
}

/*
 * Check an index that the user has named.  It must have as many columns as the
 * query has components.  If it belongs to another relation (the table under a
 * view, or the parent of a partition), the table must have the columns that it
 * uses.
 */
static void
check_named_index(Relation index, const MMColumns *columns, Relation table,
				  int ncomponents)
{
	Bitmapset  *attnums = NULL;
	int			member = -1;

	mm_check_width(index, columns, ncomponents);
	if (index->rd_index->indrelid == RelationGetRelid(table))
		return;

	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		if (index->rd_index->indkey.values[i] != 0)
			attnums = bms_add_member(attnums, index->rd_index->indkey.values[i] -
									 FirstLowInvalidHeapAttributeNumber);
	pull_varattnos((Node *) RelationGetIndexExpressions(index), 1, &attnums);
	while ((member = bms_next_member(attnums, member)) >= 0)
		check_column(index, member + FirstLowInvalidHeapAttributeNumber, table);
}

/* ---------- what to ask ---------- */

/*
 * A search: the table, and the terms of the distance over the columns of an
 * index.
 */
typedef struct Search
{
	Relation	table;
	MMSqlStyle	style;			/* style.index is open */
	MMTerms    *terms;
} Search;

/*
 * Read the arguments that odbknn and odbrange share.
 */
static void
read_search(FunctionCallInfo fcinfo, Search *search)
{
	MMSqlStyle *style = &search->style;
	OdbQueryParts query;
	MMColumns  *columns;
	MMMeta	   *statistics;
	double	   *weights;
	MMScales	scales;

	mm_require_argument(fcinfo, ARG_QUERY, "query");
	mm_require_argument(fcinfo, ARG_NORMALIZED, "normalized");
	mm_require_argument(fcinfo, ARG_MISSING, "missing");

	mm_record_unpack(PG_GETARG_HEAPTUPLEHEADER(ARG_QUERY), &query, NULL);
	search->table = open_table(fcinfo);
	if (PG_ARGISNULL(ARG_INDEX))
	{
		style->index = find_index(search->table, query.natts);
		columns = mm_columns_present(style->index);
	}
	else
	{
		style->index = mm_index_open(PG_GETARG_OID(ARG_INDEX), false);
		mm_index_require_valid(style->index);
		columns = mm_columns_present(style->index);
		check_named_index(style->index, columns, search->table, query.natts);
	}

	mm_sql_style(style, style->index, columns, search->table);
	style->normalized = PG_GETARG_BOOL(ARG_NORMALIZED);
	style->missing = mm_missing_parse(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MISSING)));

	weights = mm_weights_from_array(PG_ARGISNULL(ARG_WEIGHTS) ? NULL :
								 PG_GETARG_ARRAYTYPE_P(ARG_WEIGHTS),
								 columns->n, mm_column_names(columns), NULL);
	statistics = mm_statistics_get(style->index, columns);
	mm_scales_get(style->index, columns, statistics, &scales);
	search->terms = mm_terms_make(columns, &query, weights, scales.in_force);
	mm_terms_check_dimensions(columns, search->terms, statistics);
	mm_sql_require_scales(style, search->terms, statistics, &scales);
}

/*
 * Begin the statement: SELECT t, <distance> FROM <table> AS t.  The distance
 * is also written to *distance.
 */
static void
begin_select(Search *search, StringInfo sql, StringInfo distance)
{
	Relation	table = search->table;

	initStringInfo(distance);
	mm_sql_distance(distance, &search->style, search->terms);
	initStringInfo(sql);
	appendStringInfo(sql, "SELECT %s, %s FROM %s AS %s", search->style.alias,
					 distance->data, mm_sql_table(table), search->style.alias);
}

/*
 * Run the statement.  Its rows become those of the calling function.
 */
static void
run(FunctionCallInfo fcinfo, Search *search, const char *sql, double radius)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			n = search->terms->n;
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	SPIExecuteOptions options = {0};

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
	mm_plan_execute(sql, MM_PARAMETERS(n), types, &options);
}

Datum
mm_odbknn(PG_FUNCTION_ARGS)
{
	Search		search;
	StringInfoData sql;
	StringInfoData distance;
	int64		k;

	mm_require_argument(fcinfo, ARG_LIMIT, "k");
	k = PG_GETARG_INT64(ARG_LIMIT);
	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_ROW_COUNT_IN_LIMIT_CLAUSE),
				 errmsg("k must be at least 1, not %lld", (long long) k)));

	read_search(fcinfo, &search);
	begin_select(&search, &sql, &distance);
	if (search.style.missing == MISSING_EXCLUDE)
	{
		appendStringInfoString(&sql, " WHERE ");
		mm_sql_present(&sql, &search.style, search.terms);
	}
	appendStringInfo(&sql, " ORDER BY 2 LIMIT %lld", (long long) k);
	run(fcinfo, &search, sql.data, 0.0);
	return (Datum) 0;
}

Datum
mm_odbrange_search(PG_FUNCTION_ARGS)
{
	Search		search;
	StringInfoData sql;
	StringInfoData distance;
	double		radius;

	mm_require_argument(fcinfo, ARG_LIMIT, "radius");
	radius = PG_GETARG_FLOAT8(ARG_LIMIT);
	mm_check_radius(radius, NULL);

	read_search(fcinfo, &search);
	begin_select(&search, &sql, &distance);
	appendStringInfo(&sql, " WHERE (%s) OPERATOR(pg_catalog.<=) $%d ORDER BY 2",
					 distance.data, MM_RADIUS_PARAMETER(search.terms->n));
	run(fcinfo, &search, sql.data, radius);
	return (Datum) 0;
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

		if (is_funcclause(rows->node))
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

	if (PG_ARGISNULL(5))
		weights = mm_weights_from_array(PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
										columns->n, mm_column_names(columns), NULL);
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
