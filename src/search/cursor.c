/*-------------------------------------------------------------------------
 *
 * cursor.c
 *	  What remains to be done of a node: a heap of its entries.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "search/cursor.h"

int
mm_cursor_compare(const pairingheap_node *a, const pairingheap_node *b, void *arg)
{
	float		x = ((const MMCursor *) a)->items[0].key;
	float		y = ((const MMCursor *) b)->items[0].key;

	return x < y ? 1 : x > y ? -1 : 0;
}

/*
 * Put an item into a heap of n items.  It may overwrite the one at i.
 */
static void
sift_down(MMPending *heap, int n, int i, MMPending item)
{
	for (;;)
	{
		int			child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1].key < heap[child].key)
			child++;
		if (heap[child].key >= item.key)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

static void
make_heap(MMPending *items, int n)
{
	for (int i = n / 2 - 1; i >= 0; i--)
		sift_down(items, n, i, items[i]);
}

static void
least_first(MMPending *items, int n)
{
	int			least = 0;
	MMPending	item;

	for (int i = 1; i < n; i++)
		if (items[i].key < items[least].key)
			least = i;
	item = items[least];
	items[least] = items[0];
	items[0] = item;
}

void
mm_cursor_need_heap(MMCursor *cursor, const MMBounding *b)
{
	MMPending  *items = cursor->items;

	if (cursor->is_heap)
		return;
	for (int i = 0; i < cursor->n;)
		if (mm_wanted(b, items[i].key))
			i++;
		else
			items[i] = items[--cursor->n];
	make_heap(items, cursor->n);
	cursor->is_heap = true;
}

void
mm_cursor_remove_first(MMCursor *cursor, const MMBounding *b)
{
	MMPending  *items = cursor->items;

	cursor->n--;
	if (!cursor->is_heap)
	{
		items[0] = items[cursor->n];
		mm_cursor_need_heap(cursor, b);
	}
	else if (cursor->n > 0)
		sift_down(items, cursor->n, 0, items[cursor->n]);
}

MMCursor *
mm_cursor_make(const MMBounding *b, MemoryContext context, Page page, int n, bool inner,
			   float least, float most)
{
	const uint32 *blocks = mm_page_words(page, 0);
	const uint32 *offsets = mm_page_words(page, 1);
	uint16		kept[MM_MAX_ENTRIES];
	int			count = 0;
	Size		size;
	MMCursor   *cursor;

	most = Min(most, b->limit);
	for (int i = 0; i < n; i++)
	{
		kept[count] = i;
		count += b->totals[i] >= least && b->totals[i] <= most;
	}
	if (count == 0)
		return NULL;

	size = offsetof(MMCursor, items) + sizeof(MMPending) * count;
	cursor = MemoryContextAlloc(context, size);
	cursor->n = count;
	cursor->inner = inner;
	cursor->size = size;
	for (int to = 0; to < count; to++)
	{
		int			i = kept[to];

		cursor->items[to] = (MMPending) {
			.key = b->totals[i],
			.block = blocks[i],
			.offset = inner ? InvalidOffsetNumber : (OffsetNumber) offsets[i],
			.entry = i,
			.seen = !inner && (!b->refines || b->totals[i] == MM_KEY_NULL),
		};
	}
	cursor->is_heap = inner;
	if (inner)
		make_heap(cursor->items, count);
	else
		least_first(cursor->items, count);
	return cursor;
}

void
mm_cursor_raise_first(MMCursor *cursor, MMPending item)
{
	sift_down(cursor->items, cursor->n, 0, item);
}
