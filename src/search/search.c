/*-------------------------------------------------------------------------
 *
 * search.c
 *	  Searches: what is wanted, and what becomes of the candidates that a
 *	  source finds.
 *
 * Nothing is read before the first candidate is asked for.  Then drivers are
 * chosen, and take over (race.c).  The search makes sure that its candidates are places of the table, and asks early for the
 * rows that will be verified next.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "search/lookahead.h"
#include "search/race.h"

struct MMSearch
{
	Relation	index;
	MMColumns  *columns;
	MMBounding	bounding;		/* of the sum */
	List	   *also;			/* of MMBounding *: other sums, to be within bounds */
	bool		started;		/* something was read */
	MMRace		race;			/* of its drivers */
	Relation	heap;			/* whose rows the candidates are, or NULL */
	BlockNumber heap_blocks;	/* that it is known to have */
	MMLookahead ahead;			/* candidates taken from the source already */
	MMSearchEmit emit;			/* where all candidates go */
	void	   *emit_state;
	double		wanted;			/* rows; 0: all within the bound */
	float		most;			/* see mm_search_until */
	bool		tells_nulls;
	MMSearchStats stats;
};

/* ---------- what is wanted ---------- */

static bool next_candidate(void *state, bool needed, void *candidate);

MMSearch *
mm_search_begin(Relation index, MMColumns *columns, const MMTerm *terms,
				int n, bool with_nulls, double bound)
{
	MMSearch   *search = palloc0(sizeof(MMSearch));

	search->index = index;
	search->columns = columns;
	search->most = get_float4_infinity();
	mm_bounding_begin(&search->bounding, terms, n, with_nulls, bound);
	mm_lookahead_init(&search->ahead, NULL, sizeof(MMCandidate), next_candidate, search);
	return search;
}

void
mm_search_nulls(MMSearch *search)
{
	Assert(!search->started && search->bounding.with_nulls);
	search->bounding.only_nulls = true;
}

void
mm_search_whole(MMSearch *search, double unit)
{
	Assert(!search->started);
	mm_bounding_whole(&search->bounding, unit);
}

void
mm_search_wanted(MMSearch *search, double rows)
{
	search->wanted = search->bounding.rows = rows;
}

void
mm_search_share(MMSearch *search, MMThreshold *threshold)
{
	Assert(!search->started);
	search->bounding.threshold = threshold;
}

void
mm_search_tells_nulls(MMSearch *search)
{
	search->tells_nulls = true;
}

void
mm_search_was_null(MMSearch *search, const ItemPointerData *tid)
{
	mm_race_note_null(&search->race, tid);
}

void
mm_search_also(MMSearch *search, const MMTerm *terms, int n, double bound)
{
	MMBounding *bounding = palloc0(sizeof(MMBounding));

	Assert(!search->started);
	mm_bounding_begin(bounding, terms, n, false, bound);
	search->also = lappend(search->also, bounding);
}

void
mm_search_bound(MMSearch *search, double bound)
{
	search->bounding.with_nulls = false;
	mm_bounding_limit(&search->bounding, bound, true);
}

void
mm_search_table(MMSearch *search, Relation heap)
{
	search->heap = heap;
}

void
mm_search_prefetch(MMSearch *search, Relation heap)
{
	search->heap = heap;
	mm_lookahead_init(&search->ahead, heap, sizeof(MMCandidate), next_candidate, search);
}

/* ---------- candidates ---------- */

/*
 * Make sure that a candidate is a place of the table.
 */
static void
accept_candidate(MMSearch *search, const MMCandidate *candidate)
{
	if (search->heap != NULL)
		mm_place_check(search->index, search->heap, &candidate->tid, &search->heap_blocks);
}

static void
emit_candidate(const MMCandidate *candidate, void *state)
{
	MMSearch   *search = state;

	accept_candidate(search, candidate);
	search->emit(candidate, search->emit_state);
}

/*
 * Begin with a driver, unless that has been done already.
 */
static void
start(MMSearch *search)
{
	MemoryContext old;

	if (search->started)
		return;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(search));
	for (bool again = false;; again = true)
	{
		mm_race_init(&search->race, search->index, search->columns, &search->bounding,
					 search->also, search->wanted, search->tells_nulls);
		if (search->emit != NULL ? mm_race_all(&search->race, emit_candidate, search) :
			mm_race_begin(&search->race))
			break;				/* otherwise the index has just got a model */
		if (again)
			mm_report_damage(search->index, "The root does not fit the metadata.");
	}
	search->started = true;
	MemoryContextSwitchTo(old);
}

/*
 * The source of what is looked ahead to: the next candidate.
 */
static bool
next_candidate(void *state, bool needed, void *candidate)
{
	MMSearch   *search = state;

	search->race.most = search->most;
	if (!mm_race_next(&search->race, needed, candidate))
		return false;
	accept_candidate(search, candidate);
	return true;
}

bool
mm_search_next(MMSearch *search, MMCandidate *candidate)
{
	start(search);
	do
	{
		if (!mm_lookahead_next(&search->ahead, candidate))
			return false;
		/*
		 * Since this candidate was taken, the bound may have come down, or the
		 * row may have turned out to be NULL.
		 */
	} while (candidate->is_null ? mm_race_is_noted(&search->race, &candidate->tid) :
			 !mm_wanted(&search->bounding, (float) candidate->lower));
	return true;
}

void
mm_search_until(MMSearch *search, double most)
{
	search->most = (float) most;
	if (search->most < most)
		search->most = nextafterf(search->most, get_float4_infinity());
}

bool
mm_search_is_paused(MMSearch *search, double *lower)
{
	float		frontier = search->started ? mm_race_frontier(&search->race) : 0.0f;

	*lower = frontier;
	return frontier > search->most && mm_wanted(&search->bounding, frontier);
}

void
mm_search_all(MMSearch *search, MMSearchEmit emit, void *state)
{
	search->emit = emit;
	search->emit_state = state;
	search->bounding.uppers_wanted = true;
	start(search);
}

void
mm_search_end(MMSearch *search)
{
	if (search->started)
	{
		(void) mm_search_stats(search);
		mm_race_end(&search->race);
	}
}

const MMSearchStats *
mm_search_stats(MMSearch *search)
{
	if (search->race.n > 0)
		mm_race_stats(&search->race, &search->stats);
	return &search->stats;
}
