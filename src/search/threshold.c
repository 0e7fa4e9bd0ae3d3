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
	threshold->keys = NULL;
	threshold->threshold = get_float4_infinity();
	/* If very many are wanted, there is little to save. */
	if (rows <= 0 || rows * KEYS_PER_ROW + MORE_KEYS > MOST_KEYS)
		return;
	threshold->m = (int) (rows * KEYS_PER_ROW) + MORE_KEYS;
	threshold->keys = palloc(sizeof(float) * 2 * threshold->m);
}

/*
 * Keys are divided again and again, as quicksort does it, but only the part goes on in
 * which the m-th is.  So a key costs a few comparisons on average, where a heap would
 * take the logarithm of m.
 */
void
mm_threshold_cut(MMThreshold *threshold)
{
	float	   *keys = threshold->keys;
	int			m = threshold->m;
	int			left = 0;
	int			right = threshold->n - 1;

	while (left < right)
	{
		float		pivot = keys[(left + right) / 2];
		int			i = left;
		int			j = right;

		while (i <= j)
		{
			while (keys[i] < pivot)
				i++;
			while (keys[j] > pivot)
				j--;
			if (i <= j)
			{
				float		swap = keys[i];

				keys[i++] = keys[j];
				keys[j--] = swap;
			}
		}
		if (m - 1 <= j)
			right = j;
		else if (m - 1 >= i)
			left = i;
		else
			break;
	}
	threshold->threshold = keys[m - 1];
	threshold->n = m;
}
