/*-------------------------------------------------------------------------
 *
 * ladder.c
 *	  The search: a ladder of lower bounds, best first.
 *
 * The first rung are the boxes of inner nodes, the second the coordinates in
 * the leaves, the third their sketches (bounding.c); verification is the
 * caller's.  A node is read once, under a share lock, and what remains to be
 * done of it is kept as a cursor: the keys of its entries and what they point
 * to.  The queue holds cursors,
 * by the least bound that is left in each (Hjaltason and Samet, "Distance
 * browsing in spatial databases", 1999).  Most entries of a leaf are never
 * asked for, so they are not sorted.
 *
 * When the cursors outgrow work_mem, all that is left of the index goes through
 * a tuplesort instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/spccache.h"
#include "utils/tuplesort.h"

#include "am/bounding.h"

/* At most so many rows are prefetched. */
#define MAX_PREFETCH	32

typedef struct Cursor
{
	pairingheap_node node;
	float		least;			/* of the keys */
	int			n;
	bool		inner;
	int			below;			/* inner: the level of the children */
	uint64		splits;			/* inner: the count of splits when it was read */
	Size		size;
	float	   *keys;
	BlockNumber *blocks;		/* of children, or of rows in the heap */
	OffsetNumber *offsets;		/* leaf */
} Cursor;

struct MMSearch
{
	Relation	index;
	MMColumns  *columns;
	MMModel    *model;			/* NULL: nothing read yet */
	const MMSearchTerm *terms;
	MMBounding	bounding;
	pairingheap queue;
	Size		used;			/* bytes of all cursors */
	MemoryContext context;		/* of the cursors */
	Tuplesortstate *sort;		/* what is left, once it does not fit */
	TupleTableSlot *slot;
	MMSearchEmit emit;			/* leaves go there instead of the queue */
	void	   *emit_state;
	Relation	heap;			/* whose rows are prefetched, up to so many ahead */
	int			prefetch;
	int			nahead;			/* candidates taken off the queue already */
	MMCandidate ahead[MAX_PREFETCH + 1];
	MMSearchStats stats;
};

/* ---------- nodes and cursors ---------- */

static int
compare_cursors(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	float		x = ((const Cursor *) a)->least;
	float		y = ((const Cursor *) b)->least;

	return x < y ? 1 : x > y ? -1 : 0;
}

static void
set_least(Cursor *cursor)
{
	float		least = get_float4_infinity();

	for (int i = 0; i < cursor->n; i++)
		least = Min(least, cursor->keys[i]);
	cursor->least = least;
}

/*
 * Keep those entries of a node that are wanted; NULL if none is.
 */
static Cursor *
make_cursor(MMSearch *search, Page page, int n, bool inner)
{
	const MMShape *shape = inner ? &search->model->inner : &search->model->leaf;
	const uint32 *blocks = mm_page_words(page, shape, 0);
	const uint32 *offsets = mm_page_words(page, shape, 1);
	int			count = 0;
	Size		size;
	Cursor	   *cursor;

	for (int i = 0; i < n; i++)
		count += mm_wanted(&search->bounding, search->bounding.totals[i]);
	if (count == 0)
		return NULL;

	size = MAXALIGN(sizeof(Cursor)) +
		count * (sizeof(float) + sizeof(BlockNumber) + sizeof(OffsetNumber));
	cursor = MemoryContextAlloc(search->context, size);
	cursor->n = 0;
	cursor->inner = inner;
	cursor->size = size;
	cursor->keys = (float *) ((char *) cursor + MAXALIGN(sizeof(Cursor)));
	cursor->blocks = (BlockNumber *) (cursor->keys + count);
	cursor->offsets = (OffsetNumber *) (cursor->blocks + count);
	for (int i = 0; i < n; i++)
	{
		if (!mm_wanted(&search->bounding, search->bounding.totals[i]))
			continue;
		cursor->keys[cursor->n] = search->bounding.totals[i];
		cursor->blocks[cursor->n] = blocks[i];
		cursor->offsets[cursor->n] = (OffsetNumber) offsets[i];
		cursor->n++;
	}
	set_least(cursor);
	return cursor;
}

