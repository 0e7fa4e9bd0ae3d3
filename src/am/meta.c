/*-------------------------------------------------------------------------
 *
 * meta.c
 *	  Reading and writing the metadata page.
 *
 * The page is written whole, through generic WAL, under an exclusive buffer
 * lock, and takes effect whether or not the transaction commits.  So nobody
 * may keep a copy of it from one statement to the next: invalidations reach
 * other sessions from transactions that commit only.
 *
 * Dimensions once known stay so until the index is built anew: they are what
 * rows, committed or not, were checked against.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "am/am.h"

MMMeta *
mm_meta_empty(int ncolumns)
{
	MMMeta	   *meta = palloc0(MM_META_SIZE(ncolumns));

	meta->version = MM_META_VERSION;
	meta->ncolumns = ncolumns;
	for (int i = 0; i < ncolumns; i++)
	{
		meta->columns[i].dimensions = -1;
		meta->columns[i].scale = 1.0;
	}
	return meta;
}

static void
fill_page(Page page, const MMMeta *meta)
{
	MMPageSpecial *special;

	PageInit(page, BLCKSZ, sizeof(MMPageSpecial));
	special = MMPageGetSpecial(page);
	special->kind = MM_PAGE_META;
	special->flags = 0;
	special->magic = MM_PAGE_MAGIC;
	memcpy(PageGetContents(page), meta, MM_META_SIZE(meta->ncolumns));
	((PageHeader) page)->pd_lower =
		PageGetContents(page) + MM_META_SIZE(meta->ncolumns) - (char *) page;
}

void
mm_meta_create(Relation index, ForkNumber fork, const MMMeta *meta)
{
	Buffer		buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, NULL);

	if (BufferGetBlockNumber(buffer) != MM_META_BLOCK)
		elog(ERROR, "index \"%s\" already contains data",
			 RelationGetRelationName(index));

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	START_CRIT_SECTION();
	fill_page(BufferGetPage(buffer), meta);
	MarkBufferDirty(buffer);
	/* The init fork of an unlogged index is logged: it outlives a crash. */
	if (RelationNeedsWAL(index) || fork == INIT_FORKNUM)
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

/*
 * Is this page a metadata page that can be trusted?
 */
static bool
page_is_sound(Page page)
{
	MMMeta	   *meta = (MMMeta *) PageGetContents(page);

	if (PageIsNew(page) ||
		PageGetSpecialSize(page) != MAXALIGN(sizeof(MMPageSpecial)))
		return false;
	return MMPageGetSpecial(page)->magic == MM_PAGE_MAGIC &&
		MMPageGetSpecial(page)->kind == MM_PAGE_META &&
		meta->version == MM_META_VERSION &&
		meta->ncolumns >= 1 && meta->ncolumns <= MM_MAX_COLUMNS;
}

/*
 * The metadata page, pinned and locked in the given mode, found sound and
 * about ncolumns columns, or any number of them if that is 0.
 */
static Buffer
lock_page(Relation index, int ncolumns, int mode)
{
	Buffer		buffer;
	MMMeta	   *meta;

	if (RelationGetNumberOfBlocks(index) <= MM_META_BLOCK)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no metadata page",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));

	buffer = ReadBuffer(index, MM_META_BLOCK);
	LockBuffer(buffer, mode);
	if (!page_is_sound(BufferGetPage(buffer)))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no valid metadata page",
						RelationGetRelationName(index)),
				 errdetail("Block %u is not one of an mmdb index, format version %d.",
						   MM_META_BLOCK, MM_META_VERSION),
				 errhint("Please REINDEX it.")));
	meta = (MMMeta *) PageGetContents(BufferGetPage(buffer));
	if (ncolumns != 0 && meta->ncolumns != ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" was made for %d columns, but there are %d",
						RelationGetRelationName(index), meta->ncolumns, ncolumns),
				 errdetail("The composite type it is on was altered."),
				 errhint("Please REINDEX it.")));
	return buffer;
}

/*
 * Write metadata over the page in a buffer locked exclusively, and let go of
 * the buffer.
 */
static void
replace_page(Relation index, Buffer buffer, const MMMeta *meta)
{
	GenericXLogState *state = GenericXLogStart(index);

	fill_page(GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE), meta);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

void
mm_meta_update(Relation index, MMMeta *meta)
{
	Buffer		buffer = lock_page(index, 0, BUFFER_LOCK_EXCLUSIVE);
	const MMMeta *old = (MMMeta *) PageGetContents(BufferGetPage(buffer));

	/* What was measured may not have seen the rows that settled them. */
	if (old->ncolumns == meta->ncolumns)
		for (int i = 0; i < meta->ncolumns; i++)
			if (old->columns[i].dimensions >= 0)
				meta->columns[i].dimensions = old->columns[i].dimensions;
	replace_page(index, buffer, meta);
}

void
mm_meta_settle_dimensions(Relation index, int ncolumns, int32 *dimensions)
{
	MMMeta	   *meta = palloc(MM_META_SIZE(ncolumns));
	Buffer		buffer = lock_page(index, ncolumns, BUFFER_LOCK_EXCLUSIVE);
	bool		changed = false;

	memcpy(meta, PageGetContents(BufferGetPage(buffer)), MM_META_SIZE(ncolumns));
	for (int i = 0; i < ncolumns; i++)
	{
		if (meta->columns[i].dimensions < 0 && dimensions[i] >= 0)
		{
			meta->columns[i].dimensions = dimensions[i];
			changed = true;
		}
		dimensions[i] = meta->columns[i].dimensions;
	}
	if (changed)
		replace_page(index, buffer, meta);
	else
		UnlockReleaseBuffer(buffer);
}

MMMeta *
mm_meta_read(Relation index, int ncolumns)
{
	Buffer		buffer;
	const MMMeta *meta;
	MMMeta	   *result;

	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary indexes of other sessions")));

	buffer = lock_page(index, ncolumns, BUFFER_LOCK_SHARE);
	meta = (MMMeta *) PageGetContents(BufferGetPage(buffer));
	result = palloc(MM_META_SIZE(meta->ncolumns));
	memcpy(result, meta, MM_META_SIZE(meta->ncolumns));
	UnlockReleaseBuffer(buffer);
	return result;
}
