/*-------------------------------------------------------------------------
 *
 * counts.c
 *	  What EXPLAIN ANALYZE shows of custom scans, including those of parallel
 *	  workers.
 *
 * Below a Gather node, every process runs scans of its own and counts for
 * itself.  When a worker ends, it adds its counts to a slot in shared memory.
 * The leader takes them from there before that memory is released; workers
 * have ended by then.
 *
 * The executor calls the methods for shared memory only for a node whose plan
 * is parallel_aware, and a node that does not share its work must not be.
 * (Among PostgreSQL's own nodes, Sort, Hash and Memoize are exceptions.)  So
 * if somebody counts and there may be workers, a node shows a copy of its plan
 * with that mark until it is run.  That is long enough, because a Gather node
 * asks before it runs what is below it, and once only: it keeps its shared memory
 * when it is scanned again, until the whole plan is shut down.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "pgstat.h"
#include "storage/dsm.h"

#include "plan/scan.h"

/*
 * A slot for each worker, with its counts; and after all slots, the
 * evaluations of each worker's parts.  The pointers to evaluations in the
 * slots are not used.
 */
struct MMSharedCounts
{
	int			nworkers;
	MMScanCounts counts[FLEXIBLE_ARRAY_MEMBER];
};

static int
count_parts(const MMScanState *s)
{
	int			n = 0;

	for (int d = 0; d < s->plan->ndrivers; d++)
		n += s->plan->drivers[d].sum->nparts;
	return n;
}

/*
 * The evaluations that belong to a slot.
 */
static int64 *
shared_evaluations(MMSharedCounts *shared, int worker, int nparts)
{
	return (int64 *) (shared->counts + shared->nworkers) + worker * nparts;
}

static Size
shared_size(int nworkers, int nparts)
{
	return offsetof(MMSharedCounts, counts) +
		nworkers * (sizeof(MMScanCounts) + nparts * sizeof(int64));
}

static void
add_counts(MMScanCounts *total, int64 *total_evaluations,
		   const MMScanCounts *counts, const int64 *evaluations, int nparts)
{
	total->scans += counts->scans;
	total->table_scans += counts->table_scans;
	total->verified += counts->verified;
	total->proved += counts->proved;
	total->spills += counts->spills;
	total->peak_memory = Max(total->peak_memory, counts->peak_memory);
	mm_search_stats_add(&total->stats, &counts->stats);
	for (int i = 0; i < nparts; i++)
		total_evaluations[i] += evaluations[i];
}

/*
 * The counts of this process, with a copy of the counts of its parts.
 */
static MMScanCounts
own_counts(const MMScanState *s)
{
	MMScanCounts counts = s->counts;
	int			n = 0;

	if (s->search != NULL)
		mm_search_stats_add(&counts.stats, mm_search_stats(s->search));
	counts.evaluations = palloc(sizeof(int64) * count_parts(s));
	for (int d = 0; d < s->plan->ndrivers; d++)
		for (int i = 0; i < s->plan->drivers[d].sum->nparts; i++)
			counts.evaluations[n++] = s->sums[d]->parts[i].evaluations;
	return counts;
}

void
mm_counts_init(MMScanState *s)
{
	PlanState  *ps = &s->css.ss.ps;
	CustomScan *marked;

	/* ps->instrument is not set yet. */
	if (ps->state->es_instrument == 0 ||
		!(IsParallelWorker() || ps->state->es_plannedstmt->parallelModeNeeded))
		return;
	s->workers.unmarked = ps->plan;
	marked = palloc(sizeof(CustomScan));
	memcpy(marked, ps->plan, sizeof(CustomScan));
	marked->scan.plan.parallel_aware = true;
	ps->plan = &marked->scan.plan;
}

void
mm_counts_run(MMScanState *s)
{
	if (s->workers.unmarked != NULL)
		s->css.ss.ps.plan = (Plan *) s->workers.unmarked;
	s->workers.unmarked = NULL;
}

void
mm_counts_end_search(MMScanState *s)
{
	const MMSearchStats *stats;

	if (s->search == NULL)
		return;
	stats = mm_search_stats(s->search);
	pgstat_count_index_tuples(s->index, stats->candidates);
	mm_search_stats_add(&s->counts.stats, stats);
	mm_record_search(s, stats);
	mm_search_end(s->search);
	s->search = NULL;
}

