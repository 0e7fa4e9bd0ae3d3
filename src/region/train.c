/*-------------------------------------------------------------------------
 *
 * train.c
 *	  Making region trees: of a table's rows, and for a region that is split.
 *
 * A sample of rows is embedded by the raw coordinates of each column's metric,
 * or by the distance to one pivot, found by farthest-first traversal (OneDB,
 * section IV).  The sample is split again and again at quantiles, so that
 * regions are even.  Among the splits that are about as even as the best one,
 * the coordinate is taken across which a search can skip most: that with the
 * greatest mean distance to the threshold, divided by the column's scale and
 * times the weight that the index was made for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/compare.h"
#include "compat.h"
#include "index/key.h"
#include "index/owner.h"
#include "index/open.h"
#include "index/packing.h"
#include "index/scales.h"
#include "model/sample.h"
#include "model/statistics.h"
#include "region/describe.h"
#include "region/format.h"

PG_FUNCTION_INFO_V1(mm_train_regions);
PG_FUNCTION_INFO_V1(mm_train_split);

/* How many rows are sampled; fewer if they outgrow maintenance_work_mem. */
#define SAMPLE_ROWS		40000
#define FETCH_ROWS		1000

/* A split is uneven by as much as the greater side is too large, as a fraction. */
static const double tolerances[] = {0.01, 0.02, 0.05, 0.1, 0.25, 1.0, HUGE_VAL};

/* ---------- the sample ---------- */

/*
 * Read a sample of a table's rows: the values of some expressions over it.
 */
static MMSample *
read_sample(Relation table, MMColumns *columns, const char *expressions)
{
	MMSample   *sample = mm_sample_begin(columns, SAMPLE_ROWS);
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(context, "mmdb sampled row", ALLOCSET_DEFAULT_SIZES);
	StringInfoData sql;
	Portal		portal;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s FROM ONLY %s", expressions,
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(table)),
												RelationGetRelationName(table)));
	SPI_connect();
	portal = SPI_cursor_parse_open(NULL, sql.data, &(SPIParseOpenOptions) {.read_only = false});
	for (;;)
	{
		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			Datum		values[MM_MAX_COLUMNS];
			bool		isnull[MM_MAX_COLUMNS];
			MemoryContext old = MemoryContextSwitchTo(scratch);

			CHECK_FOR_INTERRUPTS();
			heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, isnull);
			for (int c = 0; c < columns->n; c++)
				isnull[c] = isnull[c] || mm_metric_is_null(&columns->columns[c].space, values[c]);
			mm_sample_add(sample, NULL, values, isnull);
			MemoryContextSwitchTo(old);
			MemoryContextReset(scratch);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextSwitchTo(context);
	mm_sample_finish(sample);
	MemoryContextDelete(scratch);
	return sample;
}

/* ---------- building nodes ---------- */

/* A coordinate of a column, for all sampled rows; NaN stands for NULL. */
typedef struct Coordinate
{
	int			column;
	int			coordinate;
	MetricNorm	norm;
	MetricTransform transform;
	double		scale;
	double	   *x;
} Coordinate;

typedef struct Builder
{
	MMWrittenTree *tree;
	int			ncoordinates;
	Coordinate *coordinates;
	double	   *sorted;			/* room for as many values as there are rows */
	int			next_region;
} Builder;

typedef struct Split
{
	MMRegionNode node;
	const Coordinate *coordinate;
	double		uneven;
	double		gain;
} Split;

/*
 * How far a search can be from the other side of a threshold, in units of the
 * scale: no more than 1, as random values are half a scale apart.
 */
static double
gap_across(const Coordinate *c, double x, double threshold)
{
	const MetricTransform *t = &c->transform;
	double		y = fabs(x - threshold);

	if (c->norm == METRIC_NORM_DISCRETE)
		y = 1.0;
	else if (!metric_is_identity(t))
	{
		y = Min(y, t->clamp);
		y = y * (t->c1 + y * (t->c2 + y * (t->c3 + y * t->c4)));
	}
	return Min(y / c->scale, 1.0);
}

/*
 * Find the threshold of a coordinate that comes nearest to a share of the rows
 * on the left, with NULLs on either side.
 */
