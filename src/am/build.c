/*-------------------------------------------------------------------------
 *
 * build.c
 *	  CREATE INDEX, REINDEX, and rows that come later.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/index.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"

IndexBuildResult *
mmdb_build(Relation heap, Relation index, IndexInfo *indexInfo)
{
	IndexBuildResult *result = palloc0(sizeof(IndexBuildResult));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MMColumns  *columns = mm_columns_open(index);
	MMSample   *sample;

	sample = mm_sample_table(heap, index, indexInfo, columns,
							 mm_options_sample_rows(index), false,
							 &result->heap_tuples);
	mm_meta_create(index, MAIN_FORKNUM, mm_statistics_measure(sample, columns));
	result->index_tuples = mm_sample_rows(sample);

	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return result;
}

void
mmdb_buildempty(Relation index)
{
	mm_meta_create(index, INIT_FORKNUM, mm_meta_empty(mm_columns_open(index)->n));
}

/*
 * Check that a row has distances and the dimensions known to the index, or
 * let it settle them.
 */
static void
check_row(Relation index, MMColumns *columns, Datum *keys, bool *keynulls)
{
	const MMMeta *meta = mm_meta_read(index, columns->n);
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	int32		dimensions[MM_MAX_COLUMNS];
	bool		settled = true;

	for (int i = 0; i < columns->n; i++)
		dimensions[i] = meta->columns[i].dimensions;
	mm_columns_values(columns, keys, keynulls, values, isnull);
	mm_columns_check_values(columns, values, isnull, dimensions);

	for (int i = 0; i < columns->n; i++)
		settled &= dimensions[i] == meta->columns[i].dimensions;
	if (settled)
		return;
	mm_meta_settle_dimensions(index, columns->n, dimensions);
	mm_columns_check_values(columns, values, isnull, dimensions);
}

bool
mmdb_insert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
			Relation heap, IndexUniqueCheck checkUnique, bool indexUnchanged,
			IndexInfo *indexInfo)
{
	MMColumns  *columns = indexInfo->ii_AmCache;
	MemoryContext context;
	MemoryContext old;

	if (columns == NULL)
	{
		old = MemoryContextSwitchTo(indexInfo->ii_Context);
		columns = indexInfo->ii_AmCache = mm_columns_open(index);
		MemoryContextSwitchTo(old);
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb insert",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	check_row(index, columns, values, isnull);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return false;
}
