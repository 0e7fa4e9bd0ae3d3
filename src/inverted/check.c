/*-------------------------------------------------------------------------
 *
 * check.c
 *	  Checking an inverted index.
 *
 * First all pages are read: each must be reached in one way only, and all lists
 * must be in order.  Meanwhile a digest is made of each row's postings, which
 * does not depend on their order.  The digests of rows of the table are
 * compared with those.  Digests are gathered in memory; what does not fit there
 * is sorted by the place of the row, and so are the digests of the table's
 * rows.
 *
 * The index may have rows that are dead, or that are not visible yet.  So a
 * place that has no row is not an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/random.h"
#include "base/sort.h"
#include "inverted/pending.h"
#include "inverted/run.h"

typedef struct PlaceDigest
{
	MMPlace		place;
	uint64		digest;
	char		status;
} PlaceDigest;

#define SH_PREFIX		digests
#define SH_ELEMENT_TYPE	PlaceDigest
#define SH_KEY_TYPE		MMPlace
#define SH_KEY			place
#define SH_HASH_KEY(tb, key)	((uint32) mm_mix_bits(key))
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct MMInvertedCheck
{
	const MMInverted *inv;
	MMInvertedReach reach;
	void	   *reach_state;
	digests_hash *digests;		/* of places, as far as they were seen */
	uint32		most;			/* that may be in memory */
	Tuplesortstate *sort;		/* by place: digests of the index and of rows */
	TupleTableSlot *slot;
};

/* ---------- digests ---------- */

static void
put_digest(MMInvertedCheck *check, MMPlace place, uint64 digest, bool of_row)
{
	ExecClearTuple(check->slot);
	check->slot->tts_values[0] = Int64GetDatum((int64) place);
	check->slot->tts_values[1] = Int64GetDatum((int64) digest);
	check->slot->tts_values[2] = BoolGetDatum(of_row);
	memset(check->slot->tts_isnull, false, sizeof(bool) * 3);
	ExecStoreVirtualTuple(check->slot);
	tuplesort_puttupleslot(check->sort, check->slot);
}

/*
 * Move the digests in memory to the sort.
 */
static void
empty_digests(MMInvertedCheck *check)
{
	digests_iterator iterator;
	PlaceDigest *item;

	digests_start_iterate(check->digests, &iterator);
	while ((item = digests_iterate(check->digests, &iterator)) != NULL)
		put_digest(check, item->place, item->digest, false);
	digests_reset(check->digests);
}

/* What a posting adds to the digest of its row. */
#define POSTING_DIGEST(key)		mm_mix_bits((key) + UINT64CONST(0x9e3779b97f4a7c15))

static void
add_posting(MMInvertedCheck *check, const MMPosting *posting)
{
	PlaceDigest *item;
	bool		found;

	if (check->digests->members >= check->most &&
		digests_lookup(check->digests, posting->place) == NULL)
		empty_digests(check);
	item = digests_insert(check->digests, posting->place, &found);
	if (!found)
		item->digest = 0;
	item->digest += POSTING_DIGEST(posting->key);
}

/*
 * The digest of a whole row.
 */
static uint64
digest_of_row(int size_class, const uint32 *tokens, int n)
{
	uint64		digest = POSTING_DIGEST(MM_POSTING_KEY(MM_TOKEN_ALL, size_class));

	for (int i = 0; i < n; i++)
		digest += POSTING_DIGEST(MM_POSTING_KEY(tokens[i], size_class));
	return digest;
}

/* ---------- pages ---------- */

/*
 * Check a page of the directory and what is below it.  *leaf is the leaf that
 * comes next by the links to the right.  Returns the number of pages.
 */
