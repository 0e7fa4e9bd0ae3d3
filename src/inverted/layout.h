/*-------------------------------------------------------------------------
 *
 * layout.h
 *	  Pages of an inverted index.
 *
 * An inverted index finds the rows whose values share tokens with a query
 * (metric_routine.h).  It is a log-structured merge tree: new rows are appended
 * to a chain of *pending* pages.  When the chain is long, its postings are
 * sorted and written as a *run*, which does not change any more.  Runs of
 * similar size are merged.  The *home* page lists the runs and the chains.  Its
 * block number tells inverted indexes in one relation apart.
 *
 * A *posting* says that a token occurs in a row.  Postings are grouped into
 * *lists* by the token and the class of the value's size (size_class.h), and
 * are in the order of the table in each list.  The token MM_TOKEN_ALL is in
 * every row, also in those whose value is NULL; these have a class of their
 * own.  A row's postings are all in the same run.  A token may occur in a row
 * more than once, since different parts of a value may have equal hashes.
 *
 * A place in the table is a number: block and offset side by side.  Its upper
 * bits are the *window*.  A list is a sequence of chunks:
 *
 *	window, as the difference to the last chunk's (7 bits a byte, the lowest
 *		first; the first chunk of a segment counts from 0)
 *	number of postings less 1 (one byte)
 *	the lower 16 bits of each place (two bytes each)
 *
 * So places are found without decoding, and all lists can be counted one
 * window at a time (count.h).
 *
 * A run has leaves (MM_PAGE_POSTINGS) linked to the right.  Above them is a
 * directory, a static B+tree (MM_PAGE_DIRECTORY).  A leaf has an array of
 * segments behind its header, in the order of token and class, and their bytes
 * at the end of the page.  A list may go on in the first segment of the next
 * leaf.
 *
 * Every page but the home begins with an MMInvertedHeader, which tells whose it
 * is.  Its "born" is the stamp of the run or the chain that it belongs to.  The
 * home page gives each a number that it has given to no other.  A page that has
 * another stamp than the run or chain that led to it has been used again.
 *
 * Locks.  A search copies the home page and then needs nothing else: the pages
 * of runs and chains that have been replaced are deleted, but keep what they
 * hold until no snapshot is as old as that.  Whoever replaces runs or chains,
 * or removes postings, holds the heavyweight lock of the home page.  An
 * insertion locks the last page of the pending chain, and behind it the home
 * page.  A chain is sealed under the same two locks, and its last page gets
 * MM_PAGE_SEALED; so nothing is appended to it any more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_INVERTED_LAYOUT_H
#define MM_INVERTED_LAYOUT_H

#include "access/htup_details.h"

#include "inverted/inverted.h"
#include "inverted/size_class.h"

#define MM_TOKEN_ALL	0		/* hashes that are 0 are taken for 1 */

/* ---------- places ---------- */

#define MM_OFFSET_BITS \
	(MaxHeapTuplesPerPage <= 512 ? 9 : MaxHeapTuplesPerPage <= 1024 ? 10 : 11)
#define MM_WINDOW_BITS	16
#define MM_WINDOW_SIZE	(1 << MM_WINDOW_BITS)
#define MM_MOST_OFFSET	(1 << MM_OFFSET_BITS)

/* Windows are below this. */
#define MM_WINDOWS		(UINT32_C(1) << (32 + MM_OFFSET_BITS - MM_WINDOW_BITS))

typedef uint64 MMPlace;

static inline MMPlace
mm_place_of_row(const ItemPointerData *tid)
{
	return (MMPlace) ItemPointerGetBlockNumber(tid) << MM_OFFSET_BITS |
		(ItemPointerGetOffsetNumber(tid) - 1);
}

/*
 * mm_place_supported: raises an error if the table's access method has more
 * rows on a page than heap.
 */
static inline void
mm_place_supported(Relation index, const ItemPointerData *tid)
{
	if (unlikely(ItemPointerGetOffsetNumber(tid) > MM_MOST_OFFSET))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("row (%u,%u) cannot be in the inverted index of \"%s\"",
						ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
						RelationGetRelationName(index)),
				 errdetail("There are at most %d rows on a page.", MM_MOST_OFFSET)));
}

