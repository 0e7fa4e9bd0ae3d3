/*-------------------------------------------------------------------------
 *
 * measure.c
 *	  mm_measure_scales: what a build would measure, over the whole table.
 *
 * A SELECT reads the table's rows, including those of its partitions, its
 * children by inheritance, and foreign tables among them.  They go into one
 * sample, in which each partition has the share that it has of the rows.  The
 * sample is measured as an index build measures its own.  For a plain table,
 * the results are those that REINDEX would find.
 *
 * As in maintenance commands, whatever an index's expressions and metrics call
 * runs as the table's owner.  The user must be allowed to read everything that
 * is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_constraint.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "index/key.h"
#include "index/open.h"
#include "index/options.h"
#include "index/owner.h"
#include "index/rights.h"
#include "model/statistics.h"
#include "query/query.h"

PG_FUNCTION_INFO_V1(mm_measure_scales);

/* ---------- rights ---------- */

Bitmapset *
mm_index_table_columns(Relation index, bool with_predicate)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < index->rd_index->indnatts; i++)
		if (index->rd_index->indkey.values[i] != 0)
			columns = bms_add_member(columns, index->rd_index->indkey.values[i] -
									 FirstLowInvalidHeapAttributeNumber);
	pull_varattnos((Node *) mm_stored_expressions(index), 1, &columns);
	if (with_predicate)
		pull_varattnos(mm_stored_predicate(index), 1, &columns);
	return columns;
}

/*
 * Raise an error unless the user may read, in all rows of the table, whatever
 * the index uses.
 */
static void
require_readable(Relation index, Relation table)
{
	if (!mm_may_read(RelationGetRelid(table), mm_index_table_columns(index, true)))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(table));
	if (check_enable_rls(RelationGetRelid(table), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security restricts what the user may read of table \"%s\"",
						RelationGetRelationName(table)),
				 errhint("Scales can be measured by the table's owner and by roles with BYPASSRLS.")));
}

/* ---------- reading ---------- */

/*
 * A receiver of rows, which have the primary key first and then the index's
 * columns.
 */
typedef struct Receiver
{
	DestReceiver pub;
	MMSample   *sample;
	int			nkeys;			/* columns of the primary key; 0: there is none */
	int			ncolumns;
	MemoryContext scratch;		/* reset for each row */
} Receiver;

static bool
receive_slot(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	uint64		key = 0;
	MemoryContext old = MemoryContextSwitchTo(receiver->scratch);

	slot_getallattrs(slot);
	for (int i = 0; i < receiver->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, i);

		key = mm_sample_key(key, slot->tts_values[i], slot->tts_isnull[i],
							att->attbyval, att->attlen);
	}
	memcpy(values, slot->tts_values + receiver->nkeys, sizeof(Datum) * receiver->ncolumns);
	memcpy(isnull, slot->tts_isnull + receiver->nkeys, sizeof(bool) * receiver->ncolumns);
	mm_sample_add(receiver->sample, receiver->nkeys > 0 ? &key : NULL, values, isnull);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->scratch);
	return true;
}

static void
receive_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	(void) self;
	(void) operation;
	(void) desc;
}

static void
receive_end(DestReceiver *self)
{
	(void) self;
}

/*
 * Append the columns of the table's primary key, each followed by a comma.
 * Returns their number.  Children by inheritance need not obey the key.
 */
static int
append_primary_key(StringInfo sql, Relation table, const char *alias)
{
	Oid			constraint;
	Bitmapset  *columns;
	int			column = -1;

	if (!mm_not_null_holds(RelationGetRelid(table)))
		return 0;
	columns = get_primary_key_attnos(RelationGetRelid(table), false, &constraint);
	while ((column = bms_next_member(columns, column)) >= 0)
		appendStringInfo(sql, "%s.%s, ", alias,
						 quote_identifier(get_attname(RelationGetRelid(table),
													  column + FirstLowInvalidHeapAttributeNumber,
													  false)));
	return bms_num_members(columns);
}

/*
 * Sample the rows of the table that belong in the index, including rows of its
 * children.
 */
static MMSample *
sample_rows(Relation index, MMColumns *columns, Relation table)
{
	MMSqlStyle	style;
	StringInfoData sql;
	List	   *predicate = RelationGetIndexPredicate(index);
	SPIExecuteOptions options = {0};
	SPIPlanPtr	plan;
	Receiver	receiver = {
		.pub = {
			.receiveSlot = receive_slot,
			.rStartup = receive_startup,
			.rShutdown = receive_end,
			.rDestroy = receive_end,
			.mydest = DestNone,
		},
		.ncolumns = columns->n,
	};

	mm_sql_style(&style, index, columns, table);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	receiver.nkeys = append_primary_key(&sql, table, style.alias);
	for (int i = 0; i < columns->n; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "",
						 mm_sql_column(&style, &columns->columns[i]));
	appendStringInfo(&sql, " FROM %s AS %s", mm_sql_table(table), style.alias);
	if (predicate != NIL)
		appendStringInfo(&sql, " WHERE %s",
						 deparse_expression((Node *) make_ands_explicit(predicate),
											deparse_context_for(style.alias, RelationGetRelid(table)),
											true, false));

	receiver.sample = mm_sample_begin(columns, mm_options_get(index).sample_rows);
	receiver.scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb measuring",
											 ALLOCSET_DEFAULT_SIZES);
	options.read_only = true;
	options.dest = &receiver.pub;
	SPI_connect();
	/*
	 * The plan is not parallel, so that rows come in the same order each time.
	 */
	plan = SPI_prepare_cursor(sql.data, 0, NULL, 0);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql.data, SPI_result_code_string(SPI_result));
	SPI_execute_plan_extended(plan, &options);
	SPI_finish();
	mm_sample_finish(receiver.sample);
	return receiver.sample;
}

/* ---------- the function ---------- */

MMMeta *
mm_scales_measure(Oid oid, MMColumns **columns)
{
	Oid			table_oid = IndexGetRelation(oid, true);
	Relation	table = NULL;
	Relation	index;
	MMMeta	   *meta;
	MMAsOwner	before;

	/* Lock the table before the index, as everybody does. */
	if (OidIsValid(table_oid))
		table = table_open(table_oid, AccessShareLock);
	index = mm_index_open(oid, false);
	if (table == NULL || index->rd_index->indrelid != table_oid)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("could not open the table of index \"%s\"",
						RelationGetRelationName(index))));
	require_readable(index, table);

	before = mm_as_owner(table);
	*columns = mm_columns_open(index);
	meta = mm_statistics_measure(sample_rows(index, *columns, table), *columns, 0);
	mm_as_self(&before);
	relation_close(index, AccessShareLock);
	table_close(table, NoLock);
	return meta;
}

/*
 * mm_measure_scales(index_name)
 */
Datum
mm_measure_scales(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MMColumns  *columns;
	MMMeta	   *meta;

	InitMaterializedSRF(fcinfo, 0);
	meta = mm_scales_measure(PG_GETARG_OID(0), &columns);
	for (int i = 0; i < columns->n; i++)
	{
		MMColumnStatistics *stats = &meta->columns[i];
		Datum		values[6];
		bool		isnull[6] = {false};

		values[0] = Int32GetDatum(i + 1);
		values[1] = CStringGetTextDatum(columns->columns[i].name);
		values[2] = Int64GetDatum(stats->count);
		values[3] = Float8GetDatum(stats->mean);
		values[4] = Float8GetDatum(stats->variance);
		values[5] = Float8GetDatum(stats->scale);
		isnull[3] = isnull[4] = isnull[5] = stats->pairs == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
	}
	return (Datum) 0;
}
