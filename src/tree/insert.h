/*-------------------------------------------------------------------------
 *
 * insert.h
 *	  Adding an entry to the tree.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_INSERT_H
#define MM_INSERT_H

#include "tree/tree.h"

/*
 * mm_tree_insert: add a row's entry.  A tree without a model takes up to
 * untrained entries.  Leaks memory.
 */
typedef enum MMInsertResult
{
	MM_INSERTED,
	MM_MODEL_STALE,				/* the index has got a model: open it */
	MM_TRAINING_DUE,			/* it has that many entries, and needs a model */
} MMInsertResult;

extern MMInsertResult mm_tree_insert(const MMTree *tree, const uint32 *entry, int untrained);

#endif							/* MM_INSERT_H */
