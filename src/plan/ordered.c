/*-------------------------------------------------------------------------
 *
 * ordered.c
 *	  Ordered scans: candidates from the index, best first, verified and kept
 *	  until no candidate can be less.
 *
 * A row that is no greater than the bound of its own candidate comes at once:
 * what is kept is greater than that, and no other candidate is less.  So rows of
 * equal distance come one by one, as long as their bounds are exact.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "plan/scan.h"

/*
 * Verifying a row costs about as much as a scan of the table takes for this
 * many rows, or for this many if most of them fail a qual; and bounding this many
 * entries as much as verifying one.
 */
#define ROWS_PER_VERIFICATION		4
#define FILTERED_ROWS_PER_VERIFICATION	8
#define ENTRIES_PER_VERIFICATION	50

/*
 * A verified row, not yet handed out.
 */
typedef struct PendingRow
{
	pairingheap_node node;
	double		value;
	bool		isnull;
	HeapTuple	row;
} PendingRow;

static int
compare_values(double a, bool a_null, double b, bool b_null)
{
	if (a_null || b_null)
		return (int) a_null - (int) b_null;
	return float8_cmp_internal(a, b);
}

static int
compare_pending(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	const PendingRow *x = (const PendingRow *) a;
	const PendingRow *y = (const PendingRow *) b;

	return -compare_values(x->value, x->isnull, y->value, y->isnull);
}

/*
 * A row has this value: with k of them, those that are greater than k others
 * are not wanted any more.
 */
static void
count_nearest(MMScanState *s, double value)
{
	double	   *heap = s->nearest;
	int64		i;

	if (s->nnearest < s->k)
	{
		if ((s->nnearest & (s->nnearest - 1)) == 0)
			s->nearest = heap = s->nnearest == 0 ? palloc(sizeof(double)) :
				repalloc_huge(heap, sizeof(double) * s->nnearest * 2);
		for (i = s->nnearest++; i > 0 && heap[(i - 1) / 2] < value; i = (i - 1) / 2)
			heap[i] = heap[(i - 1) / 2];
		heap[i] = value;
	}
	else
	{
		int64		child;

		for (i = 0; (child = 2 * i + 1) < s->k; i = child)
		{
			if (child + 1 < s->k && heap[child + 1] > heap[child])
				child++;
			if (heap[child] <= value)
				break;
			heap[i] = heap[child];
		}
		heap[i] = value;
	}
	if (s->nnearest == s->k)
		mm_search_bound(s->search, mm_sum_search_bound(s->sums[0], heap[0]));
}

/*
 * The value above which no row is wanted.
 */
static double
greatest_wanted(MMScanState *s)
{
	double		most = s->sums[0]->bound;

	if (s->k > 0 && s->nnearest == s->k)
		most = Min(most, s->nearest[0]);
	return most;
}

/*
 * Verify a candidate.  True if its row, in the scan's slot, comes next; otherwise
 * that is kept until its turn comes, if it is wanted.
 */
static bool
verify_candidate(MMScanState *s, MMCandidate *candidate)
{
	MMSumState *sum = s->sums[0];
	PendingRow *pending;
	double		most = greatest_wanted(s);
	double		value;
	bool		isnull;
	MemoryContext old;

	if (!mm_scan_read(s, &candidate->tid) ||
		!mm_sum_evaluate(sum, s->css.ss.ps.ps_ExprContext, most, &value, &isnull) ||
		!mm_scan_passes_conditions(s, sum) || !mm_scan_passes_other_sums(s))
		return false;
	if (isnull && s->plan->nulls_first)
		return false;			/* these have come already */
	if (s->sort != NULL)
	{
		mm_scan_sort_put(s, value, isnull, &s->css.ss.ss_ScanTupleSlot->tts_tid);
		return false;
	}
	old = MemoryContextSwitchTo(s->context);
	if (s->k > 0 && !isnull && !isnan(value))
	{
		if (s->nnearest < s->k || value < s->nearest[0])
			count_nearest(s, value);
		else if (isfinite(most))
		{
			MemoryContextSwitchTo(old);
			return false;		/* there are k that are no greater */
		}
	}
	if (!candidate->is_null && !isnull && value <= mm_sum_least_value(sum, candidate->lower))
	{
		MemoryContextSwitchTo(old);
		return true;
	}
	pending = palloc(sizeof(PendingRow));
	pending->value = value;
	pending->isnull = isnull;
	pending->row = ExecCopySlotHeapTuple(s->css.ss.ss_ScanTupleSlot);
	pairingheap_add(s->pending, &pending->node);
	s->pending_size += sizeof(PendingRow) + HEAPTUPLESIZE + pending->row->t_len;
	s->counts.peak_memory = Max(s->counts.peak_memory, s->pending_size);
	MemoryContextSwitchTo(old);
	return false;
}

/*
 * Must the row come before the candidate that is next?
 */
static bool
precedes_next(MMScanState *s, const PendingRow *row)
{
	double		least;

	if (s->next.is_null || row->isnull)
		return s->next.is_null;
	least = mm_sum_least_value(s->sums[0], s->next.lower);
	return row->value <= least;
}

/*
 * The rows that are kept outgrow work_mem: verify everything that is left, and
 * sort it.
 */
static void
spill(MMScanState *s)
{
	mm_scan_sort_begin(s);
	while (!pairingheap_is_empty(s->pending))
	{
		PendingRow *row = (PendingRow *) pairingheap_remove_first(s->pending);

		mm_scan_sort_put(s, row->value, row->isnull, &row->row->t_self);
		heap_freetuple(row->row);
		pfree(row);
	}
	if (s->peeked)
		(void) verify_candidate(s, &s->next);
	s->peeked = false;
	while (mm_search_next(s->search, &s->next))
	{
		CHECK_FOR_INTERRUPTS();
		(void) verify_candidate(s, &s->next);
	}
	s->searched = true;
	mm_scan_sort_perform(s);
}

