/*-------------------------------------------------------------------------
 *
 * vantage.c
 *	  Training, storing and applying the skeleton of an MVP-tree (Bozkaya and
 *	  Ozsoyoglu, "Distance-based indexing for high-dimensional metric spaces",
 *	  1997); see vantage.h.
 *
 * A node keeps within which limits the values below it are, as distances to
 * its parent's two vantage points: at least lo, and less than hi.  The
 * children of a node leave no gap between them, so every value has its way,
 * however unlike the sample.  Limits are compared with coordinates as entries
 * have them, rounded to float.  So the limits are a box around the coordinates
 * of whatever is below, and bound distances as any box does (bounds.h).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "index/options.h"
#include "metric/bounds.h"
#include "model/pivots.h"
#include "model/stored_value.h"
#include "model/vantage.h"

/*
 * A region should have so many rows, which are a few leaves, and so many
 * values of the sample.
 */
#define REGION_ROWS		2000
#define REGION_VALUES	16

/*
 * The skeletons to choose from, in the order of their numbers of regions.
 */
typedef struct Layout
{
	int			levels;			/* above the regions */
	int			parts;			/* by each vantage point */
	int			regions;		/* at most */
} Layout;

static const Layout layouts[] = {
	{0, 1, 1},
	{1, 2, 4},
	{1, 3, 9},
	{2, 2, 16},
	{2, 3, 81},
};

#define MAX_LEVELS		2
#define MAX_PARTS		3

StaticAssertDecl(MAX_PARTS * MAX_PARTS == MM_VANTAGE_CHILDREN, "children are parts of parts");
StaticAssertDecl((MAX_LEVELS + 1) * MM_VANTAGE_POINTS <= MM_MAX_PIVOTS, "too many coordinates");

typedef struct StoredNode
{
	int32		parent;			/* -1: this is the root */
	int32		first_child;
	int32		nchildren;		/* 0: a region */
	float		lo[MM_VANTAGE_POINTS];	/* by its parent's vantage points */
	float		hi[MM_VANTAGE_POINTS];	/* Infinity: no limit */
} StoredNode;

/*
 * The stored form begins with this.  Then come the nodes, the blocks of the
 * regions' roots, and the vantage points of all nodes, each of these three at
 * a MAXALIGNed offset.
 */
typedef struct StoredVantage
{
	uint64		size;			/* of all of it */
	int32		nnodes;
	int32		nregions;
	int32		ncoordinates;	/* of an entry */
	int32		own;			/* vantage points of a region */
	float		unit;			/* of its coordinates; see mm_model_unit */
} StoredVantage;

static StoredNode *
stored_nodes(const StoredVantage *stored)
{
	return (StoredNode *) ((char *) stored + MAXALIGN(sizeof(StoredVantage)));
}

static BlockNumber *
stored_roots(const StoredVantage *stored)
{
	return (BlockNumber *) ((char *) stored_nodes(stored) +
							MAXALIGN(sizeof(StoredNode) * stored->nnodes));
}

/*
 * How much comes before the points.
 */
static Size
size_without_points(const StoredVantage *stored)
{
	return MAXALIGN(sizeof(StoredVantage)) + MAXALIGN(sizeof(StoredNode) * stored->nnodes) +
		MAXALIGN(sizeof(BlockNumber) * stored->nregions);
}

static char *
stored_points(const StoredVantage *stored)
{
	return (char *) stored + size_without_points(stored);
}

/*
 * The number of a node's first vantage point.  Only regions, which come last,
 * may have another number of them.
 */
static int
first_point(const StoredVantage *stored, int node)
{
	int			inner = stored->nnodes - stored->nregions;

	return Min(node, inner) * MM_VANTAGE_POINTS + Max(node - inner, 0) * stored->own;
}

BlockNumber *
mm_vantage_roots(void *stored, int *nregions)
{
	*nregions = ((StoredVantage *) stored)->nregions;
	return stored_roots(stored);
}

Size
mm_vantage_size(const void *stored)
{
	return ((const StoredVantage *) stored)->size;
}

