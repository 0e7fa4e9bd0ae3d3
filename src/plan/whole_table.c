/*-------------------------------------------------------------------------
 *
 * whole_table.c
 *	  Sorting rows by their sums, where memory does not do; and scans of a whole
 *	  table.
 *
 * A sort has values of the expression, and places; rows are read again when their
 * turn comes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/typcache.h"

#include "compat.h"
#include "plan/scan.h"

/*
 * Begin to sort rows by their values; for an ordered scan that cannot be
 * answered from memory.
 */
void
mm_scan_sort_begin(MMScanState *s)
{
	TupleDesc	desc = CreateTemplateTupleDesc(2);
	AttrNumber	column = 1;
	TypeCacheEntry *type = lookup_type_cache(FLOAT8OID, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	Oid			operator = s->sums[0]->driver->sum->negated ? type->gt_opr : type->lt_opr;
	Oid			collation = InvalidOid;

	TupleDescInitEntry(desc, 1, "value", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "place", INT8OID, -1, 0);
	s->sort = tuplesort_begin_heap(desc, 1, &column, &operator, &collation, &s->plan->nulls_first,
								   work_mem, NULL,
								   s->k > 0 ? TUPLESORT_ALLOWBOUNDED : TUPLESORT_NONE);
	s->sorted = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
}

void
mm_scan_sort_put(MMScanState *s, double value, bool isnull, ItemPointer tid)
{
	ExecClearTuple(s->sorted);
	s->sorted->tts_values[0] = Float8GetDatum(s->sums[0]->driver->sum->negated ? -value : value);
	s->sorted->tts_isnull[0] = isnull;
	s->sorted->tts_values[1] = Int64GetDatum(mm_place_number(tid));
	s->sorted->tts_isnull[1] = false;
	ExecStoreVirtualTuple(s->sorted);
	tuplesort_puttupleslot(s->sort, s->sorted);
}

void
mm_scan_sort_perform(MMScanState *s)
{
	TupleDesc	desc = s->sorted->tts_tupleDescriptor;

	tuplesort_performsort(s->sort);
	ExecDropSingleTupleTableSlot(s->sorted);
	s->sorted = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

/*
 * The next row of the sort, in the scan's slot.
 */
TupleTableSlot *
mm_scan_sort_next(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	bool		isnull;
	ItemPointerData tid;

	if (!tuplesort_gettupleslot(s->sort, true, false, s->sorted, NULL))
		return ExecClearTuple(slot);
	mm_number_place(DatumGetInt64(slot_getattr(s->sorted, 2, &isnull)), &tid);
	if (!table_tuple_fetch_row_version(s->css.ss.ss_currentRelation, &tid,
									   s->css.ss.ps.state->es_snapshot, slot))
		elog(ERROR, "could not read a row again");
	return slot;
}

/*
 * The next row of the table that passes what can be checked.
 */
static bool
next_table_row(MMScanState *s, double *value, bool *isnull)
{
	while (table_scan_getnextslot(s->table, ForwardScanDirection, s->css.ss.ss_ScanTupleSlot))
	{
		CHECK_FOR_INTERRUPTS();
		if (!mm_scan_passes_quals(s))
			continue;
		if (s->plan->any ||
			(mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, get_float8_infinity(),
							 value, isnull) &&
			 mm_scan_passes_conditions(s, s->sums[0]) && mm_scan_passes_other_sums(s)))
			return true;
	}
	return false;
}

/*
 * Begin to read the whole table, and sort it if that is asked for.
 */
void
mm_scan_table_begin(MMScanState *s)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);
	double		value;
	bool		isnull;

	s->mode = MM_SCAN_TABLE;
	s->counts.table_scans++;
	s->table = table_beginscan(s->css.ss.ss_currentRelation,
							   s->css.ss.ps.state->es_snapshot, 0, NULL);
	/* All the same, if NULL for all rows. */
	if (!s->plan->ordered || s->sums[0]->kind == MM_SUM_NULL)
	{
		MemoryContextSwitchTo(old);
		return;
	}
	mm_scan_sort_begin(s);
	if (s->k > 0)
		tuplesort_set_bound(s->sort, s->k);
	while (next_table_row(s, &value, &isnull))
		mm_scan_sort_put(s, value, isnull, &s->css.ss.ss_ScanTupleSlot->tts_tid);
	mm_scan_sort_perform(s);
	MemoryContextSwitchTo(old);
}

TupleTableSlot *
mm_scan_table_next(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	double		value;
	bool		isnull;

	if (s->sort != NULL)
		return mm_scan_sort_next(s);
	if (!next_table_row(s, &value, &isnull))
		return ExecClearTuple(slot);
	return slot;
}