static void
try_split(Builder *builder, const Coordinate *c, const int *rows, int n, double share,
		  bool nulls_left, Split *split)
{
	double	   *x = builder->sorted;
	int			nvalues = 0;
	int			nulls;
	double		wanted;
	int			at;
	int			left;
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		if (!isnan(c->x[rows[i]]))
			x[nvalues++] = c->x[rows[i]];
	nulls = n - nvalues;
	qsort(x, nvalues, sizeof(double), mm_compare_doubles);
	wanted = share * n - (nulls_left ? nulls : 0);
	at = (int) Min(Max(rint(wanted), 0.0), nvalues);

	/* Equal values stay together: the first or the last of them, what is nearer. */
	if (at > 0 && at < nvalues && x[at - 1] == x[at])
	{
		int			first = at;
		int			last = at;

		while (first > 0 && x[first - 1] == x[at])
			first--;
		while (last < nvalues && x[last] == x[at])
			last++;
		at = wanted - first < last - wanted ? first : last;
	}
	left = at + (nulls_left ? nulls : 0);
	split->uneven = HUGE_VAL;
	/* A threshold needs a value on the right, as it is one. */
	if (left == 0 || left == n || at == nvalues)
		return;
	split->node = (MMRegionNode) {
		.column = c->column,
		.coordinate = c->coordinate,
		.below = at == 0 ? -get_float8_infinity() : x[at],
		.nulls_left = nulls_left
	};
	split->coordinate = c;
	split->uneven = Max(left / (share * n), (n - left) / ((1.0 - share) * n)) - 1.0;
	for (int i = 0; i < nvalues; i++)
		sum += gap_across(c, x[i], split->node.below);
	split->gain = sum / n;
}

/*
 * The best split of rows, or false if they are all alike.
 */
static bool
best_split(Builder *builder, const int *rows, int n, double share, Split *best)
{
	int			ntries = 0;
	Split	   *tries = palloc(sizeof(Split) * 2 * Max(builder->ncoordinates, 1));
	bool		found = false;

	for (int i = 0; i < builder->ncoordinates; i++)
	{
		CHECK_FOR_INTERRUPTS();
		try_split(builder, &builder->coordinates[i], rows, n, share, false, &tries[ntries++]);
		try_split(builder, &builder->coordinates[i], rows, n, share, true, &tries[ntries++]);
	}
	for (int t = 0; t < (int) lengthof(tolerances) && !found; t++)
		for (int i = 0; i < ntries; i++)
			if (tries[i].uneven < HUGE_VAL && tries[i].uneven <= tolerances[t] &&
				(!found || tries[i].gain > best->gain))
			{
				*best = tries[i];
				found = true;
			}
	pfree(tries);
	return found;
}

static int
new_region(Builder *builder)
{
	MMWrittenTree *tree = builder->tree;

	tree->regions = repalloc(tree->regions, sizeof(int) * (tree->nregions + 1));
	tree->regions[tree->nregions] = builder->next_region++;
	return -1 - tree->nregions++;
}

static int
new_node(MMWrittenTree *tree)
{
	tree->nodes = repalloc(tree->nodes, sizeof(MMRegionNode) * (tree->nnodes + 1));
	return tree->nnodes++;
}

/*
 * Make so many regions of the rows, or fewer if they cannot be told apart.
 * Returns what stands for the node in its parent.  Reorders rows.
 */
static int
build(Builder *builder, int *rows, int n, int nregions)
{
	int			left_regions = nregions / 2;
	Split		split;
	int			nleft = 0;
	int			place;
	int			child;

	check_stack_depth();
	if (nregions == 1 ||
		!best_split(builder, rows, n, (double) left_regions / nregions, &split))
		return new_region(builder);
	for (int i = 0; i < n; i++)
	{
		double		x = split.coordinate->x[rows[i]];

		if (isnan(x) ? split.node.nulls_left : x < split.node.below)
		{
			int			row = rows[i];

			rows[i] = rows[nleft];
			rows[nleft++] = row;
		}
	}
	place = new_node(builder->tree);
	child = build(builder, rows, nleft, left_regions);
	split.node.left = child;
	child = build(builder, rows + nleft, n - nleft, nregions - left_regions);
	split.node.right = child;
	builder->tree->nodes[place] = split.node;
	return place;
}

/*
 * Regions of a hash: a balanced tree over its range.
 */
