/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  VACUUM and ANALYZE of the table.
 *
 * There are no entries to remove.  An index made before its table was filled
 * has measured nothing, or little: VACUUM and ANALYZE measure again until the
 * statistics rest on MM_SETTLED_ROWS rows.  From then on only REINDEX changes
 * them, as the distances users see depend on them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/index.h"
#include "storage/bufmgr.h"
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
 * Measure the table of an index again.
 */
static void
measure_again(IndexVacuumInfo *info, MMColumns *columns)
{
	Relation	index = info->index;
	Relation	heap = MM_OPEN_VACUUMED_HEAP(info);
	IndexInfo  *indexInfo = BuildIndexInfo(index);
	MMSample   *sample;
	double		table_rows;

	sample = mm_sample_table(heap, index, indexInfo, columns,
							 mm_options_sample_rows(index), true, &table_rows);
	mm_meta_update(index, mm_statistics_measure(sample, columns));
	table_close(heap, NoLock);
}

IndexBulkDeleteResult *
mmdb_vacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MMColumns  *columns = mm_columns_open(info->index);
	int64		rows = mm_meta_read(info->index, columns->n)->rows;

	if (rows < MM_SETTLED_ROWS && info->num_heap_tuples > rows)
		measure_again(info, columns);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);

	if (info->analyze_only)
		return stats;
	if (stats == NULL)
		stats = palloc0(sizeof(IndexBulkDeleteResult));
	stats->num_pages = RelationGetNumberOfBlocks(info->index);
	stats->num_index_tuples = info->num_heap_tuples;
	stats->estimated_count = info->estimated_count;
	return stats;
}
