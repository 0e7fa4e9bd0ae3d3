/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  Region trees in use: which region a row belongs to, and how near the rows
 *	  of each region can be to a query.
 *
 * Rows are compared with thresholds in double precision, so coordinates that
 * two machines compute alike lead to the same region, however near to a
 * threshold.  Bounds are computed by the kernels of the index, in floats: the
 * limits of cells are rounded outwards.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "base/compare.h"
#include "compat.h"
#include "metric/bounds.h"
#include "mmdb.h"
#include "model/pivots.h"
#include "model/sample.h"
#include "region/format.h"

PG_FUNCTION_INFO_V1(mm_region);

/* ---------- reading a tree ---------- */

/*
 * Look up what a column is here.
 */
static void
open_column(const MMWrittenColumn *written, MMRegionMethod method, MMRegionColumn *column)
{
	Oid			collation = InvalidOid;

	column->name = written->name;
	column->dimensions = written->dimensions;
	(void) mm_parse_type(written->type, &column->type, NULL);
	get_typlenbyval(column->type, &column->typlen, &column->typbyval);
	if (method == MM_REGION_HASH)
		return;
	if (written->collation != NULL)
		collation = get_collation_oid(mm_name_list(written->collation), false);
	column->opclass = get_opclass_oid(get_index_am_oid(MM_AM_NAME, false),
									  mm_name_list(written->opclass), false);
	mm_metric_open(&column->space, column->opclass, collation);
	column->transform = METRIC_IDENTITY;
	memcpy(column->origin, written->origins, sizeof(column->origin));
	if (written->pivot != NULL)
	{
		Oid			input;
		Oid			ioparam;

		getTypeInputInfo(column->type, &input, &ioparam);
		column->ncoordinates = 1;
		column->norm = METRIC_NORM_PIVOTS;
		column->transform = mm_metric_pivot_transform(&column->space, column->dimensions);
		column->pivot = mm_metric_prepare(&column->space,
										  OidInputFunctionCall(input, written->pivot, ioparam, -1));
	}
	else if (written->norigins > 0)
	{
		column->ncoordinates = mm_metric_embedding(&column->space, column->dimensions,
												   &column->norm, &column->transform);
		if (column->ncoordinates != written->norigins)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the region tree does not fit the metric of column \"%s\"", column->name),
					 errdetail("It was made for %d coordinates, and operator class %s has %d.",
							   written->norigins, written->opclass, column->ncoordinates),
					 errhint("Install the same versions of mmdb and its bridges on all servers.")));
	}
}

/*
 * The interval of coordinates that a path down the tree leaves.
 */
typedef struct CellInterval
{
	double		from;			/* included */
	double		below;			/* not included; Infinity: no limit */
} CellInterval;

typedef struct CellPath
{
	CellInterval	(*intervals)[METRIC_MAX_RAW_COORDINATES];	/* of each column */
	bool	   *nulls;			/* of each column: may be there? */
} CellPath;

/*
 * Shift a limit to a column's origin, as coordinates are, and round it down or up.
 */
static float
cell_limit(double x, double origin, bool up)
{
	float		limit;

	if (isinf(x))
		return (float) x;
	limit = (float) (fabs(x) >= METRIC_COORDINATE_LIMIT ? x : x - origin);
	return nextafterf(limit, up ? get_float4_infinity() : -get_float4_infinity());
}

/*
 * Write down the cells of a region at the end of a path.
 */
static void
make_cell(MMRegionTree *tree, const CellPath *path, int place)
{
	for (int c = 0; c < tree->ncolumns; c++)
	{
		MMRegionColumn *column = &tree->columns[c];

		column->nulls[place] = path->nulls[c];
		column->values[place] = true;
		for (int p = 0; p < column->ncoordinates; p++)
			column->values[place] &= path->intervals[c][p].from < path->intervals[c][p].below;
		for (int p = 0; p < column->ncoordinates; p++)
		{
			const CellInterval *interval = &path->intervals[c][p];
			int			i = p * tree->stride + place;

			if (!column->values[place])
			{
				column->lo[i] = get_float4_infinity();
				column->hi[i] = -get_float4_infinity();
			}
			else if (column->norm == METRIC_NORM_DISCRETE)
			{
				/* These are whole numbers, with nothing to round. */
				column->lo[i] = (float) interval->from;
				column->hi[i] = (float) (ceil(interval->below) - 1.0);
			}
			else
			{
				column->lo[i] = cell_limit(interval->from, column->origin[p], false);
				column->hi[i] = cell_limit(interval->below, column->origin[p], true);
			}
		}
	}
}

