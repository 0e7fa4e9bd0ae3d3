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

#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"

#include "am/cost.h"
#include "plan/offer.h"

/* Reading the metadata and the model, in operator calls. */
#define COST_OF_BEGINNING	5000

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
 * that let this fraction of all rows pass.  Were the conditions independent of
 * the distance, k / passed; but they may ask for the very rows that are far
 * away.  That is the likelier to cost much, the fewer rows pass, and where few
 * do, other plans are safe: an index on the condition's column, and a sort.
 */
static double
rows_to_look_at(double k, double passed)
{
	return passed < 1 ? (k + 2) / pow(passed, 1.5) : k;
}

/*
 * An expression's value as far as the planner can tell it now.
 */
static double
estimated_value(PlannerInfo *root, Expr *expr, double otherwise)
{
	Node	   *node = estimate_expression_value(root, (Node *) expr);
	Const	   *constant = (Const *) node;

	if (!IsA(node, Const) || constant->constisnull)
		return otherwise;
	if (constant->consttype == FLOAT8OID)
		return DatumGetFloat8(constant->constvalue);
	if (constant->consttype == FLOAT4OID)
		return DatumGetFloat4(constant->constvalue);
	return otherwise;
}

/*
 * The weights of an index's columns in a sum, and its constant part; false if
 * one is known to be negative, or none positive.
 */
static bool
estimate_weights(MMOffer *offer, const MMSum *sum, double *weights, double *offset)
{
	bool		some = false;

	memset(weights, 0, sizeof(double) * offer->columns->n);
	*offset = 0.0;
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMProduct *product = &sum->terms[i].product;
		int			column = sum->terms[i].leaf < 0 ? -2 :
			sum->leaves[sum->terms[i].leaf].column;
		double		factor = product->negative ? -1.0 : 1.0;
		bool		known = true;

		for (int f = 0; f < product->n; f++)
		{
			double		x = estimated_value(offer->root, product->factors[f].expr, get_float8_nan());

			known &= !isnan(x);
			factor = product->factors[f].divide ? factor / x : factor * x;
		}
		if (column == -2)
			*offset += known ? factor : 0.0;
		if (column == -2)
			continue;
		if (known && !(factor >= 0 && isfinite(factor)))
			return false;
		some |= !known || factor > 0;
		/* Unknown weights are likely to make columns comparable. */
		for (int c = 0; c < offer->columns->n; c++)
			if (column == -1 || column == c)
				weights[c] += known ? factor : 1.0 / offer->statistics->columns[c].scale;
	}
	return some;
}

/*
 * One sum of a plan.
 */
typedef struct SumEstimate
{
	double		weights[MM_MAX_COLUMNS];
	double		fraction;		/* of the rows are within its bounds */
} SumEstimate;

static bool
estimate_sum(MMOffer *offer, const MMDriver *driver, SumEstimate *estimate)
{
	double		offset;
	double		radius = get_float8_infinity();
	ListCell   *lc;

	if (!estimate_weights(offer, driver->sum, estimate->weights, &offset))
		return false;
	foreach(lc, driver->bounds)
		radius = Min(radius, estimated_value(offer->root, lfirst(lc), get_float8_nan()) - offset);
	estimate->fraction = 1.0;
	if (driver->bounds != NIL)
		estimate->fraction = mm_estimate_within(offer->statistics, estimate->weights, radius);
	estimate->fraction = Max(estimate->fraction, 1 / Max(offer->rel->tuples, 1));
	return true;
}

/*
 * What it takes to find the k nearest by a sum.
 */
static MMSearchEstimate
nearest(MMOffer *offer, const SumEstimate *sum, double k)
{
	MMSearchEstimate result;

	mm_estimate_nearest(offer->statistics, sum->weights, offer->info->pages, offer->rel->tuples,
						k, &result);
	return result;
}

/*
 * The cost of a search; each candidate takes per_row.
 */