/*
 * Has the search done more than a scan of the table is worth, and returned
 * nothing yet?
 */
static bool
is_hopeless(MMScanState *s)
{
	return !s->returned &&
		s->counts.verified - s->verified_before +
		mm_search_stats(s->search)->bounded / ENTRIES_PER_VERIFICATION > s->worth;
}

/*
 * Begin to search for the rows in the order of the sum.
 */
static void
begin_search(MMScanState *s)
{
	MMSumState *sum = s->sums[0];
	MMSearchTerm *terms;
	bool		complete;
	int			n = mm_sum_search_terms(sum, s->columns, &terms, &complete);
	bool		with_nulls = sum->driver->bounds == NIL && !s->plan->nulls_first;

	s->search = mm_search_begin(s->index, s->columns, terms, n, with_nulls,
								mm_sum_search_bound(sum, sum->bound));
	if (sum->unit > 0)
		mm_search_whole(s->search, sum->unit);
	mm_scan_add_other_sums(s);
	mm_search_prefetch(s->search, s->css.ss.ss_currentRelation);
}

/*
 * Read the whole table instead.
 */
static TupleTableSlot *
give_up(MMScanState *s)
{
	mm_scan_table_begin(s);
	return mm_scan_table_next(s);
}

/*
 * The next of the rows whose sum is NULL, where these come first; empty, and the
 * search for others begun, if there are no more.
 */
static TupleTableSlot *
next_null_row(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;
	MemoryContext old;

	for (;;)
	{
		bool		found;
		double		value;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (is_hopeless(s))
			return give_up(s);
		old = MemoryContextSwitchTo(s->context);
		found = mm_search_next(s->search, &s->next);
		MemoryContextSwitchTo(old);
		if (!found)
			break;
		if (mm_scan_read(s, &s->next.tid) &&
			mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, get_float8_infinity(),
							&value, &isnull) &&
			isnull && mm_scan_passes_other_sums(s))
		{
			s->returned = true;
			return slot;
		}
	}
	mm_counts_add_search(s);
	mm_search_end(s->search);
	s->search = NULL;
	s->nulls = false;
	old = MemoryContextSwitchTo(s->context);
	begin_search(s);
	MemoryContextSwitchTo(old);
	return ExecClearTuple(slot);
}

TupleTableSlot *
mm_scan_ordered_next(MMScanState *s)
{
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;

	if (s->nulls)
	{
		slot = next_null_row(s);
		if (!TupIsNull(slot) || s->mode != MM_SCAN_ORDERED)
			return slot;
	}
	while (s->sort == NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!s->peeked && !s->searched)
		{
			MemoryContext old = MemoryContextSwitchTo(s->context);

			s->peeked = mm_search_next(s->search, &s->next);
			s->searched = !s->peeked;
			MemoryContextSwitchTo(old);
		}
		if (!pairingheap_is_empty(s->pending))
		{
			PendingRow *row = (PendingRow *) pairingheap_first(s->pending);
			ItemPointerData tid;

			if (s->searched || precedes_next(s, row))
			{
				pairingheap_remove_first(s->pending);
				s->pending_size -= sizeof(PendingRow) + HEAPTUPLESIZE + row->row->t_len;
				tid = row->row->t_self;
				ExecForceStoreHeapTuple(row->row, slot, true);
				slot->tts_tid = tid;	/* which that does not set */
				pfree(row);
				s->returned = true;
				return slot;
			}
		}
		if (s->searched)
			return ExecClearTuple(slot);
		if (is_hopeless(s))
			return give_up(s);
		s->peeked = false;
		if (verify_candidate(s, &s->next))
		{
			s->returned = true;
			return slot;
		}
		if (s->pending_size > (Size) work_mem * 1024)
		{
			MemoryContext old = MemoryContextSwitchTo(s->context);

			spill(s);
			MemoryContextSwitchTo(old);
		}
	}
	return mm_scan_sort_next(s);
}

/*
 * How many rows the table has, about.
 */
static double
table_rows(MMScanState *s)
{
	BlockNumber pages;
	double		rows;
	double		all_visible;

	estimate_rel_size(s->css.ss.ss_currentRelation, NULL, &pages, &rows, &all_visible);
	return rows;
}

/*
 * Begin to search for rows whose sum is NULL; false if no such row is wanted, or
 * can be.  *complete: the index can find all of them.
 */
static bool
begin_null_search(MMScanState *s, bool *complete)
{
	MMSearchTerm *terms;
	int			n;

	*complete = true;
	if (!s->plan->nulls_first || s->sums[0]->driver->bounds != NIL)
		return false;
	n = mm_sum_null_terms(s->sums[0], s->columns, &terms, complete);
	if (n == 0 || !*complete)
		return false;
	s->search = mm_search_begin(s->index, s->columns, terms, n, true, get_float8_infinity());
	mm_search_nulls(s->search);
	mm_scan_add_other_sums(s);
	mm_search_prefetch(s->search, s->css.ss.ss_currentRelation);
	return true;
}

void
mm_scan_ordered_begin(MMScanState *s)
{
	bool		complete;

	s->worth = (int64) Max(table_rows(s), 1000) /
		(s->early == NULL ? ROWS_PER_VERIFICATION : FILTERED_ROWS_PER_VERIFICATION);
	s->verified_before = s->counts.verified;
	s->returned = false;
	s->pending = pairingheap_allocate(compare_pending, NULL);
	s->nulls = begin_null_search(s, &complete);
	if (!complete)
		mm_scan_table_begin(s);
	else if (!s->nulls)
		begin_search(s);
}
