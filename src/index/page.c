/*-------------------------------------------------------------------------
 *
 * page.c
 *	  Pages of an mmdb index and the entries of nodes; see page.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "storage/indexfsm.h"
#include "storage/lmgr.h"
#include "storage/smgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "index/recent.h"

/*
 * The room in a node's planes grows in this many steps until it is the whole
 * capacity.  Each step puts the whole page into WAL.  Inner nodes have more
 * steps, because they get entries seldom and change often.
 */
#define LEAF_STEPS		3
#define INNER_STEPS		8

void
mm_shape_init(MMShape *shape, int words, int bytes)
{
	shape->words = words;
	shape->bytes = bytes;
	shape->size = words * sizeof(uint32) + bytes;
	/*
	 * Loops over a plane may read a little after its end; see
	 * metric_routine.h.
	 */
	shape->capacity = (MM_PAGE_DATA_SIZE - METRIC_PLANE_SLACK * sizeof(uint32)) / shape->size;
}

/*
 * Set the end of what a page holds; the hole begins there.
 */
static void
set_end(Page page, Size size)
{
	((PageHeader) page)->pd_lower = MAXALIGN(SizeOfPageHeaderData) + size;
}

void
mm_page_init(Page page, uint8 kind, uint16 level)
{
	MMPageSpecial *special;

	PageInit(page, BLCKSZ, sizeof(MMPageSpecial));
	set_end(page, kind == MM_PAGE_NODE ? 0 : MM_PAGE_DATA_SIZE);
	special = MMPageGetSpecial(page);
	special->right = InvalidBlockNumber;
	special->kind = kind;
	special->level = level;
	special->magic = MM_PAGE_MAGIC;
}

void
mm_page_delete(Page page, FullTransactionId xid, uint64 splits)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	special->kind = MM_PAGE_DELETED;
	special->xid = xid;
	/* A leaf has no downlinks that the count would be needed for. */
	if (special->level > 0)
		special->merged = splits;
}

void
mm_page_merge(Page page, FullTransactionId xid)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	special->merged_before = special->merged;
	special->before = special->n;
	special->xid = xid;
}

bool
mm_page_is_settled(Page page)
{
	return GlobalVisCheckRemovableFullXid(NULL, MMPageGetSpecial(page)->xid);
}

/*
 * Move a plane up, and clear the room after its entries.
 */
static void
move_plane(char *to, const char *from, Size size, Size room)
{
	memmove(to, from, size);
	memset(to + size, 0, room - size);
}

void
mm_page_make_room(Page page, const MMShape *shape, int n)
{
	MMPageSpecial *special = MMPageGetSpecial(page);
	char	   *contents = PageGetContents(page);
	int			steps = special->level == 0 ? LEAF_STEPS : INNER_STEPS;
	int			step = (shape->capacity + steps - 1) / steps;
	int			room = Min((n + step - 1) / step * step, shape->capacity);
	int			before = special->room;
	Size		words_size = shape->words * sizeof(uint32);

	Assert(n <= shape->capacity);
	if (room <= before)
		return;
	/*
	 * This goes from the last plane to the first, so each goes to where the
	 * planes after it were.
	 */
	for (int b = shape->bytes - 1; b >= 0; b--)
		move_plane(contents + (words_size + b) * room, contents + (words_size + b) * before,
				   special->n, room);
	for (int w = shape->words - 1; w >= 0; w--)
		move_plane(contents + w * sizeof(uint32) * room, contents + w * sizeof(uint32) * before,
				   special->n * sizeof(uint32), room * sizeof(uint32));
	special->room = room;
	set_end(page, (Size) shape->size * room);
}

void
mm_page_get(Page page, const MMShape *shape, int i, MMEntry entry)
{
	int			room = mm_page_room(page);
	const uint32 *words = mm_page_words(page, 0) + i;
	const uint8 *from = mm_page_bytes(page, shape, 0) + i;
	uint8	   *bytes = MMEntryBytes(entry, shape);

	for (int w = 0; w < shape->words; w++, words += room)
		entry[w] = *words;
	for (int b = 0; b < shape->bytes; b++, from += room)
		bytes[b] = *from;
}

