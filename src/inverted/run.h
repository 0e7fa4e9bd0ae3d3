/*-------------------------------------------------------------------------
 *
 * run.h
 *	  Runs of an inverted index: sorted postings that do not change any more.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RUN_H
#define MM_RUN_H

#include "inverted/home.h"
#include "inverted/postings.h"

/* run_write.c */

/*
 * Writing a run.  Nobody else can reach its pages before the home page refers
 * to them.
 *
 * mm_run_write_begin: begin with a run of this stamp.  Writes WAL if logged.
 * Keeps inv.
 *
 * mm_run_write: add a posting, which must not precede the last.
 *
 * mm_run_write_all: add postings from several places, as many as there are.
 *
 * mm_run_write_end: write what is left, and describe the run.  The writer is
 * freed.
 */
typedef struct MMRunWriter MMRunWriter;
extern MMRunWriter *mm_run_write_begin(const MMInverted *inv, uint64 stamp, bool logged);
extern void mm_run_write(MMRunWriter *writer, const MMPosting *posting);
extern void mm_run_write_all(MMRunWriter *writer, MMPostings **from, int n);
extern void mm_run_write_end(MMRunWriter *writer, MMRun *run);

/* run_read.c */

/*
 * mm_leaf_check: raise INDEX_CORRUPTED unless the segments of a leaf are where
 * they may be, and in order.
 *
 * mm_directory_check: likewise for a page of the directory, at this level.
 */
extern void mm_leaf_check(const MMInverted *inv, Buffer buffer);
extern void mm_directory_check(const MMInverted *inv, Buffer buffer, int level);

/*
 * All postings of a run, in order.
 *
 * mm_run_scan: begin to read them, in the current context.
 */
extern MMPostings *mm_run_scan(const MMInverted *inv, const MMRun *run,
							   BufferAccessStrategy strategy);

/*
 * A list, read chunk by chunk.  The bytes of one page at a time are copied, so
 * nothing stays locked or pinned.
 */
typedef struct MMList
{
	const MMInverted *inv;
	const MMRun *run;
	uint64		key;
	MMDecoder	chunk;			/* the one at hand */
	uint8	   *bytes;			/* of the segment at hand */
	Size		room;
	BlockNumber next;			/* where the list may go on */
	uint32		pages;			/* read */
	int64		length;			/* about how many postings there are in all */
} MMList;

/*
 * mm_list_open: begin to read a list.  Returns false if it is empty; otherwise
 * the first chunk is at hand.  list must be all zeros, or have been used
 * before.
 *
 * mm_list_next: go on to the next chunk.  Returns false at the end.
 */
extern bool mm_list_open(MMList *list, const MMInverted *inv, const MMRun *run,
						 uint32 token, int size_class);
extern bool mm_list_next_page(MMList *list);

static inline bool
mm_list_next(MMList *list)
{
	return mm_decode(&list->chunk) || mm_list_next_page(list);
}

#endif							/* MM_RUN_H */
