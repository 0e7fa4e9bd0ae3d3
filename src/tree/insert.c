/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Adding an entry to the tree.
 *
 * An insertion goes down from the root.  At each level it chooses the child
 * whose box it enlarges least, and it enlarges that box before it goes on.  So
 * no search whose snapshot sees the row can miss it.  A full node is split
 * first, and the insertion starts again.  See page.h for how searches and
 * splits work together.
 *
 * A split is two WAL records.  The first moves entries to the new right page,
 * and the second gives that page a downlink.  The left page stays locked
 * between them.  After a crash or an error it stays marked as incomplete, and
 * whoever finds such a page completes the split.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "index/change.h"
#include "tree/box.h"
#include "tree/choose.h"
#include "tree/insert.h"
#include "tree/split.h"

/* Nobody has to start again this often because others are faster. */
#define MAX_RESTARTS	100000

/*
 * VACUUM does not delete so many nodes, each just before it is looked at,
 * either.
 */
#define MAX_LOST_WAYS	100

typedef struct Descent
{
	const MMTree *tree;
	MMEntry		box;			/* of the row */
	MMEntry		child;			/* room for another */
	BlockNumber path[MM_MAX_LEVELS];	/* the node visited at each level */
	BlockNumber held[MM_MAX_LEVELS];	/* and locked while its split is completed */
	bool		lost_way;		/* came to a node that VACUUM has deleted */
} Descent;

static void finish_split(Descent *d, Buffer left);

/* ---------- splits ---------- */

/*
 * Raise an error if a link leads to a node that we hold.  To lock it would
 * mean to wait for ever.
 */
static void
check_not_held(Descent *d, BlockNumber block)
{
	for (int i = 0; i < MM_MAX_LEVELS; i++)
		if (d->held[i] != InvalidBlockNumber && d->held[i] == block)
			mm_report_damage(d->tree->index, "Block %u has links from two levels.", block);
}

/*
 * Split the root: two new nodes take over its entries, and the root moves up
 * one level.
 */
static void
split_root(Descent *d, Buffer root, uint16 *order, int nleft)
{
	const MMModel *model = d->tree->model;
	int			level = MMPageGetSpecial(BufferGetPage(root))->level;
	int			n = MMPageGetSpecial(BufferGetPage(root))->n;
	Buffer		halves[2];
	Buffer		metabuf;
	MMMeta	   *meta;
	GenericXLogState *xlog;
	Page		page;
	Page		pages[2];
	MMEntry		boxes[2];

	if (level + 1 >= MM_MAX_LEVELS)
		mm_report_damage(d->tree->index, "The tree has too many levels.");
	halves[0] = mm_page_new(d->tree->index);
	halves[1] = mm_page_new(d->tree->index);
	metabuf = mm_meta_lock(d->tree->index, model->ncolumns, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(d->tree->index);
	for (int i = 0; i < 2; i++)
	{
		pages[i] = GenericXLogRegisterBuffer(xlog, halves[i], GENERIC_XLOG_FULL_IMAGE);
		mm_tree_init_node(d->tree, pages[i], level);
		mm_page_take(pages[i], mm_tree_shape(d->tree, level), BufferGetPage(root),
					 i == 0 ? order : order + nleft, i == 0 ? nleft : n - nleft);
		boxes[i] = palloc(model->inner.size);
		mm_box_of_page(model, pages[i], BufferGetBlockNumber(halves[i]), boxes[i]);
	}
	page = GenericXLogRegisterBuffer(xlog, root, GENERIC_XLOG_FULL_IMAGE);
	mm_tree_init_node(d->tree, page, level + 1);
	for (int i = 0; i < 2; i++)
		mm_page_add(page, &model->inner, boxes[i]);
	meta = mm_meta_register(xlog, metabuf);
	meta->splits++;
	MMPageGetSpecial(pages[0])->right = BufferGetBlockNumber(halves[1]);
	for (int i = 0; i < 2; i++)
		MMPageGetSpecial(pages[i])->born = MMPageGetSpecial(pages[i])->nsn = meta->splits;
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(metabuf);
	UnlockReleaseBuffer(halves[1]);
	UnlockReleaseBuffer(halves[0]);
}

/*
 * Split a full node, which is locked exclusively, and complete the split.
 */
static void
split_node(Descent *d, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	int			level = MMPageGetSpecial(page)->level;
	int			n = MMPageGetSpecial(page)->n;
	const MMShape *shape = mm_tree_shape(d->tree, level);
	uint16	   *order = palloc(sizeof(uint16) * n);
	int			nleft = mm_split_page(d->tree->model, page, order);
	Buffer		rightbuf;
	uint64		born;
	GenericXLogState *xlog;
	MMPageSpecial special;
	Page		left;
	Page		right;

	if (BufferGetBlockNumber(buffer) == d->tree->root)
	{
		split_root(d, buffer, order, nleft);
		return;
	}

	rightbuf = mm_page_new(d->tree->index);
	born = mm_meta_splits(d->tree->index) + 1;
	special = *MMPageGetSpecial(page);
	xlog = GenericXLogStart(d->tree->index);
	left = GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE);
	mm_tree_init_node(d->tree, left, level);
	mm_page_take(left, shape, page, order, nleft);
	MMPageGetSpecial(left)->nsn = special.nsn;
	MMPageGetSpecial(left)->born = special.born;
	MMPageGetSpecial(left)->right = BufferGetBlockNumber(rightbuf);
	MMPageGetSpecial(left)->flags = special.flags | MM_PAGE_INCOMPLETE;
	right = GenericXLogRegisterBuffer(xlog, rightbuf, GENERIC_XLOG_FULL_IMAGE);
	mm_tree_init_node(d->tree, right, level);
	mm_page_take(right, shape, page, order + nleft, n - nleft);
	MMPageGetSpecial(right)->nsn = special.nsn;
	MMPageGetSpecial(right)->right = special.right;
	MMPageGetSpecial(right)->born = born;
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(rightbuf);

	finish_split(d, buffer);
}