static Cost
search_cost(MMOffer *offer, const MMSearchEstimate *estimate, Cost per_row)
{
	double		pages_fetched = index_pages_fetched(estimate->candidates, offer->rel->pages,
													(double) offer->info->pages, offer->root);

	/* Rows are read, and kept. */
	return mm_cost_of_search(offer->info->reltablespace, estimate) +
		mm_cost_of_rows(offer->rel->reltablespace, pages_fetched) +
		estimate->candidates * (2 * cpu_tuple_cost + per_row);
}

/*
 * The cost of finding the k nearest by the first of n sums; of what that
 * finds, the others let through a fraction.
 */
static Cost
conjunction_cost(MMOffer *offer, const SumEstimate *sums, int n, double k, double others,
				 Cost per_row)
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
	return search_cost(offer, &all, per_row);
}

/*
 * The rows' cost besides searching, and the fraction of them that conditions let
 * through that are not the scan's own.
 */
static double
other_conditions(MMOffer *offer, const MMScanPlan *plan, QualCost *cost)
{
	List	   *others = NIL;
	ListCell   *lc;
	QualCost	sum_cost;

	foreach(lc, offer->rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, lc);
		bool		own = false;

		for (int i = 0; i < plan->ndrivers; i++)
			own |= list_member(plan->drivers[i].conditions, rinfo->clause);
		if (!own)
			others = lappend(others, rinfo);
	}
	cost_qual_eval(cost, others, offer->root);
	cost_qual_eval_node(&sum_cost, (Node *) plan->drivers[0].sum->expr, offer->root);
	cost->startup += sum_cost.startup + COST_OF_BEGINNING * cpu_operator_cost;
	cost->per_tuple += sum_cost.per_tuple;
	return clauselist_selectivity(offer->root, others, offer->rel->relid, JOIN_INNER, NULL);
}

bool
mm_offer_cost(MMOffer *offer, CustomPath *custom, const MMScanPlan *plan)
{
	Path	   *path = &custom->path;
	double		tuples = Max(offer->rel->tuples, 1);
	double		rows = path->param_info ? path->param_info->ppi_rows : offer->rel->rows;
	QualCost	cost;
	double		passed = Max(other_conditions(offer, plan, &cost), 1e-9);
	SumEstimate *sums = palloc(sizeof(SumEstimate) * plan->ndrivers);
	double		all;			/* rows that satisfy the scan's own conditions */

	for (int i = 0; i < plan->ndrivers; i++)
		if (!estimate_sum(offer, &plan->drivers[i], &sums[i]))
			return false;

	if (plan->any)
	{
		MMSearchEstimate total = {0};
		double		fraction = 0.0;

		for (int i = 0; i < plan->ndrivers; i++)
		{
			MMSearchEstimate one = nearest(offer, &sums[i], sums[i].fraction * tuples);

			total.pages += one.pages;
			total.entries += one.entries;
			total.candidates += one.candidates;
			fraction += sums[i].fraction;
		}
		all = Min(fraction, 1.0) * tuples;
		path->total_cost = search_cost(offer, &total, cost.per_tuple);
		path->startup_cost = mm_cost_of_search(offer->info->reltablespace, &total);
	}
	else
	{
		double		others = 1.0;

		for (int i = 1; i < plan->ndrivers; i++)
			others *= sums[i].fraction;
		others = Max(others, 1e-9);
		all = Max(sums[0].fraction * others * tuples, 1);
		path->total_cost = conjunction_cost(offer, sums, plan->ndrivers, all, others,
											cost.per_tuple);
		path->startup_cost = 0.0;
		if (plan->ordered)
		{
			double		k = rows_to_look_at(rows_likely(offer->root, all * passed), passed);

			path->startup_cost = conjunction_cost(offer, sums, plan->ndrivers, k, others,
												  cost.per_tuple);
			path->total_cost = Max(path->total_cost, path->startup_cost);
		}
	}
	/* The planner takes conditions on distances to let a third through. */
	if (!plan->ordered || plan->ndrivers > 1 || plan->drivers[0].bounds != NIL)
		rows = Min(rows, clamp_row_est(all * passed));
	path->rows = rows;
	path->startup_cost += cost.startup + path->pathtarget->cost.startup;
	path->total_cost += cost.startup + path->pathtarget->cost.startup +
		path->pathtarget->cost.per_tuple * rows;
	return true;
}
