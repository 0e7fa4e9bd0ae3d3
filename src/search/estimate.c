/*-------------------------------------------------------------------------
 *
 * estimate.c
 *	  What a search in a tree is expected to do.
 *
 * How much of the tree a search reads before its first row depends on the
 * intrinsic dimension of what it asks for (mean^2 / (2 variance) of the
 * distances; Chavez et al., "Searching in metric spaces", 2001).  A query in a
 * space of dimension d reaches about l^(d / (d + 2)) of l leaves.  This is a
 * model, not a law.  It makes the index cheap for a single number and
 * expensive for random vectors of a hundred dimensions, as it should be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "search/cost_model.h"
#include "search/estimate.h"

/*
 * The variance of a column's distances, relative to the square of its scale.
 * It is cut off, because a few values far out can make any variance, and say
 * nothing about the others.
 */
static double
relative_variance(const MMColumnStatistics *column)
{
	return Min(column->variance / (column->scale * column->scale), 1.0);
}

/*
 * The mean and the variance of a weighted sum of distances between random
 * rows.
 */
static void
sum_moments(const MMMeta *statistics, const double *weights, double *mean, double *variance)
{
	*mean = *variance = 0.0;
	for (int i = 0; i < statistics->ncolumns; i++)
	{
		const MMColumnStatistics *column = &statistics->columns[i];
		double		weight = weights[i] * column->scale;

		*mean += weights[i] * column->mean;
		*variance += weight * weight * relative_variance(column);
	}
}

/*
 * How much of what a tree tells apart is what tells sums with these weights apart, if it
 * was made for the weights trained (NULL: all alike): the part that two distributions
 * over the columns have in common.  Both the splits and the sums go by variances, in
 * columns times their weights.
 */
static double
overlap(const MMMeta *statistics, const double *weights, const double *trained)
{
	double		splits = 0.0;
	double		sums = 0.0;
	double		common = 0.0;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < statistics->ncolumns; i++)
		{
			const MMColumnStatistics *column = &statistics->columns[i];
			double		variance = relative_variance(column);
			double		weight = weights[i] * column->scale;
			double		split = variance * (trained == NULL ? 1.0 : trained[i] * trained[i]);
			double		sum = variance * weight * weight;

			if (round == 0)
			{
				splits += split;
				sums += sum;
			}
			else if (splits > 0 && sums > 0)
				common += Min(split / splits, sum / sums);
		}
	return common;
}

/*
 * How much of what the tree tells apart matters to these weights.  Its splits
 * go where values vary most, so a column's share is its variance.  The result
 * is 1 if all columns matter alike.  A tree that was made for other weights than equal
 * ones has as much more or less as it has more or less in common with the sum.
 */
static double
share_of_splits(const MMMeta *statistics, const double *weights, const double *trained)
{
	double		greatest = 0.0;
	double		all = 0.0;
	double		used = 0.0;
	double		share;

	for (int i = 0; i < statistics->ncolumns; i++)
		greatest = Max(greatest, weights[i] * statistics->columns[i].scale);
	for (int i = 0; i < statistics->ncolumns; i++)
	{
		const MMColumnStatistics *column = &statistics->columns[i];
		double		variance = relative_variance(column);

		all += variance;
		used += variance * (greatest > 0 ? weights[i] * column->scale / greatest : 0.0);
	}
	share = all > 0 ? used / all : 0.0;
	if (trained != NULL && share > 0)
		share *= overlap(statistics, weights, trained) / overlap(statistics, weights, NULL);
	return Min(share, 1.0);
}

void
mm_estimate_nearest(const MMMeta *statistics, const double *weights, const double *trained,
					double pages, double tuples, double k, MMSearchEstimate *estimate)
{
	double		mean;
	double		variance;
	double		dimension;
	double		exponent;

	pages = Max(pages, 1);
	tuples = Max(tuples, 1);
	sum_moments(statistics, weights, &mean, &variance);
	dimension = variance > 0 ? mean * mean / (2 * variance) : 0.0;
	exponent = 1.0 - share_of_splits(statistics, weights, trained) * 2 / (dimension + 2);
	estimate->pages = pow(pages, exponent) * pow(Max(k, 1), 1 / (dimension + 2)) + 1;
	estimate->pages = Max(estimate->pages, pages * k / tuples);
	estimate->pages = Min(estimate->pages, pages);
	estimate->entries = estimate->pages * tuples / pages;
	estimate->candidates = Min(k * mm_cost_model.candidates_per_row +
							   estimate->entries / mm_cost_model.entries_per_candidate, tuples);
}

double
mm_work_done(const MMSearchStats *stats)
{
	return (double) (stats->inner_pages + stats->leaf_pages + stats->postings_pages) *
		mm_cost_model.entries_per_page + stats->bounded +
		(double) stats->postings / mm_cost_model.postings_per_entry +
		(double) stats->refined * mm_cost_model.entries_per_verification /
		mm_cost_model.refinements_per_verification +
		(double) stats->candidates * mm_cost_model.entries_per_row;
}
