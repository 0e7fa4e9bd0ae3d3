/*-------------------------------------------------------------------------
 *
 * info.c
 *	  SQL functions that show what an index knows about its columns.
 *
 * The view mmdb.index_columns is about all indexes.  An index that cannot be
 * read, for whatever reason, must not prevent it from showing the others.  So
 * each index is read in a subtransaction, and if that fails, the reason is
 * shown instead.
 *
 * As for any index, it is no secret what columns an index has.  Their
 * statistics are (rights.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "index/key.h"
#include "index/open.h"
#include "index/rights.h"
#include "index/scales.h"
#include "model/statistics.h"

PG_FUNCTION_INFO_V1(mm_index_column_statistics);
PG_FUNCTION_INFO_V1(mm_scale);

/* ---------- the view ---------- */

/* The columns of the result. */
enum
{
	COLUMN_NUMBER,
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_METRIC,
	COLUMN_OPERATOR,
	COLUMN_DIMENSIONS,
	COLUMN_COUNT,
	COLUMN_MEAN,
	COLUMN_VARIANCE,
	COLUMN_SCALE,
	COLUMN_MEASURED_SCALE,
	COLUMN_PINNED,
	COLUMN_SETTLED,
	COLUMN_INTRINSIC_DIMENSION,
	COLUMN_PROBLEM,
	NUMBER_OF_COLUMNS
};

typedef struct Row
{
	Datum		values[NUMBER_OF_COLUMNS];
	bool		isnull[NUMBER_OF_COLUMNS];
} Row;

static void
set_value(Row *row, int column, Datum value)
{
	row->values[column] = value;
	row->isnull[column] = false;
}

/*
 * Add a row for a column of this name and type.  A number of 0 stands for
 * none.
 */
static Row *
add_row(List **rows, int number, const char *name, Oid type, Oid opclass)
{
	Row		   *row = palloc0(sizeof(Row));

	memset(row->isnull, true, sizeof(row->isnull));
	if (number > 0)
		set_value(row, COLUMN_NUMBER, Int32GetDatum(number));
	set_value(row, COLUMN_NAME, CStringGetTextDatum(name));
	set_value(row, COLUMN_TYPE, ObjectIdGetDatum(type));
	if (OidIsValid(opclass))
		set_value(row, COLUMN_METRIC, CStringGetTextDatum(generate_opclass_name(opclass)));
	*rows = lappend(*rows, row);
	return row;
}

static void
set_problem(Row *row, const char *problem)
{
	set_value(row, COLUMN_PROBLEM, CStringGetTextDatum(problem));
}

static void
set_statistics(Row *row, const MMColumn *column, const MMColumnStatistics *stats)
{
	const MetricRoutine *routine = column->space.routine;

	/* Of some types, the number is something else, such as an SRID. */
	if (stats->dimensions >= 0 && (routine == NULL || routine->dimensions_name == NULL))
		set_value(row, COLUMN_DIMENSIONS, Int32GetDatum(stats->dimensions));
	set_value(row, COLUMN_COUNT, Int64GetDatum(stats->count));
	if (stats->pairs > 0)
	{
		set_value(row, COLUMN_MEAN, Float8GetDatum(stats->mean));
		set_value(row, COLUMN_VARIANCE, Float8GetDatum(stats->variance));
		set_value(row, COLUMN_MEASURED_SCALE, Float8GetDatum(stats->scale));
	}
	if (stats->variance > 0)
		set_value(row, COLUMN_INTRINSIC_DIMENSION,
				  Float8GetDatum(stats->mean * stats->mean / (2 * stats->variance)));
}

/*
 * Set the scale in force, if there is one, and whether it will stay.
 */
static void
set_scale(Row *row, const MMScales *scales, int i, const MMMeta *statistics)
{
	bool		trained = BlockNumberIsValid(statistics->model);

	if (scales->in_force[i] > 0)
		set_value(row, COLUMN_SCALE, Float8GetDatum(scales->in_force[i]));
	set_value(row, COLUMN_PINNED, BoolGetDatum(scales->pinned[i]));
	set_value(row, COLUMN_SETTLED, BoolGetDatum(scales->pinned[i] ||
												(statistics->columns[i].pairs > 0 && trained)));
}

/*
 * Add rows for those attributes of a composite type that are not columns.
 */
