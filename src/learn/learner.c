/*-------------------------------------------------------------------------
 *
 * learner.c
 *	  What learning has in common: the index, statements over its table, and
 *	  the distances of a row from an example.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "access/relation.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/open.h"
#include "index/rights.h"
#include "learn/learner.h"
#include "model/statistics.h"

/*
 * What an infinite distance is replaced by: far more than distances of finite
 * values.
 */
#define FAR_AWAY	1e6

MMLearner *
mm_learner_open(Oid oid)
{
	MMLearner  *learner = palloc0(sizeof(MMLearner));

	learner->context = MM_GENERATION_CONTEXT(CurrentMemoryContext, "mmdb examples");
	learner->candidates = AllocSetContextCreate(CurrentMemoryContext, "mmdb candidates",
												ALLOCSET_DEFAULT_SIZES);
	learner->scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb learner",
											 ALLOCSET_DEFAULT_SIZES);
	learner->index = mm_index_open(oid, false);
	mm_index_require_valid(learner->index);
	learner->table = table_open(learner->index->rd_index->indrelid, AccessShareLock);
	learner->by_key = !mm_has_storage(RelationGetRelid(learner->table));
	learner->columns = mm_columns_present(learner->index);
	learner->m = learner->columns->n;
	learner->statistics = mm_statistics_get(learner->index, learner->columns);
	mm_scales_get(learner->index, learner->columns, learner->statistics, &learner->scales);
	for (int c = 0; c < learner->m; c++)
		if (!learner->scales.pinned[c])
			mm_statistics_require(learner->columns, c, NULL);
	mm_sql_style(&learner->style, learner->index, learner->columns, learner->table);
	for (int c = 0; c < learner->m; c++)
		learner->usable[c] = OidIsValid(learner->columns->columns[c].opclass) ? 1 : 0;
	return learner;
}

void
mm_learner_close(MMLearner *learner)
{
	table_close(learner->table, NoLock);
	relation_close(learner->index, NoLock);
}

/* ---------- statements ---------- */

/*
 * A receiver of rows.  A row has its table, its ctid, a distance, the columns, and
 * then the key, to sort by, and in some tables to identify it.  There its ctid is NULL.
 */
typedef struct Receiver
{
	DestReceiver pub;
	MMLearner  *learner;
	MMReceiveRow receive;
	void	   *arg;
} Receiver;

/*
 * The identity of a row as such a statement returns it.
 */
static MMRowId
identify(MMLearner *learner, const Datum *values)
{
	Oid			table = DatumGetObjectId(values[0]);

	if (learner->ids != NULL)
		return mm_row_id_of_key(learner->ids, mm_not_null_holds(RelationGetRelid(learner->table)) ?
								InvalidOid : table, values + 3 + learner->m);
	return (MMRowId) {.table = table, .tid = *(ItemPointer) DatumGetPointer(values[1])};
}

static bool
receive_slot(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	MemoryContext old;
	MMRow		row;

	slot_getallattrs(slot);
	/* If there is no value in any column, the distance may be NULL. */
	row.distance = slot->tts_isnull[2] ? HUGE_VAL : DatumGetFloat8(slot->tts_values[2]);
	row.values = slot->tts_values + 3;
	row.isnull = slot->tts_isnull + 3;

	old = MemoryContextSwitchTo(receiver->learner->scratch);
	row.id = identify(receiver->learner, slot->tts_values);
	receiver->receive(receiver->learner, &row, receiver->arg);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->learner->scratch);
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

char *
mm_learner_order(MMLearner *learner)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "3");
	for (int i = 0; i < mm_key_get(learner)->n; i++)
		appendStringInfo(&buf, ", %d", 3 + learner->m + i + 1);
	/* Children by inheritance may repeat keys of their parent. */
	appendStringInfoString(&buf, ", 1, 2");
	return buf.data;
}

void
mm_learner_run(MMLearner *learner, const char *distance, const char *tail, ParamListInfo params,
			   Oid *types, MMReceiveRow receive, void *arg)
{
	const char *alias = learner->style.alias;
	const MMPrimaryKey *key = mm_key_get(learner);
	StringInfoData sql;
	SPIExecuteOptions options = {0};
	Oid			no_types = InvalidOid;
	Receiver	receiver = {
		.pub = {
			.receiveSlot = receive_slot,
			.rStartup = receive_startup,
			.rShutdown = receive_end,
			.rDestroy = receive_end,
			.mydest = DestNone,
		},
		.learner = learner,
		.receive = receive,
		.arg = arg,
	};

	if (learner->by_key && learner->ids == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(learner->context);

		learner->ids = mm_row_ids_create(key);
		MemoryContextSwitchTo(old);
	}
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT * FROM (SELECT %s.tableoid, %s, %s", alias,
					 learner->ids != NULL ? "NULL::pg_catalog.tid" : psprintf("%s.ctid", alias),
					 distance ? distance : "NULL::pg_catalog.float8");
	for (int c = 0; c < learner->m; c++)
		appendStringInfo(&sql, ", %s", mm_sql_column(&learner->style, &learner->columns->columns[c]));
	for (int i = 0; i < key->n; i++)
		appendStringInfo(&sql, ", %s.%s", alias, key->names[i]);
	appendStringInfo(&sql, " FROM %s AS %s %s) AS found ORDER BY %s", mm_sql_table(learner->table),
					 alias, tail, mm_learner_order(learner));

	options.params = params;
	options.read_only = true;
	options.dest = &receiver.pub;
	mm_plan_execute(sql.data, params ? params->numParams : 0, params ? types : &no_types, &options);
	pfree(sql.data);
}

/* ---------- distances ---------- */

void **
mm_learner_prepare(MMLearner *learner, const MMExample *example)
{
	void	  **prepared = palloc(sizeof(void *) * example->terms->n);

	for (int i = 0; i < example->terms->n; i++)
	{
		const MMTerm *term = &example->terms->terms[i];

		prepared[i] = mm_metric_prepare(&learner->columns->columns[term->column].space, term->value);
	}
	return prepared;
}

void
mm_learner_distances(MMLearner *learner, const MMExample *example, void **prepared,
					 const MMRow *row, double *x)
{
	memset(x, 0, sizeof(double) * learner->m);
	for (int i = 0; i < example->terms->n; i++)
	{
		const MMTerm *term = &example->terms->terms[i];
		MMColumn   *column = &learner->columns->columns[term->column];

		x[term->column] = row->isnull[term->column] ||
			mm_metric_is_null(&column->space, row->values[term->column]) ? 1.0 :
			Min(mm_metric_distance(&column->space, prepared[i], row->values[term->column],
								   METRIC_NO_BOUND) / term->scale, FAR_AWAY);
	}
}

int
mm_row_compare(const void *a, const void *b)
{
	const MMRowId *x = a;
	const MMRowId *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return ItemPointerCompare((ItemPointer) &x->tid, (ItemPointer) &y->tid);
}
