/*-------------------------------------------------------------------------
 *
 * condense.c
 *	  Fewer nodes and smaller boxes, once VACUUM has removed dead entries.
 *
 * A VACUUM that reads all pages hands over what it has seen: sparse leaves, leaves
 * that have lost entries, and the inner nodes.  A node is sparse if two such fit
 * one page and leave enough room not to be split again soon.  For one inner node
 * after the other, level by level from below,
 *
 *	- its empty leaves are deleted, but its last entry stays;
 *	- sparse children are merged with others whose boxes go well with theirs;
 *	- the others' boxes become as small as their entries allow, where that is much.
 *
 * Boxes here are those of what the nodes have, not what their parents say: insertions
 * have enlarged these for rows that are dead by now, and of two boxes that reach
 * everywhere, each goes well with the other.  For the same reason inner nodes' boxes
 * have to become smaller, too: insertions choose their way by them.
 *
 * At last, a root that has one child takes the entries of that instead.
 *
 * How that is done beside searches and insertions stands in merge.c.
 *
 * VACUUM must not fail.  So no page is added to the main fork: where a new one is
 * needed, it must be one that was deleted before.  (The free space map may grow, as
 * under every access method.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/vacuum.h"
#include "utils/memutils.h"

#include "compat.h"
#include "index/options.h"
#include "tree/box.h"
#include "tree/condense.h"
#include "tree/merge.h"

/* Merged nodes are not fuller than this, in per cent, nor than fillfactor. */
#define MOST_FILLED		80

/*
 * A merge that makes a node as full as that may let the margin of the larger one of
 * two boxes grow by this part of itself; one that leaves it emptier, accordingly
 * more.
 */
#define MOST_GROWTH		0.3f

/* A box is made smaller if this part of its margin is enough. */
#define SHRINK_FROM		0.9f

typedef struct InnerNode
{
	BlockNumber block;
	uint16		level;
} InnerNode;

struct MMCondense
{
	MMMerger	merger;
	Size	   *room;			/* what notes may take yet */
	BlockNumber *leaves;		/* sparse, or have lost entries */
	int64		nleaves;
	int64		leaves_allocated;
	InnerNode  *inner;
	int64		ninner;
	int64		inner_allocated;
};

/* ---------- what VACUUM has seen ---------- */

static int
most_filled(const MMShape *shape, int fillfactor)
{
	return shape->capacity * Min(MOST_FILLED, fillfactor) / 100;
}

MMCondense *
mm_condense_begin(const MMTree *tree, BufferAccessStrategy strategy, Size *room)
{
	MMCondense *condense = palloc0(sizeof(MMCondense));
	int			fillfactor = mm_options_get(tree->index).fillfactor;

	condense->merger.tree = *tree;
	condense->merger.strategy = strategy;
	condense->merger.most_entries = most_filled(&condense->merger.tree.model->leaf, fillfactor);
	condense->merger.most_boxes = most_filled(&condense->merger.tree.model->inner, fillfactor);
	condense->merger.box = palloc(condense->merger.tree.model->inner.size);
	condense->room = room;
	return condense;
}

/*
 * Make room for one more element of an array, which is given by its address.  False
 * if notes take all that they may.
 */
static bool
make_room(MMCondense *condense, void *array_address, Size size, int64 n, int64 *allocated)
{
	void	  **array = array_address;
	int64		more = Min(Max(*allocated, 64), (int64) (*condense->room / size));

	if (n < *allocated)
		return true;
	if (more == 0)
		return false;
	*condense->room -= size * more;
	*allocated += more;
	*array = *array == NULL ?
		MemoryContextAllocHuge(CurrentMemoryContext, size * *allocated) :
		repalloc_huge(*array, size * *allocated);
	return true;
}

void
mm_condense_note(MMCondense *condense, BlockNumber block, Page page, bool changed)
{
	const MMPageSpecial *special = MMPageGetSpecial(page);

	/* What does not fit into memory will have its turn another time. */
	if (special->level > 0)
	{
		if (make_room(condense, &condense->inner, sizeof(InnerNode), condense->ninner,
					  &condense->inner_allocated))
			condense->inner[condense->ninner++] = (InnerNode) {block, special->level};
	}
	else if (changed || special->n <= condense->merger.most_entries / 2)
	{
		if (make_room(condense, &condense->leaves, sizeof(BlockNumber), condense->nleaves,
					  &condense->leaves_allocated))
			condense->leaves[condense->nleaves++] = block;
	}
}

static int
compare_leaves(const void *a, const void *b)
{
	BlockNumber x = *(const BlockNumber *) a;
	BlockNumber y = *(const BlockNumber *) b;

	return (x > y) - (x < y);
}

static int
compare_levels(const void *a, const void *b)
{
	const InnerNode *x = a;
	const InnerNode *y = b;

	return x->level != y->level ? x->level - y->level :
		(x->block > y->block) - (x->block < y->block);
}

/* ---------- what to do ---------- */

/*
 * The most entries that a merged node of a level may have.
 */
static int
most_entries(const MMCondense *condense, int level)
{
	return level == 0 ? condense->merger.most_entries : condense->merger.most_boxes;
}

/*
 * The downlinks of a node, if it is still one of that level: to leaves that VACUUM
 * has noted, or to all inner nodes.
 */
