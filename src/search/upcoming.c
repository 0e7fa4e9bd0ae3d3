/*-------------------------------------------------------------------------
 *
 * upcoming.c
 *	  Nodes that a search will read soon.
 *
 * The queue of a search is ordered by lower bounds, and so are the items of each
 * cursor in it.  So the next nodes are known before they are read: they are the
 * items with the least keys, unless what is read in the meantime has lesser ones,
 * or brings down the limit.
 *
 * As long as pages are found in shared buffers, nothing is done but to look at the
 * count of those that were not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/instrument.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "search/upcoming.h"

/* No more nodes than this are asked for at a time. */
#define MAX_DISTANCE	32

/* After so many nodes that were in shared buffers, the next ones will be, too. */
#define COLD_NODES		16

/* No more items than this, nodes or not, are looked at for that. */
#define MAX_ITEMS		(2 * MAX_DISTANCE)

/*
 * An item of a cursor, by its number.
 */
typedef struct Next
{
	float		key;
	MMCursor   *cursor;
	int			item;
} Next;

/*
 * A heap of items of which all lesser ones were taken, the least first.
 */
typedef struct Nexts
{
	int			n;
	Next		of[3 * MAX_ITEMS + 1];
} Nexts;

static int64
pages_read(void)
{
	return pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read;
}

void
mm_upcoming_init(MMUpcoming *upcoming, Relation index)
{
	*upcoming = (MMUpcoming) {
		.index = index,
		.distance = Min(get_tablespace_io_concurrency(index->rd_rel->reltablespace), MAX_DISTANCE),
	};
}

static void
add_next(Nexts *nexts, MMCursor *cursor, int item)
{
	int			i;
	float		key;

	if (item >= cursor->n)
		return;
	key = cursor->items[item].key;
	i = nexts->n++;
	for (; i > 0 && nexts->of[(i - 1) / 2].key > key; i = (i - 1) / 2)
		nexts->of[i] = nexts->of[(i - 1) / 2];
	nexts->of[i] = (Next) {key, cursor, item};
}

static Next
take_next(Nexts *nexts)
{
	Next		first = nexts->of[0];
	Next		last = nexts->of[--nexts->n];
	int			i = 0;

	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= nexts->n)
			break;
		if (child + 1 < nexts->n && nexts->of[child + 1].key < nexts->of[child].key)
			child++;
		if (nexts->of[child].key >= last.key)
			break;
		nexts->of[i] = nexts->of[child];
		i = child;
	}
	nexts->of[i] = last;
	return first;
}

/*
 * The next cursor of the queue becomes one of those whose items are looked at.
 */
static void
take_cursor(Nexts *nexts, pairingheap *queue, MMCursor **taken, int *ntaken)
{
	if (pairingheap_is_empty(queue))
		return;
	taken[*ntaken] = (MMCursor *) pairingheap_remove_first(queue);
	add_next(nexts, taken[(*ntaken)++], 0);
}

/*
 * Ask for the nodes that come after the first item of a cursor.
 */
static void
ask(MMUpcoming *upcoming, MMCursor *cursor, pairingheap *queue, const MMBounding *bounding)
{
	Nexts		nexts = {0};
	MMCursor   *taken[MAX_ITEMS + 1];
	int			ntaken = 0;
	int			nodes = 0;

	add_next(&nexts, cursor, 1);
	add_next(&nexts, cursor, 2);
	take_cursor(&nexts, queue, taken, &ntaken);
	for (int i = 0; i < MAX_ITEMS && nexts.n > 0 && nodes < upcoming->distance; i++)
	{
		Next		next = take_next(&nexts);
		const MMPending *item = &next.cursor->items[next.item];

		if (!mm_wanted(bounding, next.key))
			break;
		/* What has been seen was read, and what a leaf's cursor has are rows. */
		if (next.cursor->inner && !item->seen)
		{
			mm_page_prefetch(upcoming->index, item->block);
			nodes++;
		}
		if (next.cursor->is_heap)
		{
			add_next(&nexts, next.cursor, 2 * next.item + 1);
			add_next(&nexts, next.cursor, 2 * next.item + 2);
		}
		if (next.item == 0)
			take_cursor(&nexts, queue, taken, &ntaken);
	}
	while (ntaken > 0)
		pairingheap_add(queue, &taken[--ntaken]->node);
	/* Before the last of them is read, it is time for the next ones. */
	upcoming->asked = nodes / 2;
}

/*
 * Note what has been read before the next node.  Returns whether others should be
 * asked for.
 */
static bool
begin_node(MMUpcoming *upcoming)
{
	upcoming->reads = pages_read();
	if (upcoming->cold == 0 || upcoming->distance == 0)
		return false;
	upcoming->cold--;
	return true;
}

void
mm_upcoming_before(MMUpcoming *upcoming, MMCursor *cursor, pairingheap *queue,
				   const MMBounding *bounding)
{
	if (!begin_node(upcoming))
		return;
	if (upcoming->asked > 0)
		upcoming->asked--;
	else
		ask(upcoming, cursor, queue, bounding);
}

void
mm_upcoming_in_order(MMUpcoming *upcoming, const MMCursor *cursor, int i)
{
	if (begin_node(upcoming) && i + upcoming->distance < cursor->n)
		mm_page_prefetch(upcoming->index, cursor->items[i + upcoming->distance].block);
}

void
mm_upcoming_after(MMUpcoming *upcoming)
{
	if (pages_read() > upcoming->reads)
		upcoming->cold = COLD_NODES;
}
