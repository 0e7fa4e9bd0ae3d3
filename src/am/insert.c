/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Rows that come after the build.
 *
 * The columns and the model are opened once for each statement.  A row's
 * values are checked and embedded, and its entry is added to the tree
 * (tree/insert.c).  If the index has no model yet, but has enough rows for
 * one, it is trained first (train.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "am/am.h"
#include "am/train.h"
#include "inverted/inverted.h"
#include "model/vantage.h"
#include "tree/insert.h"

/*
 * What a statement keeps for the rows it inserts.
 */
typedef struct InsertState
{
	MMColumns  *columns;
	MMModel    *model;			/* of the shared tree */
	int			nsubindexes;
	MMSubindex	subindexes[MM_MAX_COLUMNS];
	/* Of each, one of these: */
	MMTree		trees[MM_MAX_COLUMNS];
	MMVantage  *vantages[MM_MAX_COLUMNS];
	MMInverted	inverted[MM_MAX_COLUMNS];
	int32		dimensions[MM_MAX_COLUMNS]; /* known to the index, or -1 */
	MemoryContext context;		/* of the model */
	MemoryContext scratch;		/* reset for each row */
} InsertState;

/*
 * Read the metadata and the model.
 */
static void
open_model(Relation index, InsertState *state)
{
	MemoryContext old = MemoryContextSwitchTo(state->context);
	MMMeta	   *meta;
	const void *stored;
	MMForest	forest;

	MemoryContextReset(state->context);
	meta = mm_meta_read(index, state->columns->n);
	for (int i = 0; i < state->columns->n; i++)
		state->dimensions[i] = meta->columns[i].dimensions;
	/* Opening models calls functions, and they may make the cache forget it. */
	stored = mm_meta_model(index, meta);
	if (stored != NULL)
		stored = memcpy(palloc(meta->model_size), stored, meta->model_size);
	state->model = mm_model_open(state->columns, meta, stored);
	mm_forest_open(index, meta, stored, &forest);
	state->nsubindexes = forest.n;
	for (int i = 0; i < forest.n; i++)
	{
		const MMSubindex *subindex = forest.of[i];

		MMModel    *model;

		state->subindexes[i] = *subindex;
		if (subindex->kind == MM_SUBINDEX_INVERTED)
		{
			state->inverted[i] = mm_inverted_of_subindex(index, state->columns, subindex);
			continue;
		}
		model = mm_model_open_part(state->columns, &subindex->shape, mm_subindex_model(subindex));
		if (subindex->kind == MM_SUBINDEX_MVP)
			state->vantages[i] = mm_vantage_open(model, subindex->column,
												 mm_subindex_skeleton(subindex));
		else
			state->trees[i] = mm_tree_of_subindex(index, subindex, model);
	}
	MemoryContextSwitchTo(old);
}

static InsertState *
insert_state(Relation index, IndexInfo *indexInfo)
{
	InsertState *state = indexInfo->ii_AmCache;
	MemoryContext old;

	if (state != NULL)
		return state;
	old = MemoryContextSwitchTo(indexInfo->ii_Context);
	state = palloc0(sizeof(InsertState));
	state->columns = mm_columns_open(index);
	if (mm_columns_changed(state->columns) >= 0)
		mm_columns_require_metric(state->columns, mm_columns_changed(state->columns));
	state->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb model",
										   ALLOCSET_DEFAULT_SIZES);
	state->scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb insert",
										   ALLOCSET_DEFAULT_SIZES);
	open_model(index, state);
	MemoryContextSwitchTo(old);
	return indexInfo->ii_AmCache = state;
}

/*
 * Check that a row has distances, and that it has the dimensions known to the
 * index; those that are not known yet, it settles.
 */
