/*-------------------------------------------------------------------------
 *
 * entries.c
 *	  Many leaf entries in memory.
 *
 * They are cut out of large blocks, because palloc would round the size of
 * each up to a power of two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "tree/entries.h"

#define BLOCK_SIZE	(256 * 1024)

MMEntries *
mm_entries_create(const MMShape *shape)
{
	MMEntries  *entries = palloc0(sizeof(MMEntries));

	entries->copied = shape->size;
	entries->size = INTALIGN(shape->size);
	entries->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb entries",
											 ALLOCSET_DEFAULT_SIZES);
	entries->allocated = 1024;
	entries->items = palloc(sizeof(MMEntry) * entries->allocated);
	return entries;
}

void
mm_entries_add(MMEntries *entries, const uint32 *entry)
{
	if (entries->n == entries->allocated)
	{
		entries->allocated *= 2;
		entries->items = repalloc_huge(entries->items, sizeof(MMEntry) * entries->allocated);
	}
	if (entries->left < entries->size)
	{
		entries->free = MemoryContextAlloc(entries->context, BLOCK_SIZE);
		entries->left = BLOCK_SIZE;
	}
	entries->items[entries->n++] = memcpy(entries->free, entry, entries->copied);
	entries->free += entries->size;
	entries->left -= entries->size;
}

void
mm_entries_clear(MMEntries *entries)
{
	MemoryContextReset(entries->context);
	entries->n = 0;
	entries->left = 0;
}

void
mm_entries_free(MMEntries *entries)
{
	MemoryContextDelete(entries->context);
	pfree(entries->items);
	pfree(entries);
}
