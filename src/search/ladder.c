/*-------------------------------------------------------------------------
 *
 * ladder.c
 *	  The search: a ladder of lower bounds, best first.
 *
 * The first rung are the boxes of inner nodes, the second the coordinates in
 * the leaves, the third their sketches (bounding.c); verification is the
 * caller's.  What remains to be done of a node is kept as a cursor: the keys of
 * its entries and what they point to, as a heap.  The queue holds cursors, by
 * the least bound that is left in each (Hjaltason and Samet, "Distance browsing
 * in spatial databases", 1999).
 *
 * A leaf is bounded by its coordinates first.  The least of these bounds takes
 * the place of the box's in the parent's cursor, and that is all that is kept:
 * most leaves are never asked for again.  When the turn of one comes, it is read
 * once more, and sketches, too.
 *
 * When the cursors outgrow work_mem, all that is left of the index goes through
 * a tuplesort instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "access/xact.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "lib/pairingheap.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/sort.h"
#include "index/recent.h"
#include "search/bounding.h"
#include "search/lookahead.h"

/*
 * What remains to be done of an entry.  A leaf is bounded by its coordinates
 * first, and read once more for its sketches if its turn comes again.
 */
typedef struct Pending
{
	float		key;
	BlockNumber block;			/* of the child, or of the row in the heap */
	OffsetNumber offset;		/* of the row */
	bool		seen;			/* the child is a leaf, its coordinates were seen */
} Pending;

typedef struct Cursor
{
	pairingheap_node node;
	bool		inner;
	int			below;			/* inner: the level of the children */
	uint64		splits;			/* inner: the count of splits when it was read */
	Size		size;
	int			n;
	bool		is_heap;		/* or else, just the least key is in its place */
	Pending		items[FLEXIBLE_ARRAY_MEMBER];	/* a heap, the least key first */
} Cursor;

/*
 * Another sum, which is to be within a bound.
 */
typedef struct Also
{
	const MMTerm *terms;
	MMBounding	bounding;
} Also;

struct MMSearch
{
	Relation	index;
	MMColumns  *columns;
	MMModel    *model;			/* NULL: nothing read yet */
	const MMTerm *terms;
	MMBounding	bounding;
	List	   *also;			/* of Also */
	pairingheap queue;
	Size		used;			/* bytes of all cursors */
	MemoryContext context;		/* of the cursors */
	Tuplesortstate *sort;		/* what is left, once it does not fit */
	TupleTableSlot *slot;
	MMSearchEmit emit;			/* leaves go there instead of the queue */
	void	   *emit_state;
	Relation	heap;			/* whose rows the candidates are, or NULL */
	BlockNumber heap_blocks;	/* that it is known to have */
	MMLookahead ahead;			/* candidates taken off the queue already */
	MMSearchStats stats;
};

/* ---------- nodes and cursors ---------- */

static int
compare_cursors(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	float		x = ((const Cursor *) a)->items[0].key;
	float		y = ((const Cursor *) b)->items[0].key;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * Put an item into a heap of n that has no use for what stands at i.
 */
static void
sift_down(Pending *heap, int n, int i, Pending item)
{
	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1].key < heap[child].key)
			child++;
		if (heap[child].key >= item.key)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

static void
make_heap(Pending *items, int n)
{
	for (int i = n / 2 - 1; i >= 0; i--)
		sift_down(items, n, i, items[i]);
}

static void
least_first(Pending *items, int n)
{
	int			least = 0;
	Pending		item;

	for (int i = 1; i < n; i++)
		if (items[i].key < items[least].key)
			least = i;
	item = items[least];
	items[least] = items[0];
	items[0] = item;
}

/*
 * Take the first item off a cursor.  Of most leaves none is ever taken: one
 * becomes a heap when its first is, of what is still wanted then.
 */
static void
remove_first(MMSearch *search, Cursor *cursor)
{
	Pending    *items = cursor->items;

	cursor->n--;
	if (cursor->is_heap)
	{
		if (cursor->n > 0)
			sift_down(items, cursor->n, 0, items[cursor->n]);
		return;
	}
	items[0] = items[cursor->n];
	for (int i = 0; i < cursor->n;)
		if (mm_wanted(&search->bounding, items[i].key))
			i++;
		else
			items[i] = items[--cursor->n];
	make_heap(items, cursor->n);
	cursor->is_heap = true;
}

/*
 * Keep those entries of a node that are wanted; NULL if none is.
 */
