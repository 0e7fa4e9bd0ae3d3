/*-------------------------------------------------------------------------
 *
 * ladder.c
 *	  Candidates from a tree: a ladder of lower bounds, best first.
 *
 * The boxes of inner nodes are the first rung of the ladder, the coordinates
 * in the leaves are the second, and the sketches there are the third
 * (bounding.c).  Some sketches can tell more of one entry at a time; that is the
 * fourth.  Verification is left to the caller.  What remains to be done of a node
 * is kept as a cursor, a heap of its entries' keys and of what the entries point
 * to.  The queue holds cursors, ordered by the least bound that
 * is left in each (Hjaltason and Samet, "Distance browsing in spatial
 * databases", 1999).
 *
 * A leaf is first bounded by its coordinates.  The least of these bounds takes
 * the place of the box's bound in the parent's cursor, and nothing else is
 * kept, because most leaves are never needed again.  When a leaf's turn comes,
 * it is read once more, with its sketches.  (Where nearly all of them are, this is
 * left out.)  Of its entries, only those are kept that are likely to be needed
 * (threshold.h).  Its item in the parent's cursor then stands for the others: its key is
 * the least of theirs, and should its turn come again, the entries from that key
 * on are taken.  An entry's key is the same each time, as long as it is wanted.
 *
 * An entry is refined, on the fourth rung, when its turn comes.  Its leaf is
 * looked at again for that, and may have changed in the meantime.  But as long as
 * a row is visible to us, its entry is the only one with its place, and it never
 * changes.  So an entry that is still where it was, with the same place, is about
 * the row that was meant, or about one that we do not see.  If it is not there any
 * more, its row is verified without this.
 *
 * When the cursors of the search, which may have other sources, too, outgrow
 * work_mem, all that is left of the tree goes through a tuplesort instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/sort.h"
#include "index/recent.h"
#include "search/cursor.h"
#include "search/ladder.h"
#include "search/threshold.h"
#include "search/upcoming.h"

typedef struct Ladder
{
	MMSource	source;
	pairingheap queue;
	MemoryContext context;		/* of the cursors */
	Tuplesortstate *sort;		/* what is left, once it does not fit */
	TupleTableSlot *slot;
	MMThreshold *threshold;		/* its own, or that of several searches */
	MMThreshold own;
	MMUpcoming	upcoming;
	float		last;			/* the key last had from the sort */
	MMSearchEmit emit;			/* leaves go there instead of the queue */
	void	   *emit_state;
} Ladder;

/* ---------- nodes and cursors ---------- */

/*
 * A closer key of an entry that is wanted.
 */
static float
refine_entry(Ladder *ladder, MMBounding *bounding, Page page, int entry, float key)
{
	ladder->source.stats->refined += bounding->refines;
	return mm_bound_entry(bounding, page, entry, key);
}

static void
emit_leaf(Ladder *ladder, Page page, int n)
{
	MMBounding *b = ladder->source.bounding;
	const uint32 *blocks = mm_page_words(page, 0);
	const uint32 *offsets = mm_page_words(page, 1);

	for (int i = 0; i < n; i++)
	{
		MMCandidate candidate;
		float		key = b->totals[i];

		if (mm_wanted(b, key))
			key = refine_entry(ladder, b, page, i, key);
		if (!mm_wanted(b, key))
			continue;
		mm_entry_place(ladder->source.tree.index, blocks[i], offsets[i], &candidate.tid);
		candidate.is_null = key == MM_KEY_NULL;
		candidate.lower = key;
		candidate.upper = mm_bounding_upper(b, i);
		ladder->emit(&candidate, ladder->emit_state);
	}
}

static void
free_cursor(Ladder *ladder, MMCursor *cursor)
{
	ladder->source.stats->memory -= cursor->size;
	pfree(cursor);
}

/*
 * Move what is left of a leaf to the sort.
 */
static void
sort_cursor(Ladder *ladder, MMCursor *cursor)
{
	for (int i = 0; i < cursor->n; i++)
	{
		const MMPending *item = &cursor->items[i];

		if (!mm_wanted(ladder->source.bounding, item->key))
			continue;
		ExecClearTuple(ladder->slot);
		ladder->slot->tts_values[0] = Float8GetDatum(item->key);
		ladder->slot->tts_values[1] = Int64GetDatum(item->block);
		ladder->slot->tts_values[2] = Int32GetDatum(item->offset);
		memset(ladder->slot->tts_isnull, false, sizeof(bool) * 3);
		ExecStoreVirtualTuple(ladder->slot);
		tuplesort_puttupleslot(ladder->sort, ladder->slot);
	}
	free_cursor(ladder, cursor);
}

