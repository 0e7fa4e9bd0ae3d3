/*-------------------------------------------------------------------------
 *
 * choose_subindexes.c
 *	  Which sub-indexes an index gets; see choose_subindexes.h.
 *
 * By default, this is found out by a trial.  The shared tree and a tree over
 * each column are made of the sample alone.  Some rows of the sample are query
 * objects.  For each column by itself, both trees are searched for what is as
 * near as the nearest of the other rows.  The last of a few that are nearest in the
 * whole table is about as near, or if that is very large, as near as pairs of rows
 * tell (model/pairs.h).  A sub-index that
 * takes at most half of the shared tree's work is worth having.  Those that
 * save most for their size are kept, as long as all together are not too large.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/storage.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/build.h"
#include "am/choose_subindexes.h"
#include "search/cost_model.h"
#include "base/random.h"
#include "index/options.h"
#include "inverted/inverted.h"
#include "model/effort.h"
#include "model/pairs.h"
#include "search/inverted_source.h"
#include "search/ladder.h"
#include "search/vantage_source.h"

/* A trial on fewer rows than this tells nothing. */
#define LEAST_TRIAL_ROWS	1000

/* Query objects of a trial, and how many rows are asked for. */
#define TRIAL_QUERIES		20
#define TRIAL_NEAREST		10

/* No more rows than this are looked at for the nearest. */
#define TRIAL_NEIGHBOURS	10000

/*
 * If the table has more than so many times the rows of the sample, the nearest
 * row of the sample is farther away than the last of those that will be found.
 */
#define MANY_TIMES			20

/* An MVP-tree is tried where the intrinsic dimension is above this (OneDB). */
#define MVP_DIMENSION		5.0
#define TRIAL_ROWS_PER_BLOCK	100

/* A sub-index must take no more than this part of the shared tree's work. */
#define WORTHWHILE		0.5

/* All sub-indexes together may be so large, relative to the shared tree. */
#define MOST_SIZE		0.7

/* So many values are enough to know how many tokens they have. */
#define MEASURED_VALUES		500

/* What a posting takes in an inverted index of many rows. */
#define BYTES_PER_POSTING	2.2

/* How many bytes the sketch of a sub-index may have. */
#define SKETCH_BUDGET	128

/* ---------- what is asked for ---------- */

/*
 * What a message about a sub-index adds if the index is built nevertheless.
 */
static const char *
consequence(int elevel)
{
	return elevel < ERROR ? " The index is built without this sub-index." : "";
}

/*
 * The column that a sub-index is asked for, or -1 if it cannot have it, after
 * reporting an error of this level (0: none).
 */
static int
find_column(Relation index, const MMColumns *columns, const MMAskedSubindex *asked, int elevel)
{
	for (int i = 0; i < columns->n; i++)
	{
		const MMColumn *column = &columns->columns[i];

		if (strcmp(column->name, asked->column) != 0 || column->dropped)
			continue;
		if (asked->kind == MM_SUBINDEX_INVERTED ? mm_inverted_supports(&column->space) :
			asked->kind != MM_SUBINDEX_MVP || mm_metric_has_triangle(&column->space))
			return i;
		if (elevel != 0 && asked->kind == MM_SUBINDEX_MVP)
			ereport(elevel,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of index \"%s\" cannot have a sub-index of kind %s",
							asked->column, RelationGetRelationName(index),
							mm_subindex_kind_name(asked->kind)),
					 errdetail("Its distances do not satisfy the triangle inequality.%s",
							   consequence(elevel))));
		else if (elevel != 0)
			ereport(elevel,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" of index \"%s\" cannot have a sub-index of kind %s",
							asked->column, RelationGetRelationName(index),
							mm_subindex_kind_name(asked->kind)),
					 errdetail("That is for metrics whose values have parts to be found by: the edit distance of text, and the Jaccard distance of arrays.%s",
							   consequence(elevel)),
					 errhint("Columns of any metric can have one of kind %s.",
							 mm_subindex_kind_name(MM_SUBINDEX_RTREE))));
		return -1;
	}
	if (elevel != 0)
		ereport(elevel,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("storage parameter \"subindexes\" names column \"%s\", which index \"%s\" does not have",
						asked->column, RelationGetRelationName(index)),
				 errdetail("The columns of the index are %s.%s", mm_columns_list(columns),
						   consequence(elevel)),
				 elevel < ERROR ?
				 errhint("Change the parameter by ALTER INDEX ... SET (subindexes = ...), then REINDEX the index.") :
				 errhint("Names other than lower-case identifiers must be in double quotes.")));
	return -1;
}

