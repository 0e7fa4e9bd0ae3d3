/*-------------------------------------------------------------------------
 *
 * tree.h
 *	  Building and changing the tree of an index: an R-tree over the
 *	  coordinates of its rows (see page.h and model.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TREE_H
#define MM_TREE_H

#include "am/model.h"

/* box.c */

/*
 * A box is an inner entry: word 0 may be anything.
 *
 * mm_box_of_row: make the box of one leaf entry.
 * mm_box_clear: make the box of no rows.
 * mm_box_add: extend a box by another; true if it grew.
 * mm_box_covers: would mm_box_add leave box as it is?
 * mm_box_of_page: the box of all entries of a node; child becomes word 0.
 * mm_box_margin: the sum of a box's lengths, in units; mixing NULLs with values
 * counts as one.
 */
extern void mm_box_of_row(const MMModel *model, const uint32 *row, MMEntry box);
extern void mm_box_clear(const MMModel *model, MMEntry box);
extern bool mm_box_add(const MMModel *model, MMEntry box, const uint32 *other);
extern bool mm_box_covers(const MMModel *model, const uint32 *box, const uint32 *other);
extern void mm_box_of_page(const MMModel *model, Page page, BlockNumber child,
						   MMEntry box);
extern float mm_box_margin(const MMModel *model, const uint32 *box);

/*
 * mm_box_choose: which child of an inner node a row goes to: the one whose
 * margin its box makes grow least, in scales of the columns; of equal ones,
 * that with the least margin.  (The R*-tree compares areas, which vanish in
 * many dimensions; its revised form, by Beckmann and Seeger, 2009, turns to
 * margins as well.)
 */
extern int	mm_box_choose(const MMModel *model, Page page, const uint32 *box);

/* pack.c */

/*
 * mm_pack: divide n entries, rows or boxes, into groups of at most capacity
 * that are close together, and hand each to emit.  Permutes entries.
 */
typedef void (*MMPackEmit) (MMEntry *entries, int n, void *state);
extern void mm_pack(const MMModel *model, bool boxes, MMEntry *entries, int64 n,
					int capacity, MMPackEmit emit, void *state);

/*
 * mm_pack_spread: the coordinate that tells entries apart best; -1: none does.
 */
extern int	mm_pack_spread(const MMModel *model, bool boxes,
						   MMEntry *entries, int64 n);

/*
 * mm_pack_key: where an entry lies along a coordinate; NULLs come last.
 */
static inline float
mm_pack_key(const MMModel *model, bool boxes, const uint32 *entry, int coordinate)
{
	const float *x = (const float *) entry + MM_ENTRY_HEADER;

	if (!boxes)
		return entry[2] & (UINT32_C(1) << model->column_of[coordinate]) ?
			get_float4_infinity() : x[coordinate];
	if ((entry[2] & (UINT32_C(1) << model->column_of[coordinate])) == 0)
		return get_float4_infinity();
	return 0.5f * x[coordinate] + 0.5f * x[model->ncoordinates + coordinate];
}

/* split.c */

/*
 * mm_split_page: divide the n >= 2 entries of a full node in two, by the rule
 * of the R*-tree: their numbers go into order, and how many of them come first
 * is returned.  Leaks memory.
 */
extern int	mm_split_page(const MMModel *model, Page page, uint16 *order);

/* insert.c */

/*
 * mm_tree_insert: add a row's entry.  Leaks memory.
 */
typedef enum MMInsertResult
{
	MM_INSERTED,
	MM_MODEL_STALE,				/* the index has got a model: open it */
	MM_TRAINING_DUE,			/* it needs one: call mm_train_index */
} MMInsertResult;

extern MMInsertResult mm_tree_insert(Relation index, const MMModel *model,
									 const uint32 *row);

/* train.c */

/*
 * mm_train_index: choose a model for an index that has none, from the rows it
 * holds, and make its tree anew with it.  Does nothing if it has one by now; and
 * only removes dead rows if they are the most.
 */
extern void mm_train_index(Relation index, Relation heap, MMColumns *columns);

/* bulk.c */

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
extern MMBulk *mm_bulk_begin(Relation index, const MMModel *model, int fillfactor,
							 bool logged);
extern void mm_bulk_add(MMBulk *bulk, MMEntry *rows, int64 n);
extern int	mm_bulk_finish(MMBulk *bulk, MMEntry **entries, int *level);

#endif							/* MM_TREE_H */