/* ---------- training ---------- */

/*
 * A value of the sample, and its distances to the vantage points of the node
 * that it is below.
 */
typedef struct Member
{
	int			value;			/* its index */
	float		x[MM_VANTAGE_POINTS];
} Member;

/* What training knows of a node. */
typedef struct TrainedNode
{
	StoredNode	stored;
	int			level;
	Member	   *members;		/* the values below it */
	int			n;				/* at least 1 */
	int			points[MM_MAX_PIVOTS];	/* indexes of values */
} TrainedNode;

typedef struct Training
{
	MMColumn   *column;
	double		scale;
	const Datum *values;
	Layout		layout;
	int			own;			/* vantage points of a region */
	TrainedNode *nodes;
	int			nnodes;
} Training;

static int
compare_first(const void *a, const void *b)
{
	return mm_compare_floats(&((const Member *) a)->x[0], &((const Member *) b)->x[0]);
}

static int
compare_second(const void *a, const void *b)
{
	return mm_compare_floats(&((const Member *) a)->x[1], &((const Member *) b)->x[1]);
}

/*
 * The largest skeleton that so many rows and sampled values are enough for.
 */
static Layout
choose_layout(double rows, int n)
{
	int			i = lengthof(layouts) - 1;

	while (i > 0 &&
		   (rows < (double) layouts[i].regions * REGION_ROWS ||
			n < layouts[i].regions * REGION_VALUES))
		i--;
	return layouts[i];
}

/*
 * How many coordinates pay: another pivot for the whole column is worth its
 * bytes as long as it tells random values apart by a hundredth of a scale
 * more.
 */
static int
count_paying(MMColumn *column, double scale, const Datum *values, int n)
{
	int			pivots[MM_MAX_PIVOTS];
	double		gains[MM_MAX_PIVOTS];
	int			candidates = mm_pivots_choose(column, scale, values, n, MM_MAX_PIVOTS, pivots, gains);
	int			count = 1;
	const double least_gain = 0.01;

	while (count < candidates && gains[count] - gains[count - 1] > least_gain)
		count++;
	return count;
}

/*
 * Choose vantage points among the members of a node, far from each other.  If
 * there are too few that differ, the first serves again.
 */
static void
choose_points(Training *training, TrainedNode *node, int npoints)
{
	int			n = Min(node->n, MM_PIVOT_VALUES);
	Datum	   *values = palloc(sizeof(Datum) * n);
	int			pivots[MM_MAX_PIVOTS];
	double		gains[MM_MAX_PIVOTS];
	int			chosen;

	/* Members are in the order of some distance: take them from everywhere. */
	for (int i = 0; i < n; i++)
		values[i] = training->values[node->members[(int64) node->n * i / n].value];
	chosen = mm_pivots_choose(training->column, training->scale, values, n, npoints,
							  pivots, gains);
	for (int p = 0; p < npoints; p++)
		node->points[p] =
			node->members[(int64) node->n * pivots[p < chosen ? p : 0] / n].value;
	pfree(values);
}

/*
 * Measure the members' distances to the two vantage points of a node.
 */
static void
measure_members(Training *training, TrainedNode *node)
{
	MetricSpace *space = &training->column->space;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb vantage points",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext scratch = AllocSetContextCreate(context, "mmdb vantage point distances",
												  ALLOCSET_DEFAULT_SIZES);

	for (int p = 0; p < MM_VANTAGE_POINTS; p++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		void	   *prepared = mm_metric_prepare(space, training->values[node->points[p]]);

		MemoryContextSwitchTo(scratch);
		for (int i = 0; i < node->n; i++)
		{
			Member	   *member = &node->members[i];

			member->x[p] = (float) mm_pivot_coordinate(space, prepared,
													   training->values[member->value]);
			MemoryContextReset(scratch);
			CHECK_FOR_INTERRUPTS();
		}
		MemoryContextSwitchTo(old);
	}
	MemoryContextDelete(context);
}