void
mm_counts_sort(MMScanState *s, Tuplesortstate *sort)
{
	TuplesortInstrumentation stats;

	tuplesort_get_stats(sort, &stats);
	s->counts.spills += stats.spaceType == SORT_SPACE_TYPE_DISK;
}

MMScanCounts
mm_counts_total(MMScanState *s)
{
	MMScanCounts total = own_counts(s);

	if (s->workers.reported != NULL)
		add_counts(&total, total.evaluations, s->workers.reported, s->workers.reported->evaluations,
				   count_parts(s));
	return total;
}

/*
 * Are the columns of two scans' indexes the same, and the parts of their sums?  Indexes
 * of partitions may differ, and so may what the planner has searches of them do.
 */
static bool
have_same_parts(const MMScanState *a, const MMScanState *b)
{
	if (a->columns->n != b->columns->n || a->plan->ndrivers != b->plan->ndrivers)
		return false;
	for (int i = 0; i < a->columns->n; i++)
		if (strcmp(a->columns->columns[i].name, b->columns->columns[i].name) != 0)
			return false;
	for (int d = 0; d < a->plan->ndrivers; d++)
	{
		const MMSum *x = a->plan->drivers[d].sum;
		const MMSum *y = b->plan->drivers[d].sum;

		if (x->nparts != y->nparts)
			return false;
		for (int i = 0; i < x->nparts; i++)
			if (x->parts[i].column != y->parts[i].column)
				return false;
	}
	return true;
}

void
mm_counts_add_total(MMScanState *s, const MMScanState *first, MMScanCounts *total)
{
	MMScanCounts counts = mm_counts_total(s);

	if (s == first)
		total->evaluations = palloc0(sizeof(int64) * count_parts(s));
	else if (!have_same_parts(s, first))
		total->evaluations = NULL;
	add_counts(total, total->evaluations, &counts, counts.evaluations,
			   total->evaluations == NULL ? 0 : count_parts(s));
}

/* ---------- shared memory ---------- */

Size
mm_counts_estimate(CustomScanState *node, ParallelContext *pcxt)
{
	return shared_size(pcxt->nworkers, count_parts((MMScanState *) node));
}

/*
 * Take the workers' counts before shared memory is released.
 */
static void
take_counts(dsm_segment *segment, Datum arg)
{
	MMScanState *s = (MMScanState *) DatumGetPointer(arg);
	int			nparts = count_parts(s);

	for (int i = 0; i < s->workers.shared->nworkers; i++)
		add_counts(s->workers.reported, s->workers.reported->evaluations, &s->workers.shared->counts[i],
				   shared_evaluations(s->workers.shared, i, nparts), nparts);
	s->workers.shared = NULL;
}

void
mm_counts_share(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
	MMScanState *s = (MMScanState *) node;
	int			nparts = count_parts(s);
	MemoryContext old;

	/* Without a segment there are no workers. */
	if (pcxt->seg == NULL)
		return;
	s->workers.shared = coordinate;
	memset(s->workers.shared, 0, shared_size(pcxt->nworkers, nparts));
	s->workers.shared->nworkers = pcxt->nworkers;
	if (s->workers.reported == NULL)
	{
		old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
		s->workers.reported = palloc0(sizeof(MMScanCounts));
		s->workers.reported->evaluations = palloc0(sizeof(int64) * nparts);
		MemoryContextSwitchTo(old);
	}
	on_dsm_detach(pcxt->seg, take_counts, PointerGetDatum(s));
}

void
mm_counts_attach(CustomScanState *node, shm_toc *toc, void *coordinate)
{
	((MMScanState *) node)->workers.shared = coordinate;
}

void
mm_counts_report(MMScanState *s)
{
	int			nparts = count_parts(s);
	MMScanCounts counts;

	if (!IsParallelWorker() || s->workers.shared == NULL)
		return;
	counts = own_counts(s);
	add_counts(&s->workers.shared->counts[ParallelWorkerNumber],
			   shared_evaluations(s->workers.shared, ParallelWorkerNumber, nparts),
			   &counts, counts.evaluations, nparts);
}
