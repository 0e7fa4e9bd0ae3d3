/*-------------------------------------------------------------------------
 *
 * page.c
 *	  Pages of an mmdb index and the entries of nodes; see page.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "storage/smgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "am/page.h"
#include "compat.h"

void
mm_shape_init(MMShape *shape, int words, int bytes)
{
	shape->words = words;
	shape->bytes = bytes;
	shape->size = words * sizeof(uint32) + bytes;
	/* Loops over a plane may read somewhat behind its end; see metric.h. */
	shape->capacity = (MM_PAGE_DATA_SIZE - MM_PLANE_SLACK * sizeof(uint32)) / shape->size;
}

void
mm_page_init(Page page, uint16 kind, uint16 level)
{
	MMPageSpecial *special;

	PageInit(page, BLCKSZ, sizeof(MMPageSpecial));
	/* Planes fill the page: there is no hole that WAL could leave out. */
	((PageHeader) page)->pd_lower = ((PageHeader) page)->pd_upper;
	special = MMPageGetSpecial(page);
	special->right = InvalidBlockNumber;
	special->kind = kind;
	special->level = level;
	special->magic = MM_PAGE_MAGIC;
}

void
mm_page_get(Page page, const MMShape *shape, int i, MMEntry entry)
{
	const uint32 *words = mm_page_words(page, shape, 0) + i;
	const uint8 *from = mm_page_bytes(page, shape, 0) + i;
	uint8	   *bytes = MMEntryBytes(entry, shape);

	for (int w = 0; w < shape->words; w++, words += shape->capacity)
		entry[w] = *words;
	for (int b = 0; b < shape->bytes; b++, from += shape->capacity)
		bytes[b] = *from;
}

void
mm_page_put(Page page, const MMShape *shape, int i, const uint32 *entry)
{
	uint32	   *words = mm_page_words(page, shape, 0) + i;
	uint8	   *to = mm_page_bytes(page, shape, 0) + i;
	const uint8 *bytes = (const uint8 *) (entry + shape->words);

	for (int w = 0; w < shape->words; w++, words += shape->capacity)
		*words = entry[w];
	for (int b = 0; b < shape->bytes; b++, to += shape->capacity)
		*to = bytes[b];
}

void
mm_page_add(Page page, const MMShape *shape, const uint32 *entry)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	Assert(special->n < shape->capacity);
	mm_page_put(page, shape, special->n++, entry);
}

void
mm_page_take(Page page, const MMShape *shape, Page from, const uint16 *which, int n)
{
	for (int w = 0; w < shape->words; w++)
	{
		uint32	   *to_words = mm_page_words(page, shape, w);
		const uint32 *words = mm_page_words(from, shape, w);

		for (int i = 0; i < n; i++)
			to_words[i] = words[which[i]];
	}
	for (int b = 0; b < shape->bytes; b++)
	{
		uint8	   *to_bytes = mm_page_bytes(page, shape, b);
		const uint8 *bytes = mm_page_bytes(from, shape, b);

		for (int i = 0; i < n; i++)
			to_bytes[i] = bytes[which[i]];
	}
	MMPageGetSpecial(page)->n = n;
}

void
mm_page_remove(Page page, const MMShape *shape, int i)
{
	int			last = --MMPageGetSpecial(page)->n;

	if (i == last)
		return;
	for (int w = 0; w < shape->words; w++)
		mm_page_words(page, shape, w)[i] = mm_page_words(page, shape, w)[last];
	for (int b = 0; b < shape->bytes; b++)
		mm_page_bytes(page, shape, b)[i] = mm_page_bytes(page, shape, b)[last];
}

int
mm_page_find(Page page, const MMShape *shape, uint32 value)
{
	const uint32 *words = mm_page_words(page, shape, 0);

	for (int i = 0; i < MMPageGetSpecial(page)->n; i++)
		if (words[i] == value)
			return i;
	return -1;
}

bool
mm_page_is(Page page, uint16 kind)
{
	return !PageIsNew(page) &&
		PageGetPageSize(page) == BLCKSZ &&
		PageGetSpecialSize(page) == MM_PAGE_SPECIAL_SIZE &&
		MMPageGetSpecial(page)->magic == MM_PAGE_MAGIC &&
		(kind == 0 || MMPageGetSpecial(page)->kind == kind);
}

void
mm_page_check(Relation index, Buffer buffer, uint16 kind)
{
	if (mm_page_is(BufferGetPage(buffer), kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" has an invalid page at block %u",
					RelationGetRelationName(index), BufferGetBlockNumber(buffer)),
			 errhint("Please REINDEX it.")));
}