static void
emit_leaf(MMSearch *search, Page page, int n)
{
	const uint32 *blocks = mm_page_words(page, &search->model->leaf, 0);
	const uint32 *offsets = mm_page_words(page, &search->model->leaf, 1);

	for (int i = 0; i < n; i++)
	{
		MMCandidate candidate;

		if (!mm_wanted(&search->bounding, search->bounding.totals[i]))
			continue;
		mm_entry_place(search->index, blocks[i], offsets[i], &candidate.tid);
		candidate.is_null = search->bounding.totals[i] == MM_KEY_NULL;
		candidate.lower = search->bounding.totals[i];
		candidate.upper = mm_bounding_upper(&search->bounding, i);
		search->stats.candidates++;
		search->emit(&candidate, search->emit_state);
	}
}

static void
free_cursor(MMSearch *search, Cursor *cursor)
{
	search->used -= cursor->size;
	pfree(cursor);
}

/*
 * Move what is left of a leaf to the sort.
 */
static void
sort_cursor(MMSearch *search, Cursor *cursor)
{
	for (int i = 0; i < cursor->n; i++)
	{
		if (!mm_wanted(&search->bounding, cursor->keys[i]))
			continue;
		ExecClearTuple(search->slot);
		search->slot->tts_values[0] = Float8GetDatum(cursor->keys[i]);
		search->slot->tts_values[1] = Int64GetDatum(cursor->blocks[i]);
		search->slot->tts_values[2] = Int32GetDatum(cursor->offsets[i]);
		memset(search->slot->tts_isnull, false, sizeof(bool) * 3);
		ExecStoreVirtualTuple(search->slot);
		tuplesort_puttupleslot(search->sort, search->slot);
	}
	free_cursor(search, cursor);
}

/*
 * Bound the entries of a node, locked; returns what is left to do of it.
 */
static Cursor *
read_node(MMSearch *search, Page page)
{
	int			n = MMPageGetSpecial(page)->n;
	bool		inner = MMPageGetSpecial(page)->level > 0;
	Cursor	   *cursor = NULL;

	search->stats.bounded += n;
	if (inner)
	{
		search->stats.inner_pages++;
		mm_bound_inner(&search->bounding, page, n);
		cursor = make_cursor(search, page, n, true);
		if (cursor != NULL)
		{
			cursor->below = MMPageGetSpecial(page)->level - 1;
			cursor->splits = mm_meta_splits(search->index);
		}
	}
	else
	{
		search->stats.leaf_pages++;
		mm_bound_leaf(&search->bounding, page, n);
		if (search->emit != NULL)
			emit_leaf(search, page, n);
		else
			cursor = make_cursor(search, page, n, false);
	}
	return cursor;
}

/*
 * Put a new cursor into the queue, or if we have run out of memory, what it has
 * of a leaf straight into the sort.
 */
static void
keep_cursor(MMSearch *search, Cursor *cursor)
{
	search->used += cursor->size;
	if (search->sort != NULL && !cursor->inner)
		sort_cursor(search, cursor);
	else
		pairingheap_add(&search->queue, &cursor->node);
}

/*
 * Read a node of this level (-1: any), and those to the right that took entries
 * of it since its parent was read, when splits had been counted.  Their cursors
 * go into the queue.  False if we have no model, but the index has got one.
 */
static bool
visit(MMSearch *search, BlockNumber block, int level, uint64 splits)
{
	uint64		newest = splits;	/* no younger page can be the one meant */
	uint64		oldest = 0;		/* nor an older one the right half of a split */
	BlockNumber steps = 0;

	do
	{
		Buffer		buffer;
		Page		page;
		MMPageSpecial *special;
		BlockNumber right = InvalidBlockNumber;
		Cursor	   *cursor = NULL;

		CHECK_FOR_INTERRUPTS();
		/* There are not more pages on the right than pages. */
		if (++steps % 1024 == 0 && steps > RelationGetNumberOfBlocks(search->index))
			mm_report_damage(search->index, "Links to the right of block %u lead in a circle.", block);
		buffer = mm_page_read(search->index, block, BUFFER_LOCK_SHARE, 0, NULL);
		page = BufferGetPage(buffer);
		special = MMPageGetSpecial(page);
		mm_node_check_stamps(search->index, buffer, splits);
		if ((special->kind != MM_PAGE_NODE && special->kind != MM_PAGE_FREE) ||
			special->born > newest)

			/*
			 * Deleted and reused while we were on the way.  It was empty, but
			 * may have been split before.  VACUUM waits for our snapshot, but
			 * that of a primary does not wait for those of a standby.
			 */
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("canceling search of index \"%s\" due to conflict with recovery",
							RelationGetRelationName(search->index)),
					 errdetail("A page that the search needs was reused by VACUUM.")));
		if (special->kind == MM_PAGE_NODE)
		{
			if (!search->model->trained && (special->flags & MM_PAGE_UNTRAINED) == 0)
			{
				UnlockReleaseBuffer(buffer);
				return false;
			}
			if (special->born < oldest)
				mm_report_damage(search->index, "Block %u is not the right half of a split.", block);
			if ((special->flags & MM_PAGE_INCOMPLETE) && special->right == InvalidBlockNumber)
				mm_report_damage(search->index, "Block %u is split, but has no right half.", block);
			mm_node_check(search->index, buffer, &search->model->leaf, &search->model->inner,
						  search->model->trained, level);
			cursor = read_node(search, page);
		}
		if ((special->flags & MM_PAGE_INCOMPLETE) || special->nsn > splits)
			right = special->right;
		newest = special->flags & MM_PAGE_INCOMPLETE ? PG_UINT64_MAX :
			Max(newest, special->nsn);
		oldest = special->flags & MM_PAGE_INCOMPLETE ? special->nsn + 1 : 0;
		UnlockReleaseBuffer(buffer);

		if (cursor != NULL)
			keep_cursor(search, cursor);
		block = right;
	} while (block != InvalidBlockNumber);
	return true;
}

