/*-------------------------------------------------------------------------
 *
 * meta.c
 *	  The metadata page, and the pages of the model.
 *
 * Changes go through generic WAL, under an exclusive buffer lock, and take
 * effect whether or not the transaction commits.  So nobody may keep a copy of
 * the metadata from one statement to the next: other sessions only get
 * invalidations from transactions that commit.  A model never changes, so the
 * relation cache may keep it, under the block where it begins.  A model is
 * written once, to pages that nobody knows yet, and the metadata refer to it
 * in the same WAL record that makes the root fit it.
 *
 * Dimensions, once known, stay until the index is built anew, because rows,
 * committed or not, were checked against them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xlog.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "index/meta.h"
#include "index/options.h"

#define PageGetMeta(page)	((MMMeta *) PageGetContents(page))

MMMeta *
mm_meta_empty(int ncolumns)
{
	MMMeta	   *meta = palloc0(MM_META_SIZE(ncolumns, 0));

	meta->version = MM_META_VERSION;
	meta->ncolumns = ncolumns;
	meta->model = InvalidBlockNumber;
	meta->shared_part = 1.0f;
	for (int i = 0; i < ncolumns; i++)
	{
		meta->columns[i].dimensions = -1;
		meta->columns[i].scale = 1.0;
	}
	return meta;
}

/*
 * Mark the end of the metadata.  After it is a hole, which WAL leaves out.
 */
static void
set_end(Page page, const MMMeta *meta)
{
	((PageHeader) page)->pd_lower =
		PageGetContents(page) + MM_META_SIZE(meta->ncolumns, meta->npairs) - page;
}

static void
fill_page(Page page, const MMMeta *meta, bool building)
{
	mm_page_init(page, MM_PAGE_META, 0);
	MMPageGetSpecial(page)->flags = building ? MM_PAGE_BUILDING : 0;
	memcpy(PageGetContents(page), meta, MM_META_SIZE(meta->ncolumns, meta->npairs));
	set_end(page, meta);
}

/*
 * Make one page of a new index, which must become the given block.
 */
static void
create_page(Relation index, ForkNumber fork, BlockNumber block, const MMMeta *meta)
{
	Buffer		buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, NULL);
	Page		page = BufferGetPage(buffer);

	if (BufferGetBlockNumber(buffer) != block)
		elog(ERROR, "index \"%s\" already contains data",
			 RelationGetRelationName(index));

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	START_CRIT_SECTION();
	if (block == MM_META_BLOCK)
		fill_page(page, meta, fork == MAIN_FORKNUM);
	else
	{
		mm_page_init(page, MM_PAGE_NODE, 0);
		MMPageGetSpecial(page)->flags = MM_PAGE_UNTRAINED;
	}
	MarkBufferDirty(buffer);
	/*
	 * The init fork of an unlogged index is logged, because it must survive a
	 * crash.
	 */
	if (fork == INIT_FORKNUM)
		log_newpage_buffer(buffer, false);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

void
mm_meta_create(Relation index, ForkNumber fork, const MMMeta *meta)
{
	create_page(index, fork, MM_META_BLOCK, meta);
	create_page(index, fork, MM_ROOT_BLOCK, meta);
}

void
mm_meta_build(Relation index, const MMMeta *meta, bool done)
{
	Buffer		buffer = mm_meta_lock(index, meta->ncolumns, BUFFER_LOCK_EXCLUSIVE);

	fill_page(BufferGetPage(buffer), meta, !done);
	MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
}

bool
mm_meta_shape_is_sane(const MMModelShape *shape)
{
	return shape->ncoordinates >= 0 && shape->ncoordinates <= MM_MAX_COORDINATES &&
		shape->sketch_words >= 0 && shape->sketch_words <= (int) MM_PAGE_DATA_SIZE / 16 &&
		shape->sketch_bytes >= 0 && shape->sketch_bytes <= (int) MM_PAGE_DATA_SIZE / 4;
}

/*
 * Might we have written what stands on a metadata page?
 */
