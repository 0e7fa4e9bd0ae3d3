/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  VACUUM.
 *
 * VACUUM reads all pages in the order of the file, and removes dead entries
 * from leaves, those of all trees.  A split during that time may move entries to a page that
 * VACUUM has already passed, so it goes back to such a page (as GiST does).
 * Nothing would lead back from a root that has been split, so roots come first.
 * Then it condenses the trees (condense.c).
 *
 * VACUUM must not fail, or the table would be left to age.  So it needs only
 * the pages to remove entries, and runs no user's function.  Neither VACUUM
 * nor ANALYZE updates the statistics of distances: scales come from them, and
 * the distances that users see must not change by themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "compat.h"
#include "inverted/inverted.h"
#include "tree/condense.h"

typedef struct VacuumState
{
	IndexVacuumInfo *info;
	IndexBulkDeleteResult *stats;
	IndexBulkDeleteCallback callback;
	void	   *callback_state;
	int			ntrees;
	MMTree	   *trees;			/* by their numbers */
	MMCondense **condense;		/* of each; NULL: the index has no model */
	uint64		splits;			/* when it began */
} VacuumState;

/*
 * Remove the dead entries of a leaf, which is locked exclusively.  Returns
 * true if there were any.
 */
static bool
clean_leaf(VacuumState *state, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	int			tree = MMPageGetSpecial(page)->tree;
	const MMShape *shape = &state->trees[tree].model->leaf;
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
	if (tree == 0)
	{
		state->stats->tuples_removed += ndead;
		state->stats->num_index_tuples += n - ndead;
	}
	pfree(dead);
	return ndead > 0;
}

/*
 * Process a node, which is locked exclusively, when VACUUM has come as far as block
 * first.  Returns an earlier page that a split has moved entries of the node to, or
 * InvalidBlockNumber.
 */
static BlockNumber
vacuum_node(VacuumState *state, BlockNumber first, Buffer buffer)
{
	BlockNumber block = BufferGetBlockNumber(buffer);
	Page		page = BufferGetPage(buffer);
	const MMPageSpecial *special = MMPageGetSpecial(page);
	MMCondense *condense;
	bool		changed = false;

	if (special->tree >= state->ntrees)
		mm_report_damage(state->info->index, "Block %u is a node of tree %d, but there are %d.",
						 block, special->tree, state->ntrees);
	if (special->level == 0)
	{
		mm_tree_check_node(&state->trees[special->tree], buffer, 0);
		changed = clean_leaf(state, buffer);
	}
	condense = state->condense[special->tree];
	if (condense != NULL)
		mm_condense_note(condense, block, page, changed);
	if (special->level == 0 &&
		((special->flags & MM_PAGE_INCOMPLETE) || special->nsn > state->splits) &&
		special->right != InvalidBlockNumber && special->right < first)
		return special->right;
	return InvalidBlockNumber;
}

/*
 * Process one page, which is pinned, and earlier pages that a split has moved its
 * entries to.
 */
static void
vacuum_page(VacuumState *state, BlockNumber first, Buffer buffer)
{
	Relation	index = state->info->index;
	BlockNumber block = first;
	BlockNumber steps = 0;

	while (block != InvalidBlockNumber)
	{
		Page		page;
		MMPageSpecial *special;
		BlockNumber next = InvalidBlockNumber;

		mm_vacuum_delay_point();
		if (++steps % 1024 == 0 && steps > RelationGetNumberOfBlocks(index))
			mm_report_damage(index, "Links to the right of block %u lead in a circle.", block);
		if (block != first)
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
		if (special->kind < MM_PAGE_META || special->kind > MM_PAGE_HOME)
			mm_report_damage(index, "Block %u is of no valid kind.", block);

		/*
		 * Without a model, any nodes but the root are left over from a failed
		 * training, maybe of trees that there are not.
		 */
		if (special->kind == MM_PAGE_NODE &&
			(state->trees[0].model->trained || block == state->trees[0].root))
			next = vacuum_node(state, first, buffer);
		else if (special->kind == MM_PAGE_DELETED)
			state->stats->pages_deleted++;
		UnlockReleaseBuffer(buffer);
		block = next;
	}
}

/*
 * Remove dead rows from inverted indexes, which are not made of nodes.  Returns
 * how many pages were deleted.
 */