static uint32
check_subtree(MMInvertedCheck *check, const MMRun *run, BlockNumber block, int level,
			  BlockNumber *leaf, const MMDownlink *parent)
{
	const MMInverted *inv = check->inv;
	Buffer		buffer;
	Page		page;
	uint32		pages = 1;

	CHECK_FOR_INTERRUPTS();
	check->reach(block, check->reach_state);
	buffer = mm_inverted_read(inv, block, BUFFER_LOCK_SHARE,
							  level == 0 ? MM_PAGE_POSTINGS : MM_PAGE_DIRECTORY, run->stamp, NULL);
	page = BufferGetPage(buffer);
	if (MMPageGetSpecial(page)->kind == MM_PAGE_DELETED)
		mm_report_damage(inv->index, "Block %u is deleted, but a run has it.", block);
	if (level == 0)
	{
		const MMSegment *first = PageGetSegments(page);

		mm_leaf_check(inv, buffer);
		if (block != *leaf)
			mm_report_damage(inv->index, "Block %u is not the leaf to the right.", block);
		if (parent != NULL && MMPageGetSpecial(page)->n > 0 &&
			(first->token != parent->token || first->size_class != parent->size_class))
			mm_report_damage(inv->index, "Block %u does not begin as its downlink says.", block);
		*leaf = MMPageGetSpecial(page)->right;
		UnlockReleaseBuffer(buffer);
	}
	else
	{
		int			n = MMPageGetSpecial(page)->n;
		MMDownlink *items = palloc(sizeof(MMDownlink) * Max(n, 1));

		mm_directory_check(inv, buffer, level);
		memcpy(items, PageGetDownlinks(page), sizeof(MMDownlink) * n);
		UnlockReleaseBuffer(buffer);
		for (int i = 0; i < n; i++)
			pages += check_subtree(check, run, items[i].child, level - 1, leaf, &items[i]);
		pfree(items);
	}
	return pages;
}

static void
check_run(MMInvertedCheck *check, const MMRun *run)
{
	const MMInverted *inv = check->inv;
	BlockNumber leaf = run->first;
	uint32		pages = check_subtree(check, run, run->root, run->level, &leaf, NULL);
	MMPostings *postings = mm_run_scan(inv, run, NULL);
	MMPosting	posting;
	MMPosting	last = {0};
	int64		rows = 0;
	int64		n = 0;

	if (BlockNumberIsValid(leaf) || pages != run->pages)
		mm_report_damage(inv->index, "A run has %u pages in its directory, not %u.",
						 pages, run->pages);
	while (postings->next(postings, &posting))
	{
		int			size_class = MM_POSTING_CLASS(posting.key);
		bool		of_all = MM_POSTING_TOKEN(posting.key) == MM_TOKEN_ALL;

		if (mm_posting_precedes(&posting, &last))
			mm_report_damage(inv->index, "A list of token %u is not in order.",
							 MM_POSTING_TOKEN(posting.key));
		if (size_class >= MM_SIZE_CLASSES || !mm_run_has_class(run, size_class))
			mm_report_damage(inv->index, "A run has a list of size class %d, which it should not have.",
							 size_class);
		rows += of_all;
		n += !of_all;
		add_posting(check, &posting);
		last = posting;
	}
	/* There may be fewer, if a VACUUM has ended before it noted what it removed. */
	if (rows > run->rows || n > run->postings)
		mm_report_damage(inv->index, "A run has " INT64_FORMAT " rows and " INT64_FORMAT " postings, not " INT64_FORMAT " and " INT64_FORMAT ".",
						 rows, n, run->rows, run->postings);
	pfree(postings);
}

static void
check_pending_row(const MMPendingRow *row, void *state)
{
	MMPosting	posting = {.place = (MMPlace) row->block << MM_OFFSET_BITS | (row->offset - 1)};

	posting.key = MM_POSTING_KEY(MM_TOKEN_ALL, row->size_class);
	add_posting(state, &posting);
	for (uint32 i = 0; i < row->n; i++)
	{
		posting.key = MM_POSTING_KEY(row->tokens[i], row->size_class);
		add_posting(state, &posting);
	}
}

