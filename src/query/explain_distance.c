/*-------------------------------------------------------------------------
 *
 * explain_distance.c
 *	  mm_explain_distance: what the columns of an index add to a row's distance
 *	  from a query object.
 *
 * The row is given, not read: the function tells nothing about a table that its
 * user does not know, except for scales, which need the rights that they always
 * need.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "access/table.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/typcache.h"

#include "compat.h"
#include "index/key.h"
#include "index/open.h"
#include "model/statistics.h"
#include "query/query.h"

PG_FUNCTION_INFO_V1(mm_explain_distance);
PG_FUNCTION_INFO_V1(mm_explain_distance_values);

enum
{
	ARG_INDEX,
	ARG_OBJECT,
	ARG_QUERY,
	ARG_WEIGHTS,
	ARG_NORMALIZED,
	ARG_MISSING
};

enum
{
	COLUMN_NAME,
	COLUMN_METRIC,
	COLUMN_DISTANCE,
	COLUMN_SCALE,
	COLUMN_WEIGHT,
	COLUMN_PART,
	COLUMN_SHARE,
	NUMBER_OF_COLUMNS
};

/* ---------- the row ---------- */

/*
 * A composite value as a row of a table.  Its attributes are the table's
 * columns of the same names and types; columns that it does not have are NULL.
 */
static HeapTuple
row_of_table(HeapTupleHeader object, Relation table)
{
	TupleDesc	from = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(object),
											  HeapTupleHeaderGetTypMod(object));
	TupleDesc	to = RelationGetDescr(table);
	Datum	   *from_values = palloc(sizeof(Datum) * from->natts);
	bool	   *from_isnull = palloc(sizeof(bool) * from->natts);
	Datum	   *values = palloc0(sizeof(Datum) * to->natts);
	bool	   *isnull = palloc(sizeof(bool) * to->natts);
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(object);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = object;
	heap_deform_tuple(&tuple, from, from_values, from_isnull);
	for (int i = 0; i < to->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(to, i);

		isnull[i] = true;
		for (int j = 0; j < from->natts && !att->attisdropped; j++)
			if (!TupleDescAttr(from, j)->attisdropped &&
				TupleDescAttr(from, j)->atttypid == att->atttypid &&
				strcmp(NameStr(TupleDescAttr(from, j)->attname), NameStr(att->attname)) == 0)
			{
				values[i] = from_values[j];
				isnull[i] = from_isnull[j];
			}
	}
	ReleaseTupleDesc(from);
	return heap_form_tuple(to, values, isnull);
}

/*
 * Raise an error unless rows of the object's type have the columns that an index
 * uses.
 */
static void
check_object(Relation index, HeapTupleHeader object)
{
	Oid			relid = get_typ_typrelid(HeapTupleHeaderGetTypeId(object));
	Relation	relation;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the object is of type %s, not a row of a table",
						format_type_be(HeapTupleHeaderGetTypeId(object))),
				 errhint("Give a row of table \"%s\", such as the obj that odbknn returns.",
						 get_rel_name(index->rd_index->indrelid))));
	relation = relation_open(relid, AccessShareLock);
	mm_check_index_fits(index, relation);
	relation_close(relation, NoLock);
}

/*
 * The values of an index's columns for a row.  Its expressions are evaluated
 * with the rights of the user, as in the SQL that odbknn runs for the same index: the row
 * is the user's, so the owner's rights must not be lent for it.
 */
static void
column_values(Relation index, Relation table, const MMColumns *columns, HeapTuple row,
			  EState *estate, Datum *values, bool *isnull)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(table), &TTSOpsHeapTuple);
	ExprContext *econtext = GetPerTupleExprContext(estate);
	Datum		keys[INDEX_MAX_KEYS];
	bool		keynulls[INDEX_MAX_KEYS];

	ExecStoreHeapTuple(row, slot, false);
	econtext->ecxt_scantuple = slot;
	for (int key = 0; key < IndexRelationGetNumberOfKeyAttributes(index); key++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[key];

		if (attnum != 0)
			keys[key] = slot_getattr(slot, attnum, &keynulls[key]);
		else
			keys[key] = ExecEvalExprSwitchContext(ExecPrepareExpr((Expr *) mm_key_expression(index, key),
																  estate),
												  econtext, &keynulls[key]);
	}
	mm_columns_values(columns, keys, keynulls, values, isnull);
	econtext->ecxt_scantuple = NULL;
	ExecDropSingleTupleTableSlot(slot);
}

