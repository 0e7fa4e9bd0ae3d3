/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Index scans and bitmap scans.
 *
 * ORDER BY column <-> value, or object <-> odbquery, returns rows in the order
 * of lower bounds.  The executor computes the distances and puts the rows in
 * order.  With several such keys, the first one would order the scan, and the
 * executor would take care of the others as well; but see cost.c.
 *
 * WHERE object <@ odbrange bounds a scan that has no order.  In a scan with an
 * order, it is left to the executor.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relscan.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/tidbitmap.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "model/kept.h"
#include "search/terms.h"
#include "stats/track.h"

typedef struct MMScan
{
	MMColumns  *columns;
	MMSearch   *search;			/* NULL: no row can match */
	double		radius;			/* of the search; Infinity: none */
	bool		complete;		/* it is for the distance, not a part of that */
	bool		unordered;		/* the order is NULL for all rows */
	MemoryContext context;		/* of the search, reset by rescan */

	/* For the statistics of queries: */
	Oid			user;			/* who has begun the scan, that is, asked for its first row */
	bool		recorded;
	MMStepClock clock;
	MMSearchCall call;
	double		factors[MM_MAX_COLUMNS];
} MMScan;

/* ---------- statistics of queries ---------- */

/*
 * Note what a search is for, if it is to be recorded.  The user's query may be for
 * something else besides, which a scan does not know.
 */
static void
begin_recording(IndexScanDesc scan, const MMTerm *terms, int n)
{
	MMScan	   *state = scan->opaque;
	MMSearchCall *call = &state->call;
	uint32		mask = 0;

	state->recorded = mm_track_wanted();
	if (!state->recorded)
		return;
	memset(call, 0, sizeof(MMSearchCall));
	memset(state->factors, 0, sizeof(state->factors));
	state->clock = (MMStepClock) {0};
	for (int i = 0; i < n; i++)
	{
		mask |= UINT32_C(1) << terms[i].column;
		state->factors[terms[i].column] += terms[i].weight / terms[i].scale;
	}
	call->user = state->user;
	call->index = RelationGetRelid(scan->indexRelation);
	call->ncolumns = state->columns->n;
	call->class.by = MM_BY_INDEX_SCAN;
	call->radius = get_float8_nan();
	call->factors = state->factors;
	if (scan->numberOfOrderBys > 0)
		call->class.nearest = mask;
	else if (scan->numberOfKeys > 0)
	{
		call->radius = state->radius;
		mm_class_add_range(&call->class, state->columns, mask, state->radius);
	}
}

/*
 * End the search that is under way, and record it.
 */
static void
end_search(MMScan *state)
{
	if (state->search == NULL)
		return;
	if (state->recorded)
	{
		const MMSearchStats *stats = mm_search_stats(state->search);

		mm_work_add_search(&state->call.work, stats);
		state->call.memory = stats->peak_memory;
		state->call.milliseconds = mm_clock_milliseconds(&state->clock);
	}
	mm_search_end(state->search);
	state->search = NULL;
	if (state->recorded && state->clock.nsteps > 0)
		mm_track_search(&state->call);
	state->recorded = false;
}

/* ---------- scans ---------- */

IndexScanDesc
mmdb_beginscan(Relation index, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
	MMScan  *state = palloc0(sizeof(MMScan));

	state->user = GetUserId();
	state->columns = mm_kept_columns(index);
	state->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb scan",
										   ALLOCSET_DEFAULT_SIZES);
	scan->opaque = state;
	if (norderbys > 0)
	{
		scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
		scan->xs_orderbynulls = palloc(sizeof(bool) * norderbys);
		memset(scan->xs_orderbynulls, true, sizeof(bool) * norderbys);
	}
	return scan;
}

/*
 * Begin the search that the keys of the scan ask for.
 */
