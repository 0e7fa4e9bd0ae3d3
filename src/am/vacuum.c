/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  VACUUM and ANALYZE of the table.
 *
 * There are no entries to remove.  An index made before its table was filled
 * has measured nothing, or little: VACUUM and ANALYZE measure again until the
 * table had MM_SETTLED_ROWS rows.  From then on only REINDEX changes the
 * statistics, as the distances users see depend on them.
 *
 * VACUUM must not fail, lest the table be left to age.  So it measures only
 * what it can: all values in the table were checked when they came in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "storage/bufmgr.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "compat.h"

IndexBulkDeleteResult *
mmdb_bulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
				IndexBulkDeleteCallback callback, void *callback_state)
{
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	return stats;
}

/*
 * Let no row go away, nor its TOASTed values, that snapshots taken from now on
 * see.  VACUUM commonly does without that, which others know by a flag.
 */
static void
hold_back_horizon(void)
{
	/* The workers of a parallel VACUUM expect to find the flag and copy it. */
	if (IsInParallelMode() || (MyProc->statusFlags & PROC_IN_VACUUM) == 0)
		return;
	LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
	MyProc->statusFlags &= ~PROC_IN_VACUUM;
	ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
	LWLockRelease(ProcArrayLock);
}

/*
 * Measure the table of an index again.
 */
static void
measure_again(IndexVacuumInfo *info)
{
	Relation	index = info->index;
	Relation	heap = MM_OPEN_VACUUMED_HEAP(info);
	IndexInfo  *indexInfo = BuildIndexInfo(index);
	MMColumns  *columns = mm_columns_open(index);
	MMSample   *sample;
	double		table_rows;

	hold_back_horizon();
	sample = mm_sample_table(heap, index, indexInfo, columns,
							 mm_options_sample_rows(index), true, &table_rows);
	mm_meta_update(index, mm_statistics_measure(sample, columns, table_rows));
	table_close(heap, NoLock);
}

IndexBulkDeleteResult *
mmdb_vacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MMMeta	   *meta = mm_meta_read(info->index, 0);
	bool		partial = RelationGetIndexPredicate(info->index) != NIL;

	if (meta->rows < MM_SETTLED_ROWS && info->num_heap_tuples > meta->rows &&
		mm_columns_fit(info->index, meta->ncolumns))
		measure_again(info);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);

	if (info->analyze_only)
		return stats;
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	/* How many rows a partial index has, only a scan could tell. */
	stats->num_index_tuples = info->num_heap_tuples;
	stats->estimated_count = info->estimated_count || partial;
	return stats;
}
