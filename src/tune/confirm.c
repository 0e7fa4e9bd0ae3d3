/*-------------------------------------------------------------------------
 *
 * confirm.c
 *	  Is a configuration that was good in a copy surely better for the table?
 *
 * What is best of many tries in a small copy is often luck.  So each query is run
 * once more, in a larger copy, which may have all rows, and compared with what it
 * costs there with the defaults.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "tune/confirm.h"

/* With a certainty of 95 %, a ratio is less than so many standard errors greater. */
#define SURE			1.64

/*
 * Some queries cost many times as much as others, and sixty have few of these, so that the
 * standard error is itself uncertain.  The margin is no less than this part of the work.
 */
#define LEAST_MARGIN	0.05

struct MMConfirm
{
	const MMWorkload *workload;
	MMCopy	   *copy;			/* in which configurations were tried; NULL: none */
	MMCopy	   *large;			/* in which they are tried now; NULL: in the table */
	bool		timed;
	double	   *standard;		/* what each query costs with the defaults */
};

/*
 * What each query costs.
 */
static double *
costs_of_queries(const MMConfirm *confirm, const char *parameters)
{
	const MMWorkload *workload = confirm->workload;
	MMCopy	   *large = confirm->large;
	MMTrialIndex index;
	MMEffort   *each = palloc(sizeof(MMEffort) * workload->n);
	double	   *costs = palloc(sizeof(double) * workload->n);
	MMEffort	mean;

	if (large == NULL)
		mm_effort_of_tasks(workload, 0, workload->n, mm_sql_table(workload->learner->table), workload->rows, true,
						   each, &mean);
	else
	{
		index = mm_copy_build(large, mm_all_columns(workload), parameters);
		mm_effort_of_tasks(workload, 0, workload->n, large->table, large->rows, false, each, &mean);
		mm_copy_unbuild(large, &index);
	}
	for (int i = 0; i < workload->n; i++)
		costs[i] = confirm->timed ? each[i].ms : each[i].work;
	pfree(each);
	return costs;
}

MMConfirm *
mm_confirm_begin(const MMWorkload *workload, MMCopy *copy, const char *parameters, int rows, int seed, bool timed)
{
	MMConfirm  *confirm = palloc0(sizeof(MMConfirm));

	confirm->workload = workload;
	confirm->copy = copy;
	confirm->timed = timed;
	if (copy != NULL)
		confirm->large = copy->whole || rows <= copy->rows ? copy : mm_copy_make(workload, rows, seed, "mm_tune");
	confirm->standard = costs_of_queries(confirm, parameters);
	return confirm;
}

/*
 * The ratio of a configuration's cost to that of the defaults, for the queries from the
 * first on.
 */
static double
ratio_of_costs(const MMConfirm *confirm, const double *costs, int first)
{
	const MMWorkload *workload = confirm->workload;
	double		before = 0.0;
	double		after = 0.0;

	for (int i = first; i < workload->n; i++)
	{
		before += confirm->standard[i] * workload->tasks[i].calls;
		after += costs[i] * workload->tasks[i].calls;
	}
	return Max(after, 1e-6) / Max(before, 1e-6);
}

/*
 * It is the ratio in the larger copy, or what follows if it goes on to change as it has
 * from the smaller one; and what the choice of queries leaves open.  It is no less than
 * that of the queries that were held out, by which nothing was chosen.
 */
double
mm_confirm_ratio(const MMConfirm *confirm, const char *parameters, double cost)
{
	const MMWorkload *workload = confirm->workload;
	const MMCopy *large = confirm->large;
	double	   *costs = costs_of_queries(confirm, parameters);
	double		ratio = ratio_of_costs(confirm, costs, 0);
	double		heldout = workload->nheldout == 0 ? 0.0 :
		ratio_of_costs(confirm, costs, workload->n - workload->nheldout);
	double		error = mm_effort_error(workload, confirm->standard, costs, ratio);
	double		growth = 1.0;

	if (large != NULL && !large->whole && large->rows > confirm->copy->rows && workload->rows > large->rows)
	{
		double		trend = log(ratio / cost) / log(large->rows / confirm->copy->rows);

		if (trend > 0)
			growth = exp(trend * log(workload->rows / large->rows));
	}
	pfree(costs);
	return Max(ratio * growth + Max(SURE * error, LEAST_MARGIN), heldout * growth);
}

void
mm_confirm_end(MMConfirm *confirm)
{
	if (confirm->large != confirm->copy)
		mm_copy_drop(confirm->large);
}
