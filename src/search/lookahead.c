/*-------------------------------------------------------------------------
 *
 * lookahead.c
 *	  Rows of a table that will be read one by one.  The operating system is
 *	  asked for the next ones while others are worked on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "search/lookahead.h"

/* No more rows than this are asked for ahead. */
#define MAX_PREFETCH	32

void
mm_lookahead_init(MMLookahead *ahead, Relation heap, Size item_size,
				  MMLookaheadSource source, void *state)
{
	*ahead = (MMLookahead) {
		.heap = heap,
		.item_size = item_size,
		.room = 1,
		.source = source,
		.state = state,
	};
	if (heap != NULL)
		ahead->room += Min(get_tablespace_io_concurrency(heap->rd_rel->reltablespace), MAX_PREFETCH);
	ahead->items = palloc(item_size * ahead->room);
}

static void *
item_at(const MMLookahead *ahead, int i)
{
	return ahead->items + ahead->item_size * ((ahead->first + i) % ahead->room);
}

bool
mm_lookahead_next(MMLookahead *ahead, void *item)
{
	while (ahead->n < ahead->room)
	{
		ItemPointer tid = item_at(ahead, ahead->n);
		BlockNumber block;

		if (!ahead->source(ahead->state, ahead->n == 0, tid))
			break;
		block = ItemPointerGetBlockNumber(tid);
		/*
		 * The first row is read at once, and a block need not be asked for
		 * twice.
		 */
		if (ahead->n > 0 && block != ahead->block)
			PrefetchBuffer(ahead->heap, MAIN_FORKNUM, block);
		ahead->block = block;
		ahead->n++;
	}
	if (ahead->n == 0)
		return false;
	memcpy(item, item_at(ahead, 0), ahead->item_size);
	ahead->first = (ahead->first + 1) % ahead->room;
	ahead->n--;
	return true;
}
