/*-------------------------------------------------------------------------
 *
 * source.h
 *	  Where a search gets its candidates.
 *
 * A source goes through some part of an index and yields entries in the order
 * of lower bounds of the sum that is searched for.  The search (search.c)
 * takes care of everything else.  It tells the source what is wanted, and it
 * keeps doing so: the limit of the bounding comes down while rows are
 * verified.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SOURCE_H
#define MM_SOURCE_H

#include "search/bounding.h"
#include "tree/tree.h"

typedef struct MMSource MMSource;

typedef struct MMSourceRoutine
{
	/*
	 * Read what the first candidates need.  Returns false if the tree has no
	 * model, but its index has got one in the meantime.
	 */
	bool		(*begin) (MMSource *source);

	/*
	 * The next candidate.  Returns false if there are no more that are wanted.
	 * If the candidate is not needed yet, also returns false if another page
	 * of the index would have to be read for it.
	 */
	bool		(*next) (MMSource *source, bool needed, MMCandidate *candidate);

	/*
	 * The least bound of what has not been returned yet: 0 until something was
	 * read, and Infinity after the last candidate.
	 */
	float		(*frontier) (MMSource *source);

	/*
	 * Used instead of all these: pass all candidates to a function, in no order.
	 * Returns what begin returns.
	 */
	bool		(*all) (MMSource *source, MMSearchEmit emit, void *state);

	/* Release what is not memory of the context. */
	void		(*end) (MMSource *source);
} MMSourceRoutine;

/*
 * The part that all sources have.
 */
struct MMSource
{
	const MMSourceRoutine *routine;
	MMTree		tree;
	MMBounding *bounding;		/* of the sum */
	List	   *also;			/* of MMBounding *: other sums, to be within bounds */
	MMSearchStats *stats;		/* of the search: what it reads is counted there */
	float		most;			/* where the frontier is above this, next may return
								 * false, even if a candidate is needed */
	int			work_mem;		/* kB that it may sort in */
};

#endif							/* MM_SOURCE_H */