/*
 * Look for the node at a level that has a downlink to child.  The search
 * covers the subtree of block, which is at block_level (-1: unknown) and whose
 * downlink was read when splits had been counted, and whatever has been split
 * off from block since.  Returns InvalidBlockNumber if there is no such node,
 * or if VACUUM has deleted a node on the way; lost_way tells which.
 */
static BlockNumber
search_parent(Descent *d, BlockNumber block, int block_level, uint64 splits,
			  int level, BlockNumber child)
{
	Buffer		buffer;
	Page		page;
	MMPageSpecial *special;
	BlockNumber *children;
	int			n = 0;
	uint64		counted;
	BlockNumber right = InvalidBlockNumber;
	BlockNumber result = InvalidBlockNumber;

	check_stack_depth();
	check_not_held(d, block);
	buffer = mm_page_read(d->tree->index, block, BUFFER_LOCK_SHARE, 0, NULL);
	mm_tree_check_node(d->tree, buffer, block_level);
	page = BufferGetPage(buffer);
	special = MMPageGetSpecial(page);
	if (special->kind == MM_PAGE_DELETED)
	{
		d->lost_way = true;
		UnlockReleaseBuffer(buffer);
		return InvalidBlockNumber;
	}
	block_level = special->level;
	children = palloc(sizeof(BlockNumber) * Max(special->n, 1));
	if (block_level > level)
	{
		n = special->n;
		memcpy(children, mm_page_words(page, 0), sizeof(BlockNumber) * n);
	}
	else if (block_level == level && mm_page_find(page, child) >= 0)
		result = block;
	if ((special->flags & MM_PAGE_INCOMPLETE) || special->nsn > splits)
		right = special->right;
	counted = mm_meta_splits(d->tree->index);
	UnlockReleaseBuffer(buffer);

	for (int i = 0; i < n && result == InvalidBlockNumber; i++)
		result = search_parent(d, children[i], block_level - 1, counted, level, child);
	pfree(children);
	if (result == InvalidBlockNumber && right != InvalidBlockNumber)
		result = search_parent(d, right, block_level, splits, level, child);
	return result;
}

/*
 * The parent of a node, locked exclusively.  *entry becomes the number of the
 * entry that is the downlink.
 */
