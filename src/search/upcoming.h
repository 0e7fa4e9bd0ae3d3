/*-------------------------------------------------------------------------
 *
 * upcoming.h
 *	  Nodes that a search will read soon.  While pages are not found in shared
 *	  buffers, the operating system is asked for the next ones early, so that the
 *	  disk works on several of them at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_UPCOMING_H
#define MM_UPCOMING_H

#include "search/cursor.h"

typedef struct MMUpcoming
{
	Relation	index;
	int			distance;		/* how many nodes are asked for at a time; 0: none */
	int			cold;			/* so many more nodes are read before it is believed that
								 * pages are in shared buffers */
	int			asked;			/* so many nodes are read before others are asked for */
	int64		reads;			/* by this backend, before the node being read */
} MMUpcoming;

/*
 * mm_upcoming_init: nothing of this index has been read yet.
 * effective_io_concurrency of its tablespace says how far to look ahead.
 *
 * mm_upcoming_before: the first item of a cursor is about to be read.  The cursor
 * is not in the queue, which holds the others.  The queue is the same afterwards.
 *
 * mm_upcoming_in_order: item i of a cursor is about to be read, and then all the
 * others in their order.
 *
 * mm_upcoming_after: the node has been read.
 */
extern void mm_upcoming_init(MMUpcoming *upcoming, Relation index);
extern void mm_upcoming_before(MMUpcoming *upcoming, MMCursor *cursor, pairingheap *queue,
							   const MMBounding *bounding);
extern void mm_upcoming_in_order(MMUpcoming *upcoming, const MMCursor *cursor, int i);
extern void mm_upcoming_after(MMUpcoming *upcoming);

#endif							/* MM_UPCOMING_H */
