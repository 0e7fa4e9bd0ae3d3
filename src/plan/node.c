/*-------------------------------------------------------------------------
 *
 * node.c
 *	  The executor's side of the custom scan.
 *
 * A scan goes about it in one of three modes:
 *
 *	- An ordered scan takes candidates from the index, best first, and verifies
 *	  them (ordered.c).
 *	- A scan without order collects its candidates first and reads them in the
 *	  order of the table (collected.c).
 *	- If the values of a scan make a sum that the index cannot search for
 *	  (because of a negative weight), the whole table is read, and sorted
 *	  (whole_table.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "model/kept.h"
#include "plan/late.h"
#include "plan/scan.h"
#include "stats/last.h"

/* ---------- beginning ---------- */

/*
 * The number that LIMIT or OFFSET gives, or -1 if there is none.
 */
static int64
evaluate_limit(ExprState *state, ExprContext *econtext)
{
	bool		isnull;
	Datum		datum;

	if (state == NULL)
		return -1;
	datum = ExecEvalExprSwitchContext(state, econtext, &isnull);
	return isnull || DatumGetInt64(datum) < 0 ? -1 : DatumGetInt64(datum);
}

int64
mm_limit_rows(ExprState *limit, ExprState *offset, ExprContext *econtext, int64 most)
{
	int64		rows = evaluate_limit(limit, econtext);
	int64		skipped = Max(evaluate_limit(offset, econtext), 0);

	return rows <= 0 || rows > most || skipped > most - rows ? 0 : rows + skipped;
}

int64
mm_scan_rows_wanted(MMScanState *s)
{
	if (!s->plan->limited)
		return 0;
	return mm_limit_rows(s->limit, s->offset, s->css.ss.ps.ps_ExprContext,
						 (int64) ((Size) work_mem * 1024 / 4 / sizeof(double)));
}

static void
do_nothing(MMScanState *s)
{
}

static TupleTableSlot *
no_row(MMScanState *s)
{
	return ExecClearTuple(s->css.ss.ss_ScanTupleSlot);
}

/* The mode for scans in which no row can match. */
static const MMScanMode empty_mode = {
	.begin = do_nothing,
	.next = no_row,
	.end = do_nothing,
};

/*
 * Begin to look for rows.
 */
static void
begin_scan(MMScanState *s)
{
	ExprContext *econtext = s->css.ss.ps.ps_ExprContext;
	MemoryContext old = MemoryContextSwitchTo(s->context);
	Snapshot	snapshot = s->css.ss.ps.state->es_snapshot;
	bool		weighted = true;
	int			npossible = 0;

	for (int i = 0; i < s->plan->ndrivers; i++)
	{
		MMSumState *sum = s->sums[i];

		if (s->leader == NULL || i >= s->leader->plan->ndrivers ||
			!mm_sum_begin_like(sum, s->leader->sums[i]))
			mm_sum_begin(sum, econtext);
		/* NULL is not true, and neither is a comparison with NULL. */
		if (sum->driver->bounds != NIL && (sum->kind == MM_SUM_NULL || sum->null_bound))
			continue;
		npossible++;
		weighted &= sum->kind == MM_SUM_WEIGHTED;
	}
	s->counts.scans++;
	s->k = mm_scan_rows_wanted(s);
	s->nearest = s->shared != NULL && s->shared->k == s->k ? s->shared : mm_nearest_create(s->k);
	if (npossible < (s->plan->any ? 1 : s->plan->ndrivers))
		s->mode = &empty_mode;
	else if (!weighted)
		s->mode = &mm_table_mode;
	else
	{
		s->mode = s->plan->ordered ? &mm_ordered_mode : &mm_collected_mode;
		/*
		 * This is what index_beginscan does: any insertion may be a phantom
		 * for this scan.
		 */
		PredicateLockRelation(s->index, snapshot);
		pgstat_count_index_scan(s->index);
		s->fetch = table_index_fetch_begin(s->css.ss.ss_currentRelation);
	}
	if (s->mode == &empty_mode)
		s->recording.on = false;
	if (s->recording.on)
		mm_record_begin(s);
	s->mode->begin(s);
	MemoryContextSwitchTo(old);
}