static void
make_cells(MMRegionTree *tree, const MMWrittenTree *written, CellPath *path, int child, const int *places)
{
	const MMRegionNode *node;
	CellInterval   *interval;
	CellInterval	before;
	bool		nulls;

	if (child < 0)
	{
		make_cell(tree, path, places[-1 - child]);
		return;
	}
	node = &written->nodes[child];
	interval = &path->intervals[node->column][node->coordinate];
	before = *interval;
	nulls = path->nulls[node->column];

	interval->below = Min(before.below, node->below);
	path->nulls[node->column] = nulls && node->nulls_left;
	make_cells(tree, written, path, node->left, places);
	interval->below = before.below;
	interval->from = Max(before.from, node->below);
	path->nulls[node->column] = nulls && !node->nulls_left;
	make_cells(tree, written, path, node->right, places);
	*interval = before;
	path->nulls[node->column] = nulls;
}

MMRegionTree *
mm_region_tree_read(Datum value)
{
	MMWrittenTree *written = mm_region_parse(value);
	MMRegionTree *tree = palloc0(sizeof(MMRegionTree));
	int		   *places = palloc(sizeof(int) * written->nregions);
	CellPath		path;

	tree->method = written->method;
	tree->ncolumns = written->ncolumns;
	tree->columns = palloc0(sizeof(MMRegionColumn) * tree->ncolumns);
	tree->nregions = written->nregions;
	tree->stride = TYPEALIGN(METRIC_PLANE_SLACK, tree->nregions);
	tree->regions = palloc(sizeof(int) * tree->nregions);
	memcpy(tree->regions, written->regions, sizeof(int) * tree->nregions);
	qsort(tree->regions, tree->nregions, sizeof(int), mm_compare_ints);
	for (int i = 0; i < tree->nregions; i++)
		places[i] = mm_region_place(tree, written->regions[i]);

	path.intervals = palloc0(sizeof(*path.intervals) * tree->ncolumns);
	path.nulls = palloc(sizeof(bool) * tree->ncolumns);
	for (int c = 0; c < tree->ncolumns; c++)
	{
		MMRegionColumn *column = &tree->columns[c];

		open_column(&written->columns[c], tree->method, column);
		column->lo = palloc0(sizeof(float) * Max(column->ncoordinates, 1) * tree->stride);
		column->hi = palloc0(sizeof(float) * Max(column->ncoordinates, 1) * tree->stride);
		column->values = palloc0(sizeof(bool) * tree->nregions);
		column->nulls = palloc0(sizeof(bool) * tree->nregions);
		for (int p = 0; p < METRIC_MAX_RAW_COORDINATES; p++)
			path.intervals[c][p] = (CellInterval) {-get_float8_infinity(), get_float8_infinity()};
		path.nulls[c] = true;
	}
	if (tree->method == MM_REGION_TREE)
		make_cells(tree, written, &path, written->root, places);
	else
		for (int c = 0; c < tree->ncolumns; c++)
			for (int i = 0; i < tree->nregions; i++)
				tree->columns[c].values[i] = tree->columns[c].nulls[i] = true;

	tree->nnodes = written->nnodes;
	tree->nodes = palloc(sizeof(MMRegionNode) * Max(tree->nnodes, 1));
	for (int i = 0; i < tree->nnodes; i++)
	{
		MMRegionNode *node = &tree->nodes[i];

		*node = written->nodes[i];
		if (node->left < 0)
			node->left = -1 - places[-1 - node->left];
		if (node->right < 0)
			node->right = -1 - places[-1 - node->right];
	}
	tree->root = written->root < 0 ? -1 - places[-1 - written->root] : written->root;
	return tree;
}

int
mm_region_place(const MMRegionTree *tree, int region)
{
	const int  *found = bsearch(&region, tree->regions, tree->nregions, sizeof(int), mm_compare_ints);

	return found == NULL ? -1 : (int) (found - tree->regions);
}