/*
 * Bound the first n entries of a leaf, which is locked, by their coordinates.
 * Returns the least bound.
 */
static float
glance_at_leaf(Ladder *ladder, Page page, int n)
{
	ladder->source.stats->bounded += n;
	ladder->source.stats->leaf_pages++;
	return mm_bound_leaf_coarsely(ladder->source.bounding, page, n);
}

/*
 * Among the entries of a node that was just bounded, exclude those whose other
 * sums are not within their bounds.
 */
static void
exclude(Ladder *ladder, Page page, int n, bool inner)
{
	ListCell   *lc;

	foreach(lc, ladder->source.also)
	{
		MMBounding *bounding = lfirst(lc);

		if (inner)
			mm_bound_inner(bounding, page, n);
		else
			mm_bound_leaf(bounding, page, n);
		for (int i = 0; i < n; i++)
		{
			float		key = bounding->totals[i];

			if (!inner && mm_wanted(ladder->source.bounding, ladder->source.bounding->totals[i]) &&
				mm_wanted(bounding, key))
				key = refine_entry(ladder, bounding, page, i, key);
			if (!mm_wanted(bounding, key))
				ladder->source.bounding->totals[i] = get_float4_nan();
		}
	}
}

/*
 * Bound the entries of an inner node, which is locked.  Returns what is left
 * to do of it.
 */
static MMCursor *
read_inner(Ladder *ladder, Page page, int n)
{
	const MMPageSpecial *special = MMPageGetSpecial(page);
	MMCursor   *cursor;

	ladder->source.stats->inner_pages++;
	mm_bound_inner(ladder->source.bounding, page, n);
	exclude(ladder, page, n, true);
	cursor = mm_cursor_make(ladder->source.bounding, ladder->context, page, n, true, 0.0f,
							MM_KEY_NULL);
	if (cursor != NULL)
	{
		cursor->below = special->level - 1;
		cursor->splits = special->kind == MM_PAGE_DELETED ? special->merged :
			mm_meta_splits(ladder->source.tree.index);
	}
	return cursor;
}

/*
 * The least of the keys of n entries that are wanted, but above most; Infinity if
 * there is none.
 */
static float
least_above(const MMBounding *b, int n, float most)
{
	float		least = get_float4_infinity();

	for (int i = 0; i < n; i++)
		if (b->totals[i] > most && b->totals[i] < least && mm_wanted(b, b->totals[i]))
			least = b->totals[i];
	return least;
}

/*
 * Bound the first n entries of a leaf, which is locked, with their sketches.
 * Returns what is left to do of it.
 *
 * item, if not NULL, is the parent's item that leads here, perhaps not for the
 * first time; only entries with keys from least on have not been taken.  If
 * divisible, only those up to the threshold are kept.  If that is not all, the item
 * goes on to stand for the others: its key becomes the least of theirs, and it is
 * marked as taken.
 */
static MMCursor *
read_leaf(Ladder *ladder, BlockNumber block, Page page, int n, MMPending *item, float least,
		  bool divisible)
{
	MMBounding *b = ladder->source.bounding;
	MMCursor   *cursor;
	float		limit = b->limit;
	float		most = divisible ? ladder->threshold->threshold : MM_KEY_NULL;

	if (item == NULL || !item->seen)
	{
		ladder->source.stats->leaf_pages++;
		ladder->source.stats->bounded += n;
	}
	ladder->source.stats->whole_pages++;
	ladder->source.stats->whole_entries += n;
	/* If all are above the threshold, there is no need to know by how much. */
	b->limit = Min(limit, most);
	mm_bound_leaf(b, page, n);
	b->limit = limit;
	exclude(ladder, page, n, false);
	if (ladder->emit != NULL)
	{
		emit_leaf(ladder, page, n);
		return NULL;
	}
	cursor = mm_cursor_make(b, ladder->context, page, n, false, least, most);
	if (cursor != NULL)
	{
		cursor->leaf = block;
		for (int i = 0; i < cursor->n; i++)
			mm_threshold_add(ladder->threshold, cursor->items[i].key);
	}
	if (item != NULL)
	{
		item->taken = false;
		if (most < MM_KEY_NULL)
		{
			float		rest = least_above(b, n, most);

			if (mm_wanted(b, rest))
			{
				item->key = rest;
				item->taken = true;
			}
		}
	}
	return cursor;
}

