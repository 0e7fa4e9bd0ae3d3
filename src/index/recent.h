/*-------------------------------------------------------------------------
 *
 * recent.h
 *	  Where pages were found lately: buffers that are looked at again without a
 *	  look-up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RECENT_H
#define MM_RECENT_H

#include "index/page.h"

/*
 * mm_recent_pin: pin a page whose buffer is known; InvalidBuffer if it is not.
 * mm_recent_remember: a page was found in this buffer.
 * mm_recent_prefetch: if the buffer is known, ask the CPU for words first to before
 * end of a node's entries (end -1: and all bytes), as they will soon be read; about
 * where they are if the node is nearly full.
 */
extern Buffer mm_recent_pin(Relation index, BlockNumber block);
extern void mm_recent_remember(Relation index, BlockNumber block, Buffer buffer);
extern void mm_recent_prefetch(Relation index, BlockNumber block,
							   const MMShape *shape, int first, int end);

#endif							/* MM_RECENT_H */