/* ---------- beginning ---------- */

MMSearch *
mm_search_begin(Relation index, MMColumns *columns, const MMSearchTerm *terms,
				int n, bool with_nulls, double bound)
{
	MMSearch   *search = palloc0(sizeof(MMSearch));

	search->index = index;
	search->columns = columns;
	search->bounding.nrungs = n;
	search->terms = memcpy(palloc(sizeof(MMSearchTerm) * Max(n, 1)), terms,
						   sizeof(MMSearchTerm) * n);
	search->bounding.rungs = palloc(sizeof(MMRung) * Max(n, 1));
	search->bounding.with_nulls = with_nulls;
	mm_bounding_limit(&search->bounding, bound, false);
	search->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb search",
											ALLOCSET_DEFAULT_SIZES);
	search->queue.ph_compare = compare_cursors;
	return search;
}

/*
 * Read the root, unless that has been done.
 */
static void
begin(MMSearch *search)
{
	MemoryContext old;

	if (search->model != NULL)
		return;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(search));
	for (bool again = false;; again = true)
	{
		MMMeta	   *meta = mm_meta_read(search->index, search->columns->n);

		search->model = mm_model_open(search->columns, meta,
									  mm_meta_model(search->index, meta));
		mm_bounding_init(&search->bounding, search->model, meta, search->terms);
		if (visit(search, MM_ROOT_BLOCK, -1, PG_UINT64_MAX))
			break;				/* otherwise it has just got a model */
		if (again)
			mm_report_damage(search->index, "The root does not fit the metadata.");
	}
	MemoryContextSwitchTo(old);
}

/* ---------- when memory is short ---------- */

/*
 * Put all that is left into a tuplesort.
 */
