/*-------------------------------------------------------------------------
 *
 * pivots.c
 *	  Choosing pivots: values to which the distances of all others are kept.
 *
 * By the triangle inequality, | d(q, p) - d(o, p) | <= d(q, o).  Pivots that
 * are far from each other tell most, so they are picked by farthest-first
 * traversal (Gonzalez, "Clustering to minimize the maximum intercluster
 * distance", 1985; OneDB, section IV) over a sample.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/random.h"
#include "model/effort.h"
#include "model/pivots.h"

/* So many values are looked at where distances take long (effort.h). */
#define LEAST_VALUES	16

double
mm_pivot_coordinate(MetricSpace *space, void *pivot, Datum value)
{
	double		distance;

	if (space->routine != NULL && space->routine->metric != NULL)
		return metric_coordinate(space->routine->metric(pivot, value));
	distance = mm_metric_distance(space, pivot, value, METRIC_NO_BOUND);
	if (space->routine != NULL && space->routine->to_metric != NULL)
		distance = space->routine->to_metric(distance);
	return metric_coordinate(distance);
}

int
mm_pivots_choose(MMColumn *column, double scale, const Datum *values, int n,
				 int most, int *pivots, double *gains)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb pivots",
												  ALLOCSET_DEFAULT_SIZES);
	MMRandom	random = {.seed = 3};
	double	   *coordinates;	/* of each value, for the newest pivot */
	double	   *nearest;		/* pivot's distance from each value */
	int			npairs;
	int			(*pairs)[2];
	double	   *apart;			/* greatest difference of each pair */
	double		effort;
	int			next;

	if (n == 0)
		return 0;
	effort = mm_effort(column, values, n);
	most = Min(most, Max((int) Min(MM_EFFORT_ROW / Max(effort, 1), most), 1));
	n = Min(n, mm_effort_distances(effort * (most + 1), LEAST_VALUES, MM_PIVOT_VALUES));
	coordinates = palloc(sizeof(double) * n);
	nearest = palloc(sizeof(double) * n);
	npairs = n > 1 ? MM_PIVOT_PAIRS : 0;
	pairs = palloc(sizeof(int[2]) * Max(npairs, 1));
	apart = palloc0(sizeof(double) * Max(npairs, 1));
	for (int i = 0; i < n; i++)
		nearest[i] = get_float8_infinity();
	for (int i = 0; i < npairs; i++)
	{
		pairs[i][0] = (int) mm_random_below(&random, n);
		pairs[i][1] = (int) mm_random_below(&random, n - 1);
		pairs[i][1] += pairs[i][1] >= pairs[i][0];
	}

	/*
	 * Round -1 looks for the first pivot: the value farthest from an arbitrary
	 * one.
	 */
	next = 0;
	for (int round = -1; round < Min(most, n); round++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		void	   *pivot = mm_metric_prepare(&column->space, values[next]);
		MemoryContext inner = AllocSetContextCreate(scratch, "mmdb pivot distances",
													ALLOCSET_DEFAULT_SIZES);
		double		gain = 0.0;

		MemoryContextSwitchTo(inner);
		for (int i = 0; i < n; i++)
		{
			coordinates[i] = mm_pivot_coordinate(&column->space, pivot, values[i]);
			if (round >= 0)
				nearest[i] = Min(nearest[i], coordinates[i]);
			MemoryContextReset(inner);
			CHECK_FOR_INTERRUPTS();
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);

		if (round >= 0)
		{
			pivots[round] = next;
			for (int i = 0; i < npairs; i++)
			{
				apart[i] = Max(apart[i], fabs(coordinates[pairs[i][0]] - coordinates[pairs[i][1]]));
				gain += Min(apart[i] / scale, 1.0) * Min(apart[i] / scale, 1.0);
			}
			gains[round] = npairs > 0 ? gain / npairs : 0.0;
		}

		next = 0;
		for (int i = 1; i < n; i++)
			if (round < 0 ? coordinates[i] > coordinates[next] : nearest[i] > nearest[next])
				next = i;
		if (round >= 0 && nearest[next] == 0)
		{
			most = round + 1;	/* all values are pivots, or equal to one */
			break;
		}
	}

	MemoryContextDelete(scratch);
	pfree(coordinates);
	pfree(nearest);
	pfree(pairs);
	pfree(apart);
	return Min(most, n);
}