void
mm_subindexes_check_parameter(Relation index, const MMColumns *columns, int elevel)
{
	MMAskedSubindexes asked;

	mm_subindexes_parse(mm_options_subindexes(index), &asked);
	for (int i = 0; i < asked.n; i++)
		(void) find_column(index, columns, &asked.of[i], elevel);
}

/*
 * Find out what shared tokens tell of the distances of values of the usual size.
 */
static void
measure_tokens(const MMColumn *column, const Datum *values, int n, MMSubindex *subindex)
{
	const MetricRoutine *routine = column->space.routine;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb tokens",
												  ALLOCSET_DEFAULT_SIZES);
	int			step = Max(n / MEASURED_VALUES, 1);
	double		sizes = 0.0;
	double		tokens = 0.0;
	int			counted = 0;

	for (int i = 0; i < n; i += step, counted++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		int			size;
		int			ntokens;

		(void) routine->tokens(values[i], column->space.collation, &size, &ntokens);
		sizes += size;
		tokens += ntokens;
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	for (int i = 0; i <= MM_SHARED_STEPS && counted > 0; i++)
	{
		int			size = (int) (sizes / counted);
		int			shared = (int) (tokens / counted * i / MM_SHARED_STEPS);

		subindex->apart[i] = (float4) routine->token_bound(size, size, size, shared);
	}
	MemoryContextDelete(scratch);
}

/*
 * Train a sub-index for about so many rows, and add it.
 */
static void
add_subindex(MMChosenSubindexes *chosen, Relation index, int column, MMSubindexKind kind,
			 MMColumns *columns, const MMMeta *meta, const void *shared,
			 const MMTraining *training, double rows)
{
	int			i = chosen->n++;
	MMSubindex *subindex = &chosen->of[i];

	memset(subindex, 0, sizeof(MMSubindex));
	subindex->column = column;
	subindex->kind = kind;
	subindex->root = InvalidBlockNumber;
	chosen->models[i] = chosen->skeletons[i] = NULL;
	if (kind == MM_SUBINDEX_INVERTED)
	{
		measure_tokens(&columns->columns[column], training->values[column], training->n[column],
					   subindex);
		return;
	}
	subindex->ntrees = 1;
	chosen->models[i] = mm_model_train_part(columns, meta, shared, training, column, SKETCH_BUDGET,
											&subindex->shape);
	if (kind == MM_SUBINDEX_MVP)
	{
		chosen->skeletons[i] = mm_vantage_train(&columns->columns[column], &meta->columns[column],
												training->values[column], training->n[column], rows,
												mm_options_get(index).pivots);
		subindex->vantage_size = (uint32) mm_vantage_size(chosen->skeletons[i]);
		(void) mm_vantage_roots(chosen->skeletons[i], &subindex->ntrees);
	}
}

/* ---------- the trial ---------- */

typedef struct Trial
{
	Relation	index;
	MMColumns  *columns;
	const MMMeta *meta;
	const MMSample *sample;
	MMBuild		build;			/* its trees; the shared one is the first */
	double		rows;			/* of the table */
	int			neighbours[MM_MAX_COLUMNS]; /* how many rows are looked at for the nearest */
	double		tokens[MM_MAX_COLUMNS]; /* of all sampled values, where they have any */
	int			column;			/* of what was measured last; -1: nothing was */
	double		radii[TRIAL_QUERIES];	/* of its queries */
	MMWork		shared_work;	/* of the shared tree for these */
	MemoryContext scratch;
} Trial;