static Cursor *
make_cursor(MMSearch *search, Page page, int n, bool inner)
{
	const uint32 *blocks = mm_page_words(page, 0);
	const uint32 *offsets = mm_page_words(page, 1);
	int			count = 0;
	Size		size;
	Cursor	   *cursor;

	for (int i = 0; i < n; i++)
		count += mm_wanted(&search->bounding, search->bounding.totals[i]);
	if (count == 0)
		return NULL;

	size = offsetof(Cursor, items) + sizeof(Pending) * count;
	cursor = MemoryContextAlloc(search->context, size);
	cursor->n = count;
	cursor->inner = inner;
	cursor->size = size;
	for (int i = 0, to = 0; i < n; i++)
		if (mm_wanted(&search->bounding, search->bounding.totals[i]))
			cursor->items[to++] = (Pending) {
			.key = search->bounding.totals[i],
			.block = blocks[i],
			.offset = inner ? InvalidOffsetNumber : (OffsetNumber) offsets[i],
		};
	cursor->is_heap = inner;
	if (inner)
		make_heap(cursor->items, count);
	else
		least_first(cursor->items, count);
	return cursor;
}

/*
 * The place of a candidate, of what an entry says.
 */
static void
take_place(MMSearch *search, BlockNumber block, uint32 offset, ItemPointer tid)
{
	mm_entry_place(search->index, block, offset, tid);
	if (search->heap != NULL)
		mm_place_check(search->index, search->heap, tid, &search->heap_blocks);
}

static void
emit_leaf(MMSearch *search, Page page, int n)
{
	const uint32 *blocks = mm_page_words(page, 0);
	const uint32 *offsets = mm_page_words(page, 1);

	for (int i = 0; i < n; i++)
	{
		MMCandidate candidate;

		if (!mm_wanted(&search->bounding, search->bounding.totals[i]))
			continue;
		take_place(search, blocks[i], offsets[i], &candidate.tid);
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
		const Pending *item = &cursor->items[i];

		if (!mm_wanted(&search->bounding, item->key))
			continue;
		ExecClearTuple(search->slot);
		search->slot->tts_values[0] = Float8GetDatum(item->key);
		search->slot->tts_values[1] = Int64GetDatum(item->block);
		search->slot->tts_values[2] = Int32GetDatum(item->offset);
		memset(search->slot->tts_isnull, false, sizeof(bool) * 3);
		ExecStoreVirtualTuple(search->slot);
		tuplesort_puttupleslot(search->sort, search->slot);
	}
	free_cursor(search, cursor);
}

/*
 * Bound the first n entries of a leaf, locked, by their coordinates: the least
 * bound.
 */
static float
glance_at_leaf(MMSearch *search, Page page, int n)
{
	search->stats.bounded += n;
	search->stats.leaf_pages++;
	return mm_bound_leaf_coarsely(&search->bounding, page, n);
}

/*
 * Of the entries of a node just bounded, those whose other sums are not within
 * their bounds are not wanted.
 */
static void
exclude(MMSearch *search, Page page, int n, bool inner)
{
	ListCell   *lc;

	foreach(lc, search->also)
	{
		MMBounding *bounding = &((Also *) lfirst(lc))->bounding;

		if (inner)
			mm_bound_inner(bounding, page, n);
		else
			mm_bound_leaf(bounding, page, n);
		for (int i = 0; i < n; i++)
			if (!mm_wanted(bounding, bounding->totals[i]))
				search->bounding.totals[i] = get_float4_nan();
	}
}

/*
 * Bound the first n entries of a node, locked; returns what is left to do of it.
 * again: it is a leaf that has been glanced at.
 */
static Cursor *
read_node(MMSearch *search, Page page, int n, bool again)
{
	bool		inner = MMPageGetSpecial(page)->level > 0;
	bool		deleted = MMPageGetSpecial(page)->kind == MM_PAGE_DELETED;
	Cursor	   *cursor = NULL;

	if (inner)
	{
		search->stats.inner_pages++;
		mm_bound_inner(&search->bounding, page, n);
		exclude(search, page, n, true);
		cursor = make_cursor(search, page, n, true);
		if (cursor != NULL)
		{
			cursor->below = MMPageGetSpecial(page)->level - 1;
			cursor->splits = deleted ? MMPageGetSpecial(page)->merged :
				mm_meta_splits(search->index);
		}
	}
	else
	{
		if (!again)
		{
			search->stats.leaf_pages++;
			search->stats.bounded += n;
		}
		search->stats.whole_pages++;
		search->stats.whole_entries += n;
		mm_bound_leaf(&search->bounding, page, n);
		exclude(search, page, n, false);
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
	search->stats.peak_memory = Max(search->stats.peak_memory, search->used);
	if (search->sort != NULL && !cursor->inner)
		sort_cursor(search, cursor);
	else
		pairingheap_add(&search->queue, &cursor->node);
}

/*
 * Raise an error: a page was made later than any link we have followed to it, or
 * merged more than once since.  It is not what it was: VACUUM has used it again
 * while we were on the way.  It waits for our snapshot before it does that, but
 * the VACUUM of a primary does not wait for the snapshots of its standbys.  Where
 * there has been no standby, the page is damaged.
 */
static void
report_reused(MMSearch *search, BlockNumber block)
{
	if (!TransactionStartedDuringRecovery())
		mm_report_damage(search->index, "Block %u was made or merged later than the link that leads to it.", block);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("canceling search of index \"%s\" due to conflict with recovery",
					RelationGetRelationName(search->index)),
			 errdetail("VACUUM on the primary has used a page again that the search needs.")));
}

