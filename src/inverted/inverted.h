/*-------------------------------------------------------------------------
 *
 * inverted.h
 *	  An inverted index of one column, in an index's relation: it finds rows by
 *	  tokens that their values have in common with a query.
 *
 * The column's metric must have tokens (metric_routine.h).  layout.h tells how
 * they are stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_INVERTED_H
#define MM_INVERTED_H

#include "access/genam.h"

#include "index/columns.h"
#include "model/forest.h"

typedef struct MMInverted
{
	Relation	index;
	BlockNumber home;			/* tells it apart from others in the relation */
	MMColumn   *column;
} MMInverted;

/*
 * What the index keeps of a value.
 */
typedef struct MMTokens
{
	int			size;
	int			size_class;
	int			n;
	uint32	   *tokens;			/* ascending */
} MMTokens;

/*
 * mm_inverted_supports: can a column with this metric have an inverted index?
 */
static inline bool
mm_inverted_supports(const MetricSpace *space)
{
	return space->routine != NULL && space->routine->tokens != NULL;
}

/*
 * mm_inverted_of_subindex: the inverted index that a sub-index is.
 */
static inline MMInverted
mm_inverted_of_subindex(Relation index, MMColumns *columns, const MMSubindex *subindex)
{
	return (MMInverted) {
		.index = index,
		.home = subindex->root,
		.column = columns == NULL ? NULL : &columns->columns[subindex->column],
	};
}

/* home.c */

/*
 * mm_inverted_init: make a page the home page of an inverted index without
 * rows.  For an init fork, say.
 *
 * mm_inverted_create: make an inverted index without rows.  Returns the block
 * of its home page.  Writes WAL if logged.
 */
extern void mm_inverted_init(Page page);
extern BlockNumber mm_inverted_create(Relation index, bool logged);

/* tokens.c */

/*
 * mm_inverted_tokens: what the index keeps of a value or a NULL, in the current
 * context, where this may leak memory.
 */
extern void mm_inverted_tokens(const MMInverted *inv, Datum value, bool isnull, MMTokens *tokens);

/* pending.c */

/*
 * mm_inverted_counts: how many pages it has, and entries (rows and NULLs, those
 * that are dead included).  entries may be NULL if they are not wanted: to
 * count those that are pending, their pages must be read.
 */
extern void mm_inverted_counts(const MMInverted *inv, int64 *pages, int64 *entries);

/* build.c */

/*
 * Building.  Nobody else may change the inverted index meanwhile.
 *
 * mm_inverted_build_begin: begin to add all rows of a table, using up to
 * work_mem kB.  Keeps inv.
 *
 * mm_inverted_build_add: add one row, in any order.  They are sorted fastest in
 * the order of the table.
 *
 * mm_inverted_build_finish: write them.  The state is freed.
 */
typedef struct MMInvertedBuild MMInvertedBuild;
extern MMInvertedBuild *mm_inverted_build_begin(const MMInverted *inv, int work_mem_kb, bool logged);
extern void mm_inverted_build_add(MMInvertedBuild *build, const ItemPointerData *tid,
								  const MMTokens *tokens);
extern void mm_inverted_build_finish(MMInvertedBuild *build);

/* insert.c */

/*
 * mm_inverted_insert: add a row.  Leaks memory.
 *
 * mm_inverted_insert_tokens: the same, for a value whose tokens are known.
 */
extern void mm_inverted_insert(const MMInverted *inv, const ItemPointerData *tid,
							   Datum value, bool isnull);
extern void mm_inverted_insert_tokens(const MMInverted *inv, const ItemPointerData *tid,
									  const MMTokens *tokens);

/* vacuum.c */

/*
 * mm_inverted_vacuum: remove the rows that callback returns true for, and
 * delete pages that are not needed any more.  *removed becomes the number of
 * rows removed, *kept that of the others.  Returns the number of pages deleted.
 */
extern BlockNumber mm_inverted_vacuum(const MMInverted *inv, IndexBulkDeleteCallback callback,
									  void *callback_state, BufferAccessStrategy strategy,
									  double *removed, double *kept);

/* check.c */

/*
 * Checking.  The caller's lock on the table must keep out all changes.
 *
 * mm_inverted_check_begin: check all pages.  Each is reported to reach, which
 * raises an error if something else led to the page already.  Raises
 * INDEX_CORRUPTED if something is wrong.
 *
 * mm_inverted_check_row: one row that the index must have, of those that a
 * snapshot sees.  Leaks memory.
 *
 * mm_inverted_check_finish: raise INDEX_CORRUPTED unless each row has all its
 * postings, and no others.
 */
typedef struct MMInvertedCheck MMInvertedCheck;
typedef void (*MMInvertedReach) (BlockNumber block, void *state);
extern MMInvertedCheck *mm_inverted_check_begin(const MMInverted *inv, MMInvertedReach reach,
												void *state);
extern void mm_inverted_check_row(MMInvertedCheck *check, const ItemPointerData *tid,
								  Datum value, bool isnull);
extern void mm_inverted_check_finish(MMInvertedCheck *check);

#endif							/* MM_INVERTED_H */
