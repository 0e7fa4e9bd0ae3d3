/*-------------------------------------------------------------------------
 *
 * collected.c
 *	  Scans without order: the index is searched to the end, and the candidates
 *	  it leaves are read in the order of the table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"

#include "compat.h"
#include "plan/scan.h"
#include "search/lookahead.h"

/*
 * The state of such a scan.
 */
typedef struct CollectedState
{
	Tuplesortstate *sort;		/* places as numbers, with a bit: not proved */
	double		proof;			/* of the search: upper bounds less than this prove
								 * a row */
	int64		last;			/* the number last had from the sort; or -1 */
	MMLookahead ahead;			/* of CollectedRow */
} CollectedState;

typedef struct CollectedRow
{
	ItemPointerData tid;
	bool		proved;			/* no need to check its sum */
} CollectedRow;

static void
collect(const MMCandidate *candidate, void *arg)
{
	CollectedState *state = arg;
	ItemPointerData tid = candidate->tid;
	bool		unproved = !(candidate->upper < state->proof);

	tuplesort_putdatum(state->sort,
					   Int64GetDatum((mm_place_number(&tid) << 1) | unproved), false);
}

/*
 * The next row that has been collected, for the lookahead.
 */
static bool
next_collected(void *arg, bool needed, void *item)
{
	CollectedState *state = arg;
	CollectedRow *row = item;
	Datum		datum;
	bool		isnull;

	while (MM_TUPLESORT_GETDATUM(state->sort, true, &datum, &isnull))
	{
		int64		number = DatumGetInt64(datum);

		/*
		 * Several sums may find the same row.  The entry that is proved comes
		 * first.
		 */
		if (number >> 1 == state->last >> 1 && state->last >= 0)
			continue;
		state->last = number;
		mm_number_place(number >> 1, &row->tid);
		row->proved = (number & 1) == 0;
		return true;
	}
	return false;
}

/*
 * Collect the candidates of all sums.
 */
static void
begin_collected(MMScanState *s)
{
	CollectedState *state = palloc0(sizeof(CollectedState));

	s->state = state;
	state->last = -1;
	state->sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
										work_mem, NULL, TUPLESORT_NONE);
	for (int i = 0; i < (s->plan->any ? s->plan->ndrivers : 1); i++)
	{
		MMSumState *sum = s->sums[i];
		MMTerm *terms;
		double		bound = mm_sum_search_bound(sum, sum->bound);
		bool		complete;
		int			n;

		if (sum->kind == MM_SUM_NULL || sum->null_bound || bound < 0)
			continue;
		n = mm_sum_search_terms(sum, s->columns, &terms, &complete);

		/*
		 * With several sums, a row that one of them proves is still checked.
		 * Bounds do not go above FLT_MAX.
		 */
		state->proof = complete && s->plan->ndrivers == 1 && sum->driver->sum->exact ?
			Min(bound - (fabs(bound) + sum->magnitude) * 1e-11, FLT_MAX) : -1.0;
		s->search = mm_search_begin(s->index, s->columns, terms, n, false, bound);
		mm_scan_add_other_sums(s);
		mm_search_table(s->search, s->css.ss.ss_currentRelation);
		mm_search_all(s->search, collect, state);
		mm_counts_end_search(s);
	}
	tuplesort_performsort(state->sort);
	mm_counts_sort(s, state->sort);
	mm_lookahead_init(&state->ahead, s->css.ss.ss_currentRelation, sizeof(CollectedRow),
					  next_collected, state);
}

static TupleTableSlot *
next_in_place(MMScanState *s)
{
	CollectedState *state = s->state;
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	CollectedRow row;

	while (mm_lookahead_next(&state->ahead, &row))
	{
		double		value;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (!mm_scan_read(s, &row.tid))
			continue;
		s->counts.proved += row.proved;
		/* If any sum is enough, the conditions are in the quals. */
		if (!row.proved && !s->plan->any &&
			(!mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, s->sums[0]->bound,
							  &value, &isnull) ||
			 !mm_scan_passes_conditions(s, s->sums[0]) || !mm_scan_passes_other_sums(s)))
			continue;
		return slot;
	}
	return ExecClearTuple(slot);
}

static void
end_collected(MMScanState *s)
{
	mm_counts_end_search(s);
	tuplesort_end(((CollectedState *) s->state)->sort);
}

const MMScanMode mm_collected_mode = {
	.begin = begin_collected,
	.next = next_in_place,
	.end = end_collected,
};