/*
 * Divide n members, sorted by their distance to one of the vantage points,
 * into parts of about equal numbers.  Members at equal distances stay
 * together, so there may be fewer parts.  starts[i] becomes where part i
 * begins, and cuts[i] the least distance that belongs in it; for the first, it
 * is 0.  Behind the last, there are n and Infinity.  Returns how many parts
 * there are, each of which has members.
 */
static int
divide(const Member *members, int n, int point, int parts, int *starts, float *cuts)
{
	int			count = 1;

	starts[0] = 0;
	cuts[0] = 0.0f;
	for (int i = 1; i < parts; i++)
	{
		int			at = (int) ((int64) n * i / parts);
		int			down = at;
		int			up = at;
		float		below;
		float		above;
		float		middle;

		while (down > 0 && members[down].x[point] == members[down - 1].x[point])
			down--;
		while (up > 0 && up < n && members[up].x[point] == members[up - 1].x[point])
			up++;
		at = down > starts[count - 1] && at - down <= up - at ? down : up;
		if (at <= starts[count - 1] || at >= n)
			continue;
		/* Half-way leaves most room on both sides. */
		below = members[at - 1].x[point];
		above = members[at].x[point];
		middle = below + (above - below) / 2;
		starts[count] = at;
		cuts[count++] = middle > below ? middle : above;
	}
	starts[count] = n;
	cuts[count] = get_float4_infinity();
	return count;
}

static void
add_child(Training *training, int parent, Member *members, int n, const float *lo, const float *hi)
{
	TrainedNode *node = &training->nodes[training->nnodes++];

	node->stored.parent = parent;
	memcpy(node->stored.lo, lo, sizeof(node->stored.lo));
	memcpy(node->stored.hi, hi, sizeof(node->stored.hi));
	node->level = training->nodes[parent].level + 1;
	node->members = members;
	node->n = n;
	training->nodes[parent].stored.nchildren++;
}

/*
 * Give a node its children.
 */
static void
divide_node(Training *training, int number)
{
	TrainedNode *node = &training->nodes[number];
	int			starts[MAX_PARTS + 1];
	float		cuts[MAX_PARTS + 1];
	int			nparts;

	measure_members(training, node);
	node->stored.first_child = training->nnodes;
	qsort(node->members, node->n, sizeof(Member), compare_first);
	nparts = divide(node->members, node->n, 0, training->layout.parts, starts, cuts);
	for (int i = 0; i < nparts; i++)
	{
		Member	   *part = node->members + starts[i];
		int			n = starts[i + 1] - starts[i];
		int			within[MAX_PARTS + 1];
		float		second[MAX_PARTS + 1];
		int			count;

		qsort(part, n, sizeof(Member), compare_second);
		count = divide(part, n, 1, training->layout.parts, within, second);
		for (int j = 0; j < count; j++)
		{
			float		lo[MM_VANTAGE_POINTS] = {cuts[i], second[j]};
			float		hi[MM_VANTAGE_POINTS] = {cuts[i + 1], second[j + 1]};

			add_child(training, number, part + within[j], within[j + 1] - within[j], lo, hi);
		}
	}
}

/*
 * Train all nodes, from the root on.
 */
static void
train_nodes(Training *training, int n)
{
	TrainedNode *root;
	int			most = 1;

	for (int level = 0, width = 1; level < training->layout.levels; level++)
		most += width *= training->layout.parts * training->layout.parts;
	training->nodes = palloc0(sizeof(TrainedNode) * most);
	training->nnodes = 1;
	root = &training->nodes[0];
	root->stored.parent = -1;
	root->members = palloc0(sizeof(Member) * Max(n, 1));
	root->n = n;
	for (int i = 0; i < n; i++)
		root->members[i].value = i;

	for (int i = 0; n > 0 && i < training->nnodes; i++)
	{
		TrainedNode *node = &training->nodes[i];
		bool		region = node->level == training->layout.levels;

		choose_points(training, node, region ? training->own : MM_VANTAGE_POINTS);
		if (!region)
			divide_node(training, i);
	}
}

