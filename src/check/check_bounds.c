/*-------------------------------------------------------------------------
 *
 * check_bounds.c
 *	  mmdb_index_check: do bounds hold?
 *
 * Some rows of a few leaves are fetched.  Some of them serve as queries.  The
 * bounds of a query's distances to all the others come from coordinates and
 * from sketches, computed over the leaves' pages as a search does it, and from
 * the leaves' boxes.  Bounds that are refined up to some number are asked for up
 * to numbers above, at and below the distance.  The distances themselves must lie
 * within these bounds, and functions of distances must not be below their polygons.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "check/check.h"
#include "metric/bounds.h"
#include "search/bounding.h"
#include "tree/box.h"

/*
 * No more than MOST_ROWS rows are fetched, and about MOST_QUERIES of them are
 * queries.
 */
#define MOST_ROWS		1000
#define MOST_QUERIES	100

typedef struct Row
{
	int			leaf;			/* which of the leaves */
	int			entry;			/* of it */
	Datum	   *values;
	bool	   *isnull;
} Row;

typedef struct BoundsState
{
	Relation	index;
	MMColumns  *columns;
	const MMModel *model;
	const BlockNumber *blocks;
	Page	   *pages;
	int			nleaves;
	MMEntry    *boxes;			/* of the leaves */
	Row			rows[MOST_ROWS];
	int			nrows;
	Size		used;			/* bytes of their values */
} BoundsState;

/* One column of a query. */
typedef struct QueryColumn
{
	int			column;
	const Row  *row;
	void	   *prepared;
	MMBoundTerm term;
	MMPointTerm point;
	MMTermCurve *curves[MM_BEND_UNKNOWN + 1];	/* one for each way of bending */
} QueryColumn;

/* ---------- rows ---------- */

/*
 * Keep a copy of a row's values.
 */
static void
keep_row(BoundsState *state, int leaf, int entry, Datum *values, const bool *isnull)
{
	Row		   *row = &state->rows[state->nrows++];
	int			n = state->columns->n;

	row->leaf = leaf;
	row->entry = entry;
	row->values = memcpy(palloc(sizeof(Datum) * n), values, sizeof(Datum) * n);
	row->isnull = memcpy(palloc(sizeof(bool) * n), isnull, sizeof(bool) * n);
	for (int c = 0; c < n; c++)
	{
		const MMColumn *column = &state->columns->columns[c];

		if (isnull[c] || column->typbyval)
			continue;
		row->values[c] = column->typlen == -1 ?
			PointerGetDatum(PG_DETOAST_DATUM_COPY(values[c])) :
			datumCopy(values[c], false, column->typlen);
		state->used += datumGetSize(row->values[c], false, column->typlen);
	}
}

/*
 * Fetch the rows of the leaves, as long as they are visible, and as memory and
 * their number allow.
 */
static void
fetch_rows(BoundsState *state, Relation heap, Snapshot snapshot)
{
	IndexInfo  *indexInfo = BuildIndexInfo(state->index);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	TupleTableSlot *slot = table_slot_create(heap, NULL);
	IndexFetchTableData *fetch = table_index_fetch_begin(heap);

	econtext->ecxt_scantuple = slot;
	for (int leaf = 0; leaf < state->nleaves; leaf++)
	{
		int			n = MMPageGetSpecial(state->pages[leaf])->n;

		/* Each leaf has an equal share. */
		n = Min(n, MOST_ROWS / state->nleaves);
		for (int i = 0; i < n && state->used < (Size) maintenance_work_mem * 1024; i++)
		{
			Datum		keys[INDEX_MAX_KEYS];
			bool		keynulls[INDEX_MAX_KEYS];
			Datum		values[MM_MAX_COLUMNS];
			bool		isnull[MM_MAX_COLUMNS];
			bool		call_again = false;
			bool		all_dead = false;
			ItemPointerData tid;

			CHECK_FOR_INTERRUPTS();
			ItemPointerSet(&tid, mm_page_words(state->pages[leaf], 0)[i],
						   (OffsetNumber) mm_page_words(state->pages[leaf], 1)[i]);
			/* If a row is gone, its block may be gone, too. */
			if (ItemPointerGetBlockNumber(&tid) >= RelationGetNumberOfBlocks(heap) ||
				!table_index_fetch_tuple(fetch, &tid, snapshot, slot, &call_again, &all_dead))
				continue;
			FormIndexDatum(indexInfo, slot, estate, keys, keynulls);
			mm_columns_values(state->columns, keys, keynulls, values, isnull);
			keep_row(state, leaf, i, values, isnull);
			ResetExprContext(econtext);
		}
	}
	table_index_fetch_end(fetch);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
}

/* ---------- functions of distances ---------- */

static double
of_line(MMTermCurve *curve, double distance)
{
	return 3.7 * distance;
}

