/*-------------------------------------------------------------------------
 *
 * count.h
 *	  How many of a query's tokens each row of a run has.
 *
 * The rows of one size class are counted at a time, window by window.  Within a
 * window, all lists are gone through one after the other, with a counter for
 * each place, so nothing needs to be merged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_COUNT_H
#define MM_COUNT_H

#include "inverted/run.h"

typedef struct MMCounter
{
	const MMInverted *inv;
	int			nlists;			/* being read */
	MMList	   *lists;
	int			room;			/* lists that there is memory for */
	uint32		window;			/* last counted */
	int			ntouched;
	uint16	   *touched;		/* the places of the window that were counted */
	uint16	   *counts;			/* of each place, to be cleared by the caller */
	int64		pages;			/* read */
	int64		postings;		/* counted */
} MMCounter;

/*
 * mm_counter_init: ready to count, in the current context, with up to so many
 * tokens.
 *
 * mm_counter_begin: begin with the rows of one run and size class.  If all,
 * MM_TOKEN_ALL is counted, too.
 *
 * mm_counter_window: count the next window that has a posting.  Returns false
 * if there is none.  The caller must have set all counts back to 0.
 */
extern void mm_counter_init(MMCounter *counter, const MMInverted *inv, int ntokens);
extern void mm_counter_begin(MMCounter *counter, const MMRun *run, int size_class,
							 const uint32 *tokens, int ntokens, bool all);
extern bool mm_counter_window(MMCounter *counter);

#endif							/* MM_COUNT_H */
