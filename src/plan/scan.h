/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  A custom scan at run time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SCAN_H
#define MM_SCAN_H

#include "access/parallel.h"
#include "access/relscan.h"

#include "plan/plan.h"

/*
 * What EXPLAIN ANALYZE shows, of all scans so far.
 */
typedef struct MMScanCounts
{
	int64		scans;
	int64		table_scans;	/* of these, of the whole table */
	int64		verified;
	int64		proved;			/* rows whose bounds said enough */
	Size		peak_memory;	/* of pending rows */
	MMSearchStats stats;
	int64	   *evaluations;	/* of each part of each driver, in order */
} MMScanCounts;

typedef struct MMSharedCounts MMSharedCounts;

/*
 * What counts.c keeps for parallel workers.
 */
typedef struct MMWorkerCounts
{
	MMSharedCounts *shared;		/* what they report to; or NULL */
	MMScanCounts *reported;		/* what they have reported; or NULL */
	const Plan *unmarked;		/* see counts.c */
} MMWorkerCounts;

typedef struct MMScanState MMScanState;

/*
 * How a scan goes about it.  What a mode keeps of one scan is its own affair, in
 * its file: the state of MMScanState.
 */
typedef struct MMScanMode
{
	void		(*begin) (MMScanState *s);	/* in the context of the scan */
	TupleTableSlot *(*next) (MMScanState *s);	/* empty if there are no more */
	void		(*end) (MMScanState *s);	/* give back all but memory */
} MMScanMode;

struct MMScanState
{
	CustomScanState css;
	MMScanPlan *plan;
	Relation	index;
	MMColumns  *columns;
	MMSumState **sums;			/* one for each driver */
	ExprState  *early;			/* quals to check before distances */
	ExprState  *recheck;		/* all conditions, for a row of another version */
	ExprState  *limit;
	ExprState  *offset;

	/* one scan */
	const MMScanMode *mode;		/* NULL: it has not begun */
	void	   *state;			/* the mode's */
	MemoryContext context;
	IndexFetchTableData *fetch;	/* NULL if candidates are not searched for */
	MMSearch   *search;			/* the one under way, or NULL */
	int64		k;				/* so many rows are wanted; 0: no such limit */

	MMScanCounts counts;
	MMWorkerCounts workers;
};

/*
 * A row's place as a number that sorts as the table lies, and back.
 */
static inline int64
mm_place_number(ItemPointer tid)
{
	return ((int64) ItemPointerGetBlockNumber(tid) << 16) | ItemPointerGetOffsetNumber(tid);
}

static inline void
mm_number_place(int64 number, ItemPointer tid)
{
	ItemPointerSet(tid, (BlockNumber) (number >> 16), (OffsetNumber) (number & 0xFFFF));
}

/* verify.c */

/*
 * mm_scan_read: read the row of a candidate into the scan's slot; false if the
 * snapshot does not see it, or a qual fails that is checked first.
 * mm_scan_passes_quals: are those true for the row in the scan's slot?
 */
extern bool mm_scan_read(MMScanState *s, ItemPointer tid);
extern bool mm_scan_passes_quals(MMScanState *s);

/*
 * mm_scan_passes_conditions: does the row just evaluated satisfy the conditions
 * on this sum?
 * mm_scan_passes_other_sums: and if all sums are to be within their bounds, are
 * those but the first?
 */
extern bool mm_scan_passes_conditions(MMScanState *s, MMSumState *sum);
extern bool mm_scan_passes_other_sums(MMScanState *s);

/*
 * mm_scan_add_other_sums: have the search look for what those let pass only.
 */
extern void mm_scan_add_other_sums(MMScanState *s);

/* row_sort.c */

/*
 * Rows sorted by the value of a scan's first sum.  The sort has their values and
 * places; they are read again when their turn comes.
 */
typedef struct MMRowSort MMRowSort;

/*
 * mm_row_sort_begin: k: no more than the first k will be wanted; 0: all may be.  In
 * the current context.
 * mm_row_sort_next: the next row, in the scan's slot; empty if there are no more.
 */
extern MMRowSort *mm_row_sort_begin(MMScanState *s, int64 k);
extern void mm_row_sort_put(MMRowSort *sort, double value, bool isnull, ItemPointer tid);
extern void mm_row_sort_perform(MMRowSort *sort);
extern TupleTableSlot *mm_row_sort_next(MMRowSort *sort);
extern void mm_row_sort_end(MMRowSort *sort);

/* ordered.c */

/* Candidates best first: the rows in the order of the first sum. */
extern const MMScanMode mm_ordered_mode;

/* collected.c */

/* Candidates in the order of the table. */
extern const MMScanMode mm_collected_mode;

/* whole_table.c */

/* All rows of the table, sorted if an order is asked for. */
extern const MMScanMode mm_table_mode;

/*
 * mm_scan_table_instead: end what has been begun, and go on in this mode.
 */
extern void mm_scan_table_instead(MMScanState *s);

/* counts.c */

/*
 * mm_counts_init: have parallel workers report what they count, if somebody
 * wants to know.  When the node begins.
 */
extern void mm_counts_init(MMScanState *s);

/*
 * mm_counts_run: the node is about to be run, or will not be any more.
 * mm_counts_report: and has ended; in a worker, report to the leader.
 */
extern void mm_counts_run(MMScanState *s);
extern void mm_counts_report(MMScanState *s);

/*
 * mm_counts_end_search: end the search, if one is under way, and count what it has
 * done.
 */
extern void mm_counts_end_search(MMScanState *s);

/*
 * mm_counts_total: what this process and its workers have counted.
 */
extern MMScanCounts mm_counts_total(MMScanState *s);

/*
 * The methods of a custom scan that see to shared memory.
 */
extern Size mm_counts_estimate(CustomScanState *node, ParallelContext *pcxt);
extern void mm_counts_share(CustomScanState *node, ParallelContext *pcxt, void *coordinate);
extern void mm_counts_attach(CustomScanState *node, shm_toc *toc, void *coordinate);

/* explain.c */
extern void mm_explain_scan(CustomScanState *node, List *ancestors,
							ExplainState *es);

#endif							/* MM_SCAN_H */
