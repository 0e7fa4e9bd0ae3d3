/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  VACUUM.
 *
 * VACUUM reads all pages in the order of the file.  A split that comes while it
 * does may move entries to a page it has passed, so it goes back to that (as
 * GiST does).  Leaves that are left empty lose their downlinks and become free
 * pages, but the last one of a node; a free page is used again when no search
 * can be on its way to it any more.
 *
 * VACUUM must not fail, lest the table be left to age.  So it needs nothing but
 * the pages to remove entries, and runs no user's function.  The statistics of
 * distances are none of its business, nor of ANALYZE's: scales come from them,
 * and the distances users see must not change by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/tree.h"
#include "compat.h"

typedef struct VacuumState
{
	IndexVacuumInfo *info;
	IndexBulkDeleteResult *stats;
	IndexBulkDeleteCallback callback;
	void	   *callback_state;
	bool		trained;
	MMShape		leaf;
	MMShape		inner;
	uint64		splits;			/* when it began */
	BlockNumber *empty;			/* leaves without entries */
	int			nempty;
	BlockNumber *parents;		/* nodes of level 1 */
	int			nparents;
} VacuumState;

static void
remember(BlockNumber **blocks, int *n, BlockNumber block)
{
	/* Room for a power of two. */
	if (*n == 0)
		*blocks = palloc(sizeof(BlockNumber));
	else if ((*n & (*n - 1)) == 0)
		*blocks = repalloc_huge(*blocks, sizeof(BlockNumber) * *n * 2);
	(*blocks)[(*n)++] = block;
}

/*
 * Remove the dead entries of a leaf, locked exclusively.
 */
static void
clean_leaf(VacuumState *state, Buffer buffer)
{
	const MMShape *shape = &state->leaf;
	Page		page = BufferGetPage(buffer);
	int			n = MMPageGetSpecial(page)->n;
	int			ndead = 0;
	int		   *dead = palloc(sizeof(int) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		ItemPointerData tid;

		mm_entry_place(state->info->index, mm_page_words(page, 0)[i],
					   mm_page_words(page, 1)[i], &tid);
		if (state->callback(&tid, state->callback_state))
			dead[ndead++] = i;
	}
	if (ndead > 0)
	{
		GenericXLogState *xlog = GenericXLogStart(state->info->index);

		page = GenericXLogRegisterBuffer(xlog, buffer, 0);
		for (int i = ndead - 1; i >= 0; i--)
			mm_page_remove(page, shape, dead[i]);
		GenericXLogFinish(xlog);
	}
	state->stats->tuples_removed += ndead;
	state->stats->num_index_tuples += n - ndead;
	pfree(dead);
}

/*
 * Process one page, and pages before it that a split has moved entries to.
 */
static void
vacuum_page(VacuumState *state, BlockNumber first)
{
	Relation	index = state->info->index;
	BlockNumber block = first;
	BlockNumber steps = 0;

	while (block != InvalidBlockNumber)
	{
		Buffer		buffer;
		Page		page;
		MMPageSpecial *special;
		BlockNumber next = InvalidBlockNumber;

		mm_vacuum_delay_point();
		if (++steps % 1024 == 0 && steps > RelationGetNumberOfBlocks(index))
			mm_report_damage(index, "Links to the right of block %u lead in a circle.", block);
		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL,
									state->info->strategy);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		page = BufferGetPage(buffer);
		if (PageIsNew(page) || mm_page_recyclable(page))
		{
			RecordFreeIndexPage(index, block);
			state->stats->pages_free++;
			UnlockReleaseBuffer(buffer);
			break;
		}
		mm_page_check(index, buffer, 0);
		special = MMPageGetSpecial(page);
		if (special->kind < MM_PAGE_META || special->kind > MM_PAGE_FREE ||
			(special->kind == MM_PAGE_FREE && special->n > 0))
			mm_report_damage(index, "Block %u is of no valid kind.", block);
		if (special->kind == MM_PAGE_FREE)
			state->stats->pages_deleted++;
		else if (special->kind == MM_PAGE_NODE && special->level == 0 &&
				 (state->trained || block == MM_ROOT_BLOCK))
		{
			/* Without a model, others are left from a training that failed. */
			mm_node_check(index, buffer, &state->leaf, &state->inner, state->trained, 0);
			clean_leaf(state, buffer);
			if (special->n == 0 && block != MM_ROOT_BLOCK &&
				(special->flags & MM_PAGE_INCOMPLETE) == 0)
				remember(&state->empty, &state->nempty, block);
			if (((special->flags & MM_PAGE_INCOMPLETE) || special->nsn > state->splits) &&
				special->right != InvalidBlockNumber && special->right < first)
				next = special->right;
		}
		else if (special->kind == MM_PAGE_NODE && special->level == 1)
			remember(&state->parents, &state->nparents, block);
		UnlockReleaseBuffer(buffer);
		block = next;
	}
}

static int
compare_blocks(const void *a, const void *b)
{
	BlockNumber x = *(const BlockNumber *) a;
	BlockNumber y = *(const BlockNumber *) b;

	return (x > y) - (x < y);
}

/*
 * Delete a leaf if it is still empty and parent still has its downlink, and
 * another one.
 */