/*
 * Put a new cursor into the queue.  If memory has run out, put what it has of
 * a leaf straight into the sort instead.
 */
static void
keep_cursor(Ladder *ladder, MMCursor *cursor)
{
	MMSearchStats *stats = ladder->source.stats;

	stats->memory += cursor->size;
	stats->peak_memory = Max(stats->peak_memory, stats->memory);
	if (ladder->sort != NULL && !cursor->inner)
		sort_cursor(ladder, cursor);
	else
		pairingheap_add(&ladder->queue, &cursor->node);
}

/*
 * The way from the node that a parent leads to, on to the nodes on the right
 * that took entries of it after the parent was read.
 */
typedef struct Walk
{
	BlockNumber block;
	BlockNumber right;			/* where it goes on; InvalidBlockNumber: it ends */
	int			level;			/* -1: any */
	uint64		splits;			/* counted when the parent was read */
	uint64		newest;			/* no younger page can be the one meant */
	uint64		oldest;			/* nor an older one the right half of a split */
	BlockNumber steps;
} Walk;

/*
 * Lock the next node of the way, and make sure that it is the one that is
 * meant.  Returns InvalidBuffer if we have no model, but the index has got
 * one.
 */
static Buffer
lock_node(Ladder *ladder, Walk *walk)
{
	Relation	index = ladder->source.tree.index;
	BlockNumber block = walk->block;
	Buffer		buffer;
	MMPageSpecial *special;
	bool		incomplete;

	CHECK_FOR_INTERRUPTS();
	/* There cannot be more pages on the right than the index has pages. */
	if (++walk->steps % 1024 == 0 && walk->steps > RelationGetNumberOfBlocks(index))
		mm_report_damage(index, "Links to the right of block %u lead in a circle.", block);
	buffer = mm_page_read(index, block, BUFFER_LOCK_SHARE, 0, NULL);
	special = MMPageGetSpecial(BufferGetPage(buffer));
	/* As anything but a node of this tree, it has been used again, too. */
	if (mm_page_is(BufferGetPage(buffer), 0) && special->tree != ladder->source.tree.number)
		mm_report_reused(index, block);
	mm_node_check_stamps(index, buffer, walk->splits);
	if (special->born > walk->newest || special->merged_before > walk->splits)
		mm_report_reused(index, block);
	if (!ladder->source.tree.model->trained && (special->flags & MM_PAGE_UNTRAINED) == 0)
	{
		UnlockReleaseBuffer(buffer);
		return InvalidBuffer;
	}
	incomplete = (special->flags & MM_PAGE_INCOMPLETE) != 0;
	if (special->born < walk->oldest)
		mm_report_damage(index, "Block %u is not the right half of a split.", block);
	if (incomplete && special->right == InvalidBlockNumber)
		mm_report_damage(index, "Block %u is split, but has no right half.", block);
	mm_tree_check_node(&ladder->source.tree, buffer, walk->level);

	walk->right = incomplete || special->nsn > walk->splits ? special->right : InvalidBlockNumber;
	walk->newest = incomplete ? PG_UINT64_MAX : special->nsn;
	walk->oldest = incomplete ? special->nsn + 1 : 0;
	return buffer;
}

/*
 * Is it worthwhile to glance at leaves first?  It is not if the search comes back to
 * nearly all of them, as it may where a few coordinates tell little of the distances.
 */
static bool
glances_pay(const Ladder *ladder)
{
	const MMSearchStats *stats = ladder->source.stats;

	return stats->leaf_pages < 64 || stats->whole_pages < stats->leaf_pages / 16 * 15;
}

/*
 * Read a node of this level (-1: of any level), and the nodes to the right
 * that took entries of it after its parent was read.  splits is the count of
 * splits when that was.  Their cursors go into the queue.  Returns false if we
 * have no model, but the index has got one.
 *
 * item, if not NULL, is the parent's item that leads here.  A leaf that is
 * seen for the first time is only glanced at, and the item's key is raised.
 * This does not work if entries have gone to the right: a second visit could
 * not tell these from entries that went there later.
 */