static bool
is_sane(const MMMeta *meta)
{
	if (meta->version != MM_META_VERSION ||
		meta->ncolumns < 1 || meta->ncolumns > MM_MAX_COLUMNS ||
		meta->npairs < 0 || meta->npairs > (int) MM_PAGE_DATA_SIZE ||
		MM_META_SIZE(meta->ncolumns, meta->npairs) > MM_PAGE_DATA_SIZE ||
		!mm_meta_shape_is_sane(&meta->shared) ||
		!(meta->shared_part > 0 && meta->shared_part <= 1) ||
		meta->shared.size > meta->model_size || meta->model_size > MaxAllocSize / 2)
		return false;
	for (int i = 0; i < meta->ncolumns; i++)
	{
		const MMColumnStatistics *stats = &meta->columns[i];

		if (stats->dimensions < -1 ||
			!(stats->scale > 0 && stats->scale <= DBL_MAX))
			return false;
	}
	/* Without a model, an entry has only its place and its NULLs. */
	return BlockNumberIsValid(meta->model) ? meta->model_size > 0 :
		meta->shared.ncoordinates == 0 && meta->shared.sketch_words == 0 &&
		meta->shared.sketch_bytes == 0;
}

static bool
is_valid(Page page)
{
	return mm_page_is(page, MM_PAGE_META) && is_sane(PageGetMeta(page));
}

Buffer
mm_meta_lock(Relation index, int ncolumns, int mode)
{
	Buffer		buffer;
	MMMeta	   *meta;
	Page		page;

	if (mm_known_blocks(index) <= MM_ROOT_BLOCK && RelationGetNumberOfBlocks(index) <= MM_ROOT_BLOCK)
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no metadata page",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));

	buffer = mm_page_pin(index, MM_META_BLOCK, NULL);
	LockBuffer(buffer, mode);
	page = BufferGetPage(buffer);
	meta = PageGetMeta(page);
	if (!is_valid(page))
		ereport(ERROR,
				(errcode(ERRCODE_INDEX_CORRUPTED),
				 errmsg("index \"%s\" has no valid metadata page",
						RelationGetRelationName(index)),
				 errdetail("Block %u is not one of an mmdb index, format version %d.",
						   MM_META_BLOCK, MM_META_VERSION),
				 errhint("Please REINDEX it.")));
	if (ncolumns != 0 && meta->ncolumns != ncolumns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" was made for %d columns, but there are %d",
						RelationGetRelationName(index), meta->ncolumns, ncolumns),
				 errdetail("The composite type it is on was altered."),
				 errhint("Please REINDEX it.")));
	return buffer;
}

MMMeta *
mm_meta_register(GenericXLogState *state, Buffer buffer)
{
	return PageGetMeta(GenericXLogRegisterBuffer(state, buffer, 0));
}

void
mm_meta_enter_model(GenericXLogState *state, Buffer buffer, const MMMeta *trained)
{
	MMMeta	   *meta = mm_meta_register(state, buffer);
	int32		dimensions[MM_MAX_COLUMNS];

	Assert(meta->ncolumns == trained->ncolumns);
	for (int i = 0; i < meta->ncolumns; i++)
		dimensions[i] = meta->columns[i].dimensions;
	meta->rows = trained->rows;
	meta->model = trained->model;
	meta->model_size = trained->model_size;
	meta->model_crc = trained->model_crc;
	meta->shared = trained->shared;
	meta->shared_part = trained->shared_part;
	meta->npairs = trained->npairs;
	memcpy(meta->columns, trained->columns,
		   MM_META_SIZE(trained->ncolumns, trained->npairs) - offsetof(MMMeta, columns));
	/*
	 * The measurement may not have seen the rows that settled the dimensions.
	 */
	for (int i = 0; i < meta->ncolumns; i++)
		if (dimensions[i] >= 0)
			meta->columns[i].dimensions = dimensions[i];
	set_end(GenericXLogRegisterBuffer(state, buffer, 0), meta);
}

void
mm_meta_settle_dimensions(Relation index, int ncolumns, int32 *dimensions)
{
	Buffer		buffer = mm_meta_lock(index, ncolumns, BUFFER_LOCK_EXCLUSIVE);
	GenericXLogState *state = GenericXLogStart(index);
	MMMeta	   *meta = mm_meta_register(state, buffer);
	bool		changed = false;

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
		GenericXLogFinish(state);
	else
		GenericXLogAbort(state);
	UnlockReleaseBuffer(buffer);
}

/* ---------- the model's pages ---------- */

