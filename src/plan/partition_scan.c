/*-------------------------------------------------------------------------
 *
 * partition_scan.c
 *	  One ordered search over the partitions of a table, or over a table and its
 *	  children by inheritance, at run time.
 *
 * The node stands above a Merge Append, whose inputs are the scans of the
 * partitions, and runs these itself, in its place.  A Merge Append would have each
 * of them find its own nearest row before it returns one.  Here the scan goes on
 * that has the least bound of what may come next, and only until another one's is
 * less.  So the searches are one best-first search of all trees, and all rows that
 * any of them verifies count towards the LIMIT, which bounds all of them.
 *
 * The Merge Append is left what it does well.  It opens and closes the partitions,
 * and leaves out those that the partition key excludes, when the plan starts or
 * with values of parameters.  It sorts the rows of partitions that have no index
 * of ours.  A row that is checked once more, after another transaction has changed
 * it, goes through it, too.
 *
 * What the rows are ordered by, searches know.  So they do not compute it once more as
 * one of their columns, but leave that to this node.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/execPartition.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"
#include "plan/partitions.h"
#include "plan/scan.h"

/*
 * A search goes on this far beyond what another one may have, as a part of that.  So
 * they take turns less often, and what one is about to read stays in the CPU's caches.
 * Of 200 searches for ten football players in 16 partitions, this made none read more
 * than a page in a thousand.
 */
#define EAGERNESS	0.02

/*
 * One of the merge's inputs, and what is known of its next row.
 */
typedef struct Member
{
	PlanState  *node;
	MMScanState *scan;			/* a search; NULL: a plan that returns sorted rows */
	bool		begun;
	TupleTableSlot *row;		/* the next row; NULL: it is not known yet */
	double		value;			/* its value, or if it is not known, a lower bound */
	bool		isnull;
} Member;

typedef struct PartitionScan
{
	CustomScanState css;
	MergeAppendState *merge;
	bool		descending;
	bool		nulls_first;
	bool		dropped;		/* searches return no value of the order */
	AttrNumber	column;			/* with the order's value */

	/* for one scan */
	MemoryContext context;
	bool		begun;
	int			nmembers;		/* partitions that are not pruned */
	Member	   *members;
	Member	  **heap;			/* those that may have more rows, the least value first */
	int			nheap;
	bool		returned;		/* the first one's row was returned */
	MMNearest  *nearest;
	MMScanState *leader;		/* the first search that has begun, or NULL */
	double		impatience;		/* see farthest */

	/* for EXPLAIN, of this process */
	int64		scans;
	int64		sorted;			/* partitions, in all scans, that are no searches */
} PartitionScan;

/* ---------- the heap ---------- */

/*
 * Values are those of the expression, or minus these if its order is descending.
 * NaN is the greatest of numbers in both orders.
 */
static int
compare_values(const PartitionScan *p, const Member *a, const Member *b)
{
	if (a->isnull || b->isnull)
		return ((int) a->isnull - (int) b->isnull) * (p->nulls_first ? -1 : 1);
	return p->descending ? float8_cmp_internal(-b->value, -a->value) :
		float8_cmp_internal(a->value, b->value);
}

/*
 * Of members with the same value, those whose row is known come first: others need
 * not be searched for it.
 */
static bool
precedes(const PartitionScan *p, const Member *a, const Member *b)
{
	int			order = compare_values(p, a, b);

	return order != 0 ? order < 0 : a->row != NULL && b->row == NULL;
}

static void
sift_down(PartitionScan *p, int i)
{
	Member	   *member = p->heap[i];
	int			child;

	while ((child = 2 * i + 1) < p->nheap)
	{
		if (child + 1 < p->nheap && precedes(p, p->heap[child + 1], p->heap[child]))
			child++;
		if (!precedes(p, p->heap[child], member))
			break;
		p->heap[i] = p->heap[child];
		i = child;
	}
	p->heap[i] = member;
}

static void
remove_first(PartitionScan *p)
{
	p->heap[0] = p->heap[--p->nheap];
	if (p->nheap > 0)
		sift_down(p, 0);
}

/* ---------- the members ---------- */

