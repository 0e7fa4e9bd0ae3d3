/*-------------------------------------------------------------------------
 *
 * copy.h
 *	  A sampled copy of a table, in which indexes are tried.
 *
 * It is a temporary table that is dropped when its transaction ends, however
 * that ends, and before that by mm_copy_drop.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COPY_H
#define MM_COPY_H

#include "tune/workload.h"

typedef struct MMCopy
{
	const MMWorkload *workload;
	const char *table;			/* its name, qualified */
	double		rows;
	bool		whole;			/* these are all rows of the table */
} MMCopy;

/* An index that was tried. */
typedef struct MMTrialIndex
{
	Oid			oid;
	const char *name;			/* qualified */
	int64		bytes;
	double		seconds;		/* that the build took */
} MMTrialIndex;

/*
 * mm_copy_make: copy that many rows of a workload's table, chosen by seed, with the
 * primary key and the columns that the index and the workload's filters use.  Raises an
 * error where temporary tables cannot be made, in the name of the function what.
 *
 * mm_copy_drop: drop it.
 */
extern MMCopy *mm_copy_make(const MMWorkload *workload, int rows, int seed, const char *what);
extern void mm_copy_drop(MMCopy *copy);

/*
 * mm_copy_build: build an index over those of the workload's columns whose bit is set in
 * columns, with these storage parameters ("" or "a = 1, b = 2").
 *
 * mm_copy_build_other: build one by a definition as CREATE INDEX has it behind the
 * table's name, such as "(a)".
 *
 * mm_copy_unbuild: drop it.
 */
extern MMTrialIndex mm_copy_build(MMCopy *copy, uint32 columns, const char *parameters);
extern MMTrialIndex mm_copy_build_other(MMCopy *copy, const char *definition);
extern void mm_copy_unbuild(MMCopy *copy, const MMTrialIndex *index);

/*
 * mm_trial_subindexes: the kinds of the sub-indexes that a trial's index has, as users
 * write them, for each column; NULL: it has none.  kinds has room for MM_MAX_COLUMNS.
 */
extern void mm_trial_subindexes(const MMTrialIndex *index, const char **kinds);

/*
 * mm_index_columns_sql: the columns of an index as CREATE INDEX has them, those
 * whose bit is set.  An index on a composite has one column.
 */
extern char *mm_index_columns_sql(const MMWorkload *workload, uint32 columns);

/*
 * mm_filter_columns: add the table's columns that a filter uses, in the form of
 * pull_varattnos.  Raises an error for a filter with a subquery.
 */
extern void mm_filter_columns(const MMWorkload *workload, const char *filter, Bitmapset **columns);

/*
 * mm_all_columns: the mask of all columns.
 */
static inline uint32
mm_all_columns(const MMWorkload *workload)
{
	return workload->learner->m >= 32 ? PG_UINT32_MAX : (UINT32_C(1) << workload->learner->m) - 1;
}

/*
 * mm_run_utility: run a statement that returns no rows, as the caller.  Messages below
 * errors are not shown.
 */
extern void mm_run_utility(const char *sql);

/*
 * mm_require_temp: raise an error if the user cannot make temporary tables now, in
 * the name of the function what.
 */
extern void mm_require_temp(const char *what);

#endif							/* MM_COPY_H */
