/*-------------------------------------------------------------------------
 *
 * split.c
 *	  Dividing the entries of an overfull node in two.
 *
 * A leaf is divided along the coordinate in which its entries differ most, as a
 * build does (pack.c).  An inner node is divided by the rule of the R*-tree
 * (Beckmann, Kriegel, Schneider and Seeger, "The R*-tree: an efficient and
 * robust access method for points and rectangles", 1990): along the coordinate
 * along which the margins of all sensible divisions have the least sum.
 *
 * Along that coordinate, the division is chosen whose halves overlap least,
 * and among equal ones the one with the least margins.  Many divisions of a
 * leaf do not overlap at all, and even ones leave the fullest pages in the long
 * run.  So an uneven division of a leaf must have somewhat smaller margins, as
 * one between two clusters has.  Volumes vanish in many dimensions, so
 * overlap, too, is measured by margin (as in Beckmann and Seeger's revised
 * R*-tree, 2009).  Lengths are in scales of their columns.
 *
 * The split of an inner node looks at the boxes of all divisions along all
 * coordinates.  So boxes are stored in a form in which extending one by another
 * is a loop of minima, and a margin is LANES sums.  The compiler turns both
 * into vector code.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"

#include "tree/pack.h"
#include "tree/split.h"

/* Each half gets at least this percentage of the entries. */
#define LEAST_SHARE		40

/*
 * The margins of a division of a leaf count for more by this part of themselves,
 * times the part of the entries by which one half is larger.
 */
#define UNEVEN_COST		0.3f

#define LANES			4

/* A length counts for no more than this, in scales. */
#define MAX_LENGTH		1e12f

/*
 * A box.  It tells which columns have NULLs in it and which have values.  Then
 * come its least coordinates, and then its greatest ones with their signs
 * changed, each padded with Infinity to a multiple of LANES.
 */
typedef struct SplitBox
{
	uint32		nulls;
	uint32		values;
	float	   *x;
} SplitBox;

typedef struct Split
{
	const MMModel *model;
	int			width;			/* coordinates of a box, with padding */
	float		unit[MM_MAX_COORDINATES + LANES];
	int			n;				/* entries */
	int			least;			/* that a half gets */
	SplitBox   *boxes;			/* of the entries */
	float	   *keys;			/* of the entries, to sort them by */
	uint16	   *order;			/* their numbers, sorted along a coordinate */
	SplitBox   *last;			/* of order[i] and all that follow; for all
								 * sensible i */
	SplitBox	running;		/* of those looked at */
} Split;

static SplitBox
make_box(const Split *split)
{
	return (SplitBox) {.x = palloc(sizeof(float) * 2 * split->width)};
}

static void
clear_box(const Split *split, SplitBox *box)
{
	box->nulls = box->values = 0;
	for (int i = 0; i < 2 * split->width; i++)
		box->x[i] = get_float4_infinity();
}

static void
extend(const Split *split, SplitBox *box, const SplitBox *by)
{
	float	   *restrict x = box->x;
	const float *restrict other = by->x;

	box->nulls |= by->nulls;
	box->values |= by->values;
	for (int i = 0; i < 2 * split->width; i++)
		x[i] = Min(other[i], x[i]);
}

static void
copy_box(const Split *split, SplitBox *to, const SplitBox *from)
{
	to->nulls = from->nulls;
	to->values = from->values;
	memcpy(to->x, from->x, sizeof(float) * 2 * split->width);
}

/*
 * The margin of a box, in scales.  Having both NULLs and values in a column
 * counts as one.
 */
static float
margin(const Split *split, const SplitBox *box)
{
	const float *hi = box->x + split->width;
	float		sums[LANES] = {0};

	for (int i = 0; i < split->width; i += LANES)
		for (int j = 0; j < LANES; j++)
		{
			float		length = (-hi[i + j] - box->x[i + j]) * split->unit[i + j];

			/* The length is NaN or negative where there are no values. */
			length = length > 0.0f ? length : 0.0f;
			sums[j] += Min(length, MAX_LENGTH);
		}
	return sums[0] + sums[1] + sums[2] + sums[3] + pg_popcount32(box->nulls & box->values);
}

/*
 * The margin of the part that two boxes share, or 0 if they do not meet.
 */
static float
overlap(const Split *split, const SplitBox *a, const SplitBox *b)
{
	int			width = split->width;
	float		sum = pg_popcount32(a->nulls & a->values & b->nulls & b->values);

	for (int i = 0; i < split->model->ncoordinates; i++)
	{
		float		length = -Max(a->x[width + i], b->x[width + i]) - Max(a->x[i], b->x[i]);

		if (length < 0.0f)
			return 0.0f;
		sum += Min(length * split->unit[i], MAX_LENGTH);
	}
	return sum;
}

/*
 * Take the boxes of the entries of a node from its planes.
 */
static void
take_boxes(Split *split, Page page)
{
	const MMModel *model = split->model;
	bool		leaf = MMPageGetSpecial(page)->level == 0;
	uint32		all = PG_UINT32_MAX >> (32 - model->ncolumns);

	for (int i = 0; i < split->n; i++)
	{
		SplitBox   *box = &split->boxes[i];

		*box = make_box(split);
		clear_box(split, box);
		box->nulls = mm_page_words(page, leaf ? 2 : 1)[i];
		box->values = leaf ? all & ~box->nulls : mm_page_words(page, 2)[i];
	}
	for (int c = 0; c < model->ncoordinates; c++)
	{
		int			word = MM_ENTRY_HEADER + c;
		const float *lo = (float *) mm_page_words(page, word);
		const float *hi = leaf ? lo : (float *) mm_page_words(page, word + model->ncoordinates);

		for (int i = 0; i < split->n; i++)
		{
			SplitBox   *box = &split->boxes[i];

			if ((box->values & (UINT32_C(1) << model->column_of[c])) == 0)
				continue;
			box->x[c] = lo[i];
			box->x[split->width + c] = -hi[i];
		}
	}
}

