/*-------------------------------------------------------------------------
 *
 * box.c
 *	  Boxes: the least and greatest coordinates of a set of entries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "tree/box.h"

/*
 * The columns in which a leaf entry with these NULLs has values, as bits.
 */
static uint32
columns_present(const MMModel *model, uint32 nulls)
{
	return ~nulls & (PG_UINT32_MAX >> (32 - model->ncolumns));
}

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
mm_box_of_entry(const MMModel *model, const uint32 *entry, MMEntry box)
{
	int			n = model->ncoordinates;
	const float *x = (const float *) entry + MM_ENTRY_HEADER;
	float	   *lo = MMEntryFloats(box);

	mm_box_clear(model, box);
	box[1] = entry[2];
	box[2] = columns_present(model, entry[2]);
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
	int			n = MMPageGetSpecial(page)->n;
	const uint32 *nulls = mm_page_words(page, leaf ? 2 : 1);
	const uint32 *present = mm_page_words(page, 2);

	mm_box_clear(model, box);
	box[0] = child;
	for (int i = 0; i < n; i++)
	{
		box[1] |= nulls[i];
		box[2] |= leaf ? columns_present(model, nulls[i]) : present[i];
	}
	for (int c = 0; c < model->ncoordinates; c++)
	{
		const float *lo = (float *) mm_page_words(page, MM_ENTRY_HEADER + c);
		const float *hi = leaf ? lo :
			(float *) mm_page_words(page, MM_ENTRY_HEADER + model->ncoordinates + c);
		uint32		null = leaf ? UINT32_C(1) << model->column_of[c] : 0;
		float		least = get_float4_infinity();
		float		greatest = -get_float4_infinity();

		for (int i = 0; i < n; i++)
		{
			if (nulls[i] & null)
				continue;
			least = Min(lo[i], least);
			greatest = Max(hi[i], greatest);
		}
		MMEntryFloats(box)[c] = least;
		MMEntryFloats(box)[model->ncoordinates + c] = greatest;
	}
}

float
mm_box_margin(const MMModel *model, const uint32 *box)
{
	const float *lo = (const float *) box + MM_ENTRY_HEADER;
	const float *hi = lo + model->ncoordinates;
	float		margin = pg_popcount32(box[1] & box[2]);

	for (int c = 0; c < model->ncoordinates; c++)
		if (hi[c] > lo[c])
			margin += Min((hi[c] - lo[c]) * model->unit[c], MM_BOX_MOST_LENGTH);
	return margin;
}