static bool
visit(Ladder *ladder, BlockNumber block, int level, uint64 splits, MMPending *item)
{
	Walk		walk = {.block = block, .level = level, .splits = splits, .newest = splits};
	float		from = item != NULL && item->taken ? item->key : 0.0f;

	/* A search that goes farther than expected may go very much farther. */
	if (from > 0.0f)
		mm_threshold_init(ladder->threshold, 0);
	for (; BlockNumberIsValid(walk.block); walk.block = walk.right)
	{
		Buffer		buffer = lock_node(ladder, &walk);
		Page		page;
		bool		leaf;
		int			n;
		bool		whole;			/* all its entries are still here */
		bool		glance;
		MMCursor   *cursor = NULL;

		if (!BufferIsValid(buffer))
			return false;
		page = BufferGetPage(buffer);
		leaf = MMPageGetSpecial(page)->level == 0;
		n = mm_page_visible(page, splits);
		whole = leaf && item != NULL && item->block == walk.block &&
			!BlockNumberIsValid(walk.right) && !ladder->source.bounding->only_nulls;
		glance = whole && !item->seen && glances_pay(ladder);
		if (glance)
		{
			float		least = glance_at_leaf(ladder, page, n);

			item->key = Max(item->key, least);
		}
		else if (leaf)
			cursor = read_leaf(ladder, walk.block, page, n, item, from, whole && from == 0.0f);
		else
			cursor = read_inner(ladder, page, n);
		UnlockReleaseBuffer(buffer);

		if (item != NULL)
			item->seen = glance || item->taken;
		if (cursor != NULL)
			keep_cursor(ladder, cursor);
	}
	return true;
}

/* ---------- when memory is short ---------- */

/*
 * Put everything that is left into a tuplesort.
 */
static void
spill(Ladder *ladder)
{
	TupleDesc	desc = CreateTemplateTupleDesc(3);

	TupleDescInitEntry(desc, 1, "key", FLOAT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "block", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 3, "offset", INT4OID, -1, 0);
	ladder->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	/* From now on, nothing is left for later. */
	mm_threshold_init(ladder->threshold, 0);
	ladder->sort = mm_sort_begin(desc, Float8LessOperator, ladder->source.work_mem, NULL, TUPLESORT_NONE);
	while (!pairingheap_is_empty(&ladder->queue))
	{
		MMCursor   *cursor = (MMCursor *) pairingheap_remove_first(&ladder->queue);

		if (!cursor->inner)
		{
			sort_cursor(ladder, cursor);
			continue;
		}
		for (int i = 0; i < cursor->n; i++)
		{
			MMPending  *item = &cursor->items[i];

			mm_upcoming_in_order(&ladder->upcoming, cursor, i);
			if (mm_wanted(ladder->source.bounding, item->key))
				visit(ladder, item->block, cursor->below, cursor->splits, item->taken ? item : NULL);
			mm_upcoming_after(&ladder->upcoming);
		}
		free_cursor(ladder, cursor);
	}
	tuplesort_performsort(ladder->sort);
	ExecDropSingleTupleTableSlot(ladder->slot);
	ladder->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
}

static bool
next_sorted(Ladder *ladder, MMCandidate *candidate)
{
	bool		isnull;
	float		key;

	if (!tuplesort_gettupleslot(ladder->sort, true, false, ladder->slot, NULL))
	{
		ladder->last = get_float4_infinity();
		return false;
	}
	key = (float) DatumGetFloat8(slot_getattr(ladder->slot, 1, &isnull));
	ladder->last = key;
	if (!mm_wanted(ladder->source.bounding, key))
		return false;
	candidate->is_null = key == MM_KEY_NULL;
	candidate->lower = key;
	mm_entry_place(ladder->source.tree.index,
				   (BlockNumber) DatumGetInt64(slot_getattr(ladder->slot, 2, &isnull)),
				   (uint32) DatumGetInt32(slot_getattr(ladder->slot, 3, &isnull)), &candidate->tid);
	return true;
}

/* ---------- candidates ---------- */

/*
 * Is the first item of a leaf's cursor a candidate as it is?  As long as there is
 * no limit, there is nothing that a closer key could be above.
 */
static inline bool
is_candidate(const Ladder *ladder, const MMCursor *cursor)
{
	return !cursor->inner &&
		(cursor->items[0].seen || ladder->source.bounding->limit >= FLT_MAX);
}

/*
 * Refine the first item of a leaf's cursor, and all that come to the front with
 * the same key.  Those that turn out not to be wanted are dropped.  The others keep
 * the key that they have, as their rows may well bring down the limit: the sooner
 * they are verified, the better.
 */