static double
of_root(MMTermCurve *curve, double distance)
{
	return sqrt(distance);
}

static double
of_square(MMTermCurve *curve, double distance)
{
	return distance * distance;
}

static double
of_bell(MMTermCurve *curve, double distance)
{
	return distance / (1 + distance) * distance / (1 + distance);
}

/*
 * Functions that bend in all ways.
 */
static void
make_curves(QueryColumn *query)
{
	static double (*const functions[]) (MMTermCurve *, double) = {
		[MM_BEND_LINEAR] = of_line,
		[MM_BEND_CONCAVE] = of_root,
		[MM_BEND_CONVEX] = of_square,
		[MM_BEND_UNKNOWN] = of_bell,
	};

	for (int bend = 0; bend <= MM_BEND_UNKNOWN; bend++)
	{
		query->curves[bend] = palloc0(sizeof(MMTermCurve));
		query->curves[bend]->bend = bend;
		query->curves[bend]->least = query->curves[bend]->most = functions[bend];
	}
}

/* ---------- bounds ---------- */

static void
make_query(const BoundsState *state, const Row *row, int column, QueryColumn *query)
{
	MMTerm		term = {
		.column = column,
		.weight = 1.0,
		.scale = 1.0,
		.value = row->values[column],
	};

	query->column = column;
	query->row = row;
	query->prepared = mm_metric_prepare(&state->columns->columns[column].space, term.value);
	mm_bound_term_init(&query->term, &query->point, state->model, &term, true);
	mm_bound_term_sketch(&query->term, state->model, &term);
	make_curves(query);
}

static void
report(const BoundsState *state, const QueryColumn *query, const Row *row, const char *what,
	   double bound, double distance)
{
	mm_report_damage(state->index,
					 "Block %u, entry %d, as a query against block %u, entry %d, in column \"%s\": the %s is %.9g, but the distance %.17g.",
					 state->blocks[query->row->leaf], query->row->entry,
					 state->blocks[row->leaf], row->entry,
					 state->columns->columns[query->column].name, what, bound, distance);
}

/*
 * The bound from a leaf's box, computed as if the box were an entry of its
 * parent.
 */
static float
box_bound(const BoundsState *state, const QueryColumn *query, int leaf)
{
	const MMColumnModel *c = &state->model->of[query->column];
	const float *lo = MMEntryFloats(state->boxes[leaf]) + c->first;
	float		planes[2][METRIC_MAX_RAW_COORDINATES + MM_MAX_PIVOTS + METRIC_PLANE_SLACK] = {{0}};
	float		bounds[METRIC_PLANE_SLACK];

	if (c->ncoordinates == 0)
		return 0.0f;
	memcpy(planes[0], lo, sizeof(float) * c->ncoordinates);
	memcpy(planes[1], lo + state->model->ncoordinates, sizeof(float) * c->ncoordinates);
	mm_box_bounds(c->norm, &query->term.transform, c->ncoordinates, query->term.q,
				  planes[0], planes[1], 1, 1, bounds);
	return bounds[0];
}

/*
 * Check what a closer look at the sketch of a row tells of its distance.
 */
static void
check_refined(const BoundsState *state, QueryColumn *query, const Row *row,
			  const MetricSketchPlanes *planes, double distance)
{
	const double bounds[] = {METRIC_NO_BOUND, distance, distance / 2, 0.0};

	for (int i = 0; i < (int) lengthof(bounds); i++)
	{
		double		upper;
		double		lower = query->term.routine->refine(query->term.refine_query, planes,
														row->entry, bounds[i], &upper);

		if (!(lower <= distance))
			report(state, query, row, "refined lower bound from the sketch", lower, distance);
		if (!(upper >= distance))
			report(state, query, row, "refined upper bound from the sketch", upper, distance);
	}
}

/*
 * Check that the lines of a function are below the function for a lower bound of a
 * distance, and for the distance itself.  The first distance that is looked at is taken
 * for a usual one.
 */
static void
check_curves(const BoundsState *state, QueryColumn *query, const Row *row, float lower,
			 double distance)
{
	for (int bend = 0; bend <= MM_BEND_UNKNOWN && isfinite(distance); bend++)
	{
		MMTermCurve *curve = query->curves[bend];
		float		x[METRIC_PLANE_SLACK] = {lower, (float) Min(distance, FLT_MAX)};
		double		value = curve->least(curve, distance);

		if (x[1] > distance)
			x[1] = nextafterf(x[1], 0.0f);
		mm_term_curve_init(curve, 2 * distance);
		mm_term_curve_shape(curve, x, 2);
		for (int i = 0; i < 2; i++)
			if (!(x[i] <= value))
				report(state, query, row, "bound of a function", x[i], value);
	}
}

/*
 * Check the bounds of a query's distances to the rows of one leaf.  These are
 * the rows from first to before end.
 */
