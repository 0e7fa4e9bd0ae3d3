/*-------------------------------------------------------------------------
 *
 * build_rows.c
 *	  Rows of the table on their way into an index that is being built.
 *
 * Each row is embedded.  Its entry is kept in memory, or if there are too many
 * entries for that, sorted by the partition of the embedded space that it
 * belongs to.  The leader of a build and its parallel workers do the same.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "am/build.h"
#include "base/sort.h"
#include "tree/pack.h"

static int
partition_of(const MMBuild *build, const uint32 *entry)
{
	const MMPartitionNode *node = &build->partitions[0];

	while (node->coordinate >= 0)
		node = &build->partitions[mm_pack_key(build->model, false, entry, node->coordinate) > node->middle ?
								  node->right : node->left];
	return node->left;
}

void
mm_build_begin_sort(MMBuild *build, int workmem, SortCoordinate coordinate)
{
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, "partition", INT4OID, -1, 0);
	TupleDescInitEntry(desc, 2, "entry", BYTEAOID, -1, 0);
	build->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	build->sort = mm_sort_begin(desc, Int4LessOperator, workmem, coordinate, TUPLESORT_NONE);
}

void
mm_build_row(Relation index, ItemPointer tid, Datum *keys, bool *keynulls,
			 bool tupleIsAlive, void *arg)
{
	MMBuild    *state = arg;
	MemoryContext old = MemoryContextSwitchTo(state->scratch);
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];

	mm_columns_values(state->columns, keys, keynulls, values, isnull);
	if (state->concurrent)		/* it may have come after sampling */
		mm_columns_check_values(state->columns, values, isnull, state->dimensions);
	mm_model_embed(state->model, tid, values, isnull, state->entry);
	state->nrows++;
	if (state->sort != NULL)
	{
		bytea	   *bytes = palloc(VARHDRSZ + state->model->leaf.size);

		SET_VARSIZE(bytes, VARHDRSZ + state->model->leaf.size);
		memcpy(VARDATA(bytes), state->entry, state->model->leaf.size);
		ExecClearTuple(state->slot);
		state->slot->tts_values[0] = Int32GetDatum(partition_of(state, state->entry));
		state->slot->tts_values[1] = PointerGetDatum(bytes);
		state->slot->tts_isnull[0] = state->slot->tts_isnull[1] = false;
		ExecStoreVirtualTuple(state->slot);
		tuplesort_puttupleslot(state->sort, state->slot);
		ExecClearTuple(state->slot);
	}
	MemoryContextSwitchTo(old);
	if (state->sort == NULL)
		mm_entries_add(state->entries, state->entry);
	MemoryContextReset(state->scratch);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, state->nrows);
}
