/*-------------------------------------------------------------------------
 *
 * train.c
 *	  A model for an index that began without one.
 *
 * An index on an empty or small table has no model: its root holds nothing but
 * the rows' places and which of their columns are NULL, and a search verifies
 * each row.  The insertion that finds MM_TRAINING_ROWS rows there measures
 * their distances, trains a model on them and makes the tree anew.
 *
 * Who trains holds the heavyweight lock of the metadata page, but no buffer
 * lock, as user-defined functions run meanwhile.  Nobody else adds to the root
 * then, as all insertions wait for this lock, and nothing is removed, as VACUUM
 * takes it, too, while the index has no model.  Searches go on.
 *
 * But a user's function may insert into the very table itself: the lock does not
 * keep out the session that has it.  Such an insertion does not train in its turn,
 * as that would call the function again, and so on for ever: it enters its row in
 * the root, which has room for some hundreds more.  So everything that calls
 * functions is done first, in memory: rows are fetched, the model is trained,
 * entries are made.  Then the root is looked at again, and rows that have come are
 * added to what there is, until none have come.  Each row is fetched once: this
 * ends, if the function's insertions do, or the root is full, which is an error.
 * From then on no function is called before the new tree is there.
 *
 * If most of the rows turn out to be dead, as after an insertion that was rolled
 * back, only those are removed: they would make a poor model for ever.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/choose_subindexes.h"
#include "am/train.h"
#include "index/options.h"
#include "index/packing.h"
#include "inverted/inverted.h"
#include "model/statistics.h"
#include "model/vantage.h"
#include "tree/bulk.h"

/* An index that this session trains now. */
typedef struct TrainedNow
{
	Oid			index;
	struct TrainedNow *next;
} TrainedNow;

static TrainedNow *trained_now = NULL;

/* Rows of the root, with their columns' values. */
typedef struct Rows
{
	int			n;
	ItemPointerData *tids;
	Datum	   (*values)[MM_MAX_COLUMNS];
	bool		(*isnull)[MM_MAX_COLUMNS];
} Rows;

/*
 * Lock the root.
 */
static Buffer
lock_root(const MMTree *tree, int mode)
{
	return mm_page_read(tree->index, tree->root, mode, MM_PAGE_NODE, NULL);
}

/*
 * The places of the rows in the root of a tree without a model, but for the first
 * ones.
 */
static int
read_root(const MMTree *tree, int first, ItemPointerData **tids)
{
	Buffer		buffer = lock_root(tree, BUFFER_LOCK_SHARE);
	Page		page = BufferGetPage(buffer);
	int			n = MMPageGetSpecial(page)->n;

	mm_tree_check_node(tree, buffer, 0);
	if ((MMPageGetSpecial(page)->flags & MM_PAGE_UNTRAINED) == 0 || n < first)
		elog(ERROR, "index \"%s\" has changed while it was trained",
			 RelationGetRelationName(tree->index));
	*tids = palloc(sizeof(ItemPointerData) * Max(n - first, 1));
	for (int i = first; i < n; i++)
		mm_entry_place(tree->index, mm_page_words(page, 0)[i], mm_page_words(page, 1)[i],
					   &(*tids)[i - first]);
	UnlockReleaseBuffer(buffer);
	return n - first;
}

/*
 * Fetch the newest version, under a place that the index knows, that is not dead
 * to everybody.  (Versions under one place have the same values, but for those
 * from before CREATE INDEX, which indexed the newest.)
 */
static bool
fetch_newest(IndexFetchTableData *fetch, ItemPointerData tid, Snapshot snapshot,
			 TupleTableSlot *slot)
{
	bool		call_again = false;
	bool		all_dead = false;
	bool		found = false;

	while (table_index_fetch_tuple(fetch, &tid, snapshot, slot, &call_again, &all_dead))
	{
		found = true;
		ExecMaterializeSlot(slot);
	}
	return found;
}

/*
 * Room for so many rows.
 */
