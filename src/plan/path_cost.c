/*-------------------------------------------------------------------------
 *
 * path_cost.c
 *	  What custom scans cost.
 *
 * They are estimates of how much a search reads, from statistics of the columns'
 * distances (am/cost.c), with the weights and the radius that the query has, as
 * far as they are known when it is planned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"

#include "am/cost.h"
#include "search/cost_model.h"
#include "plan/offer.h"
#include "search/driver.h"

/* Fractions of rows are at least this, so that they can be divided by. */
#define LEAST_FRACTION	1e-9

/*
 * How many rows of an ordered path the query is likely to read.
 */
static double
rows_likely(PlannerInfo *root, double rows)
{
	if (root->limit_tuples > 0)
		return Min(root->limit_tuples, rows);
	if (root->tuple_fraction >= 1)
		return Min(root->tuple_fraction, rows);
	if (root->tuple_fraction > 0)
		return Max(root->tuple_fraction * rows, 1);
	return rows;
}

/*
 * How many of the nearest rows must be looked at to find k that pass conditions
 * that let this fraction of all rows pass.
 */
static double
rows_to_look_at(double k, double passed)
{
	return passed < 1 ?
		(k + mm_cost_model.rows_besides) / pow(passed, mm_cost_model.filter_exponent) : k;
}

/*
 * One sum of a plan.
 */
typedef struct SumEstimate
{
	MMWeights	weights;
	double		fraction;		/* of the rows are within its bounds */
} SumEstimate;

static bool
estimate_sum(MMOffer *offer, const MMDriver *driver, SumEstimate *estimate)
{
	double		offset;
	ListCell   *lc;

	if (!mm_estimate_weights(offer, driver->sum, &estimate->weights, &offset))
		return false;
	estimate->fraction = 1.0;
	foreach(lc, driver->bounds)
	{
		double		radius = mm_estimated_value(offer->root, lfirst(lc)) - offset;

		estimate->fraction = Min(estimate->fraction,
								 mm_estimate_within(offer, &estimate->weights, radius, true));
	}
	estimate->fraction = Max(estimate->fraction, 1 / Max(offer->rel->tuples, 1));
	return true;
}

/*
 * What it takes to find the k nearest by a sum, with the best driver for that.
 */
static MMSearchEstimate
nearest(MMOffer *offer, const SumEstimate *sum, double k)
{
	MMSearchDriver drivers[MM_MAX_SEARCH_DRIVERS];
	MMGoal		goal = {
		.weights = sum->weights,
		.radius = get_float8_infinity(),
		.k = k,
		.tuples = Max(offer->rel->tuples, 1),
		.pages = offer->info->pages * offer->statistics->shared_part,
		.trained = offer->trained,
		.tells_nulls = true,
	};

	(void) mm_drivers_rank(offer->statistics, &offer->forest, &goal, drivers);
	return drivers[0].estimate;
}

/*
 * What a candidate's row costs once it has been read: checking conditions other
 * than the scan's own, and where they let it pass, its distances.
 */
typedef struct RowCost
{
	Cost		checks;
	Cost		distances;
	double		passed;
} RowCost;

/*
 * The cost of a search, and of reading and verifying what it finds; *search, of
 * the search alone.
 */
static Cost
search_cost(MMOffer *offer, const MMSearchEstimate *estimate, const RowCost *row, bool ordered,
			Cost *search)
{
	double		pages_fetched = index_pages_fetched(estimate->candidates, offer->rel->pages,
													(double) offer->info->pages, offer->root);
	Cost		per_row = mm_cost_model.fetching * cpu_tuple_cost + row->checks + row->passed * row->distances;

	/* Rows are kept, and put into order as a sort does it. */
	if (ordered)
		per_row += row->passed * (mm_cost_model.keeping * cpu_tuple_cost +
								  2 * cpu_operator_cost * log2(estimate->candidates + 2));
	*search = mm_cost_of_search(offer->info->reltablespace, estimate);
	return *search + mm_cost_of_rows(offer->rel->reltablespace, pages_fetched) +
		estimate->candidates * per_row;
}

/*
 * The cost of finding the k nearest by the first of n sums; of what that
 * finds, the others let through a fraction.
 */
