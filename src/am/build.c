/*-------------------------------------------------------------------------
 *
 * build.c
 *	  CREATE INDEX and REINDEX.
 *
 * The table is read twice: first for a sample, from which statistics and the
 * model are made, and then to make each row's entry.  Entries that fit in
 * maintenance_work_mem are packed into leaves at once.  Otherwise the sample
 * is divided, by the same median splits, into partitions that will fit.  A
 * tuplesort brings the entries of each partition together, spilling to disk,
 * and partitions are packed one by one.  Parallel workers (build_parallel.c)
 * help to read the table, and to embed and sort rows, in the same way.
 *
 * A table of few rows gets an index without a model (see train.c).
 *
 * Pages are written without WAL, and logged whole at the end.  Until then the
 * metadata say that the index is being built.  A function in an index
 * expression, say, may search or change the table during the build.  Without
 * that mark, PostgreSQL would let its search use the unfinished index, and a
 * new row would be lost.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/alter.h"
#include "am/am.h"
#include "am/build.h"
#include "am/choose_subindexes.h"
#include "am/whole_scales.h"
#include "base/compare.h"
#include "index/options.h"
#include "index/packing.h"
#include "index/scales.h"
#include "model/statistics.h"
#include "tree/bulk.h"
#include "tree/pack.h"

/* The phases that pg_stat_progress_create_index shows. */
#define PHASE_SAMPLE	2
#define PHASE_SCAN		3
#define PHASE_PACK		4
#define PHASE_LOG		5

char *
mmdb_buildphasename(int64 phase)
{
	switch (phase)
	{
		case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
			return "initializing";
		case PHASE_SAMPLE:
			return "sampling table";
		case PHASE_SCAN:
			return "scanning table";
		case PHASE_PACK:
			return "building tree";
		case PHASE_LOG:
			return "writing WAL";
		default:
			return NULL;
	}
}

/*
 * Divide sampled entries of a tree into n partitions, numbered from first.
 * Returns the number of the array's node that stands for them.
 */
static int
make_partitions(MMBuildTree *tree, MMEntry *entries, int64 nentries, int first, int n)
{
	const MMModel *model = tree->tree.model;
	int			number = tree->npartition_nodes++;
	MMPartitionNode *node = &tree->partitions[number];
	float	   *keys;
	int64		left = 0;

	node->coordinate = n > 1 && nentries > 1 ?
		mm_pack_spread(model, false, entries, nentries) : -1;
	node->left = first;
	if (node->coordinate < 0)
		return number;

	keys = palloc(sizeof(float) * nentries);
	for (int64 i = 0; i < nentries; i++)
		keys[i] = mm_pack_key(model, false, entries[i], node->coordinate);
	qsort(keys, nentries, sizeof(float), mm_compare_floats);
	node->middle = keys[nentries * (n / 2) / n];
	pfree(keys);
	for (int64 i = 0; i < nentries; i++)
		if (!(mm_pack_key(model, false, entries[i], node->coordinate) > node->middle))
		{
			MMEntry		swap = entries[i];

			entries[i] = entries[left];
			entries[left++] = swap;
		}
	node->left = make_partitions(tree, entries, left, first, n / 2);
	node->right = make_partitions(tree, entries + left, nentries - left, first + n / 2, n - n / 2);
	return number;
}

/*
 * Divide the embedded space of each tree into about n partitions of equal
 * numbers of rows.
 */
static void
choose_partitions(MMBuild *build, const MMSample *sample, int npartitions)
{
	int			n = mm_sample_size(sample);
	MMEntries  *kept[1 + MM_MAX_COLUMNS];

	for (int t = 0; t < build->ntrees; t++)
		kept[t] = mm_entries_create(&build->trees[t].tree.model->leaf);
	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(build->scratch);
		ItemPointerData tid;
		Datum	   *values;
		bool	   *isnull;

		ItemPointerSet(&tid, 0, 1);
		mm_sample_row(sample, i, &values, &isnull);
		mm_build_embed(build, &tid, values, isnull);
		MemoryContextSwitchTo(old);
		MemoryContextReset(build->scratch);
		for (int t = 0; t < build->ntrees; t++)
			mm_entries_add(kept[t], build->trees[t].entry);
		CHECK_FOR_INTERRUPTS();
	}
	npartitions = Min(npartitions, Max(n / 4, 1));
	for (int t = 0; t < build->ntrees; t++)
	{
		MMBuildTree *tree = &build->trees[t];

		tree->npartition_nodes = 0;
		if (tree->vantage != NULL)
			continue;
		tree->partitions = palloc(sizeof(MMPartitionNode) * npartitions * 2);
		make_partitions(tree, kept[t]->items, kept[t]->n, 0, npartitions);
	}
	for (int t = 0; t < build->ntrees; t++)
		mm_entries_free(kept[t]);
}