static Rows *
make_rows(int n)
{
	Rows	   *rows = palloc(sizeof(Rows));

	rows->n = 0;
	rows->tids = palloc(sizeof(ItemPointerData) * n);
	rows->values = palloc(sizeof(*rows->values) * n);
	rows->isnull = palloc(sizeof(*rows->isnull) * n);
	return rows;
}

/*
 * Fetch the values of these rows, and add them to others.  Rows that are dead to
 * everybody are left out: what they refer to may be gone.
 */
static void
fetch_rows(Relation heap, Relation index, const MMColumns *columns,
		   ItemPointerData *tids, int n, Rows *rows)
{
	IndexInfo  *indexInfo = BuildIndexInfo(index);
	EState	   *estate = CreateExecutorState();
	ExprContext *econtext = GetPerTupleExprContext(estate);
	TupleTableSlot *slot = table_slot_create(heap, NULL);
	IndexFetchTableData *fetch = table_index_fetch_begin(heap);
	SnapshotData snapshot;
	BlockNumber nblocks = 0;

	InitNonVacuumableSnapshot(snapshot, GlobalVisTestFor(heap));
	econtext->ecxt_scantuple = slot;
	for (int i = 0; i < n; i++)
	{
		Datum		keys[INDEX_MAX_KEYS];
		bool		keynulls[INDEX_MAX_KEYS];
		Datum	   *values = rows->values[rows->n];
		bool	   *isnull = rows->isnull[rows->n];

		CHECK_FOR_INTERRUPTS();
		mm_place_check(index, heap, &tids[i], &nblocks);
		if (!fetch_newest(fetch, tids[i], &snapshot, slot))
			continue;
		FormIndexDatum(indexInfo, slot, estate, keys, keynulls);
		mm_columns_values(columns, keys, keynulls, values, isnull);
		for (int c = 0; c < columns->n; c++)
		{
			const MMColumn *column = &columns->columns[c];

			if (isnull[c] || column->typbyval)
				continue;
			values[c] = column->typlen == -1 ?
				PointerGetDatum(PG_DETOAST_DATUM_COPY(values[c])) :
				datumCopy(values[c], false, column->typlen);
		}
		rows->tids[rows->n++] = tids[i];
		ResetExprContext(econtext);
	}
	table_index_fetch_end(fetch);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
}

/*
 * Leave only these rows in the root of a tree without a model.
 */
static void
shrink_root(const MMTree *tree, const Rows *rows)
{
	const MMModel *model = tree->model;
	MMEntry		entry = palloc(INTALIGN(model->leaf.size));
	Buffer		root = lock_root(tree, BUFFER_LOCK_EXCLUSIVE);
	GenericXLogState *xlog = GenericXLogStart(tree->index);
	Page		page = GenericXLogRegisterBuffer(xlog, root, 0);

	MMPageGetSpecial(page)->n = 0;
	for (int i = 0; i < rows->n; i++)
	{
		mm_model_embed(model, &rows->tids[i], rows->values[i], rows->isnull[i], entry);
		mm_page_add(page, &model->leaf, entry);
	}
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(root);
}

/* What training has made of rows, in memory. */
typedef struct Trained
{
	MMMeta	   *meta;			/* statistics, and what is said of the model, but not
								 * where it is */
	void	   *stored;			/* the model as it is stored */
	MMModel    *model;
	MMChosenSubindexes subindexes;	/* which have no roots yet */
	MMModel    *models[MM_MAX_COLUMNS];	/* of these */
	MMVantage  *vantages[MM_MAX_COLUMNS];	/* if they are MVP-trees, and ... */
	int		   *regions[MM_MAX_COLUMNS];	/* ... regions of the rows there */
	MMTokens   *tokens[MM_MAX_COLUMNS]; /* or if they are inverted, of the rows */
	MMEntry    *entries[1 + MM_MAX_COLUMNS];	/* of the rows in the shared tree and in
								 * these, with room for as many as rows have */
} Trained;

