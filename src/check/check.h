/*-------------------------------------------------------------------------
 *
 * check.h
 *	  The parts of mmdb_index_check; see check.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CHECK_H
#define MM_CHECK_H

#include "inverted/inverted.h"
#include "model/vantage.h"
#include "tree/tree.h"

/*
 * mm_check_rows_begin: prepare to compare the entries of a tree with the rows of
 * a table.  shared is the model of the shared tree.  column is that of the
 * sub-index that the tree is of, or -1 for the shared tree.  vantage is NULL, or of
 * the MVP-tree whose first region the tree is.  Then entries are those of all
 * regions.
 *
 * mm_check_rows_leaf: take in the entries of a leaf.  page is a copy of it.
 *
 * mm_check_rows_finish: read the table, and report whatever is not as it
 * should be.
 */
typedef struct MMCheckRows MMCheckRows;

extern MMCheckRows *mm_check_rows_begin(Relation heap, const MMTree *tree,
										MMColumns *columns, const MMMeta *meta,
										const MMModel *shared, int column, MMVantage *vantage);
extern void mm_check_rows_leaf(MMCheckRows *rows, BlockNumber block, Page page);
extern void mm_check_rows_finish(MMCheckRows *rows);

/*
 * mm_check_inverted: compare the inverted index of a column with the rows of a
 * table.
 */
extern void mm_check_inverted(Relation heap, Relation index, MMColumns *columns, int column,
							  MMInvertedCheck *check);

/* check_bounds.c */

/*
 * mm_check_bounds: do the bounds from some leaves hold for the rows that their
 * entries are about, as seen by a snapshot?  pages are copies of the leaves.
 * Reports an error if one does not.
 */
extern void mm_check_bounds(Relation heap, Relation index, MMColumns *columns,
							const MMModel *model, Snapshot snapshot,
							const BlockNumber *blocks, Page *pages, int n);

#endif							/* MM_CHECK_H */
