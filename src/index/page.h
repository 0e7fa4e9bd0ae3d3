/*-------------------------------------------------------------------------
 *
 * page.h
 *	  Pages of an mmdb index.
 *
 * Block 0 holds the metadata (MMMeta).  Block 1 is always the root of the
 * shared tree.  The model (model.h) takes a chain of pages.  All other pages
 * are nodes of this tree or of those of sub-indexes, pages of inverted indexes
 * (inverted/layout.h), or deleted pages.  Every page ends in an MMPageSpecial.
 *
 * A node is a set of entries in no order, stored by columns ("planes"): first
 * come the first words of all entries, then all second words, and so on, and
 * then the entries' single bytes in the same manner.  Bounds are computed over
 * planes, many entries at a time.  All entries of a node have one shape, which
 * the model determines:
 *
 *	leaf	word 0		heap block
 *			word 1		heap offset
 *			word 2		bit i: column i is NULL
 *			words 3 ..	coordinates of all columns (float), then words of sketches
 *			bytes		bytes of sketches
 *	inner	word 0		child
 *			word 1		bit i: some entries below have NULL in column i
 *			word 2		bit i: some have a value
 *			words 3 ..	least coordinates of the entries below, then greatest (float);
 *						Infinity and -Infinity where there are no values
 *
 * In an index that has no model yet, entries end after word 2, and the root is
 * the only node.
 *
 * Planes have room for somewhat more entries than there are.  When they are
 * full, they are moved apart.  So a page has a hole after its planes until it
 * is about to be split, as PostgreSQL's own pages have.  WAL leaves the hole
 * out of page images, and generic WAL, which looks for changes byte by byte,
 * does not look there.
 *
 * Concurrency follows GiST (Kornacker, Mohan and Hellerstein, "Concurrency and
 * recovery in generalized search trees", 1997).  A split moves entries to a
 * new page on the right.  The metadata count splits.  When the parent gets the
 * downlink, the split is stamped on the left page with its number (nsn).
 * Whoever comes from a parent that was read when fewer splits had been counted
 * goes on to the right.  Until the parent has the downlink, the left page has
 * MM_PAGE_INCOMPLETE, and everybody goes on to the right.
 *
 * VACUUM deletes nodes: empty leaves, and nodes whose entries it has copied
 * (see merge.c).  The parent loses the downlink in the same WAL record.  A
 * deleted node stays as it was, with its entries, its stamps and its link to
 * the right.  A search that read the parent earlier, and follows the old
 * downlink, finds what the node had when it was deleted.  That is all of it
 * that the search's snapshot can see.
 *
 * The copies are for searches that read the parent later:
 *
 *	- When a leaf takes over a deleted sibling's entries, they go after its
 *	  own.  This counts as a split, too, and its number is the leaf's "merged";
 *	  "before" is the number of entries that the leaf had.  Whoever read the
 *	  parent when fewer splits had been counted looks only at that many
 *	  entries, from the first.  (Entries added later go after them.  A removed
 *	  entry is replaced by one from the same side of this limit.  If the leaf
 *	  is split, both halves have the stamp, and each has a part of the first
 *	  entries.)
 *	- When two inner nodes are merged, both are deleted, and a new page gets
 *	  their entries.  What a deleted inner node says of its children is as of
 *	  its deletion.  So its downlinks go with the count of splits at that time,
 *	  not with the count of today.  The node notes that count in "merged" when
 *	  it is deleted.
 *
 * A deleted page is used again, and a merged leaf is merged again, only when
 * no snapshot is as old as its deletion or merge ("xid").  On a standby there
 * may be older snapshots.  A search can tell that a page is not what it was:
 * the page was made ("born") later than the link that leads to it, or it was
 * merged again ("merged_before") after the parent was read.
 *
 * Locks: a search holds the lock of one node at a time, and may take that of
 * the metadata after it.  Changes lock children before parents, left before
 * right, and the metadata last.  They register pages for WAL in this order,
 * too, because replay locks pages in the order of registration, beside the
 * searches of a standby.
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

#include "compat.h"
#include "metric/metric_routine.h"
#include "mmdb.h"

typedef struct MMPageSpecial
{
	uint64		nsn;			/* number of the last split of a node */
	uint64		born;			/* number at which the page was made */
	uint64		merged;			/* number of the last merge into a leaf, or of
								 * the last time when a node's box was made
								 * smaller; or count when an inner node was
								 * deleted */
	uint64		merged_before;	/* number of the merge before that */
	FullTransactionId xid;		/* the next xid when merged or deleted */
	BlockNumber right;			/* next page; InvalidBlockNumber: none */
	uint16		n;				/* entries of a node, bytes of a model page */
	uint16		before;			/* entries from before the last merge */
	uint16		room;			/* entries that a node's planes have room for */
	uint8		level;			/* of a node, 0 for leaves */
	uint8		kind;			/* MM_PAGE_... */
	uint8		flags;			/* MM_PAGE_INCOMPLETE, ... */
	uint8		unused;			/* zero */
	uint16		tree;			/* of a node: the tree that it is of, by number; of an
								 * inverted index's page, MM_NO_TREE */
	uint32		unused2;		/* zero */
	uint32		magic;			/* last, where tools look for page ids */
} MMPageSpecial;

