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
#include "base/compare.h"
#include "index/options.h"
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
 * Divide sampled entries into n partitions, numbered from first.  Returns the
 * number of the array's node that stands for them.
 */
static int
make_partitions(MMBuild *build, MMEntry *entries, int64 nentries, int first, int n)
{
	const MMModel *model = build->model;
	int			number = build->npartition_nodes++;
	MMPartitionNode *node = &build->partitions[number];
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
	node->left = make_partitions(build, entries, left, first, n / 2);
	node->right = make_partitions(build, entries + left, nentries - left, first + n / 2, n - n / 2);
	return number;
}

/*
 * Divide the embedded space into about n partitions of equal numbers of rows.
 */
static void
choose_partitions(MMBuild *build, const MMSample *sample, int npartitions)
{
	int			n = mm_sample_size(sample);
	MMEntries  *kept = mm_entries_create(&build->model->leaf);

	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(build->scratch);
		ItemPointerData tid;
		Datum	   *values;
		bool	   *isnull;

		ItemPointerSet(&tid, 0, 1);
		mm_sample_row(sample, i, &values, &isnull);
		mm_model_embed(build->model, &tid, values, isnull, build->entry);
		MemoryContextSwitchTo(old);
		MemoryContextReset(build->scratch);
		mm_entries_add(kept, build->entry);
		CHECK_FOR_INTERRUPTS();
	}
	npartitions = Min(npartitions, Max(n / 4, 1));
	build->partitions = palloc(sizeof(MMPartitionNode) * npartitions * 2);
	build->npartition_nodes = 0;
	make_partitions(build, kept->items, kept->n, 0, npartitions);
	mm_entries_free(kept);
}

/*
 * Pack the sorted entries, one partition at a time, or as much of it as fits.
 */
static void
pack_partitions(MMBuild *state, MMBulk *bulk, int64 entries_in_memory)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(state->slot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	int32		partition = -1;

	tuplesort_performsort(state->sort);
	while (tuplesort_gettupleslot(state->sort, true, false, slot, NULL))
	{
		bool		isnull;
		int32		next = DatumGetInt32(slot_getattr(slot, 1, &isnull));
		bytea	   *bytes = DatumGetByteaPP(slot_getattr(slot, 2, &isnull));

		if (next != partition || state->entries->n >= entries_in_memory)
		{
			mm_bulk_add(bulk, state->entries->items, state->entries->n);
			mm_entries_clear(state->entries);
			partition = next;
		}
		memcpy(state->entry, VARDATA_ANY(bytes), state->model->leaf.size);
		mm_entries_add(state->entries, state->entry);
		CHECK_FOR_INTERRUPTS();
	}
	mm_bulk_add(bulk, state->entries->items, state->entries->n);
	ExecDropSingleTupleTableSlot(slot);
	tuplesort_end(state->sort);
	ExecDropSingleTupleTableSlot(state->slot);
}

/*
 * Write the root: its entries, at its level.
 */
static void
write_root(const MMTree *tree, MMEntry *entries, int64 n, int level)
{
	Buffer		buffer = ReadBuffer(tree->index, tree->root);

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	mm_tree_fill_root(tree, BufferGetPage(buffer), entries, n, level);
	MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
}

/*
 * Read the table and write the tree.
 */
static void
build_tree(MMBuild *state, Relation heap, IndexInfo *indexInfo,
		   const MMSample *sample, const MMMeta *meta, const void *model)
{
	Size		entry_memory;
	int64		entries_in_memory;
	int			nworkers = 0;
	MMParallelBuild *parallel = NULL;
	MMTree		tree;

	state->model = mm_model_open(state->columns, meta, model);
	tree = mm_tree_of_columns(state->index, state->model);
	state->entry = palloc(state->model->leaf.size);
	state->entries = mm_entries_create(&state->model->leaf);

	/*
	 * The sample takes a quarter of the memory.  Packing needs lists of
	 * entries and keys.
	 */
	entry_memory = state->model->leaf.size + 3 * sizeof(void *);
	entries_in_memory = (int64) maintenance_work_mem * 768 / entry_memory;
	if (state->model->trained)
		nworkers = mm_build_workers(heap, state->index);
	if (state->model->trained &&
		(nworkers > 0 || mm_sample_entries(sample) > entries_in_memory))
	{
		entries_in_memory = Max(entries_in_memory / 2, 1000);
		choose_partitions(state, sample,
						  (int) Min(2 * mm_sample_entries(sample) / entries_in_memory + 1, 10000));
	}

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_SCAN);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, mm_sample_entries(sample));
	state->nrows = 0;
	if (nworkers > 0)
		parallel = mm_build_parallel(state, heap, nworkers);
	if (parallel == NULL)
	{
		if (state->partitions != NULL)
			mm_build_begin_sort(state, maintenance_work_mem / 2, NULL);
		table_index_build_scan(heap, state->index, indexInfo, true, true, mm_build_row, state, NULL);
	}

	pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, PHASE_PACK);
	if (!state->model->trained)
	{
		if (state->entries->n <= state->model->leaf.capacity)
			write_root(&tree, state->entries->items, state->entries->n, 0);
	}
	else
	{
		MMBulk	   *bulk = mm_bulk_begin(&tree, mm_options_get(state->index).fillfactor, false);
		MMEntry    *entries;
		int			level;
		int			n;

		if (state->sort != NULL)
			pack_partitions(state, bulk, entries_in_memory);
		else
			mm_bulk_add(bulk, state->entries->items, state->entries->n);
		n = mm_bulk_finish(bulk, &entries, &level);
		write_root(&tree, entries, n, n == 0 ? 0 : level);
	}
	if (parallel != NULL)
		mm_build_parallel_end(parallel);
	mm_entries_free(state->entries);
}

/*
 * Train a model and enter it in the metadata.
 */
static void *
train(Relation index, MMColumns *columns, const MMSample *sample, MMMeta *meta)
{
	MMTraining	training;
	void	   *model;

	for (int i = 0; i < columns->n; i++)
	{
		training.values[i] = palloc(sizeof(Datum) * Max(mm_sample_size(sample), 1));
		training.n[i] = mm_sample_values(sample, i, training.values[i]);
	}
	model = mm_model_train(columns, meta, &training, mm_options_get(index).pivots);
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
	build_tree(&state, heap, indexInfo, sample, meta, model);
	if (!state.model->trained && state.nrows > state.model->leaf.capacity)
	{
		/*
		 * In the meantime, more rows have come than an index without a model
		 * may have.
		 */
		model = train(index, state.columns, sample, meta);
		build_tree(&state, heap, indexInfo, sample, meta, model);
	}
	result->index_tuples = state.nrows;
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
