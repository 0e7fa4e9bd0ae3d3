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
 * Writing a whole tree, from the leaves up.  Nobody else can reach the new
 * pages before the root refers to them.
 *
 * mm_bulk_begin: begin to write a tree whose pages are filled to fillfactor
 * per cent.  Writes WAL if logged.
 *
 * mm_bulk_add: add entries, in any order.  Entries that are close together
 * should be in one call.  Permutes them.
 *
 * mm_bulk_finish: make the entries of the root, and tell the root's level.
 * Returns how many entries there are.
 *
 * mm_bulk_finish_root: do so, and write the root, a page that exists.
 */
typedef struct MMBulk MMBulk;
extern MMBulk *mm_bulk_begin(const MMTree *tree, int fillfactor, bool logged);
extern void mm_bulk_add(MMBulk *bulk, MMEntry *rows, int64 n);
extern int	mm_bulk_finish(MMBulk *bulk, MMEntry **entries, int *level);
extern void mm_bulk_finish_root(MMBulk *bulk);

#endif							/* MM_BULK_H */
