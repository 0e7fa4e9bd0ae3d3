/*-------------------------------------------------------------------------
 *
 * workload.h
 *	  The searches by which an index is judged: query objects with weights, and
 *	  what they cost.
 *
 * A workload is read once, by a query that runs with the caller's rights, or
 * from what the server has recorded.  Its searches are then run again and
 * again, in the table or in a sampled copy of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_WORKLOAD_H
#define MM_WORKLOAD_H

#include "learn/learner.h"

/* The argument that stands for the recorded searches. */
#define MM_RECORDED		"recorded"

/*
 * One search.
 */
typedef struct MMTask
{
	MMTerms    *terms;			/* with their weights, all above 0; NULL: no object */
	double		weights[MM_MAX_COLUMNS];	/* of all columns, as they were given */
	uint32		columns;		/* mask: columns that have weight and a value */
	int64		k;				/* 0: all rows within the radius */
	double		radius;
	const char *filter;			/* a condition in parentheses; NULL: none */
	double		calls;			/* how often it counts, > 0 */
	uint64		place;			/* in the order of tasks */
	int			source;			/* number of the task of the workload that it is like, or is */
} MMTask;

typedef struct MMWorkload
{
	MMLearner  *learner;		/* the index, its table and columns */
	MemoryContext context;		/* of the tasks */
	const char *predicate;		/* of a partial index; NULL: none */
	double		rows;			/* of the table, as far as statistics tell */
	int			n;
	int			nheldout;		/* the last ones are not tuned for */
	int			room;
	MMTask	   *tasks;
	bool		recorded;
} MMWorkload;

/*
 * What searches have done.  All but ms and work are counts, which the same
 * data, plan and settings repeat exactly.
 */
typedef struct MMEffort
{
	double		pages;			/* of the index */
	double		entries;		/* of the index, bounded; postings as entries */
	double		rows;			/* of the table, read by searches */
	double		scanned;		/* of the table, read by scans of it */
	double		distances;		/* computed */
	double		spilled;		/* pages written to temporary files */
	double		work;			/* all that as entries, by the cost model */
	double		ms;				/* of execution, without planning */
} MMEffort;

/*
 * mm_workload_read: open an index and read a workload for it: the text of a
 * query, or MM_RECORDED.  No more than most tasks are kept, chosen by seed; the
 * part heldout of them, if there are 5 or more, is put last.  Raises an error if
 * there is none, or one that is not about the index.
 *
 * mm_workload_like: searches like those of a workload, for other objects: times as many as it
 * has, or fewer if the table has few rows.  Each has the limit, the filter and the weights of one
 * of them, and a row of the table, chosen by seed, as its object.  Where most weights differ
 * from each other, those of each search are varied, too.  Together they count as much as
 * the workload's.  It has no searches held out, and is not closed.
 *
 * mm_workload_close: close the index and its table, which stay locked.
 */
extern MMWorkload *mm_workload_read(Oid index, const char *workload, int most, double heldout,
									int seed);
extern MMWorkload *mm_workload_like(const MMWorkload *workload, int times, int seed);
extern void mm_workload_close(MMWorkload *workload);

/*
 * mm_workload_weights: the mean of the normalized weights of the tasks that are
 * not held out, by calls; learner->m of them.
 */
extern void mm_workload_weights(const MMWorkload *workload, double *weights);

/*
 * mm_workload_order: an expression over the table, which is called by the
 * learner's alias, that puts its rows in an order that looks random and depends
 * on their primary keys and seed only (or on their places, without a key).
 */
extern char *mm_workload_order(const MMWorkload *workload, int seed);

/* effort.c */

/*
 * mm_effort_of_task: run a search in a table, given as SQL, that has the index's
 * columns and number_of_rows rows, and tell what it took.  If real, the table is
 * the index's own.
 *
 * mm_effort_of_tasks: the mean over n tasks from the first on, by calls.
 * If each is not NULL, it gets what each of them took.
 */
extern void mm_effort_of_task(const MMWorkload *workload, const MMTask *task, const char *table,
							  double number_of_rows, bool real, MMEffort *effort);
extern void mm_effort_of_tasks(const MMWorkload *workload, int first, int n, const char *table,
							   double number_of_rows, bool real, MMEffort *each, MMEffort *mean);

/*
 * mm_effort_add: add what was taken, so many times, to a sum.
 *
 * mm_effort_error: the standard error of a ratio of mean costs, after by before, where
 * the n tasks are a sample of all searches (the delta method).
 */
extern void mm_effort_add(MMEffort *sum, const MMEffort *effort, double times);
extern double mm_effort_error(const MMWorkload *workload, const double *before, const double *after,
							  double ratio);

#endif							/* MM_WORKLOAD_H */
