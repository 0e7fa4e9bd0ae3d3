/*-------------------------------------------------------------------------
 *
 * confirm.c
 *	  Is a configuration that was good in a copy surely better for the table?
 *
 * What is best of many tries in a small copy is often luck.  So it is tried once more,
 * in a larger copy, which may have all rows, and with other queries than those by which
 * it was found: those that were held out, and some hundred that are like those of the
 * workload but have other objects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "base/compare.h"
#include "tune/confirm.h"

/* With a certainty of 95 %, a ratio is less than so many standard errors greater. */
#define SURE			1.64

/*
 * Some queries cost many times as much as others, and a few hundred have few of these, so that
 * the standard error is itself uncertain.  The margin is no less than this part of the work.
 */
#define LEAST_MARGIN	0.05

/* So many queries are wanted. */
#define QUERIES			300

/* The queries held out, and the typical query, may cost this much more than with the defaults. */
#define TOLERANCE		0.02

struct MMConfirm
{
	const MMWorkload *workload;
	const MMWorkload *like;		/* the queries that are like those of the workload */
	MMCopy	   *copy;			/* in which configurations were tried; NULL: none */
	MMCopy	   *large;			/* in which they are tried now; NULL: in the table */
	bool		timed;
	int			n;				/* queries: those held out, and then the others */
	MMConfirmed standard;
	double	   *costs;			/* of each query with the defaults */
};

static const MMTask *
query_of(const MMConfirm *confirm, int i)
{
	const MMWorkload *workload = confirm->workload;

	return i < workload->nheldout ? &workload->tasks[workload->n - workload->nheldout + i] :
		&confirm->like->tasks[i - workload->nheldout];
}

/*
 * Run the queries, in the larger copy or in the table, and tell what each has cost.
 */
static double *
run_queries(const MMConfirm *confirm, MMConfirmed *result)
{
	const MMWorkload *workload = confirm->workload;
	const MMCopy *large = confirm->large;
	const char *table = large != NULL ? large->table : mm_sql_table(workload->learner->table);
	double		rows = large != NULL ? large->rows : workload->rows;
	MMEffort   *each = palloc(sizeof(MMEffort) * Max(confirm->n, 1));
	double	   *costs = palloc(sizeof(double) * Max(confirm->n, 1));
	double	   *ms = palloc(sizeof(double) * Max(confirm->n, 1));
	double		heldout = 0.0;
	double		others = 0.0;
	MMEffort	of_heldout = {0};
	MMEffort	of_others = {0};

	if (workload->nheldout > 0)
		mm_effort_of_tasks(workload, workload->n - workload->nheldout, workload->nheldout, table, rows,
						   large == NULL, each, &of_heldout);
	if (confirm->like->n > 0)
		mm_effort_of_tasks(confirm->like, 0, confirm->like->n, table, rows, large == NULL,
						   each + workload->nheldout, &of_others);
	for (int i = 0; i < confirm->n; i++)
	{
		*(i < workload->nheldout ? &heldout : &others) += query_of(confirm, i)->calls;
		costs[i] = confirm->timed ? each[i].ms : each[i].work;
		ms[i] = each[i].ms;
	}
	memset(&result->mean, 0, sizeof(MMEffort));
	if (heldout > 0)
		mm_effort_add(&result->mean, &of_heldout, heldout / (heldout + others));
	if (others > 0)
		mm_effort_add(&result->mean, &of_others, others / (heldout + others));
	qsort(ms, confirm->n, sizeof(double), mm_compare_doubles);
	result->median_ms = confirm->n > 0 ? ms[confirm->n / 2] : NAN;
	pfree(ms);
	pfree(each);
	return costs;
}

/*
 * The same with an index that has these parameters, or with the settings in place.
 */
static double *
costs_of_queries(const MMConfirm *confirm, const char *parameters, MMConfirmed *result)
{
	double	   *costs;
	MMTrialIndex index = {0};

	if (confirm->large != NULL)
		index = mm_copy_build(confirm->large, mm_all_columns(confirm->workload), parameters);
	costs = run_queries(confirm, result);
	if (confirm->large != NULL)
		mm_copy_unbuild(confirm->large, &index);
	result->bytes = index.bytes;
	result->seconds = index.seconds;
	return costs;
}

