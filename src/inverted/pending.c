/*-------------------------------------------------------------------------
 *
 * pending.c
 *	  Chains of pending pages of an inverted index.
 *
 * Rows are appended to the last page of the pending chain.  The lock of that
 * page is all that is needed for this, as long as there is room.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/indexfsm.h"

#include "index/change.h"
#include "inverted/pending.h"

MMPendingRow *
mm_pending_next(const MMInverted *inv, Page page, int *offset)
{
	int			end = ((PageHeader) page)->pd_lower - (int) (PageGetRows(page) - (char *) page);
	MMPendingRow *row = (MMPendingRow *) (PageGetRows(page) + *offset);

	if (*offset == end)
		return NULL;
	if (end - *offset < (int) MM_PENDING_SIZE(0) || row->n > MM_COUNTED_SIZE ||
		end - *offset < (int) MM_PENDING_SIZE(row->n) || row->size_class >= MM_SIZE_CLASSES ||
		row->offset == InvalidOffsetNumber || row->offset > MM_MOST_OFFSET)
		mm_report_damage(inv->index, "A pending page has a row that ends beyond it, or is none.");
	*offset += MM_PENDING_SIZE(row->n);
	return row;
}

void
mm_chain_read(const MMInverted *inv, const MMChain *chain, MMPendingEmit emit, void *state)
{
	BlockNumber block = chain->first;

	/* The pending chain may have become longer since; that is of no interest. */
	for (uint32 i = 0; i < chain->pages; i++)
	{
		Buffer		buffer;
		Page		page;
		int			offset = 0;
		const MMPendingRow *row;

		CHECK_FOR_INTERRUPTS();
		if (!BlockNumberIsValid(block))
			mm_report_damage(inv->index, "A chain of %u pending pages has only %u.",
							 chain->pages, i);
		buffer = mm_inverted_read(inv, block, BUFFER_LOCK_SHARE, MM_PAGE_PENDING, chain->stamp,
								  NULL);
		page = BufferGetPage(buffer);
		if (i == chain->pages - 1 && block != chain->last)
			mm_report_damage(inv->index, "Block %u is not the end of its chain.", block);
		while ((row = mm_pending_next(inv, page, &offset)) != NULL)
			emit(row, state);
		block = MMPageGetSpecial(page)->right;
		UnlockReleaseBuffer(buffer);
	}
}

static void
put_row(Page page, const MMPendingRow *row)
{
	PageHeader	header = (PageHeader) page;

	memcpy((char *) page + header->pd_lower, row, MM_PENDING_SIZE(row->n));
	header->pd_lower += MM_PENDING_SIZE(row->n);
}

/*
 * Add a page with this row to the pending chain, after last, which is locked;
 * InvalidBuffer stands for an empty chain.  Returns the number of pages, or 0
 * if the chain has changed meanwhile.
 */
static uint32
add_page(const MMInverted *inv, Buffer last, const MMPendingRow *row)
{
	Buffer		buffer = mm_page_new(inv->index);
	BlockNumber block = BufferGetBlockNumber(buffer);
	Buffer		homebuf = mm_home_lock(inv);
	const MMHome *home = PageGetHome(BufferGetPage(homebuf));
	uint32		pages = 0;

	if (home->pending.last ==
		(BufferIsValid(last) ? BufferGetBlockNumber(last) : InvalidBlockNumber))
	{
		GenericXLogState *xlog = GenericXLogStart(inv->index);
		Page		page;
		MMHome	   *to;

		if (BufferIsValid(last))
			MMPageGetSpecial(GenericXLogRegisterBuffer(xlog, last, 0))->right = block;
		page = GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE);
		to = PageGetHome(GenericXLogRegisterBuffer(xlog, homebuf, 0));
		if (!BufferIsValid(last))
		{
			to->pending.stamp = ++to->stamps;
			to->pending.first = block;
		}
		to->pending.last = block;
		pages = ++to->pending.pages;
		mm_inverted_page_init(inv, page, MM_PAGE_PENDING, 0, to->pending.stamp);
		put_row(page, row);
		GenericXLogFinish(xlog);
	}
	UnlockReleaseBuffer(homebuf);
	UnlockReleaseBuffer(buffer);
	if (pages == 0)
		RecordFreeIndexPage(inv->index, block);	/* it is as it was */
	return pages;
}

