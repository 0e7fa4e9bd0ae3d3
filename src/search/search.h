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
} MMTerm;

/*
 * The value of missing for a term that makes the whole sum NULL where its
 * column is NULL.
 */
#define MM_MISSING_NULL		(-1.0)

typedef struct MMSearchStats
{
	int64		inner_pages;
	int64		leaf_pages;		/* each once, though it may be read again */
	int64		bounded;		/* entries on leaves, each once */
	int64		whole_pages;	/* leaves read with their sketches, too */
	int64		whole_entries;	/* on those */
	int64		candidates;		/* entries returned */
	Size		memory;			/* of all queues now, in bytes */
	Size		peak_memory;
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
 * mm_search_stats: what the search has done so far.
 */
extern const MMSearchStats *mm_search_stats(const MMSearch *search);

#endif							/* MM_SEARCH_H */