MMConfirm *
mm_confirm_begin(const MMWorkload *workload, MMCopy *copy, const char *parameters, int rows, int seed, bool timed)
{
	MMConfirm  *confirm = palloc0(sizeof(MMConfirm));

	confirm->workload = workload;
	confirm->like = mm_workload_like(workload, Max(QUERIES / workload->n, 1), ~seed);
	confirm->copy = copy;
	confirm->timed = timed;
	confirm->n = workload->nheldout + confirm->like->n;
	if (copy != NULL)
		confirm->large = copy->whole || rows <= copy->rows ? copy : mm_copy_make(workload, rows, seed, "mm_tune");
	confirm->costs = costs_of_queries(confirm, parameters, &confirm->standard);
	confirm->standard.ratio = 1.0;
	confirm->standard.most = 1.0;
	return confirm;
}

const MMConfirmed *
mm_confirm_standard(const MMConfirm *confirm)
{
	return &confirm->standard;
}

/*
 * The ratio of a configuration's cost to that of the defaults, for the first n queries.
 */
static double
ratio_of_costs(const MMConfirm *confirm, const double *costs, int n)
{
	double		before = 0.0;
	double		after = 0.0;

	for (int i = 0; i < n; i++)
	{
		before += confirm->costs[i] * query_of(confirm, i)->calls;
		after += costs[i] * query_of(confirm, i)->calls;
	}
	return Max(after, 1e-6) / Max(before, 1e-6);
}

/*
 * The ratio that a typical query has: the geometric mean.  A few have most of the work, and
 * may hide what is lost by all others.
 */
static double
typical_ratio(const MMConfirm *confirm, const double *costs)
{
	double		sum = 0.0;
	double		calls = 0.0;

	for (int i = 0; i < confirm->n; i++)
	{
		sum += query_of(confirm, i)->calls * log(Max(costs[i], 1e-6) / Max(confirm->costs[i], 1e-6));
		calls += query_of(confirm, i)->calls;
	}
	return calls > 0 ? exp(sum / calls) : 1.0;
}

/*
 * The standard error of a ratio.  Queries that are like the same one of the workload are
 * like each other, so each such group counts as one.
 */
static double
standard_error(const MMConfirm *confirm, const double *costs, double ratio)
{
	int			n = confirm->workload->n;
	double	   *sums = palloc0(sizeof(double) * n);
	double		squares = 0.0;
	double		total = 0.0;

	for (int i = 0; i < confirm->n; i++)
	{
		const MMTask *query = query_of(confirm, i);

		sums[query->source] += query->calls * (costs[i] - ratio * confirm->costs[i]);
		total += query->calls * confirm->costs[i];
	}
	for (int i = 0; i < n; i++)
		squares += sums[i] * sums[i];
	pfree(sums);
	return n < 2 || total == 0 ? 0.0 : sqrt(squares * n / (n - 1)) / total;
}

/*
 * The most is the ratio in the larger copy, or what follows if it goes on to change as it
 * has from the smaller one, and a margin for what the choice of queries leaves open.  It is
 * no less than what those held out, and the typical one, have beyond the tolerance.
 */
MMConfirmed
mm_confirm_try(const MMConfirm *confirm, const char *parameters, double cost)
{
	const MMWorkload *workload = confirm->workload;
	const MMCopy *large = confirm->large;
	MMConfirmed result;
	double	   *costs = costs_of_queries(confirm, parameters, &result);
	double		growth = 1.0;
	double		margin;

	result.ratio = ratio_of_costs(confirm, costs, confirm->n);
	if (large != NULL && !large->whole && large->rows > confirm->copy->rows && workload->rows > large->rows)
	{
		double		trend = log(result.ratio / cost) / log(large->rows / confirm->copy->rows);

		if (trend > 0)
			growth = exp(trend * log(workload->rows / large->rows));
	}
	margin = Max(SURE * standard_error(confirm, costs, result.ratio), LEAST_MARGIN);
	result.most = Max(result.ratio * growth + margin, typical_ratio(confirm, costs) * growth - TOLERANCE);
	if (workload->nheldout > 0)
		result.most = Max(result.most, ratio_of_costs(confirm, costs, workload->nheldout) * growth - TOLERANCE);
	pfree(costs);
	return result;
}

void
mm_confirm_end(MMConfirm *confirm)
{
	if (confirm->large != confirm->copy)
		mm_copy_drop(confirm->large);
}
