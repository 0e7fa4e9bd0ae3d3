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
#include "lib/pairingheap.h"
#include "utils/tuplesort.h"

#include "compat.h"
#include "plan/plan.h"
#include "search/lookahead.h"

/* How a scan goes about it. */
typedef enum MMScanMode
{
	MM_SCAN_NOT_BEGUN,
	MM_SCAN_NOTHING,			/* no row can match */
	MM_SCAN_ORDERED,			/* candidates, best first */
	MM_SCAN_COLLECTED,			/* candidates in the order of the heap */
	MM_SCAN_TABLE,				/* the whole table */
} MMScanMode;

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
	int64	   *evaluations;	/* of each leaf of each driver, in order */
} MMScanCounts;

typedef struct MMSharedCounts MMSharedCounts;

typedef struct MMScanState
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
	MMScanMode	mode;
	MemoryContext context;
	IndexFetchTableData *fetch;
	MMSearch   *search;
	bool		peeked;
	MMCandidate next;			/* the candidate that comes next, if peeked */
	bool		searched;		/* there are no more */
	bool		nulls;			/* rows without a distance are searched for, first */
	bool		returned;		/* some row was handed out */
	int64		worth;			/* as many verifications cost a scan of the table */
	int64		verified_before;	/* in earlier scans */
	pairingheap *pending;		/* rows whose turn has not come */
	Size		pending_size;
	int64		k;				/* 0: no such limit */
	int64		nnearest;
	double	   *nearest;		/* the least k values so far, the greatest first */
	Tuplesortstate *sort;		/* values and rows, or only rows, once they
									 * do not fit */
	TupleTableSlot *sorted;
	TableScanDesc table;
	int64		last;			/* the row last had from the sort */
	MMLookahead ahead;			/* rows from the sort */

	MMScanCounts counts;
	int64		counted;		/* candidates in the table's statistics */
	MMSharedCounts *shared;		/* what parallel workers report to; or NULL */
	MMScanCounts *of_workers;	/* what they have reported; or NULL */
	const Plan *unmarked;		/* see counts.c */
} MMScanState;

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

/* whole_table.c */

/*
 * mm_scan_sort_begin, _put, _perform, _next: sort the places of rows by the value
 * of the first sum, and read the rows again, into the scan's slot; empty when
 * there are no more.
 */
extern void mm_scan_sort_begin(MMScanState *s);
extern void mm_scan_sort_put(MMScanState *s, double value, bool isnull, ItemPointer tid);
extern void mm_scan_sort_perform(MMScanState *s);
extern TupleTableSlot *mm_scan_sort_next(MMScanState *s);

/*
 * mm_scan_table_begin, _next: the rows by reading the whole table.
 */
extern void mm_scan_table_begin(MMScanState *s);
extern TupleTableSlot *mm_scan_table_next(MMScanState *s);

/* ordered.c */

/*
 * mm_scan_ordered_begin, _next: the rows in the order of the first sum.
 */
extern void mm_scan_ordered_begin(MMScanState *s);
extern TupleTableSlot *mm_scan_ordered_next(MMScanState *s);

/* collected.c */

/*
 * mm_scan_collected_begin, _next: the rows in the order of the table.
 */
extern void mm_scan_collected_begin(MMScanState *s);
extern TupleTableSlot *mm_scan_collected_next(MMScanState *s);

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
 * mm_counts_add_search: count what the search has done, which is at its end.
 */
extern void mm_counts_add_search(MMScanState *s);

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
