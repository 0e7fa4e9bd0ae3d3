/*-------------------------------------------------------------------------
 *
 * condense.h
 *	  Fewer nodes, once VACUUM has removed dead entries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CONDENSE_H
#define MM_CONDENSE_H

#include "tree/tree.h"

typedef struct MMCondense MMCondense;

/*
 * mm_condense_begin: a VACUUM of a tree that has a model begins.  Keeps what it
 * allocates in the current context.
 * mm_condense_note: VACUUM has come to this node, locked; changed: and removed dead
 * entries.
 * mm_condense: delete and merge nodes, make boxes smaller.  Returns how many nodes
 * were deleted.  Raises an error if the index is damaged.
 */
extern MMCondense *mm_condense_begin(const MMTree *tree, BufferAccessStrategy strategy);
extern void mm_condense_note(MMCondense *condense, BlockNumber block, Page page,
							 bool changed);
extern BlockNumber mm_condense(MMCondense *condense);

#endif							/* MM_CONDENSE_H */
