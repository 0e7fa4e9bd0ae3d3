/*-------------------------------------------------------------------------
 *
 * split.c
 *	  Dividing the entries of an overfull node in two.
 *
 * The split of the R*-tree (Beckmann, Kriegel, Schneider and Seeger, "The
 * R*-tree: an efficient and robust access method for points and rectangles",
 * 1990): along the coordinate in which the margins of all sensible divisions
 * add up to least, the division whose halves overlap least, and of those the
 * one with the least margins.  Volumes vanish in many dimensions, so overlap,
 * too, is measured by margin (as in Beckmann and Seeger's revised R*-tree,
 * 2009).  Lengths are in scales of their columns.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "am/tree.h"

/* Each half gets at least this part of the entries, in per cent. */
#define LEAST_SHARE		40

typedef struct SplitItem
{
	float		key;
	MMEntry		entry;
	MMEntry		box;
} SplitItem;

static int
compare_items(const void *a, const void *b)
{
	float		x = ((const SplitItem *) a)->key;
	float		y = ((const SplitItem *) b)->key;

	return (x > y) - (x < y);
}

/*
 * The margin of a box, or of the intersection of two, in scales.  Mixing NULLs
 * with values counts as one.
 */
static double
margin(const MMModel *model, const uint32 *a, const uint32 *b)
{
	int			n = model->ncoordinates;
	const float *a_lo = (const float *) a + MM_ENTRY_HEADER;
	const float *b_lo = (const float *) b + MM_ENTRY_HEADER;
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
	{
		double		length = (double) Min(a_lo[n + i], b_lo[n + i]) - Max(a_lo[i], b_lo[i]);

		if (length > 0)
			sum += Min(length * model->unit[i], 1e12);
		else if (a != b && length < 0)
			return 0.0;			/* they do not meet */
	}
	for (uint32 mixed = a[1] & a[2] & b[1] & b[2]; mixed != 0; mixed &= mixed - 1)
		sum += 1.0;
	return sum;
}

/*
 * Boxes of the first 1, 2, ... items in first[], of the last ones in last[].
 */
static void
accumulate(const MMModel *model, SplitItem *items, int n, MMEntry *first, MMEntry *last)
{
	memcpy(first[0], items[0].box, model->inner.size);
	for (int i = 1; i < n; i++)
	{
		memcpy(first[i], first[i - 1], model->inner.size);
		mm_box_add(model, first[i], items[i].box);
	}
	memcpy(last[n - 1], items[n - 1].box, model->inner.size);
	for (int i = n - 2; i >= 0; i--)
	{
		memcpy(last[i], last[i + 1], model->inner.size);
		mm_box_add(model, last[i], items[i].box);
	}
}

static void
sort_along(const MMModel *model, bool boxes, SplitItem *items, int n, int coordinate)
{
	for (int i = 0; i < n; i++)
		items[i].key = mm_pack_key(model, boxes, items[i].entry, coordinate);
	qsort(items, n, sizeof(SplitItem), compare_items);
}

int
mm_split_entries(const MMModel *model, bool boxes, MMEntry *entries, int n)
{
	SplitItem	   *items = palloc(sizeof(SplitItem) * n);
	MMEntry    *first = palloc(sizeof(MMEntry) * n);
	MMEntry    *last = palloc(sizeof(MMEntry) * n);
	int			least = Max(n * LEAST_SHARE / 100, 1);
	int			axis = 0;
	double		axis_margins = get_float8_infinity();
	int			best = n / 2;
	double		best_overlap = get_float8_infinity();
	double		best_margins = get_float8_infinity();

	for (int i = 0; i < n; i++)
	{
		items[i].entry = entries[i];
		items[i].box = entries[i];
		first[i] = palloc(model->inner.size);
		last[i] = palloc(model->inner.size);
		if (!boxes)
		{
			items[i].box = palloc(model->inner.size);
			mm_box_of_row(model, entries[i], items[i].box);
		}
	}

	for (int c = 0; c < model->ncoordinates; c++)
	{
		double		margins = 0.0;

		sort_along(model, boxes, items, n, c);
		accumulate(model, items, n, first, last);
		for (int i = least; i <= n - least; i++)
			margins += margin(model, first[i - 1], first[i - 1]) +
				margin(model, last[i], last[i]);
		if (margins < axis_margins)
		{
			axis = c;
			axis_margins = margins;
		}
	}

	if (model->ncoordinates > 0)
	{
		sort_along(model, boxes, items, n, axis);
		accumulate(model, items, n, first, last);
		for (int i = least; i <= n - least; i++)
		{
			double		overlap = margin(model, first[i - 1], last[i]);
			double		margins = margin(model, first[i - 1], first[i - 1]) +
				margin(model, last[i], last[i]);

			if (overlap < best_overlap ||
				(overlap == best_overlap && margins < best_margins))
			{
				best = i;
				best_overlap = overlap;
				best_margins = margins;
			}
		}
	}
	for (int i = 0; i < n; i++)
		entries[i] = items[i].entry;
	return best;
}
