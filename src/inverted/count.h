/*-------------------------------------------------------------------------
 *
 * count.h
 *	  How many of a query's tokens each row of a run has.
 *
 * The rows of one size class are counted at a time, window by window.  Within a
 * window, all lists are gone through one after the other, with a counter for
 * each place, so nothing needs to be merged.
 *
 * A row that has at least t of the tokens is in one of the lists even if t - 1
 * lists are left out.  So where only such rows are asked for, the t - 1 longest
 * lists are *silent*: they only add to the counts of rows that are in other
 * lists.  This leaves out most rows, as the longest lists are much longer than
 * the others.  (Chaudhuri, Ganti and Kaushik, "A primitive operator for
 * similarity joins in data cleaning", 2006.)
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
	int			nsilent;		/* of them, which come first */
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
 * mm_counter_begin: begin with the rows of one run and size class that have at
 * least so many of the tokens, which are all different; others may be counted,
 * too.  If least is 0, this is all rows, and MM_TOKEN_ALL is counted as well.
 *
 * mm_counter_window: count the next window that has a posting.  Returns false
 * if there is none.  The caller must have set all counts back to 0.
 */
extern void mm_counter_init(MMCounter *counter, const MMInverted *inv, int ntokens);
extern void mm_counter_begin(MMCounter *counter, const MMRun *run, int size_class,
							 const uint32 *tokens, int ntokens, int least);
extern bool mm_counter_window(MMCounter *counter);

#endif							/* MM_COUNT_H */
