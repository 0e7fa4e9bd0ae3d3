/*-------------------------------------------------------------------------
 *
 * whole_table.c
 *	  Scans of the whole table, for when the values of a scan make a sum that
 *	  the index cannot search for, or when a search is not worthwhile.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "plan/scan.h"

/*
 * The state of such a scan.
 */
typedef struct TableState
{
	TableScanDesc table;
	MMRowSort  *sort;			/* of its rows; NULL: they come as they lie */
} TableState;

/*
 * The next row of the table that passes all checks that can be made.
 */
static bool
next_table_row(MMScanState *s, double *value, bool *isnull)
{
	TableScanDesc table = ((TableState *) s->state)->table;

	while (table_scan_getnextslot(table, ForwardScanDirection, s->css.ss.ss_ScanTupleSlot))
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
 * Begin to read the whole table, and sort it if an order is asked for.
 */
static void
begin_table(MMScanState *s)
{
	TableState *state = palloc0(sizeof(TableState));
	double		value;
	bool		isnull;

	s->state = state;
	s->counts.table_scans++;
	state->table = table_beginscan(s->css.ss.ss_currentRelation,
								   s->css.ss.ps.state->es_snapshot, 0, NULL);
	/* All rows are equal if the sum is NULL for all of them. */
	if (!s->plan->ordered || s->sums[0]->kind == MM_SUM_NULL)
		return;
	state->sort = mm_row_sort_begin(s, s->k);
	while (next_table_row(s, &value, &isnull))
		mm_row_sort_put(state->sort, value, isnull, &s->css.ss.ss_ScanTupleSlot->tts_tid);
	mm_row_sort_perform(state->sort);
}

static TupleTableSlot *
next_of_table(MMScanState *s)
{
	TableState *state = s->state;
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	double		value = 0.0;
	bool		isnull = true;

	if (state->sort != NULL)
		return mm_row_sort_next(state->sort);
	if (!next_table_row(s, &value, &isnull))
		return ExecClearTuple(slot);
	s->value = value;
	s->isnull = isnull;
	return slot;
}

static void
end_table(MMScanState *s)
{
	TableState *state = s->state;

	if (state->sort != NULL)
		mm_row_sort_end(state->sort);
	table_endscan(state->table);
}

const MMScanMode mm_table_mode = {
	.begin = begin_table,
	.next = next_of_table,
	.end = end_table,
};

void
mm_scan_table_instead(MMScanState *s)
{
	MemoryContext old = MemoryContextSwitchTo(s->context);

	s->mode->end(s);
	s->mode = &mm_table_mode;
	s->mode->begin(s);
	MemoryContextSwitchTo(old);
}