/*
 * Statistics of rows, for an index with this metadata.
 */
static MMMeta *
measure(MMColumns *columns, const MMMeta *meta, const Rows *rows)
{
	MMSample   *sample = mm_sample_begin(columns, rows->n);
	MMMeta	   *measured;

	for (int i = 0; i < rows->n; i++)
		mm_sample_add(sample, NULL, rows->values[i], rows->isnull[i]);
	mm_sample_finish(sample);
	measured = mm_statistics_measure(sample, columns, rows->n);
	/* What a build has measured on few rows is better than nothing. */
	for (int c = 0; c < columns->n; c++)
		if (measured->columns[c].pairs == 0 && meta->columns[c].pairs > 0)
			measured->columns[c] = meta->columns[c];
	return measured;
}

/*
 * Make entries of rows, from the first one on that has none.
 */
static void
make_entries(MMColumns *columns, const Rows *rows, int first, Trained *trained)
{
	for (int i = first; i < rows->n; i++)
	{
		MMEntry		shared = palloc(INTALIGN(trained->model->leaf.size));

		mm_model_embed(trained->model, &rows->tids[i], rows->values[i], rows->isnull[i], shared);
		trained->entries[0][i] = shared;
		for (int s = 0; s < trained->subindexes.n; s++)
		{
			int			column = trained->subindexes.of[s].column;
			MMEntry		entry;

			if (trained->subindexes.of[s].kind == MM_SUBINDEX_INVERTED)
			{
				MMInverted	inverted = {.column = &columns->columns[column]};

				mm_inverted_tokens(&inverted, rows->values[i][column], rows->isnull[i][column],
								   &trained->tokens[s][i]);
				continue;
			}
			if (trained->vantages[s] != NULL)
			{
				entry = palloc(INTALIGN(mm_vantage_model(trained->vantages[s], 0)->leaf.size));
				trained->regions[s][i] = mm_vantage_embed(trained->vantages[s], &rows->tids[i],
														  rows->values[i], rows->isnull[i], entry);
				trained->entries[s + 1][i] = entry;
				continue;
			}
			entry = palloc(INTALIGN(trained->models[s]->leaf.size));
			mm_model_embed_part(trained->models[s], column, trained->model, shared,
								rows->values[i][column], entry);
			trained->entries[s + 1][i] = entry;
		}
	}
}

/*
 * Measure rows, and train a model on them.
 */
static void
train(Relation index, MMColumns *columns, const MMMeta *meta, const Rows *rows, Trained *trained)
{
	MMTraining	training;
	double		weights[MM_MAX_COLUMNS];

	trained->meta = measure(columns, meta, rows);
	for (int c = 0; c < columns->n; c++)
	{
		training.n[c] = 0;
		training.values[c] = palloc(sizeof(Datum) * Max(rows->n, 1));
		for (int i = 0; i < rows->n; i++)
			if (!rows->isnull[i][c])
				training.values[c][training.n[c]++] = rows->values[i][c];
	}
	mm_packing_weights(index, columns, WARNING, weights);
	trained->stored = mm_model_train(columns, trained->meta, &training, weights,
									 mm_options_get(index).pivots);
	trained->model = mm_model_open(columns, trained->meta, trained->stored);
	/* So few rows do not tell what pays: there is only what is asked for. */
	mm_subindexes_choose(index, columns, trained->meta, trained->stored, &training, NULL,
						 &trained->subindexes);
	for (int s = 0; s < trained->subindexes.n; s++)
	{
		const MMSubindex *subindex = &trained->subindexes.of[s];

		if (subindex->kind == MM_SUBINDEX_INVERTED)
			continue;
		trained->models[s] = mm_model_open_part(columns, &subindex->shape,
												trained->subindexes.models[s]);
		if (subindex->kind == MM_SUBINDEX_MVP)
			trained->vantages[s] = mm_vantage_open(trained->models[s], subindex->column,
												   trained->subindexes.skeletons[s]);
	}
}