/*
 * Let a member know nothing of its next row.
 */
static void
know_nothing(PartitionScan *p, Member *member)
{
	member->row = NULL;
	member->isnull = p->nulls_first;
	/* In descending order, NaN comes first. */
	member->value = p->descending ? get_float8_nan() : -get_float8_infinity();
}

/*
 * The next row of a plan without our index.  It counts towards the limit as those
 * of searches do.
 */
static bool
advance_plan(PartitionScan *p, Member *member)
{
	Datum		value;

	member->row = ExecProcNode(member->node);
	if (TupIsNull(member->row))
		return false;
	value = slot_getattr(member->row, p->column, &member->isnull);
	if (!member->isnull)
	{
		member->value = DatumGetFloat8(value);
		if (p->descending)
			member->value = -member->value;
		if (p->nearest->k > 0 && !isnan(member->value))
			(void) mm_nearest_add(p->nearest, member->value);
	}
	return true;
}

/*
 * How far may the search of the first member go on?  As far as the least value that
 * another one may have.
 *
 * Rounding may let the same member come first again, though it has just stopped
 * there.  Then it goes a little farther.
 */
static double
farthest(PartitionScan *p)
{
	const Member *second;
	double		most;

	if (p->nheap == 1)
		return get_float8_infinity();
	second = p->heap[1];
	if (p->nheap > 2 && precedes(p, p->heap[2], second))
		second = p->heap[2];
	if (second->isnull)
		return p->nulls_first ? -get_float8_infinity() : get_float8_infinity();
	if (isnan(second->value))
		return p->descending ? -get_float8_infinity() : get_float8_infinity();
	most = second->value;
	if (isfinite(most))
		most += fabs(most) * EAGERNESS;
	if (p->impatience > 0)
		most += (fabs(most) + 1.0) * p->impatience;
	return most;
}

/*
 * Let the search of a member go on to its next row, or until another one's is nearer.
 * Returns false if there are no more rows.
 */
static bool
advance_search(PartitionScan *p, Member *member)
{
	MMScanState *s = member->scan;
	Instrumentation *instrument = member->node->instrument;
	double		before = member->value;

	if (member->node->chgParam != NULL)
		ExecReScan(member->node);
	if (instrument != NULL)
		InstrStartNode(instrument);
	s->shared = p->nearest;
	s->leader = p->leader;
	s->most = farthest(p);
	member->row = mm_scan_next(s);
	if (p->leader == NULL)
		p->leader = s;
	if (instrument != NULL)
		InstrStopNode(instrument, 0);
	if (TupIsNull(member->row))
	{
		member->row = NULL;
		if (!s->paused)
			return false;
	}
	member->value = s->value;
	member->isnull = s->isnull;
	if (member->row == NULL && p->heap[0] == member && member->value <= before)
		p->impatience = p->impatience == 0 ? 1e-12 : p->impatience * 1000;
	else
		p->impatience = 0;
	return true;
}

/*
 * Let the first member go on, and find its new place.
 */
static void
advance_first(PartitionScan *p)
{
	Member	   *member = p->heap[0];

	p->sorted += !member->begun && member->scan == NULL;
	member->begun = true;
	if (member->scan != NULL ? advance_search(p, member) : advance_plan(p, member))
		sift_down(p, 0);
	else
		remove_first(p);
}

/*
 * A row that a search has returned, with the value of the order.
 */
static TupleTableSlot *
add_order(PartitionScan *p, const Member *member, TupleTableSlot *row)
{
	TupleTableSlot *slot = p->css.ss.ss_ScanTupleSlot;
	int			n = slot->tts_tupleDescriptor->natts;

	slot_getallattrs(row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, row->tts_values, sizeof(Datum) * n);
	memcpy(slot->tts_isnull, row->tts_isnull, sizeof(bool) * n);
	slot->tts_values[p->column - 1] = Float8GetDatum(p->descending ? -member->value : member->value);
	slot->tts_isnull[p->column - 1] = member->isnull;
	return ExecStoreVirtualTuple(slot);
}

/*
 * What the first member, whose row is known, returns for it; NULL if the row fails a
 * condition.
 */
