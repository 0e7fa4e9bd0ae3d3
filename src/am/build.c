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
	mm_meta_create(index, MAIN_FORKNUM,
				   mm_statistics_measure(sample, columns, result->heap_tuples));
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
 * What one statement keeps for the rows it inserts.
 */
typedef struct InsertState
{
	MMColumns  *columns;
	int32		dimensions[MM_MAX_COLUMNS]; /* known to the index, or -1 */
} InsertState;

static InsertState *
insert_state(Relation index)
{
	InsertState *state = palloc(sizeof(InsertState));
	MMMeta	   *meta;

	state->columns = mm_columns_open(index);
	meta = mm_meta_read(index, state->columns->n);
	for (int i = 0; i < state->columns->n; i++)
		state->dimensions[i] = meta->columns[i].dimensions;
	return state;
}

/*
 * Check that a row has distances and the dimensions known to the index, or
 * let it settle them.
 */
static void
check_row(Relation index, InsertState *state, Datum *keys, bool *keynulls)
{
	MMColumns  *columns = state->columns;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	int32		dimensions[MM_MAX_COLUMNS];

	memcpy(dimensions, state->dimensions, sizeof(dimensions));
	mm_columns_values(columns, keys, keynulls, values, isnull);
	mm_columns_check_values(columns, values, isnull, dimensions);
	if (memcmp(dimensions, state->dimensions, sizeof(int32) * columns->n) == 0)
		return;

	mm_meta_settle_dimensions(index, columns->n, dimensions);
	memcpy(state->dimensions, dimensions, sizeof(dimensions));
	mm_columns_check_values(columns, values, isnull, dimensions);
}

bool
mmdb_insert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
			Relation heap, IndexUniqueCheck checkUnique, bool indexUnchanged,
			IndexInfo *indexInfo)
{
	InsertState *state = indexInfo->ii_AmCache;
	MemoryContext context;
	MemoryContext old;

	if (state == NULL)
	{
		old = MemoryContextSwitchTo(indexInfo->ii_Context);
		state = indexInfo->ii_AmCache = insert_state(index);
		MemoryContextSwitchTo(old);
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb insert",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	check_row(index, state, values, isnull);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return false;
}
