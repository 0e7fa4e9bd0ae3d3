/*-------------------------------------------------------------------------
 *
 * recent.h
 *	  Where pages were found recently, so that buffers are found again without
 *	  a look-up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RECENT_H
#define MM_RECENT_H

#include "index/page.h"

/*
 * mm_recent_pin: pin a page whose buffer is known.  Returns InvalidBuffer if
 * it is not known.
 *
 * mm_recent_remember: remember that a page was found in this buffer.
 *
 * mm_recent_prefetch: if the buffer is known, ask the CPU to fetch words of a
 * node's entries that will soon be read: from first to before end, or for an
 * end of -1 all that follow, and all bytes.  The addresses are roughly right
 * if the node is nearly full.
 */
extern Buffer mm_recent_pin(Relation index, BlockNumber block);
extern void mm_recent_remember(Relation index, BlockNumber block, Buffer buffer);
extern void mm_recent_prefetch(Relation index, BlockNumber block,
							   const MMShape *shape, int first, int end);

#endif							/* MM_RECENT_H */
