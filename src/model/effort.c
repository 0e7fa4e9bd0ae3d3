/*-------------------------------------------------------------------------
 *
 * effort.c
 *	  How many distances an index may measure when it is made; see effort.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"

#include "model/effort.h"

/* The sizes of so many values tell the usual one. */
#define EFFORT_VALUES	1000

double
mm_effort(const MMColumn *column, const Datum *values, int n)
{
	const MetricRoutine *routine = column->space.routine;
	int			used = Min(n, EFFORT_VALUES);
	double		size = 0.0;

	if (routine == NULL || !routine->quadratic || column->typlen != -1 || n == 0)
		return 0.0;
	for (int i = 0; i < used; i++)
		size += toast_raw_datum_size(values[(int64) i * n / used]);
	return (size / used) * (size / used);
}

int
mm_effort_distances(double effort, int least, int most)
{
	return effort * most <= MM_EFFORT_STEP ? most :
		(int) Max(MM_EFFORT_STEP / effort, least);
}