BlockNumber
mm_meta_write_model(Relation index, const void *model, uint32 size, bool logged)
{
	BlockNumber next = InvalidBlockNumber;

	/*
	 * Pages are written from the last to the first, because each names the
	 * next one.
	 */
	for (int64 offset = (int64) (size - 1) / MM_PAGE_DATA_SIZE * MM_PAGE_DATA_SIZE;
		 offset >= 0; offset -= MM_PAGE_DATA_SIZE)
	{
		Buffer		buffer = mm_page_new(index);
		GenericXLogState *state = logged ? GenericXLogStart(index) : NULL;
		Page		page = logged ?
			GenericXLogRegisterBuffer(state, buffer, GENERIC_XLOG_FULL_IMAGE) :
			BufferGetPage(buffer);
		int			n = (int) Min(size - offset, MM_PAGE_DATA_SIZE);

		mm_page_init(page, MM_PAGE_MODEL, 0);
		MMPageGetSpecial(page)->right = next;
		MMPageGetSpecial(page)->n = n;
		memcpy(PageGetContents(page), (const char *) model + offset, n);
		if (logged)
			GenericXLogFinish(state);
		else
			MarkBufferDirty(buffer);
		next = BufferGetBlockNumber(buffer);
		UnlockReleaseBuffer(buffer);
	}
	return next;
}

uint32
mm_meta_model_crc(const void *model, uint32 size)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, model, size);
	FIN_CRC32C(crc);
	return crc;
}

static void
read_model(Relation index, BlockNumber block, char *to, uint32 size)
{
	uint32		done = 0;

	while (done < size)
	{
		Buffer		buffer;
		Page		page;
		int			n;

		if (!BlockNumberIsValid(block) || block >= RelationGetNumberOfBlocks(index))
			ereport(ERROR,
					(errcode(ERRCODE_INDEX_CORRUPTED),
					 errmsg("the model of index \"%s\" is incomplete",
							RelationGetRelationName(index)),
					 errhint("Please REINDEX it.")));
		buffer = mm_page_read(index, block, BUFFER_LOCK_SHARE, MM_PAGE_MODEL, NULL);
		page = BufferGetPage(buffer);
		n = (int) Min(size - done, MM_PAGE_DATA_SIZE);
		memcpy(to + done, PageGetContents(page), n);
		done += n;
		block = MMPageGetSpecial(page)->right;
		UnlockReleaseBuffer(buffer);
	}
}