/* ---------- the distance ---------- */

/*
 * A column's distance and what it adds to the sum.
 */
typedef struct Part
{
	const MMTerm *term;			/* NULL: it plays no part */
	bool		missing;		/* the row has no value */
	double		distance;
	bool		has_part;
	double		part;
} Part;

static double
term_distance(const MMColumn *column, const MMTerm *term, Datum value)
{
	Oid			function = get_opcode(column->space.operator);
	MetricSpace *space = (MetricSpace *) &column->space;

	if (!mm_may_execute(function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));
	return mm_metric_distance(space, mm_metric_prepare(space, term->value), value, METRIC_NO_BOUND);
}

/*
 * The factor by which the other parts make up for missing values that are
 * ignored.  The sums are those of the SQL that odbknn runs.
 */
static double
compensation(const Part *parts, int n)
{
	double		total = 0.0;
	double		present = 0.0;

	for (int i = 0; i < n; i++)
		if (parts[i].term != NULL)
		{
			total += parts[i].term->weight;
			present += parts[i].missing ? 0.0 : parts[i].term->weight;
		}
	return present > 0 ? Max(1.0, total / present) : 1.0;
}

/*
 * Work out the parts of the sum, in the order of operations of the SQL that
 * odbknn runs.
 */
static void
compute_parts(const MMSqlStyle *style, const MMTerms *terms, const Datum *values,
			  const bool *isnull, Part *parts)
{
	const MMColumns *columns = style->columns;

	for (int i = 0; i < terms->n; i++)
	{
		const MMTerm *term = &terms->terms[i];
		Part	   *part = &parts[term->column];
		double		distance;

		part->term = term;
		part->missing = isnull[term->column];
		if (!part->missing)
		{
			part->distance = term_distance(&columns->columns[term->column], term, values[term->column]);
			distance = style->normalized ? float8_div(part->distance, term->scale) : part->distance;
		}
		else if (style->missing == MISSING_PENALTY)
			distance = style->normalized ? 1.0 : term->scale;
		else
			continue;
		part->has_part = true;
		part->part = float8_mul(term->weight, distance);
	}
	if (style->missing == MISSING_IGNORE)
	{
		double		factor = compensation(parts, columns->n);

		for (int i = 0; i < columns->n; i++)
			if (parts[i].has_part)
				parts[i].part = float8_mul(parts[i].part, factor);
	}
}

/*
 * The distance that the parts add up to; NaN if the row has none.
 */
static double
sum_of_parts(const MMSqlStyle *style, const Part *parts)
{
	double		sum = 0.0;

	for (int i = 0; i < style->columns->n; i++)
	{
		if (parts[i].term != NULL && parts[i].missing && style->missing == MISSING_EXCLUDE)
			return get_float8_nan();
		if (parts[i].has_part)
			sum += parts[i].part;
	}
	return sum;
}