static Cost
conjunction_cost(MMOffer *offer, const SumEstimate *sums, int n, double k, double others,
				 const RowCost *row, bool ordered, Cost *search)
{
	double		tuples = Max(offer->rel->tuples, 1);
	MMSearchEstimate all = nearest(offer, &sums[0], Min(k / others, sums[0].fraction * tuples));

	for (int i = 1; i < n; i++)
	{
		MMSearchEstimate one = nearest(offer, &sums[i], sums[i].fraction * tuples);

		all.pages *= Min(one.pages / Max(offer->info->pages, 1), 1.0);
	}
	all.pages = Max(all.pages, 1);
	all.entries = all.pages * tuples / Max(offer->info->pages, 1) * n;
	all.candidates *= others;
	return search_cost(offer, &all, row, ordered, search);
}

/*
 * The rows' cost besides searching; returns what it takes to begin.
 */
static Cost
row_cost(MMOffer *offer, const MMScanPlan *plan, RowCost *row)
{
	List	   *others = NIL;
	ListCell   *lc;
	QualCost	checks;
	QualCost	distances;

	foreach(lc, offer->rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		bool		own = false;

		for (int i = 0; i < plan->ndrivers; i++)
			own |= list_member_ptr(plan->drivers[i].conditions, rinfo->clause);
		if (!own)
			others = lappend(others, rinfo);
	}
	cost_qual_eval(&checks, others, offer->root);
	cost_qual_eval_node(&distances, (Node *) plan->drivers[0].sum->expr, offer->root);
	row->checks = checks.per_tuple;
	row->distances = distances.per_tuple;
	row->passed = Max(clauselist_selectivity(offer->root, others, offer->rel->relid, JOIN_INNER,
											 NULL), LEAST_FRACTION);
	return checks.startup + distances.startup + mm_cost_model.beginning * cpu_operator_cost;
}

bool
mm_offer_cost(MMOffer *offer, MMScanPath *scan, const MMScanPlan *plan)
{
	Path	   *path = &scan->custom.path;
	double		tuples = Max(offer->rel->tuples, 1);
	double		rows = path->param_info ? path->param_info->ppi_rows : offer->rel->rows;
	Cost		first = 0.0;
	RowCost		row;
	Cost		beginning = row_cost(offer, plan, &row);
	SumEstimate *sums = palloc(sizeof(SumEstimate) * plan->ndrivers);

	for (int i = 0; i < plan->ndrivers; i++)
		if (!estimate_sum(offer, &plan->drivers[i], &sums[i]))
			return false;

	/* Without an order, the search ends before the first row is read. */
	if (plan->any)
	{
		MMSearchEstimate total = {0};

		for (int i = 0; i < plan->ndrivers; i++)
		{
			MMSearchEstimate one = nearest(offer, &sums[i], sums[i].fraction * tuples);

			total.pages += one.pages;
			total.entries += one.entries;
			total.candidates += one.candidates;
		}
		path->total_cost = search_cost(offer, &total, &row, false, &path->startup_cost);
	}
	else
	{
		double		others = 1.0;
		double		all;		/* rows that satisfy the scan's own conditions */

		for (int i = 1; i < plan->ndrivers; i++)
			others *= sums[i].fraction;
		others = Max(others, LEAST_FRACTION);
		all = Max(sums[0].fraction * others * tuples, 1);
		path->total_cost = conjunction_cost(offer, sums, plan->ndrivers, all, others, &row,
											plan->ordered, &path->startup_cost);
		if (plan->ordered)
		{
			double		k = rows_to_look_at(rows_likely(offer->root, all * row.passed), row.passed);
			Cost		search;

			path->startup_cost = conjunction_cost(offer, sums, plan->ndrivers, k, others, &row,
												  true, &search);
			path->total_cost = Max(path->total_cost, path->startup_cost);
			first = conjunction_cost(offer, sums, plan->ndrivers, rows_to_look_at(1, row.passed),
									 others, &row, true, &search);
		}
	}
	scan->first_cost = Min(plan->ordered ? first : path->startup_cost, path->startup_cost);
	path->rows = rows;
	path->startup_cost += beginning + path->pathtarget->cost.startup;
	path->total_cost += beginning + path->pathtarget->cost.startup +
		path->pathtarget->cost.per_tuple * rows;
	return true;
}