/*
 * Make all trees of the sample's rows.
 */
static void
plant(Trial *trial)
{
	MMBuild    *build = &trial->build;
	int			n = mm_sample_size(trial->sample);

	mm_build_begin(build, false);
	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(trial->scratch);
		ItemPointerData tid;
		Datum	   *values;
		bool	   *isnull;

		CHECK_FOR_INTERRUPTS();
		/* Places that are all different will do. */
		ItemPointerSet(&tid, i / TRIAL_ROWS_PER_BLOCK, 1 + i % TRIAL_ROWS_PER_BLOCK);
		mm_sample_row(trial->sample, i, &values, &isnull);
		mm_build_embed(build, &tid, values, isnull);
		mm_build_add(build);
		for (int k = 0; k < build->ninverted; k++)
			trial->tokens[build->inverted[k].column] += build->inverted[k].tokens.n;
		MemoryContextSwitchTo(old);
		MemoryContextReset(trial->scratch);
	}
	for (int t = 0; t < build->ntrees; t++)
		mm_build_pack(&build->trees[t], n);
	for (int i = 0; i < build->ninverted; i++)
		mm_inverted_build_finish(build->inverted[i].build);
}

/*
 * Search a tree, or else an inverted index, for the nearest in one column, of
 * which the last is at this radius.  Rows that are as far away need not all be
 * found.
 */
static void
search(Trial *trial, const MMBuildTree *tree, const MMInverted *inverted, const MMTerm *term,
	   double radius, MMWork *work)
{
	MMBounding	bounding = {0};
	MMSearchStats stats = {0};
	MMSource   *source;
	MMCandidate candidate;
	int			nearer = 0;
	int			last = 0;

	mm_bounding_begin(&bounding, term, 1, false, radius);
	if (tree != NULL && tree->vantage != NULL)
	{
		mm_bounding_init(&bounding, tree->plain, trial->meta);
		source = mm_vantage_source_create(trial->index, trial->meta, &tree->subindex, tree->vantage,
										  &bounding, NIL, &stats);
	}
	else if (tree != NULL)
	{
		mm_bounding_init(&bounding, tree->tree.model, trial->meta);
		source = mm_ladder_create(&tree->tree, &bounding, NIL, &stats);
	}
	else
		source = mm_inverted_source_create(inverted, term->column, &bounding, &stats);
	(void) source->routine->begin(source);
	while (last < TRIAL_NEAREST && source->routine->next(source, true, &candidate))
	{
		CHECK_FOR_INTERRUPTS();
		nearer += candidate.lower < radius;
		last += !(candidate.lower < radius);
	}
	source->routine->end(source);
	work->pages += (float4) (stats.leaf_pages + stats.postings_pages) / TRIAL_QUERIES;
	work->entries += (float4) (stats.bounded + stats.postings / mm_cost_model.postings_per_entry) /
		TRIAL_QUERIES;
	work->candidates += (float4) nearer / TRIAL_QUERIES;
}

/*
 * How far away the last of a few nearest rows in a column is, for most objects,
 * when all rows of the table are there.  Infinity: no nearer than the nearest of
 * the sample.
 */
static double
usual_distance(const Trial *trial, int column)
{
	MMWeights	weights = {.weights = {0}};

	if (trial->rows < MANY_TIMES * mm_sample_size(trial->sample))
		return get_float8_infinity();
	weights.weights[column] = 1.0;
	weights.missing[column] = get_float8_nan();
	return mm_pairs_radius(trial->meta, &weights, TRIAL_NEAREST / Max(trial->rows, 1));
}

/*
 * The distance in a column from a row of the sample to the nearest of others.
 */
