/*-------------------------------------------------------------------------
 *
 * search.h
 *	  Finding rows in an index by a weighted sum of distances.
 *
 * A search yields candidates in the order of lower bounds of the sum.  Whoever
 * uses it verifies them: reads the row, computes the sum.  Once the next bound
 * is above a verified row's sum, that row is next among all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SEARCH_H
#define MM_SEARCH_H

#include "index/columns.h"

/*
 * A term of a weighted sum with the value it is about: weight times the distance
 * from the value to the column, divided by scale.
 *
 * A query's sum becomes these when its values are known, be it an object with
 * weights and scales (terms.h), which may also be written as SQL from them, or an
 * expression of distances, of which MMSumTerm (plan/sum.h) has the factors.  A
 * search makes them ready to bound with: MMBoundTerm (bounding.h).
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
} MMTerm;

/* The missing of a term that makes the whole sum NULL where the column is. */
#define MM_MISSING_NULL		(-1.0)

typedef struct MMSearchStats
{
	int64		inner_pages;
	int64		leaf_pages;		/* each once, though it may be read again */
	int64		bounded;		/* entries on leaves, each once */
	int64		whole_pages;	/* leaves read with their sketches, too */
	int64		whole_entries;	/* on those */
	int64		candidates;		/* entries returned */
	Size		peak_memory;	/* of the queue, in bytes */
} MMSearchStats;

typedef struct MMCandidate
{
	ItemPointerData tid;
	double		lower;			/* of the sum; if is_null, there is no sum */
	double		upper;			/* Infinity where there is none */
	bool		is_null;
} MMCandidate;

typedef struct MMSearch MMSearch;

/*
 * mm_search_begin: a search for the sum of n terms, in the current context.
 * with_nulls: all rows are candidates, those whose sum is NULL after all others;
 * otherwise those are not.  bound: no need for rows above it.
 */
extern MMSearch *mm_search_begin(Relation index, MMColumns *columns,
								 const MMTerm *terms, int n,
								 bool with_nulls, double bound);

/*
 * mm_search_nulls: want rows whose sum is NULL, and no others; of a search with
 * them.  Before the first candidate.
 */
extern void mm_search_nulls(MMSearch *search);

/*
 * mm_search_whole: all distances are whole numbers, and all factors, and what
 * NULLs add, are multiples of unit, a power of 2; so that bounds of the sum are
 * exact where they are less than 2^24 units.  Before the first candidate.
 */
extern void mm_search_whole(MMSearch *search, double unit);

/*
 * mm_search_also: want only rows whose sum of these n terms, too, is not NULL and
 * not above bound, as far as the index can tell.  Before the first candidate.
 */
extern void mm_search_also(MMSearch *search, const MMTerm *terms, int n,
						   double bound);

/*
 * mm_search_table: all candidates must be places of this table; otherwise an error
 * says that the index is damaged.
 */
extern void mm_search_table(MMSearch *search, Relation heap);

/*
 * mm_search_prefetch: the same, and ask the operating system for the rows in heap that will
 * be verified next, as many ahead as effective_io_concurrency allows.
 */
extern void mm_search_prefetch(MMSearch *search, Relation heap);

/*
 * mm_search_next: the next candidate, false if there are no more.
 */
extern bool mm_search_next(MMSearch *search, MMCandidate *candidate);

/*
 * mm_search_all: hand all candidates to a function, in no order.
 */
typedef void (*MMSearchEmit) (const MMCandidate *candidate, void *state);
extern void mm_search_all(MMSearch *search, MMSearchEmit emit, void *state);

/*
 * mm_search_bound: from now on there is no need for rows at bound or above, nor
 * for those whose sum is NULL.
 */
extern void mm_search_bound(MMSearch *search, double bound);

/*
 * mm_search_end: give back what is not memory of the context.
 */
extern void mm_search_end(MMSearch *search);

/*
 * mm_search_stats: what the search has done so far.
 */
extern const MMSearchStats *mm_search_stats(const MMSearch *search);

#endif							/* MM_SEARCH_H */