static TupleTableSlot *
take_first(PartitionScan *p)
{
	Member	   *member = p->heap[0];
	Instrumentation *instrument = member->node->instrument;
	TupleTableSlot *slot;

	if (member->scan == NULL)
		return member->row;
	if (instrument != NULL)
		InstrStartNode(instrument);
	slot = mm_scan_result(member->scan);
	if (instrument != NULL)
		InstrStopNode(instrument, slot != NULL ? 1 : 0);
	return slot != NULL && p->dropped ? add_order(p, member, slot) : slot;
}

/* ---------- a scan ---------- */

/*
 * How many rows are wanted, as the first search knows; 0 if that is unknown.
 */
static int64
rows_wanted(const PartitionScan *p)
{
	for (int i = 0; i < p->merge->ms_nplans; i++)
	{
		MMScanState *scan = mm_scan_of(p->merge->mergeplans[i]);

		if (scan != NULL)
			return mm_scan_rows_wanted(scan);
	}
	return 0;
}

/*
 * Let the plans that are no searches, which may be sorts, know how many rows are wanted.
 */
static void
bound_plans(const PartitionScan *p, int64 k)
{
	for (int i = 0; i < p->merge->ms_nplans; i++)
		if (mm_scan_of(p->merge->mergeplans[i]) == NULL)
			ExecSetTupleBound(k > 0 ? k : -1, p->merge->mergeplans[i]);
}

/*
 * Find the members, and how many rows are wanted.
 */
static void
begin_scan(PartitionScan *p)
{
	MergeAppendState *merge = p->merge;
	MemoryContext old;
	int			i = -1;
	double		rows = 0.0;
	int64		k = rows_wanted(p);

	if (merge->ms_nplans > 0 && merge->ms_valid_subplans == NULL)
		merge->ms_valid_subplans = MM_FIND_MATCHING_SUBPLANS(merge->ms_prune_state);
	old = MemoryContextSwitchTo(p->context);
	p->members = palloc0(sizeof(Member) * Max(merge->ms_nplans, 1));
	p->heap = palloc(sizeof(Member *) * Max(merge->ms_nplans, 1));
	p->nmembers = 0;
	while (merge->ms_nplans > 0 && (i = bms_next_member(merge->ms_valid_subplans, i)) >= 0)
	{
		Member	   *member = &p->members[p->nmembers];

		member->node = merge->mergeplans[i];
		member->scan = mm_scan_of(member->node);
		know_nothing(p, member);
		p->heap[p->nmembers++] = member;
		rows += member->node->plan->plan_rows;
	}
	p->nheap = p->nmembers;
	p->nearest = mm_nearest_create(k);
	mm_threshold_init(&p->nearest->threshold, k);
	for (i = 0; i < p->nmembers; i++)
	{
		Member	   *member = &p->members[i];

		if (member->scan != NULL)
			member->scan->share = member->node->plan->plan_rows / rows;
	}
	bound_plans(p, k);
	p->leader = NULL;
	p->begun = true;
	p->returned = false;
	p->impatience = 0;
	p->scans++;
	MemoryContextSwitchTo(old);
}

static TupleTableSlot *
next_row(PartitionScan *p)
{
	if (!p->begun)
		begin_scan(p);
	while (p->nheap > 0)
	{
		Member	   *first = p->heap[0];
		TupleTableSlot *slot;

		CHECK_FOR_INTERRUPTS();
		if (first->row == NULL || p->returned)
		{
			p->returned = false;
			advance_first(p);
			continue;
		}
		slot = take_first(p);
		p->returned = true;
		if (slot != NULL)
			return slot;
	}
	return NULL;
}

/* ---------- the methods of a custom scan ---------- */

