/*-------------------------------------------------------------------------
 *
 * ordered.c
 *	  Ordered scans: candidates from the index, best first, verified and kept
 *	  until no candidate can be less.
 *
 * A row whose value is no greater than the bound of its own candidate is
 * returned at once: what is kept is greater than that, and no other candidate
 * is less.  So rows of equal distance are returned one by one, as long as
 * their bounds are exact.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/executor.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "search/cost_model.h"
#include "plan/scan.h"

/*
 * A verified row that has not been returned yet.
 */
typedef struct PendingRow
{
	pairingheap_node node;
	double		value;
	bool		isnull;
	HeapTuple	row;
} PendingRow;

/*
 * The state of such a scan.
 */
typedef struct OrderedState
{
	bool		nulls;			/* rows without a value are searched for, first */
	int64		worth;			/* as many verifications cost a scan of the table; -1:
								 * that was not asked yet */
	int64		verified_before;	/* in earlier scans */

	MMCandidate next;			/* the candidate that comes next, if ... */
	bool		peeked;			/* ... it is known */
	bool		searched;		/* there are no more */

	pairingheap *pending;		/* rows whose turn has not come */
	Size		pending_size;
	MMRowSort  *sort;			/* all that is left, once that is too large; or NULL */

	double		told;			/* the bound that the search knows of */
} OrderedState;

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
 * Let the search know how far the k-th row is at most, as far as that is known.
 */
static void
tell_bound(MMScanState *s)
{
	OrderedState *state = s->state;
	double		bound = mm_nearest_bound(s->nearest);

	if (bound < state->told)
		mm_search_bound(s->search, mm_sum_search_bound(s->sums[0], bound));
	state->told = Min(bound, state->told);
}

/*
 * The value above which no row is wanted.
 */
static double
greatest_wanted(MMScanState *s)
{
	return Min(s->sums[0]->bound, mm_nearest_bound(s->nearest));
}

/*
 * Verify a candidate.  Returns true if its row, in the scan's slot, is the
 * next one to return.  Otherwise the row is kept until its turn comes, if it
 * is wanted.
 */
static bool
verify_candidate(MMScanState *s, MMCandidate *candidate)
{
	OrderedState *state = s->state;
	MMSumState *sum = s->sums[0];
	ItemPointerData place = candidate->tid; /* reading the row changes it */
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
	if (isnull && candidate->may_be_null && !candidate->is_null)
		mm_search_was_null(s->search, &place);
	if (state->sort != NULL)
	{
		mm_row_sort_put(state->sort, value, isnull, &s->css.ss.ss_ScanTupleSlot->tts_tid);
		return false;
	}
	if (s->nearest->k > 0 && !isnull && !isnan(value))
	{
		if (!mm_nearest_add(s->nearest, value) && isfinite(most))
			return false;		/* there are k that are no greater */
		tell_bound(s);
	}
	s->value = value;
	s->isnull = isnull;
	if (!candidate->is_null && !isnull && value <= mm_sum_least_value(sum, candidate->lower))
		return true;
	old = MemoryContextSwitchTo(s->context);
	pending = palloc(sizeof(PendingRow));
	pending->value = value;
	pending->isnull = isnull;
	pending->row = ExecCopySlotHeapTuple(s->css.ss.ss_ScanTupleSlot);
	pairingheap_add(state->pending, &pending->node);
	state->pending_size += sizeof(PendingRow) + HEAPTUPLESIZE + pending->row->t_len;
	s->counts.peak_memory = Max(s->counts.peak_memory, state->pending_size);
	MemoryContextSwitchTo(old);
	return false;
}

/*
 * Must the row come before the next candidate?
 */
static bool
precedes_next(MMScanState *s, const PendingRow *row)
{
	const MMCandidate *next = &((OrderedState *) s->state)->next;
	double		least;

	if (next->is_null || row->isnull)
		return next->is_null;
	least = mm_sum_least_value(s->sums[0], next->lower);
	return row->value <= least;
}

/*
 * Called when the rows that are kept outgrow work_mem: verify everything that
 * is left, and sort it.
 */
