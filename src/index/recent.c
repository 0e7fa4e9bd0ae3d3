/*-------------------------------------------------------------------------
 *
 * recent.c
 *	  In which buffers a session has found pages of indexes.
 *
 * The time of a search is that of getting pages and their bytes to the CPU.  Two
 * things are saved by remembering the buffer of a page:
 *
 *	- The buffer table need not be asked for it.  ReadRecentBuffer pins the buffer
 *	  if the page is still there.
 *	- The CPU can be asked for the bytes of a page that will be read soon.  That
 *	  looks at nothing, neither at the buffer, which is not pinned, nor whether it
 *	  still has the page: it takes addresses only, so at worst the wrong bytes come.
 *
 * Measured with searches for the nearest 10 of 142,079 football players by seven
 * columns, and for the nearest 100 by a vector of 33 dimensions alone, which come to
 * some 400 and 1,500 leaves, index and table in memory (AMD EPYC, two cores; sums over
 * 100 searches, each the best of nine times, with and without by turns in one
 * session): without the first they take 20 % and 16 % longer, without the second
 * 6 % and 16 %.  Searches that come to few leaves, by three numbers of the same
 * table, take 10 % longer, and no longer; those in the 6,801 pictures of the clip-art
 * gallery, whose index fits the CPU's caches, 6 % to 8 %, and no longer.  (To ask
 * for the rows that are to be verified as well does not pay: where on its page a row
 * is, only the page says, and to read that is what takes the time.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgstat.h"
#include "storage/buf_internals.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/recent.h"

/*
 * Buffers, by block and index.  An entry is a hint; it may be of another block or
 * index, or the buffer have another page by now.
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

Buffer
mm_recent_pin(Relation index, BlockNumber block)
{
	static uint32 reads = 0;
	Buffer		buffer = *recent_buffer(index, block);

	if (!BufferIsValid(buffer) || RelationUsesLocalBuffers(index) ||
		++reads % RECENT_READS == 0 ||
		!MMReadRecentBuffer(index, block, buffer))
		return InvalidBuffer;
	pgstat_count_buffer_read(index);
	pgstat_count_buffer_hit(index);
	return buffer;
}

void
mm_recent_remember(Relation index, BlockNumber block, Buffer buffer)
{
	if (!RelationUsesLocalBuffers(index))
		*recent_buffer(index, block) = buffer;
}

void
mm_recent_prefetch(Relation index, BlockNumber block, const MMShape *shape,
				   int first, int end)
{
	Buffer		buffer = *recent_buffer(index, block);
	Page		page;
	const char *contents;
	const char *stop;

	if (!BufferIsValid(buffer) || RelationUsesLocalBuffers(index))
		return;
	page = (Page) BufferGetBlock(buffer);
	contents = PageGetContents(page);
	stop = contents + shape->capacity * (end < 0 ? shape->size : end * (int) sizeof(uint32));
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	__builtin_prefetch(page);
	__builtin_prefetch(page + BLCKSZ - MM_PAGE_SPECIAL_SIZE);
	for (const char *pt = contents + shape->capacity * first * sizeof(uint32); pt < stop; pt += 64)
		__builtin_prefetch(pt);
}
