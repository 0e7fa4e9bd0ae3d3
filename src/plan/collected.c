/*-------------------------------------------------------------------------
 *
 * collected.c
 *	  Scans without order: the index is searched to the end, and what it leaves
 *	  is read in the order of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "compat.h"
#include "plan/scan.h"

/*
 * What collecting candidates needs.
 */
typedef struct Collector
{
	MMScanState *s;
	double		proof;			/* upper bounds less than this prove a row */
} Collector;

static void
collect(const MMCandidate *candidate, void *arg)
{
	Collector  *collector = arg;
	ItemPointerData tid = candidate->tid;
	bool		unproved = !(candidate->upper < collector->proof);

	tuplesort_putdatum(collector->s->sort,
					   Int64GetDatum((mm_place_number(&tid) << 1) | unproved), false);
}

/*
 * A row that has been collected, as an item to look ahead to.
 */
typedef struct CollectedRow
{
	ItemPointerData tid;
	bool		proved;
} CollectedRow;

static bool
next_collected(void *state, bool needed, void *item)
{
	MMScanState *s = state;
	CollectedRow *row = item;
	Datum		datum;
	bool		isnull;

	while (MM_TUPLESORT_GETDATUM(s->sort, true, &datum, &isnull))
	{
		int64		number = DatumGetInt64(datum);

		/* Found by several sums; the one that proves it comes first. */
		if (number >> 1 == s->last >> 1 && s->last >= 0)
			continue;
		s->last = number;
		mm_number_place(number >> 1, &row->tid);
		row->proved = (number & 1) == 0;
		return true;
	}
	return false;
}

/*
 * Collect the candidates of all sums.
 */
void
mm_scan_collected_begin(MMScanState *s)
{
	s->sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
									work_mem, NULL, TUPLESORT_NONE);
	for (int i = 0; i < (s->plan->any ? s->plan->ndrivers : 1); i++)
	{
		MMSumState *sum = s->sums[i];
		Collector	collector = {.s = s};
		MMSearchTerm *terms;
		double		bound = mm_sum_search_bound(sum, sum->bound);
		bool		complete;
		int			n;

		if (sum->kind == MM_SUM_NULL || sum->null_bound || bound < 0)
			continue;
		n = mm_sum_search_terms(sum, s->columns, &terms, &complete);

		/*
		 * With several sums, a row that one of them proves is checked still.
		 * Bounds know no numbers above FLT_MAX.
		 */
		collector.proof = complete && s->plan->ndrivers == 1 && sum->driver->sum->exact ?
			Min(bound - (fabs(bound) + sum->magnitude) * 1e-11, FLT_MAX) : -1.0;
		s->search = mm_search_begin(s->index, s->columns, terms, n, false, bound);
		mm_scan_add_other_sums(s);
		mm_search_table(s->search, s->css.ss.ss_currentRelation);
		mm_search_all(s->search, collect, &collector);
		mm_counts_add_search(s);
		mm_search_end(s->search);
		s->search = NULL;
	}
	tuplesort_performsort(s->sort);
	s->last = -1;
	mm_lookahead_init(&s->ahead, s->css.ss.ss_currentRelation, sizeof(CollectedRow),
					  next_collected, s);
}

TupleTableSlot *
mm_scan_collected_next(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	CollectedRow row;

	while (mm_lookahead_next(&s->ahead, &row))
	{
		double		value;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (!mm_scan_read(s, &row.tid))
			continue;
		s->counts.proved += row.proved;
		/* Where any sum will do, the quals have the conditions. */
		if (!row.proved && !s->plan->any &&
			(!mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, s->sums[0]->bound,
							  &value, &isnull) ||
			 !mm_scan_passes_conditions(s, s->sums[0]) || !mm_scan_passes_other_sums(s)))
			continue;
		return slot;
	}
	return ExecClearTuple(slot);
}