static void
spill(MMScanState *s)
{
	OrderedState *state = s->state;
	int64		spills = s->counts.spills + 1;

	state->sort = mm_row_sort_begin(s, 0);
	mm_search_until(s->search, get_float8_infinity());
	while (!pairingheap_is_empty(state->pending))
	{
		PendingRow *row = (PendingRow *) pairingheap_remove_first(state->pending);

		mm_row_sort_put(state->sort, row->value, row->isnull, &row->row->t_self);
		heap_freetuple(row->row);
		pfree(row);
	}
	if (state->peeked)
		(void) verify_candidate(s, &state->next);
	state->peeked = false;
	while (mm_search_next(s->search, &state->next))
	{
		CHECK_FOR_INTERRUPTS();
		(void) verify_candidate(s, &state->next);
	}
	state->searched = true;
	mm_row_sort_perform(state->sort);
	s->counts.spills = spills;	/* even if the sort stays in memory */
}

/*
 * How many verifications cost as much as a scan of a table with so many rows?
 */
static int64
worth_of_rows(const MMScanState *s, double rows)
{
	return (int64) Max(rows, 1000) /
		(s->early == NULL ? mm_cost_model.rows_per_verification :
		 mm_cost_model.filtered_rows_per_verification);
}

/*
 * About how many rows the table has.
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
 * Has the search done more work than a scan of the table takes, and not
 * returned anything yet?
 */
static bool
is_hopeless(MMScanState *s)
{
	OrderedState *state = s->state;
	const MMSearchStats *stats = mm_search_stats(s->search);
	int64		work = s->counts.verified - state->verified_before +
		stats->refined / mm_cost_model.refinements_per_verification +
		stats->bounded / mm_cost_model.entries_per_verification;

	if (s->nearest->returned || work <= worth_of_rows(s, 0))
		return false;
	if (state->worth < 0)
		state->worth = worth_of_rows(s, table_rows(s));
	return work > state->worth;
}

/*
 * Begin to search for the rows in the order of the sum.
 */
static void
begin_search(MMScanState *s)
{
	MMSumState *sum = s->sums[0];
	MMTerm *terms;
	bool		complete;
	int			n = mm_sum_search_terms(sum, s->columns, &terms, &complete);
	bool		with_nulls = sum->driver->bounds == NIL && !s->plan->nulls_first;

	s->search = mm_search_begin(s->index, s->columns, terms, n, with_nulls,
								mm_sum_search_bound(sum, sum->bound));
	((OrderedState *) s->state)->told = get_float8_infinity();
	if (sum->unit > 0)
		mm_search_whole(s->search, sum->unit);
	mm_search_wanted(s->search, Max(s->nearest->k * s->share, 1.0));
	/* Without it, drivers that race, which come across the same rows, have one each. */
	if (s->nearest->k > 0 && s->nearest == s->shared)
		mm_search_share(s->search, &s->nearest->threshold);
	mm_search_tells_nulls(s->search);
	mm_scan_add_other_sums(s);
	mm_search_prefetch(s->search, s->css.ss.ss_currentRelation);
}

/*
 * Give the search up and read the whole table instead.
 */
static TupleTableSlot *
give_up(MMScanState *s)
{
	mm_scan_table_instead(s);
	return s->mode->next(s);
}

/*
 * The next of the rows whose sum is NULL, if these come first.  If there are
 * no more, the slot is empty, and the search for other rows has begun.
 */
static TupleTableSlot *
next_null_row(MMScanState *s)
{
	OrderedState *state = s->state;
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
		found = mm_search_next(s->search, &state->next);
		MemoryContextSwitchTo(old);
		if (!found)
			break;
		if (mm_scan_read(s, &state->next.tid) &&
			mm_sum_evaluate(s->sums[0], s->css.ss.ps.ps_ExprContext, get_float8_infinity(),
							&value, &isnull) &&
			isnull && mm_scan_passes_other_sums(s))
		{
			s->isnull = s->nearest->returned = true;
			return slot;
		}
	}
	mm_counts_end_search(s);
	state->nulls = false;
	old = MemoryContextSwitchTo(s->context);
	begin_search(s);
	MemoryContextSwitchTo(old);
	return ExecClearTuple(slot);
}

/*
 * Move a pending row whose turn has come into the scan's slot.
 */
static void
take_pending(MMScanState *s, TupleTableSlot *slot)
{
	OrderedState *state = s->state;
	PendingRow *row = (PendingRow *) pairingheap_remove_first(state->pending);
	ItemPointerData tid = row->row->t_self;

	state->pending_size -= sizeof(PendingRow) + HEAPTUPLESIZE + row->row->t_len;
	ExecForceStoreHeapTuple(row->row, slot, true);
	slot->tts_tid = tid;		/* which that does not set */
	s->value = row->value;
	s->isnull = row->isnull;
	pfree(row);
}