static int
build_hash(Builder *builder, double from, double below, int nregions)
{
	int			left_regions = nregions / 2;
	MMRegionNode node = {0};
	int			place;
	int			child;

	if (nregions == 1)
		return new_region(builder);
	node.below = rint(from + (below - from) * left_regions / nregions);
	place = new_node(builder->tree);
	child = build_hash(builder, from, node.below, left_regions);
	node.left = child;
	child = build_hash(builder, node.below, below, nregions - left_regions);
	node.right = child;
	builder->tree->nodes[place] = node;
	return place;
}

/*
 * Embed a sample by the columns of a tree, for the builder.
 */
static void
embed(Builder *builder, MMRegionTree *tree, const MMSample *sample)
{
	int			n = mm_sample_size(sample);
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb coordinates",
												  ALLOCSET_DEFAULT_SIZES);

	builder->coordinates = palloc(sizeof(Coordinate) * METRIC_MAX_RAW_COORDINATES * tree->ncolumns);
	builder->sorted = palloc_extended(sizeof(double) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (int c = 0; c < tree->ncolumns; c++)
	{
		MMRegionColumn *column = &tree->columns[c];
		Coordinate *first = &builder->coordinates[builder->ncoordinates];

		if (column->ncoordinates == 0 || !(builder->tree->columns[c].scale > 0))
			continue;
		for (int p = 0; p < column->ncoordinates; p++)
			builder->coordinates[builder->ncoordinates++] = (Coordinate) {
				.column = c,
				.coordinate = p,
				.norm = column->norm,
				.transform = column->transform,
				.scale = builder->tree->columns[c].scale,
				.x = palloc_extended(sizeof(double) * Max(n, 1), MCXT_ALLOC_HUGE)
			};
		for (int i = 0; i < n; i++)
		{
			double		x[METRIC_MAX_RAW_COORDINATES];
			Datum	   *values;
			bool	   *isnull;
			MemoryContext old = MemoryContextSwitchTo(scratch);

			CHECK_FOR_INTERRUPTS();
			mm_sample_row(sample, i, &values, &isnull);
			for (int p = 0; p < column->ncoordinates; p++)
				x[p] = get_float8_nan();
			if (!isnull[c])
				mm_region_coordinates(column, values[c], x);
			for (int p = 0; p < column->ncoordinates; p++)
				first[p].x[i] = x[p];
			MemoryContextSwitchTo(old);
			MemoryContextReset(scratch);
		}
	}
	MemoryContextDelete(scratch);
}

static int *
all_rows(const MMSample *sample)
{
	int			n = mm_sample_size(sample);
	int		   *rows = palloc(sizeof(int) * Max(n, 1));

	for (int i = 0; i < n; i++)
		rows[i] = i;
	return rows;
}

/* ---------- functions ---------- */

/*
 * Does a column of an index depend on a generated column of the table?
 */
static bool
is_generated(Relation table, Relation index, const MMColumn *column)
{
	AttrNumber	number = index->rd_index->indkey.values[column->key];
	Bitmapset  *used = NULL;
	int			member = -1;

	if (number != 0)
		used = bms_make_singleton(number - FirstLowInvalidHeapAttributeNumber);
	else
		pull_varattnos(mm_stored_expression(index, column->key), 1, &used);
	while ((member = bms_next_member(used, member)) >= 0)
	{
		number = member + FirstLowInvalidHeapAttributeNumber;
		if (number > 0 && TupleDescAttr(RelationGetDescr(table), number - 1)->attgenerated != '\0')
			return true;
	}
	return false;
}

/*
 * Leave out the columns that a partition key cannot have, as they are generated.
 */
static void
drop_generated(Relation table, Relation index, MMColumns *columns, double *scales, double *importance)
{
	int			kept = 0;

	for (int c = 0; c < columns->n; c++)
	{
		if (is_generated(table, index, &columns->columns[c]))
			continue;
		columns->columns[kept] = columns->columns[c];
		scales[kept] = scales[c];
		importance[kept++] = importance[c];
	}
	columns->n = kept;
	if (kept == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("all columns of index \"%s\" are generated", RelationGetRelationName(index)),
				 errdetail("Regions are told by columns that are not."),
				 errhint("Make them ordinary columns by ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION.")));
}

/*
 * The columns of an index as expressions over its table, one after the other.
 */
