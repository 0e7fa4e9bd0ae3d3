/*-------------------------------------------------------------------------
 *
 * bulk.c
 *	  Writing a whole tree, from the leaves up.
 *
 * Leaves are written as entries come in.  For the levels above, the boxes are
 * kept in memory until the end, which takes about a hundredth of the leaves'
 * size.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "tree/box.h"
#include "tree/bulk.h"
#include "tree/pack.h"

/* Entries that are kept in memory until their parents are made. */
typedef struct Level
{
	int64		n;
	int64		allocated;
	MMEntry    *entries;
} Level;

struct MMBulk
{
	MMTree		tree;
	int			fillfactor;
	bool		logged;
	int			level;			/* of the nodes being written */
	Level		above;			/* their boxes */
	MemoryContext context;
};

static void
remember(MMBulk *bulk, MMEntry box)
{
	Level	   *above = &bulk->above;

	if (above->n == above->allocated)
	{
		above->allocated = Max(above->allocated * 2, 64);
		above->entries = above->entries == NULL ?
			MemoryContextAllocHuge(bulk->context, sizeof(MMEntry) * above->allocated) :
			repalloc_huge(above->entries, sizeof(MMEntry) * above->allocated);
	}
	above->entries[above->n++] = box;
}

/*
 * Write a node with these entries, and remember its box.
 */
static void
write_node(MMEntry *entries, int n, void *state)
{
	MMBulk	   *bulk = state;
	const MMShape *shape = mm_tree_shape(&bulk->tree, bulk->level);
	Buffer		buffer = mm_page_new(bulk->tree.index);
	GenericXLogState *xlog = bulk->logged ? GenericXLogStart(bulk->tree.index) : NULL;
	Page		page = bulk->logged ?
		GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE) :
		BufferGetPage(buffer);
	MemoryContext old = MemoryContextSwitchTo(bulk->context);
	MMEntry		box = palloc(bulk->tree.model->inner.size);

	mm_tree_init_node(&bulk->tree, page, bulk->level);
	mm_page_make_room(page, shape, n);
	for (int i = 0; i < n; i++)
		mm_page_add(page, shape, entries[i]);
	mm_box_of_page(bulk->tree.model, page, BufferGetBlockNumber(buffer), box);
	remember(bulk, box);
	MemoryContextSwitchTo(old);
	if (bulk->logged)
		GenericXLogFinish(xlog);
	else
		MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
}

static int
filled(const MMBulk *bulk, const MMShape *shape)
{
	return Max(shape->capacity * bulk->fillfactor / 100, 2);
}

MMBulk *
mm_bulk_begin(const MMTree *tree, int fillfactor, bool logged)
{
	MMBulk	   *bulk = palloc0(sizeof(MMBulk));

	bulk->tree = *tree;
	bulk->fillfactor = fillfactor;
	bulk->logged = logged;
	bulk->context = CurrentMemoryContext;
	return bulk;
}

void
mm_bulk_add(MMBulk *bulk, MMEntry *rows, int64 n)
{
	mm_pack(bulk->tree.model, false, rows, n, filled(bulk, &bulk->tree.model->leaf), write_node, bulk);
}

int
mm_bulk_finish(MMBulk *bulk, MMEntry **entries, int *level)
{
	for (;;)
	{
		Level		below = bulk->above;

		bulk->level++;
		if (below.n <= bulk->tree.model->inner.capacity)
		{
			*entries = below.entries;
			*level = bulk->level;
			return (int) below.n;
		}
		memset(&bulk->above, 0, sizeof(Level));
		mm_pack(bulk->tree.model, true, below.entries, below.n,
				filled(bulk, &bulk->tree.model->inner), write_node, bulk);
		for (int64 i = 0; i < below.n; i++)
			pfree(below.entries[i]);
		pfree(below.entries);
	}
}

void
mm_bulk_finish_root(MMBulk *bulk)
{
	MMEntry    *entries;
	int			level;
	int			n = mm_bulk_finish(bulk, &entries, &level);
	Buffer		buffer = mm_page_pin(bulk->tree.index, bulk->tree.root, NULL);
	GenericXLogState *xlog;
	Page		page;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	xlog = bulk->logged ? GenericXLogStart(bulk->tree.index) : NULL;
	page = bulk->logged ? GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE) :
		BufferGetPage(buffer);
	mm_tree_fill_root(&bulk->tree, page, entries, n, n == 0 ? 0 : level);
	if (bulk->logged)
		GenericXLogFinish(xlog);
	else
		MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
}
