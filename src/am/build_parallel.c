/*-------------------------------------------------------------------------
 *
 * build_parallel.c
 *	  Parallel workers of an index build.
 *
 * Workers read the table together, embed rows and sort the entries by
 * partition, each within its share of maintenance_work_mem.  The leader merges
 * what they have sorted, and packs it (nbtsort.c has the same plan).  Workers
 * read the model from the pages of the new index, where the leader has put it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "storage/condition_variable.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/build.h"
#include "compat.h"

#define KEY_SHARED		UINT64CONST(0x4D4D000000000001)
#define KEY_QUERY		UINT64CONST(0x4D4D000000000002)
/* Those of a tree, and its number besides: */
#define KEY_SORT		UINT64CONST(0x4D4D000000010000)
#define KEY_PARTITIONS	UINT64CONST(0x4D4D000000020000)

typedef struct Shared
{
	Oid			heap;
	Oid			index;
	bool		concurrent;
	int			workmem;		/* kB, of each sort of a worker */

	/* of all workers that are done, under mutex: */
	slock_t		mutex;
	int64		nrows;
	bool		broken_hot_chain;	/* old snapshots may not use the index */
	int32		dimensions[MM_MAX_COLUMNS];	/* of columns; -1: not settled */
	/* A ParallelTableScanDesc follows, BUFFERALIGNed. */
} Shared;

#define SharedGetScan(shared) \
	((ParallelTableScanDesc) ((char *) (shared) + BUFFERALIGN(sizeof(Shared))))

struct MMParallelBuild
{
	ParallelContext *context;
	Snapshot	snapshot;
};

int
mm_build_workers(Relation heap, Relation index)
{
	return plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index));
}

static Size
partitions_size(const MMBuildTree *tree)
{
	return sizeof(MMPartitionNode) * Max(tree->npartition_nodes, 1);
}

MMParallelBuild *
mm_build_parallel(MMBuild *build, Relation heap, IndexInfo *indexInfo, int nworkers)
{
	MMParallelBuild *parallel = palloc0(sizeof(MMParallelBuild));
	ParallelContext *context;
	Shared	   *shared;
	Sharedsort *sorts[1 + MM_MAX_SUBINDEXES];
	Size		shared_size;
	Size		sort_size;
	char	   *query;

	EnterParallelMode();
	context = CreateParallelContext("mmdb", "mm_build_worker", nworkers);
	parallel->context = context;
	parallel->snapshot = build->concurrent ?
		RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;

	shared_size = BUFFERALIGN(sizeof(Shared)) +
		table_parallelscan_estimate(heap, parallel->snapshot);
	sort_size = tuplesort_estimate_shared(nworkers);
	shm_toc_estimate_chunk(&context->estimator, shared_size);
	shm_toc_estimate_keys(&context->estimator, 1);
	for (int t = 0; t < build->ntrees; t++)
	{
		shm_toc_estimate_chunk(&context->estimator, sort_size);
		shm_toc_estimate_chunk(&context->estimator, partitions_size(&build->trees[t]));
		shm_toc_estimate_keys(&context->estimator, 2);
	}
	if (debug_query_string != NULL)
	{
		shm_toc_estimate_chunk(&context->estimator, strlen(debug_query_string) + 1);
		shm_toc_estimate_keys(&context->estimator, 1);
	}
	InitializeParallelDSM(context);
	if (context->seg == NULL)
	{
		mm_build_parallel_end(parallel);
		return NULL;
	}

	shared = shm_toc_allocate(context->toc, shared_size);
	shared->heap = RelationGetRelid(heap);
	shared->index = RelationGetRelid(build->index);
	shared->concurrent = build->concurrent;
	shared->workmem = Max(maintenance_work_mem / nworkers / build->ntrees, 64);
	SpinLockInit(&shared->mutex);
	shared->nrows = 0;
	shared->broken_hot_chain = false;
	memcpy(shared->dimensions, build->dimensions, sizeof(int32) * build->columns->n);
	table_parallelscan_initialize(heap, SharedGetScan(shared), parallel->snapshot);
	shm_toc_insert(context->toc, KEY_SHARED, shared);

	for (int t = 0; t < build->ntrees; t++)
	{
		MMPartitionNode *partitions = shm_toc_allocate(context->toc,
													   partitions_size(&build->trees[t]));

		sorts[t] = shm_toc_allocate(context->toc, sort_size);
		tuplesort_initialize_shared(sorts[t], nworkers, context->seg);
		shm_toc_insert(context->toc, KEY_SORT + t, sorts[t]);
		if (build->trees[t].partitions != NULL)
			memcpy(partitions, build->trees[t].partitions, partitions_size(&build->trees[t]));
		shm_toc_insert(context->toc, KEY_PARTITIONS + t, partitions);
	}

	if (debug_query_string != NULL)
	{
		query = shm_toc_allocate(context->toc, strlen(debug_query_string) + 1);
		strcpy(query, debug_query_string);
		shm_toc_insert(context->toc, KEY_QUERY, query);
	}

	LaunchParallelWorkers(context);
	if (context->nworkers_launched == 0)
	{
		mm_build_parallel_end(parallel);
		return NULL;
	}
	WaitForParallelWorkersToFinish(context);

	/*
	 * All workers that were launched have finished their parts, so take them
	 * over.
	 */
	build->nrows = shared->nrows;
	indexInfo->ii_BrokenHotChain |= shared->broken_hot_chain;
	memcpy(build->dimensions, shared->dimensions, sizeof(int32) * build->columns->n);
	for (int t = 0; t < build->ntrees; t++)
	{
		SortCoordinate coordinate = palloc0(sizeof(SortCoordinateData));

		coordinate->isWorker = false;
		coordinate->nParticipants = context->nworkers_launched;
		coordinate->sharedsort = sorts[t];
		mm_build_begin_sort(&build->trees[t], maintenance_work_mem / 2 / build->ntrees,
							coordinate);
	}
	return parallel;
}

