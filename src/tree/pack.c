/*-------------------------------------------------------------------------
 *
 * pack.c
 *	  Dividing many entries into groups that are close together.
 *
 * The entries are split recursively at the median, each time along the
 * coordinate in which they differ most.  Differences are measured in scales of
 * the column, times the weight that the index is made for (index/packing.h), which is
 * how queries weigh them.  Splits are at multiples of the
 * groups' size, so that all groups are about equally full.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "tree/pack.h"

/* How many entries are looked at to choose a coordinate. */
#define SAMPLE		512

typedef struct PackItem
{
	float		key;
	MMEntry		entry;
} PackItem;

double
mm_pack_spread_of(const float *keys, int n, float unit)
{
	double		mean = 0.0;
	double		spread = 0.0;
	int			values = 0;

	for (int i = 0; i < n; i++)
		if (!isinf(keys[i]))
		{
			mean += keys[i];
			values++;
		}
	if (values == 0)
		return 0.0;
	mean /= values;
	for (int i = 0; i < n; i++)
		if (!isinf(keys[i]))
			spread += Min(fabs(keys[i] - mean) * unit, 1e6);
	/* Telling NULLs from values is worth about one scale. */
	return spread + Min(values, n - values) * 0.5;
}

int
mm_pack_spread(const MMModel *model, bool boxes, MMEntry *entries, int64 n)
{
	int			best = -1;
	double		best_spread = 0.0;
	int			sampled = (int) Min(n, SAMPLE);
	float		keys[SAMPLE];

	for (int c = 0; c < model->ncoordinates; c++)
	{
		double		spread;

		if (model->unit[c] == 0.0f)
			continue;			/* the column does not matter */
		for (int i = 0; i < sampled; i++)
			keys[i] = mm_pack_key(model, boxes, entries[n * i / sampled], c);
		spread = mm_pack_spread_of(keys, sampled, model->unit[c]);
		if (spread > best_spread)
		{
			best = c;
			best_spread = spread;
		}
	}
	return best;
}

/*
 * Permute items so that none of the first nth is greater than any of the
 * others (Hoare's selection).
 */
static void
select_items(PackItem *items, int64 n, int64 nth)
{
	int64		left = 0;
	int64		right = n - 1;

	while (left < right)
	{
		float		a = items[left].key;
		float		b = items[(left + right) / 2].key;
		float		c = items[right].key;
		float		pivot = Max(Min(a, b), Min(Max(a, b), c));
		int64		i = left;
		int64		j = right;

		while (i <= j)
		{
			while (items[i].key < pivot)
				i++;
			while (items[j].key > pivot)
				j--;
			if (i <= j)
			{
				PackItem		swap = items[i];

				items[i++] = items[j];
				items[j--] = swap;
			}
		}
		if (nth <= j)
			right = j;
		else if (nth >= i)
			left = i;
		else
			return;
	}
}

static void
pack(const MMModel *model, bool boxes, MMEntry *entries, PackItem *items, int64 n,
	 int capacity, MMPackEmit emit, void *state)
{
	int64		groups = (n + capacity - 1) / capacity;
	int64		left;
	int			c;

	CHECK_FOR_INTERRUPTS();
	if (groups <= 1)
	{
		if (n > 0)
			emit(entries, (int) n, state);
		return;
	}

	left = n * (groups / 2) / groups;
	c = mm_pack_spread(model, boxes, entries, n);
	if (c >= 0)
	{
		for (int64 i = 0; i < n; i++)
		{
			items[i].key = mm_pack_key(model, boxes, entries[i], c);
			items[i].entry = entries[i];
		}
		select_items(items, n, left);
		for (int64 i = 0; i < n; i++)
			entries[i] = items[i].entry;
	}
	pack(model, boxes, entries, items, left, capacity, emit, state);
	pack(model, boxes, entries + left, items, n - left, capacity, emit, state);
}

void
mm_pack(const MMModel *model, bool boxes, MMEntry *entries, int64 n,
		int capacity, MMPackEmit emit, void *state)
{
	PackItem	   *items = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(PackItem) * Max(n, 1));

	pack(model, boxes, entries, items, n, capacity, emit, state);
	pfree(items);
}