static void
return_parts(FunctionCallInfo fcinfo, const MMSqlStyle *style, const Part *parts)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	double		sum = sum_of_parts(style, parts);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < style->columns->n; i++)
	{
		const MMColumn *column = &style->columns->columns[i];
		const Part *part = &parts[i];
		Datum		values[NUMBER_OF_COLUMNS] = {0};
		bool		isnull[NUMBER_OF_COLUMNS];

		values[COLUMN_NAME] = CStringGetTextDatum(column->name);
		isnull[COLUMN_NAME] = false;
		isnull[COLUMN_METRIC] = !OidIsValid(column->opclass);
		if (!isnull[COLUMN_METRIC])
			values[COLUMN_METRIC] = CStringGetTextDatum(generate_opclass_name(column->opclass));
		isnull[COLUMN_DISTANCE] = part->term == NULL || part->missing;
		values[COLUMN_DISTANCE] = Float8GetDatum(part->distance);
		isnull[COLUMN_SCALE] = part->term == NULL || !style->normalized;
		if (!isnull[COLUMN_SCALE])
			values[COLUMN_SCALE] = Float8GetDatum(part->term->scale);
		isnull[COLUMN_WEIGHT] = part->term == NULL;
		if (!isnull[COLUMN_WEIGHT])
			values[COLUMN_WEIGHT] = Float8GetDatum(part->term->weight);
		isnull[COLUMN_PART] = !part->has_part;
		values[COLUMN_PART] = Float8GetDatum(part->part);
		isnull[COLUMN_SHARE] = !part->has_part || !(sum > 0) || isinf(sum);
		if (!isnull[COLUMN_SHARE])
			values[COLUMN_SHARE] = Float8GetDatum(part->part / sum);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
	}
}

/* ---------- the function ---------- */

static Datum
explain(FunctionCallInfo fcinfo, bool by_name)
{
	Part		parts[MM_MAX_COLUMNS] = {{0}};
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	OdbQueryParts query;
	MMSqlStyle	style;
	Relation	index;
	Relation	table;
	MMColumns  *columns;
	MMMeta	   *statistics;
	MMScales	scales;
	MMTerms    *terms;
	HeapTupleHeader object;
	EState	   *estate;

	mm_require_argument(fcinfo, ARG_INDEX, "index_name");
	mm_require_argument(fcinfo, ARG_OBJECT, "object");
	mm_require_argument(fcinfo, ARG_QUERY, "query");
	mm_require_argument(fcinfo, ARG_NORMALIZED, "normalized");
	mm_require_argument(fcinfo, ARG_MISSING, "missing");

	index = mm_index_open(PG_GETARG_OID(ARG_INDEX), false);
	mm_index_require_valid(index);
	table = table_open(index->rd_index->indrelid, AccessShareLock);
	columns = mm_columns_present(index);
	if (by_name)
		mm_values_query(mm_values_parse(PG_GETARG_TEXT_PP(ARG_QUERY)), index, columns, &query);
	else
	{
		mm_record_unpack(PG_GETARG_HEAPTUPLEHEADER(ARG_QUERY), &query, NULL);
		mm_check_width(index, columns, query.natts);
	}
	mm_sql_style(&style, index, columns, table);
	style.normalized = PG_GETARG_BOOL(ARG_NORMALIZED);
	style.missing = mm_missing_parse(text_to_cstring(PG_GETARG_TEXT_PP(ARG_MISSING)));
	statistics = mm_statistics_get(index, columns);
	mm_scales_get(index, columns, statistics, &scales);
	terms = mm_terms_make(columns, &query,
						  mm_values_weights(PG_ARGISNULL(ARG_WEIGHTS) ? NULL : PG_GETARG_TEXT_PP(ARG_WEIGHTS),
											columns),
						  scales.in_force);
	mm_terms_check_dimensions(columns, terms, statistics);
	mm_sql_require_scales(&style, terms, statistics, &scales);

	object = PG_GETARG_HEAPTUPLEHEADER(ARG_OBJECT);
	check_object(index, object);
	estate = CreateExecutorState();
	column_values(index, table, columns, row_of_table(object, table), estate, values, isnull);
	compute_parts(&style, terms, values, isnull, parts);
	FreeExecutorState(estate);
	table_close(table, AccessShareLock);
	relation_close(index, AccessShareLock);
	return_parts(fcinfo, &style, parts);
	return (Datum) 0;
}

Datum
mm_explain_distance(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, false);
}

Datum
mm_explain_distance_values(PG_FUNCTION_ARGS)
{
	return explain(fcinfo, true);
}