/*
 * Write the root of an index without a model, if the rows still are so few.
 */
static void
write_untrained(MMBuild *state)
{
	MMBuildTree *shared = &state->trees[0];
	Buffer		buffer;

	if (state->nrows <= shared->tree.model->leaf.capacity)
	{
		buffer = ReadBuffer(state->index, shared->tree.root);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		mm_tree_fill_root(&shared->tree, BufferGetPage(buffer), shared->lists[0]->items,
						  shared->lists[0]->n, 0);
		MarkBufferDirty(buffer);
		UnlockReleaseBuffer(buffer);
	}
	mm_entries_free(shared->lists[0]);
}

/*
 * Read the table and write the trees.
 */
static void
build_trees(MMBuild *state, Relation heap, IndexInfo *indexInfo,
			const MMSample *sample, MMMeta *meta, const void *stored)
{
	Size		entry_memory = 0;
	int64		entries_in_memory;
	int			nworkers = 0;
	MMParallelBuild *parallel = NULL;
	bool		trained;
	BlockNumber before = 0;

	mm_build_open_trees(state, meta, stored);
	trained = state->trees[0].tree.model->trained;

	/*
	 * The sample takes a quarter of the memory.  Packing needs lists of
	 * entries and keys.
	 */
	mm_build_begin(state, false);
	for (int t = 0; t < state->ntrees; t++)
		entry_memory += state->trees[t].tree.model->leaf.size + 3 * sizeof(void *);
	entries_in_memory = (int64) maintenance_work_mem * 768 / entry_memory;
	/* What inverted indexes have of rows does not go through a sort. */
	if (trained && state->ninverted == 0)
		nworkers = mm_build_workers(heap, state->index);
	if (trained && (nworkers > 0 || mm_sample_entries(sample) > entries_in_memory))
	{
		entries_in_memory = Max(entries_in_memory / 2, 1000);
		choose_partitions(state, sample,
						  (int) Min(2 * mm_sample_entries(sample) / entries_in_memory + 1, 10000));
	}

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_SCAN);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, mm_sample_entries(sample));
	state->nrows = 0;
	if (nworkers > 0)
		parallel = mm_build_parallel(state, heap, indexInfo, nworkers);
	if (parallel == NULL)
	{
		for (int t = 0; t < state->ntrees && state->trees[0].partitions != NULL; t++)
			mm_build_begin_sort(&state->trees[t], maintenance_work_mem / 2 / state->ntrees, NULL);
		table_index_build_scan(heap, state->index, indexInfo, true, true, mm_build_row, state, NULL);
	}

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_PACK);
	if (!trained)
		write_untrained(state);
	else
	{
		before = RelationGetNumberOfBlocks(state->index);
		for (int t = 0; t < state->ntrees; t++)
		{
			mm_build_pack(&state->trees[t], entries_in_memory);
			if (t == 0)
				meta->shared_part = (float4) (RelationGetNumberOfBlocks(state->index) - before);
		}
		for (int i = 0; i < state->ninverted; i++)
			mm_inverted_build_finish(state->inverted[i].build);
		/* Besides these, there are the model, and roots that may be empty. */
		meta->shared_part = Max(meta->shared_part, 1) /
			Max(RelationGetNumberOfBlocks(state->index) - before, 1);
	}
	if (parallel != NULL)
		mm_build_parallel_end(parallel);
}

/*
 * Train a model, with sub-indexes, and enter it in the metadata.
 */
