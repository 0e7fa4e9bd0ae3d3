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
#include "storage/bufmgr.h"
#include "utils/float.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "compat.h"
#include "plan/scan.h"

/* At most so many rows are prefetched. */
#define MAX_PREFETCH	32

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
	s->ahead = palloc(sizeof(int64) * (MAX_PREFETCH + 1));
	s->nahead = 0;
	s->last = -1;
}

/*
 * The next collected row, and whether it is proved; false if there are no more.
 */
static bool
next_collected_place(MMScanState *s, ItemPointer tid, bool *proved)
{
	Relation	heap = s->css.ss.ss_currentRelation;
	int			most = 1 + Min(get_tablespace_io_concurrency(heap->rd_rel->reltablespace),
							   MAX_PREFETCH);
	Datum		datum;
	bool		isnull;
	int64		number;

	while (s->nahead < most && MM_TUPLESORT_GETDATUM(s->sort, true, &datum, &isnull))
	{
		number = DatumGetInt64(datum);
		/* Found by several sums; the one that proves it comes first. */
		if (number >> 1 == s->last >> 1 && s->last >= 0)
			continue;
		if (s->nahead > 0 && number >> 17 != s->last >> 17)
			PrefetchBuffer(heap, MAIN_FORKNUM, (BlockNumber) (number >> 17));
		s->last = number;
		s->ahead[s->nahead++] = number;
	}
	if (s->nahead == 0)
		return false;
	number = s->ahead[0];
	memmove(s->ahead, s->ahead + 1, sizeof(int64) * --s->nahead);
	mm_number_place(number >> 1, tid);
	*proved = (number & 1) == 0;
	return true;
}

TupleTableSlot *
mm_scan_collected_next(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	ItemPointerData tid;
	bool		proved;

	while (next_collected_place(s, &tid, &proved))
	{
		double		value;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (!mm_scan_read(s, &tid))
			continue;
		s->counts.proved += proved;
		/* Where any sum will do, the quals have the conditions. */
		if (!proved && !s->plan->any &&
			(!mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, s->sums[0]->bound,
							  &value, &isnull) ||
			 !mm_scan_passes_conditions(s, s->sums[0]) || !mm_scan_passes_other_sums(s)))
			continue;
		return slot;
	}
	return ExecClearTuple(slot);
}
