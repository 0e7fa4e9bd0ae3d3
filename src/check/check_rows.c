/*-------------------------------------------------------------------------
 *
 * check_rows.c
 *	  mmdb_index_check: the entries of an index against the rows of its table.
 *
 * Both sides go through one tuplesort, by place in the table: each entry, and
 * each row in the form of the entry that the model makes of it now.  What
 * comes out side by side must agree.  The sort has only digests of entries, so
 * it takes some 50 bytes for each, whatever their size.  Beyond
 * maintenance_work_mem it is on disk.
 *
 * The rows are those that a snapshot taken now sees.  (They are not all that
 * an index build takes: deleted rows that some old snapshot sees are not in an
 * index made by CREATE INDEX CONCURRENTLY.)  The transaction's own snapshot
 * will not do, because it might be older than the lock that keeps rows from
 * coming.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/random.h"
#include "base/sort.h"
#include "check/check.h"

/* This many leaves are kept to check bounds with. */
#define SAMPLED_LEAVES	8

/* An entry or a row, as it is sorted. */
typedef struct CheckItem
{
	int64		place;			/* block, offset, and in the last bit: an entry */
	uint32		coordinates;	/* digest of NULLs and coordinates */
	uint32		sketch;			/* digest of the sketches */
	BlockNumber block;			/* where the entry is */
	int			entry;
} CheckItem;

#define ITEM_ATTRIBUTES	4

struct MMCheckRows
{
	Relation	heap;
	Relation	index;
	MMColumns  *columns;
	const MMMeta *meta;
	const MMModel *model;
	const MMModel *shared;		/* of the shared tree */
	int			column;			/* of the sub-index; -1: it is the shared tree */
	MMVantage  *vantage;		/* of an MVP-tree; or NULL */
	int			first_tree;		/* number */
	Tuplesortstate *sort;
	TupleTableSlot *slot;
	MMEntry		entry;
	MMEntry		shared_entry;
	MemoryContext scratch;		/* reset for each row */
	MMRandom	random;
	int64		nleaves;		/* seen */
	int			nsampled;
	BlockNumber blocks[SAMPLED_LEAVES];
	Page		pages[SAMPLED_LEAVES];
};

MMCheckRows *
mm_check_rows_begin(Relation heap, const MMTree *tree, MMColumns *columns,
					const MMMeta *meta, const MMModel *shared, int column,
					MMVantage *vantage)
{
	MMCheckRows *rows = palloc0(sizeof(MMCheckRows));
	TupleDesc	desc = CreateTemplateTupleDesc(ITEM_ATTRIBUTES);

	rows->heap = heap;
	rows->index = tree->index;
	rows->columns = columns;
	rows->meta = meta;
	rows->model = tree->model;
	rows->shared = shared;
	rows->column = column;
	rows->vantage = vantage;
	rows->first_tree = tree->number;
	rows->entry = palloc(INTALIGN(tree->model->leaf.size));
	rows->shared_entry = palloc(INTALIGN(shared->leaf.size));
	rows->random.seed = 2;
	rows->scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb check row",
										  ALLOCSET_DEFAULT_SIZES);
	TupleDescInitEntry(desc, 1, "place", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "digests", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 3, "block", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 4, "entry", INT4OID, -1, 0);
	rows->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	rows->sort = mm_sort_begin(desc, Int8LessOperator, maintenance_work_mem, NULL, TUPLESORT_NONE);
	return rows;
}

/*
 * Make those parts of an entry that are about dropped attributes the same as
 * those of a NULL.  The values at the time of the insertion cannot be known
 * any more.
 */
static void
clear_dropped(const MMCheckRows *rows, MMEntry entry)
{
	const MMModel *model = rows->model;

	for (int i = 0; i < model->ncolumns; i++)
	{
		const MMColumnModel *c = &model->of[i];

		if (!rows->columns->columns[i].dropped)
			continue;
		entry[2] |= UINT32_C(1) << i;
		memset(MMEntryFloats(entry) + c->first, 0, sizeof(float) * c->ncoordinates);
		memset(entry + c->first_word, 0, sizeof(uint32) * c->shape.words);
		memset(MMEntryBytes(entry, &model->leaf) + c->first_byte, 0, c->shape.bytes);
	}
}

/*
 * Sort rows->entry.  It comes from the index, or it was made of a row (then
 * there is no block).
 */
