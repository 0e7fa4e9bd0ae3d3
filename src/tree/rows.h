/*-------------------------------------------------------------------------
 *
 * rows.h
 *	  Many leaf entries in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_ROWS_H
#define MM_ROWS_H

#include "index/page.h"

typedef struct MMRows
{
	int64		n;
	int64		allocated;
	MMEntry    *entries;
	Size		size;			/* of an entry, rounded up to whole words */
	Size		copied;			/* bytes of it that are copied */
	char	   *free;			/* rest of the newest block */
	Size		left;
	MemoryContext context;		/* of the blocks */
} MMRows;

/*
 * mm_rows_create: an empty set of entries of this shape, in the current
 * context.
 *
 * mm_rows_add: add a copy of an entry.
 *
 * mm_rows_clear: drop all entries.
 *
 * mm_rows_free: free the set and everything in it.
 */
extern MMRows *mm_rows_create(const MMShape *shape);
extern void mm_rows_add(MMRows *rows, const uint32 *entry);
extern void mm_rows_clear(MMRows *rows);
extern void mm_rows_free(MMRows *rows);

#endif							/* MM_ROWS_H */