/*
 * Look for the next candidate, if it is not known.  Returns false if all that is
 * left is above what the scan may go on to.  *least becomes the least value that may
 * come; Infinity if there is none but NULL.
 */
static bool
peek(MMScanState *s, double *least)
{
	OrderedState *state = s->state;
	double		lower = get_float8_infinity();
	bool		paused = false;

	if (!state->peeked && !state->searched)
	{
		MemoryContext old = MemoryContextSwitchTo(s->context);

		tell_bound(s);
		mm_search_until(s->search, mm_sum_search_bound(s->sums[0], s->most));
		state->peeked = mm_search_next(s->search, &state->next);
		paused = !state->peeked && mm_search_is_paused(s->search, &lower);
		state->searched = !state->peeked && !paused;
		MemoryContextSwitchTo(old);
	}
	if (state->peeked && !state->next.is_null)
		lower = state->next.lower;
	*least = isinf(lower) ? lower : mm_sum_least_value(s->sums[0], lower);
	return state->searched || (!paused && *least <= s->most);
}

/*
 * May the first of the rows that are kept be returned, where all candidates that
 * are left have at least this value?
 */
static bool
is_ready(MMScanState *s, double least)
{
	OrderedState *state = s->state;
	const PendingRow *first;

	if (pairingheap_is_empty(state->pending))
		return false;
	first = (const PendingRow *) pairingheap_first(state->pending);
	return state->searched || (state->peeked ? precedes_next(s, first) :
							   !first->isnull && first->value <= least);
}

/*
 * Stop for now, as others are nearer.
 */
static TupleTableSlot *
pause_scan(MMScanState *s, double least)
{
	const OrderedState *state = s->state;

	s->paused = true;
	s->value = least;
	s->isnull = false;
	if (!pairingheap_is_empty(state->pending))
	{
		const PendingRow *first = (const PendingRow *) pairingheap_first(state->pending);

		if (compare_values(first->value, first->isnull, least, false) < 0)
			s->value = first->value;
	}
	return ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
}

static TupleTableSlot *
next_ordered(MMScanState *s)
{
	OrderedState *state = s->state;
	TupleTableSlot *slot = s->css.ss.ss_ScanTupleSlot;

	if (state->nulls)
	{
		slot = next_null_row(s);
		if (!TupIsNull(slot) || s->mode != &mm_ordered_mode)
			return slot;
	}
	while (state->sort == NULL)
	{
		double		least;
		bool		further = peek(s, &least);

		CHECK_FOR_INTERRUPTS();
		if (is_ready(s, least))
		{
			take_pending(s, slot);
			s->nearest->returned = true;
			return slot;
		}
		if (!further)
			return pause_scan(s, least);
		if (state->searched)
			return ExecClearTuple(slot);
		if (is_hopeless(s))
			return give_up(s);
		state->peeked = false;
		if (verify_candidate(s, &state->next))
		{
			s->nearest->returned = true;
			return slot;
		}
		if (state->pending_size > (Size) work_mem * 1024)
		{
			MemoryContext old = MemoryContextSwitchTo(s->context);

			spill(s);
			MemoryContextSwitchTo(old);
		}
	}
	return mm_row_sort_next(state->sort);
}

/*
 * Begin to search for rows whose sum is NULL.  Returns false if no such row is
 * wanted, or if there can be none.  *complete becomes true if the index can
 * find all of them.
 */
static bool
begin_null_search(MMScanState *s, bool *complete)
{
	MMTerm *terms;
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

static void
begin_ordered(MMScanState *s)
{
	OrderedState *state = palloc0(sizeof(OrderedState));
	bool		complete;

	s->state = state;
	state->worth = -1;
	state->verified_before = s->counts.verified;
	state->pending = pairingheap_allocate(compare_pending, NULL);
	state->nulls = begin_null_search(s, &complete);
	if (!complete)
		mm_scan_table_instead(s);
	else if (!state->nulls)
		begin_search(s);
}

static void
end_ordered(MMScanState *s)
{
	OrderedState *state = s->state;

	mm_counts_end_search(s);
	if (state->sort != NULL)
		mm_row_sort_end(state->sort);
}

const MMScanMode mm_ordered_mode = {
	.begin = begin_ordered,
	.next = next_ordered,
	.end = end_ordered,
};
