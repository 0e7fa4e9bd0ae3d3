/*-------------------------------------------------------------------------
 *
 * page.h
 *	  Pages of an mmdb index.
 *
 * Block 0 holds the metadata (MMMeta), block 1 is the root of the tree, always;
 * the model (model.h) takes a chain of pages; all others are nodes of the tree
 * or free.  Every page ends in an MMPageSpecial.
 *
 * A node is a set of entries in no order, stored by columns ("planes"): first
 * all first words of the entries, then all second words, and so on; then their
 * single bytes in the same manner.  Bounds are computed over planes, many
 * entries at a time.  All entries of a node have one shape, which the model
 * determines:
 *
 *	leaf	word 0		heap block
 *			word 1		heap offset
 *			word 2		bit i: column i is NULL
 *			words 3 ..	coordinates of all columns (float), then words of sketches
 *			bytes		bytes of sketches
 *	inner	word 0		child
 *			word 1		bit i: some rows below have NULL in column i
 *			word 2		bit i: some have a value
 *			words 3 ..	least coordinates of the rows below, then greatest (float);
 *						Infinity and -Infinity where there are no values
 *
 * In an index that has no model yet, entries end after word 2, and the root is
 * the only node.
 *
 * Planes have room for somewhat more entries than there are, and are moved apart
 * when they are full.  So a page has a hole behind them until it is about to be
 * split, as PostgreSQL's own pages do: WAL leaves it out of images, and generic
 * WAL, which looks for what has changed byte by byte, does not look there.
 *
 * Concurrency follows GiST (Kornacker, Mohan and Hellerstein, "Concurrency and
 * recovery in generalized search trees", 1997).  A split moves entries to a new
 * page on the right.  The metadata count splits.  A split is stamped with its
 * number (nsn) when the parent gets the downlink; whoever comes from a parent
 * it read when fewer splits had been counted goes on to the right.  Until then
 * the left page has MM_PAGE_INCOMPLETE, and everybody goes on to the right.
 *
 * A deleted leaf keeps its number and its link to the right, and whoever comes
 * to it goes on as from any other empty leaf: it may have been split before,
 * and the new right page hold rows.  A page that took the place of a deleted one
 * bears the number it was made at (born): who comes with an older downlink or
 * link meant the deleted page.
 *
 * Locks: a search holds one node's at a time, and that of the metadata behind
 * it.  Changes lock children before parents, left before right, metadata last,
 * and register pages for WAL in this order, too: replay locks them so, beside
 * the searches of a standby.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "access/generic_xlog.h"
#include "access/transam.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/itemptr.h"
#include "utils/rel.h"

#include "metric/metric.h"

typedef struct MMPageSpecial
{
	uint64		nsn;			/* number of the last split of a node */
	uint64		born;			/* number at which the page was made */
	BlockNumber right;			/* next page; InvalidBlockNumber: none */
	uint16		n;				/* entries of a node, bytes of a model page */
	uint16		level;			/* of a node, 0 for leaves */
	uint8		kind;			/* MM_PAGE_... */
	uint8		flags;			/* MM_PAGE_INCOMPLETE, ... */
	uint16		room;			/* entries that a node's planes have room for */
	uint32		magic;			/* last, where tools look for page ids */
} MMPageSpecial;

#define MM_PAGE_MAGIC	0x4D4D4442	/* "MMDB" */

#define MM_PAGE_META	1
#define MM_PAGE_MODEL	2
#define MM_PAGE_NODE	3
#define MM_PAGE_FREE	4		/* a deleted leaf, which has no entries */

#define MM_PAGE_INCOMPLETE	1	/* the right page has no downlink yet */
#define MM_PAGE_UNTRAINED	2	/* entries of three words only */
#define MM_PAGE_BUILDING	4	/* metadata of an index that is being built */

#define MM_META_BLOCK	0
#define MM_ROOT_BLOCK	1

/* More levels than any tree has. */
#define MM_MAX_LEVELS	32

#define MMPageGetSpecial(page) ((MMPageSpecial *) PageGetSpecialPointer(page))

/* The next transaction when a page was deleted; in the place of its entries. */
#define MMPageGetDeletion(page) ((FullTransactionId *) PageGetContents(page))

#define MM_PAGE_SPECIAL_SIZE	MAXALIGN(sizeof(MMPageSpecial))
#define MM_PAGE_DATA_SIZE \
	(BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - MM_PAGE_SPECIAL_SIZE)

/* Words of an entry before its coordinates. */
#define MM_ENTRY_HEADER		3

/*
 * The shape of a node's entries.
 */
typedef struct MMShape
{
	int			words;
	int			bytes;
	int			size;			/* of an entry as a row: words, then bytes */
	int			capacity;		/* entries a page holds */
} MMShape;

/*
 * An entry as a row: shape.words words, then shape.bytes bytes.
 */
typedef uint32 *MMEntry;

#define MMEntryFloats(entry)		((float *) (entry) + MM_ENTRY_HEADER)
#define MMEntryBytes(entry, shape)	((uint8 *) ((entry) + (shape)->words))

/*
 * The planes of a node.
 */
static inline int
mm_page_room(Page page)
{
	return MMPageGetSpecial(page)->room;
}

static inline uint32 *
mm_page_words(Page page, int word)
{
	return (uint32 *) PageGetContents(page) + (Size) word * mm_page_room(page);
}

static inline uint8 *
mm_page_bytes(Page page, const MMShape *shape, int byte)
{
	return (uint8 *) mm_page_words(page, shape->words) + (Size) byte * mm_page_room(page);
}

