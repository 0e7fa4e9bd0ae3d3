/*-------------------------------------------------------------------------
 *
 * entries.h
 *	  Many leaf entries in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ENTRIES_H
#define MM_ENTRIES_H

#include "index/page.h"

typedef struct MMEntries
{
	int64		n;
	int64		allocated;
	MMEntry    *items;
	Size		size;			/* of an entry, rounded up to whole words */
	Size		copied;			/* bytes of it that are copied */
	char	   *free;			/* rest of the newest block */
	Size		left;
	MemoryContext context;		/* of the blocks */
} MMEntries;

/*
 * mm_entries_create: an empty set of entries of this shape, in the current
 * context.
 *
 * mm_entries_add: add a copy of an entry.
 *
 * mm_entries_clear: drop all entries.
 *
 * mm_entries_free: free the set and everything in it.
 */
extern MMEntries *mm_entries_create(const MMShape *shape);
extern void mm_entries_add(MMEntries *entries, const uint32 *entry);
extern void mm_entries_clear(MMEntries *entries);
extern void mm_entries_free(MMEntries *entries);

#endif							/* MM_ENTRIES_H */