static void
spill(MMSearch *search)
{
	TupleDesc	desc = CreateTemplateTupleDesc(3);
	AttrNumber	key = 1;
	Oid			less = Float8LessOperator;
	Oid			collation = InvalidOid;
	bool		nulls_first = false;

	TupleDescInitEntry(desc, 1, "key", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "block", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 3, "offset", INT4OID, -1, 0);
	search->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	search->sort = tuplesort_begin_heap(desc, 1, &key, &less, &collation, &nulls_first,
										work_mem, NULL, false);
	while (!pairingheap_is_empty(&search->queue))
	{
		Cursor	   *cursor = (Cursor *) pairingheap_remove_first(&search->queue);

		if (!cursor->inner)
		{
			sort_cursor(search, cursor);
			continue;
		}
		for (int i = 0; i < cursor->n; i++)
			if (mm_wanted(&search->bounding, cursor->keys[i]))
				visit(search, cursor->blocks[i], cursor->below, cursor->splits);
		free_cursor(search, cursor);
	}
	tuplesort_performsort(search->sort);
	ExecDropSingleTupleTableSlot(search->slot);
	search->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

static bool
next_sorted(MMSearch *search, MMCandidate *candidate)
{
	bool		isnull;
	float		key;

	if (!tuplesort_gettupleslot(search->sort, true, false, search->slot, NULL))
		return false;
	key = (float) DatumGetFloat8(slot_getattr(search->slot, 1, &isnull));
	if (!mm_wanted(&search->bounding, key))
		return false;
	candidate->is_null = key == MM_KEY_NULL;
	candidate->lower = key;
	mm_entry_place(search->index,
				   (BlockNumber) DatumGetInt64(slot_getattr(search->slot, 2, &isnull)),
				   (uint32) DatumGetInt32(slot_getattr(search->slot, 3, &isnull)),
				   &candidate->tid);
	return true;
}

/* ---------- candidates ---------- */

/*
 * Take the next candidate off the queue.
 */
static bool
take_candidate(MMSearch *search, MMCandidate *candidate)
{
	candidate->upper = get_float8_infinity();
	while (search->sort == NULL && !pairingheap_is_empty(&search->queue))
	{
		Cursor	   *cursor = (Cursor *) pairingheap_first(&search->queue);
		int			i = 0;
		float		key = cursor->least;
		BlockNumber block;
		OffsetNumber offset;
		bool		inner = cursor->inner;
		int			below = cursor->below;
		uint64		splits = cursor->splits;

		if (!mm_wanted(&search->bounding, key))
			return false;
		while (cursor->keys[i] != key)
			i++;
		block = cursor->blocks[i];
		offset = cursor->offsets[i];

		pairingheap_remove_first(&search->queue);
		if (--cursor->n == 0)
			free_cursor(search, cursor);
		else
		{
			cursor->keys[i] = cursor->keys[cursor->n];
			cursor->blocks[i] = cursor->blocks[cursor->n];
			cursor->offsets[i] = cursor->offsets[cursor->n];
			set_least(cursor);
			if (mm_wanted(&search->bounding, cursor->least))
				pairingheap_add(&search->queue, &cursor->node);
			else
				free_cursor(search, cursor);
		}

		if (!inner)
		{
			mm_entry_place(search->index, block, offset, &candidate->tid);
			candidate->is_null = key == MM_KEY_NULL;
			candidate->lower = key;
			search->stats.candidates++;
			return true;
		}
		visit(search, block, below, splits);
		if (search->used > (Size) work_mem * 1024)
			spill(search);
	}
	if (search->sort == NULL || !next_sorted(search, candidate))
		return false;
	search->stats.candidates++;
	return true;
}

/*
 * Is the next candidate known without reading another page of the index?
 */
static bool
candidate_at_hand(const MMSearch *search)
{
	if (search->sort != NULL)
		return true;
	return !pairingheap_is_empty(&search->queue) &&
		!((const Cursor *) pairingheap_first((pairingheap *) &search->queue))->inner;
}

bool
mm_search_next(MMSearch *search, MMCandidate *candidate)
{
	begin(search);
	do
	{
		if (search->nahead == 0)
		{
			if (!take_candidate(search, &search->ahead[0]))
				return false;
			search->nahead = 1;
		}
		/* Ask for the rows that come next while this one is verified. */
		while (search->nahead <= search->prefetch && candidate_at_hand(search) &&
			   take_candidate(search, &search->ahead[search->nahead]))
		{
			PrefetchBuffer(search->heap, MAIN_FORKNUM,
						   ItemPointerGetBlockNumber(&search->ahead[search->nahead].tid));
			search->nahead++;
		}
		*candidate = search->ahead[0];
		search->nahead--;
		memmove(search->ahead, search->ahead + 1, sizeof(MMCandidate) * search->nahead);
		/* The bound may have come down since it was taken. */
	} while (!candidate->is_null && !mm_wanted(&search->bounding, (float) candidate->lower));
	return true;
}

void
mm_search_all(MMSearch *search, MMSearchEmit emit, void *state)
{
	search->emit = emit;
	search->bounding.uppers_wanted = true;
	search->emit_state = state;
	begin(search);
	while (!pairingheap_is_empty(&search->queue))
	{
		Cursor	   *cursor = (Cursor *) pairingheap_remove_first(&search->queue);

		for (int i = 0; i < cursor->n; i++)
			visit(search, cursor->blocks[i], cursor->below, cursor->splits);
		free_cursor(search, cursor);
	}
}

void
mm_search_prefetch(MMSearch *search, Relation heap)
{
	search->heap = heap;
	search->prefetch = Min(get_tablespace_io_concurrency(heap->rd_rel->reltablespace), MAX_PREFETCH);
}

void
mm_search_end(MMSearch *search)
{
	if (search->sort != NULL)
		tuplesort_end(search->sort);
	if (search->slot != NULL)
		ExecDropSingleTupleTableSlot(search->slot);
}

void
mm_search_bound(MMSearch *search, double bound)
{
	mm_bounding_limit(&search->bounding, bound, true);
}

const MMSearchStats *
mm_search_stats(const MMSearch *search)
{
	return &search->stats;
}