static void
add_other_attributes(List **rows, const MMColumns *columns)
{
	TupleDesc	desc = columns->composite;

	for (int i = 0; desc != NULL && i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		known = att->attisdropped;

		for (int c = 0; c < columns->n; c++)
			known |= columns->columns[c].attribute == i + 1;
		if (!known)
			set_problem(add_row(rows, 0, NameStr(att->attname), getBaseType(att->atttypid), InvalidOid),
						"the attribute was added after the index was made. Please REINDEX it.");
	}
}

/*
 * The rows for an index.
 */
static List *
describe(Relation index)
{
	MMColumns  *columns = mm_columns_present(index);
	MMMeta	   *statistics = mm_statistics_get(index, columns);
	bool		known = mm_scales_fit(index, columns->n);
	bool		elsewhere = mm_is_on_servers(index->rd_index->indrelid);
	MMScales	scales;
	List	   *rows = NIL;

	if (known)
		mm_scales_get(index, columns, statistics, &scales);
	for (int i = 0; i < columns->n; i++)
	{
		const MMColumn *column = &columns->columns[i];
		Row		   *row = add_row(&rows, i + 1, column->name, column->type, column->opclass);

		if (column->changed)
		{
			set_problem(row, "the index was made for another metric. Please REINDEX it.");
			continue;
		}
		set_value(row, COLUMN_OPERATOR, ObjectIdGetDatum(column->space.operator));
		if (known && (scales.pinned[i] || mm_statistics_visible(columns, i)))
			set_scale(row, &scales, i, statistics);
		/* What servers have measured is not known here. */
		if (mm_statistics_visible(columns, i) && !elsewhere)
			set_statistics(row, column, &statistics->columns[i]);
		/*
		 * This problem comes first.  Everybody may read the parameter, and of
		 * the two problems only this one makes searches fail.
		 */
		if (!known)
			set_problem(row, "storage parameter \"scales\" does not fit the columns. ALTER INDEX ... RESET (scales) removes it, mm_pin_scales() sets it.");
		else if (!mm_statistics_visible(columns, i))
			set_problem(row, "permission denied for statistics");
	}
	add_other_attributes(&rows, columns);
	return rows;
}

/*
 * The rows for an index about which only the catalogs are known.
 */
static List *
describe_unreadable(Relation index, const char *problem)
{
	List	   *rows = NIL;
	int			nkeys = IndexRelationGetNumberOfKeyAttributes(index);

	for (int key = 0; key < nkeys; key++)
	{
		/* For a composite, only the metadata tell the columns. */
		int			number = index->rd_opcintype[key] == RECORDOID ? 0 : key + 1;
		Oid			type = TupleDescAttr(RelationGetDescr(index), key)->atttypid;

		set_problem(add_row(&rows, number, mm_key_name(index, key), getBaseType(type),
							mm_key_opclass(index, key)), problem);
	}
	return rows;
}

/*
 * The rows for an index; or if it cannot be read, rows with the reason.
 */
static List *
try_to_describe(Relation index)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	List	   *volatile rows = NIL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		rows = describe(index);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return rows;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	return describe_unreadable(index, error->hint == NULL ? error->message :
							   psprintf("%s. %s", error->message, error->hint));
}

/*
 * mmdb.index_column_statistics(regclass): one row for each column of an index,
 * or none if the index is gone.
 */
Datum
mm_index_column_statistics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	index;
	List	   *rows;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	index = mm_index_open(PG_GETARG_OID(0), true);
	if (index == NULL)
		return (Datum) 0;
	rows = try_to_describe(index);
	foreach(lc, rows)
	{
		Row		   *row = lfirst(lc);

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->isnull);
	}
	relation_close(index, AccessShareLock);
	return (Datum) 0;
}

/* ---------- one scale ---------- */

/*
 * mm_scale(index regclass, column_name text)
 */
Datum
mm_scale(PG_FUNCTION_ARGS)
{
	Relation	index = mm_index_open(PG_GETARG_OID(0), false);
	MMColumns  *columns = mm_columns_present(index);
	int			column = mm_columns_find(columns, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	MMMeta	   *statistics = mm_statistics_get(index, columns);
	MMScales	scales;

	mm_columns_require_metric(columns, column);
	mm_scales_get(index, columns, statistics, &scales);
	if (!scales.pinned[column])
		mm_statistics_require(columns, column, NULL);
	mm_scales_require(index, columns, statistics, &scales, UINT32_C(1) << column);
	relation_close(index, AccessShareLock);
	PG_RETURN_FLOAT8(scales.in_force[column]);
}
