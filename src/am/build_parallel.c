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
#define KEY_SORT		UINT64CONST(0x4D4D000000000002)
#define KEY_PARTITIONS	UINT64CONST(0x4D4D000000000003)
#define KEY_QUERY		UINT64CONST(0x4D4D000000000004)

typedef struct Shared
{
	Oid			heap;
	Oid			index;
	bool		concurrent;
	int			workmem;		/* kB, of each worker */
	slock_t		mutex;
	int64		nrows;			/* under mutex */
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

MMParallelBuild *
mm_build_parallel(MMBuild *build, Relation heap, int nworkers)
{
	MMParallelBuild *parallel = palloc0(sizeof(MMParallelBuild));
	ParallelContext *context;
	Shared	   *shared;
	Sharedsort *sort;
	MMPartitionNode *partitions;
	Size		partitions_size = sizeof(MMPartitionNode) * build->npartition_nodes;
	Size		shared_size;
	Size		sort_size;
	char	   *query;
	SortCoordinate coordinate;

	EnterParallelMode();
	context = CreateParallelContext("mmdb", "mm_build_worker", nworkers);
	parallel->context = context;
	parallel->snapshot = build->concurrent ?
		RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;

	shared_size = BUFFERALIGN(sizeof(Shared)) +
		table_parallelscan_estimate(heap, parallel->snapshot);
	sort_size = tuplesort_estimate_shared(nworkers);
	shm_toc_estimate_chunk(&context->estimator, shared_size);
	shm_toc_estimate_chunk(&context->estimator, sort_size);
	shm_toc_estimate_chunk(&context->estimator, partitions_size);
	shm_toc_estimate_keys(&context->estimator, 3);
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
	shared->workmem = maintenance_work_mem / nworkers;
	shared->nrows = 0;
	SpinLockInit(&shared->mutex);
	table_parallelscan_initialize(heap, SharedGetScan(shared), parallel->snapshot);
	shm_toc_insert(context->toc, KEY_SHARED, shared);

	sort = shm_toc_allocate(context->toc, sort_size);
	tuplesort_initialize_shared(sort, nworkers, context->seg);
	shm_toc_insert(context->toc, KEY_SORT, sort);

	partitions = shm_toc_allocate(context->toc, partitions_size);
	memcpy(partitions, build->partitions, partitions_size);
	shm_toc_insert(context->toc, KEY_PARTITIONS, partitions);

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
	coordinate = palloc0(sizeof(SortCoordinateData));
	coordinate->isWorker = false;
	coordinate->nParticipants = context->nworkers_launched;
	coordinate->sharedsort = sort;
	mm_build_begin_sort(build, maintenance_work_mem / 2, coordinate);
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

void
mm_build_worker(dsm_segment *seg, shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	Sharedsort *sort = shm_toc_lookup(toc, KEY_SORT, false);
	LOCKMODE	heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
	LOCKMODE	index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
	Relation	heap;
	MMBuild		build = {0};
	MMMeta	   *meta;
	IndexInfo  *indexInfo;
	SortCoordinate coordinate;

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
	build.model = mm_model_open(build.columns, meta, mm_meta_model(build.index, meta));
	build.entry = palloc(INTALIGN(build.model->leaf.size));
	build.partitions = shm_toc_lookup(toc, KEY_PARTITIONS, false);
	build.scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb build row",
										  ALLOCSET_DEFAULT_SIZES);

	tuplesort_attach_shared(sort, seg);
	coordinate = palloc0(sizeof(SortCoordinateData));
	coordinate->isWorker = true;
	coordinate->nParticipants = -1;
	coordinate->sharedsort = sort;
	mm_build_begin_sort(&build, shared->workmem, coordinate);

	indexInfo = BuildIndexInfo(build.index);
	indexInfo->ii_Concurrent = shared->concurrent;
	table_index_build_scan(heap, build.index, indexInfo, true, false, mm_build_row, &build,
						   table_beginscan_parallel(heap, SharedGetScan(shared)));
	tuplesort_performsort(build.sort);
	tuplesort_end(build.sort);
	ExecDropSingleTupleTableSlot(build.slot);

	SpinLockAcquire(&shared->mutex);
	shared->nrows += build.nrows;
	SpinLockRelease(&shared->mutex);

	index_close(build.index, index_lock);
	table_close(heap, heap_lock);
}
