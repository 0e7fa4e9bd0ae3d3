/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Candidates from several sources, each for one part of a sum; see merge.h.
 *
 * This is the threshold algorithm (Fagin, Lotem and Naor, "Optimal aggregation
 * algorithms for middleware", 2003).  A row that no source has yielded yet is
 * as far away as the sum of all frontiers.  A row that some have yielded is as
 * far away as their bounds, and the frontiers of the others; as these go on,
 * its bound rises without a look at it.  Rows wait until no row that is not
 * known yet can have a lower bound.  The search that takes them verifies them,
 * which is the algorithm's random access.
 *
 * Sources take turns so that each does the same amount of work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "search/estimate.h"
#include "search/merge.h"

/* A row that some sources have yielded. */
typedef struct Known
{
	uint64		place;
	char		status;
	bool		returned;
	uint32		seen;			/* which sources */
	double		sum;			/* of their bounds */
} Known;

#define SH_PREFIX			known
#define SH_ELEMENT_TYPE		Known
#define SH_KEY_TYPE			uint64
#define SH_KEY				place
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key) ^ (uint32) ((key) >> 29))
#define SH_EQUAL(tb, a, b)	((a) == (b))
#define SH_SCOPE			static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A row that waits.  Its bound may have risen since it was put there. */
typedef struct Waiting
{
	float		key;
	uint64		place;
} Waiting;

typedef struct Merge
{
	MMSource	source;
	int			n;
	MMSource  **sources;
	bool	   *ended;
	known_hash *known;
	Waiting    *heap;			/* the least key first */
	int64		nheap;
	int64		room;
} Merge;

/* ---------- bounds ---------- */

/*
 * A sum as a key, not above it.  Infinity stays what it is.
 */
static float
as_key(double sum)
{
	float		key = (float) Min(sum, FLT_MAX);

	if (isinf(sum))
		return get_float4_infinity();
	return key > sum ? nextafterf(key, -get_float4_infinity()) : key;
}

static double
frontier_of(const Merge *merge, int i)
{
	return merge->ended[i] ? get_float8_infinity() :
		merge->sources[i]->routine->frontier(merge->sources[i]);
}

/*
 * The least bound of a row with this sum of the bounds that some sources have
 * found for it.  Infinity says that the row is not wanted: a source that has
 * come to its end has not yielded it.
 */
static float
bound_of(const Merge *merge, uint32 seen, double sum)
{
	for (int i = 0; i < merge->n; i++)
		if ((seen & (UINT32_C(1) << i)) == 0)
			sum += frontier_of(merge, i);
	return as_key(sum);
}

/* ---------- rows that wait ---------- */

static void
put_waiting(Merge *merge, Waiting item)
{
	int64		i;

	if (merge->nheap == merge->room)
	{
		merge->room *= 2;
		merge->heap = repalloc_huge(merge->heap, sizeof(Waiting) * merge->room);
	}
	for (i = merge->nheap++; i > 0 && merge->heap[(i - 1) / 2].key > item.key; i = (i - 1) / 2)
		merge->heap[i] = merge->heap[(i - 1) / 2];
	merge->heap[i] = item;
}