/*
 * Take the centres of the entries' boxes along a coordinate, with Infinity for
 * NULLs.
 */
static void
take_keys(Split *split, int c)
{
	for (int i = 0; i < split->n; i++)
	{
		const float *x = split->boxes[i].x;

		split->keys[i] = isinf(x[c]) ? get_float4_infinity() :
			0.5f * x[c] - 0.5f * x[split->width + c];
	}
}

/*
 * Sort the entries by the centres of their boxes, with NULLs last.  The rank
 * of each is the number of entries that are less.  A node has few entries, and
 * counting needs no branches.
 */
static void
sort_along(Split *split, int c)
{
	int			n = split->n;
	const float *keys = split->keys;

	take_keys(split, c);
	for (int i = 0; i < n; i++)
	{
		float		key = keys[i];
		int			rank = 0;

		for (int j = 0; j < i; j++)
			rank += keys[j] <= key;
		for (int j = i + 1; j < n; j++)
			rank += keys[j] < key;
		split->order[rank] = i;
	}
}

/*
 * For all sensible divisions, make the box of the entries in the second half.
 */
static void
accumulate_last(Split *split)
{
	clear_box(split, &split->running);
	for (int i = split->n - 1; i >= split->least; i--)
	{
		extend(split, &split->running, &split->boxes[split->order[i]]);
		if (i <= split->n - split->least)
			copy_box(split, &split->last[i], &split->running);
	}
}

/*
 * The sum of the margins of all sensible divisions, as the entries are sorted
 * now.
 */
static float
sum_margins(Split *split)
{
	float		sum = 0.0f;

	accumulate_last(split);
	clear_box(split, &split->running);
	for (int i = 1; i <= split->n - split->least; i++)
	{
		extend(split, &split->running, &split->boxes[split->order[i - 1]]);
		if (i >= split->least)
			sum += margin(split, &split->running) + margin(split, &split->last[i]);
	}
	return sum;
}

/*
 * Choose the division whose halves overlap least, and among equal ones the one with
 * the least margins.  If halves should be even, that counts, too.  Returns how many
 * entries the first half has.
 */
static int
choose_division(Split *split, bool even)
{
	int			best = split->n / 2;
	float		best_overlap = get_float4_infinity();
	float		best_cost = get_float4_infinity();

	accumulate_last(split);
	clear_box(split, &split->running);
	for (int i = 1; i <= split->n - split->least; i++)
	{
		float		shared;
		float		cost;

		extend(split, &split->running, &split->boxes[split->order[i - 1]]);
		if (i < split->least)
			continue;
		shared = overlap(split, &split->running, &split->last[i]);
		cost = margin(split, &split->running) + margin(split, &split->last[i]);
		if (even)
			cost *= 1.0f + UNEVEN_COST * abs(2 * i - split->n) / split->n;
		if (shared < best_overlap || (shared == best_overlap && cost < best_cost))
		{
			best = i;
			best_overlap = shared;
			best_cost = cost;
		}
	}
	return best;
}

/*
 * The coordinate along which entries of a leaf differ most.
 */
static int
widest_axis(Split *split)
{
	int			axis = 0;
	double		most = 0.0;

	for (int c = 0; c < split->model->ncoordinates; c++)
	{
		double		spread;

		take_keys(split, c);
		spread = split->model->unit[c] == 0.0f ? 0.0 :
			mm_pack_spread_of(split->keys, split->n, split->model->unit[c]);
		if (spread > most)
		{
			axis = c;
			most = spread;
		}
	}
	return axis;
}

/*
 * The coordinate along which the margins of all sensible divisions have the least
 * sum.
 */
static int
least_margins_axis(Split *split)
{
	int			axis = 0;
	float		least = get_float4_infinity();

	for (int c = 0; c < split->model->ncoordinates; c++)
	{
		float		margins;

		sort_along(split, c);
		margins = sum_margins(split);
		if (margins < least)
		{
			axis = c;
			least = margins;
		}
	}
	return axis;
}

int
mm_split_page(const MMModel *model, Page page, uint16 *order)
{
	bool		leaf = MMPageGetSpecial(page)->level == 0;
	int			n = MMPageGetSpecial(page)->n;
	Split		split = {.model = model, .n = n, .order = order};

	split.least = Max(n * LEAST_SHARE / 100, 1);
	split.boxes = palloc(sizeof(SplitBox) * n);
	split.last = palloc(sizeof(SplitBox) * n);
	split.keys = palloc(sizeof(float) * n);
	split.width = TYPEALIGN(LANES, Max(model->ncoordinates, 1));
	memcpy(split.unit, model->unit, sizeof(float) * model->ncoordinates);
	split.running = make_box(&split);
	for (int i = split.least; i <= n - split.least; i++)
		split.last[i] = make_box(&split);
	take_boxes(&split, page);
	if (model->ncoordinates == 0)
	{
		for (int i = 0; i < n; i++)
			order[i] = i;
		return n / 2;
	}

	sort_along(&split, leaf ? widest_axis(&split) : least_margins_axis(&split));
	return choose_division(&split, leaf);
}