/*
 * Read a node of this level (-1: any), and those to the right that took entries
 * of it since its parent was read, when splits had been counted.  Their cursors
 * go into the queue.  False if we have no model, but the index has got one.
 *
 * item, if not NULL, is the parent's that leads here.  A leaf that is seen for
 * the first time is only glanced at, and the item's key raised, unless entries
 * have gone to the right: who comes again could not tell those from entries that
 * went there later.
 */
static bool
visit(MMSearch *search, BlockNumber block, int level, uint64 splits, Pending *item)
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
		int			n;
		bool		glance = false;
		Cursor	   *cursor = NULL;

		CHECK_FOR_INTERRUPTS();
		/* There are not more pages on the right than pages. */
		if (++steps % 1024 == 0 && steps > RelationGetNumberOfBlocks(search->index))
			mm_report_damage(search->index, "Links to the right of block %u lead in a circle.", block);
		buffer = mm_page_read(search->index, block, BUFFER_LOCK_SHARE, 0, NULL);
		page = BufferGetPage(buffer);
		special = MMPageGetSpecial(page);
		mm_node_check_stamps(search->index, buffer, splits);
		if (special->born > newest || special->merged_before > splits)
			report_reused(search, block);
		if ((special->flags & MM_PAGE_INCOMPLETE) || special->nsn > splits)
			right = special->right;
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
		n = mm_page_visible(page, splits);
		glance = item != NULL && item->block == block && !item->seen &&
			special->level == 0 && !BlockNumberIsValid(right) &&
			!search->bounding.only_nulls;
		if (glance)
		{
			float		least = glance_at_leaf(search, page, n);

			item->key = Max(item->key, least);
		}
		else
			cursor = read_node(search, page, n, item != NULL && item->seen);
		newest = special->flags & MM_PAGE_INCOMPLETE ? PG_UINT64_MAX : special->nsn;
		oldest = special->flags & MM_PAGE_INCOMPLETE ? special->nsn + 1 : 0;
		UnlockReleaseBuffer(buffer);

		if (item != NULL)
			item->seen = glance;
		if (cursor != NULL)
			keep_cursor(search, cursor);
		block = right;
	} while (block != InvalidBlockNumber);
	return true;
}

/* ---------- beginning ---------- */

/*
 * A bounding of n terms, but for what the model says; returns a copy of the
 * terms.
 */
static const MMTerm *
init_bounding(MMBounding *bounding, const MMTerm *terms, int n,
			  bool with_nulls, double bound)
{
	bounding->nterms = n;
	bounding->terms = palloc(sizeof(MMBoundTerm) * Max(n, 1));
	bounding->points = palloc(sizeof(MMPointTerm) * Max(n, 1));
	bounding->with_nulls = with_nulls;
	mm_bounding_limit(bounding, bound, false);
	return memcpy(palloc(sizeof(MMTerm) * Max(n, 1)), terms, sizeof(MMTerm) * n);
}

static bool next_candidate(void *state, bool needed, void *candidate);

MMSearch *
mm_search_begin(Relation index, MMColumns *columns, const MMTerm *terms,
				int n, bool with_nulls, double bound)
{
	MMSearch   *search = palloc0(sizeof(MMSearch));

	search->index = index;
	search->columns = columns;
	search->terms = init_bounding(&search->bounding, terms, n, with_nulls, bound);
	search->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb search",
											ALLOCSET_DEFAULT_SIZES);
	search->queue.ph_compare = compare_cursors;
	mm_lookahead_init(&search->ahead, NULL, sizeof(MMCandidate), next_candidate, search);
	return search;
}

void
mm_search_nulls(MMSearch *search)
{
	Assert(search->model == NULL && search->bounding.with_nulls);
	search->bounding.only_nulls = true;
}

void
mm_search_whole(MMSearch *search, double unit)
{
	Assert(search->model == NULL);
	mm_bounding_whole(&search->bounding, unit);
}