/*
 * mm_row_of_place: raises INDEX_CORRUPTED if the place is none.
 */
static inline void
mm_row_of_place(Relation index, MMPlace place, ItemPointer tid)
{
	mm_entry_place(index, (uint32) (place >> MM_OFFSET_BITS),
				   (uint32) (place & (MM_MOST_OFFSET - 1)) + 1, tid);
}

/* ---------- the home page ---------- */

#define MM_MAX_RUNS		16

typedef struct MMRun
{
	uint64		stamp;
	int64		rows;
	int64		postings;		/* without those of MM_TOKEN_ALL */
	BlockNumber root;			/* of the directory; or the only leaf */
	BlockNumber first;			/* leaf */
	uint32		pages;
	uint32		level;			/* of the root */
	uint8		classes[MM_SIZE_CLASSES / 8];	/* bits: those that have rows */
} MMRun;

typedef struct MMChain
{
	uint64		stamp;
	BlockNumber first;			/* InvalidBlockNumber: the chain is empty */
	BlockNumber last;
	uint32		pages;
	uint32		unused;
} MMChain;

typedef struct MMHome
{
	uint64		stamps;			/* given so far */
	MMChain		pending;		/* new rows are appended to this */
	MMChain		sealed;			/* and this is to become a run */
	int32		unfinished;		/* writings of runs that did not end */
	int32		nruns;
	MMRun		runs[MM_MAX_RUNS];
} MMHome;

StaticAssertDecl(sizeof(MMHome) <= MM_PAGE_DATA_SIZE, "a home page holds too many runs");

#define PageGetHome(page)	((MMHome *) PageGetContents(page))

static inline bool
mm_run_has_class(const MMRun *run, int size_class)
{
	return (run->classes[size_class / 8] & (1 << size_class % 8)) != 0;
}

/* ---------- other pages ---------- */

typedef struct MMInvertedHeader
{
	BlockNumber home;
	uint32		unused;
} MMInvertedHeader;

/* Flag of a pending page. */
#define MM_PAGE_SEALED	8

/*
 * A part of a list on one leaf.  Keys are compared by token and class.
 */
typedef struct MMSegment
{
	uint32		token;
	uint16		size_class;
	uint16		n;				/* postings */
	uint16		offset;			/* of its bytes in the page */
	uint16		length;			/* in bytes */
} MMSegment;

/*
 * The downlink to a page, with the least key that the page had when it was
 * written.
 */
typedef struct MMDownlink
{
	uint32		token;
	uint32		size_class;
	BlockNumber child;
} MMDownlink;

/*
 * A row on a pending page, followed by its tokens.
 */
typedef struct MMPendingRow
{
	BlockNumber block;
	OffsetNumber offset;
	uint16		size_class;
	uint32		n;				/* tokens */
	uint32		tokens[FLEXIBLE_ARRAY_MEMBER];
} MMPendingRow;

#define MM_PENDING_SIZE(n)	(offsetof(MMPendingRow, tokens) + sizeof(uint32) * (n))

/* The room for segments, downlinks or rows of a page. */
#define MM_INVERTED_ROOM	(MM_PAGE_DATA_SIZE - sizeof(MMInvertedHeader))
#define MM_DOWNLINKS		((int) (MM_INVERTED_ROOM / sizeof(MMDownlink)))

StaticAssertDecl(MM_PENDING_SIZE(MM_COUNTED_SIZE) <= MM_INVERTED_ROOM,
				 "a pending page does not hold every row");

#define PageGetInverted(page)	((MMInvertedHeader *) PageGetContents(page))
#define PageGetSegments(page)	((MMSegment *) (PageGetInverted(page) + 1))
#define PageGetDownlinks(page)	((MMDownlink *) (PageGetInverted(page) + 1))
#define PageGetRows(page)		((char *) (PageGetInverted(page) + 1))

/*
 * mm_key_compare: the order of two lists.
 */
static inline int
mm_key_compare(uint32 token_a, uint32 class_a, uint32 token_b, uint32 class_b)
{
	if (token_a != token_b)
		return token_a < token_b ? -1 : 1;
	return class_a < class_b ? -1 : class_a > class_b;
}

#endif							/* MM_INVERTED_LAYOUT_H */
