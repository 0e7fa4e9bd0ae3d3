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
#include "utils/tuplesort.h"

#include "plan/plan.h"
#include "stats/track.h"

/*
 * What EXPLAIN ANALYZE shows, summed over all scans so far.
 */
typedef struct MMScanCounts
{
	int64		scans;
	int64		table_scans;	/* of these, of the whole table */
	int64		verified;
	int64		proved;			/* rows whose bounds were enough */
	int64		spills;			/* what was kept of rows outgrew work_mem */
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

/*
 * The least values of rows that count towards a limit, of one scan or of several
 * that are searched together (nearest.c).
 */
typedef struct MMNearest
{
	int64		k;				/* how many count; 0: there is no limit */
	int64		n;
	int64		room;
	double	   *values;			/* a heap, the greatest first */
	MemoryContext context;
	MMThreshold threshold;		/* of the keys that several searches for them come across */
	bool		returned;		/* some row was handed out */
} MMNearest;

typedef struct MMScanState MMScanState;

/*
 * What record.c keeps of a scan that is to be recorded.
 */
typedef struct MMRecording
{
	bool		on;
	bool		prepared;		/* what is the same for all scans of the node is known */
	uint8		flags;			/* of the class, for the filter */
	MMStepClock clock;
	MMSearchCall call;
	double		factors[MM_MAX_COLUMNS];
} MMRecording;

/*
 * How a scan proceeds.  The state that a mode keeps during one scan is private
 * to its file (state in MMScanState).
 */
typedef struct MMScanMode
{
	void		(*begin) (MMScanState *s);	/* in the context of the scan */
	TupleTableSlot *(*next) (MMScanState *s);	/* empty if there are no more */
	void		(*end) (MMScanState *s);	/* release all but memory */
} MMScanMode;

struct MMScanState
{
	CustomScanState css;
	MMScanPlan *plan;
	Oid			user;			/* who has begun it */
	Relation	index;
	MMColumns  *columns;
	MMSumState **sums;			/* one for each driver */
	ExprState  *early;			/* quals to check before distances */
	ExprState  *recheck;		/* all conditions, for a row of another version; NULL: not made
								 * ready yet */
	ExprState  *limit;
	ExprState  *offset;
	bool		projected;		/* the projection has been made for the scan's slot */

	/* for one scan */
	const MMScanMode *mode;		/* NULL: it has not begun */
	void	   *state;			/* the mode's */
	MemoryContext context;
	IndexFetchTableData *fetch;	/* NULL if candidates are not searched for */
	MMSearch   *search;			/* the one under way, or NULL */
	int64		k;				/* number of rows wanted; 0: no limit */
	MMNearest  *nearest;		/* its own, or: */
	MMNearest  *shared;			/* of all partitions; NULL: the scan is alone */
	const MMScanState *leader;	/* of the same plan but for the partition, and has begun
								 * with the same values, which stay; or NULL */
	double		share;			/* of the rows wanted that are likely to be here */
	double		most;			/* an ordered scan may pause if all that is left is
								 * above this; Infinity: it may not */
	bool		paused;			/* no row was returned for that reason only */
	double		value;			/* of an ordered scan: that of the row last returned,
								 * or if paused, a lower bound of the next one's; minus
								 * the expression's if the sum is negated */
	bool		isnull;			/* it has none */

	MMScanCounts counts;
	MMWorkerCounts workers;
	MMRecording recording;
};

/* nearest.c */

/*
 * mm_nearest_create: no values yet, in the current context.
 *
 * mm_nearest_add: take in the value of a row.  Returns false if there are k that
 * are no greater.
 *
 * mm_nearest_bound: the value above which no row is wanted; Infinity if that is
 * not known.
 */
extern MMNearest *mm_nearest_create(int64 k);
extern bool mm_nearest_add(MMNearest *nearest, double value);
extern double mm_nearest_bound(const MMNearest *nearest);

/* node.c */

/*
 * mm_scan_of: the custom scan that a node is, or NULL if it is another node.
 *
 * mm_scan_rows_wanted: how many rows will be asked for; 0 if that is unknown, or too
 * many to rely on.
 *
 * mm_scan_next: the next row of a scan, in its slot, before its conditions that
 * are checked last.  The slot is empty if there is none, or if the scan is paused.
 * An ordered scan that others of the same order are merged with sets value and
 * isnull.
 *
 * mm_scan_result: what the scan returns for that row, or NULL if it fails those
 * conditions.
 *
 * mm_scan_end: end the scan, if one has begun, and release what it holds, except for
 * memory.
 */
extern MMScanState *mm_scan_of(PlanState *node);
extern int64 mm_scan_rows_wanted(MMScanState *s);
extern TupleTableSlot *mm_scan_next(MMScanState *s);
extern TupleTableSlot *mm_scan_result(MMScanState *s);
extern void mm_scan_end(MMScanState *s);

/* verify.c */

/*
 * mm_scan_read: read the row of a candidate into the scan's slot.  Returns
 * false if the snapshot does not see it, or if it fails one of the quals that
 * are checked first.
 *
 * mm_scan_passes_quals: are those quals true for the row in the scan's slot?
 */
extern bool mm_scan_read(MMScanState *s, ItemPointer tid);
extern bool mm_scan_passes_quals(MMScanState *s);

/*
 * mm_scan_passes_conditions: does the row that was just evaluated satisfy the
 * conditions on this sum?
 *
 * mm_scan_passes_other_sums: if all sums must be within their bounds, are all
 * but the first?
 */
extern bool mm_scan_passes_conditions(MMScanState *s, MMSumState *sum);
extern bool mm_scan_passes_other_sums(MMScanState *s);

/*
 * mm_scan_add_other_sums: make the search look only for rows that the other
 * sums let pass.
 */
extern void mm_scan_add_other_sums(MMScanState *s);

/* row_sort.c */

/*
 * Rows sorted by the value of a scan's first sum.  The sort has only their
 * values and places; the rows are read again when their turn comes.
 */
typedef struct MMRowSort MMRowSort;

/*
 * mm_row_sort_begin: begin a sort in the current context.  If k is not 0, no
 * more than the first k rows will be wanted.
 *
 * mm_row_sort_next: put the next row into the scan's slot, which becomes empty
 * if there are no more.
 */
extern MMRowSort *mm_row_sort_begin(MMScanState *s, int64 k);
extern void mm_row_sort_put(MMRowSort *sort, double value, bool isnull, ItemPointer tid);
extern void mm_row_sort_perform(MMRowSort *sort);
extern TupleTableSlot *mm_row_sort_next(MMRowSort *sort);
extern void mm_row_sort_end(MMRowSort *sort);

/* ordered.c */

/* Candidates come best first: the rows are in the order of the first sum. */
extern const MMScanMode mm_ordered_mode;

/* collected.c */

/* Candidates come in the order of the table. */
extern const MMScanMode mm_collected_mode;

/* whole_table.c */

/* All rows of the table are read, and sorted if an order is asked for. */
extern const MMScanMode mm_table_mode;

/*
 * mm_scan_table_instead: end what has been begun, and continue in this mode.
 */
extern void mm_scan_table_instead(MMScanState *s);

/* counts.c */

/*
 * mm_counts_init: make parallel workers report what they count, if somebody
 * wants to know.  Called when the node begins.
 */
extern void mm_counts_init(MMScanState *s);

/*
 * mm_counts_run: called when the node is about to be run, or will not be run
 * any more.
 *
 * mm_counts_report: called when it has ended.  A worker then reports to the
 * leader.
 */
extern void mm_counts_run(MMScanState *s);
extern void mm_counts_report(MMScanState *s);

/*
 * mm_counts_end_search: end the search, if one is under way, and count what it
 * has done.
 */
extern void mm_counts_end_search(MMScanState *s);

/*
 * mm_counts_sort: count a sort that was too large for memory.
 */
extern void mm_counts_sort(MMScanState *s, Tuplesortstate *sort);

/*
 * mm_counts_total: what this process and its workers have counted.
 *
 * mm_counts_add_total: add that to what other scans have, of which first, which total
 * begins with, is one.  Before that, total is all zeros.  If the scans are not of the
 * same columns, what there is of each is left out: evaluations become NULL.
 */
extern MMScanCounts mm_counts_total(MMScanState *s);
extern void mm_counts_add_total(MMScanState *s, const MMScanState *first, MMScanCounts *total);

/*
 * The methods of a custom scan for shared memory.
 */
extern Size mm_counts_estimate(CustomScanState *node, ParallelContext *pcxt);
extern void mm_counts_share(CustomScanState *node, ParallelContext *pcxt, void *coordinate);
extern void mm_counts_attach(CustomScanState *node, shm_toc *toc, void *coordinate);

/* record.c */

/*
 * mm_record_begin: called when a scan that is recorded is about to begin, and its
 * values are known.
 *
 * mm_record_end: called when it has ended.
 */
extern void mm_record_begin(MMScanState *s);
extern void mm_record_end(MMScanState *s);

/*
 * mm_record_begin_step, mm_record_end_step: called around each step of a scan, that is,
 * around what finds its next row.  The first one decides whether the scan is recorded.
 *
 * mm_record_row: count a row that the scan returns, unless the slot is empty.
 *
 * mm_record_search: count what one of its searches has done.
 */
static inline void
mm_record_begin_step(MMScanState *s)
{
	if (s->mode == NULL)
	{
		s->recording.on = mm_track_wanted();
		s->recording.clock = (MMStepClock) {0};
	}
	if (s->recording.on)
		mm_clock_begin_step(&s->recording.clock);
}

static inline void
mm_record_end_step(MMScanState *s)
{
	if (s->recording.on)
		mm_clock_end_step(&s->recording.clock);
}

static inline void
mm_record_row(MMScanState *s, const TupleTableSlot *slot)
{
	s->recording.call.work.rows += !TupIsNull(slot);
}

static inline void
mm_record_search(MMScanState *s, const MMSearchStats *stats)
{
	if (s->recording.on)
	{
		mm_work_add_search(&s->recording.call.work, stats);
		s->recording.call.memory = Max(s->recording.call.memory, stats->peak_memory);
	}
}

/* explain.c */
extern void mm_explain_scan(CustomScanState *node, List *ancestors,
							ExplainState *es);

/*
 * mm_explain_work: show what a scan, or several, have counted.  If counts has no
 * evaluations, nothing is shown of single columns.  So many rows were removed as they
 * were too far; less than 0: that is not shown.
 */
extern void mm_explain_work(MMScanState *s, const MMScanCounts *counts, double removed,
							ExplainState *es);

#endif							/* MM_SCAN_H */
