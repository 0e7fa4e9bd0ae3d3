/*-------------------------------------------------------------------------
 *
 * lookahead.h
 *	  Rows of a table that will be read one by one, the next of them asked for
 *	  from the operating system while others are worked on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_LOOKAHEAD_H
#define MM_LOOKAHEAD_H

#include "storage/itemptr.h"
#include "utils/relcache.h"

/*
 * Gives the next row; false if there is none.  An item begins with the row's
 * place, an ItemPointerData, and has whatever else its owner wants to know.  If
 * not needed, the row is wanted for being asked for only, and the function may
 * return false rather than go to lengths for it.
 */
typedef bool (*MMLookaheadSource) (void *state, bool needed, void *item);

/*
 * A queue of items, in a ring.
 */
typedef struct MMLookahead
{
	Relation	heap;			/* NULL: rows are not asked for */
	Size		item_size;
	int			room;			/* for so many items: one, and those asked for */
	int			first;
	int			n;
	BlockNumber block;			/* of the last item */
	MMLookaheadSource source;
	void	   *state;
	char	   *items;
} MMLookahead;

/*
 * mm_lookahead_init: look ahead in heap, as far as effective_io_concurrency of
 * its tablespace says, but not very far; or not at all if heap is NULL.  In the
 * current context.
 */
extern void mm_lookahead_init(MMLookahead *ahead, Relation heap, Size item_size,
							  MMLookaheadSource source, void *state);

/*
 * mm_lookahead_next: the next item; false if there are no more.
 */
extern bool mm_lookahead_next(MMLookahead *ahead, void *item);

#endif							/* MM_LOOKAHEAD_H */
