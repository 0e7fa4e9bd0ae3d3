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
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "am/build.h"
#include "base/sort.h"
#include "tree/pack.h"

void
mm_build_open_trees(MMBuild *build, const MMMeta *meta, const void *stored)
{
	MMForest	forest;

	mm_forest_open(build->index, meta, stored, &forest);
	build->ntrees = 1;
	build->ninverted = 0;
	memset(build->trees, 0, sizeof(build->trees));
	build->trees[0].tree = mm_tree_of_columns(build->index,
											  mm_model_open(build->columns, meta, stored));
	build->trees[0].column = -1;
	for (int i = 0; i < forest.n; i++)
	{
		const MMSubindex *subindex = forest.of[i];
		MMBuildTree *tree = &build->trees[build->ntrees];

		if (subindex->kind == MM_SUBINDEX_INVERTED)
		{
			build->inverted[build->ninverted++] = (MMBuildInverted) {
				.inverted = mm_inverted_of_subindex(build->index, build->columns, subindex),
				.column = subindex->column,
			};
			continue;
		}
		tree->column = subindex->column;
		tree->subindex = *subindex;
		tree->plain = mm_model_open_part(build->columns, &subindex->shape,
										 mm_subindex_model(subindex));
		if (subindex->kind == MM_SUBINDEX_MVP)
		{
			tree->vantage = mm_vantage_open(tree->plain, subindex->column,
											mm_subindex_skeleton(subindex));
			tree->tree = mm_tree_of_region(build->index, subindex, 0,
										   mm_vantage_root(tree->vantage, 0),
										   mm_vantage_model(tree->vantage, 0));
		}
		else
			tree->tree = mm_tree_of_subindex(build->index, subindex, tree->plain);
		build->ntrees++;
	}
	for (int i = 0; i < build->ntrees; i++)
		build->trees[i].entry = palloc(INTALIGN(build->trees[i].tree.model->leaf.size));
}

void
mm_build_begin(MMBuild *build, bool logged)
{
	for (int t = 0; t < build->ntrees; t++)
	{
		MMBuildTree *tree = &build->trees[t];

		tree->nlists = tree->vantage == NULL ? 1 : mm_vantage_region_count(tree->vantage);
		tree->lists = palloc(sizeof(MMEntries *) * tree->nlists);
		for (int i = 0; i < tree->nlists; i++)
			tree->lists[i] = mm_entries_create(&tree->tree.model->leaf);
	}
	for (int i = 0; i < build->ninverted; i++)
		build->inverted[i].build = mm_inverted_build_begin(&build->inverted[i].inverted,
														   maintenance_work_mem / 2 / build->ninverted,
														   logged);
}

void
mm_build_embed(MMBuild *build, ItemPointer tid, Datum *values, const bool *isnull)
{
	MMBuildTree *shared = &build->trees[0];

	build->tid = *tid;
	mm_model_embed(shared->tree.model, tid, values, isnull, shared->entry);
	for (int i = 1; i < build->ntrees; i++)
	{
		MMBuildTree *tree = &build->trees[i];

		if (tree->vantage != NULL)
			tree->region = mm_vantage_embed(tree->vantage, tid, values, isnull, tree->entry);
		else
			mm_model_embed_part(tree->tree.model, tree->column, shared->tree.model, shared->entry,
								values[tree->column], tree->entry);
	}
	for (int i = 0; i < build->ninverted; i++)
	{
		MMBuildInverted *inverted = &build->inverted[i];

		mm_inverted_tokens(&inverted->inverted, values[inverted->column],
						   isnull[inverted->column], &inverted->tokens);
	}
}

static int
partition_of(const MMBuildTree *tree)
{
	const MMPartitionNode *node;

	if (tree->vantage != NULL)
		return tree->region;
	node = &tree->partitions[0];
	while (node->coordinate >= 0)
		node = &tree->partitions[mm_pack_key(tree->tree.model, false, tree->entry,
											 node->coordinate) > node->middle ?
								 node->right : node->left];
	return node->left;
}

void
mm_build_begin_sort(MMBuildTree *tree, int workmem, SortCoordinate coordinate)
{
	TupleDesc	desc = CreateTemplateTupleDesc(2);

	TupleDescInitEntry(desc, 1, "partition", INT4OID, -1, 0);
	TupleDescInitEntry(desc, 2, "entry", BYTEAOID, -1, 0);
	tree->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	tree->sort = mm_sort_begin(desc, Int4LessOperator, workmem, coordinate, TUPLESORT_NONE);
}

/*
 * Sort the entry of the current row.
 */
static void
sort_entry(MMBuildTree *tree)
{
	Size		size = tree->tree.model->leaf.size;
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), tree->entry, size);
	ExecClearTuple(tree->slot);
	tree->slot->tts_values[0] = Int32GetDatum(partition_of(tree));
	tree->slot->tts_values[1] = PointerGetDatum(bytes);
	tree->slot->tts_isnull[0] = tree->slot->tts_isnull[1] = false;
	ExecStoreVirtualTuple(tree->slot);
	tuplesort_puttupleslot(tree->sort, tree->slot);
	ExecClearTuple(tree->slot);
}

void
mm_build_add(MMBuild *build)
{
	for (int i = 0; i < build->ntrees; i++)
	{
		MMBuildTree *tree = &build->trees[i];

		if (tree->sort != NULL)
			sort_entry(tree);
		else
			mm_entries_add(tree->lists[tree->region], tree->entry);
	}
	for (int i = 0; i < build->ninverted; i++)
		mm_inverted_build_add(build->inverted[i].build, &build->tid, &build->inverted[i].tokens);
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
	mm_build_embed(state, tid, values, isnull);
	state->nrows++;
	mm_build_add(state);
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->scratch);
	pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, state->nrows);
}