static void
put_item(MMCheckRows *rows, BlockNumber block, int number)
{
	const uint32 *entry = rows->entry;
	int			header = 2 * sizeof(uint32);
	int			coordinates = (MM_ENTRY_HEADER + rows->model->ncoordinates) * sizeof(uint32);
	const unsigned char *bytes = (const unsigned char *) entry;
	uint64		place = ((uint64) entry[0] << 16 | entry[1]) << 1 | BlockNumberIsValid(block);
	uint64		digests = (uint64) hash_bytes(bytes + header, coordinates - header) << 32 |
		hash_bytes(bytes + coordinates, rows->model->leaf.size - coordinates);

	ExecClearTuple(rows->slot);
	rows->slot->tts_values[0] = Int64GetDatum((int64) place);
	rows->slot->tts_values[1] = Int64GetDatum((int64) digests);
	rows->slot->tts_values[2] = Int64GetDatum(block);
	rows->slot->tts_values[3] = Int32GetDatum(number);
	memset(rows->slot->tts_isnull, false, sizeof(bool) * ITEM_ATTRIBUTES);
	ExecStoreVirtualTuple(rows->slot);
	tuplesort_puttupleslot(rows->sort, rows->slot);
}

/*
 * Keep a uniform sample of leaves that have entries.
 */
static void
sample_leaf(MMCheckRows *rows, BlockNumber block, Page page)
{
	int64		slot = rows->nleaves++;

	if (slot >= SAMPLED_LEAVES)
		slot = mm_random_below(&rows->random, rows->nleaves);
	if (slot >= SAMPLED_LEAVES)
		return;
	if (slot == rows->nsampled)
		rows->pages[rows->nsampled++] = palloc(BLCKSZ);
	memcpy(rows->pages[slot], page, BLCKSZ);
	rows->blocks[slot] = block;
}

void
mm_check_rows_leaf(MMCheckRows *rows, BlockNumber block, Page page)
{
	int			n = MMPageGetSpecial(page)->n;

	for (int i = 0; i < n; i++)
	{
		mm_page_get(page, &rows->model->leaf, i, rows->entry);
		clear_dropped(rows, rows->entry);
		put_item(rows, block, i);
	}
	/* Bounds are checked with one model, which of an MVP-tree is that of region 0. */
	if (n > 0 && rows->model->trained && MMPageGetSpecial(page)->tree == rows->first_tree)
		sample_leaf(rows, block, page);
}

/*
 * Callback of the table scan: one row.
 */
static void
check_row(Relation index, ItemPointer tid, Datum *keys, bool *keynulls,
		  bool tupleIsAlive, void *arg)
{
	MMCheckRows *rows = arg;
	MemoryContext old = MemoryContextSwitchTo(rows->scratch);
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];
	int32		dimensions[MM_MAX_COLUMNS];

	/* A value of other dimensions could not be embedded. */
	for (int i = 0; i < rows->columns->n; i++)
		dimensions[i] = rows->meta->columns[i].dimensions;
	mm_columns_values(rows->columns, keys, keynulls, values, isnull);
	mm_columns_check_values(rows->columns, values, isnull, dimensions);
	if (rows->vantage != NULL)
		(void) mm_vantage_embed(rows->vantage, tid, values, isnull, rows->entry);
	else if (rows->column < 0)
		mm_model_embed(rows->model, tid, values, isnull, rows->entry);
	else
	{
		mm_model_embed(rows->shared, tid, values, isnull, rows->shared_entry);
		mm_model_embed_part(rows->model, rows->column, rows->shared, rows->shared_entry,
							values[rows->column], rows->entry);
	}
	MemoryContextSwitchTo(old);
	put_item(rows, InvalidBlockNumber, 0);
	MemoryContextReset(rows->scratch);
}

static bool
get_item(MMCheckRows *rows, TupleTableSlot *slot, CheckItem *item)
{
	bool		isnull;
	uint64		digests;

	CHECK_FOR_INTERRUPTS();
	if (!tuplesort_gettupleslot(rows->sort, true, false, slot, NULL))
		return false;
	item->place = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	digests = (uint64) DatumGetInt64(slot_getattr(slot, 2, &isnull));
	item->coordinates = (uint32) (digests >> 32);
	item->sketch = (uint32) digests;
	item->block = (BlockNumber) DatumGetInt64(slot_getattr(slot, 3, &isnull));
	item->entry = DatumGetInt32(slot_getattr(slot, 4, &isnull));
	return true;
}