static void
check_row(Relation index, InsertState *state, Datum *values, bool *isnull)
{
	MMColumns  *columns = state->columns;
	int32		dimensions[MM_MAX_COLUMNS];

	memcpy(dimensions, state->dimensions, sizeof(dimensions));
	mm_columns_check_values(columns, values, isnull, dimensions);
	if (memcmp(dimensions, state->dimensions, sizeof(int32) * columns->n) == 0)
		return;

	mm_meta_settle_dimensions(index, columns->n, dimensions);
	memcpy(state->dimensions, dimensions, sizeof(dimensions));
	mm_columns_check_values(columns, values, isnull, dimensions);
}

/*
 * Add a row to an MVP-tree.
 */
static void
insert_into_mvp(Relation index, const MMSubindex *subindex, MMVantage *vantage, ItemPointer tid,
				Datum *values, const bool *isnull)
{
	MMEntry		entry = palloc(INTALIGN(mm_vantage_model(vantage, 0)->leaf.size));
	int			region = mm_vantage_embed(vantage, tid, values, isnull, entry);
	MMTree		tree = mm_tree_of_region(index, subindex, region, mm_vantage_root(vantage, region),
										 mm_vantage_model(vantage, region));

	(void) mm_tree_insert(&tree, entry, 0);
}

/*
 * Add a row to the sub-indexes, given its entry in the shared tree.
 */
static void
insert_into_subindexes(Relation index, InsertState *state, ItemPointer tid, const uint32 *shared,
					   Datum *values, const bool *isnull)
{
	for (int i = 0; i < state->nsubindexes; i++)
	{
		const MMSubindex *subindex = &state->subindexes[i];
		const MMTree *tree = &state->trees[i];
		Datum		value = values[subindex->column];
		MMEntry		entry;

		if (subindex->kind == MM_SUBINDEX_INVERTED)
			mm_inverted_insert(&state->inverted[i], tid, value, isnull[subindex->column]);
		else if (subindex->kind == MM_SUBINDEX_MVP)
			insert_into_mvp(index, subindex, state->vantages[i], tid, values, isnull);
		else
		{
			entry = palloc(INTALIGN(tree->model->leaf.size));
			mm_model_embed_part(tree->model, subindex->column, state->model, shared, value, entry);
			(void) mm_tree_insert(tree, entry, 0);
		}
	}
}

bool
mmdb_insert(Relation index, Datum *keys, bool *keynulls, ItemPointer heap_tid,
			Relation heap, IndexUniqueCheck checkUnique, bool indexUnchanged,
			IndexInfo *indexInfo)
{
	InsertState *state = insert_state(index, indexInfo);
	MemoryContext old;
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];

	MemoryContextReset(state->scratch);
	old = MemoryContextSwitchTo(state->scratch);
	mm_columns_values(state->columns, keys, keynulls, values, isnull);
	check_row(index, state, values, isnull);
	for (;;)
	{
		/*
		 * Rows that are inserted by the training itself wait in the root until
		 * it ends.
		 */
		bool		waits = mm_train_running(RelationGetRelid(index));
		MMTree		tree = mm_tree_of_columns(index, state->model);
		MMEntry		entry = palloc(INTALIGN(state->model->leaf.size));
		MMInsertResult result;

		mm_model_embed(state->model, heap_tid, values, isnull, entry);
		result = mm_tree_insert(&tree, entry,
								waits ? state->model->leaf.capacity : MM_TRAINING_ROWS);
		if (result == MM_INSERTED)
		{
			insert_into_subindexes(index, state, heap_tid, entry, values, isnull);
			break;
		}
		if (result == MM_TRAINING_DUE && waits)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("functions that index \"%s\" calls insert too many rows into its own table",
							RelationGetRelationName(index)),
					 errdetail("While the index is trained on its first %d rows, it has room for %d more.",
							   MM_TRAINING_ROWS, state->model->leaf.capacity - MM_TRAINING_ROWS),
					 errhint("Let the functions change nothing.")));
		if (result == MM_TRAINING_DUE)
			mm_train_index(index, heap, state->columns);
		open_model(index, state);
		if (result == MM_MODEL_STALE && !state->model->trained)
			mm_report_damage(index, "The root does not fit the metadata.");
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->scratch);
	return false;
}