static char *
index_expressions(Relation index, const MMColumns *columns, MMWrittenColumn *written)
{
	StringInfoData all;

	initStringInfo(&all);
	for (int c = 0; c < columns->n; c++)
	{
		Datum		expression = DirectFunctionCall3(pg_get_indexdef_ext, ObjectIdGetDatum(RelationGetRelid(index)),
											   Int32GetDatum(columns->columns[c].key + 1), BoolGetDatum(false));

		written[c].name = TextDatumGetCString(expression);
		written[c].dimensions = -1;
		written[c].type = format_type_extended(columns->columns[c].type, -1, FORMAT_TYPE_FORCE_QUALIFY);
		appendStringInfo(&all, "%s%s", c > 0 ? ", " : "", written[c].name);
	}
	return all.data;
}

/*
 * The columns that rows are hashed by: the primary key, or else those of the
 * index, which written has.
 */
static void
hash_columns(Relation table, MMWrittenTree *tree)
{
	Oid			key = MM_PRIMARY_KEY_INDEX(table);
	Relation	index;

	if (!OidIsValid(key))
		return;
	index = relation_open(key, AccessShareLock);
	tree->ncolumns = IndexRelationGetNumberOfKeyAttributes(index);
	tree->columns = palloc0(sizeof(MMWrittenColumn) * tree->ncolumns);
	for (int c = 0; c < tree->ncolumns; c++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table), index->rd_index->indkey.values[c] - 1);

		tree->columns[c].name = pstrdup(quote_identifier(NameStr(att->attname)));
		tree->columns[c].dimensions = -1;
		tree->columns[c].type = format_type_extended(getBaseType(att->atttypid), -1,
													 FORMAT_TYPE_FORCE_QUALIFY);
	}
	relation_close(index, AccessShareLock);
}

static void
check_count(int nregions)
{
	if (nregions < 1 || nregions > MM_MAX_REGIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be from 1 to %d regions", MM_MAX_REGIONS)));
}

/*
 * mm_train_regions(index, regions, method)
 */
Datum
mm_train_regions(PG_FUNCTION_ARGS)
{
	Relation	index = mm_index_open(PG_GETARG_OID(0), false);
	int			nregions = PG_GETARG_INT32(1);
	char	   *method = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Relation	table = table_open(index->rd_index->indrelid, AccessShareLock);
	MMColumns  *columns;
	MMWrittenTree tree = {0};
	Builder		builder = {.tree = &tree, .next_region = 1};
	MMScales	scales;
	double		importance[MM_MAX_COLUMNS];
	char	   *expressions;
	Datum		result;

	mm_require_owner(RelationGetRelid(table));
	check_count(nregions);
	if (strcmp(method, "tree") != 0 && strcmp(method, "hash") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown method \"%s\" of dividing a table into regions", method),
				 errhint("It is \"tree\" or \"hash\".")));
	if (index->rd_rel->relkind != RELKIND_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not the index of a plain table", RelationGetRelationName(index)),
				 errhint("A partitioned table cannot be divided into regions; copy its rows into a table without partitions.")));
	mm_index_require_valid(index);
	columns = mm_columns_open(index);
	if (columns->composite != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" is over a composite type", RelationGetRelationName(index)),
				 errhint("Make an index over columns of the table to divide it by.")));
	tree.method = strcmp(method, "tree") == 0 ? MM_REGION_TREE : MM_REGION_HASH;
	mm_scales_get(index, columns, mm_statistics_get(index, columns), &scales);
	mm_packing_weights(index, columns, WARNING, importance);
	drop_generated(table, index, columns, scales.in_force, importance);
	tree.ncolumns = columns->n;
	tree.columns = palloc0(sizeof(MMWrittenColumn) * columns->n);
	tree.regions = palloc(sizeof(int));
	tree.nodes = palloc(sizeof(MMRegionNode));
	expressions = index_expressions(index, columns, tree.columns);
	if (tree.method == MM_REGION_HASH)
	{
		hash_columns(table, &tree);
		tree.root = build_hash(&builder, 0.0, 0x1p32, nregions);
	}
	else
	{
		MMSample   *sample;
		int		   *rows;

		sample = read_sample(table, columns, expressions);
		for (int c = 0; c < columns->n; c++)
		{
			mm_region_describe(&columns->columns[c], scales.in_force[c], sample, c, &tree.columns[c]);
			if (scales.in_force[c] > 0 && importance[c] > 0)
				tree.columns[c].scale = scales.in_force[c] / importance[c];
		}
		/* Until it has nodes, the tree is one region, which serves to open its columns. */
		tree.root = new_region(&builder);
		embed(&builder, mm_region_tree_read(mm_region_write(&tree)), sample);
		tree.nregions = 0;
		builder.next_region = 1;
		rows = all_rows(sample);
		tree.root = build(&builder, rows, mm_sample_size(sample), nregions);
		if (tree.nregions < nregions)
			ereport(NOTICE,
					(errmsg("the rows of table \"%s\" can be told apart into %d regions only",
							RelationGetRelationName(table), tree.nregions),
					 errdetail("%d rows were sampled; equal rows are in one region.", mm_sample_size(sample)),
					 errhint("The method \"hash\" divides any rows, by their primary key if there is one.")));
	}
	result = mm_region_write(&tree);
	table_close(table, NoLock);
	relation_close(index, NoLock);
	PG_RETURN_DATUM(result);
}