static void *
store(const Training *training, StoredVantage header)
{
	Datum	   *points;
	int			npoints = 0;
	StoredVantage *result;
	char	   *pt;

	points = palloc(sizeof(Datum) * Max(first_point(&header, header.nnodes), 1));
	header.size = size_without_points(&header);
	for (int i = 0; i < header.nnodes; i++)
		for (int p = 0; p < first_point(&header, i + 1) - first_point(&header, i); p++)
		{
			Datum		value = training->values[training->nodes[i].points[p]];

			points[npoints++] = value;
			header.size += mm_stored_value_size(training->column, value);
		}

	result = palloc0(header.size);
	*result = header;
	for (int i = 0; i < header.nnodes; i++)
		stored_nodes(result)[i] = training->nodes[i].stored;
	for (int i = 0; i < header.nregions; i++)
		stored_roots(result)[i] = InvalidBlockNumber;
	pt = stored_points(result);
	for (int i = 0; i < npoints; i++)
		pt = mm_store_value(training->column, points[i], pt);
	pfree(points);
	return result;
}

void *
mm_vantage_train(MMColumn *column, const MMColumnStatistics *stats, const Datum *values, int n,
				 double rows, int npivots)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb vantage training",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MetricTransform transform = mm_metric_pivot_transform(&column->space, stats->dimensions);
	Training	training = {
		.column = column,
		.scale = stats->scale,
		.values = values,
		.layout = choose_layout(rows, n),
	};
	StoredVantage header = {.unit = mm_model_unit(METRIC_NORM_PIVOTS, &transform, stats->scale)};
	void	   *result;

	if (n > 0)
	{
		int			path = training.layout.levels * MM_VANTAGE_POINTS;

		if (npivots == 0)
			npivots = count_paying(column, stats->scale, values, n);
		training.own = Max(Min(npivots, MM_MAX_PIVOTS) - path, MM_VANTAGE_POINTS);
		header.own = training.own;
		header.ncoordinates = path + training.own;
	}
	train_nodes(&training, n);
	header.nnodes = training.nnodes;
	for (int i = 0; i < training.nnodes; i++)
		header.nregions += training.nodes[i].level == training.layout.levels;

	MemoryContextSwitchTo(old);
	result = store(&training, header);
	MemoryContextDelete(context);
	return result;
}

/* ---------- use ---------- */

struct MMVantage
{
	const StoredVantage *stored;
	const StoredNode *nodes;
	int			column;
	const MMModel *base;		/* what it was opened with */
	MemoryContext context;
	Datum	   *points;			/* of all nodes */
	void	  **prepared;		/* those of them that have been needed as queries */
	MMModel   **models;			/* those of the regions that have been needed */
};

MMVantage *
mm_vantage_open(const MMModel *model, int column, const void *stored)
{
	MMVantage  *vantage = palloc0(sizeof(MMVantage));
	const MMColumn *of = &model->columns->columns[column];
	Size		size = mm_vantage_size(stored);
	StoredVantage *copy = memcpy(palloc(size), stored, size);
	int			npoints = first_point(copy, copy->nnodes);
	char	   *pt = stored_points(copy);

	vantage->stored = copy;
	vantage->nodes = stored_nodes(copy);
	vantage->column = column;
	vantage->base = model;
	vantage->context = CurrentMemoryContext;
	vantage->points = palloc(sizeof(Datum) * Max(npoints, 1));
	vantage->prepared = palloc0(sizeof(void *) * Max(npoints, 1));
	vantage->models = palloc0(sizeof(MMModel *) * copy->nregions);
	for (int p = 0; p < npoints; p++)
		pt = mm_load_value(of, &vantage->points[p], pt);
	return vantage;
}

