/*-------------------------------------------------------------------------
 *
 * vacuum.c
 *	  VACUUM of an inverted index.
 *
 * Postings of dead rows are removed where they are.  Pages only lose postings,
 * so searches need not know of it.  Each row has a posting of MM_TOKEN_ALL, and
 * these come first in a run.  So the rows of a run are asked for once, and the
 * dead ones are then looked for in all other lists.
 *
 * The places of dead rows take up to maintenance_work_mem.  If a run has more, that
 * is done several times, each time for the next ones.
 *
 * VACUUM may end at any point, by a cancel or a crash.  So the postings of
 * MM_TOKEN_ALL are removed last: as long as a dead row has any posting, it has this
 * one, and the next VACUUM finds it again.  What the home page says of a run is
 * counted anew, not subtracted, as the last VACUUM may not have come to write it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/indexfsm.h"
#include "utils/memutils.h"

#include "inverted/flush.h"
#include "inverted/pending.h"

typedef struct VacuumState
{
	const MMInverted *inv;
	IndexBulkDeleteCallback callback;
	void	   *callback_state;
	BufferAccessStrategy strategy;
	int64		removed;
	int64		kept;
	int64		most_dead;		/* places that there is memory for */
	int64		ndead;			/* rows of the run at hand, ... */
	int64		allocated;
	MMPlace    *dead;			/* ... ascending */
} VacuumState;

static bool
is_dead(VacuumState *state, MMPlace place)
{
	ItemPointerData tid;

	mm_row_of_place(state->inv->index, place, &tid);
	if (!state->callback(&tid, state->callback_state))
	{
		state->kept++;
		return false;
	}
	state->removed++;
	return true;
}

/* ---------- pending rows ---------- */

/*
 * Remove the dead rows of a pending page.
 */
static void
vacuum_pending_page(VacuumState *state, Buffer buffer)
{
	GenericXLogState *xlog = GenericXLogStart(state->inv->index);
	Page		page = GenericXLogRegisterBuffer(xlog, buffer, 0);
	int			offset = 0;
	char	   *to = PageGetRows(page);
	bool		changed = false;
	const MMPendingRow *row;

	while ((row = mm_pending_next(state->inv, page, &offset)) != NULL)
	{
		Size		size = MM_PENDING_SIZE(row->n);

		if (is_dead(state, (MMPlace) row->block << MM_OFFSET_BITS | (row->offset - 1)))
		{
			changed = true;
			continue;
		}
		memmove(to, row, size);
		to += size;
	}
	if (!changed)
	{
		GenericXLogAbort(xlog);
		return;
	}
	((PageHeader) page)->pd_lower = to - (char *) page;
	GenericXLogFinish(xlog);
}

static void
vacuum_chain(VacuumState *state, const MMChain *chain)
{
	BlockNumber block = chain->first;

	for (uint32 i = 0; i < chain->pages && BlockNumberIsValid(block); i++)
	{
		Buffer		buffer;

		mm_vacuum_delay_point();
		buffer = mm_inverted_read(state->inv, block, BUFFER_LOCK_EXCLUSIVE, MM_PAGE_PENDING,
								  chain->stamp, state->strategy);
		vacuum_pending_page(state, buffer);
		block = MMPageGetSpecial(BufferGetPage(buffer))->right;
		UnlockReleaseBuffer(buffer);
	}
}

/* ---------- runs ---------- */

static int
compare_places(const void *a, const void *b)
{
	MMPlace		x = *(const MMPlace *) a;
	MMPlace		y = *(const MMPlace *) b;

	return x < y ? -1 : x > y;
}

/*
 * List the next dead rows of a run, as many as there is memory for.  Adds to *rows how
 * many rows were looked at.  Returns false if there are no more.
 */