static double
nearest_distance(Trial *trial, int row, int column, Datum value)
{
	MetricSpace *space = &trial->columns->columns[column].space;
	void	   *prepared = mm_metric_prepare(space, value);
	int			n = mm_sample_size(trial->sample);
	double		nearest = get_float8_infinity();

	for (int i = 1; i < Min(n, trial->neighbours[column]); i++)
	{
		MemoryContext old = MemoryContextSwitchTo(trial->scratch);
		Datum	   *values;
		bool	   *isnull;

		mm_sample_row(trial->sample, (row + i) % n, &values, &isnull);
		if (!isnull[column])
			nearest = fmin(nearest, mm_metric_distance(space, prepared, values[column], nearest));
		MemoryContextSwitchTo(old);
		MemoryContextReset(trial->scratch);
	}
	return nearest;
}

/*
 * The query of a trial with this number, about a column.  Returns false if the row
 * has no value there.
 */
static bool
make_query(const Trial *trial, int number, int column, int *row, MMTerm *term)
{
	Datum	   *values;
	bool	   *isnull;

	*row = (int) ((int64) mm_sample_size(trial->sample) * number / TRIAL_QUERIES);
	mm_sample_row(trial->sample, *row, &values, &isnull);
	*term = (MMTerm) {
		.column = column,
		.weight = 1.0,
		.scale = 1.0,
		.value = values[column],
		.missing = MM_MISSING_NULL,
	};
	return !isnull[column];
}

/*
 * Get ready to measure the sub-indexes of a column: find the radii of queries, and
 * measure the shared tree.
 */