static void
begin_search(IndexScanDesc scan)
{
	MMScan  *state = scan->opaque;
	MemoryContext old = MemoryContextSwitchTo(state->context);
	MMTerm terms[MM_MAX_COLUMNS];
	int			n = 0;
	bool		ordered = scan->numberOfOrderBys > 0;

	state->radius = get_float8_infinity();
	state->unordered = false;
	state->search = NULL;
	state->complete = true;
	for (int i = 0; i < scan->numberOfKeys; i++)
		if (scan->keyData[i].sk_flags & SK_ISNULL)
		{
			MemoryContextSwitchTo(old);
			return;				/* the condition is NULL for all rows */
		}

	if (ordered)
	{
		ScanKey		key = &scan->orderByData[0];

		if ((key->sk_flags & SK_ISNULL) ||
			(state->columns->composite == NULL &&
			 mm_metric_is_null(&state->columns->columns[key->sk_attno - 1].space, key->sk_argument)))
			state->unordered = true;
		else if (state->columns->composite != NULL)
			n = mm_terms_of_query(state->columns, key->sk_argument, 1.0, terms, NULL,
								  &state->complete);
		else if (state->columns->columns[key->sk_attno - 1].changed)
			state->complete = false;
		else
			terms[n++] = (MMTerm) {
			.column = key->sk_attno - 1,
			.weight = 1.0,
			.scale = 1.0,
			.value = mm_column_detoast(&state->columns->columns[key->sk_attno - 1], key->sk_argument),
			.missing = MM_MISSING_NULL,
		};
	}
	else if (scan->numberOfKeys > 0)
		n = mm_terms_of_query(state->columns, scan->keyData[0].sk_argument, 1.0, terms,
							  &state->radius, &state->complete);
	state->search = mm_search_begin(scan->indexRelation, state->columns, terms, n,
									ordered || scan->numberOfKeys == 0, state->radius);
	if (ordered && n == 1 && state->columns->composite == NULL)
	{
		const MetricRoutine *routine = state->columns->columns[terms[0].column].space.routine;

		if (routine != NULL && routine->whole)
			mm_search_whole(state->search, 1.0);
	}
	if (ordered)
		mm_search_wanted(state->search, 1);
	if (scan->heapRelation != NULL)
		mm_search_prefetch(state->search, scan->heapRelation);
	begin_recording(scan, terms, n);
	MemoryContextSwitchTo(old);
}

void
mmdb_rescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys,
			int norderbys)
{
	MMScan  *state = scan->opaque;

	if (keys != NULL && nkeys > 0)
		memmove(scan->keyData, keys, sizeof(ScanKeyData) * nkeys);
	if (orderbys != NULL && norderbys > 0)
		memmove(scan->orderByData, orderbys, sizeof(ScanKeyData) * norderbys);
	end_search(state);
	MemoryContextReset(state->context);
	pgstat_count_index_scan(scan->indexRelation);
	begin_search(scan);
}

bool
mmdb_gettuple(IndexScanDesc scan, ScanDirection direction)
{
	MMScan  *state = scan->opaque;
	MemoryContext old;
	MMCandidate candidate;
	bool		found;

	Assert(ScanDirectionIsForward(direction));
	if (state->search == NULL)
		return false;
	old = MemoryContextSwitchTo(state->context);
	if (state->recorded)
		mm_clock_begin_step(&state->clock);
	found = mm_search_next(state->search, &candidate);
	if (state->recorded)
		mm_clock_end_step(&state->clock);
	MemoryContextSwitchTo(old);
	if (!found)
		return false;
	state->call.work.rows++;

	/* The planner is told not to (mmdb_costestimate). */
	if (scan->xs_want_itup)
		elog(ERROR, "mmdb has no index-only scans");
	scan->xs_heaptid = candidate.tid;
	scan->xs_recheck = scan->numberOfKeys > 0;
	if (scan->numberOfOrderBys > 0)
	{
		Oid			types[INDEX_MAX_KEYS];
		IndexOrderByDistance bounds[INDEX_MAX_KEYS];

		for (int i = 0; i < scan->numberOfOrderBys; i++)
		{
			types[i] = FLOAT8OID;
			bounds[i] = (IndexOrderByDistance) {0.0, false};
		}
		bounds[0].value = candidate.lower;
		bounds[0].isnull = candidate.is_null || state->unordered;
		index_store_float8_orderby_distances(scan, types, bounds, true);
	}
	return true;
}

/*
 * What collecting a bitmap needs.
 */
typedef struct BitmapState
{
	TIDBitmap  *bitmap;
	double		radius;
	int64		n;
} BitmapState;

static void
add_to_bitmap(const MMCandidate *candidate, void *arg)
{
	BitmapState *state = arg;
	ItemPointerData tid = candidate->tid;

	tbm_add_tuples(state->bitmap, &tid, 1, !(candidate->upper <= state->radius));
	state->n++;
}

int64
mmdb_getbitmap(IndexScanDesc scan, TIDBitmap *bitmap)
{
	MMScan  *state = scan->opaque;
	BitmapState bitmap_state = {.bitmap = bitmap, .radius = state->radius};
	MemoryContext old;

	if (state->search == NULL)
		return 0;
	/*
	 * A condition other than the one searched for is not proved by the search.
	 */
	if (scan->numberOfKeys != 1 || !state->complete)
		bitmap_state.radius = -1.0;
	old = MemoryContextSwitchTo(state->context);
	if (state->recorded)
		mm_clock_begin_step(&state->clock);
	mm_search_all(state->search, add_to_bitmap, &bitmap_state);
	if (state->recorded)
		mm_clock_end_step(&state->clock);
	MemoryContextSwitchTo(old);
	state->call.work.rows += bitmap_state.n;
	return bitmap_state.n;
}

void
mmdb_endscan(IndexScanDesc scan)
{
	MMScan  *state = scan->opaque;

	end_search(state);
	MemoryContextDelete(state->context);
	pfree(state);
}
