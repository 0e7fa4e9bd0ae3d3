/*-------------------------------------------------------------------------
 *
 * rows.c
 *	  Many leaf entries in memory.
 *
 * They are cut out of large blocks, because palloc would round the size of
 * each up to a power of two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "tree/rows.h"

#define BLOCK_SIZE	(256 * 1024)

MMRows *
mm_rows_create(const MMShape *shape)
{
	MMRows	   *rows = palloc0(sizeof(MMRows));

	rows->copied = shape->size;
	rows->size = INTALIGN(shape->size);
	rows->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb rows",
										  ALLOCSET_DEFAULT_SIZES);
	rows->allocated = 1024;
	rows->entries = palloc(sizeof(MMEntry) * rows->allocated);
	return rows;
}

void
mm_rows_add(MMRows *rows, const uint32 *entry)
{
	if (rows->n == rows->allocated)
	{
		rows->allocated *= 2;
		rows->entries = repalloc_huge(rows->entries, sizeof(MMEntry) * rows->allocated);
	}
	if (rows->left < rows->size)
	{
		rows->free = MemoryContextAlloc(rows->context, BLOCK_SIZE);
		rows->left = BLOCK_SIZE;
	}
	rows->entries[rows->n++] = memcpy(rows->free, entry, rows->copied);
	rows->free += rows->size;
	rows->left -= rows->size;
}

void
mm_rows_clear(MMRows *rows)
{
	MemoryContextReset(rows->context);
	rows->n = 0;
	rows->left = 0;
}

void
mm_rows_free(MMRows *rows)
{
	MemoryContextDelete(rows->context);
	pfree(rows->entries);
	pfree(rows);
}