static void
check_chain(MMInvertedCheck *check, const MMChain *chain, bool sealed)
{
	BlockNumber block = chain->first;

	for (uint32 i = 0; i < chain->pages; i++)
	{
		Buffer		buffer;
		Page		page;

		if (!BlockNumberIsValid(block))
			break;				/* mm_chain_read reports it */
		check->reach(block, check->reach_state);
		buffer = mm_inverted_read(check->inv, block, BUFFER_LOCK_SHARE, MM_PAGE_PENDING,
								  chain->stamp, NULL);
		page = BufferGetPage(buffer);
		if (MMPageGetSpecial(page)->kind == MM_PAGE_DELETED)
			mm_report_damage(check->inv->index, "Block %u is deleted, but a chain has it.", block);
		if (i == chain->pages - 1 &&
			(block != chain->last || BlockNumberIsValid(MMPageGetSpecial(page)->right) ||
			 sealed != ((MMPageGetSpecial(page)->flags & MM_PAGE_SEALED) != 0)))
			mm_report_damage(check->inv->index, "Block %u is not the end of its chain.", block);
		block = MMPageGetSpecial(page)->right;
		UnlockReleaseBuffer(buffer);
	}
	mm_chain_read(check->inv, chain, check_pending_row, check);
}

MMInvertedCheck *
mm_inverted_check_begin(const MMInverted *inv, MMInvertedReach reach, void *state)
{
	MMInvertedCheck *check = palloc0(sizeof(MMInvertedCheck));
	TupleDesc	desc = CreateTemplateTupleDesc(3);
	MMHome	   *home = mm_home_read(inv);

	check->inv = inv;
	check->reach = reach;
	check->reach_state = state;
	/* Half of the memory is for each of the table of digests and the sort. */
	check->most = (uint32) Min((int64) maintenance_work_mem * 1024 / 4 / (int64) sizeof(PlaceDigest),
							   INT_MAX / 2);
	check->digests = digests_create(CurrentMemoryContext, 1024, NULL);
	TupleDescInitEntry(desc, 1, "place", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 2, "digest", INT8OID, -1, 0);
	TupleDescInitEntry(desc, 3, "of_row", BOOLOID, -1, 0);
	check->slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	check->sort = mm_sort_begin(desc, Int8LessOperator, Max(maintenance_work_mem / 2, 64), NULL,
								TUPLESORT_NONE);
	check->reach(inv->home, state);
	for (int i = 0; i < home->nruns; i++)
		check_run(check, &home->runs[i]);
	check_chain(check, &home->sealed, true);
	check_chain(check, &home->pending, false);
	empty_digests(check);
	digests_destroy(check->digests);
	pfree(home);
	return check;
}

void
mm_inverted_check_row(MMInvertedCheck *check, const ItemPointerData *tid, Datum value, bool isnull)
{
	MMTokens	tokens;

	mm_inverted_tokens(check->inv, value, isnull, &tokens);
	put_digest(check, mm_place_of_row(tid),
			   digest_of_row(tokens.size_class, tokens.tokens, tokens.n), true);
}

/*
 * Compare the digests of one place.
 */
static void
compare_digests(const MMInvertedCheck *check, MMPlace place, uint64 index, uint64 row)
{
	if (index != row)
		mm_report_damage(check->inv->index,
						 "The inverted index at block %u does not have the postings of row (%u,%u).",
						 check->inv->home, (uint32) (place >> MM_OFFSET_BITS),
						 (uint32) (place & (MM_MOST_OFFSET - 1)) + 1);
}

void
mm_inverted_check_finish(MMInvertedCheck *check)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(check->slot->tts_tupleDescriptor,
													&TTSOpsMinimalTuple);
	MMPlace		place = 0;
	uint64		index = 0;
	uint64		row = 0;
	bool		has_row = false;

	tuplesort_performsort(check->sort);
	while (tuplesort_gettupleslot(check->sort, true, false, slot, NULL))
	{
		bool		isnull;
		MMPlace		next = (MMPlace) DatumGetInt64(slot_getattr(slot, 1, &isnull));
		uint64		digest = (uint64) DatumGetInt64(slot_getattr(slot, 2, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (next != place)
		{
			if (has_row)
				compare_digests(check, place, index, row);
			place = next;
			index = row = 0;
			has_row = false;
		}
		if (DatumGetBool(slot_getattr(slot, 3, &isnull)))
		{
			row = digest;
			has_row = true;
		}
		else
			index += digest;
	}
	if (has_row)
		compare_digests(check, place, index, row);
	ExecDropSingleTupleTableSlot(slot);
	ExecDropSingleTupleTableSlot(check->slot);
	tuplesort_end(check->sort);
	pfree(check);
}
