/*-------------------------------------------------------------------------
 *
 * bulk.h
 *	  Writing a whole tree, from the leaves up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_BULK_H
#define MM_BULK_H

#include "tree/tree.h"

/*
 * Writing a whole tree, from the leaves up.  The new pages are nobody's before
 * the root refers to them.
 *
 * mm_bulk_begin: fill pages to so many per cent; logged: write WAL.
 * mm_bulk_add: add rows, in any order; rows close together should come
 * together.  Permutes them.
 * mm_bulk_finish: the entries of the root and its level.  Returns how many.
 */
typedef struct MMBulk MMBulk;
extern MMBulk *mm_bulk_begin(const MMTree *tree, int fillfactor, bool logged);
extern void mm_bulk_add(MMBulk *bulk, MMEntry *rows, int64 n);
extern int	mm_bulk_finish(MMBulk *bulk, MMEntry **entries, int *level);

#endif							/* MM_BULK_H */
