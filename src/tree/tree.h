/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  A tree of an index: an R-tree over the coordinates of entries (see page.h
 *	  and model.h).
 *
 * Every function that works on a tree is told which tree it is.  So a relation
 * may hold several, each with a root and a model of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TREE_H
#define MM_TREE_H

#include "model/forest.h"

typedef struct MMTree
{
	Relation	index;
	int			number;			/* which its nodes have */
	BlockNumber root;
	const MMModel *model;		/* of its entries */
} MMTree;

/*
 * mm_tree_of_columns: the tree over all columns of an index, which is number
 * 0.  It is called the shared tree, as there may be others (model/forest.h).
 */
static inline MMTree
mm_tree_of_columns(Relation index, const MMModel *model)
{
	return (MMTree) {.index = index, .root = MM_ROOT_BLOCK, .model = model};
}

/*
 * mm_tree_of_subindex: the tree of a sub-index that is an R-tree.
 */
static inline MMTree
mm_tree_of_subindex(Relation index, const MMSubindex *subindex, const MMModel *model)
{
	return (MMTree) {
		.index = index,
		.number = subindex->tree,
		.root = subindex->root,
		.model = model,
	};
}

/*
 * mm_tree_of_region: the tree of a region of an MVP-tree, given its root and its
 * model.
 */
static inline MMTree
mm_tree_of_region(Relation index, const MMSubindex *subindex, int region, BlockNumber root,
				  const MMModel *model)
{
	return (MMTree) {
		.index = index,
		.number = subindex->tree + region,
		.root = root,
		.model = model,
	};
}

/*
 * mm_trees_open: all trees of an index, by their numbers, as far as they are
 * known without operator classes (see mm_model_open_tree), in the current
 * context.  *n becomes how many there are.
 */
extern MMTree *mm_trees_open(Relation index, const MMMeta *meta, int *n);

/*
 * mm_tree_init_node: make a page an empty node of a tree.
 */
static inline void
mm_tree_init_node(const MMTree *tree, Page page, int level)
{
	mm_page_init(page, MM_PAGE_NODE, level);
	MMPageGetSpecial(page)->tree = tree->number;
}

/*
 * mm_tree_shape: the shape of the entries in nodes at this level.
 */
static inline const MMShape *
mm_tree_shape(const MMTree *tree, int level)
{
	return level == 0 ? &tree->model->leaf : &tree->model->inner;
}

/*
 * mm_tree_check_node: raise INDEX_CORRUPTED unless the page in a buffer is a
 * sound node.  It may be a deleted one.  It must be of this level (-1: of any)
 * and have no more entries than it has room for.  Its room must fit the page.
 * And it must be of a tree with a model if, and only if, this tree has one.
 */
extern void mm_tree_check_node(const MMTree *tree, Buffer buffer, int level);

/*
 * mm_tree_fill_root: make a page the root, with n entries at this level.
 */
extern void mm_tree_fill_root(const MMTree *tree, Page page, MMEntry *entries, int64 n,
							  int level);

#endif							/* MM_TREE_H */