#define IsEntry(item)	(((item)->place & 1) != 0)
#define HeapBlock(item)	((BlockNumber) ((item)->place >> 17))
#define HeapOffset(item) ((OffsetNumber) ((item)->place >> 1))

/*
 * Report what is wrong with an item, given the one before it.
 */
static void
compare_items(MMCheckRows *rows, const CheckItem *last, const CheckItem *item)
{
	Relation	index = rows->index;

	if (IsEntry(item) && last->place == item->place)
		mm_report_damage(index, "Row (%u,%u) has two entries: block %u, entry %d, and block %u, entry %d.",
						 HeapBlock(item), HeapOffset(item),
						 last->block, last->entry, item->block, item->entry);
	if (IsEntry(item) && last->place == item->place - 1)
	{
		if (last->coordinates != item->coordinates)
			mm_report_damage(index, "Block %u, entry %d: the coordinates or NULLs are not those of row (%u,%u).",
							 item->block, item->entry, HeapBlock(item), HeapOffset(item));
		if (last->sketch != item->sketch)
			mm_report_damage(index, "Block %u, entry %d: the sketch is not that of row (%u,%u).",
							 item->block, item->entry, HeapBlock(item), HeapOffset(item));
	}
}

static void
require_entry(MMCheckRows *rows, const CheckItem *row, const CheckItem *next)
{
	if (row->place >= 0 && !IsEntry(row) && (next == NULL || next->place != row->place + 1))
		mm_report_damage(rows->index, "Row (%u,%u) has no entry.", HeapBlock(row), HeapOffset(row));
}

/*
 * Compare what the sort has brought together.
 */
static void
compare_all(MMCheckRows *rows)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(rows->slot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	CheckItem		last = {.place = -2};
	CheckItem		item;

	tuplesort_performsort(rows->sort);
	while (get_item(rows, slot, &item))
	{
		require_entry(rows, &last, &item);
		compare_items(rows, &last, &item);
		last = item;
	}
	require_entry(rows, &last, NULL);
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Pass all rows that belong in the index, as a snapshot sees them, to a callback.
 */
static void
scan_table(Relation heap, Relation index, Snapshot snapshot, IndexBuildCallback callback,
		   void *state)
{
	IndexInfo  *indexInfo = BuildIndexInfo(index);
	TableScanDesc scan = table_beginscan_strat(heap, snapshot, 0, NULL, true, true);

	indexInfo->ii_Concurrent = true;	/* rows that the snapshot sees */
	indexInfo->ii_Unique = false;
	indexInfo->ii_ExclusionOps = NULL;
	table_index_build_scan(heap, index, indexInfo, true, false, callback, state, scan);
}

void
mm_check_rows_finish(MMCheckRows *rows)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

	scan_table(rows->heap, rows->index, snapshot, check_row, rows);
	compare_all(rows);
	tuplesort_end(rows->sort);
	ExecDropSingleTupleTableSlot(rows->slot);
	mm_check_bounds(rows->heap, rows->index, rows->columns, rows->model, snapshot,
					rows->blocks, rows->pages, rows->nsampled);
	UnregisterSnapshot(snapshot);
}

/* ---------- inverted indexes ---------- */

typedef struct CheckInverted
{
	MMColumns  *columns;
	int			column;
	MMInvertedCheck *check;
	MemoryContext scratch;
} CheckInverted;

static void
check_inverted_row(Relation index, ItemPointer tid, Datum *keys, bool *keynulls,
				   bool tupleIsAlive, void *arg)
{
	CheckInverted *state = arg;
	MemoryContext old = MemoryContextSwitchTo(state->scratch);
	Datum		values[MM_MAX_COLUMNS];
	bool		isnull[MM_MAX_COLUMNS];

	mm_columns_values(state->columns, keys, keynulls, values, isnull);
	mm_inverted_check_row(state->check, tid, values[state->column], isnull[state->column]);
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->scratch);
}

void
mm_check_inverted(Relation heap, Relation index, MMColumns *columns, int column,
				  MMInvertedCheck *check)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	CheckInverted state = {
		.columns = columns,
		.column = column,
		.check = check,
		.scratch = AllocSetContextCreate(CurrentMemoryContext, "mmdb check row",
										 ALLOCSET_DEFAULT_SIZES),
	};

	scan_table(heap, index, snapshot, check_inverted_row, &state);
	mm_inverted_check_finish(check);
	UnregisterSnapshot(snapshot);
}
