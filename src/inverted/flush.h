/*-------------------------------------------------------------------------
 *
 * flush.h
 *	  From pending rows to runs of an inverted index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_FLUSH_H
#define MM_FLUSH_H

#include "inverted/run.h"

/*
 * A list of postings in memory.
 */
typedef struct MMPostingArray
{
	MMPostings	postings;
	int64		n;
	int64		most;
	int64		allocated;
	int64		at;				/* the next to be read */
	MMPosting  *items;
} MMPostingArray;

/*
 * mm_posting_array: an empty list, in the current context, whose room grows up to
 * that for so many postings; and further if a row is added that needs more.
 *
 * mm_posting_array_row: add all postings of a row.
 *
 * mm_posting_array_sort: sort it, and begin to read it from the start.
 */
extern MMPostingArray *mm_posting_array(int64 most);
extern void mm_posting_array_row(MMPostingArray *array, MMPlace place, int size_class,
								 const uint32 *tokens, int n);
extern void mm_posting_array_sort(MMPostingArray *array);

/*
 * mm_inverted_flush: make a run of the pending rows, if they take pages or
 * more, and merge runs.  If others do so at the moment, wait for them, or if
 * wait is false do nothing.
 */
extern void mm_inverted_flush(const MMInverted *inv, uint32 pages, bool wait);

/*
 * mm_chain_delete, mm_run_delete: delete the pages of a chain or run, which
 * the home page does not refer to any more.  Return their number.
 */
extern BlockNumber mm_chain_delete(const MMInverted *inv, const MMChain *chain,
								   BufferAccessStrategy strategy);
extern BlockNumber mm_run_delete(const MMInverted *inv, const MMRun *run,
								 BufferAccessStrategy strategy);

#endif							/* MM_FLUSH_H */