void
mm_scan_end(MMScanState *s)
{
	if (s->mode != NULL)
	{
		s->mode->end(s);
		if (s->recording.on)
			mm_record_end(s);
	}
	if (s->fetch != NULL)
		table_index_fetch_end(s->fetch);
	s->mode = NULL;
	s->state = NULL;
	s->fetch = NULL;
}

TupleTableSlot *
mm_scan_next(MMScanState *s)
{
	TupleTableSlot *slot;

	mm_counts_run(s);
	s->paused = false;
	mm_record_begin_step(s);
	if (s->mode == NULL)
		begin_scan(s);
	slot = s->mode->next(s);
	mm_record_end_step(s);
	return slot;
}

static TupleTableSlot *
next_row(ScanState *node)
{
	return mm_scan_next((MMScanState *) node);
}

/*
 * The quals that are checked before distances.
 */
static List *
early_quals(const MMScanState *s)
{
	return list_truncate(list_copy(s->css.ss.ps.plan->qual), s->plan->early_quals);
}

/*
 * Make ready what a newer version of a row is checked with, which few scans come to.
 */
static void
make_recheck(MMScanState *s)
{
	MMLate		late = mm_late_begin(&s->css.ss.ps, s->user);
	List	   *conditions = early_quals(s);

	for (int i = 0; i < s->plan->ndrivers; i++)
		conditions = list_concat(conditions, s->plan->drivers[i].conditions);
	s->recheck = ExecInitQual(conditions, &s->css.ss.ps);
	mm_late_end(&late);
}

/*
 * Does a newer version of a row match, which is about to be updated or locked?
 */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	MMScanState *s = (MMScanState *) node;
	ExprContext *econtext = node->ps.ps_ExprContext;

	if (s->recheck == NULL)
		make_recheck(s);
	econtext->ecxt_scantuple = slot;
	return ExecQualAndReset(s->recheck, econtext);
}

/* ---------- the methods of a custom scan ---------- */

static void
begin_node(CustomScanState *node, EState *estate, int eflags)
{
	MMScanState *s = (MMScanState *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;

	s->plan = mm_plan_unpack(scan->custom_exprs, scan->custom_private);
	s->user = GetUserId();
	s->index = index_open(s->plan->index, AccessShareLock);
	s->columns = mm_kept_columns(s->index);

	/*
	 * The slot that custom scans are given cannot hold rows as the table has
	 * them, with their system columns.  So another slot is made, and whatever
	 * was made for the first one is made again: the projection, before the first
	 * row, as many partitions of a table return none.
	 */
	ExecInitScanTupleSlot(estate, &node->ss, RelationGetDescr(node->ss.ss_currentRelation),
						  table_slot_callbacks(node->ss.ss_currentRelation));
	s->projected = node->ss.ps.ps_ProjInfo == NULL;
	if (s->projected)
		ExecAssignScanProjectionInfo(&node->ss);	/* it is still none */

	s->early = ExecInitQual(early_quals(s), &node->ss.ps);
	node->ss.ps.qual = ExecInitQual(list_copy_tail(scan->scan.plan.qual, s->plan->early_quals),
									&node->ss.ps);
	s->sums = palloc(sizeof(MMSumState *) * s->plan->ndrivers);
	for (int i = 0; i < s->plan->ndrivers; i++)
		s->sums[i] = mm_sum_init(&s->plan->drivers[i], s->columns, node);
	if (s->plan->limit != NULL)
		s->limit = ExecInitExpr(s->plan->limit, &node->ss.ps);
	if (s->plan->offset != NULL)
		s->offset = ExecInitExpr(s->plan->offset, &node->ss.ps);
	s->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb scan",
									   ALLOCSET_DEFAULT_SIZES);
	mm_counts_init(s);
}