static Buffer
lock_parent(Descent *d, BlockNumber child, int level, int *entry)
{
	BlockNumber block = d->path[level];
	BlockNumber steps = 0;

	for (int tries = 0;; tries++)
	{
		/*
		 * Look where we came from, and to the right of it in case it has been
		 * split.
		 */
		while (block != InvalidBlockNumber)
		{
			Buffer		buffer;
			Page		page;
			MMPageSpecial *special;

			if (++steps % 1024 == 0 && steps > RelationGetNumberOfBlocks(d->tree->index))
				mm_report_damage(d->tree->index, "Links to the right of block %u lead in a circle.", block);
			check_not_held(d, block);
			buffer = mm_page_read(d->tree->index, block, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
			page = BufferGetPage(buffer);
			special = MMPageGetSpecial(page);
			if (special->kind == MM_PAGE_NODE && special->level == level)
			{
				mm_tree_check_node(d->tree, buffer, level);
				*entry = mm_page_find(page, child);
				if (*entry >= 0)
					return buffer;
				block = special->right;
			}
			else
				block = InvalidBlockNumber;
			UnlockReleaseBuffer(buffer);
		}
		/* The root has moved up, or we did not come by way of the parent. */
		d->lost_way = false;
		block = search_parent(d, d->tree->root, -1, PG_UINT64_MAX, level, child);
		if (block == InvalidBlockNumber && (!d->lost_way || tries == MAX_LOST_WAYS))
			mm_report_damage(d->tree->index, "There is no downlink to block %u.", child);
	}
}

/*
 * Give the right half of an incomplete split its downlink.  left is locked
 * exclusively and stays locked.
 */
static void
finish_split(Descent *d, Buffer left)
{
	const MMModel *model = d->tree->model;
	Page		page = BufferGetPage(left);
	int			level = MMPageGetSpecial(page)->level;
	BlockNumber right = MMPageGetSpecial(page)->right;
	MMEntry		left_box = palloc(model->inner.size);
	MMEntry		right_box = palloc(model->inner.size);
	Buffer		buffer;
	Buffer		parent;
	Buffer		metabuf;
	int			entry;
	GenericXLogState *xlog;
	MMMeta	   *meta;
	MMPageSpecial *special;

	check_not_held(d, BufferGetBlockNumber(left));
	d->held[level] = BufferGetBlockNumber(left);
	mm_box_of_page(model, page, BufferGetBlockNumber(left), left_box);
	check_not_held(d, right);
	buffer = mm_page_read(d->tree->index, right, BUFFER_LOCK_SHARE, MM_PAGE_NODE, NULL);
	mm_tree_check_node(d->tree, buffer, level);
	if (MMPageGetSpecial(BufferGetPage(buffer))->born <= MMPageGetSpecial(page)->nsn)
		mm_report_damage(d->tree->index, "Block %u is not the right half of a split.", right);
	mm_box_of_page(model, BufferGetPage(buffer), right, right_box);
	UnlockReleaseBuffer(buffer);

	for (;;)
	{
		parent = lock_parent(d, BufferGetBlockNumber(left), level + 1, &entry);
		special = MMPageGetSpecial(BufferGetPage(parent));
		if (special->flags & MM_PAGE_INCOMPLETE)
			finish_split(d, parent);
		else if (special->n == model->inner.capacity)
			split_node(d, parent);
		else
			break;
		UnlockReleaseBuffer(parent);
	}

	metabuf = mm_meta_lock(d->tree->index, model->ncolumns, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(d->tree->index);
	page = GenericXLogRegisterBuffer(xlog, left, 0);
	special = MMPageGetSpecial(page);
	page = GenericXLogRegisterBuffer(xlog, parent, mm_page_add_flags(BufferGetPage(parent)));
	mm_page_put(page, &model->inner, entry, left_box);
	mm_page_add(page, &model->inner, right_box);
	meta = mm_meta_register(xlog, metabuf);
	special->flags &= ~MM_PAGE_INCOMPLETE;
	special->nsn = ++meta->splits;
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(metabuf);
	UnlockReleaseBuffer(parent);
	d->held[level] = InvalidBlockNumber;
}

/* ---------- the way down ---------- */

/*
 * Has the node changed so that an insertion must start again?  That is so if
 * it has been deleted, reused, split or merged since its parent was read.
 */
static bool
node_moved(Page page, uint64 splits)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	return special->kind != MM_PAGE_NODE || special->born > splits ||
		special->nsn > splits || special->merged > splits;
}

/*
 * The next node on the way down, at this level (-1: the root), locked.  The
 * lock is exclusive if the caller asks for that, or if the node is a leaf.
 * Returns InvalidBuffer if the insertion must start again.
 */
static Buffer
lock_node(Descent *d, BlockNumber block, int level, uint64 splits, bool exclusive)
{
	Buffer		buffer = mm_page_read(d->tree->index, block,
									  exclusive ? BUFFER_LOCK_EXCLUSIVE : BUFFER_LOCK_SHARE,
									  0, NULL);
	Page		page = BufferGetPage(buffer);

	for (;;)
	{
		mm_page_check(d->tree->index, buffer, 0);
		mm_node_check_stamps(d->tree->index, buffer, splits);
		if (node_moved(page, splits))
			break;
		mm_tree_check_node(d->tree, buffer, level);
		if (!exclusive && (MMPageGetSpecial(page)->level == 0 ||
						   (MMPageGetSpecial(page)->flags & MM_PAGE_INCOMPLETE)))
		{
			exclusive = true;
			LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
			LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
			continue;
		}
		if ((MMPageGetSpecial(page)->flags & MM_PAGE_INCOMPLETE) == 0)
			return buffer;
		finish_split(d, buffer);
		break;
	}
	UnlockReleaseBuffer(buffer);
	return InvalidBuffer;
}

/*
 * Is entry i of a node still the downlink to this child?
 */
static bool
is_downlink(Page page, int i, BlockNumber child)
{
	return i < MMPageGetSpecial(page)->n && mm_page_words(page, 0)[i] == child;
}

/*
 * Go down to a leaf.  Returns it locked exclusively, or InvalidBuffer if the
 * insertion must start again.
 */
static Buffer
descend(Descent *d)
{
	BlockNumber block = d->tree->root;
	int			level = -1;
	uint64		splits = PG_UINT64_MAX;
	bool		exclusive = false;
	int			child = 0;
	MMEntry		box = d->child;

	for (;;)
	{
		Buffer		buffer = lock_node(d, block, level, splits, exclusive);
		Page		page;

		if (!BufferIsValid(buffer))
			return InvalidBuffer;
		page = BufferGetPage(buffer);
		if (MMPageGetSpecial(page)->level == 0)
			return buffer;

		/*
		 * Under an exclusive lock, the child has been chosen already: its box
		 * must grow.  Others may have changed boxes since, but any child would
		 * do.
		 */
		if (!exclusive || !is_downlink(page, child, box[0]))
			child = mm_choose_child(d->tree->model, page, d->box);
		mm_page_get(page, &d->tree->model->inner, child, box);
		if (!mm_box_covers(d->tree->model, box, d->box))
		{
			if (!exclusive)
			{
				UnlockReleaseBuffer(buffer);
				exclusive = true;
				continue;
			}
			mm_box_add(d->tree->model, box, d->box);
			mm_change_put(d->tree->index, buffer, &d->tree->model->inner, child, box);
		}
		exclusive = false;
		d->path[MMPageGetSpecial(page)->level] = block;
		level = MMPageGetSpecial(page)->level - 1;
		block = box[0];
		splits = mm_meta_splits(d->tree->index);
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * Split a full leaf.  Everything that this needs besides pages is freed.
 */
static void
split_leaf(Descent *d, Buffer buffer)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb split",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	split_node(d, buffer);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

MMInsertResult
mm_tree_insert(const MMTree *tree, const uint32 *entry, int untrained)
{
	Relation	index = tree->index;
	const MMModel *model = tree->model;
	MMInsertResult result = MM_INSERTED;
	Descent		d;
	Buffer		buffer;
	int			restarts = 0;

	d.tree = tree;
	d.box = palloc(model->inner.size);
	d.child = palloc(model->inner.size);
	mm_box_of_entry(model, entry, d.box);
	for (;;)
	{
		MMPageSpecial *special;

		CHECK_FOR_INTERRUPTS();
		if (restarts++ == MAX_RESTARTS)
			mm_report_damage(index, "There is no way down to a leaf.");
		for (int i = 0; i < MM_MAX_LEVELS; i++)
			d.path[i] = d.held[i] = InvalidBlockNumber;
		if (model->trained)
			buffer = descend(&d);
		else
			buffer = mm_page_read(index, tree->root, BUFFER_LOCK_EXCLUSIVE, MM_PAGE_NODE, NULL);
		if (!BufferIsValid(buffer))
			continue;

		special = MMPageGetSpecial(BufferGetPage(buffer));
		if (!model->trained && (special->flags & MM_PAGE_UNTRAINED) != 0)
			mm_tree_check_node(tree, buffer, 0);
		if (!model->trained && (special->flags & MM_PAGE_UNTRAINED) == 0)
			result = MM_MODEL_STALE;
		else if (!model->trained && special->n >= untrained)
			result = MM_TRAINING_DUE;
		else if (special->n == model->leaf.capacity)
		{
			split_leaf(&d, buffer);
			UnlockReleaseBuffer(buffer);
			continue;
		}
		else
			mm_change_add(index, buffer, &model->leaf, entry);
		UnlockReleaseBuffer(buffer);
		return result;
	}
}
