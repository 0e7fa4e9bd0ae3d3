/*-------------------------------------------------------------------------
 *
 * threshold.c
 *	  The m-th least of the keys that a search has come across; see threshold.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/float.h"

#include "search/threshold.h"

/*
 * How many keys are kept for each row that is wanted, and besides, and at most.
 * Where bounds are tight, about five entries are candidates for each row; where they
 * are loose, 30.
 */
#define KEYS_PER_ROW	16
#define MORE_KEYS		128
#define MOST_KEYS		8192

void
mm_threshold_init(MMThreshold *threshold, double rows)
{
	threshold->n = threshold->m = 0;
	threshold->heap = NULL;
	/* If very many are wanted, there is little to save. */
	if (rows <= 0 || rows * KEYS_PER_ROW + MORE_KEYS > MOST_KEYS)
		return;
	threshold->m = (int) (rows * KEYS_PER_ROW) + MORE_KEYS;
	threshold->heap = palloc(sizeof(float) * threshold->m);
}

void
mm_threshold_add(MMThreshold *threshold, float key)
{
	float	   *heap = threshold->heap;
	int			i;

	if (threshold->n < threshold->m)
	{
		for (i = threshold->n++; i > 0 && heap[(i - 1) / 2] < key; i = (i - 1) / 2)
			heap[i] = heap[(i - 1) / 2];
		heap[i] = key;
		return;
	}
	if (threshold->m == 0 || !(key < heap[0]))
		return;
	for (i = 0;;)
	{
		int			child = 2 * i + 1;

		if (child >= threshold->m)
			break;
		if (child + 1 < threshold->m && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= key)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = key;
}
