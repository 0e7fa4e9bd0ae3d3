/*-------------------------------------------------------------------------
 *
 * cursor.h
 *	  What remains to be done of a node that a search has read: a heap of its
 *	  entries, by their keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CURSOR_H
#define MM_CURSOR_H

#include "lib/pairingheap.h"

#include "index/page.h"
#include "search/bounding.h"

/*
 * What remains to be done of an entry.  A leaf is first bounded by its
 * coordinates.  It is read once more for its sketches if its turn comes again.
 */
typedef struct MMPending
{
	float		key;
	BlockNumber block;			/* of the child, or of the row in the heap */
	OffsetNumber offset;		/* of the row */
	uint16		entry:14;		/* of the row, on its leaf */
	uint16		taken:1;		/* the child is a leaf, its entries below key were
								 * taken, and no others */
	uint16		seen:1;			/* the child is a leaf, its coordinates were seen;
								 * or the row's entry cannot be refined any more */
} MMPending;

StaticAssertDecl(MM_MAX_ENTRIES < 0x4000, "a leaf has too many entries for their numbers");

typedef struct MMCursor
{
	pairingheap_node node;
	bool		inner;
	int			below;			/* inner: the level of the children */
	uint64		splits;			/* inner: the count of splits when it was read */
	BlockNumber leaf;			/* where it is from, if it is one */
	Size		size;
	int			n;
	bool		is_heap;		/* or else, just the least key is in its place */
	MMPending	items[FLEXIBLE_ARRAY_MEMBER];	/* a heap, the least key first */
} MMCursor;

/*
 * mm_cursor_compare: compare two cursors by their least keys, for a pairing heap
 * that has the least on top.
 */
extern int	mm_cursor_compare(const pairingheap_node *a, const pairingheap_node *b, void *arg);

/*
 * mm_cursor_make: keep those entries of a node that are wanted, of the n that were
 * just bounded, in this context.  Of a leaf, only keys from least to most are kept.
 * Returns NULL if there is none.
 */
extern MMCursor *mm_cursor_make(const MMBounding *b, MemoryContext context, Page page,
								int n, bool inner, float least, float most);

/*
 * mm_cursor_need_heap: make the items of a cursor that are still wanted a heap, if
 * they are none.  Most leaves never come to this.
 */
extern void mm_cursor_need_heap(MMCursor *cursor, const MMBounding *b);

/*
 * mm_cursor_remove_first: take the first item off a cursor.
 *
 * mm_cursor_raise_first: put this in its place; the cursor is a heap.
 */
extern void mm_cursor_remove_first(MMCursor *cursor, const MMBounding *b);
extern void mm_cursor_raise_first(MMCursor *cursor, MMPending item);

#endif							/* MM_CURSOR_H */
