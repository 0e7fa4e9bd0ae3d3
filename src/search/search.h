/*-------------------------------------------------------------------------
 *
 * search.h
 *	  Finding rows in an index by a weighted sum of distances.
 *
 * A search yields candidates in the order of lower bounds of the sum.  Its
 * user verifies them: reads the row, and computes the sum.  Once the next
 * bound is above a verified row's sum, no other row can come before that row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SEARCH_H
#define MM_SEARCH_H

#include "index/columns.h"
#include "search/curve.h"
#include "search/threshold.h"

/*
 * A term of a weighted sum with its query value: weight times the distance
 * from the value to the column, divided by scale.
 *
 * A query's sum is turned into these when its values are known.  It may be an
 * object with weights and scales (terms.h), perhaps written as SQL from them,
 * or an expression of distances, whose factors are in MMSumTerm (plan/sum.h).
 * A search makes its terms ready to bound with as MMBoundTerm (bounding.h).
 */
typedef struct MMTerm
{
	int			column;
	double		weight;			/* >= 0, finite */
	double		scale;			/* > 0; to a search, only weight / scale counts */
	Datum		value;			/* not NULL, of the column's type, detoasted for a
								 * search; or: */
	const double *coordinates;	/* raw ones, of a value of another type */
	double		missing;		/* what a NULL adds to the sum; see below */
	MMTermCurve *curve;			/* NULL: weight / scale times the distance */
} MMTerm;

/*
 * The value of missing for a term that makes the whole sum NULL where its
 * column is NULL.
 */
#define MM_MISSING_NULL		(-1.0)

/*
 * What a driver of a search has done (driver.h), and what it was expected to do.
 */
typedef struct MMDriverStats
{
	uint32		columns;		/* mask: of sub-indexes; 0: the shared tree */
	int			kind;			/* of a sub-index: MMSubindexKind; 0: a merge; -1: the
								 * paper's algorithm on several */
	int64		pages;			/* leaves */
	int64		entries;
	int64		candidates;
	double		estimated_pages;
	double		estimated_entries;
	double		estimated_candidates;
} MMDriverStats;

/* More different ones are counted with the last. */
#define MM_MAX_DRIVERS	4

typedef struct MMSearchStats
{
	int64		inner_pages;
	int64		leaf_pages;		/* each once, though it may be read again */
	int64		bounded;		/* entries on leaves, each once */
	int64		whole_pages;	/* leaves read with their sketches, too */
	int64		whole_entries;	/* on those */
	int64		postings_pages; /* of inverted indexes */
	int64		postings;		/* counted on those */
	int64		refined;		/* entries whose sketches were looked at closely */
	int64		candidates;		/* entries returned */
	Size		memory;			/* of all queues now, in bytes */
	Size		peak_memory;
	int64		changes;		/* how often a second driver was started */
	int			ndrivers;
	MMDriverStats drivers[MM_MAX_DRIVERS];	/* in the order in which they started */
} MMSearchStats;

typedef struct MMCandidate
{
	ItemPointerData tid;
	double		lower;			/* of the sum; if is_null, there is no sum */
	double		upper;			/* Infinity where there is none; NaN where the sum may
								 * be NULL */
	bool		is_null;
	bool		may_be_null;	/* although not is_null: see
								 * mm_search_tells_nulls */
} MMCandidate;

/*
 * A row's place as a number that sorts in the order of the table, and back.
 */
static inline int64
mm_place_number(const ItemPointerData *tid)
{
	return ((int64) ItemPointerGetBlockNumber(tid) << 16) | ItemPointerGetOffsetNumber(tid);
}

static inline void
mm_number_place(int64 number, ItemPointer tid)
{
	ItemPointerSet(tid, (BlockNumber) (number >> 16), (OffsetNumber) (number & 0xFFFF));
}

typedef struct MMSearch MMSearch;

/*
 * mm_search_begin: begin a search for the sum of n terms, in the current
 * context.  If with_nulls, all rows are candidates, and those whose sum is
 * NULL come after all others; otherwise those are no candidates.  Rows above
 * bound are not needed.
 */
extern MMSearch *mm_search_begin(Relation index, MMColumns *columns,
								 const MMTerm *terms, int n,
								 bool with_nulls, double bound);

/*
 * mm_search_nulls: want only rows whose sum is NULL.  The search must be one
 * with_nulls.  Call this before the first candidate.
 */
extern void mm_search_nulls(MMSearch *search);

/*
 * mm_search_whole: declare that all distances are whole numbers, and that all
 * factors, and what NULLs add, are multiples of unit, a power of 2.  Then
 * bounds of the sum are exact if they are less than 2^24 units.  Call this
 * before the first candidate.
 */
extern void mm_search_whole(MMSearch *search, double unit);