static BlockNumber
vacuum_inverted(VacuumState *state, const MMMeta *meta)
{
	Relation	index = state->info->index;
	MMForest	forest;
	MMInverted	inverted[MM_MAX_COLUMNS];
	int			n = 0;
	BlockNumber deleted = 0;

	mm_forest_open(index, meta, mm_meta_model(index, meta), &forest);
	for (int i = 0; i < forest.n; i++)
		if (forest.of[i]->kind == MM_SUBINDEX_INVERTED)
			inverted[n++] = mm_inverted_of_subindex(index, NULL, forest.of[i]);
	for (int i = 0; i < n; i++)
	{
		double		removed;
		double		kept;

		deleted += mm_inverted_vacuum(&inverted[i], state->callback, state->callback_state,
									  state->info->strategy, &removed, &kept);
	}
	return deleted;
}

/*
 * Take a transaction number after pages have been deleted.  The pages are used
 * again when all snapshots are younger than the number that was next at that
 * time, and that requires that somebody takes this number.  Imagine a server
 * where nothing happens but a change of many rows now and then, with a VACUUM
 * after each.  Nobody else takes a number before the next such change needs
 * the pages, and the file would become half as large again.  (VACUUM also
 * takes a number when it truncates a table.)  But when numbers are running
 * out, this is not worth one.  And what is not VACUUM, like the second pass of
 * CREATE INDEX CONCURRENTLY, should take none.
 */
static void
take_number(void)
{
	if ((MyProc->statusFlags & PROC_IN_VACUUM) != 0 && !IsInParallelMode() &&
		TransactionIdPrecedes(ReadNextTransactionId(), MM_XID_VACUUM_LIMIT))
		(void) GetTopTransactionId();
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
	Size		room = (Size) maintenance_work_mem * 1024;

	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	state.stats = stats;
	stats->num_index_tuples = 0;
	stats->pages_deleted = stats->pages_free = 0;

	old = MemoryContextSwitchTo(context);
	meta = mm_meta_read(index, 0);
	if (!BlockNumberIsValid(meta->model))
	{
		/*
		 * With this lock, no training runs while we work, and we know of all
		 * that has been done.
		 */
		LockPage(index, MM_META_BLOCK, ExclusiveLock);
		locked = true;
		meta = mm_meta_read(index, 0);
	}
	state.trees = mm_trees_open(index, meta, &state.ntrees);
	state.condense = palloc0(sizeof(MMCondense *) * state.ntrees);
	state.splits = mm_meta_splits(index);

	/*
	 * A root that is a leaf when it is split moves its entries to two pages, which
	 * we may have passed by the time we come to it.  (The root of the shared tree is
	 * the first node.)
	 */
	for (int t = 1; t < state.ntrees; t++)
		vacuum_page(&state, state.trees[t].root,
					mm_page_pin(index, state.trees[t].root, info->strategy));
	for (int t = 0; t < state.ntrees && state.trees[t].model->trained; t++)
		state.condense[t] = mm_condense_begin(&state.trees[t], info->strategy, &room);

	/*
	 * Pages may be added in the meantime.  A page that is added after the last
	 * look gets only entries that are new, or that have been seen elsewhere.
	 */
	for (BlockNumber block = MM_META_BLOCK + 1;; block = nblocks)
	{
		MMBlocks	blocks;

		nblocks = mm_settled_blocks(index);
		if (block >= nblocks)
			break;
		mm_blocks_begin(&blocks, index, block, nblocks, info->strategy);
		for (; block < nblocks; block++)
			vacuum_page(&state, block, mm_blocks_next(&blocks));
		mm_blocks_end(&blocks);
	}
	stats->pages_newly_deleted = 0;
	for (int t = 0; t < state.ntrees && state.condense[t] != NULL; t++)
		stats->pages_newly_deleted += mm_condense(state.condense[t]);
	stats->pages_newly_deleted += vacuum_inverted(&state, meta);
	stats->pages_deleted += stats->pages_newly_deleted;
	if (stats->pages_newly_deleted > 0)
		take_number();
	if (stats->pages_free + stats->pages_newly_deleted > 0)
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
		/* Only a scan could tell how many rows a partial index has. */
		stats->num_index_tuples = info->num_heap_tuples;
		stats->estimated_count = info->estimated_count ||
			RelationGetIndexPredicate(info->index) != NIL;
	}
	else if (!info->estimated_count && stats->num_index_tuples > info->num_heap_tuples)
		stats->num_index_tuples = info->num_heap_tuples;	/* splits count twice */
	return stats;
}