/*
 * Make the trained root, and enter the model and the statistics, in one step.
 */
static void
replace_root(const MMTree *tree, const MMMeta *trained, MMEntry *entries, int n, int level)
{
	Buffer		root = lock_root(tree, BUFFER_LOCK_EXCLUSIVE);
	Buffer		metabuf = mm_meta_lock(tree->index, tree->model->ncolumns, BUFFER_LOCK_EXCLUSIVE);
	GenericXLogState *xlog = GenericXLogStart(tree->index);

	mm_tree_fill_root(tree, GenericXLogRegisterBuffer(xlog, root, GENERIC_XLOG_FULL_IMAGE),
					  entries, n, level);
	mm_meta_enter_model(xlog, metabuf, trained);
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(metabuf);
	UnlockReleaseBuffer(root);
}

/*
 * Free what training has written before it failed: as long as the index has no
 * model, its metadata and its root are all that is in use.
 */
static void
free_leftovers(const MMTree *tree)
{
	Relation	index = tree->index;
	BlockNumber nblocks = RelationGetNumberOfBlocks(index);
	bool		any = false;

	for (BlockNumber block = MM_META_BLOCK + 1; block < nblocks; block++)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (block == tree->root)
			continue;
		any = true;
		buffer = ReadBuffer(index, block);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		if (!mm_page_recyclable(BufferGetPage(buffer)))
		{
			GenericXLogState *xlog = GenericXLogStart(index);
			Page		page = GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE);

			/* Nobody has ever had a link to it. */
			mm_page_init(page, MM_PAGE_NODE, 0);
			mm_page_delete(page, FirstNormalFullTransactionId, 0);
			GenericXLogFinish(xlog);
		}
		UnlockReleaseBuffer(buffer);
		RecordFreeIndexPage(index, block);
	}
	if (any)
		IndexFreeSpaceMapVacuum(index);
}

/*
 * Make the trees of an MVP-tree, given by its number among the sub-indexes.
 */
static void
make_regions(Relation index, Trained *trained, int s, int nrows)
{
	const MMSubindex *subindex = &trained->subindexes.of[s];
	void	   *skeleton = trained->subindexes.skeletons[s];
	MMModel    *model = mm_model_open_tree(trained->meta->ncolumns, &subindex->shape,
										   trained->subindexes.models[s]);
	int			nregions;
	BlockNumber *roots = mm_vantage_roots(skeleton, &nregions);
	MMEntry    *entries = palloc(sizeof(MMEntry) * Max(nrows, 1));

	mm_vantage_fit(model, subindex->column, skeleton);
	for (int region = 0; region < nregions; region++)
	{
		MMTree		tree = mm_tree_of_region(index, subindex, region, roots[region], model);
		MMBulk	   *bulk = mm_bulk_begin(&tree, mm_options_get(index).fillfactor, true);
		int			n = 0;

		for (int i = 0; i < nrows; i++)
			if (trained->regions[s][i] == region)
				entries[n++] = trained->entries[s + 1][i];
		mm_bulk_add(bulk, entries, n);
		mm_bulk_finish_root(bulk);
	}
}

/*
 * Write the model, and make the trees anew of so many rows.
 */
