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

/* One with less than this never takes part in a merge. */
#define LEAST_MERGED_PART	0.1

/*
 * A merge is not thought of if less work than this, in entries, is expected: to
 * think of it takes about 0.05 ms.
 */
#define WORTH_A_THOUGHT		100000

/*
 * A sub-index must promise to do so many times better than the shared tree: there
 * is more doubt about what it does.
 */
#define DOUBT			2

/* A column with this part of the weight or more is as good as the only one. */
#define ONLY_PART		0.9

/* How many entries' worth of postings a page has. */
#define POSTINGS_PAGE	250

/* How full leaves are. */
#define LEAF_FILL		0.8

int			mm_driver_setting = MM_DRIVER_AUTO;

void
mm_driver_init(void)
{
	static const struct config_enum_entry names[] = {
		{"auto", MM_DRIVER_AUTO, false},
		{"shared", MM_DRIVER_SHARED, false},
		{"subindex", MM_DRIVER_SUBINDEX, false},
		{"merge", MM_DRIVER_MERGE, false},
		{"paper", MM_DRIVER_PAPER, false},
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
		estimate->candidates * mm_cost_model.entries_per_row;
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

/*
 * Can a sub-index be asked for the distances of its column?
 */
static bool
is_usable(const MMSubindex *subindex, const MMGoal *goal)
{
	return subindex->kind != MM_SUBINDEX_INVERTED ||
		(goal->by_coordinates & (UINT32_C(1) << subindex->column)) == 0;
}

/*
 * The weights of one column alone.
 */
static MMWeights
alone(const MMGoal *goal, int column)
{
	MMWeights	weights = {.weights = {0}};

	weights.weights[column] = goal->weights.weights[column];
	weights.missing[column] = goal->weights.missing[column];
	return weights;
}

/*
 * What part of the rows an inverted index cannot tell from those within a
 * distance, although they are farther away.  The fewer tokens two values need to
 * share for that distance, the more there are who do so by chance.
 */
static double
rows_told_apart(const MMSubindex *subindex, double distance)
{
	/* Not measured: for 0, 1, ... of MM_SHARED_STEPS parts. */
	static const double by_chance[MM_SHARED_STEPS + 1] = {1.0, 0.1, 0.01, 0.002};
	int			step = 0;

	while (step < MM_SHARED_STEPS && subindex->apart[step] > distance)
		step++;
	return by_chance[step];
}

/*
 * The work of finding so many nearest rows in a sub-index, all within a radius.
 */
static void
estimate_part(const MMMeta *statistics, const MMGoal *goal, const MMSubindex *subindex,
			  double rows, double radius, MMSearchEstimate *estimate)
{
	MMWeights	weights = alone(goal, subindex->column);
	MMShape		leaf;
	MMShape		inner;

	if (subindex->kind == MM_SUBINDEX_INVERTED)
	{
		double		farther = rows_told_apart(subindex, radius / goal->weights.weights[subindex->column]);

		estimate->entries = goal->tuples * mm_cost_model.postings_per_row / mm_cost_model.postings_per_entry;
		estimate->pages = estimate->entries / POSTINGS_PAGE;
		estimate->candidates = Min(rows * mm_cost_model.candidates_per_row + farther * goal->tuples,
								   goal->tuples);
		return;
	}
	mm_meta_shapes(&subindex->shape, &leaf, &inner);
	mm_estimate_nearest(statistics, weights.weights, NULL, goal->tuples / leaf.capacity / LEAF_FILL,
						goal->tuples, Max(rows, 1), estimate);
}

static void
estimate_subindex(const MMMeta *statistics, const MMGoal *goal, double radius,
				  MMSearchDriver *driver)
{
	MMWeights	weights = alone(goal, driver->parts[0]->column);
	double		fraction = mm_pairs_fraction(statistics, &weights, radius, false);

	estimate_part(statistics, goal, driver->parts[0],
				  Max(fraction < 0 ? 1.0 : fraction, 0.0) * goal->tuples, radius, &driver->estimate);
}

/*
 * A merge reads all its parts to the same depth, so many rows, until their
 * frontiers add up to the radius.  About so many rows will be verified.
 */
static void
estimate_merge(const MMMeta *statistics, const MMGoal *goal, double radius,
			   MMSearchDriver *driver)
{
	static const double fractions[] = {1.0 / 4096, 1.0 / 1024, 1.0 / 256, 1.0 / 64, 1.0 / 16, 0.25};
	double		frontiers[lengthof(fractions)] = {0};
	double		rows = goal->tuples;

	for (int i = 0; i < driver->nparts; i++)
	{
		MMWeights	weights = alone(goal, driver->parts[i]->column);
		double		radii[lengthof(fractions)];

		mm_pairs_radii(statistics, &weights, fractions, lengthof(fractions), radii);
		for (int f = 0; f < (int) lengthof(fractions); f++)
			frontiers[f] += radii[f];
	}
	for (int f = (int) lengthof(fractions) - 1; f >= 0 && frontiers[f] >= radius; f--)
		rows = fractions[f] * goal->tuples;
	memset(&driver->estimate, 0, sizeof(MMSearchEstimate));
	for (int i = 0; i < driver->nparts; i++)
	{
		MMSearchEstimate part;

		estimate_part(statistics, goal, driver->parts[i], rows, radius / driver->nparts, &part);
		driver->estimate.pages += part.pages;
		driver->estimate.entries += part.entries;
		driver->estimate.candidates += Max(rows, part.candidates) / driver->nparts;
	}
}

static int
compare_drivers(const void *a, const void *b)
{
	double		x = ((const MMSearchDriver *) a)->work;
	double		y = ((const MMSearchDriver *) b)->work;

	return (x > y) - (x < y);
}

/*
 * May a driver do worse than it is expected to?  The tree of the only column that
 * matters has the bounds of the shared tree, and the better splits.
 */
static bool
is_doubtful(const MMMeta *statistics, const MMGoal *goal, const MMSearchDriver *driver)
{
	if (driver->nparts == 0)
		return false;
	return driver->nparts > 1 || driver->parts[0]->kind == MM_SUBINDEX_INVERTED ||
		part_of_weight(statistics, &goal->weights, driver->parts[0]->column) < ONLY_PART;
}

/*
 * A merge of the sub-indexes of the columns that have most weight; it has no
 * parts if there are not enough.
 */
static void
make_merge(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
		   MMSearchDriver *driver)
{
	*driver = (MMSearchDriver) {0};
	for (int i = 0; i < forest->n; i++)
		if (part_of_weight(statistics, &goal->weights, forest->of[i]->column) >= LEAST_MERGED_PART &&
			is_usable(forest->of[i], goal))
			driver->parts[driver->nparts++] = forest->of[i];
	if (driver->nparts < 2)
		driver->nparts = 0;
}

/*
 * Add what the sub-indexes can do.  Returns how many drivers there are then.
 */
static int
add_subindexes(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
			   double *radius, MMSearchDriver *drivers, int n)
{
	for (int i = 0; i < forest->n; i++)
	{
		const MMSubindex *subindex = forest->of[i];
		double		part = part_of_weight(statistics, &goal->weights, subindex->column);

		if (!(part > 0) || (part < LEAST_PART && mm_driver_setting == MM_DRIVER_AUTO) ||
			!is_usable(subindex, goal) ||
			(subindex->kind == MM_SUBINDEX_INVERTED && !goal->tells_nulls))
			continue;
		if (*radius < 0)
			*radius = farthest(statistics, goal);
		drivers[n] = (MMSearchDriver) {.nparts = 1, .parts = {subindex}};
		estimate_subindex(statistics, goal, *radius, &drivers[n++]);
	}
	return n;
}

/*
 * The algorithm of the paper, which needs a sub-index for each column that has
 * weight.  Returns false if it has not.
 */
static bool
make_paper(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
		   MMSearchDriver *driver)
{
	*driver = (MMSearchDriver) {.paper = true};
	for (int i = 0; i < statistics->ncolumns; i++)
	{
		const MMSubindex *subindex = mm_forest_find(forest, i);

		if (!(goal->weights.weights[i] > 0))
			continue;
		if (subindex == NULL || !is_usable(subindex, goal))
			return false;
		driver->shares[driver->nparts] = part_of_weight(statistics, &goal->weights, i);
		driver->parts[driver->nparts++] = subindex;
	}
	return driver->nparts > 0;
}

int
mm_drivers_rank(const MMMeta *statistics, const MMForest *forest, const MMGoal *goal,
				MMSearchDriver *drivers)
{
	int			n = 1;
	double		radius = -1.0;
	double		rows = goal->k;
	MMSearchDriver shared;

	drivers[0] = (MMSearchDriver) {0};
	if (mm_driver_setting == MM_DRIVER_AUTO || mm_driver_setting == MM_DRIVER_SUBINDEX)
		n = add_subindexes(statistics, forest, goal, &radius, drivers, n);
	if (rows == 0 && n > 1)
		rows = Max(mm_pairs_fraction(statistics, &goal->weights, radius, true), 0.0) * goal->tuples;
	mm_estimate_nearest(statistics, goal->weights.weights, goal->trained, goal->pages,
						goal->tuples, Max(rows, 1), &drivers[0].estimate);
	/* Several sources together do not know whose sum is NULL. */
	if (goal->tells_nulls &&
		(mm_driver_setting == MM_DRIVER_MERGE ||
		 (n > 1 && mm_driver_setting == MM_DRIVER_AUTO &&
		  total_work(&drivers[0].estimate) > WORTH_A_THOUGHT)))
	{
		make_merge(statistics, forest, goal, &drivers[n]);
		if (drivers[n].nparts > 0)
			estimate_merge(statistics, goal, radius < 0 ? farthest(statistics, goal) : radius,
						   &drivers[n++]);
	}
	if (goal->tells_nulls && mm_driver_setting == MM_DRIVER_PAPER &&
		make_paper(statistics, forest, goal, &drivers[n]))
		n++;
	if (n == 1)
		return 1;
	for (int i = 0; i < n; i++)
		drivers[i].work = total_work(&drivers[i].estimate) *
			(is_doubtful(statistics, goal, &drivers[i]) ? DOUBT : 1);
	/* What is forced comes first. */
	if (mm_driver_setting != MM_DRIVER_AUTO)
		drivers[0].work = get_float8_infinity();
	shared = drivers[0];
	qsort(drivers, n, sizeof(MMSearchDriver), compare_drivers);
	if (mm_driver_setting != MM_DRIVER_AUTO)
		return 1;
	/* What fails one sub-index is likely to fail another. */
	if (drivers[0].nparts > 0)
		drivers[1] = shared;
	return 2;
}