/* ---------- the region of a row ---------- */

void
mm_region_coordinates(MMRegionColumn *column, Datum value, double *x)
{
	mm_metric_check(&column->space, value);
	if (column->pivot != NULL)
	{
		x[0] = mm_pivot_coordinate(&column->space, column->pivot, value);
		return;
	}
	if (mm_metric_dimensions(&column->space, value) != column->dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("value of column \"%s\" has %s instead of %s", column->name,
						mm_metric_describe_dimensions(&column->space,
													  mm_metric_dimensions(&column->space, value)),
						mm_metric_describe_dimensions(&column->space, column->dimensions))));
	column->space.routine->coordinates(value, column->space.collation, x);
}

static double
hash_of_row(const MMRegionTree *tree, const Datum *values, const bool *isnull)
{
	uint64		hash = 0;

	for (int c = 0; c < tree->ncolumns; c++)
		hash = mm_sample_key(hash, values[c], isnull[c], tree->columns[c].typbyval,
							 tree->columns[c].typlen);
	return (double) (hash >> 32);
}

int
mm_region_of_row(MMRegionTree *tree, const Datum *values, const bool *isnull)
{
	double		x[MM_MAX_COLUMNS][METRIC_MAX_RAW_COORDINATES];
	enum {UNKNOWN, VALUE, MISSING} known[MM_MAX_COLUMNS] = {UNKNOWN};
	double		hash = tree->method == MM_REGION_HASH ? hash_of_row(tree, values, isnull) : 0.0;
	int			child = tree->root;

	while (child >= 0)
	{
		const MMRegionNode *node = &tree->nodes[child];
		int			c = node->column;

		if (tree->method == MM_REGION_HASH)
		{
			child = hash < node->below ? node->left : node->right;
			continue;
		}
		if (known[c] == UNKNOWN)
		{
			known[c] = isnull[c] || mm_metric_is_null(&tree->columns[c].space, values[c]) ? MISSING : VALUE;
			if (known[c] == VALUE)
				mm_region_coordinates(&tree->columns[c], values[c], x[c]);
		}
		child = (known[c] == MISSING ? node->nulls_left : x[c][node->coordinate] < node->below) ?
			node->left : node->right;
	}
	return -1 - child;
}

/* ---------- bounds ---------- */

void
mm_region_distance_bounds(const MMRegionTree *tree, int c, Datum value, double *bounds)
{
	MMRegionColumn *column = &tree->columns[c];
	MetricTransform transform = column->transform;
	double		x[METRIC_MAX_RAW_COORDINATES];
	float		q[METRIC_MAX_RAW_COORDINATES];
	float	   *lower;

	for (int i = 0; i < tree->nregions; i++)
		bounds[i] = column->values[i] ? 0.0 : get_float8_infinity();
	if (column->ncoordinates == 0 || mm_metric_is_null(&column->space, value))
		return;
	mm_region_coordinates(column, value, x);
	for (int p = 0; p < column->ncoordinates; p++)
	{
		q[p] = (float) (fabs(x[p]) < METRIC_COORDINATE_LIMIT ? x[p] - column->origin[p] : x[p]);
		/* Other values may be off as much; the index allows for it alike (mm_model_shift). */
		if (column->norm != METRIC_NORM_DISCRETE)
			transform.absolute = Max(transform.absolute,
									 column->transform.absolute +
									 (float) ((fabs(x[p]) + fabs(column->origin[p])) * 0x1p-47));
	}
	lower = palloc(sizeof(float) * tree->stride);
	mm_box_bounds(column->norm, &transform, column->ncoordinates, q, column->lo, column->hi,
				  tree->stride, tree->nregions, lower);
	for (int i = 0; i < tree->nregions; i++)
		if (column->values[i])
			bounds[i] = Max(lower[i], 0.0f);
	pfree(lower);
}