static Waiting
take_waiting(Merge *merge)
{
	Waiting    *heap = merge->heap;
	Waiting		first = heap[0];
	Waiting		last = heap[--merge->nheap];
	int64		i = 0;
	int64		child;

	while ((child = 2 * i + 1) < merge->nheap)
	{
		if (child + 1 < merge->nheap && heap[child + 1].key < heap[child].key)
			child++;
		if (heap[child].key >= last.key)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

/* ---------- the sources ---------- */

/*
 * Take one row from the source that has done least.  Returns false if another
 * page would have to be read for it, but is not needed.
 */
static bool
advance(Merge *merge, bool needed)
{
	MMCandidate candidate;
	int			least = -1;
	MMSource   *source;
	Known	   *row;
	bool		found;

	for (int i = 0; i < merge->n; i++)
		if (!merge->ended[i] &&
			(least < 0 || mm_work_done(merge->sources[i]->stats) < mm_work_done(merge->sources[least]->stats)))
			least = i;
	source = merge->sources[least];
	source->bounding->limit = Min(merge->source.bounding->limit, FLT_MAX);
	if (!source->routine->next(source, needed, &candidate))
	{
		merge->ended[least] = needed;
		return needed;
	}
	source->stats->candidates++;
	row = known_insert(merge->known, mm_place_number(&candidate.tid), &found);
	if (!found)
	{
		row->returned = false;
		row->seen = 0;
		row->sum = 0.0;
	}
	if (row->returned)
		return true;
	row->seen |= UINT32_C(1) << least;
	row->sum += candidate.lower;
	if (!found)
		put_waiting(merge, (Waiting) {bound_of(merge, row->seen, row->sum), row->place});
	merge->source.stats->peak_memory = Max(merge->source.stats->peak_memory,
										   sizeof(Waiting) * merge->room +
										   sizeof(Known) * merge->known->size);
	return true;
}

/* ---------- as a source ---------- */

static bool
merge_begin(MMSource *source)
{
	Merge	   *merge = (Merge *) source;

	for (int i = 0; i < merge->n; i++)
		if (!merge->sources[i]->routine->begin(merge->sources[i]))
			return false;
	return true;
}

static bool
merge_next(MMSource *source, bool needed, MMCandidate *candidate)
{
	Merge	   *merge = (Merge *) source;

	for (;;)
	{
		float		unknown = bound_of(merge, 0, 0.0);

		CHECK_FOR_INTERRUPTS();
		while (merge->nheap > 0 && merge->heap[0].key <= unknown)
		{
			Waiting		first = take_waiting(merge);
			Known	   *row = known_lookup(merge->known, first.place);
			float		key = bound_of(merge, row->seen, row->sum);

			if (isinf(key) || (merge->nheap > 0 && key > merge->heap[0].key))
			{
				if (!isinf(key) && mm_wanted(source->bounding, key))
					put_waiting(merge, (Waiting) {key, first.place});
				continue;
			}
			if (!mm_wanted(source->bounding, key))
				return false;	/* nor is any other */
			row->returned = true;
			mm_number_place(first.place, &candidate->tid);
			/* It must hold for all other rows, too; the two differ by rounding at most. */
			candidate->lower = Min(key, unknown);
			candidate->upper = get_float8_infinity();
			candidate->is_null = false;
			return true;
		}
		if (isinf(unknown) || !mm_wanted(source->bounding, unknown))
			return false;
		if (!advance(merge, needed))
			return false;
	}
}

static float
merge_frontier(MMSource *source)
{
	Merge	   *merge = (Merge *) source;
	float		unknown = bound_of(merge, 0, 0.0);

	return merge->nheap > 0 ? Min(unknown, merge->heap[0].key) : unknown;
}

/*
 * Without an order, rows are all the same taken one by one.
 */
static bool
merge_all(MMSource *source, MMSearchEmit emit, void *state)
{
	MMCandidate candidate;

	if (!merge_begin(source))
		return false;
	while (merge_next(source, true, &candidate))
		emit(&candidate, state);
	return true;
}

static void
merge_end(MMSource *source)
{
	Merge	   *merge = (Merge *) source;

	for (int i = 0; i < merge->n; i++)
		merge->sources[i]->routine->end(merge->sources[i]);
}

MMSource *
mm_merge_create(MMSource **sources, int n, MMBounding *bounding, MMSearchStats *stats)
{
	static const MMSourceRoutine routine = {
		.begin = merge_begin,
		.next = merge_next,
		.frontier = merge_frontier,
		.all = merge_all,
		.end = merge_end,
	};
	Merge	   *merge = palloc0(sizeof(Merge));

	merge->source = (MMSource) {
		.routine = &routine,
		.bounding = bounding,
		.stats = stats,
	};
	merge->n = n;
	merge->sources = memcpy(palloc(sizeof(MMSource *) * n), sources, sizeof(MMSource *) * n);
	merge->ended = palloc0(sizeof(bool) * n);
	merge->known = known_create(CurrentMemoryContext, 256, NULL);
	merge->room = 256;
	merge->heap = palloc(sizeof(Waiting) * merge->room);
	return &merge->source;
}