static MMChild *
read_downlinks(MMCondense *condense, const InnerNode *parent, int *n)
{
	const MMShape *shape = &condense->merger.tree.model->inner;
	Buffer		buffer = mm_page_read(condense->merger.tree.index, parent->block, BUFFER_LOCK_SHARE, 0,
									  condense->merger.strategy);
	Page		page = BufferGetPage(buffer);
	const MMPageSpecial *special = MMPageGetSpecial(page);
	MMChild    *children = palloc(sizeof(MMChild) * shape->capacity);

	*n = 0;
	if (special->kind == MM_PAGE_NODE && special->level == parent->level)
	{
		mm_tree_check_node(&condense->merger.tree, buffer, parent->level);
		for (int i = 0; i < special->n; i++)
		{
			BlockNumber block = mm_page_words(page, 0)[i];
			MMChild    *child = &children[*n];

			if (parent->level == 1 &&
				bsearch(&block, condense->leaves, condense->nleaves, sizeof(BlockNumber),
						compare_leaves) == NULL)
				continue;
			child->block = block;
			child->box = palloc(shape->size);
			mm_page_get(page, shape, i, child->box);
			(*n)++;
		}
	}
	UnlockReleaseBuffer(buffer);
	return children;
}

/*
 * Children of a node, as read_downlinks chooses them, with the boxes of what they
 * have.
 */
static MMChild *
read_children(MMCondense *condense, const InnerNode *parent, int *n)
{
	const MMModel *model = condense->merger.tree.model;
	MMChild    *children = read_downlinks(condense, parent, n);
	int			kept = 0;

	for (int i = 0; i < *n; i++)
	{
		MMChild		child = children[i];
		float		given = mm_box_margin(model, child.box);
		Buffer		buffer;
		Page		page;

		mm_vacuum_delay_point();
		buffer = mm_page_read(condense->merger.tree.index, child.block, BUFFER_LOCK_SHARE, 0,
							  condense->merger.strategy);
		page = BufferGetPage(buffer);
		if (MMPageGetSpecial(page)->kind == MM_PAGE_NODE &&
			MMPageGetSpecial(page)->level == parent->level - 1)
		{
			mm_tree_check_node(&condense->merger.tree, buffer, parent->level - 1);
			child.n = MMPageGetSpecial(page)->n;
			mm_box_of_page(model, page, child.block, child.box);
			child.margin = mm_box_margin(model, child.box);
			child.loose = child.margin < SHRINK_FROM * given;
			children[kept++] = child;
		}
		UnlockReleaseBuffer(buffer);
	}
	*n = kept;
	return children;
}

/*
 * The child whose box goes best with that of another: the sum of their margins
 * grows least.  -1: with none of them would a merge be good.
 */
static int
best_partner(MMCondense *condense, const MMChild *one, const MMChild *children, int n, int most)
{
	const MMModel *model = condense->merger.tree.model;
	float		least = get_float4_infinity();
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		const MMChild *other = &children[i];
		float		filled = (float) (one->n + other->n) / most;
		float		both;

		if (one->n + other->n > most)
			continue;
		memcpy(condense->merger.box, one->box, model->inner.size);
		mm_box_add(model, condense->merger.box, other->box);
		both = mm_box_margin(model, condense->merger.box);
		if (both * filled <= Max(one->margin, other->margin) * (filled + MOST_GROWTH) &&
			both - other->margin < least)
		{
			best = i;
			least = both - other->margin;
		}
	}
	return best;
}

/*
 * Do what there is to do for the children of a node, the sparsest first.
 */
static void
condense_children(MMCondense *condense, const InnerNode *parent)
{
	int			level = parent->level - 1;
	int			most = most_entries(condense, level);
	int			n;
	MMChild    *children = read_children(condense, parent, &n);

	while (n > 0)
	{
		int			least = 0;
		int			partner = -1;
		MMChild		child;

		for (int i = 1; i < n; i++)
			if (children[i].n < children[least].n)
				least = i;
		child = children[least];
		children[least] = children[--n];

		mm_vacuum_delay_point();
		if (child.n == 0)
		{
			mm_merge_delete_leaf(&condense->merger, child.block, parent->block);
			continue;
		}
		if (child.n <= most / 2)
			partner = best_partner(condense, &child, children, n, most);
		if (partner >= 0 &&
			mm_merge_pair(&condense->merger, &child, &children[partner], parent->block, level,
						  &children[partner]))
			continue;
		if (child.loose)
			mm_merge_shrink(&condense->merger, child.block, parent->block, level);
	}
}

BlockNumber
mm_condense(MMCondense *condense)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb condense",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	if (condense->nleaves > 0)
		qsort(condense->leaves, condense->nleaves, sizeof(BlockNumber), compare_leaves);
	if (condense->ninner > 0)
		qsort(condense->inner, condense->ninner, sizeof(InnerNode), compare_levels);
	for (int64 i = 0; i < condense->ninner; i++)
		if (condense->inner[i].level > 1 || condense->nleaves > 0)
		{
			mm_vacuum_delay_point();
			condense_children(condense, &condense->inner[i]);
			MemoryContextReset(context);
		}
	while (mm_merge_root(&condense->merger))
		;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	if (condense->leaves != NULL)
		pfree(condense->leaves);
	if (condense->inner != NULL)
		pfree(condense->inner);
	return condense->merger.deleted;
}