void
mm_region_bounds(const MMRegionTree *tree, int nterms, const MMRegionTerm *terms, double *bounds)
{
	double	   *distances = palloc(sizeof(double) * tree->nregions);

	for (int i = 0; i < tree->nregions; i++)
		bounds[i] = 0.0;
	for (int t = 0; t < nterms; t++)
	{
		const MMRegionTerm *term = &terms[t];
		const MMRegionColumn *column = &tree->columns[term->column];

		CHECK_FOR_INTERRUPTS();
		mm_region_distance_bounds(tree, term->column, term->value, distances);
		for (int i = 0; i < tree->nregions; i++)
		{
			double		least = !column->values[i] ? get_float8_infinity() :
				term->weight > 0 ? term->weight * distances[i] : 0.0;

			if (column->nulls[i])
				least = Min(least, term->missing);
			bounds[i] += least;
		}
	}
	/* Sums and products of the executor may be rounded down, each by 2^-53 of itself. */
	for (int i = 0; i < tree->nregions; i++)
		bounds[i] *= 1.0 - (nterms + 2) * 0x1p-50;
	pfree(distances);
}

/* ---------- mm_region ---------- */

typedef struct RegionCache
{
	MMRegionTree *tree;
	struct varlena *value;		/* that was read; NULL: it is always the same */
	MemoryContext context;		/* of both */
} RegionCache;

void
mm_region_check_arguments(FunctionCallInfo fcinfo, int first, const MMRegionTree *tree)
{
	if (get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the columns of a region tree are given one by one, not as a VARIADIC array")));
	if (PG_NARGS() - first != tree->ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the region tree is about %d columns, but there are %d",
						tree->ncolumns, PG_NARGS() - first)));
	for (int c = 0; c < tree->ncolumns; c++)
	{
		Oid			type = getBaseType(get_fn_expr_argtype(fcinfo->flinfo, c + first));

		if (type != tree->columns[c].type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of the region tree is of type %s, not %s",
							tree->columns[c].name, format_type_be(tree->columns[c].type),
							OidIsValid(type) ? format_type_be(type) : "unknown")));
	}
}

/*
 * The tree that is the first argument, read once for all calls.
 */
static MMRegionTree *
cached_tree(FunctionCallInfo fcinfo)
{
	RegionCache *cache = fcinfo->flinfo->fn_extra;
	struct varlena *value = PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	MemoryContext old;

	if (cache != NULL && (cache->value == NULL ||
						  (VARSIZE(cache->value) == VARSIZE(value) &&
						   memcmp(cache->value, value, VARSIZE(value)) == 0)))
		return cache->tree;
	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(RegionCache));
		cache->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "mmdb region tree",
											   ALLOCSET_SMALL_SIZES);
	}
	fcinfo->flinfo->fn_extra = NULL;	/* in case of an error */
	MemoryContextReset(cache->context);
	old = MemoryContextSwitchTo(cache->context);
	cache->tree = mm_region_tree_read(PointerGetDatum(value));
	mm_region_check_arguments(fcinfo, 1, cache->tree);
	cache->value = NULL;
	if (!get_fn_expr_arg_stable(fcinfo->flinfo, 0))
		cache->value = memcpy(palloc(VARSIZE(value)), value, VARSIZE(value));
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = cache;
	return cache->tree;
}

/*
 * mm_region(tree, VARIADIC "any"): the number of the region of a row.
 */
Datum
mm_region(PG_FUNCTION_ARGS)
{
	MMRegionTree *tree;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the region tree is NULL")));
	tree = cached_tree(fcinfo);
	for (int c = 0; c < tree->ncolumns; c++)
	{
		isnull[c] = PG_ARGISNULL(c + 1);
		values[c] = PG_GETARG_DATUM(c + 1);
	}
	PG_RETURN_INT32(tree->regions[mm_region_of_row(tree, values, isnull)]);
}

/* ---------- partition keys ---------- */

bool
mm_region_key(Relation parent, Datum *tree, List **columns)
{
	PartitionKey key;
	FuncExpr   *call;
	FmgrInfo	function;
	Const	   *first;

	if (parent->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	key = RelationGetPartitionKey(parent);
	if (key->strategy != PARTITION_STRATEGY_LIST || key->partattrs[0] != 0)
		return false;
	call = linitial(key->partexprs);
	if (!IsA(call, FuncExpr) || list_length(call->args) < 2)
		return false;
	first = linitial(call->args);
	if (!IsA(first, Const) || first->constisnull)
		return false;
	fmgr_info(call->funcid, &function);
	if (function.fn_addr != mm_region)
		return false;
	*tree = first->constvalue;
	*columns = list_copy_tail(call->args, 1);
	return true;
}