#define MM_PAGE_MAGIC	0x4D4D4442	/* "MMDB" */

#define MM_PAGE_META	1
#define MM_PAGE_MODEL	2
#define MM_PAGE_NODE	3
#define MM_PAGE_DELETED	4		/* a page that nothing leads to any more */
/* Pages of an inverted index; see inverted/layout.h. */
#define MM_PAGE_POSTINGS	5
#define MM_PAGE_DIRECTORY	6
#define MM_PAGE_PENDING		7
#define MM_PAGE_HOME		8

#define MM_NO_TREE			0xFFFF

#define MM_PAGE_INCOMPLETE	1	/* the right page has no downlink yet */
#define MM_PAGE_UNTRAINED	2	/* entries of three words only */
#define MM_PAGE_BUILDING	4	/* metadata of an index that is being built */

#define MM_META_BLOCK	0
#define MM_ROOT_BLOCK	1		/* of the shared tree */

/* More levels than any tree has. */
#define MM_MAX_LEVELS	32

#define MMPageGetSpecial(page) ((MMPageSpecial *) PageGetSpecialPointer(page))

#define MM_PAGE_SPECIAL_SIZE	MAXALIGN(sizeof(MMPageSpecial))

StaticAssertDecl(offsetof(MMPageSpecial, magic) + sizeof(uint32) == MM_PAGE_SPECIAL_SIZE,
				 "the magic number is not the last of a page");
#define MM_PAGE_DATA_SIZE \
	(BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - MM_PAGE_SPECIAL_SIZE)

/* The words of an entry that come before its coordinates. */
#define MM_ENTRY_HEADER		3

/* The most coordinates that an entry may have. */
#define MM_MAX_COORDINATES	(MM_MAX_COLUMNS * METRIC_MAX_RAW_COORDINATES)

/*
 * The shape of a node's entries.
 */
typedef struct MMShape
{
	int			words;
	int			bytes;
	int			size;			/* of an entry: words, then bytes */
	int			capacity;		/* entries a page holds */
} MMShape;

/*
 * An entry outside a node, in one piece: shape.words words, then shape.bytes
 * bytes.
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
 * mm_shape_init: the shape of entries with so many words and bytes.
 */
extern void mm_shape_init(MMShape *shape, int words, int bytes);

/*
 * mm_page_init: make an empty page of this kind.
 */
extern void mm_page_init(Page page, uint8 kind, uint16 level);

/*
 * mm_page_delete: mark a node as deleted.  Nobody needs it any more once no
 * snapshot is as old as xid.  splits is the count of splits.  Everything else
 * on the page remains.
 *
 * mm_page_merge: mark a leaf that is about to get the entries of another.  The
 * caller sets merged.
 *
 * mm_page_is_settled: is it certain that nobody knows a page from before it
 * was marked?
 */
extern void mm_page_delete(Page page, FullTransactionId xid, uint64 splits);
extern void mm_page_merge(Page page, FullTransactionId xid);
extern bool mm_page_is_settled(Page page);

/*
 * mm_page_visible: how many of a node's entries, from the first, are meant for
 * a search that read the parent when splits had been counted; see above.
 */
static inline int
mm_page_visible(Page page, uint64 splits)
{
	const MMPageSpecial *special = MMPageGetSpecial(page);

	return special->level == 0 && special->merged > splits ? special->before : special->n;
}

/*
 * mm_page_make_room: give a node room for at least n entries.
 *
 * mm_page_add_flags: the flags with which to register a page that an entry is
 * about to be added to.  If planes must move, an image of the page is better
 * than the differences.
 */
extern void mm_page_make_room(Page page, const MMShape *shape, int n);

static inline int
mm_page_add_flags(Page page)
{
	return MMPageGetSpecial(page)->n < mm_page_room(page) ? 0 : GENERIC_XLOG_FULL_IMAGE;
}