void
mm_build_parallel_end(MMParallelBuild *parallel)
{
	if (IsMVCCSnapshot(parallel->snapshot))
		UnregisterSnapshot(parallel->snapshot);
	DestroyParallelContext(parallel->context);
	ExitParallelMode();
	pfree(parallel);
}

/*
 * Tell the leader what a worker has found.
 */
static void
report(Shared *shared, const MMBuild *build, bool broken_hot_chain)
{
	int32		dimensions[MM_MAX_COLUMNS];

	SpinLockAcquire(&shared->mutex);
	shared->nrows += build->nrows;
	shared->broken_hot_chain |= broken_hot_chain;
	for (int i = 0; i < build->columns->n; i++)
	{
		if (shared->dimensions[i] < 0)
			shared->dimensions[i] = build->dimensions[i];
		dimensions[i] = shared->dimensions[i];
	}
	SpinLockRelease(&shared->mutex);
	for (int i = 0; i < build->columns->n; i++)
		if (build->dimensions[i] >= 0)
			mm_columns_settle_dimension(build->columns, i, build->dimensions[i], &dimensions[i]);
}

void
mm_build_worker(dsm_segment *seg, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	LOCKMODE	heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
	LOCKMODE	index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
	Relation	heap;
	MMBuild		build = {0};
	MMMeta	   *meta;
	IndexInfo  *indexInfo;

	debug_query_string = shm_toc_lookup(toc, KEY_QUERY, true);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);

	heap = table_open(shared->heap, heap_lock);
	build.index = index_open(shared->index, index_lock);
	build.columns = mm_columns_make(build.index);
	build.concurrent = shared->concurrent;
	meta = mm_meta_read_building(build.index, build.columns->n);
	build.dimensions = palloc(sizeof(int32) * build.columns->n);
	for (int i = 0; i < build.columns->n; i++)
		build.dimensions[i] = meta->columns[i].dimensions;
	mm_build_open_trees(&build, meta, memcpy(palloc(meta->model_size),
											 mm_meta_model(build.index, meta), meta->model_size));
	build.scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb build row",
										  ALLOCSET_DEFAULT_SIZES);
	for (int t = 0; t < build.ntrees; t++)
	{
		SortCoordinate coordinate = palloc0(sizeof(SortCoordinateData));

		build.trees[t].partitions = shm_toc_lookup(toc, KEY_PARTITIONS + t, false);
		coordinate->isWorker = true;
		coordinate->nParticipants = -1;
		coordinate->sharedsort = shm_toc_lookup(toc, KEY_SORT + t, false);
		tuplesort_attach_shared(coordinate->sharedsort, seg);
		mm_build_begin_sort(&build.trees[t], shared->workmem, coordinate);
	}

	indexInfo = BuildIndexInfo(build.index);
	indexInfo->ii_Concurrent = shared->concurrent;
	table_index_build_scan(heap, build.index, indexInfo, true, false, mm_build_row, &build,
						   table_beginscan_parallel(heap, SharedGetScan(shared)));
	for (int t = 0; t < build.ntrees; t++)
	{
		tuplesort_performsort(build.trees[t].sort);
		tuplesort_end(build.trees[t].sort);
		ExecDropSingleTupleTableSlot(build.trees[t].slot);
	}

	report(shared, &build, indexInfo->ii_BrokenHotChain);

	index_close(build.index, index_lock);
	table_close(heap, heap_lock);
}