static void
begin_column(Trial *trial, int column, MemoryContext context)
{
	double		usual = usual_distance(trial, column);

	trial->column = column;
	memset(&trial->shared_work, 0, sizeof(MMWork));
	for (int i = 0; i < TRIAL_QUERIES; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		MMTerm		term;
		int			row;

		CHECK_FOR_INTERRUPTS();
		if (make_query(trial, i, column, &row, &term))
		{
			trial->radii[i] = Min(nearest_distance(trial, row, column, term.value), usual);
			search(trial, &trial->build.trees[0], NULL, &term, trial->radii[i], &trial->shared_work);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
}

/*
 * Measure a sub-index.  Those of one column must come one after the other.
 */
static void
measure(Trial *trial, MMSubindex *subindex)
{
	const MMBuildTree *tree = NULL;
	MMInverted	inverted = mm_inverted_of_subindex(trial->index, trial->columns, subindex);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb trial query",
												  ALLOCSET_DEFAULT_SIZES);

	for (int t = 1; t < trial->build.ntrees; t++)
		if (trial->build.trees[t].subindex.column == subindex->column &&
			trial->build.trees[t].subindex.kind == subindex->kind)
			tree = &trial->build.trees[t];
	if (trial->column != subindex->column)
		begin_column(trial, subindex->column, context);
	subindex->measured = true;
	subindex->shared_work = trial->shared_work;
	for (int i = 0; i < TRIAL_QUERIES; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		MMTerm		term;
		int			row;

		CHECK_FOR_INTERRUPTS();
		if (make_query(trial, i, subindex->column, &row, &term))
			search(trial, tree, &inverted, &term, trial->radii[i], &subindex->work);
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	ereport(DEBUG1,
			(errmsg_internal("index \"%s\", column %d, kind %d: pages %.0f (shared tree %.0f), entries %.0f (%.0f), candidates %.0f (%.0f)",
							 RelationGetRelationName(trial->index), subindex->column + 1, subindex->kind,
							 subindex->work.pages, subindex->shared_work.pages,
							 subindex->work.entries, subindex->shared_work.entries,
							 subindex->work.candidates, subindex->shared_work.candidates)));
}

/*
 * Work in one number, in bounded entries.
 */
static double
total_work(const MMWork *work)
{
	return work->pages * mm_cost_model.entries_per_page + work->entries +
		work->candidates * mm_cost_model.entries_per_row;
}

/*
 * Leave out what has to be verified either way.
 */
static void
leave_out_common(MMWork *one, MMWork *other)
{
	float4		common = Min(one->candidates, other->candidates);

	one->candidates -= common;
	other->candidates -= common;
}

/*
 * The bytes that a sub-index takes for each row.
 */
static double
bytes_per_row(const Trial *trial, const MMSubindex *subindex)
{
	MMShape		leaf;
	MMShape		inner;

	/* So few rows as the trial has take more pages than their part of many would. */
	if (subindex->kind == MM_SUBINDEX_INVERTED)
		return (trial->tokens[subindex->column] / mm_sample_size(trial->sample) + 1) *
			BYTES_PER_POSTING;
	mm_meta_shapes(&subindex->shape, &leaf, &inner);
	return leaf.size;
}

/*
 * How much work a sub-index saves, in entries; 0 if it is not worthwhile.
 */
static double
saved_work(const MMSubindex *subindex)
{
	MMWork		shared_work = subindex->shared_work;
	MMWork		work = subindex->work;
	double		before;
	double		now;

	leave_out_common(&shared_work, &work);
	before = total_work(&shared_work);
	now = total_work(&work);
	return now <= WORTHWHILE * before ? before - now : 0.0;
}

/*
 * Keep the sub-indexes that are worth their size, one for each column.
 */
static void
select_worthwhile(const Trial *trial, MMChosenSubindexes *chosen)
{
	MMChosenSubindexes all = *chosen;
	double		left = MOST_SIZE * trial->build.trees[0].tree.model->leaf.size;
	double		sizes[lengthof(all.of)];

	for (int i = 0; i < all.n; i++)
		sizes[i] = bytes_per_row(trial, &all.of[i]);
	chosen->n = 0;
	for (;;)
	{
		int			best = -1;
		double		best_gain = 0.0;

		for (int i = 0; i < all.n; i++)
		{
			double		gain = all.of[i].kind == 0 || sizes[i] > left ? 0.0 :
				saved_work(&all.of[i]) / sizes[i];

			if (gain > best_gain)
			{
				best = i;
				best_gain = gain;
			}
		}
		if (best < 0)
			return;
		chosen->of[chosen->n] = all.of[best];
		chosen->skeletons[chosen->n] = all.skeletons[best];
		chosen->models[chosen->n++] = all.models[best];
		left -= sizes[best];
		for (int i = 0; i < all.n; i++)
			if (all.of[i].column == all.of[best].column)
				all.of[i].kind = 0;
	}
}

/*
 * How many rows a trial can look at for what is nearest in a column.
 */
static int
affordable_neighbours(const MMColumns *columns, const MMTraining *training, int column)
{
	double		effort = mm_effort(&columns->columns[column], training->values[column],
								   training->n[column]);

	return mm_effort_distances(effort * TRIAL_QUERIES, 1, TRIAL_NEIGHBOURS);
}

/*
 * Choose sub-indexes by a trial.
 */
static void
try_out(Relation index, MMColumns *columns, const MMMeta *meta, const void *shared,
		const MMTraining *training, const MMSample *sample, MMChosenSubindexes *chosen)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb trial",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	Trial		trial = {.index = index, .columns = columns, .meta = meta, .sample = sample,
		.rows = mm_sample_entries(sample), .column = -1};
	MMMeta	   *trial_meta;
	void	   *stored;
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);
	double		rows = mm_sample_size(sample);

	if (mm_sample_size(sample) < LEAST_TRIAL_ROWS)
		return;
	for (int i = 0; i < columns->n; i++)
	{
		trial.neighbours[i] = affordable_neighbours(columns, training, i);
		if (Min(training->n[i], trial.neighbours[i]) < LEAST_TRIAL_ROWS)
			continue;
		/* The only column has the shared tree for itself. */
		if (columns->n > 1)
			add_subindex(chosen, index, i, MM_SUBINDEX_RTREE, columns, meta, shared, training, rows);
		/* This is the paper's rule. */
		if (mm_metric_has_triangle(&columns->columns[i].space) && meta->columns[i].variance > 0 &&
			meta->columns[i].mean * meta->columns[i].mean / (2 * meta->columns[i].variance) > MVP_DIMENSION)
			add_subindex(chosen, index, i, MM_SUBINDEX_MVP, columns, meta, shared, training, rows);
		if (mm_inverted_supports(&columns->columns[i].space))
			add_subindex(chosen, index, i, MM_SUBINDEX_INVERTED, columns, meta, shared, training, rows);
	}
	if (chosen->n == 0)
		return;

	old = MemoryContextSwitchTo(context);
	trial.scratch = AllocSetContextCreate(context, "mmdb trial row", ALLOCSET_DEFAULT_SIZES);
	trial_meta = memcpy(palloc(sizeof(MMMeta)), meta, sizeof(MMMeta));
	stored = mm_subindexes_make(index, trial_meta, shared, chosen, false);
	trial.build.index = index;
	trial.build.columns = columns;
	mm_build_open_trees(&trial.build, trial_meta, stored);
	plant(&trial);
	for (int i = 0; i < chosen->n; i++)
		measure(&trial, &chosen->of[i]);
	select_worthwhile(&trial, chosen);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);

	/* The build begins with as many pages as there were. */
	RelationTruncate(index, nblocks);
}

