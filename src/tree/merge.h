/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Steps that make the tree smaller.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_MERGE_H
#define MM_MERGE_H

#include "tree/tree.h"

/*
 * What the steps are done with.
 */
typedef struct MMMerger
{
	MMTree		tree;			/* its model may be from mm_model_open_tree */
	BufferAccessStrategy strategy;
	int			most_entries;		/* entries of a merged leaf */
	int			most_boxes;		/* of a merged inner node */
	MMEntry		box;			/* room for one */
	BlockNumber deleted;		/* nodes, so far */
} MMMerger;

/*
 * A child of a node.
 */
typedef struct MMChild
{
	BlockNumber block;
	int			n;				/* entries */
	MMEntry		box;			/* of what it has */
	float		margin;			/* of that */
	bool		loose;			/* the box that the parent has for it is far larger */
} MMChild;

/*
 * Steps that make the tree smaller, each a WAL record.  What they are about may
 * have changed since it was looked at: then they do nothing.
 *
 * mm_merge_delete_leaf: delete an empty leaf, if its parent has another.
 * mm_merge_pair: merge two nodes of a level that have the same parent.  True if
 * done; the node that has the entries of both goes into merged, which may be one of
 * them, in the current context.
 * mm_merge_shrink: make the box that a node has in its parent that of its entries.
 * mm_merge_root: let a root with one child take the entries of that; true if done.
 */
extern void mm_merge_delete_leaf(MMMerger *merger, BlockNumber leaf, BlockNumber parent);
extern bool mm_merge_pair(MMMerger *merger, const MMChild *a, const MMChild *b,
						  BlockNumber parent, int level, MMChild *merged);
extern void mm_merge_shrink(MMMerger *merger, BlockNumber block, BlockNumber parent, int level);
extern bool mm_merge_root(MMMerger *merger);

#endif							/* MM_MERGE_H */
