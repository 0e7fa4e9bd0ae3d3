/*-------------------------------------------------------------------------
 *
 * lookahead.h
 *	  Rows of a table that will be read one by one.  The operating system is
 *	  asked for the next ones while others are worked on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LOOKAHEAD_H
#define MM_LOOKAHEAD_H

#include "storage/itemptr.h"
#include "utils/relcache.h"

/*
 * A function that gives the next row.  Returns false if there is none.  An
 * item begins with the row's place, an ItemPointerData; the rest is whatever
 * its owner wants to know.  If the row is not needed yet, it is only wanted in
 * order to ask for it early.  The function may then return false rather than
 * go to great lengths.
 */
typedef bool (*MMLookaheadSource) (void *state, bool needed, void *item);

/*
 * A queue of items, in a ring.
 */
typedef struct MMLookahead
{
	Relation	heap;			/* NULL: rows are not asked for */
	Size		item_size;
	int			room;			/* in items: one, and those asked for */
	int			first;
	int			n;
	BlockNumber block;			/* of the last item */
	MMLookaheadSource source;
	void	   *state;
	char	   *items;
} MMLookahead;

/*
 * mm_lookahead_init: look ahead in heap, as far as effective_io_concurrency of
 * its tablespace says, but no further than some limit.  If heap is NULL, do
 * not look ahead at all.  In the current context.
 */
extern void mm_lookahead_init(MMLookahead *ahead, Relation heap, Size item_size,
							  MMLookaheadSource source, void *state);

/*
 * mm_lookahead_next: the next item; false if there are no more.
 */
extern bool mm_lookahead_next(MMLookahead *ahead, void *item);

#endif							/* MM_LOOKAHEAD_H */