static void
refine_first(Ladder *ladder, MMCursor *cursor)
{
	MMBounding *b = ladder->source.bounding;
	MMPending  *items = cursor->items;
	float		key = items[0].key;
	Buffer		buffer;
	Page		page;
	const MMPageSpecial *special;
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	mm_cursor_need_heap(cursor, ladder->source.bounding);
	buffer = mm_page_read(ladder->source.tree.index, cursor->leaf, BUFFER_LOCK_SHARE, 0, NULL);
	page = BufferGetPage(buffer);
	special = MMPageGetSpecial(page);
	/* It may have been deleted, and used again for something else. */
	if ((special->kind == MM_PAGE_NODE || special->kind == MM_PAGE_DELETED) &&
		special->level == 0 && special->tree == ladder->source.tree.number)
	{
		mm_tree_check_node(&ladder->source.tree, buffer, 0);
		n = special->n;
	}
	while (cursor->n > 0 && !items[0].seen && items[0].key <= key)
	{
		MMPending  *first = &items[0];

		if (first->entry < n && mm_page_words(page, 0)[first->entry] == first->block &&
			mm_page_words(page, 1)[first->entry] == first->offset &&
			!mm_wanted(b, refine_entry(ladder, b, page, first->entry, first->key)))
			mm_cursor_remove_first(cursor, ladder->source.bounding);
		else
			first->seen = true;
	}
	UnlockReleaseBuffer(buffer);
}

/*
 * Ask the CPU for what a leaf has about the columns of the search: coordinates, or
 * sketches, or both.  Addresses are right if the leaf is nearly full.
 */
static void
prefetch_leaf(const Ladder *ladder, BlockNumber block, bool coordinates, bool sketches)
{
	const MMTree *tree = &ladder->source.tree;
	const MMBounding *b = ladder->source.bounding;
	const MMShape *leaf = &tree->model->leaf;
	const char *contents = mm_recent_contents(tree->index, block);
	Size		word = sizeof(uint32) * leaf->capacity;

	if (contents == NULL)
		return;
	if (coordinates)
		mm_recent_prefetch(contents + 2 * word, word);
	for (int r = 0; r < b->nterms; r++)
	{
		const MMColumnModel *c = b->terms[r].column;

		if (coordinates)
			mm_recent_prefetch(contents + (MM_ENTRY_HEADER + c->first) * word, c->ncoordinates * word);
		if (!sketches || c->sketch == NULL)
			continue;
		mm_recent_prefetch(contents + c->first_word * word,
						   (c->shape.words - c->shape.later) * word);
		mm_recent_prefetch(contents + leaf->words * word + c->first_byte * leaf->capacity,
						   c->shape.bytes * leaf->capacity);
	}
}

/*
 * Ask the CPU for the leaf that will be read after the first item of a cursor,
 * as far as that is known.  The cursor is not in the queue.
 */
static void
prefetch_next(Ladder *ladder, const MMCursor *cursor)
{
	const MMPending *next = NULL;
	int			below = cursor->below;

	for (int i = 1; i < Min(cursor->n, 3); i++)
		if (next == NULL || cursor->items[i].key < next->key)
			next = &cursor->items[i];
	if (!pairingheap_is_empty(&ladder->queue))
	{
		const MMCursor *first = (const MMCursor *) pairingheap_first(&ladder->queue);

		if (next == NULL || first->items[0].key < next->key)
		{
			next = &first->items[0];
			below = first->inner ? first->below : -1;
		}
	}
	/* If we have glanced at the leaf, its coordinates will still be in the cache. */
	if (next != NULL && below == 0)
		prefetch_leaf(ladder, next->block, !next->seen, next->seen || !glances_pay(ladder));
}

/*
 * Take the next candidate off the queue.
 */