static void
delete_leaf(VacuumState *state, BlockNumber leaf, BlockNumber parent)
{
	Relation	index = state->info->index;
	const MMShape *inner = &state->inner;
	Buffer		leafbuf = mm_page_read(index, leaf, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
	Buffer		parentbuf = mm_page_read(index, parent, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
	MMPageSpecial *special = MMPageGetSpecial(BufferGetPage(leafbuf));
	MMPageSpecial *above = MMPageGetSpecial(BufferGetPage(parentbuf));
	int			entry = -1;

	if (special->kind == MM_PAGE_NODE && special->level == 0 && special->n == 0 &&
		(special->flags & MM_PAGE_INCOMPLETE) == 0 &&
		above->kind == MM_PAGE_NODE && above->level == 1)
	{
		mm_node_check(index, parentbuf, &state->leaf, inner, true, 1);
		if (above->n > 1)
			entry = mm_page_find(BufferGetPage(parentbuf), leaf);
	}
	if (entry >= 0)
	{
		GenericXLogState *xlog = GenericXLogStart(index);
		Page		page;

		page = GenericXLogRegisterBuffer(xlog, leafbuf, 0);
		/* It keeps its number and its link to the right; see page.h. */
		mm_page_delete(page, ReadNextFullTransactionId());
		mm_page_remove(GenericXLogRegisterBuffer(xlog, parentbuf, 0), inner, entry);
		GenericXLogFinish(xlog);
		state->stats->pages_newly_deleted++;
		state->stats->pages_deleted++;
	}
	UnlockReleaseBuffer(parentbuf);
	UnlockReleaseBuffer(leafbuf);
}

static void
delete_empty_leaves(VacuumState *state)
{
	const MMShape *inner = &state->inner;

	if (state->nempty == 0)
		return;
	qsort(state->empty, state->nempty, sizeof(BlockNumber), compare_blocks);
	for (int i = 0; i < state->nparents; i++)
	{
		Buffer		buffer = mm_page_read(state->info->index, state->parents[i],
										  BUFFER_LOCK_SHARE, 0, state->info->strategy);
		Page		page = BufferGetPage(buffer);
		BlockNumber *found = palloc(sizeof(BlockNumber) * inner->capacity);
		int			nfound = 0;

		mm_vacuum_delay_point();
		if (MMPageGetSpecial(page)->kind == MM_PAGE_NODE && MMPageGetSpecial(page)->level == 1)
		{
			mm_node_check(state->info->index, buffer, &state->leaf, inner, true, 1);
			for (int e = 0; e < MMPageGetSpecial(page)->n; e++)
			{
				BlockNumber child = mm_page_words(page, 0)[e];

				if (bsearch(&child, state->empty, state->nempty, sizeof(BlockNumber), compare_blocks))
					found[nfound++] = child;
			}
		}
		UnlockReleaseBuffer(buffer);
		for (int e = 0; e < nfound; e++)
			delete_leaf(state, found[e], state->parents[i]);
		pfree(found);
	}
}

IndexBulkDeleteResult *
mmdb_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
				IndexBulkDeleteCallback callback, void *callback_state)
{
	Relation	index = info->index;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	VacuumState state = {.info = info, .callback = callback, .callback_state = callback_state};
	MMMeta	   *meta;
	BlockNumber nblocks;
	bool		locked = false;

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	state.stats = stats;
	stats->num_index_tuples = 0;
	stats->pages_deleted = stats->pages_free = 0;

	old = MemoryContextSwitchTo(context);
	meta = mm_meta_read(index, 0);
	if (!BlockNumberIsValid(meta->model))
	{
		/* No training while we work, and none done that we do not know of. */
		LockPage(index, MM_META_BLOCK, ExclusiveLock);
		locked = true;
		meta = mm_meta_read(index, 0);
	}
	state.trained = BlockNumberIsValid(meta->model);
	mm_meta_shapes(meta, &state.leaf, &state.inner);
	state.splits = mm_meta_splits(index);

	/* Pages may be added meanwhile; what is added last has been seen before. */
	for (BlockNumber block = MM_ROOT_BLOCK;; block++)
	{
		nblocks = RelationGetNumberOfBlocks(index);
		if (block >= nblocks)
			break;
		for (; block < nblocks; block++)
			vacuum_page(&state, block);
		block--;
	}
	delete_empty_leaves(&state);
	if (stats->pages_free > 0)
		IndexFreeSpaceMapVacuum(index);
	stats->num_pages = nblocks;

	if (locked)
		UnlockPage(index, MM_META_BLOCK, ExclusiveLock);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return stats;
}

IndexBulkDeleteResult *
mmdb_vacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	if (info->analyze_only)
		return stats;
	if (stats == NULL)
	{
		stats = palloc0(sizeof(IndexBulkDeleteResult));
		stats->num_pages = RelationGetNumberOfBlocks(info->index);
		/* How many rows a partial index has, only a scan could tell. */
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = info->estimated_count ||
			RelationGetIndexPredicate(info->index) != NIL;
	}
	else if (!info->estimated_count && stats->num_index_tuples > info->num_heap_tuples)
		stats->num_index_tuples = info->num_heap_tuples;	/* splits count twice */
	return stats;
}