/*
 * Open the columns of a tree as those of a sample.
 */
static MMColumns *
columns_of_tree(MMRegionTree *tree)
{
	MMColumns  *columns = palloc0(sizeof(MMColumns));

	columns->n = tree->ncolumns;
	for (int c = 0; c < tree->ncolumns; c++)
		columns->columns[c] = (MMColumn) {
			.name = tree->columns[c].name,
			.key = c,
			.type = tree->columns[c].type,
			.typlen = tree->columns[c].typlen,
			.typbyval = tree->columns[c].typbyval,
			.opclass = tree->columns[c].opclass,
			.space = tree->columns[c].space
		};
	return columns;
}

/*
 * Replace a region by a node that the builder made, or by its part of a hash.
 */
static void
split_leaf(MMWrittenTree *tree, int *child, Builder *builder, int place, int *rows, int nrows,
		   double from, double below)
{
	int			at = *child;
	int			next;

	check_stack_depth();
	if (at >= 0)
	{
		double		threshold = tree->nodes[at].below;

		next = tree->nodes[at].left;
		split_leaf(tree, &next, builder, place, rows, nrows, from, Min(threshold, below));
		tree->nodes[at].left = next;
		next = tree->nodes[at].right;
		split_leaf(tree, &next, builder, place, rows, nrows, Max(threshold, from), below);
		tree->nodes[at].right = next;
		return;
	}
	if (-1 - at != place)
		return;
	*child = tree->method == MM_REGION_HASH ? build_hash(builder, from, below, 2) :
		build(builder, rows, nrows, 2);
}

/*
 * mm_train_split(tree, region, partition): a tree in which the region
 * is split into two of new numbers, the next ones after the greatest.  The
 * partition has the rows of the region.
 */
Datum
mm_train_split(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	int			region = PG_GETARG_INT32(1);
	Relation	table = table_open(PG_GETARG_OID(2), AccessShareLock);
	MMRegionTree *opened;
	MMWrittenTree *tree = mm_region_parse(value);
	Builder		builder = {.tree = tree};
	int			place = -1;
	int		   *rows = NULL;
	int			nrows = 0;
	int			first;

	mm_require_owner(RelationGetRelid(table));
	for (int i = 0; i < tree->nregions; i++)
	{
		if (tree->regions[i] == region)
			place = i;
		builder.next_region = Max(builder.next_region, tree->regions[i] + 1);
	}
	if (place < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("the region tree has no region %d", region)));
	if (tree->method == MM_REGION_TREE)
	{
		StringInfoData expressions;
		MMSample   *sample;

		initStringInfo(&expressions);
		opened = mm_region_tree_read(value);
		for (int c = 0; c < tree->ncolumns; c++)
			appendStringInfo(&expressions, "%s%s", c > 0 ? ", " : "", tree->columns[c].name);
		sample = read_sample(table, columns_of_tree(opened), expressions.data);
		embed(&builder, opened, sample);
		rows = all_rows(sample);
		nrows = mm_sample_size(sample);
	}
	first = builder.next_region;
	split_leaf(tree, &tree->root, &builder, place, rows, nrows, 0.0, 0x1p32);
	/* The old region is among those that were parsed, but not in the tree any more. */
	if (builder.next_region == first + 2)
	{
		table_close(table, NoLock);
		PG_RETURN_DATUM(mm_region_write(tree));
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("region %d of table \"%s\" cannot be split", region, RelationGetRelationName(table)),
			 errdetail("Its %d sampled rows cannot be told apart.", nrows)));
}