static void *
train(Relation index, MMColumns *columns, const MMSample *sample, MMMeta *meta)
{
	MMTraining	training;
	MMChosenSubindexes chosen;
	double		weights[MM_MAX_COLUMNS];
	void	   *model;

	for (int i = 0; i < columns->n; i++)
	{
		training.values[i] = palloc(sizeof(Datum) * Max(mm_sample_size(sample), 1));
		training.n[i] = mm_sample_values(sample, i, training.values[i]);
	}
	/* mmdb_build has warned. */
	mm_packing_weights(index, columns, DEBUG1, weights);
	model = mm_model_train(columns, meta, &training, weights, mm_options_get(index).pivots);
	mm_subindexes_choose(index, columns, meta, model, &training, sample, &chosen);
	model = mm_subindexes_make(index, meta, model, &chosen, false);
	meta->model = mm_meta_write_model(index, model, meta->model_size, false);
	mm_meta_build(index, meta, false);
	return model;
}

/*
 * Is an index built for the first time, and not rebuilt by REINDEX, TRUNCATE,
 * VACUUM FULL, ALTER TABLE or pg_upgrade?  (In the second transaction of
 * CREATE INDEX CONCURRENTLY, this cannot be told.)
 */
static bool
is_new(Relation index)
{
	return index->rd_createSubid != InvalidSubTransactionId &&
		!ReindexIsProcessingIndex(RelationGetRelid(index)) &&
		!mm_alter_replaces(index) && !IsBinaryUpgrade;
}

IndexBuildResult *
mmdb_build(Relation heap, Relation index, IndexInfo *indexInfo)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MMBuild		state = {0};
	double		weights[MM_MAX_COLUMNS];
	MMSample   *sample;
	MMMeta	   *meta;
	void	   *model = NULL;

	state.index = index;
	state.columns = mm_columns_make(index);
	mm_alter_warn(index, state.columns);
	/*
	 * Pinned scales matter for searches only, so the table need not do without
	 * the index.
	 */
	mm_scales_check_parameter(index, state.columns, is_new(index) ? ERROR : WARNING);
	mm_subindexes_check_parameter(index, state.columns, is_new(index) ? ERROR : WARNING);
	mm_packing_weights(index, state.columns, is_new(index) ? ERROR : WARNING, weights);
	if (is_new(index))
		mm_whole_scales_fix(index);
	state.concurrent = indexInfo->ii_Concurrent;
	state.scratch = AllocSetContextCreate(context, "mmdb build row", ALLOCSET_DEFAULT_SIZES);

	mm_meta_create(index, MAIN_FORKNUM, mm_columns_metadata(state.columns));
	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_SAMPLE);
	sample = mm_sample_table(heap, index, indexInfo, state.columns,
							 mm_options_get(index).sample_rows, &result->heap_tuples);
	meta = mm_statistics_measure(sample, state.columns, result->heap_tuples);
	state.dimensions = palloc(sizeof(int32) * state.columns->n);
	for (int i = 0; i < state.columns->n; i++)
		state.dimensions[i] = meta->columns[i].dimensions;

	if (mm_sample_entries(sample) > MM_TRAINING_ROWS)
		model = train(index, state.columns, sample, meta);
	build_trees(&state, heap, indexInfo, sample, meta, model);
	if (model == NULL && state.nrows > state.trees[0].tree.model->leaf.capacity)
	{
		/*
		 * In the meantime, more rows have come than an index without a model
		 * may have.
		 */
		model = train(index, state.columns, sample, meta);
		build_trees(&state, heap, indexInfo, sample, meta, model);
	}
	result->index_tuples = state.nrows;
	/* Rows that came after sampling may have settled some. */
	for (int i = 0; i < state.columns->n; i++)
		meta->columns[i].dimensions = state.dimensions[i];
	mm_meta_build(index, meta, true);

	if (RelationNeedsWAL(index))
	{
		pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_LOG);
		log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);
	}

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

void
mmdb_buildempty(Relation index)
{
	mm_meta_create(index, INIT_FORKNUM, mm_columns_metadata(mm_columns_make(index)));
}