/* page.c */

/*
 * mm_shape_init: the shape of entries of so many words and bytes.
 */
extern void mm_shape_init(MMShape *shape, int words, int bytes);

/*
 * mm_page_init: make an empty page of a kind.
 */
extern void mm_page_init(Page page, uint8 kind, uint16 level);

/*
 * mm_page_delete: make a page a free one; nobody has any use for it once no
 * transaction is older than this.  What links need remains.
 */
extern void mm_page_delete(Page page, FullTransactionId deletion);

/*
 * mm_page_make_room: let a node have room for n entries, at least.
 * mm_page_add_flags: the flags to register a page with to which an entry is to
 * be added: if planes must move, better an image than the differences.
 */
extern void mm_page_make_room(Page page, const MMShape *shape, int n);

static inline int
mm_page_add_flags(Page page)
{
	return MMPageGetSpecial(page)->n < mm_page_room(page) ? 0 : GENERIC_XLOG_FULL_IMAGE;
}

/*
 * mm_page_get, mm_page_put: copy entry i of a node, or overwrite it.
 * mm_page_add: add an entry; there must be less than shape->capacity.
 * mm_page_take: let a node have n of the entries of another, given by their
 * numbers, instead of its own.
 * mm_page_remove: remove entry i; the last one takes its place.
 */
extern void mm_page_get(Page page, const MMShape *shape, int i, MMEntry entry);
extern void mm_page_put(Page page, const MMShape *shape, int i, const uint32 *entry);
extern void mm_page_add(Page page, const MMShape *shape, const uint32 *entry);
extern void mm_page_take(Page page, const MMShape *shape, Page from,
						 const uint16 *which, int n);
extern void mm_page_remove(Page page, const MMShape *shape, int i);

/*
 * mm_page_find: which entry of a node has word 0 = value; -1: none.
 */
extern int	mm_page_find(Page page, uint32 value);

/*
 * Raise the error of a damaged index; what follows are the arguments of
 * errdetail.
 */
#define mm_report_damage(index, ...) \
	ereport(ERROR, \
			(errcode(ERRCODE_INDEX_CORRUPTED), \
			 errmsg("index \"%s\" is damaged", RelationGetRelationName(index)), \
			 errdetail(__VA_ARGS__), \
			 errhint("Please REINDEX it.")))

/*
 * mm_page_is: is this a page of an mmdb index, of this kind (0: any)?
 * mm_page_check: raise INDEX_CORRUPTED unless the page in a buffer is one.
 */
extern bool mm_page_is(Page page, uint8 kind);
extern void mm_page_check(Relation index, Buffer buffer, uint8 kind);

/*
 * mm_page_room_fits: does the room of a node fit the page, and the page end
 * behind it?
 */
extern bool mm_page_room_fits(Page page, const MMShape *shape);

/*
 * mm_node_check: raise INDEX_CORRUPTED unless the page in a buffer is a node of
 * this level (-1: any), with no more entries than it has room for, and that fits
 * the page, and the index has a model, or none, as trained says.
 */
extern void mm_node_check(Relation index, Buffer buffer, const MMShape *leaf,
						  const MMShape *inner, bool trained, int level);

/*
 * mm_page_pin: a page pinned; the index is damaged if it has no such block.
 * mm_page_read: locked in the given mode and checked as well.
 */
extern Buffer mm_page_pin(Relation index, BlockNumber block,
						  BufferAccessStrategy strategy);
extern Buffer mm_page_read(Relation index, BlockNumber block, int mode,
						   uint8 kind, BufferAccessStrategy strategy);

/*
 * mm_entry_place: the place of a row, of the words 0 and 1 of an entry.  Raises
 * INDEX_CORRUPTED if it is none.
 */
static inline void
mm_entry_place(Relation index, uint32 block, uint32 offset, ItemPointer tid)
{
	if (unlikely(block == InvalidBlockNumber || offset == InvalidOffsetNumber ||
				 offset > MaxOffsetNumber))
		mm_report_damage(index, "An entry is about (%u,%u), which is no place of a row.",
						 block, offset);
	ItemPointerSet(tid, block, (OffsetNumber) offset);
}

/*
 * mm_place_check: raise INDEX_CORRUPTED if the table ends before a place that the
 * index has an entry for; VACUUM removes that first.  *nblocks: how long the table
 * was known to be, at first 0.
 */
extern void mm_place_check(Relation index, Relation table, const ItemPointerData *tid,
						   BlockNumber *nblocks);

/*
 * mm_page_new: a new page, locked exclusively: a free one, or one more.
 */
extern Buffer mm_page_new(Relation index);

/*
 * mm_page_recyclable: has nobody any use for this free page?
 */
extern bool mm_page_recyclable(Page page);

/* recent.c */

/*
 * mm_recent_pin: pin a page whose buffer is known; InvalidBuffer if it is not.
 * mm_recent_remember: a page was found in this buffer.
 * mm_recent_prefetch: if the buffer is known, ask the CPU for words first to before
 * end of a node's entries (end -1: and all bytes), as they will soon be read; about
 * where they are if the node is nearly full.
 */
extern Buffer mm_recent_pin(Relation index, BlockNumber block);
extern void mm_recent_remember(Relation index, BlockNumber block, Buffer buffer);
extern void mm_recent_prefetch(Relation index, BlockNumber block,
							   const MMShape *shape, int first, int end);

#endif							/* MM_PAGE_H */
