/*-------------------------------------------------------------------------
 *
 * change.c
 *	  Small changes of one page, put into WAL without a comparison.
 *
 * GenericXLogFinish finds out what has changed by comparing the page with a
 * copy, byte by byte.  That was half of an insertion's time.  An insertion knows
 * which bytes it changes.  So the functions here write the record themselves, in
 * the form that generic WAL has: for each stretch of changed bytes, its offset
 * and its length, as OffsetNumbers, and the bytes.  PostgreSQL's own generic_redo
 * replays it, and does not care who has found the stretches.  That form is the
 * same from PostgreSQL 14 to 18, and it cannot change within a major version, as
 * a standby may run another minor one.  On a major version whose form is not
 * known (see compat.h), changes go through GenericXLogFinish.
 *
 * These are the rules that generic_xlog.c obeys, and so does finish() here:
 *
 *	- Nothing on the page changes before the critical section, and all that needs
 *	  memory or may be refused (XLogBeginInsert) comes before it.
 *	- The buffer is dirty before it is registered, and the page has its LSN
 *	  before it is unlocked.
 *	- The page is registered as one of the standard layout.  Whether the record
 *	  gets an image of it in place of the stretches is up to XLogInsert.
 *	- The bytes between pd_lower and pd_upper are zero.  Replay clears them after
 *	  each record.  No stretch is about them, unless it moves pd_lower as well; so
 *	  the rest of them remain zero.
 *
 * The page is changed by the same stretches that replay will copy to it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/rmgr.h"
#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "index/change.h"

/* What comes before the bytes of a stretch. */
#define STRETCH_HEADER	(2 * sizeof(OffsetNumber))

/*
 * All stretches of one change are no longer than this.  The worst is an entry of
 * a leaf with all the sketches that the metadata may speak of (see meta.c).
 */
#define MOST_SIZE		(2 * BLCKSZ)

StaticAssertDecl((MM_ENTRY_HEADER + MM_MAX_COORDINATES + MM_PAGE_DATA_SIZE / 16) *
				 (STRETCH_HEADER + sizeof(uint32)) +
				 (MM_PAGE_DATA_SIZE / 4) * (STRETCH_HEADER + 1) +
				 STRETCH_HEADER + sizeof(uint16) <= MOST_SIZE,
				 "an entry may have more stretches than there is room for");

typedef struct Change
{
	Relation	index;
	Buffer		buffer;
	Page		page;
	int			size;			/* of the stretches */
	char		stretches[MOST_SIZE];
} Change;

static void
begin(Change *change, Relation index, Buffer buffer)
{
	change->index = index;
	change->buffer = buffer;
	change->page = BufferGetPage(buffer);
	change->size = 0;
}

/*
 * The bytes at this place of the page shall be others.
 */
static inline void
stretch(Change *change, const void *at, const void *bytes, OffsetNumber length)
{
	OffsetNumber offset = (const char *) at - (const char *) change->page;
	char	   *to = change->stretches + change->size;

	Assert(change->size + STRETCH_HEADER + length <= MOST_SIZE);
	Assert(offset + length <= BLCKSZ);
	memcpy(to, &offset, sizeof(OffsetNumber));
	memcpy(to + sizeof(OffsetNumber), &length, sizeof(OffsetNumber));
	memcpy(to + STRETCH_HEADER, bytes, length);
	change->size += STRETCH_HEADER + length;
}

/*
 * Copy the stretches to a page.
 */
static void
apply(const Change *change, Page page)
{
	const char *from = change->stretches;
	const char *end = from + change->size;

	while (from < end)
	{
		OffsetNumber offset;
		OffsetNumber length;

		memcpy(&offset, from, sizeof(OffsetNumber));
		memcpy(&length, from + sizeof(OffsetNumber), sizeof(OffsetNumber));
		memcpy((char *) page + offset, from + STRETCH_HEADER, length);
		from += STRETCH_HEADER + length;
	}
}

static void
finish(Change *change)
{
	bool		logged = RelationNeedsWAL(change->index);

	if (change->size == 0)
		return;
	if (!MM_KNOWS_GENERIC_WAL)
	{
		GenericXLogState *xlog = GenericXLogStart(change->index);

		apply(change, GenericXLogRegisterBuffer(xlog, change->buffer, 0));
		GenericXLogFinish(xlog);
		return;
	}

	if (logged)
		XLogBeginInsert();
	START_CRIT_SECTION();
	apply(change, change->page);
	MarkBufferDirty(change->buffer);
	if (logged)
	{
		XLogRecPtr	lsn;

		XLogRegisterBuffer(0, change->buffer, REGBUF_STANDARD);
		XLogRegisterBufData(0, change->stretches, change->size);
		lsn = XLogInsert(RM_GENERIC_ID, 0);
		PageSetLSN(change->page, lsn);
	}
	END_CRIT_SECTION();
}

/*
 * Entry i of a node shall be another.  Words and bytes that remain the same, as
 * most sides of a box that grows do, are no change.
 */
static void
stretch_entry(Change *change, const MMShape *shape, int i, const uint32 *entry)
{
	int			room = mm_page_room(change->page);
	const uint32 *words = mm_page_words(change->page, 0) + i;
	const uint8 *at = mm_page_bytes(change->page, shape, 0) + i;
	const uint8 *bytes = (const uint8 *) (entry + shape->words);

	for (int w = 0; w < shape->words; w++, words += room)
		if (*words != entry[w])
			stretch(change, words, &entry[w], sizeof(uint32));
	for (int b = 0; b < shape->bytes; b++, at += room)
		if (*at != bytes[b])
			stretch(change, at, &bytes[b], 1);
}

void
mm_change_put(Relation index, Buffer buffer, const MMShape *shape, int i, const uint32 *entry)
{
	Change		change;

	begin(&change, index, buffer);
	stretch_entry(&change, shape, i, entry);
	finish(&change);
}

void
mm_change_add(Relation index, Buffer buffer, const MMShape *shape, const uint32 *entry)
{
	MMPageSpecial *special = MMPageGetSpecial(BufferGetPage(buffer));
	uint16		n = special->n + 1;
	Change		change;

	/* Where planes must move, an image of the page is better. */
	if (special->n == special->room)
	{
		GenericXLogState *xlog = GenericXLogStart(index);

		mm_page_add(GenericXLogRegisterBuffer(xlog, buffer, GENERIC_XLOG_FULL_IMAGE), shape, entry);
		GenericXLogFinish(xlog);
		return;
	}
	begin(&change, index, buffer);
	stretch_entry(&change, shape, special->n, entry);
	stretch(&change, &special->n, &n, sizeof(n));
	finish(&change);
}

void
mm_change_append(Relation index, Buffer buffer, const void *bytes, int size)
{
	PageHeader	header = (PageHeader) BufferGetPage(buffer);
	uint16		end = header->pd_lower + size;
	Change		change;

	Assert(end <= header->pd_upper);
	begin(&change, index, buffer);
	stretch(&change, (char *) header + header->pd_lower, bytes, size);
	stretch(&change, &header->pd_lower, &end, sizeof(end));
	finish(&change);
}