uint32
mm_pending_append(const MMInverted *inv, const MMPendingRow *row)
{
	MMChain		before = {.first = InvalidBlockNumber, .last = InvalidBlockNumber};

	for (;;)
	{
		MMHome	   *home = mm_home_read(inv);
		MMChain		chain = home->pending;
		Buffer		last = InvalidBuffer;
		Page		page;
		const MMPageSpecial *special;
		uint32		pages;

		CHECK_FOR_INTERRUPTS();
		pfree(home);
		if (BlockNumberIsValid(chain.last))
		{
			last = mm_page_read(inv->index, chain.last, BUFFER_LOCK_EXCLUSIVE, 0, NULL);
			page = BufferGetPage(last);
			special = MMPageGetSpecial(page);
			if (special->kind != MM_PAGE_PENDING || special->born != chain.stamp ||
				(special->flags & MM_PAGE_SEALED) != 0 || BlockNumberIsValid(special->right))
			{
				/*
				 * It was the last page when the home page was read.  If it
				 * still is, according to the home page, it never was.
				 */
				if (before.last == chain.last && before.stamp == chain.stamp)
					mm_report_damage(inv->index, "Block %u is not the end of its chain.", chain.last);
				UnlockReleaseBuffer(last);
				before = chain;
				continue;
			}
			if (((PageHeader) page)->pd_lower < PageGetRows(page) - (char *) page)
				mm_report_damage(inv->index, "Block %u ends before it begins.", chain.last);
			if (MM_PENDING_SIZE(row->n) <= PageGetExactFreeSpace(page))
			{
				mm_change_append(inv->index, last, row, MM_PENDING_SIZE(row->n));
				UnlockReleaseBuffer(last);
				return 0;
			}
		}
		pages = add_page(inv, last, row);
		if (BufferIsValid(last))
			UnlockReleaseBuffer(last);
		if (pages > 0)
			return pages;
	}
}

void
mm_pending_seal(const MMInverted *inv, MMHome *home)
{
	for (;;)
	{
		Buffer		last;
		Buffer		homebuf;
		bool		done = false;

		*home = *mm_home_read(inv);
		if (!BlockNumberIsValid(home->pending.last))
			return;
		last = mm_inverted_read(inv, home->pending.last, BUFFER_LOCK_EXCLUSIVE, MM_PAGE_PENDING,
								home->pending.stamp, NULL);
		homebuf = mm_home_lock(inv);
		if (PageGetHome(BufferGetPage(homebuf))->pending.last == home->pending.last)
		{
			GenericXLogState *xlog = GenericXLogStart(inv->index);
			MMHome	   *to;

			MMPageGetSpecial(GenericXLogRegisterBuffer(xlog, last, 0))->flags |= MM_PAGE_SEALED;
			to = PageGetHome(GenericXLogRegisterBuffer(xlog, homebuf, 0));
			to->sealed = to->pending;
			to->pending = (MMChain) {.first = InvalidBlockNumber, .last = InvalidBlockNumber};
			*home = *to;
			GenericXLogFinish(xlog);
			done = true;
		}
		UnlockReleaseBuffer(homebuf);
		UnlockReleaseBuffer(last);
		if (done)
			return;
	}
}

static void
count_row(const MMPendingRow *row, void *state)
{
	++*(int64 *) state;
}

void
mm_inverted_counts(const MMInverted *inv, int64 *pages, int64 *entries)
{
	MMHome	   *home = mm_home_read(inv);

	*pages = 1 + (int64) home->sealed.pages + home->pending.pages;
	for (int i = 0; i < home->nruns; i++)
		*pages += home->runs[i].pages;
	if (entries != NULL)
	{
		*entries = 0;
		for (int i = 0; i < home->nruns; i++)
			*entries += home->runs[i].rows;
		mm_chain_read(inv, &home->sealed, count_row, entries);
		mm_chain_read(inv, &home->pending, count_row, entries);
	}
	pfree(home);
}
