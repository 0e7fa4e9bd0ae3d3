/*-------------------------------------------------------------------------
 *
 * box.c
 *	  Boxes: the least and greatest coordinates of a set of rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "am/tree.h"

/* No growth along one coordinate counts for more, in scales. */
#define MAX_GROWTH	1e6f

void
mm_box_clear(const MMModel *model, MMEntry box)
{
	int			n = model->ncoordinates;
	float	   *lo = MMEntryFloats(box);

	box[0] = box[1] = box[2] = 0;
	for (int i = 0; i < n; i++)
	{
		lo[i] = get_float4_infinity();
		lo[n + i] = -get_float4_infinity();
	}
}

void
mm_box_of_row(const MMModel *model, const uint32 *row, MMEntry box)
{
	int			n = model->ncoordinates;
	const float *x = (const float *) row + MM_ENTRY_HEADER;
	float	   *lo = MMEntryFloats(box);
	uint32		all = model->columns->n == 32 ? PG_UINT32_MAX :
		(UINT32_C(1) << model->columns->n) - 1;

	mm_box_clear(model, box);
	box[1] = row[2];
	box[2] = all & ~row[2];
	for (int i = 0; i < n; i++)
		if (box[2] & (UINT32_C(1) << model->column_of[i]))
			lo[i] = lo[n + i] = x[i];
}

bool
mm_box_add(const MMModel *model, MMEntry box, const uint32 *other)
{
	int			n = model->ncoordinates;
	float	   *lo = MMEntryFloats(box);
	const float *other_lo = (const float *) other + MM_ENTRY_HEADER;
	bool		grew = ((other[1] & ~box[1]) | (other[2] & ~box[2])) != 0;

	box[1] |= other[1];
	box[2] |= other[2];
	for (int i = 0; i < n; i++)
	{
		if (other_lo[i] < lo[i])
		{
			lo[i] = other_lo[i];
			grew = true;
		}
		if (other_lo[n + i] > lo[n + i])
		{
			lo[n + i] = other_lo[n + i];
			grew = true;
		}
	}
	return grew;
}

bool
mm_box_covers(const MMModel *model, const uint32 *box, const uint32 *other)
{
	int			n = model->ncoordinates;
	const float *lo = (const float *) box + MM_ENTRY_HEADER;
	const float *other_lo = (const float *) other + MM_ENTRY_HEADER;
	bool		covers = ((other[1] & ~box[1]) | (other[2] & ~box[2])) == 0;

	for (int i = 0; i < n && covers; i++)
		covers = lo[i] <= other_lo[i] && other_lo[n + i] <= lo[n + i];
	return covers;
}

void
mm_box_of_page(const MMModel *model, Page page, BlockNumber child, MMEntry box)
{
	bool		leaf = MMPageGetSpecial(page)->level == 0;
	const MMShape *shape = leaf ? &model->leaf : &model->inner;
	MMEntry		entry = palloc(shape->size);
	MMEntry		row_box = palloc(model->inner.size);

	mm_box_clear(model, box);
	for (int i = 0; i < MMPageGetSpecial(page)->n; i++)
	{
		mm_page_get(page, shape, i, entry);
		if (leaf)
			mm_box_of_row(model, entry, row_box);
		mm_box_add(model, box, leaf ? row_box : entry);
	}
	box[0] = child;
	pfree(entry);
	pfree(row_box);
}

/*
 * Add what one coordinate adds to the children's growth and margins.
 */
static void
add_growth(const float *restrict lo, const float *restrict hi, float x, float unit,
		   int n, float *restrict growth, float *restrict margin)
{
	for (int i = 0; i < n; i++)
	{
		float		below = lo[i] - x;
		float		above = x - hi[i];
		float		outside = below > above ? below : above;
		float		length = hi[i] - lo[i];

		/* Of a child without values here, both are infinite. */
		outside = outside > 0.0f ? outside * unit : 0.0f;
		length = length > 0.0f ? length * unit : 0.0f;
		growth[i] += outside < MAX_GROWTH ? outside : MAX_GROWTH;
		margin[i] += length < MAX_GROWTH ? length : MAX_GROWTH;
	}
}

int
mm_box_choose(const MMModel *model, Page page, const uint32 *box)
{
	const MMShape *shape = &model->inner;
	int			n = MMPageGetSpecial(page)->n;
	const float *x = (const float *) box + MM_ENTRY_HEADER;
	const uint32 *nulls = mm_page_words(page, shape, 1);
	const uint32 *present = mm_page_words(page, shape, 2);
	float	   *growth = palloc(sizeof(float) * 2 * n);
	float	   *margin = growth + n;
	int			best = 0;

	/* The first NULL of a column, or its first value, counts as a scale. */
	for (int i = 0; i < n; i++)
	{
		uint32		first_null = box[1] & ~nulls[i];
		uint32		first_value = box[2] & ~present[i];

		growth[i] = (first_null | first_value) == 0 ? 0.0f :
			(float) (pg_popcount32(first_null) + pg_popcount32(first_value));
		margin[i] = 0.0f;
	}
	for (int c = 0; c < model->ncoordinates; c++)
		if (box[2] & (UINT32_C(1) << model->column_of[c]))
			add_growth((float *) mm_page_words(page, shape, MM_ENTRY_HEADER + c),
					   (float *) mm_page_words(page, shape,
											   MM_ENTRY_HEADER + model->ncoordinates + c),
					   x[c], model->unit[c], n, growth, margin);
	for (int i = 1; i < n; i++)
		if (growth[i] < growth[best] ||
			(growth[i] == growth[best] && margin[i] < margin[best]))
			best = i;
	pfree(growth);
	return best;
}