static MMMeta *
read_meta(Relation index, int ncolumns, bool may_be_building)
{
	Buffer		buffer;
	const MMMeta *meta;
	MMMeta	   *result;

	if (RELATION_IS_OTHER_TEMP(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary indexes of other sessions")));
	/*
	 * A standby has nothing of an unlogged index but the file that it starts
	 * anew from.
	 */
	if (RecoveryInProgress() && !RelationIsPermanent(index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary or unlogged relations during recovery")));

	buffer = mm_meta_lock(index, ncolumns, BUFFER_LOCK_SHARE);
	if (!may_be_building &&
		(MMPageGetSpecial(BufferGetPage(buffer))->flags & MM_PAGE_BUILDING) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("cannot access index \"%s\" before it is built",
						RelationGetRelationName(index)),
				 errhint("Functions in its expressions and predicate, and its metrics, must not change or search its table. If its build has failed, drop it, or REINDEX it.")));
	meta = PageGetMeta(BufferGetPage(buffer));
	result = palloc(MM_META_SIZE(meta->ncolumns, meta->npairs));
	memcpy(result, meta, MM_META_SIZE(meta->ncolumns, meta->npairs));
	UnlockReleaseBuffer(buffer);
	return result;
}

MMMeta *
mm_meta_try(Relation index)
{
	Buffer		buffer;
	MMMeta	   *result = NULL;

	if (RelationGetNumberOfBlocks(index) <= MM_ROOT_BLOCK)
		return NULL;
	buffer = ReadBuffer(index, MM_META_BLOCK);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (is_valid(BufferGetPage(buffer)))
	{
		const MMMeta *meta = PageGetMeta(BufferGetPage(buffer));
		Size		size = MM_META_SIZE(meta->ncolumns, meta->npairs);

		result = memcpy(palloc(size), meta, size);
	}
	UnlockReleaseBuffer(buffer);
	return result;
}

MMMeta *
mm_meta_read(Relation index, int ncolumns)
{
	return read_meta(index, ncolumns, false);
}

MMMeta *
mm_meta_read_building(Relation index, int ncolumns)
{
	return read_meta(index, ncolumns, true);
}

/*
 * What the relation cache keeps: one chunk of memory, with the model after
 * this header.
 */
typedef struct CachedModel
{
	BlockNumber block;
	uint32		size;
} CachedModel;

#define CachedModelData(cached)	((char *) (cached) + MAXALIGN(sizeof(CachedModel)))

const void *
mm_meta_model(Relation index, const MMMeta *meta)
{
	CachedModel *cached = index->rd_amcache;
	char	   *model;

	if (!BlockNumberIsValid(meta->model))
		return NULL;
	if (cached != NULL && cached->block == meta->model && cached->size == meta->model_size)
		return CachedModelData(cached);

	/*
	 * Read into our own memory first: reading may fail, or process
	 * invalidations.
	 */
	model = palloc(meta->model_size);
	read_model(index, meta->model, model, meta->model_size);
	if (mm_meta_model_crc(model, meta->model_size) != meta->model_crc)
		mm_report_damage(index, "The model does not match its checksum.");
	if (index->rd_amcache != NULL)
		pfree(index->rd_amcache);
	index->rd_amcache = NULL;
	cached = MemoryContextAlloc(index->rd_indexcxt, MAXALIGN(sizeof(CachedModel)) + meta->model_size);
	cached->block = meta->model;
	cached->size = meta->model_size;
	memcpy(CachedModelData(cached), model, meta->model_size);
	pfree(model);
	index->rd_amcache = cached;
	return CachedModelData(cached);
}

void
mm_meta_shapes(const MMModelShape *shape, MMShape *leaf, MMShape *inner)
{
	mm_shape_init(leaf, MM_ENTRY_HEADER + shape->ncoordinates + shape->sketch_words,
				  shape->sketch_bytes);
	mm_shape_init(inner, MM_ENTRY_HEADER + 2 * shape->ncoordinates, 0);
}

double
mm_meta_entries(Relation index, const MMMeta *meta, BlockNumber blocks)
{
	MMShape		leaf;
	MMShape		inner;
	double		model = ceil((double) meta->model_size / MM_PAGE_DATA_SIZE);
	double		pages = (double) blocks - MM_ROOT_BLOCK - model;

	/* Without a model, all entries are in the root. */
	if (!BlockNumberIsValid(meta->model))
		return 0.0;
	mm_meta_shapes(&meta->shared, &leaf, &inner);
	/*
	 * Pages are at most about two thirds full, and few of them are inner
	 * nodes.
	 */
	return Max(pages, 0.0) * meta->shared_part * leaf.capacity *
		Min(mm_options_get(index).fillfactor, 67) / 100;
}

uint64
mm_meta_splits(Relation index)
{
	Buffer		buffer = mm_page_pin(index, MM_META_BLOCK, NULL);
	uint64		splits;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	splits = PageGetMeta(BufferGetPage(buffer))->splits;
	UnlockReleaseBuffer(buffer);
	return splits;
}

uint64
mm_meta_count_split(Relation index)
{
	Buffer		buffer = mm_meta_lock(index, 0, BUFFER_LOCK_EXCLUSIVE);
	GenericXLogState *state = GenericXLogStart(index);
	uint64		splits = ++mm_meta_register(state, buffer)->splits;

	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	return splits;
}

void
mm_node_check_stamps(Relation index, Buffer buffer, uint64 splits)
{
	MMPageSpecial *special = MMPageGetSpecial(BufferGetPage(buffer));
	uint64		now;

	if (special->kind == MM_PAGE_NODE || special->kind == MM_PAGE_DELETED)
	{
		if (special->nsn <= splits && special->born <= splits && special->merged <= splits)
			return;
		/* A page is born shortly before its split is counted. */
		now = mm_meta_splits(index);
		if (special->nsn <= now && special->born <= now + 1 && special->merged <= now)
			return;
	}
	mm_report_damage(index, "Block %u is not what its parent takes it for.",
					 BufferGetBlockNumber(buffer));
}