/*
 * Make the projection for the slot that the scan has, unless that has been done.
 */
static void
make_projection(MMScanState *s)
{
	MMLate		late;

	if (s->projected)
		return;
	late = mm_late_begin(&s->css.ss.ps, s->user);
	ExecAssignScanProjectionInfo(&s->css.ss);
	mm_late_end(&late);
	s->projected = true;
}

static TupleTableSlot *
exec_node(CustomScanState *node)
{
	TupleTableSlot *slot;

	mm_counts_run((MMScanState *) node);
	make_projection((MMScanState *) node);
	slot = ExecScan(&node->ss, next_row, recheck_row);
	mm_record_row((MMScanState *) node, slot);
	return slot;
}

static void
rescan_node(CustomScanState *node)
{
	MMScanState *s = (MMScanState *) node;

	mm_scan_end(s);
	MemoryContextReset(s->context);
	ExecScanReScan(&node->ss);
}

/*
 * Tell mmdb.last_statement_work what the node has done.
 */
static void
report_work(MMScanState *s)
{
	MMScanCounts counts;
	MMLastWork	work;

	if (s->counts.scans == 0 || mm_track_level > 0)
		return;
	counts = mm_counts_total(s);
	work = (MMLastWork) {
		.inner_pages = counts.stats.inner_pages,
		.leaf_pages = counts.stats.leaf_pages,
		.postings_pages = counts.stats.postings_pages,
		.verified = counts.verified,
	};
	mm_last_add(&work, s->user, s->plan->secured);
}

static void
end_node(CustomScanState *node)
{
	MMScanState *s = (MMScanState *) node;

	mm_scan_end(s);
	mm_counts_run(s);
	mm_counts_report(s);
	report_work(s);
	index_close(s->index, NoLock);
}

/*
 * This is what ExecScan does with a row.
 */
TupleTableSlot *
mm_scan_result(MMScanState *s)
{
	PlanState  *node = &s->css.ss.ps;
	ExprContext *econtext = node->ps_ExprContext;

	ResetExprContext(econtext);
	econtext->ecxt_scantuple = s->css.ss.ss_ScanTupleSlot;
	if (!ExecQual(node->qual, econtext))
	{
		InstrCountFiltered1(node, 1);
		return NULL;
	}
	make_projection(s);
	mm_record_row(s, s->css.ss.ss_ScanTupleSlot);
	return node->ps_ProjInfo != NULL ? ExecProject(node->ps_ProjInfo) : s->css.ss.ss_ScanTupleSlot;
}

static void
shutdown_node(CustomScanState *node)
{
	mm_counts_run((MMScanState *) node);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "MMDB Scan",
	.BeginCustomScan = begin_node,
	.ExecCustomScan = exec_node,
	.EndCustomScan = end_node,
	.ReScanCustomScan = rescan_node,
	.EstimateDSMCustomScan = mm_counts_estimate,
	.InitializeDSMCustomScan = mm_counts_share,
	.InitializeWorkerCustomScan = mm_counts_attach,
	.ShutdownCustomScan = shutdown_node,
	.ExplainCustomScan = mm_explain_scan,
};

MMScanState *
mm_scan_of(PlanState *node)
{
	return IsA(node, CustomScanState) && ((CustomScanState *) node)->methods == &exec_methods ?
		(MMScanState *) node : NULL;
}

static Node *
create_node(CustomScan *scan)
{
	MMScanState *s = (MMScanState *) newNode(sizeof(MMScanState), T_CustomScanState);

	s->css.methods = &exec_methods;
	s->share = 1.0;
	s->most = get_float8_infinity();
	return (Node *) s;
}

const CustomScanMethods mm_scan_methods = {
	.CustomName = "MMDB Scan",
	.CreateCustomScanState = create_node,
};
