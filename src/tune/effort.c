/*-------------------------------------------------------------------------
 *
 * effort.c
 *	  What a search takes: it is planned and run as the caller would run it, and
 *	  what its plan has counted is read.
 *
 * Counts are compared rather than times, because the same search has the same
 * counts, whatever else the machine does.  They are brought to one number by the
 * constants that the choice of a driver also uses (cost_model.h): what they cost in
 * entries bounded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "executor/execdesc.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "portability/instr_time.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "plan/scan.h"
#include "search/cost_model.h"
#include "tune/workload.h"

/*
 * The statement of a search.
 */
static char *
write_statement(const MMWorkload *workload, const MMTask *task, const char *table, bool real)
{
	const MMSqlStyle *style = &workload->learner->style;
	const char *conjunction = " WHERE ";
	StringInfoData distance;
	StringInfoData sql;

	initStringInfo(&distance);
	mm_sql_distance(&distance, style, task->terms);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s FROM %s AS %s", distance.data, table, style->alias);
	if (real && workload->predicate != NULL)
	{
		appendStringInfo(&sql, "%s(%s)", conjunction, workload->predicate);
		conjunction = " AND ";
	}
	if (task->filter != NULL)
	{
		appendStringInfo(&sql, "%s%s", conjunction, task->filter);
		conjunction = " AND ";
	}
	if (task->k == 0)
		appendStringInfo(&sql, "%s(%s) OPERATOR(pg_catalog.<=) $%d", conjunction, distance.data,
						 MM_RADIUS_PARAMETER(task->terms->n));
	appendStringInfoString(&sql, " ORDER BY 1");
	if (task->k > 0)
		appendStringInfo(&sql, " LIMIT %lld", (long long) task->k);
	return sql.data;
}

/* ---------- counts ---------- */

typedef struct Counting
{
	double		number_of_rows;	/* of the table */
	int			terms;			/* of the distance */
	MMEffort   *effort;
} Counting;

static void
count_scan(Counting *counting, MMScanState *scan)
{
	MMEffort   *effort = counting->effort;
	MMScanCounts counts = mm_counts_total(scan);
	const MMSearchStats *stats = &counts.stats;
	int64	   *evaluations = counts.evaluations;

	effort->pages += stats->inner_pages + stats->leaf_pages + stats->postings_pages;
	effort->entries += stats->bounded + (double) stats->postings / mm_cost_model.postings_per_entry;
	effort->rows += counts.verified;
	effort->scanned += counts.table_scans * counting->number_of_rows;
	for (int d = 0; d < scan->plan->ndrivers; d++)
		for (int i = 0; i < scan->plan->drivers[d].sum->nparts; i++)
			effort->distances += *evaluations++;
}

static bool
count_node(PlanState *node, void *context)
{
	Counting   *counting = context;

	check_stack_depth();
	if (IsA(node, CustomScanState) && ((CustomScan *) node->plan)->methods == &mm_scan_methods)
		count_scan(counting, (MMScanState *) node);
	else if (node->lefttree == NULL && node->righttree == NULL && node->instrument != NULL)
	{
		double		rows;

		/* A scan of the table, or by another index. */
		InstrEndLoop(node->instrument);
		rows = node->instrument->ntuples + node->instrument->nfiltered1 + node->instrument->nfiltered2;
		counting->effort->scanned += rows;
		counting->effort->distances += node->instrument->ntuples * counting->terms;
	}
	return planstate_tree_walker(node, count_node, context);
}

/*
 * Bring the counts to one number.
 */
static void
set_work(MMEffort *effort)
{
	effort->work = effort->entries + effort->pages * mm_cost_model.entries_per_page +
		effort->rows * mm_cost_model.entries_per_row +
		effort->spilled * mm_cost_model.entries_per_row +
		effort->scanned * mm_cost_model.entries_per_row / mm_cost_model.rows_per_verification;
}

/* ---------- running ---------- */

/*
 * Run a plan, and count.
 */
static void
run_plan(PlannedStmt *stmt, const char *sql, ParamListInfo params, Counting *counting)
{
	QueryDesc  *query = CreateQueryDesc(stmt, sql, GetActiveSnapshot(), InvalidSnapshot,
										None_Receiver, params, NULL, INSTRUMENT_ROWS);
	int64		written = pgBufferUsage.temp_blks_written;
	instr_time	start;
	instr_time	end;

	INSTR_TIME_SET_CURRENT(start);
	ExecutorStart(query, 0);
	mm_executor_run(query);
	ExecutorFinish(query);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	(void) count_node(query->planstate, counting);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	counting->effort->spilled = (double) (pgBufferUsage.temp_blks_written - written);
	counting->effort->ms = INSTR_TIME_GET_MILLISEC(end);
}

void
mm_effort_of_task(const MMWorkload *workload, const MMTask *task, const char *table,
				  double number_of_rows, bool real, MMEffort *effort)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb trial", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	char	   *sql = write_statement(workload, task, table, real);
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	ParamListInfo params = mm_sql_parameters(workload->learner->columns, task->terms, task->radius, types);
	Counting	counting = {
		.number_of_rows = number_of_rows,
		.terms = task->terms->n,
		.effort = effort,
	};
	List	   *plans;

	memset(effort, 0, sizeof(MMEffort));
	CHECK_FOR_INTERRUPTS();
	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(mm_analyze_with_types(linitial_node(RawStmt, pg_parse_query(sql)), sql,
												  types, params->numParams),
							sql, 0, params);
	run_plan(linitial_node(PlannedStmt, plans), sql, params, &counting);
	PopActiveSnapshot();
	set_work(effort);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

void
mm_effort_add(MMEffort *sum, const MMEffort *effort, double times)
{
	sum->pages += effort->pages * times;
	sum->entries += effort->entries * times;
	sum->rows += effort->rows * times;
	sum->scanned += effort->scanned * times;
	sum->distances += effort->distances * times;
	sum->spilled += effort->spilled * times;
	sum->work += effort->work * times;
	sum->ms += effort->ms * times;
}

void
mm_effort_of_tasks(const MMWorkload *workload, int first, int n, const char *table,
				   double number_of_rows, bool real, MMEffort *each, MMEffort *mean)
{
	double		calls = 0.0;
	int			level = NewGUCNestLevel();

	/* Trials are no searches of users, and are not recorded as such. */
	(void) set_config_option("mmdb.track", "none", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	memset(mean, 0, sizeof(MMEffort));
	for (int i = 0; i < n; i++)
		calls += workload->tasks[first + i].calls;
	for (int i = 0; i < n; i++)
	{
		const MMTask *task = &workload->tasks[first + i];
		MMEffort	effort;

		mm_effort_of_task(workload, task, table, number_of_rows, real, &effort);
		if (each != NULL)
			each[i] = effort;
		mm_effort_add(mean, &effort, task->calls / calls);
	}
	AtEOXact_GUC(true, level);
}

double
mm_effort_error(const MMWorkload *workload, const double *before, const double *after, double ratio)
{
	double		squares = 0.0;
	double		total = 0.0;
	int			n = workload->n;

	for (int i = 0; i < n; i++)
	{
		double		e = workload->tasks[i].calls * (after[i] - ratio * before[i]);

		squares += e * e;
		total += workload->tasks[i].calls * before[i];
	}
	return n < 2 || total == 0 ? 0.0 : sqrt(squares * n / (n - 1)) / total;
}
