/*-------------------------------------------------------------------------
 *
 * condense.h
 *	  Fewer nodes, after VACUUM has removed dead entries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CONDENSE_H
#define MM_CONDENSE_H

#include "tree/tree.h"

typedef struct MMCondense MMCondense;

/*
 * mm_condense_begin: begin with a VACUUM of a tree that has a model.  *room is how
 * many bytes notes may take, those of all trees that are given the same room.
 *
 * mm_condense_note: take note of a node that VACUUM has come to, which is
 * locked, in the current context.  changed tells that it has removed dead entries
 * there.
 *
 * mm_condense: delete and merge nodes, and make boxes smaller.  Returns how
 * many nodes were deleted.  Raises an error if the index is damaged.  The notes are
 * freed.
 */
extern MMCondense *mm_condense_begin(const MMTree *tree, BufferAccessStrategy strategy,
									 Size *room);
extern void mm_condense_note(MMCondense *condense, BlockNumber block, Page page,
							 bool changed);
extern BlockNumber mm_condense(MMCondense *condense);

#endif							/* MM_CONDENSE_H */
