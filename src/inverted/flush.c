/*-------------------------------------------------------------------------
 *
 * flush.c
 *	  From pending rows to runs of an inverted index.
 *
 * All of this is done under the heavyweight lock of the home page.  The home
 * page changes in one WAL record from what there was to the new run.  The
 * pages of what was replaced are deleted afterwards.  If this is interrupted,
 * pages remain that nothing leads to.  The home page counts what was begun and
 * not ended, so VACUUM knows when to look for such pages.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/indexfsm.h"
#include "utils/memutils.h"

#include "inverted/flush.h"
#include "inverted/pending.h"

/* So many runs are merged into one if the largest is not this much larger. */
#define MERGED_RUNS		4
#define SIMILAR_RUNS	4

/* ---------- what is not needed any more ---------- */

/*
 * Delete pages from block on to the right.  most is the number that there can
 * be.
 */
static BlockNumber
delete_chain(const MMInverted *inv, BlockNumber block, uint8 kind, uint64 stamp, uint32 most,
			 BufferAccessStrategy strategy)
{
	BlockNumber n = 0;

	while (BlockNumberIsValid(block))
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		if (n++ == most)
			mm_report_damage(inv->index, "Links to the right of block %u lead in a circle.", block);
		buffer = mm_inverted_read(inv, block, BUFFER_LOCK_EXCLUSIVE, kind, stamp, strategy);
		block = MMPageGetSpecial(BufferGetPage(buffer))->right;
		mm_inverted_delete(inv, buffer);
		UnlockReleaseBuffer(buffer);
	}
	return n;
}

BlockNumber
mm_chain_delete(const MMInverted *inv, const MMChain *chain, BufferAccessStrategy strategy)
{
	return delete_chain(inv, chain->first, MM_PAGE_PENDING, chain->stamp, chain->pages, strategy);
}

/*
 * Delete the pages of a directory.
 */
static BlockNumber
delete_directory(const MMInverted *inv, const MMRun *run, BlockNumber block, int level,
				 BufferAccessStrategy strategy)
{
	Buffer		buffer;
	BlockNumber n = 1;

	if (level == 0)
		return 0;
	CHECK_FOR_INTERRUPTS();
	buffer = mm_inverted_read(inv, block, BUFFER_LOCK_EXCLUSIVE, MM_PAGE_DIRECTORY, run->stamp,
							  strategy);
	mm_directory_check(inv, buffer, level);
	if (level > 1)
	{
		Page		page = BufferGetPage(buffer);
		int			nchildren = MMPageGetSpecial(page)->n;
		MMDownlink *children = palloc(sizeof(MMDownlink) * nchildren);

		memcpy(children, PageGetDownlinks(page), sizeof(MMDownlink) * nchildren);
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		for (int i = 0; i < nchildren; i++)
			n += delete_directory(inv, run, children[i].child, level - 1, strategy);
		pfree(children);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	}
	mm_inverted_delete(inv, buffer);
	UnlockReleaseBuffer(buffer);
	return n;
}

BlockNumber
mm_run_delete(const MMInverted *inv, const MMRun *run, BufferAccessStrategy strategy)
{
	BlockNumber n = delete_directory(inv, run, run->root, run->level, strategy);

	return n + delete_chain(inv, run->first, MM_PAGE_POSTINGS, run->stamp, run->pages, strategy);
}

/* ---------- runs ---------- */

static void
collect_row(const MMPendingRow *row, void *state)
{
	MMPlace		place = (MMPlace) row->block << MM_OFFSET_BITS | (row->offset - 1);

	mm_posting_array_row(state, place, row->size_class, row->tokens, row->n);
}

/*
 * Make a run of the sealed chain.
 */
static void
write_sealed(const MMInverted *inv, MMHome *home)
{
	MMPostingArray *array = mm_posting_array(PG_INT64_MAX);
	MMChain		chain = home->sealed;

	mm_chain_read(inv, &chain, collect_row, array);
	mm_posting_array_sort(array);
	if (array->n > 0)
	{
		MMRunWriter *writer = mm_run_write_begin(inv, mm_home_stamp(inv, true), true);
		MMPosting	posting;

		while (array->postings.next(&array->postings, &posting))
			mm_run_write(writer, &posting);
		mm_run_write_end(writer, &home->runs[home->nruns++]);
	}
	home->sealed = (MMChain) {.first = InvalidBlockNumber, .last = InvalidBlockNumber};
	mm_home_write(inv, home, true);
	mm_chain_delete(inv, &chain, NULL);
	pfree(array->items);
	pfree(array);
}

static int
compare_runs(const void *a, const void *b)
{
	uint32		x = ((const MMRun *) a)->pages;
	uint32		y = ((const MMRun *) b)->pages;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * How many runs, of those that are last in the order of their sizes, should be
 * merged; 0 if none.
 */
static int
runs_to_merge(MMHome *home)
{
	int			n = home->nruns;
	int			similar = 0;

	qsort(home->runs, n, sizeof(MMRun), compare_runs);
	while (similar < n && home->runs[n - similar - 1].pages <=
		   (uint64) home->runs[n - 1].pages * SIMILAR_RUNS)
		similar++;
	if (similar >= MERGED_RUNS)
		return similar;
	return n == MM_MAX_RUNS ? MERGED_RUNS : 0;
}

static void
merge_runs(const MMInverted *inv, MMHome *home, int n)
{
	MMRun		old[MM_MAX_RUNS];
	MMPostings *from[MM_MAX_RUNS];
	MMRun	   *run = &home->runs[home->nruns - n];
	MMRunWriter *writer;
	BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);

	memcpy(old, run, sizeof(MMRun) * n);
	for (int i = 0; i < n; i++)
		from[i] = mm_run_scan(inv, &old[i], strategy);
	writer = mm_run_write_begin(inv, mm_home_stamp(inv, true), true);
	mm_run_write_all(writer, from, n);
	mm_run_write_end(writer, run);
	home->nruns -= n - 1;
	mm_home_write(inv, home, true);
	for (int i = 0; i < n; i++)
		mm_run_delete(inv, &old[i], strategy);
	FreeAccessStrategy(strategy);
}

/*
 * Make a run of the sealed chain, and merge runs.
 */
static void
write_runs(const MMInverted *inv, MMHome *home)
{
	int			n;

	home->unfinished++;
	mm_home_write(inv, home, true);
	while ((n = runs_to_merge(home)) > 0)
		merge_runs(inv, home, n);
	write_sealed(inv, home);
	while ((n = runs_to_merge(home)) > 0)
		merge_runs(inv, home, n);
	home->unfinished--;
	mm_home_write(inv, home, true);
	IndexFreeSpaceMapVacuum(inv->index);
}

void
mm_inverted_flush(const MMInverted *inv, uint32 pages, bool wait)
{
	MemoryContext context;
	MemoryContext old;
	MMHome	   *home;

	if (!mm_inverted_lock(inv, wait))
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "mmdb inverted flush",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	home = mm_home_read(inv);
	/* An earlier flush may have failed after it has sealed the chain. */
	if (!BlockNumberIsValid(home->sealed.first) && home->pending.pages >= pages)
		mm_pending_seal(inv, home);
	if (BlockNumberIsValid(home->sealed.first))
		write_runs(inv, home);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	mm_inverted_unlock(inv);
}