void
mm_vantage_fit(MMModel *model, int column, const void *stored)
{
	const StoredVantage *header = stored;
	int			sketch_words = model->leaf.words - MM_ENTRY_HEADER - model->ncoordinates;

	model->ncoordinates = header->ncoordinates;
	model->of[column].first = 0;
	model->of[column].ncoordinates = header->ncoordinates;
	for (int x = 0; x < header->ncoordinates; x++)
	{
		model->unit[x] = header->unit;
		model->column_of[x] = column;
	}
	mm_shape_init(&model->leaf, MM_ENTRY_HEADER + model->ncoordinates + sketch_words,
				  model->leaf.bytes);
	mm_shape_init(&model->inner, MM_ENTRY_HEADER + 2 * model->ncoordinates, 0);
}

int
mm_vantage_region_count(const MMVantage *vantage)
{
	return vantage->stored->nregions;
}

BlockNumber
mm_vantage_root(const MMVantage *vantage, int region)
{
	return stored_roots(vantage->stored)[region];
}

int
mm_vantage_children(const MMVantage *vantage, int node, int *first)
{
	*first = vantage->nodes[node].first_child;
	return vantage->nodes[node].nchildren;
}

int
mm_vantage_region(const MMVantage *vantage, int node)
{
	int			inner = vantage->stored->nnodes - vantage->stored->nregions;

	return node < inner ? -1 : node - inner;
}

bool
mm_vantage_has_nulls(const MMVantage *vantage, int node)
{
	int			above = vantage->stored->nnodes - vantage->stored->nregions;

	while (above > node)
		above = vantage->nodes[above].parent;
	return above == node;
}

static MetricSpace *
space_of(const MMVantage *vantage)
{
	return &vantage->base->columns->columns[vantage->column].space;
}

/*
 * What leads from distances to vantage points to distances of a value.
 */
static MetricTransform
transform_of(const MMVantage *vantage, Datum value)
{
	return mm_metric_pivot_transform(space_of(vantage), mm_metric_dimensions(space_of(vantage), value));
}

/*
 * A vantage point as a query.
 */
static void *
prepare_point(MMVantage *vantage, int point)
{
	if (vantage->prepared[point] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(vantage->context);

		vantage->prepared[point] = mm_metric_prepare(space_of(vantage), vantage->points[point]);
		MemoryContextSwitchTo(old);
	}
	return vantage->prepared[point];
}

/*
 * The distances of a value to the vantage points of a node, as coordinates.
 * Returns how many there are.
 */
static int
measure(MMVantage *vantage, int node, Datum value, float *x)
{
	int			first = first_point(vantage->stored, node);
	int			n = first_point(vantage->stored, node + 1) - first;

	for (int p = 0; p < n; p++)
		x[p] = (float) mm_pivot_coordinate(space_of(vantage), prepare_point(vantage, first + p),
										   value);
	return n;
}

const MMModel *
mm_vantage_model(MMVantage *vantage, int region)
{
	const StoredVantage *stored = vantage->stored;
	MMModel    *model = vantage->models[region];
	MMColumnModel *c;
	MemoryContext old;
	int			node = stored->nnodes - stored->nregions + region;
	int			end = stored->ncoordinates;

	if (model != NULL)
		return model;
	old = MemoryContextSwitchTo(vantage->context);
	model = palloc0(sizeof(MMModel));
	model->columns = vantage->base->columns;
	model->ncolumns = vantage->base->ncolumns;
	model->trained = true;
	model->ncoordinates = vantage->base->ncoordinates;
	model->leaf = vantage->base->leaf;
	model->of[vantage->column] = vantage->base->of[vantage->column];
	mm_vantage_fit(model, vantage->column, stored);
	c = &model->of[vantage->column];
	c->norm = METRIC_NORM_PIVOTS;
	c->transform = end > 0 ? transform_of(vantage, vantage->points[0]) : METRIC_IDENTITY;
	c->embedding = MM_EMBED_PIVOTS;
	c->first_word = MM_ENTRY_HEADER + model->ncoordinates;
	c->first_byte = 0;
	c->pivots = palloc(sizeof(Datum) * Max(c->ncoordinates, 1));
	c->prepared = palloc(sizeof(void *) * Max(c->ncoordinates, 1));
	/* From the region up to the root, whose vantage points come first. */
	for (; node >= 0; node = vantage->nodes[node].parent)
	{
		int			first = first_point(stored, node);

		for (int point = first_point(stored, node + 1) - 1; point >= first; point--)
		{
			c->pivots[--end] = vantage->points[point];
			c->prepared[end] = prepare_point(vantage, point);
		}
	}
	Assert(end == 0);
	MemoryContextSwitchTo(old);
	vantage->models[region] = model;
	return model;
}