static void
make_trees(Relation index, Trained *trained, const ItemPointerData *tids, int nrows)
{
	MMTree		shared = mm_tree_of_columns(index, trained->model);
	int			fillfactor = mm_options_get(index).fillfactor;
	MMMeta	   *meta = trained->meta;
	MMBulk	   *bulk;
	MMEntry    *entries;
	void	   *stored;
	int			level;
	int			n;

	free_leftovers(&shared);
	stored = mm_subindexes_make(index, meta, trained->stored, &trained->subindexes, true);
	meta->model = mm_meta_write_model(index, stored, meta->model_size, true);
	for (int s = 0; s < trained->subindexes.n; s++)
	{
		const MMSubindex *subindex = &trained->subindexes.of[s];
		MMTree		tree;

		if (subindex->kind == MM_SUBINDEX_INVERTED)
		{
			MMInverted	inverted = mm_inverted_of_subindex(index, NULL, subindex);
			MMInvertedBuild *build = mm_inverted_build_begin(&inverted, maintenance_work_mem, true);

			for (int i = 0; i < nrows; i++)
				mm_inverted_build_add(build, &tids[i], &trained->tokens[s][i]);
			mm_inverted_build_finish(build);
			continue;
		}
		if (subindex->kind == MM_SUBINDEX_MVP)
		{
			make_regions(index, trained, s, nrows);
			continue;
		}
		tree = mm_tree_of_subindex(index, subindex, trained->models[s]);
		bulk = mm_bulk_begin(&tree, fillfactor, true);
		mm_bulk_add(bulk, trained->entries[s + 1], nrows);
		mm_bulk_finish_root(bulk);
	}
	meta->shared_part = 1.0f / (1 + trained->subindexes.n);
	bulk = mm_bulk_begin(&shared, fillfactor, true);
	mm_bulk_add(bulk, trained->entries[0], nrows);
	n = mm_bulk_finish(bulk, &entries, &level);
	replace_root(&shared, meta, entries, n, n == 0 ? 0 : level);
}

/*
 * Train an index, if it needs that.
 */
static void
train_if_due(Relation index, Relation heap, MMColumns *columns)
{
	MMMeta	   *meta = mm_meta_read(index, columns->n);
	MMTree		tree;
	int			capacity;
	ItemPointerData *tids;
	int			nread;
	int			n;
	Rows	   *rows;
	bool		most_dead;
	Trained		trained = {0};

	if (BlockNumberIsValid(meta->model))
		return;
	tree = mm_tree_of_columns(index, mm_model_open(columns, meta, NULL));
	nread = read_root(&tree, 0, &tids);
	if (nread < MM_TRAINING_ROWS)
		return;

	/* Users' functions run here. */
	capacity = tree.model->leaf.capacity;
	rows = make_rows(capacity);
	fetch_rows(heap, index, columns, tids, nread, rows);
	most_dead = rows->n < MM_TRAINING_ROWS / 2;
	if (!most_dead)
	{
		train(index, columns, meta, rows, &trained);
		for (int i = 0; i <= trained.subindexes.n; i++)
			trained.entries[i] = palloc(sizeof(MMEntry) * capacity);
		for (int s = 0; s < trained.subindexes.n; s++)
		{
			trained.tokens[s] = palloc(sizeof(MMTokens) * capacity);
			trained.regions[s] = palloc(sizeof(int) * capacity);
		}
		make_entries(columns, rows, 0, &trained);
	}

	/* And the rows that they have inserted, and so on. */
	while ((n = read_root(&tree, nread, &tids)) > 0)
	{
		int			before = rows->n;

		nread += n;
		fetch_rows(heap, index, columns, tids, n, rows);
		if (!most_dead)
			make_entries(columns, rows, before, &trained);
	}

	if (most_dead)
		shrink_root(&tree, rows);
	else
		make_trees(index, &trained, rows->tids, rows->n);
}

bool
mm_train_running(Oid index)
{
	for (const TrainedNow *one = trained_now; one != NULL; one = one->next)
		if (one->index == index)
			return true;
	return false;
}

void
mm_train_index(Relation index, Relation heap, MMColumns *columns)
{
	MemoryContext context;
	MemoryContext old;
	TrainedNow	this = {.index = RelationGetRelid(index), .next = trained_now};

	LockPage(index, MM_META_BLOCK, ExclusiveLock);
	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb training",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	trained_now = &this;
	PG_TRY();
	{
		train_if_due(index, heap, columns);
	}
	PG_FINALLY();
	{
		trained_now = this.next;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	UnlockPage(index, MM_META_BLOCK, ExclusiveLock);
}
