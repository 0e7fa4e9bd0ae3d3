/*-------------------------------------------------------------------------
 *
 * nearest.c
 *	  The k least values that ordered scans have come across.
 *
 * They are kept as a heap, the greatest first.  Once there are k of them, no row
 * above that one is wanted any more, whichever scan would find it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/float.h"

#include "plan/scan.h"

MMNearest *
mm_nearest_create(int64 k)
{
	MMNearest  *nearest = palloc0(sizeof(MMNearest));

	nearest->k = k;
	nearest->context = CurrentMemoryContext;
	return nearest;
}

/*
 * Add a value to fewer than k.
 */
static void
add_value(MMNearest *nearest, double value)
{
	int64		i;
	double	   *heap = nearest->values;

	if (nearest->n == nearest->room)
	{
		nearest->room = nearest->room == 0 ? 16 : nearest->room * 2;
		nearest->values = heap = heap == NULL ?
			MemoryContextAlloc(nearest->context, sizeof(double) * nearest->room) :
			repalloc_huge(heap, sizeof(double) * nearest->room);
	}
	for (i = nearest->n++; i > 0 && heap[(i - 1) / 2] < value; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = value;
}

/*
 * Put a value in the place of the greatest.
 */
static void
replace_greatest(MMNearest *nearest, double value)
{
	int64		i;
	int64		child;
	double	   *heap = nearest->values;

	for (i = 0; (child = 2 * i + 1) < nearest->n; i = child)
	{
		if (child + 1 < nearest->n && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= value)
			break;
		heap[i] = heap[child];
	}
	heap[i] = value;
}

bool
mm_nearest_add(MMNearest *nearest, double value)
{
	if (nearest->n < nearest->k)
		add_value(nearest, value);
	else if (value < nearest->values[0])
		replace_greatest(nearest, value);
	else
		return false;
	return true;
}

double
mm_nearest_bound(const MMNearest *nearest)
{
	return nearest->k > 0 && nearest->n == nearest->k ? nearest->values[0] : get_float8_infinity();
}