static void
check_leaf(BoundsState *state, QueryColumn *query, int first, int end)
{
	const MMColumnModel *c = &state->model->of[query->column];
	MetricSpace *space = &state->columns->columns[query->column].space;
	int			leaf = state->rows[first].leaf;
	Page		page = state->pages[leaf];
	int			n = MMPageGetSpecial(page)->n;
	float		box = box_bound(state, query, leaf);
	float		lower[MM_MAX_ENTRIES];
	float		upper[MM_MAX_ENTRIES];
	float		sums[MM_MAX_ENTRIES];
	float		sketch_lower[MM_MAX_ENTRIES];
	float		sketch_upper[MM_MAX_ENTRIES];
	MetricSketchPlanes planes = {
		.n = n,
		.stride = mm_page_room(page),
		.words = mm_page_words(page, c->first_word),
		.bytes = mm_page_bytes(page, &state->model->leaf, c->first_byte),
	};

	if (c->ncoordinates > 0)
		mm_point_bounds(c->norm, &query->term.transform, c->ncoordinates, query->term.q,
						(float *) mm_page_words(page, MM_ENTRY_HEADER + c->first),
						mm_page_room(page), n, lower, upper);
	mm_point_sums(&query->point, 1, (float *) mm_page_words(page, MM_ENTRY_HEADER),
				  mm_page_words(page, 2), mm_page_room(page), n, sums);
	if (query->term.sketch_query != NULL)
		space->routine->sketch_bounds(query->term.sketch_query, &planes, sketch_lower, sketch_upper);
	for (const Row *row = &state->rows[first]; row < &state->rows[end]; row++)
	{
		int			i = row->entry;
		double		distance;

		if (row->isnull[query->column])
			continue;
		distance = mm_metric_distance(space, query->prepared, row->values[query->column],
									  METRIC_NO_BOUND);
		if (isnan(distance) && space->routine != NULL && space->routine->may_be_nan)
			continue;
		if (!(box <= distance))
			report(state, query, row, "lower bound from the leaf's box", box, distance);
		if (c->ncoordinates > 0 && !(lower[i] <= distance))
			report(state, query, row, "lower bound from coordinates", lower[i], distance);
		if (!(sums[i] <= distance))
			report(state, query, row, "sum of lower bounds from coordinates", sums[i], distance);
		/*
		 * Where coordinates are not the metric's raw ones, a search does without
		 * upper bounds.
		 */
		if (c->ncoordinates > 0 && c->embedding == MM_EMBED_RAW && !(upper[i] >= distance))
			report(state, query, row, "upper bound from coordinates", upper[i], distance);
		if (query->term.sketch_query != NULL && !(sketch_lower[i] <= distance))
			report(state, query, row, "lower bound from sketches", sketch_lower[i], distance);
		if (query->term.sketch_query != NULL && !(sketch_upper[i] >= distance))
			report(state, query, row, "upper bound from sketches", sketch_upper[i], distance);
		check_curves(state, query, row, sums[i], distance);
		if (query->term.refine_query != NULL)
			check_refined(state, query, row, &planes, distance);
	}
}

static void
check_query(BoundsState *state, const Row *row)
{
	for (int column = 0; column < state->columns->n; column++)
	{
		QueryColumn		query;
		int			end;

		/* A sub-index knows one column. */
		if (row->isnull[column] ||
			(state->model->of[column].ncoordinates == 0 && state->model->of[column].sketch == NULL))
			continue;
		make_query(state, row, column, &query);
		for (int first = 0; first < state->nrows; first = end)
		{
			CHECK_FOR_INTERRUPTS();
			for (end = first + 1; end < state->nrows; end++)
				if (state->rows[end].leaf != state->rows[first].leaf)
					break;
			check_leaf(state, &query, first, end);
		}
	}
}

void
mm_check_bounds(Relation heap, Relation index, MMColumns *columns,
				const MMModel *model, Snapshot snapshot,
				const BlockNumber *blocks, Page *pages, int n)
{
	BoundsState *state = palloc0(sizeof(BoundsState));
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb check query",
												  ALLOCSET_DEFAULT_SIZES);

	state->index = index;
	state->columns = columns;
	state->model = model;
	state->blocks = blocks;
	state->pages = pages;
	state->nleaves = n;
	state->boxes = palloc(sizeof(MMEntry) * Max(n, 1));
	for (int leaf = 0; leaf < n; leaf++)
	{
		state->boxes[leaf] = palloc(model->inner.size);
		mm_box_of_page(model, pages[leaf], blocks[leaf], state->boxes[leaf]);
	}
	fetch_rows(state, heap, snapshot);
	for (int i = 0; i < state->nrows; i += state->nrows / MOST_QUERIES + 1)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);

		check_query(state, &state->rows[i]);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
}