static void
begin_node(CustomScanState *node, EState *estate, int eflags)
{
	PartitionScan *p = (PartitionScan *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;
	MergeAppend *merge = linitial_node(MergeAppend, scan->custom_plans);

	p->merge = (MergeAppendState *) ExecInitNode(&merge->plan, estate, eflags);
	node->custom_ps = list_make1(p->merge);
	p->descending = linitial_int(scan->custom_private);
	p->dropped = lsecond_int(scan->custom_private);
	p->nulls_first = merge->nullsFirst[0];
	p->column = merge->sortColIdx[0];
	p->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb partition scan",
									   ALLOCSET_DEFAULT_SIZES);
	/* The partitions' slots, which are returned, may be of any kind. */
	node->ss.ps.scanopsfixed = false;
	ExecAssignScanProjectionInfoWithVarno(&node->ss, INDEX_VAR);
}

static TupleTableSlot *
exec_node(CustomScanState *node)
{
	PartitionScan *p = (PartitionScan *) node;
	PlanState  *ps = &node->ss.ps;
	TupleTableSlot *slot;

	if (ps->state->es_epq_active != NULL && !p->dropped)
		slot = ExecProcNode(&p->merge->ps);
	else
	{
		Instrumentation *instrument = p->merge->ps.instrument;

		if (instrument != NULL)
			InstrStartNode(instrument);
		slot = next_row(p);
		if (instrument != NULL)
			InstrStopNode(instrument, slot != NULL ? 1 : 0);
	}
	if (TupIsNull(slot))
		return ExecClearTuple(ps->ps_ProjInfo != NULL ? ps->ps_ResultTupleSlot :
							  node->ss.ss_ScanTupleSlot);
	if (ps->ps_ProjInfo == NULL)
		return slot;
	ResetExprContext(ps->ps_ExprContext);
	ps->ps_ExprContext->ecxt_scantuple = slot;
	return ExecProject(ps->ps_ProjInfo);
}

static void
rescan_node(CustomScanState *node)
{
	PartitionScan *p = (PartitionScan *) node;

	/* All, before the leader's values go. */
	for (int i = 0; p->begun && i < p->nmembers; i++)
		if (p->members[i].scan != NULL)
			mm_scan_end(p->members[i].scan);
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(&p->merge->ps, node->ss.ps.chgParam);
	/* A sort that has been done for a smaller bound is done again, if it knows by now. */
	if (p->begun)
		bound_plans(p, rows_wanted(p));
	ExecReScan(&p->merge->ps);
	MemoryContextReset(p->context);
	p->begun = false;
	p->nheap = 0;
}

static void
end_node(CustomScanState *node)
{
	ExecEndNode(&((PartitionScan *) node)->merge->ps);
}

/*
 * What all searches have done together, also those of parallel workers.
 */
static void
explain_node(CustomScanState *node, List *ancestors, ExplainState *es)
{
	PartitionScan *p = (PartitionScan *) node;
	MMScanCounts total = {0};
	MMScanState *first = NULL;
	bool		secured = false;
	int64		scans = p->scans;

	ExplainPropertyInteger("Partitions", NULL, p->merge->ms_nplans, es);
	for (int i = 0; i < p->merge->ms_nplans; i++)
	{
		MMScanState *s = mm_scan_of(p->merge->mergeplans[i]);
		int64		before = total.scans;

		if (s == NULL)
			continue;
		if (first == NULL)
			first = s;
		mm_counts_add_total(s, first, &total);
		/* Of workers we know only how often partitions were searched. */
		scans = Max(scans, total.scans - before);
		secured |= s->plan->secured;
	}
	if (!es->analyze || first == NULL || secured)
		return;
	ExplainPropertyFloat("Partitions Searched", NULL,
						 (total.scans + p->sorted) / (double) Max(scans, 1), scans > 1 ? 2 : 0, es);
	mm_explain_work(first, &total, -1.0, es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "MMDB Partition Scan",
	.BeginCustomScan = begin_node,
	.ExecCustomScan = exec_node,
	.EndCustomScan = end_node,
	.ReScanCustomScan = rescan_node,
	.ExplainCustomScan = explain_node,
};

static Node *
create_node(CustomScan *scan)
{
	PartitionScan *p = (PartitionScan *) newNode(sizeof(PartitionScan), T_CustomScanState);

	p->css.methods = &exec_methods;
	return (Node *) p;
}

const CustomScanMethods mm_partition_scan_methods = {
	.CustomName = "MMDB Partition Scan",
	.CreateCustomScanState = create_node,
};