static bool
take_candidate(Ladder *ladder, MMCandidate *candidate)
{
	candidate->upper = get_float8_infinity();
	while (ladder->sort == NULL && !pairingheap_is_empty(&ladder->queue))
	{
		MMCursor   *cursor = (MMCursor *) pairingheap_first(&ladder->queue);
		bool		inner = cursor->inner;
		MMPending	item = cursor->items[0];
		bool		found;

		if (!mm_wanted(ladder->source.bounding, item.key) || item.key > ladder->source.most)
			return false;
		found = is_candidate(ladder, cursor);
		pairingheap_remove_first(&ladder->queue);
		if (inner)
		{
			prefetch_next(ladder, cursor);
			mm_upcoming_before(&ladder->upcoming, cursor, &ladder->queue, ladder->source.bounding);
			visit(ladder, item.block, cursor->below, cursor->splits, &item);
			mm_upcoming_after(&ladder->upcoming);
		}
		if (inner && item.seen)
			mm_cursor_raise_first(cursor, item);
		else if (inner || found)
			mm_cursor_remove_first(cursor, ladder->source.bounding);
		else
			refine_first(ladder, cursor);
		if (cursor->n > 0 && mm_wanted(ladder->source.bounding, cursor->items[0].key))
			pairingheap_add(&ladder->queue, &cursor->node);
		else
			free_cursor(ladder, cursor);
		if (found)
		{
			mm_entry_place(ladder->source.tree.index, item.block, item.offset, &candidate->tid);
			candidate->is_null = item.key == MM_KEY_NULL;
			candidate->lower = item.key;
			return true;
		}
		if (ladder->source.stats->memory > (Size) work_mem * 1024)
			spill(ladder);
	}
	return ladder->sort != NULL && next_sorted(ladder, candidate);
}

/*
 * Is the next candidate known without reading another page of the index?
 */
static bool
candidate_at_hand(const Ladder *ladder)
{
	if (ladder->sort != NULL)
		return true;
	return !pairingheap_is_empty(&ladder->queue) &&
		is_candidate(ladder, (const MMCursor *) pairingheap_first((pairingheap *) &ladder->queue));
}

/* ---------- the source ---------- */

static bool
read_root(Ladder *ladder)
{
	return visit(ladder, ladder->source.tree.root, -1, PG_UINT64_MAX, NULL);
}

static bool
ladder_begin(MMSource *source)
{
	return read_root((Ladder *) source);
}

static bool
ladder_next(MMSource *source, bool needed, MMCandidate *candidate)
{
	Ladder	   *ladder = (Ladder *) source;

	return (needed || candidate_at_hand(ladder)) && take_candidate(ladder, candidate);
}

static float
ladder_frontier(MMSource *source)
{
	Ladder	   *ladder = (Ladder *) source;

	if (ladder->sort != NULL)
		return ladder->last;
	return pairingheap_is_empty(&ladder->queue) ? get_float4_infinity() :
		((const MMCursor *) pairingheap_first(&ladder->queue))->items[0].key;
}

static bool
ladder_all(MMSource *source, MMSearchEmit emit, void *state)
{
	Ladder	   *ladder = (Ladder *) source;

	ladder->emit = emit;
	ladder->emit_state = state;
	if (!read_root(ladder))
		return false;
	while (!pairingheap_is_empty(&ladder->queue))
	{
		MMCursor   *cursor = (MMCursor *) pairingheap_remove_first(&ladder->queue);

		for (int i = 0; i < cursor->n; i++)
		{
			mm_upcoming_in_order(&ladder->upcoming, cursor, i);
			visit(ladder, cursor->items[i].block, cursor->below, cursor->splits, NULL);
			mm_upcoming_after(&ladder->upcoming);
		}
		free_cursor(ladder, cursor);
	}
	return true;
}

static void
ladder_end(MMSource *source)
{
	Ladder	   *ladder = (Ladder *) source;

	if (ladder->sort != NULL)
		tuplesort_end(ladder->sort);
	if (ladder->slot != NULL)
		ExecDropSingleTupleTableSlot(ladder->slot);
}

MMSource *
mm_ladder_create(const MMTree *tree, MMBounding *bounding, List *also, MMSearchStats *stats)
{
	static const MMSourceRoutine routine = {
		.begin = ladder_begin,
		.next = ladder_next,
		.frontier = ladder_frontier,
		.all = ladder_all,
		.end = ladder_end,
	};
	Ladder	   *ladder = palloc0(sizeof(Ladder));

	ladder->source = (MMSource) {
		.routine = &routine,
		.tree = *tree,
		.bounding = bounding,
		.also = also,
		.stats = stats,
		.most = get_float4_infinity(),
		.work_mem = work_mem,
	};
	ladder->threshold = bounding->threshold;
	if (ladder->threshold == NULL)
	{
		ladder->threshold = &ladder->own;
		mm_threshold_init(&ladder->own, bounding->rows);
	}
	mm_upcoming_init(&ladder->upcoming, tree->index);
	ladder->context = AllocSetContextCreate(CurrentMemoryContext, "mmdb search",
											ALLOCSET_DEFAULT_SIZES);
	ladder->queue.ph_compare = mm_cursor_compare;
	return &ladder->source;
}
