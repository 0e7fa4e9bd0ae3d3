/*-------------------------------------------------------------------------
 *
 * home.c
 *	  The home page of an inverted index, and what all its pages have in common.
 *
 * All of a home page is replaced in one WAL record, so it is always consistent:
 * the same record that enters a run drops what the run was made of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/indexfsm.h"
#include "storage/lmgr.h"

#include "inverted/home.h"

void
mm_inverted_init(Page page)
{
	MMHome	   *home = PageGetHome(page);

	mm_page_init(page, MM_PAGE_HOME, 0);
	MMPageGetSpecial(page)->tree = MM_NO_TREE;
	home->pending.first = home->pending.last = InvalidBlockNumber;
	home->sealed.first = home->sealed.last = InvalidBlockNumber;
	((PageHeader) page)->pd_lower = (char *) (home + 1) - (char *) page;
}

Page
mm_inverted_begin_page(const MMInverted *inv, Buffer buffer, bool logged, int flags,
					   GenericXLogState **xlog)
{
	if (!logged)
	{
		*xlog = NULL;
		return BufferGetPage(buffer);
	}
	*xlog = GenericXLogStart(inv->index);
	return GenericXLogRegisterBuffer(*xlog, buffer, flags);
}

void
mm_inverted_end_page(Buffer buffer, GenericXLogState *xlog)
{
	if (xlog != NULL)
		GenericXLogFinish(xlog);
	else
		MarkBufferDirty(buffer);
}

BlockNumber
mm_inverted_create(Relation index, bool logged)
{
	MMInverted	inv = {.index = index};
	Buffer		buffer = mm_page_new(index);
	BlockNumber block = BufferGetBlockNumber(buffer);
	GenericXLogState *xlog;

	mm_inverted_init(mm_inverted_begin_page(&inv, buffer, logged, GENERIC_XLOG_FULL_IMAGE, &xlog));
	mm_inverted_end_page(buffer, xlog);
	UnlockReleaseBuffer(buffer);
	return block;
}

static bool
chain_is_sound(const MMHome *home, const MMChain *chain)
{
	return BlockNumberIsValid(chain->first) == BlockNumberIsValid(chain->last) &&
		BlockNumberIsValid(chain->first) == (chain->pages > 0) &&
		chain->stamp <= home->stamps;
}

/*
 * Raise an error unless a home page may have been written by us.
 */
static void
check_home(const MMInverted *inv, Page page)
{
	const MMHome *home = PageGetHome(page);
	bool		sound = home->nruns >= 0 && home->nruns <= MM_MAX_RUNS &&
		chain_is_sound(home, &home->pending) && chain_is_sound(home, &home->sealed);

	for (int i = 0; sound && i < home->nruns; i++)
		sound = home->runs[i].stamp <= home->stamps && home->runs[i].level < MM_MAX_LEVELS &&
			home->runs[i].pages > 0;
	if (!sound)
		mm_report_damage(inv->index, "Block %u is no valid home page of an inverted index.",
						 inv->home);
}

static Buffer
read_home(const MMInverted *inv, int mode)
{
	Buffer		buffer = mm_page_read(inv->index, inv->home, mode, MM_PAGE_HOME, NULL);

	check_home(inv, BufferGetPage(buffer));
	return buffer;
}

MMHome *
mm_home_read(const MMInverted *inv)
{
	Buffer		buffer = read_home(inv, BUFFER_LOCK_SHARE);
	MMHome	   *home = palloc(sizeof(MMHome));

	*home = *PageGetHome(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	return home;
}

Buffer
mm_home_lock(const MMInverted *inv)
{
	return read_home(inv, BUFFER_LOCK_EXCLUSIVE);
}

void
mm_home_write(const MMInverted *inv, MMHome *home, bool logged)
{
	Buffer		buffer = mm_home_lock(inv);
	GenericXLogState *xlog;
	MMHome	   *to = PageGetHome(mm_inverted_begin_page(inv, buffer, logged, 0, &xlog));

	home->pending = to->pending;
	home->stamps = to->stamps;
	*to = *home;
	mm_inverted_end_page(buffer, xlog);
	UnlockReleaseBuffer(buffer);
}

uint64
mm_home_stamp(const MMInverted *inv, bool logged)
{
	Buffer		buffer = mm_home_lock(inv);
	GenericXLogState *xlog;
	Page		page = mm_inverted_begin_page(inv, buffer, logged, 0, &xlog);
	uint64		stamp = ++PageGetHome(page)->stamps;

	mm_inverted_end_page(buffer, xlog);
	UnlockReleaseBuffer(buffer);
	return stamp;
}

bool
mm_inverted_lock(const MMInverted *inv, bool wait)
{
	if (!wait)
		return ConditionalLockPage(inv->index, inv->home, ExclusiveLock);
	LockPage(inv->index, inv->home, ExclusiveLock);
	return true;
}

void
mm_inverted_unlock(const MMInverted *inv)
{
	UnlockPage(inv->index, inv->home, ExclusiveLock);
}

void
mm_inverted_page_init(const MMInverted *inv, Page page, uint8 kind, int level, uint64 stamp)
{
	mm_page_init(page, kind, level);
	MMPageGetSpecial(page)->tree = MM_NO_TREE;
	MMPageGetSpecial(page)->born = stamp;
	PageGetInverted(page)->home = inv->home;
	((PageHeader) page)->pd_lower = (char *) (PageGetInverted(page) + 1) - (char *) page;
}

Buffer
mm_inverted_read(const MMInverted *inv, BlockNumber block, int mode, uint8 kind, uint64 stamp,
				 BufferAccessStrategy strategy)
{
	Buffer		buffer = mm_page_read(inv->index, block, mode, 0, strategy);
	Page		page = BufferGetPage(buffer);
	const MMPageSpecial *special = MMPageGetSpecial(page);
	const PageHeaderData *header = (PageHeader) page;

	if ((special->kind != kind && special->kind != MM_PAGE_DELETED) ||
		special->tree != MM_NO_TREE || special->born != stamp || PageGetInverted(page)->home != inv->home)
		mm_report_reused(inv->index, block);
	if (header->pd_lower < (char *) (PageGetInverted(page) + 1) - (char *) page ||
		header->pd_lower > header->pd_upper || header->pd_upper > header->pd_special)
		mm_report_damage(inv->index, "Block %u ends before it begins.", block);
	return buffer;
}

void
mm_inverted_delete(const MMInverted *inv, Buffer buffer)
{
	FullTransactionId xid = ReadNextFullTransactionId();
	GenericXLogState *xlog = GenericXLogStart(inv->index);
	Page		page = GenericXLogRegisterBuffer(xlog, buffer, 0);

	mm_page_delete(page, xid, 0);
	GenericXLogFinish(xlog);
	RecordFreeIndexPage(inv->index, BufferGetBlockNumber(buffer));
}