void
mm_page_put(Page page, const MMShape *shape, int i, const uint32 *entry)
{
	int			room = mm_page_room(page);
	uint32	   *words = mm_page_words(page, 0) + i;
	uint8	   *to = mm_page_bytes(page, shape, 0) + i;
	const uint8 *bytes = (const uint8 *) (entry + shape->words);

	for (int w = 0; w < shape->words; w++, words += room)
		*words = entry[w];
	for (int b = 0; b < shape->bytes; b++, to += room)
		*to = bytes[b];
}

void
mm_page_add(Page page, const MMShape *shape, const uint32 *entry)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	if (special->n == special->room)
		mm_page_make_room(page, shape, special->n + 1);
	mm_page_put(page, shape, special->n++, entry);
}

void
mm_page_take(Page page, const MMShape *shape, Page from, uint16 *which, int n)
{
	MMPageSpecial *special = MMPageGetSpecial(page);
	int			before = 0;

	/* Entries from before a merge come first, here as on the other page. */
	special->merged = MMPageGetSpecial(from)->merged;
	special->merged_before = MMPageGetSpecial(from)->merged_before;
	special->xid = MMPageGetSpecial(from)->xid;
	for (int i = 0; i < n; i++)
		if (which[i] < MMPageGetSpecial(from)->before)
		{
			uint16		swap = which[i];

			which[i] = which[before];
			which[before++] = swap;
		}
	special->before = before;

	mm_page_make_room(page, shape, n);
	for (int w = 0; w < shape->words; w++)
	{
		uint32	   *to_words = mm_page_words(page, w);
		const uint32 *words = mm_page_words(from, w);

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
	special->n = n;
}

static void
move_entry(Page page, const MMShape *shape, int to, int from)
{
	if (to == from)
		return;
	for (int w = 0; w < shape->words; w++)
		mm_page_words(page, w)[to] = mm_page_words(page, w)[from];
	for (int b = 0; b < shape->bytes; b++)
		mm_page_bytes(page, shape, b)[to] = mm_page_bytes(page, shape, b)[from];
}

void
mm_page_remove(Page page, const MMShape *shape, int i)
{
	MMPageSpecial *special = MMPageGetSpecial(page);

	if (i < special->before)
	{
		special->before--;
		move_entry(page, shape, i, special->before);
		i = special->before;
	}
	special->n--;
	move_entry(page, shape, i, special->n);
}

int
mm_page_find(Page page, uint32 value)
{
	const uint32 *words = mm_page_words(page, 0);

	for (int i = 0; i < MMPageGetSpecial(page)->n; i++)
		if (words[i] == value)
			return i;
	return -1;
}

void
mm_report_reused(Relation index, BlockNumber block)
{
	if (!TransactionStartedDuringRecovery())
		mm_report_damage(index, "Block %u was made or merged later than the link that leads to it.",
						 block);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("canceling search of index \"%s\" due to conflict with recovery",
					RelationGetRelationName(index)),
			 errdetail("VACUUM on the primary has used a page again that the search needs.")));
}

bool
mm_page_is(Page page, uint8 kind)
{
	return !PageIsNew(page) &&
		PageGetPageSize(page) == BLCKSZ &&
		PageGetSpecialSize(page) == MM_PAGE_SPECIAL_SIZE &&
		MMPageGetSpecial(page)->magic == MM_PAGE_MAGIC &&
		(kind == 0 || MMPageGetSpecial(page)->kind == kind);
}

void
mm_page_check(Relation index, Buffer buffer, uint8 kind)
{
	if (mm_page_is(BufferGetPage(buffer), kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INDEX_CORRUPTED),
			 errmsg("index \"%s\" has an invalid page at block %u",
					RelationGetRelationName(index), BufferGetBlockNumber(buffer)),
			 errhint("Please REINDEX it.")));
}

bool
mm_page_room_fits(Page page, const MMShape *shape)
{
	int			room = mm_page_room(page);

	return room <= shape->capacity &&
		((PageHeader) page)->pd_lower == MAXALIGN(SizeOfPageHeaderData) + shape->size * room;
}

/*
 * One in this many questions is one for the operating system, so that a session that
 * plans and reads nothing new gets to know of growth, too.
 */
#define KNOWN_BLOCKS	64

