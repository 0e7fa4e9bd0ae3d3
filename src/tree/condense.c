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
 *	- of its sparse children, pairs whose boxes go well together are merged;
 *	- boxes of leaves become as small as their entries allow, where that is much.
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
#include "miscadmin.h"
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

typedef struct NotedLeaf
{
	BlockNumber block;
	uint16		n;				/* entries */
	float		margin;			/* of their box */
} NotedLeaf;

typedef struct InnerNode
{
	BlockNumber block;
	uint16		level;
} InnerNode;

struct MMCondense
{
	MMMerger	merger;
	NotedLeaf  *leaves;
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
mm_condense_begin(const MMTree *tree, BufferAccessStrategy strategy)
{
	MMCondense *condense = palloc0(sizeof(MMCondense));
	int			fillfactor = mm_options_get(tree->index).fillfactor;

	condense->merger.tree = *tree;
	condense->merger.strategy = strategy;
	condense->merger.most_rows = most_filled(&condense->merger.tree.model->leaf, fillfactor);
	condense->merger.most_boxes = most_filled(&condense->merger.tree.model->inner, fillfactor);
	condense->merger.box = palloc(condense->merger.tree.model->inner.size);
	return condense;
}

/*
 * Make room for one more element of an array.
 */
static void *
make_room(void *array, Size size, int64 n, int64 *allocated)
{
	if (n < *allocated)
		return array;
	*allocated = Max(*allocated * 2, 64);
	return array == NULL ?
		MemoryContextAllocHuge(CurrentMemoryContext, size * *allocated) :
		repalloc_huge(array, size * *allocated);
}

void
mm_condense_note(MMCondense *condense, BlockNumber block, Page page, bool changed)
{
	const MMPageSpecial *special = MMPageGetSpecial(page);

	/* What does not fit into memory will have its turn another time. */
	if (condense->nleaves * sizeof(NotedLeaf) + condense->ninner * sizeof(InnerNode) >
		(Size) maintenance_work_mem * 1024)
		return;
	if (special->level > 0)
	{
		condense->inner = make_room(condense->inner, sizeof(InnerNode), condense->ninner,
									&condense->inner_allocated);
		condense->inner[condense->ninner++] = (InnerNode) {block, special->level};
	}
	else if (changed || special->n <= condense->merger.most_rows / 2)
	{
		condense->leaves = make_room(condense->leaves, sizeof(NotedLeaf), condense->nleaves,
									 &condense->leaves_allocated);
		mm_box_of_page(condense->merger.tree.model, page, block, condense->merger.box);
		condense->leaves[condense->nleaves++] = (NotedLeaf) {
			.block = block,
			.n = special->n,
			.margin = mm_box_margin(condense->merger.tree.model, condense->merger.box),
		};
	}
}

static int
compare_leaves(const void *a, const void *b)
{
	BlockNumber x = ((const NotedLeaf *) a)->block;
	BlockNumber y = ((const NotedLeaf *) b)->block;

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
	return level == 0 ? condense->merger.most_rows : condense->merger.most_boxes;
}

/*
 * Children of a node, if it is still one of that level: leaves that VACUUM has
 * noted, or all inner nodes.
 */
static MMChild *
read_children(MMCondense *condense, const InnerNode *parent, int *n)
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
			MMChild    *child = &children[*n];
			NotedLeaf	key = {.block = mm_page_words(page, 0)[i]};

			if (parent->level == 1)
			{
				const NotedLeaf *leaf = bsearch(&key, condense->leaves, condense->nleaves,
												sizeof(NotedLeaf), compare_leaves);

				if (leaf == NULL)
					continue;
				key = *leaf;
			}
			child->block = key.block;
			child->n = key.n;
			child->margin = key.margin;
			child->box = palloc(shape->size);
			mm_page_get(page, shape, i, child->box);
			(*n)++;
		}
	}
	UnlockReleaseBuffer(buffer);

	for (int i = 0; i < *n && parent->level > 1; i++)
	{
		buffer = mm_page_read(condense->merger.tree.index, children[i].block, BUFFER_LOCK_SHARE, 0,
							  condense->merger.strategy);
		children[i].n = MMPageGetSpecial(BufferGetPage(buffer))->n;
		UnlockReleaseBuffer(buffer);
	}
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
	float		margin = mm_box_margin(model, one->box);
	float		least = get_float4_infinity();
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		float		other = mm_box_margin(model, children[i].box);
		float		filled = (float) (one->n + children[i].n) / most;
		float		both;

		memcpy(condense->merger.box, one->box, model->inner.size);
		mm_box_add(model, condense->merger.box, children[i].box);
		both = mm_box_margin(model, condense->merger.box);
		if (both * filled <= Max(margin, other) * (filled + MOST_GROWTH) && both - other < least)
		{
			best = i;
			least = both - other;
		}
	}
	return best;
}

/*
 * Merge sparse children of a node in pairs, the sparsest first.
 */
static void
merge_children(MMCondense *condense, const InnerNode *parent, MMChild *children, int n)
{
	int			most = most_entries(condense, parent->level - 1);

	while (n > 1)
	{
		int			least = 0;
		int			partner;
		MMChild		child;
		MMChild		merged;

		for (int i = 1; i < n; i++)
			if (children[i].n < children[least].n)
				least = i;
		child = children[least];
		children[least] = children[--n];
		partner = best_partner(condense, &child, children, n, most);
		mm_vacuum_delay_point();
		if (partner < 0 ||
			!mm_merge_pair(&condense->merger, &child, &children[partner], parent->block,
						   parent->level - 1, &merged))
			continue;
		if (merged.n <= most / 2)
			children[partner] = merged;
		else
			children[partner] = children[--n];
	}
}

/*
 * Do what there is to do for the children of a node.
 */
static void
condense_children(MMCondense *condense, const InnerNode *parent)
{
	int			most = most_entries(condense, parent->level - 1);
	int			n;
	MMChild    *children = read_children(condense, parent, &n);
	int			nsparse = 0;

	for (int i = 0; i < n; i++)
	{
		const MMChild *child = &children[i];

		mm_vacuum_delay_point();
		if (parent->level == 1 && child->n == 0)
			mm_merge_delete_leaf(&condense->merger, child->block, parent->block);
		else if (child->n <= most / 2)
			children[nsparse++] = *child;
		else if (parent->level == 1 &&
				 child->margin < SHRINK_FROM * mm_box_margin(condense->merger.tree.model, child->box))
			mm_merge_shrink(&condense->merger, child->block, parent->block);
	}
	merge_children(condense, parent, children, nsparse);
}

BlockNumber
mm_condense(MMCondense *condense)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb condense",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	if (condense->nleaves > 0)
		qsort(condense->leaves, condense->nleaves, sizeof(NotedLeaf), compare_leaves);
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
	return condense->merger.deleted;
}
