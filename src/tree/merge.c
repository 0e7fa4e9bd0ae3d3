/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Merging and deleting nodes, beside searches and insertions.
 *
 * Each step by which VACUUM makes the tree smaller (condense.c) is one WAL record,
 * made under exclusive locks of all pages it is about: the children, the parent, and
 * as a rule the metadata, where it is counted as a split.  What searches and
 * insertions on the way to these pages make of it stands in page.h; in short:
 *
 *	- A leaf that is deleted keeps its entries.  If another one has got them, too,
 *	  those come last there, behind those from before the merge.  A search that
 *	  has read the parent before the merge looks at the old entries alone, and
 *	  finds the others where they were; one that reads it afterwards looks at all
 *	  entries of the one leaf that is left.  No entry is missing, none comes twice.
 *	- A leaf is merged again only when nobody may be on the way any more who knows
 *	  it from before the last time: there is but one mark.
 *	- Of two inner nodes, a new page takes the entries, and both are deleted.  They,
 *	  too, stay as they were, and with them the children they lead to: so a search
 *	  that has read their parent before does not depend on what happens to the new
 *	  node.
 *	- An insertion that comes to a node deleted or merged since it read the parent
 *	  starts again.  Therefore the box of a merged leaf may be that of its entries,
 *	  although the insertion has enlarged the old one; a box that only becomes
 *	  smaller, of a leaf or an inner node, counts as a merge with nothing.  Boxes
 *	  above need not change.
 *
 * Locks: one child; another one only if nobody has it locked, as somebody who
 * completes a split might wait for the first with that in hand; then the parent,
 * then the metadata.  What was read before is looked at again under these locks,
 * and left alone if it has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/indexfsm.h"
#include "utils/rel.h"

#include "tree/box.h"
#include "tree/merge.h"

/*
 * Is the page, locked, a node of this level that may be deleted?  Not with a
 * split to be completed: the right half has no other link.
 */
static bool
is_complete_node(const MMMerger *merger, Buffer buffer, int level)
{
	const MMPageSpecial *special = MMPageGetSpecial(BufferGetPage(buffer));

	mm_page_check(merger->tree.index, buffer, 0);
	if (special->kind != MM_PAGE_NODE || special->level != level ||
		(special->flags & MM_PAGE_INCOMPLETE) != 0)
		return false;
	mm_tree_check_node(&merger->tree, buffer, level);
	return true;
}

/*
 * Lock the parent of a node, if it still is a node of that level.
 */
