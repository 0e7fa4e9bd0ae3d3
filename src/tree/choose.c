/*-------------------------------------------------------------------------
 *
 * choose.c
 *	  Which child of a node a new entry should go to.
 *
 * If some boxes hold the entry already, it is the one of them with the least margin.
 * Otherwise a box must grow, and it is the one that then overlaps the others least
 * more than before, as in the R*-tree.  A tree that was packed has boxes that hardly
 * overlap, with gaps between them, into which most new entries fall in many
 * dimensions.  A box may grow into the gap beside it without overlapping any other,
 * but hardly into other gaps.  So the boxes stay apart.  Among boxes that would
 * overlap equally, the one is chosen that grows least.
 *
 * Growth and overlap are measured by margin, the sum of side lengths in scales of the
 * columns.  Volumes vanish in many dimensions.  (The revised R*-tree, by Beckmann and
 * Seeger, 2009, turns to margins as well.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "metric/bounds.h"
#include "tree/box.h"
#include "tree/choose.h"

/*
 * So many boxes are looked at for overlaps, those that grow least.  Twice as many
 * made no better trees, and half as many worse ones.
 */
#define MOST_TRIES	16

/*
 * The boxes of a node's children.
 */
typedef struct Children
{
	const MMModel *model;
	Page		page;
	int			n;
	int			stride;
	const float *lo;			/* planes of their least coordinates ... */
	const float *hi;			/* ... and of their greatest */
	float	   *growth;			/* of each, to hold the entry */
	float	   *overlap;		/* room for as many numbers */
	MMEntry		before;			/* room for a box ... */
	MMEntry		after;			/* ... and another */
} Children;

/*
 * The margin of a child's box along the coordinates of those columns that are
 * in present, in scales.
 */
static float
child_margin(const Children *children, int child, uint32 present)
{
	const MMModel *model = children->model;
	float		margin = 0.0f;

	for (int c = 0; c < model->ncoordinates; c++)
		if (present & (UINT32_C(1) << model->column_of[c]))
		{
			float		length = children->hi[c * children->stride + child] -
				children->lo[c * children->stride + child];

			if (length > 0.0f)
				margin += Min(length * model->unit[c], MM_BOX_MOST_LENGTH);
		}
	return margin;
}

/*
 * Compute by how much each box must grow to hold an entry.
 */
static void
compute_growths(Children *children, const uint32 *box)
{
	const MMModel *model = children->model;
	const uint32 *nulls = mm_page_words(children->page, 1);
	const uint32 *present = mm_page_words(children->page, 2);
	float		unit[MM_MAX_COORDINATES];

	for (int c = 0; c < model->ncoordinates; c++)
		unit[c] = box[2] & (UINT32_C(1) << model->column_of[c]) ? model->unit[c] : 0.0f;
	mm_box_growths(model->ncoordinates, (const float *) box + MM_ENTRY_HEADER, unit,
				   children->lo, children->hi, children->stride, children->n,
				   MM_BOX_MOST_LENGTH, children->growth);
	for (int i = 0; i < children->n; i++)
	{
		uint32		first_null = box[1] & ~nulls[i];
		uint32		first_value = box[2] & ~present[i];

		/*
		 * The first NULL of a column, or its first value, counts as one scale.
		 */
		if (first_null | first_value)
			children->growth[i] += pg_popcount32(first_null) + pg_popcount32(first_value);
	}
}

/*
 * The child that grows least, and among equal ones the one with the least margin.
 */
static int
least_growth(const Children *children, uint32 present)
{
	const float *growth = children->growth;
	int			best = 0;
	float		best_margin = -1.0f;	/* not known */

	for (int i = 1; i < children->n; i++)
	{
		if (growth[i] > growth[best])
			continue;
		if (growth[i] == growth[best])
		{
			float		margin = child_margin(children, i, present);

			if (best_margin < 0.0f)
				best_margin = child_margin(children, best, present);
			if (margin >= best_margin)
				continue;
			best_margin = margin;
		}
		else
			best_margin = -1.0f;
		best = i;
	}
	return best;
}

/*
 * How much more a child's box would overlap the others if it grew to hold an entry.
 */
static float
overlap_growth(Children *children, int child, const uint32 *box)
{
	const MMModel *model = children->model;
	const float *after = MMEntryFloats(children->after);
	float		unit[MM_MAX_COORDINATES];
	float		sum = 0.0f;

	mm_page_get(children->page, &model->inner, child, children->before);
	mm_page_get(children->page, &model->inner, child, children->after);
	mm_box_add(model, children->after, box);
	/* Boxes are not apart along a coordinate that this one has no values of. */
	for (int c = 0; c < model->ncoordinates; c++)
		unit[c] = after[c] <= after[model->ncoordinates + c] ? model->unit[c] : 0.0f;
	mm_box_overlap_growths(model->ncoordinates, MMEntryFloats(children->before), after, unit,
						   children->lo, children->hi, children->stride, children->n,
						   MM_BOX_MOST_LENGTH, children->overlap);
	for (int i = 0; i < children->n; i++)
		if (i != child)
			sum += children->overlap[i];
	return sum;
}

int
mm_choose_child(const MMModel *model, Page page, const uint32 *box)
{
	Children	children = {
		.model = model,
		.page = page,
		.n = MMPageGetSpecial(page)->n,
		.stride = mm_page_room(page),
		.lo = (float *) mm_page_words(page, MM_ENTRY_HEADER),
		.hi = (float *) mm_page_words(page, MM_ENTRY_HEADER + model->ncoordinates)
	};
	int			best = -1;
	float		best_overlap = 0.0f;
	int			child;

	children.growth = palloc(sizeof(float) * TYPEALIGN(METRIC_PLANE_SLACK, children.n));
	compute_growths(&children, box);
	child = least_growth(&children, box[2]);
	if (children.growth[child] == 0.0f)
	{
		pfree(children.growth);
		return child;
	}

	children.overlap = palloc(sizeof(float) * TYPEALIGN(METRIC_PLANE_SLACK, children.n));
	children.before = palloc(model->inner.size);
	children.after = palloc(model->inner.size);
	for (int tries = Min(MOST_TRIES, children.n); tries > 0; tries--)
	{
		float		overlap = overlap_growth(&children, child, box);

		if (best < 0 || overlap < best_overlap)
		{
			best = child;
			best_overlap = overlap;
		}
		if (best_overlap <= 0.0f)
			break;
		/* The next is the one that grows least of those that are left. */
		children.growth[child] = get_float4_infinity();
		child = least_growth(&children, box[2]);
	}
	pfree(children.after);
	pfree(children.before);
	pfree(children.overlap);
	pfree(children.growth);
	return best;
}
