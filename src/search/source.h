/*-------------------------------------------------------------------------
 *
 * source.h
 *	  Where a search gets its candidates.
 *
 * A source goes through some part of an index and hands out entries in the order
 * of lower bounds of the sum that is searched for.  The search (search.c) looks after
 * everything else.  It tells the source what is wanted, and goes on to do so: the
 * limit of the bounding comes down while rows are verified.
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
	 * model, but its index has got one meanwhile.
	 */
	bool		(*begin) (MMSource *source);

	/*
	 * The next candidate; false if there are no more that are wanted.  If it is
	 * not needed yet, return false, too, where another page of the index would
	 * have to be read for it.
	 */
	bool		(*next) (MMSource *source, bool needed, MMCandidate *candidate);

	/*
	 * Instead of both: hand all candidates to a function, in no order.  Returns
	 * what begin does.
	 */
	bool		(*all) (MMSource *source, MMSearchEmit emit, void *state);

	/* Give back what is not memory of the context. */
	void		(*end) (MMSource *source);
} MMSourceRoutine;

/*
 * What all sources have.
 */
struct MMSource
{
	const MMSourceRoutine *routine;
	MMTree		tree;
	MMBounding *bounding;		/* of the sum */
	List	   *also;			/* of MMBounding *: other sums, to be within bounds */
	MMSearchStats *stats;		/* of the search: what it reads is counted there */
};

#endif							/* MM_SOURCE_H */
