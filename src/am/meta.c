/*-------------------------------------------------------------------------
 *
 * meta.c
 *	  Reading and writing the metadata page.
 *
 * The page is written whole, through generic WAL, under an exclusive buffer
 * lock.  Readers copy it into the relation cache; whoever changes it sends a
 * relation cache invalidation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/inval.h"
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
 * Is this page a metadata page of ncolumns columns that can be trusted?
 */
static bool
page_is_sound(Page page, int ncolumns)
{
	MMMeta	   *meta = (MMMeta *) PageGetContents(page);

	if (PageIsNew(page) ||
		PageGetSpecialSize(page) != MAXALIGN(sizeof(MMPageSpecial)))
		return false;
	return MMPageGetSpecial(page)->magic == MM_PAGE_MAGIC &&
		MMPageGetSpecial(page)->kind == MM_PAGE_META &&
		meta->version == MM_META_VERSION &&
		meta->ncolumns == ncolumns;
}

/*
 * The metadata page, pinned and locked in the given mode, found sound.
 */
static Buffer
lock_page(Relation index, int ncolumns, int mode)
{
	Buffer		buffer;

	if (RelationGetNumberOfBlocks(index) <= MM_META_BLOCK)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no metadata page",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));

	buffer = ReadBuffer(index, MM_META_BLOCK);
	LockBuffer(buffer, mode);
	if (!page_is_sound(BufferGetPage(buffer), ncolumns))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no valid metadata page",
						RelationGetRelationName(index)),
				 errdetail("Block %u is not one of an mmdb index of %d columns, format version %d.",
						   MM_META_BLOCK, ncolumns, MM_META_VERSION),
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
	CacheInvalidateRelcache(index);
	if (index->rd_amcache != NULL)
		pfree(index->rd_amcache);
	index->rd_amcache = NULL;
}

void
mm_meta_update(Relation index, const MMMeta *meta)
{
	replace_page(index, lock_page(index, meta->ncolumns, BUFFER_LOCK_EXCLUSIVE), meta);
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

const MMMeta *
mm_meta_read(Relation index, int ncolumns)
{
	Buffer		buffer;

	if (index->rd_amcache != NULL)
		return index->rd_amcache;

	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary indexes of other sessions")));

	buffer = lock_page(index, ncolumns, BUFFER_LOCK_SHARE);
	index->rd_amcache = MemoryContextAlloc(index->rd_indexcxt, MM_META_SIZE(ncolumns));
	memcpy(index->rd_amcache, PageGetContents(BufferGetPage(buffer)),
		   MM_META_SIZE(ncolumns));
	UnlockReleaseBuffer(buffer);
	return index->rd_amcache;
}
