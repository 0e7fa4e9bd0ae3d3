/*-------------------------------------------------------------------------
 *
 * pending.h
 *	  Chains of pending pages of an inverted index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PENDING_H
#define MM_PENDING_H

#include "inverted/home.h"

/*
 * mm_pending_next: the row of a pending page that begins at *offset, which is
 * moved on.  *offset begins as 0.  Returns NULL at the end.  Raises
 * INDEX_CORRUPTED if there is no valid row.
 */
extern MMPendingRow *mm_pending_next(const MMInverted *inv, Page page, int *offset);

/*
 * mm_chain_read: pass the rows of a chain to a function, in the order in which
 * they were added.  The page that they are on is locked meanwhile.
 */
typedef void (*MMPendingEmit) (const MMPendingRow *row, void *state);
extern void mm_chain_read(const MMInverted *inv, const MMChain *chain,
						  MMPendingEmit emit, void *state);

/*
 * mm_pending_append: add a row to the pending chain.  Returns how many pages
 * the chain has if it has become longer; otherwise 0.  Raises INDEX_CORRUPTED if
 * the chain does not end where the home page says.
 */
extern uint32 mm_pending_append(const MMInverted *inv, const MMPendingRow *row);

/*
 * mm_pending_seal: make the pending chain the sealed one, and the pending
 * chain empty.  home, the caller's copy, is brought up to date.  The caller has
 * the heavyweight lock, and there is no sealed chain.
 */
extern void mm_pending_seal(const MMInverted *inv, MMHome *home);

#endif							/* MM_PENDING_H */