/* ---------- all ---------- */

void
mm_subindexes_choose(Relation index, MMColumns *columns, const MMMeta *meta, const void *shared,
					 const MMTraining *training, const MMSample *sample,
					 MMChosenSubindexes *chosen)
{
	MMAskedSubindexes asked;

	chosen->n = 0;
	mm_subindexes_parse(mm_options_subindexes(index), &asked);
	if (asked.automatic && sample != NULL)
		try_out(index, columns, meta, shared, training, sample, chosen);
	for (int i = 0; i < asked.n; i++)
	{
		int			column = find_column(index, columns, &asked.of[i], 0);

		if (column >= 0)
			add_subindex(chosen, index, column, asked.of[i].kind, columns, meta, shared, training,
						 meta->rows);
	}
}

/*
 * Make an empty root.  Returns its block.
 */
static BlockNumber
make_root(Relation index, int tree, bool logged)
{
	Buffer		buffer = mm_page_new(index);
	BlockNumber block = BufferGetBlockNumber(buffer);
	GenericXLogState *xlog = logged ? GenericXLogStart(index) : NULL;
	Page		page = logged ? GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE) :
		BufferGetPage(buffer);

	mm_page_init(page, MM_PAGE_NODE, 0);
	MMPageGetSpecial(page)->tree = tree;
	if (logged)
		GenericXLogFinish(xlog);
	else
		MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
	return block;
}

void *
mm_subindexes_make(Relation index, MMMeta *meta, const void *shared, MMChosenSubindexes *chosen,
				   bool logged)
{
	int			ntrees = 1;

	for (int i = 0; i < chosen->n; i++)
	{
		MMSubindex *subindex = &chosen->of[i];
		BlockNumber *roots = &subindex->root;
		int			nregions;

		if (subindex->kind == MM_SUBINDEX_INVERTED)
		{
			subindex->root = mm_inverted_create(index, logged);
			continue;
		}
		if (subindex->kind == MM_SUBINDEX_MVP)
			roots = mm_vantage_roots(chosen->skeletons[i], &nregions);
		subindex->tree = ntrees;
		for (int t = 0; t < subindex->ntrees; t++)
			roots[t] = make_root(index, ntrees++, logged);
	}
	return mm_forest_store(meta, shared, chosen->of, chosen->models, chosen->skeletons, chosen->n);
}
