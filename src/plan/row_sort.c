/*-------------------------------------------------------------------------
 *
 * row_sort.c
 *	  Rows sorted by their sums, for when memory is not enough.
 *
 * The sort has only values of the expression, and places.  Rows are read again
 * when their turn comes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "compat.h"
#include "plan/scan.h"

struct MMRowSort
{
	MMScanState *scan;
	Tuplesortstate *tuples;
	TupleTableSlot *slot;
	int64		left;			/* rows that are wanted; -1: all */
};

MMRowSort *
mm_row_sort_begin(MMScanState *s, int64 k)
{
	MMRowSort  *sort = palloc(sizeof(MMRowSort));
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	AttrNumber	column = 1;
	TypeCacheEntry *type = lookup_type_cache(FLOAT8OID, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	Oid			operator = s->sums[0]->driver->sum->negated ? type->gt_opr : type->lt_opr;
	Oid			collation = InvalidOid;

	TupleDescInitEntry(desc, 1, "value", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "place", INT8OID, -1, 0);
	sort->scan = s;
	sort->tuples = tuplesort_begin_heap(desc, 1, &column, &operator, &collation,
										&s->plan->nulls_first, work_mem, NULL,
										k > 0 ? TUPLESORT_ALLOWBOUNDED : TUPLESORT_NONE);
	sort->left = k > 0 ? k : -1;
	if (k > 0)
		tuplesort_set_bound(sort->tuples, k);
	sort->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	return sort;
}

void
mm_row_sort_put(MMRowSort *sort, double value, bool isnull, ItemPointer tid)
{
	TupleTableSlot *slot = sort->slot;

	ExecClearTuple(slot);
	slot->tts_values[0] = Float8GetDatum(sort->scan->sums[0]->driver->sum->negated ? -value : value);
	slot->tts_isnull[0] = isnull;
	slot->tts_values[1] = Int64GetDatum(mm_place_number(tid));
	slot->tts_isnull[1] = false;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(sort->tuples, slot);
}

void
mm_row_sort_perform(MMRowSort *sort)
{
	TupleDesc	desc = sort->slot->tts_tupleDescriptor;

	tuplesort_performsort(sort->tuples);
	mm_counts_sort(sort->scan, sort->tuples);
	ExecDropSingleTupleTableSlot(sort->slot);
	sort->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

TupleTableSlot *
mm_row_sort_next(MMRowSort *sort)
{
	MMScanState *scan = sort->scan;
	ScanState  *node = &scan->css.ss;
	TupleTableSlot *slot = node->ss_ScanTupleSlot;
	bool		isnull;
	ItemPointerData tid;

	/*
	 * Where a partition's scan, though it is in order, is only appended to others,
	 * more are asked for.
	 */
	if (sort->left == 0)
		return ExecClearTuple(slot);
	sort->left -= sort->left > 0;
	if (!tuplesort_gettupleslot(sort->tuples, true, false, sort->slot, NULL))
		return ExecClearTuple(slot);
	mm_number_place(DatumGetInt64(slot_getattr(sort->slot, 2, &isnull)), &tid);
	if (!table_tuple_fetch_row_version(node->ss_currentRelation, &tid,
									   node->ps.state->es_snapshot, slot))
		elog(ERROR, "could not read a row again");
	scan->value = DatumGetFloat8(slot_getattr(sort->slot, 1, &scan->isnull));
	if (scan->sums[0]->driver->sum->negated)
		scan->value = -scan->value;
	return slot;
}

void
mm_row_sort_end(MMRowSort *sort)
{
	tuplesort_end(sort->tuples);
	ExecDropSingleTupleTableSlot(sort->slot);
}