static bool
find_dead(VacuumState *state, MMPostings *postings, int64 *rows)
{
	bool		more = true;
	MMPosting	posting;

	state->ndead = 0;
	while (state->ndead < state->most_dead)
	{
		more = postings->next(postings, &posting) && MM_POSTING_TOKEN(posting.key) == MM_TOKEN_ALL;
		if (!more)
			break;
		++*rows;
		if (!is_dead(state, posting.place))
			continue;
		if (state->ndead == state->allocated)
		{
			state->allocated = Min(Max(state->allocated * 2, 1024), state->most_dead);
			state->dead = state->dead == NULL ? palloc(sizeof(MMPlace) * state->allocated) :
				repalloc_huge(state->dead, sizeof(MMPlace) * state->allocated);
		}
		state->dead[state->ndead++] = posting.place;
	}
	/* The places of each size class are in order. */
	qsort(state->dead, state->ndead, sizeof(MMPlace), compare_places);
	return more;
}

/*
 * The first dead row from a place on.
 */
static int64
first_dead(const VacuumState *state, MMPlace place)
{
	int64		low = 0;
	int64		high = state->ndead;

	while (low < high)
	{
		int64		middle = (low + high) / 2;

		if (state->dead[middle] < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Remove dead rows from a segment.  Returns how many postings that were.
 */
static int
vacuum_segment(const VacuumState *state, Page page, MMSegment *segment)
{
	uint8		kept[BLCKSZ + MM_POSTING_BYTES];
	uint8	   *bytes = (uint8 *) page + segment->offset;
	MMDecoder	chunk = {.at = bytes, .end = bytes + segment->length};
	MMEncoder	encoder = {.bytes = kept};
	int			removed = 0;
	int64		dead = -1;

	while (mm_decode(&chunk))
		for (int i = 0; i < chunk.n; i++)
		{
			MMPlace		place = mm_decoded_place(&chunk, i);

			if (dead < 0)
				dead = first_dead(state, place);
			while (dead < state->ndead && state->dead[dead] < place)
				dead++;
			if (dead < state->ndead && state->dead[dead] == place)
				removed++;
			else
				mm_encode(&encoder, place);
		}
	if (chunk.end == NULL || encoder.length > segment->length)
		mm_report_damage(state->inv->index, "A list of token %u has invalid postings.",
						 segment->token);
	if (removed > 0)
	{
		memcpy(bytes, kept, encoder.length);
		segment->length = encoder.length;
		segment->n -= removed;
	}
	return removed;
}

/*
 * Remove the postings of dead rows from some lists of a run: those of MM_TOKEN_ALL,
 * or all others.  Returns how many are left there.
 */
static int64
vacuum_lists(VacuumState *state, const MMRun *run, bool of_all)
{
	BlockNumber block = run->first;
	int64		left = 0;

	for (uint32 i = 0; BlockNumberIsValid(block); i++)
	{
		Buffer		buffer;
		GenericXLogState *xlog;
		Page		page;
		int			removed = 0;

		mm_vacuum_delay_point();
		if (i == run->pages)
			mm_report_damage(state->inv->index, "Links to the right of block %u lead in a circle.",
							 block);
		buffer = mm_inverted_read(state->inv, block, BUFFER_LOCK_EXCLUSIVE, MM_PAGE_POSTINGS,
								  run->stamp, state->strategy);
		mm_leaf_check(state->inv, buffer);
		xlog = GenericXLogStart(state->inv->index);
		page = GenericXLogRegisterBuffer(xlog, buffer, 0);
		for (int s = 0; s < MMPageGetSpecial(page)->n; s++)
		{
			MMSegment  *segment = &PageGetSegments(page)[s];

			if ((segment->token == MM_TOKEN_ALL) != of_all)
				continue;
			removed += vacuum_segment(state, page, segment);
			left += segment->n;
		}
		block = MMPageGetSpecial(page)->right;
		if (removed > 0)
			GenericXLogFinish(xlog);
		else
			GenericXLogAbort(xlog);
		UnlockReleaseBuffer(buffer);
	}
	return left;
}

/*
 * Remove the postings of dead rows from a run.
 */
static void
vacuum_run(VacuumState *state, MMRun *run)
{
	/* Nobody else removes postings, and what we remove is behind the scan. */
	MMPostings *postings = mm_run_scan(state->inv, run, state->strategy);
	int64		noted = run->rows;
	int64		rows = 0;
	bool		more;

	do
	{
		more = find_dead(state, postings, &rows);
		/* If there were fewer than noted, a VACUUM has ended before it noted them. */
		if (state->ndead > 0 || (!more && rows != noted))
		{
			run->postings = vacuum_lists(state, run, false);
			run->rows = vacuum_lists(state, run, true);
		}
	} while (more);
	pfree(postings);
}

/* ---------- pages ---------- */

static bool
is_known(const MMHome *home, uint64 stamp)
{
	if (stamp > home->stamps || stamp == home->pending.stamp || stamp == home->sealed.stamp)
		return true;
	for (int i = 0; i < home->nruns; i++)
		if (home->runs[i].stamp == stamp)
			return true;
	return false;
}

/*
 * Delete the pages that an unfinished flush has left behind.
 */
static BlockNumber
delete_lost_pages(VacuumState *state, const MMHome *home)
{
	Relation	index = state->inv->index;
	BlockNumber n = 0;

	for (BlockNumber block = 0; block < RelationGetNumberOfBlocks(index); block++)
	{
		Buffer		buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL,
												state->strategy);
		Page		page;
		int			kind;

		mm_vacuum_delay_point();
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
		page = BufferGetPage(buffer);
		kind = mm_page_is(page, 0) ? MMPageGetSpecial(page)->kind : 0;
		if ((kind == MM_PAGE_POSTINGS || kind == MM_PAGE_DIRECTORY || kind == MM_PAGE_PENDING) &&
			PageGetInverted(page)->home == state->inv->home &&
			!is_known(home, MMPageGetSpecial(page)->born))
		{
			mm_inverted_delete(state->inv, buffer);
			n++;
		}
		UnlockReleaseBuffer(buffer);
	}
	return n;
}

/*
 * Drop the runs that have no rows any more.
 */
static BlockNumber
drop_empty_runs(VacuumState *state, MMHome *home)
{
	MMRun		empty[MM_MAX_RUNS];
	int			nempty = 0;
	int			n = 0;
	BlockNumber deleted = 0;

	for (int i = 0; i < home->nruns; i++)
		if (home->runs[i].rows > 0)
			home->runs[n++] = home->runs[i];
		else
			empty[nempty++] = home->runs[i];
	home->nruns = n;
	home->unfinished += nempty > 0;
	mm_home_write(state->inv, home, true);
	if (nempty == 0)
		return 0;
	for (int i = 0; i < nempty; i++)
		deleted += mm_run_delete(state->inv, &empty[i], state->strategy);
	home->unfinished--;
	mm_home_write(state->inv, home, true);
	return deleted;
}

BlockNumber
mm_inverted_vacuum(const MMInverted *inv, IndexBulkDeleteCallback callback, void *callback_state,
				   BufferAccessStrategy strategy, double *removed, double *kept)
{
	VacuumState state = {
		.inv = inv,
		.callback = callback,
		.callback_state = callback_state,
		.strategy = strategy,
		.most_dead = Max((int64) maintenance_work_mem * 1024 / (int64) sizeof(MMPlace), 1),
	};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb inverted vacuum",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BlockNumber deleted;
	MMHome	   *home;

	(void) mm_inverted_lock(inv, true);
	home = mm_home_read(inv);
	for (int i = 0; i < home->nruns; i++)
		vacuum_run(&state, &home->runs[i]);
	vacuum_chain(&state, &home->sealed);
	vacuum_chain(&state, &home->pending);
	deleted = drop_empty_runs(&state, home);
	if (home->unfinished > 0)
	{
		deleted += delete_lost_pages(&state, home);
		home->unfinished = 0;
		mm_home_write(inv, home, true);
	}
	mm_inverted_unlock(inv);
	if (deleted > 0)
		IndexFreeSpaceMapVacuum(inv->index);
	*removed = state.removed;
	*kept = state.kept;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return deleted;
}