/*
 * mm_page_get, mm_page_put: copy entry i of a node, or overwrite it.
 *
 * mm_page_add: add an entry.  The node must have fewer than shape->capacity.
 *
 * mm_page_take: replace a node's entries by n entries of another node, which
 * are given by their numbers, and take over that node's marks of merges.  This
 * permutes which.
 *
 * mm_page_remove: remove entry i.  Another entry takes its place.
 */
extern void mm_page_get(Page page, const MMShape *shape, int i, MMEntry entry);
extern void mm_page_put(Page page, const MMShape *shape, int i, const uint32 *entry);
extern void mm_page_add(Page page, const MMShape *shape, const uint32 *entry);
extern void mm_page_take(Page page, const MMShape *shape, Page from,
						 uint16 *which, int n);
extern void mm_page_remove(Page page, const MMShape *shape, int i);

/*
 * mm_page_find: the number of the entry of a node whose word 0 is value, or
 * -1.
 */
extern int	mm_page_find(Page page, uint32 value);

/*
 * Raise the error of a damaged index.  The further arguments are those of
 * errdetail.
 */
#define mm_report_damage(index, ...) \
	ereport(ERROR, \
			(errcode(ERRCODE_INDEX_CORRUPTED), \
			 errmsg("index \"%s\" is damaged", RelationGetRelationName(index)), \
			 errdetail(__VA_ARGS__), \
			 errhint("Please REINDEX it.")))

/*
 * mm_report_reused: raise an error, because a page was made, or merged, later
 * than any link to it that a search has followed.  It is not what it was, as
 * VACUUM has used it again while the search was on the way.  On one server,
 * VACUUM waits for the search's snapshot before it does that; but the VACUUM of
 * a primary does not wait for the snapshots of its standbys.  If there has been
 * no standby, the page is damaged.
 */
pg_noreturn extern void mm_report_reused(Relation index, BlockNumber block);

/*
 * mm_page_is: is this a page of an mmdb index, of this kind (0: of any)?
 *
 * mm_page_check: raise INDEX_CORRUPTED unless the page in a buffer is one.
 */
extern bool mm_page_is(Page page, uint8 kind);
extern void mm_page_check(Relation index, Buffer buffer, uint8 kind);

/*
 * mm_page_room_fits: does the room of a node's planes fit on the page, and
 * does what the page holds end after that room?
 */
extern bool mm_page_room_fits(Page page, const MMShape *shape);

/*
 * mm_known_blocks: how many blocks an index or a table has, or had when this session
 * last asked, which saves a call of the operating system.  It has no fewer now: an index
 * shrinks only while it is built, and when a table does, which nobody reads then, all
 * sessions are told.
 */
extern BlockNumber mm_known_blocks(Relation relation);

/*
 * mm_settled_blocks: how many blocks an index has, without one that somebody is about to
 * add.  Whoever has added one of them has locked it, and fills it before the lock is
 * released.  So if such a page is new once it is locked, it is free.
 */
extern BlockNumber mm_settled_blocks(Relation index);

/*
 * mm_page_pin: pin a page.  The index is damaged if it has no such block.
 *
 * mm_page_prefetch: a page will be read soon.  A block that there is not, as a damaged
 * link may name, is left to who reads it.
 *
 * mm_page_read: pin a page, lock it in the given mode, and check it.
 */
extern Buffer mm_page_pin(Relation index, BlockNumber block,
						  BufferAccessStrategy strategy);
extern void mm_page_prefetch(Relation index, BlockNumber block);
extern Buffer mm_page_read(Relation index, BlockNumber block, int mode,
						   uint8 kind, BufferAccessStrategy strategy);

/*
 * mm_entry_place: the place of a row in the table, from words 0 and 1 of its
 * entry.  Raises INDEX_CORRUPTED if they do not form a place.
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
 * mm_place_check: raise INDEX_CORRUPTED if the table ends before a place that
 * the index has an entry for.  (VACUUM removes entries before the table is
 * truncated.)  *nblocks is how long the table was last known to be; it begins
 * as 0.
 */
extern void mm_place_check(Relation index, Relation table, const ItemPointerData *tid,
						   BlockNumber *nblocks);

/*
 * mm_page_reuse: a recyclable page, locked exclusively, or InvalidBuffer if
 * none is known.
 *
 * mm_page_new: a recyclable page, or else a new one at the end of the index.
 */
extern Buffer mm_page_reuse(Relation index);
extern Buffer mm_page_new(Relation index);

/*
 * mm_page_recyclable: is this page new, or a deleted node that nobody needs
 * any more?
 */
extern bool mm_page_recyclable(Page page);

#endif							/* MM_PAGE_H */