BlockNumber
mm_known_blocks(Relation relation)
{
	static uint32 questions = 0;
	BlockNumber known = InvalidBlockNumber;

	if (relation->rd_smgr != NULL && ++questions % KNOWN_BLOCKS != 0)
		known = relation->rd_smgr->smgr_cached_nblocks[MAIN_FORKNUM];
	return known != InvalidBlockNumber ? known : RelationGetNumberOfBlocks(relation);
}

BlockNumber
mm_settled_blocks(Relation index)
{
	bool		shared = !RELATION_IS_LOCAL(index);
	BlockNumber nblocks;

	/* As in mm_page_new. */
	if (shared)
		LockRelationForExtension(index, ExclusiveLock);
	nblocks = RelationGetNumberOfBlocks(index);
	if (shared)
		UnlockRelationForExtension(index, ExclusiveLock);
	return nblocks;
}

/*
 * Does the index not have this block?
 */
static bool
beyond_end(Relation index, BlockNumber block)
{
	return block >= mm_known_blocks(index) && block >= RelationGetNumberOfBlocks(index);
}

void
mm_place_check(Relation index, Relation table, const ItemPointerData *tid, BlockNumber *nblocks)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);

	if (likely(block < *nblocks))
		return;
	*nblocks = mm_known_blocks(table);
	if (block >= *nblocks)
		*nblocks = RelationGetNumberOfBlocks(table);
	if (block >= *nblocks)
		mm_report_damage(index, "An entry is about row (%u,%u), but table \"%s\" has %u blocks.",
						 block, ItemPointerGetOffsetNumberNoCheck(tid),
						 RelationGetRelationName(table), *nblocks);
}

Buffer
mm_page_pin(Relation index, BlockNumber block, BufferAccessStrategy strategy)
{
	Buffer		buffer = mm_recent_pin(index, block);

	if (BufferIsValid(buffer))
		return buffer;
	if (beyond_end(index, block))
		mm_report_damage(index, "There is no block %u.", block);
	buffer = ReadBufferExtended(index, MAIN_FORKNUM, block, RBM_NORMAL, strategy);
	mm_recent_remember(index, block, buffer);
	return buffer;
}

void
mm_page_prefetch(Relation index, BlockNumber block)
{
	if (!beyond_end(index, block))
		PrefetchBuffer(index, MAIN_FORKNUM, block);
}

Buffer
mm_page_read(Relation index, BlockNumber block, int mode, uint8 kind,
			 BufferAccessStrategy strategy)
{
	Buffer		buffer = mm_page_pin(index, block, strategy);

	LockBuffer(buffer, mode);
	mm_page_check(index, buffer, kind);
	return buffer;
}

/*
 * A look for a recyclable page gives up after this many deleted ones that
 * somebody may still need.
 */
#define MOST_WAITING	8

bool
mm_page_recyclable(Page page)
{
	if (PageIsNew(page))
		return true;
	return mm_page_is(page, MM_PAGE_DELETED) && mm_page_is_settled(page);
}

Buffer
mm_page_reuse(Relation index)
{
	BlockNumber	waiting[MOST_WAITING];
	int			nwaiting = 0;
	Buffer		result = InvalidBuffer;

	/* The free space map is only a hint, so look at what it offers. */
	while (!BufferIsValid(result) && nwaiting < MOST_WAITING)
	{
		BlockNumber block = GetFreeIndexPage(index);
		Buffer		buffer;

		if (block == InvalidBlockNumber)
			break;
		if (beyond_end(index, block))
			continue;
		buffer = ReadBuffer(index, block);
		if (ConditionalLockBuffer(buffer))
		{
			Page		page = BufferGetPage(buffer);

			if (mm_page_recyclable(page))
			{
				result = buffer;
				break;
			}
			if (mm_page_is(page, MM_PAGE_DELETED))
				waiting[nwaiting++] = block;
			LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		}
		ReleaseBuffer(buffer);
	}
	for (int i = 0; i < nwaiting; i++)
		RecordFreeIndexPage(index, waiting[i]);
	return result;
}

Buffer
mm_page_new(Relation index)
{
	Buffer		buffer = mm_page_reuse(index);
	bool		extend;

	if (BufferIsValid(buffer))
		return buffer;
	extend = !RELATION_IS_LOCAL(index);
	if (extend)
		LockRelationForExtension(index, ExclusiveLock);
	buffer = ReadBuffer(index, P_NEW);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (extend)
		UnlockRelationForExtension(index, ExclusiveLock);
	return buffer;
}
