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
 * mm_recent_contents: if the buffer is known, where a page's contents are, or NULL.
 * The CPU is asked to fetch what every reader of the page looks at.  The buffer is not
 * pinned, so the contents must not be looked at, only be asked for.
 *
 * mm_recent_prefetch: ask the CPU to fetch so many bytes.
 */
extern Buffer mm_recent_pin(Relation index, BlockNumber block);
extern void mm_recent_remember(Relation index, BlockNumber block, Buffer buffer);
extern const char *mm_recent_contents(Relation index, BlockNumber block);

static inline void
mm_recent_prefetch(const char *from, Size size)
{
	for (const char *pt = from; pt < from + size; pt += 64)
		__builtin_prefetch(pt);
}

#endif							/* MM_RECENT_H */