void
mm_node_check(Relation index, Buffer buffer, const MMShape *leaf,
			  const MMShape *inner, bool trained, int level)
{
	BlockNumber block = BufferGetBlockNumber(buffer);
	MMPageSpecial *special;

	mm_page_check(index, buffer, MM_PAGE_NODE);
	special = MMPageGetSpecial(BufferGetPage(buffer));
	if (special->level >= MM_MAX_LEVELS ||
		(level >= 0 && special->level != level))
		mm_report_damage(index, "Block %u is a node of level %d.", block, special->level);
	if (trained != ((special->flags & MM_PAGE_UNTRAINED) == 0) ||
		(!trained && (block != MM_ROOT_BLOCK || special->level > 0)))
		mm_report_damage(index, "Block %u does not fit the metadata.", block);
	if (special->n > (special->level == 0 ? leaf : inner)->capacity)
		mm_report_damage(index, "Block %u has %d entries, more than fit.", block, special->n);
	/* Of inner nodes VACUUM leaves at least one entry. */
	if (special->level > 0 && special->n == 0)
		mm_report_damage(index, "Block %u, an inner node, has no entries.", block);
}

/*
 * Is there no such block?  An index never shrinks: it usually suffices to know
 * how long it was.
 */
static bool
beyond_end(Relation index, BlockNumber block)
{
	if (index->rd_smgr != NULL)
	{
		BlockNumber known = index->rd_smgr->smgr_cached_nblocks[MAIN_FORKNUM];

		if (known != InvalidBlockNumber && block < known)
			return false;
	}
	return block >= RelationGetNumberOfBlocks(index);
}

/*
 * Where pages were found: buffers, by block and index.  An entry is a hint; it
 * may be of another block or index, or the buffer have another page by now.
 */
#define RECENT_BUFFERS	65536	/* a power of 2 */

static Buffer recent_buffers[RECENT_BUFFERS];

/* One in so many reads goes the long way, by which buffers count as used. */
#define RECENT_READS	8

static inline Buffer *
recent_buffer(Relation index, BlockNumber block)
{
	uint32		start = (uint32) RelationGetRelid(index) * UINT32_C(0x9E3779B1);

	return &recent_buffers[((start >> 16) + block) % RECENT_BUFFERS];
}

/*
 * Pin the page's buffer if it is where it was.
 */
static bool
read_recent(Relation index, BlockNumber block, Buffer buffer)
{
	static uint32 reads = 0;

	if (!BufferIsValid(buffer) || RelationUsesLocalBuffers(index) ||
		++reads % RECENT_READS == 0 ||
		!MMReadRecentBuffer(index, block, buffer))
		return false;
	pgstat_count_buffer_read(index);
	pgstat_count_buffer_hit(index);
	return true;
}

Buffer
mm_page_pin(Relation index, BlockNumber block, BufferAccessStrategy strategy)
{
	Buffer	   *recent = recent_buffer(index, block);
	Buffer		buffer = *recent;

	if (read_recent(index, block, buffer))
		return buffer;
	if (beyond_end(index, block))
		mm_report_damage(index, "There is no block %u.", block);
	buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	if (!RelationUsesLocalBuffers(index))
		*recent = buffer;
	return buffer;
}

Buffer
mm_page_read(Relation index, BlockNumber block, int mode, uint16 kind,
			 BufferAccessStrategy strategy)
{
	Buffer		buffer = mm_page_pin(index, block, strategy);

	LockBuffer(buffer, mode);
	mm_page_check(index, buffer, kind);
	return buffer;
}

void
mm_page_prefetch(Relation index, BlockNumber block, const MMShape *shape,
				 int first, int end)
{
	Buffer		buffer = *recent_buffer(index, block);
	Page		page;
	const char *pt;
	const char *stop;

	if (!BufferIsValid(buffer) || RelationUsesLocalBuffers(index))
		return;
	page = (Page) BufferGetBlock(buffer);
	pt = (const char *) mm_page_words(page, shape, first);
	stop = end < 0 ? (const char *) mm_page_bytes(page, shape, shape->bytes) :
		(const char *) mm_page_words(page, shape, end);
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	__builtin_prefetch(page);
	__builtin_prefetch(page + BLCKSZ - MM_PAGE_SPECIAL_SIZE);
	for (; pt < stop; pt += 64)
		__builtin_prefetch(pt);
}

bool
mm_page_recyclable(Page page)
{
	if (PageIsNew(page))
		return true;
	return mm_page_is(page, MM_PAGE_FREE) && MMPageGetSpecial(page)->n == 0 &&
		GlobalVisCheckRemovableFullXid(NULL, *MMPageGetDeletion(page));
}

Buffer
mm_page_new(Relation index)
{
	Buffer		buffer;
	BlockNumber block;
	bool		extend;

	/* The free space map is only a hint: look at what it offers. */
	while ((block = GetFreeIndexPage(index)) != InvalidBlockNumber)
	{
		if (beyond_end(index, block))
			continue;
		buffer = ReadBuffer(index, block);
		if (ConditionalLockBuffer(buffer))
		{
			if (mm_page_recyclable(BufferGetPage(buffer)))
				return buffer;
			LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		}
		ReleaseBuffer(buffer);
	}

	extend = !RELATION_IS_LOCAL(index);
	if (extend)
		LockRelationForExtension(index, ExclusiveLock);
	buffer = ReadBuffer(index, P_NEW);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (extend)
		UnlockRelationForExtension(index, ExclusiveLock);
	return buffer;
}