void
mm_search_also(MMSearch *search, const MMTerm *terms, int n, double bound)
{
	Also	   *also = palloc0(sizeof(Also));

	Assert(search->model == NULL);
	also->terms = init_bounding(&also->bounding, terms, n, false, bound);
	search->also = lappend(search->also, also);
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
		ListCell   *lc;

		search->model = mm_model_open(search->columns, meta,
									  mm_meta_model(search->index, meta));
		mm_bounding_init(&search->bounding, search->model, meta, search->terms);
		foreach(lc, search->also)
		{
			Also	   *also = lfirst(lc);

			mm_bounding_init(&also->bounding, search->model, meta, also->terms);
		}
		if (visit(search, MM_ROOT_BLOCK, -1, PG_UINT64_MAX, NULL))
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

	TupleDescInitEntry(desc, 1, "key", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "block", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 3, "offset", INT4OID, -1, 0);
	search->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	search->sort = mm_sort_begin(desc, Float8LessOperator, work_mem, NULL, TUPLESORT_NONE);
	while (!pairingheap_is_empty(&search->queue))
	{
		Cursor	   *cursor = (Cursor *) pairingheap_remove_first(&search->queue);

		if (!cursor->inner)
		{
			sort_cursor(search, cursor);
			continue;
		}
		for (int i = 0; i < cursor->n; i++)
			if (mm_wanted(&search->bounding, cursor->items[i].key))
				visit(search, cursor->items[i].block, cursor->below, cursor->splits, NULL);
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
	take_place(search, (BlockNumber) DatumGetInt64(slot_getattr(search->slot, 2, &isnull)),
			   (uint32) DatumGetInt32(slot_getattr(search->slot, 3, &isnull)), &candidate->tid);
	return true;
}

/* ---------- candidates ---------- */

/*
 * Ask the CPU for the leaf that will be read after the first item of a cursor
 * that is not in the queue, as far as is known.
 */
static void
prefetch_next(MMSearch *search, const Cursor *cursor)
{
	const Pending *next = NULL;
	int			below = cursor->below;

	for (int i = 1; i < Min(cursor->n, 3); i++)
		if (next == NULL || cursor->items[i].key < next->key)
			next = &cursor->items[i];
	if (!pairingheap_is_empty(&search->queue))
	{
		const Cursor *first = (const Cursor *) pairingheap_first(&search->queue);

		if (next == NULL || first->items[0].key < next->key)
		{
			next = &first->items[0];
			below = first->inner ? first->below : -1;
		}
	}
	if (next != NULL && below == 0)
	{
		int			sketches = MM_ENTRY_HEADER + search->model->ncoordinates;

		/* Of a leaf we have glanced at, the coordinates will still be at hand. */
		mm_recent_prefetch(search->index, next->block, &search->model->leaf,
						 next->seen ? sketches : 2, next->seen ? -1 : sketches);
	}
}

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
		bool		inner = cursor->inner;
		Pending		item = cursor->items[0];

		if (!mm_wanted(&search->bounding, item.key))
			return false;
		pairingheap_remove_first(&search->queue);
		if (inner)
		{
			prefetch_next(search, cursor);
			visit(search, item.block, cursor->below, cursor->splits, &item);
		}
		if (item.seen)
			sift_down(cursor->items, cursor->n, 0, item);
		else
			remove_first(search, cursor);
		if (cursor->n > 0 && mm_wanted(&search->bounding, cursor->items[0].key))
			pairingheap_add(&search->queue, &cursor->node);
		else
			free_cursor(search, cursor);
		if (!inner)
		{
			take_place(search, item.block, item.offset, &candidate->tid);
			candidate->is_null = item.key == MM_KEY_NULL;
			candidate->lower = item.key;
			search->stats.candidates++;
			return true;
		}
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

/*
 * The source of candidates to look ahead to.
 */
static bool
next_candidate(void *state, bool needed, void *candidate)
{
	MMSearch   *search = state;

	return (needed || candidate_at_hand(search)) && take_candidate(search, candidate);
}

bool
mm_search_next(MMSearch *search, MMCandidate *candidate)
{
	begin(search);
	do
	{
		if (!mm_lookahead_next(&search->ahead, candidate))
			return false;
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
			visit(search, cursor->items[i].block, cursor->below, cursor->splits, NULL);
		free_cursor(search, cursor);
	}
}

void
mm_search_table(MMSearch *search, Relation heap)
{
	search->heap = heap;
}

void
mm_search_prefetch(MMSearch *search, Relation heap)
{
	search->heap = heap;
	mm_lookahead_init(&search->ahead, heap, sizeof(MMCandidate), next_candidate, search);
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
	search->bounding.with_nulls = false;
	mm_bounding_limit(&search->bounding, bound, true);
}

const MMSearchStats *
mm_search_stats(const MMSearch *search)
{
	return &search->stats;
}