static Buffer
lock_parent(MMMerger *merger, BlockNumber block, int level)
{
	Buffer		buffer = mm_page_read(merger->tree.index, block, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
	const MMPageSpecial *special = MMPageGetSpecial(BufferGetPage(buffer));

	if (special->kind == MM_PAGE_NODE && special->level == level)
	{
		mm_tree_check_node(&merger->tree, buffer, level);
		return buffer;
	}
	UnlockReleaseBuffer(buffer);
	return InvalidBuffer;
}

/*
 * Delete a node in a WAL record, when so many splits have been counted.
 */
static void
delete_node(GenericXLogState *xlog, Buffer buffer, uint64 splits)
{
	mm_page_delete(GenericXLogRegisterBuffer(xlog, buffer, 0), ReadNextFullTransactionId(), splits);
}

/*
 * Make a deleted page known to those who look for one.
 */
static void
record_deleted(MMMerger *merger, BlockNumber block)
{
	RecordFreeIndexPage(merger->tree.index, block);
	merger->deleted++;
}

void
mm_merge_delete_leaf(MMMerger *merger, BlockNumber leaf, BlockNumber parent)
{
	Buffer		leafbuf = mm_page_read(merger->tree.index, leaf, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
	Buffer		parentbuf = InvalidBuffer;
	int			entry = -1;

	if (is_complete_node(merger, leafbuf, 0) &&
		MMPageGetSpecial(BufferGetPage(leafbuf))->n == 0)
		parentbuf = lock_parent(merger, parent, 1);
	if (BufferIsValid(parentbuf) && MMPageGetSpecial(BufferGetPage(parentbuf))->n > 1)
		entry = mm_page_find(BufferGetPage(parentbuf), leaf);
	if (entry >= 0)
	{
		GenericXLogState *xlog = GenericXLogStart(merger->tree.index);

		delete_node(xlog, leafbuf, mm_meta_splits(merger->tree.index));
		mm_page_remove(GenericXLogRegisterBuffer(xlog, parentbuf, 0), &merger->tree.model->inner, entry);
		GenericXLogFinish(xlog);
	}
	if (BufferIsValid(parentbuf))
		UnlockReleaseBuffer(parentbuf);
	UnlockReleaseBuffer(leafbuf);
	if (entry >= 0)
		record_deleted(merger, leaf);
}

/*
 * Add the entries of a node to another.
 */
static void
add_entries(const MMShape *shape, Page to, Page from)
{
	MMEntry		entry = palloc(INTALIGN(shape->size));
	int			n = MMPageGetSpecial(from)->n;

	mm_page_make_room(to, shape, MMPageGetSpecial(to)->n + n);
	for (int i = 0; i < n; i++)
	{
		mm_page_get(from, shape, i, entry);
		mm_page_add(to, shape, entry);
	}
	pfree(entry);
}

/*
 * Two nodes about to be merged, and their parent, all locked.
 */
typedef struct Pair
{
	Buffer		nodes[2];
	Buffer		parent;
	int			entries[2];		/* of the parent */
} Pair;

static void
unlock_pair(Pair *pair)
{
	if (BufferIsValid(pair->parent))
		UnlockReleaseBuffer(pair->parent);
	if (BufferIsValid(pair->nodes[1]))
		UnlockReleaseBuffer(pair->nodes[1]);
	UnlockReleaseBuffer(pair->nodes[0]);
}

/*
 * Lock two nodes and their parent.  False, and nothing is locked, if they are not
 * what they were when they were chosen.
 */
static bool
lock_pair(MMMerger *merger, const BlockNumber *blocks, BlockNumber parent, int level, Pair *pair)
{
	int			most = level == 0 ? merger->most_entries : merger->most_boxes;

	pair->nodes[1] = pair->parent = InvalidBuffer;
	pair->nodes[0] = mm_page_read(merger->tree.index, blocks[0], BUFFER_LOCK_EXCLUSIVE, 0,
								  merger->strategy);
	if (is_complete_node(merger, pair->nodes[0], level))
	{
		pair->nodes[1] = mm_page_pin(merger->tree.index, blocks[1], merger->strategy);
		if (!ConditionalLockBuffer(pair->nodes[1]))
		{
			ReleaseBuffer(pair->nodes[1]);
			pair->nodes[1] = InvalidBuffer;
		}
	}
	if (BufferIsValid(pair->nodes[1]) && is_complete_node(merger, pair->nodes[1], level) &&
		MMPageGetSpecial(BufferGetPage(pair->nodes[0]))->n +
		MMPageGetSpecial(BufferGetPage(pair->nodes[1]))->n <= most)
		pair->parent = lock_parent(merger, parent, level + 1);
	if (BufferIsValid(pair->parent))
	{
		for (int i = 0; i < 2; i++)
			pair->entries[i] = mm_page_find(BufferGetPage(pair->parent), blocks[i]);
		if (pair->entries[0] >= 0 && pair->entries[1] >= 0)
			return true;
	}
	unlock_pair(pair);
	return false;
}

/*
 * Replace the downlinks of a pair, in a WAL record, by one to the node that has
 * the entries of both; describe that in merged.
 */
static void
replace_downlinks(MMMerger *merger, GenericXLogState *xlog, Pair *pair, BlockNumber block,
				  Page page, MMChild *merged)
{
	const MMModel *model = merger->tree.model;
	Page		parent = GenericXLogRegisterBuffer(xlog, pair->parent, 0);

	merged->block = block;
	merged->n = MMPageGetSpecial(page)->n;
	merged->box = palloc(model->inner.size);
	mm_box_of_page(model, page, block, merged->box);
	merged->margin = mm_box_margin(model, merged->box);
	merged->loose = false;
	mm_page_put(parent, &model->inner, pair->entries[0], merged->box);
	mm_page_remove(parent, &model->inner, pair->entries[1]);
}

/*
 * May a leaf get entries of another?  Not while somebody may be on the way who
 * knows it from before the last time.
 */
static bool
may_grow(Buffer buffer)
{
	Page		page = BufferGetPage(buffer);

	return MMPageGetSpecial(page)->merged == 0 || mm_page_is_settled(page);
}

/*
 * Mark a node as merged, in a WAL record and the metadata, locked.
 */
static void
count_merge(GenericXLogState *xlog, Buffer metabuf, Page page)
{
	MMPageGetSpecial(page)->merged = ++mm_meta_register(xlog, metabuf)->splits;
}

/*
 * Merge two leaves: one gets the entries of the other, if it may.
 */
static bool
merge_leaves(MMMerger *merger, Pair *pair, MMChild *merged)
{
	int			to = MMPageGetSpecial(BufferGetPage(pair->nodes[0]))->n <
		MMPageGetSpecial(BufferGetPage(pair->nodes[1]))->n;
	int			from;
	int			n;
	Buffer		metabuf;
	GenericXLogState *xlog;
	Page		page;

	if (!may_grow(pair->nodes[to]))
		to = 1 - to;
	if (!may_grow(pair->nodes[to]))
		return false;
	from = 1 - to;
	n = MMPageGetSpecial(BufferGetPage(pair->nodes[0]))->n +
		MMPageGetSpecial(BufferGetPage(pair->nodes[1]))->n;

	metabuf = mm_meta_lock(merger->tree.index, merger->tree.model->ncolumns, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(merger->tree.index);
	delete_node(xlog, pair->nodes[from], 0);
	page = GenericXLogRegisterBuffer(xlog, pair->nodes[to],
									 n > mm_page_room(BufferGetPage(pair->nodes[to])) ?
									 GENERIC_XLOG_FULL_IMAGE : 0);
	mm_page_merge(page, ReadNextFullTransactionId());
	add_entries(&merger->tree.model->leaf, page, BufferGetPage(pair->nodes[from]));
	replace_downlinks(merger, xlog, pair, BufferGetBlockNumber(pair->nodes[to]), page, merged);
	count_merge(xlog, metabuf, page);
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(metabuf);
	return true;
}

/*
 * Merge two inner nodes: a new one takes their place, if there is a page for it.
 */
static bool
merge_inner(MMMerger *merger, Pair *pair, int level, MMChild *merged)
{
	Buffer		buffer = mm_page_reuse(merger->tree.index);
	uint64		splits;
	GenericXLogState *xlog;
	Page		page;

	if (!BufferIsValid(buffer))
		return false;
	splits = mm_meta_count_split(merger->tree.index);
	xlog = GenericXLogStart(merger->tree.index);
	for (int i = 0; i < 2; i++)
		delete_node(xlog, pair->nodes[i], splits);
	page = GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE);
	mm_tree_init_node(&merger->tree, page, level);
	MMPageGetSpecial(page)->born = MMPageGetSpecial(page)->nsn = splits;
	for (int i = 0; i < 2; i++)
		add_entries(&merger->tree.model->inner, page, BufferGetPage(pair->nodes[i]));
	replace_downlinks(merger, xlog, pair, BufferGetBlockNumber(buffer), page, merged);
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(buffer);
	return true;
}

bool
mm_merge_pair(MMMerger *merger, const MMChild *a, const MMChild *b, BlockNumber parent,
			  int level, MMChild *merged)
{
	const BlockNumber blocks[2] = {a->block, b->block};
	Pair		pair;
	bool		done;

	if (!lock_pair(merger, blocks, parent, level, &pair))
		return false;
	done = level == 0 ? merge_leaves(merger, &pair, merged) :
		merge_inner(merger, &pair, level, merged);
	unlock_pair(&pair);
	for (int i = 0; i < 2 && done; i++)
		if (blocks[i] != merged->block)
			record_deleted(merger, blocks[i]);
	return done;
}

void
mm_merge_shrink(MMMerger *merger, BlockNumber block, BlockNumber parent, int level)
{
	Buffer		buffer = mm_page_read(merger->tree.index, block, BUFFER_LOCK_EXCLUSIVE, 0,
									  merger->strategy);
	Buffer		parentbuf = InvalidBuffer;
	int			entry = -1;

	if (is_complete_node(merger, buffer, level) && (level > 0 || may_grow(buffer)))
		parentbuf = lock_parent(merger, parent, level + 1);
	if (BufferIsValid(parentbuf))
		entry = mm_page_find(BufferGetPage(parentbuf), block);
	if (entry >= 0)
	{
		Buffer		metabuf = mm_meta_lock(merger->tree.index, merger->tree.model->ncolumns,
										   BUFFER_LOCK_EXCLUSIVE);
		GenericXLogState *xlog = GenericXLogStart(merger->tree.index);
		Page		page = GenericXLogRegisterBuffer(xlog, buffer, 0);

		if (level == 0)
			mm_page_merge(page, ReadNextFullTransactionId());
		mm_box_of_page(merger->tree.model, page, block, merger->box);
		mm_page_put(GenericXLogRegisterBuffer(xlog, parentbuf, 0), &merger->tree.model->inner,
					entry, merger->box);
		count_merge(xlog, metabuf, page);
		GenericXLogFinish(xlog);
		UnlockReleaseBuffer(metabuf);
	}
	if (BufferIsValid(parentbuf))
		UnlockReleaseBuffer(parentbuf);
	UnlockReleaseBuffer(buffer);
}

bool
mm_merge_root(MMMerger *merger)
{
	Buffer		root = mm_page_read(merger->tree.index, merger->tree.root, BUFFER_LOCK_SHARE,
									MM_PAGE_NODE, NULL);
	int			level = MMPageGetSpecial(BufferGetPage(root))->level;
	BlockNumber only = InvalidBlockNumber;
	Buffer		child;
	bool		done = false;

	mm_tree_check_node(&merger->tree, root, -1);
	if (level > 0 && MMPageGetSpecial(BufferGetPage(root))->n == 1)
		only = mm_page_words(BufferGetPage(root), 0)[0];
	UnlockReleaseBuffer(root);
	if (!BlockNumberIsValid(only))
		return false;

	child = mm_page_read(merger->tree.index, only, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
	if (is_complete_node(merger, child, level - 1))
	{
		root = lock_parent(merger, merger->tree.root, level);
		if (BufferIsValid(root) && MMPageGetSpecial(BufferGetPage(root))->n == 1 &&
			mm_page_find(BufferGetPage(root), only) >= 0)
		{
			const MMShape *shape = mm_tree_shape(&merger->tree, level - 1);
			GenericXLogState *xlog = GenericXLogStart(merger->tree.index);
			Page		from = BufferGetPage(child);
			int			n = MMPageGetSpecial(from)->n;
			uint16	   *which = palloc(sizeof(uint16) * Max(n, 1));
			Page		page;

			for (int i = 0; i < n; i++)
				which[i] = i;
			delete_node(xlog, child, mm_meta_splits(merger->tree.index));
			page = GenericXLogRegisterBuffer(xlog, root, GENERIC_XLOG_FULL_IMAGE);
			mm_tree_init_node(&merger->tree, page, level - 1);
			mm_page_take(page, shape, from, which, n);
			GenericXLogFinish(xlog);
			done = true;
		}
		if (BufferIsValid(root))
			UnlockReleaseBuffer(root);
	}
	UnlockReleaseBuffer(child);
	if (done)
		record_deleted(merger, only);
	return done;
}
