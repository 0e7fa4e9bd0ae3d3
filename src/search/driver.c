/*-------------------------------------------------------------------------
 *
 * driver.c
 *	  Choosing what drives a search; see driver.h.
 *
 * A sub-index knows the distances of one column only.  Driven by it, a search
 * has to verify all rows that are near enough in that column, whatever their
 * other distances.  From the sampled pairs follows how far away the last row
 * is that is wanted, and how many rows are so near in the column alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/guc.h"

#include "search/cost_model.h"
#include "search/driver.h"

/* A column with less than this part of the weight never drives. */
#define LEAST_PART		0.3

int			mm_driver_setting = MM_DRIVER_AUTO;

void
mm_driver_init(void)
{
	static const struct config_enum_entry names[] = {
		{"auto", MM_DRIVER_AUTO, false},
		{"shared", MM_DRIVER_SHARED, false},
		{"subindex", MM_DRIVER_SUBINDEX, false},
		{NULL, 0, false}
	};

	DefineCustomEnumVariable("mmdb.driver",
							 "What drives searches: for tests and measurements.",
							 "auto is what is likely to take least work.",
							 &mm_driver_setting, MM_DRIVER_AUTO, names,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

static double
total_work(const MMSearchEstimate *estimate)
{
	return estimate->pages * mm_cost_model.entries_per_page + estimate->entries +
		estimate->candidates * mm_cost_model.entries_per_verification;
}

/*
 * What part of the weight a column has, in scales.
 */
static double
part_of_weight(const MMMeta *statistics, const MMWeights *weights, int column)
{
	double		all = 0.0;

	for (int i = 0; i < statistics->ncolumns; i++)
		all += weights->weights[i] * statistics->columns[i].scale;
	return all > 0 ? weights->weights[column] * statistics->columns[column].scale / all : 0.0;
}

/*
 * How far away the last row is that is wanted.
 */
static double
farthest(const MMMeta *statistics, const MMGoal *goal)
{
	double		radius = goal->k > 0 ?
		mm_pairs_radius(statistics, &goal->weights, goal->k / Max(goal->tuples, 1)) :
		get_float8_infinity();

	return Min(radius, goal->radius);
}

static void
estimate_subindex(const MMMeta *statistics, const MMGoal *goal, double radius, MMSearchDriver *driver)
{
	int			column = driver->subindex->column;
	MMWeights	alone = {.weights = {0}};
	MMShape		leaf;
	MMShape		inner;
	double		fraction;
	double		rows;
	double		pages;

	mm_meta_shapes(&driver->subindex->shape, &leaf, &inner);
	pages = goal->tuples / leaf.capacity / 0.8;
	alone.weights[column] = goal->weights.weights[column];
	alone.missing[column] = goal->weights.missing[column];
	fraction = mm_pairs_fraction(statistics, &alone, radius, false);
	rows = Max(fraction < 0 ? 1.0 : fraction, 0.0) * goal->tuples;
	mm_estimate_nearest(statistics, alone.weights, pages, goal->tuples, Max(rows, 1),
						&driver->estimate);
}

static int
compare_drivers(const void *a, const void *b)
{
	double		x = ((const MMSearchDriver *) a)->work;
	double		y = ((const MMSearchDriver *) b)->work;

	return (x > y) - (x < y);
}

int
mm_drivers_rank(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
				MMSearchDriver *drivers)
{
	int			n = 1;
	double		radius = -1.0;
	double		rows = goal->k;

	drivers[0] = (MMSearchDriver) {0};
	for (int i = 0; i < forest->n && mm_driver_setting != MM_DRIVER_SHARED; i++)
	{
		const MMSubindex *subindex = forest->of[i];

		if (part_of_weight(statistics, &goal->weights, subindex->column) < LEAST_PART &&
			mm_driver_setting == MM_DRIVER_AUTO)
			continue;
		if (!(goal->weights.weights[subindex->column] > 0))
			continue;
		if (radius < 0)
			radius = farthest(statistics, goal);
		drivers[n] = (MMSearchDriver) {.subindex = subindex};
		estimate_subindex(statistics, goal, radius, &drivers[n++]);
	}
	if (rows == 0 && n > 1)
		rows = Max(mm_pairs_fraction(statistics, &goal->weights, radius, true), 0.0) * goal->tuples;
	mm_estimate_nearest(statistics, goal->weights.weights, goal->pages, goal->tuples,
						Max(rows, 1), &drivers[0].estimate);
	if (n == 1)
		return 1;
	for (int i = 0; i < n; i++)
		drivers[i].work = total_work(&drivers[i].estimate);
	if (mm_driver_setting == MM_DRIVER_SUBINDEX)
		drivers[0].work = get_float8_infinity();
	qsort(drivers, n, sizeof(MMSearchDriver), compare_drivers);
	return mm_driver_setting == MM_DRIVER_AUTO ? n : 1;
}
