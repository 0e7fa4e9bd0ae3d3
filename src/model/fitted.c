/*-------------------------------------------------------------------------
 *
 * fitted.c
 *	  How much the coordinates tell that a metric fits to the values of a column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/random.h"
#include "model/fitted.h"
#include "model/pivots.h"

/*
 * The lower bound of the distance of two values that their coordinates give.
 */
static double
bound_by_coordinates(const MetricTrainedCoordinates *trained, const double *x, const double *y,
					 int n)
{
	const MetricTransform *t = &trained->transform;
	double		norm = 0.0;

	for (int i = 0; i < n; i++)
	{
		double		gap = fabs(x[i] - y[i]);

		if (trained->norm == METRIC_NORM_L1)
			norm += gap;
		else if (trained->norm == METRIC_NORM_L2)
			norm += gap * gap;
		else
			norm = Max(norm, gap);
	}
	if (trained->norm == METRIC_NORM_L2)
		norm = sqrt(norm);
	norm = Min(norm, t->clamp);
	return norm * (t->c1 + norm * (t->c2 + norm * (t->c3 + norm * t->c4)));
}

/*
 * How far apart n coordinates tell random pairs of values, as mm_pivots_choose
 * measures it.
 */
static double
measure_gain(const MMColumn *column, double scale, const Datum *values, int nvalues,
			 const void *model, const MetricTrainedCoordinates *trained, int n,
			 MemoryContext scratch)
{
	MMRandom	random = {.seed = 3};
	double	   *x = palloc(sizeof(double) * nvalues * n);
	double		gain = 0.0;

	for (int i = 0; i < nvalues; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);

		CHECK_FOR_INTERRUPTS();
		(void) column->space.routine->trained_coordinates(model, values[i],
														  column->space.collation, n,
														  x + (Size) i * n);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	for (int i = 0; i < MM_PIVOT_PAIRS; i++)
	{
		int64		a = mm_random_below(&random, nvalues);
		int64		b = mm_random_below(&random, nvalues - 1);
		double		apart;

		b += b >= a;
		apart = Min(bound_by_coordinates(trained, x + a * n, x + b * n, n) / scale, 1.0);
		gain += apart * apart;
	}
	pfree(x);
	return gain / MM_PIVOT_PAIRS;
}

void *
mm_fitted_train(MMColumn *column, double scale, const Datum *values, int n,
				Size *size, MetricTrainedCoordinates *trained, double *gains)
{
	const MetricRoutine *routine = column->space.routine;
	MemoryContext scratch;
	void	   *model;

	if (routine == NULL || routine->train_coordinates == NULL || n == 0)
		return NULL;
	model = routine->train_coordinates(values, n, column->space.collation, size, trained);
	if (model == NULL)
		return NULL;
	if (trained->most < 1 || trained->most > METRIC_MAX_TRAINED_COORDINATES ||
		(trained->norm != METRIC_NORM_MAX && trained->norm != METRIC_NORM_L1 &&
		 trained->norm != METRIC_NORM_L2))
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
				 errmsg("the metric of column \"%s\" has trained coordinates that are not allowed",
						column->name),
				 errdetail("It would have up to %d of them, under norm %d.",
						   trained->most, (int) trained->norm)));

	scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb trained coordinates",
									ALLOCSET_DEFAULT_SIZES);
	n = Min(n, MM_PIVOT_VALUES);
	for (int i = 0; i < trained->most; i++)
		gains[i] = n < 2 ? 0.0 : measure_gain(column, scale, values, n, model, trained, i + 1,
											  scratch);
	MemoryContextDelete(scratch);
	return model;
}
