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
 * mm_tree_insert: add a row's entry.  Leaks memory.
 */
typedef enum MMInsertResult
{
	MM_INSERTED,
	MM_MODEL_STALE,				/* the index has got a model: open it */
	MM_TRAINING_DUE,			/* it needs one: call mm_train_index */
} MMInsertResult;

extern MMInsertResult mm_tree_insert(const MMTree *tree, const uint32 *row);

#endif							/* MM_INSERT_H */
