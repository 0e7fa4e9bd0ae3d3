/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  A tree of an index: an R-tree over the coordinates of rows (see page.h
 *	  and model.h).
 *
 * What is done to a tree or with one is told which it is.  So a relation may hold
 * several, each with a root and a model of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TREE_H
#define MM_TREE_H

#include "model/model.h"

typedef struct MMTree
{
	Relation	index;
	BlockNumber root;
	const MMModel *model;		/* of its entries */
} MMTree;

/*
 * mm_tree_of_columns: the tree that has all columns of an index.
 */
static inline MMTree
mm_tree_of_columns(Relation index, const MMModel *model)
{
	return (MMTree) {.index = index, .root = MM_ROOT_BLOCK, .model = model};
}

/*
 * mm_tree_shape: the shape of the entries of its nodes at a level.
 */
static inline const MMShape *
mm_tree_shape(const MMTree *tree, int level)
{
	return level == 0 ? &tree->model->leaf : &tree->model->inner;
}

/*
 * mm_tree_check_node: raise INDEX_CORRUPTED unless the page in a buffer is a node,
 * perhaps a deleted one, of this level (-1: any), with no more entries than it has
 * room for, and that fits the page, and it has a model, or none, as the tree has.
 */
extern void mm_tree_check_node(const MMTree *tree, Buffer buffer, int level);

/*
 * mm_tree_fill_root: make a page the root, with n entries of this level.
 */
extern void mm_tree_fill_root(const MMTree *tree, Page page, MMEntry *entries, int64 n,
							  int level);

#endif							/* MM_TREE_H */
