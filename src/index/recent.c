/*-------------------------------------------------------------------------
 *
 * recent.c
 *	  The buffers in which a session has found pages of indexes.
 *
 * A search spends its time on getting pages and their bytes to the CPU.
 * Remembering the buffer of a page saves two things:
 *
 *	- The buffer table need not be asked for it.  ReadRecentBuffer pins the
 *	  buffer if the page is still there.
 *	- The CPU can be asked early for the bytes of a page that will soon be
 *	  read.  This looks at nothing: it neither pins the buffer nor checks that
 *	  it still has the page.  It uses only addresses, so at worst the wrong
 *	  bytes are fetched.
 *
 * Both were measured with searches for the nearest 10 of 142,079 football
 * players by seven columns, and for the nearest 100 by a vector of 33
 * dimensions alone, which come to some 400 and 1,500 leaves.  Index and table
 * were in memory (AMD EPYC, two cores).  Times are sums over 100 searches,
 * each the best of nine, with and without by turns in one session.  Without
 * the first saving, these searches take 20 % and 16 % longer; without the
 * second, 6 % and 16 %.  Searches by three numbers of the same table, which
 * come to few leaves, take 10 % longer without the first, and no longer
 * without the second.  For searches in the 6,801 pictures of the clip-art
 * gallery, whose index fits the CPU's caches, it is 6 % to 8 %, and no longer.
 * (It does not pay to ask for the rows that are to be verified as well: only a
 * page itself says where on it a row is, and reading that is what takes the
 * time.)
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
 * Buffers, by block and index.  Each is only a hint: it may belong to another
 * block or index, and the buffer may have another page by now.
 */
#define RECENT_BUFFERS	65536	/* a power of 2 */

static Buffer recent_buffers[RECENT_BUFFERS];

/* One in this many reads takes the normal way, which marks buffers as used. */
#define RECENT_READS	16

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

const char *
mm_recent_contents(Relation index, BlockNumber block)
{
	Buffer		buffer = *recent_buffer(index, block);
	Page		page;

	if (!BufferIsValid(buffer) || RelationUsesLocalBuffers(index))
		return NULL;
	page = (Page) BufferGetBlock(buffer);
	__builtin_prefetch(GetBufferDescriptor(buffer - 1));
	__builtin_prefetch(page);
	__builtin_prefetch(page + BLCKSZ - MM_PAGE_SPECIAL_SIZE);
	return PageGetContents(page);
}