/*
 * mm_search_wanted: declare that the first so many rows are likely to be all that
 * is wanted.  Call this before the first candidate.
 */
extern void mm_search_wanted(MMSearch *search, double rows);

/*
 * mm_search_share: share a threshold with other searches for the same rows.  It must
 * outlive all of them.  Call this before the first candidate.
 */
extern void mm_search_share(MMSearch *search, MMThreshold *threshold);

/*
 * mm_search_tells_nulls: declare that mm_search_was_null will be called for each
 * candidate whose sum turns out to be NULL, if it is not is_null but may_be_null.
 * So more ways of searching are possible.  Call this before the first candidate.
 *
 * mm_search_was_null: the row at this place, which was the last candidate, has a
 * sum that is NULL.  It does not come again among those that are is_null.
 */
extern void mm_search_tells_nulls(MMSearch *search);
extern void mm_search_was_null(MMSearch *search, const ItemPointerData *tid);

/*
 * mm_search_also: want only rows for which the sum of these n terms, too, is
 * not NULL and not above bound, as far as the index can tell.  Call this
 * before the first candidate.
 */
extern void mm_search_also(MMSearch *search, const MMTerm *terms, int n,
						   double bound);

/*
 * mm_search_table: declare that all candidates must be places of this table.
 * If one is not, an error says that the index is damaged.
 */
extern void mm_search_table(MMSearch *search, Relation heap);

/*
 * mm_search_prefetch: do the same, and ask the operating system for the rows
 * in heap that will be verified next, as many ahead as
 * effective_io_concurrency allows.
 */
extern void mm_search_prefetch(MMSearch *search, Relation heap);

/*
 * mm_search_next: the next candidate.  Returns false if there are no more.
 */
extern bool mm_search_next(MMSearch *search, MMCandidate *candidate);

/*
 * mm_search_until: from now on, mm_search_next may return false if all that is left
 * has bounds above most; Infinity lifts this.  So one of several searches goes on
 * only as long as it has the least bounds.
 *
 * mm_search_is_paused: has mm_search_next returned false for that reason only?
 * *lower becomes a bound of all that is left; Infinity, if that is rows whose sum
 * is NULL, or perhaps nothing at all.
 */
extern void mm_search_until(MMSearch *search, double most);
extern bool mm_search_is_paused(MMSearch *search, double *lower);

/*
 * mm_search_all: pass all candidates to a function, in no order.
 */
typedef void (*MMSearchEmit) (const MMCandidate *candidate, void *state);
extern void mm_search_all(MMSearch *search, MMSearchEmit emit, void *state);

/*
 * mm_search_bound: from now on, rows at bound or above are not needed, nor are
 * rows whose sum is NULL.
 */
extern void mm_search_bound(MMSearch *search, double bound);

/*
 * mm_search_end: release what is not memory of the context.
 */
extern void mm_search_end(MMSearch *search);

/*
 * mm_driver_stats_add: add what a driver has done to what a search has.
 *
 * mm_search_stats_add: add what one search has done to what others have.
 */
static inline void
mm_driver_stats_add(MMSearchStats *total, const MMDriverStats *driver)
{
	int			i = 0;
	MMDriverStats *to;

	while (i < total->ndrivers && (total->drivers[i].columns != driver->columns ||
								   total->drivers[i].kind != driver->kind))
		i++;
	i = Min(i, MM_MAX_DRIVERS - 1);
	to = &total->drivers[i];
	if (i == total->ndrivers)
	{
		*to = *driver;
		total->ndrivers++;
		return;
	}
	to->pages += driver->pages;
	to->entries += driver->entries;
	to->candidates += driver->candidates;
	to->estimated_pages += driver->estimated_pages;
	to->estimated_entries += driver->estimated_entries;
	to->estimated_candidates += driver->estimated_candidates;
}

static inline void
mm_search_stats_add(MMSearchStats *total, const MMSearchStats *stats)
{
	total->inner_pages += stats->inner_pages;
	total->leaf_pages += stats->leaf_pages;
	total->bounded += stats->bounded;
	total->whole_pages += stats->whole_pages;
	total->whole_entries += stats->whole_entries;
	total->refined += stats->refined;
	total->postings_pages += stats->postings_pages;
	total->postings += stats->postings;
	total->candidates += stats->candidates;
	total->peak_memory = Max(total->peak_memory, stats->peak_memory);
	total->changes += stats->changes;
	for (int i = 0; i < stats->ndrivers; i++)
		mm_driver_stats_add(total, &stats->drivers[i]);
}

/*
 * mm_search_stats: what the search has done so far.
 */
extern const MMSearchStats *mm_search_stats(MMSearch *search);

#endif							/* MM_SEARCH_H */
