/*-------------------------------------------------------------------------
 *
 * compare.c
 *	  Comparisons for qsort.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/compare.h"

int
mm_compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

int
mm_compare_floats(const void *a, const void *b)
{
	float		x = *(const float *) a;
	float		y = *(const float *) b;

	return (x > y) - (x < y);
}

int
mm_compare_ints(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return (x > y) - (x < y);
}