/*
 * The child of a node in which a value belongs, given by its distances to the
 * node's vantage points.
 */
static int
choose_child(const MMVantage *vantage, int node, const float *x)
{
	const StoredNode *parent = &vantage->nodes[node];

	for (int i = parent->first_child; i < parent->first_child + parent->nchildren; i++)
	{
		const StoredNode *child = &vantage->nodes[i];

		if (child->lo[0] <= x[0] && x[0] < child->hi[0] &&
			child->lo[1] <= x[1] && x[1] < child->hi[1])
			return i;
	}
	elog(ERROR, "no child of node %d takes a value at distances %g and %g", node, x[0], x[1]);
}

int
mm_vantage_embed(MMVantage *vantage, ItemPointer tid, Datum *values, const bool *isnull,
				 MMEntry entry)
{
	const MMModel *model = mm_vantage_model(vantage, 0);
	const MMColumnModel *c = &model->of[vantage->column];
	MetricSpace *space = space_of(vantage);
	Datum		value = values[vantage->column];
	float	   *x = MMEntryFloats(entry);
	int			node = 0;

	memset(entry, 0, model->leaf.size);
	entry[0] = ItemPointerGetBlockNumber(tid);
	entry[1] = ItemPointerGetOffsetNumber(tid);
	for (int i = 0; i < model->ncolumns; i++)
		if (isnull[i])
			entry[2] |= UINT32_C(1) << i;
	if (isnull[vantage->column])
		return 0;

	for (;;)
	{
		int			n = measure(vantage, node, value, x);

		if (vantage->nodes[node].nchildren == 0)
			break;
		node = choose_child(vantage, node, x);
		x += n;
	}
	if (c->sketch != NULL)
		space->routine->sketch(c->sketch, value, space->collation, entry + c->first_word,
							   MMEntryBytes(entry, &model->leaf) + c->first_byte);
	return mm_vantage_region(vantage, node);
}

void
mm_vantage_query(MMVantageQuery *query, MMVantage *vantage, Datum value)
{
	query->vantage = vantage;
	query->value = value;
	query->transform = transform_of(vantage, value);
	query->lower = palloc0(sizeof(float) * vantage->stored->nnodes);
}

void
mm_vantage_descend(MMVantageQuery *query, int node)
{
	MMVantage  *vantage = query->vantage;
	float		q[MM_VANTAGE_POINTS];
	float		lo[MM_VANTAGE_POINTS][METRIC_PLANE_SLACK] = {{0}};
	float		hi[MM_VANTAGE_POINTS][METRIC_PLANE_SLACK] = {{0}};
	float		lower[METRIC_PLANE_SLACK];
	int			first;
	int			n = mm_vantage_children(vantage, node, &first);

	Assert(n > 0);
	StaticAssertStmt(MM_VANTAGE_CHILDREN <= METRIC_PLANE_SLACK, "children do not fit");
	(void) measure(vantage, node, query->value, q);
	for (int i = 0; i < n; i++)
		for (int p = 0; p < MM_VANTAGE_POINTS; p++)
		{
			lo[p][i] = vantage->nodes[first + i].lo[p];
			hi[p][i] = vantage->nodes[first + i].hi[p];
		}
	mm_box_bounds(METRIC_NORM_PIVOTS, &query->transform, MM_VANTAGE_POINTS, q, lo[0], hi[0],
				  METRIC_PLANE_SLACK, n, lower);
	for (int i = 0; i < n; i++)
		query->lower[first + i] = Max(query->lower[node], lower[i]);
}
