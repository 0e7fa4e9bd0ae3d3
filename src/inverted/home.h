/*-------------------------------------------------------------------------
 *
 * home.h
 *	  The home page of an inverted index, and what all its pages have in common.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_INVERTED_HOME_H
#define MM_INVERTED_HOME_H

#include "inverted/layout.h"

/*
 * mm_home_read: a copy of the home page, in the current context.
 *
 * mm_home_lock: lock the home page exclusively.  The metadata page may be
 * locked after it, and no other.
 */
extern MMHome *mm_home_read(const MMInverted *inv);
extern Buffer mm_home_lock(const MMInverted *inv);

/*
 * mm_home_write: replace what the home page holds, but for the pending chain
 * and the number of stamps, which others may have changed since home was
 * copied: these are copied from the page.  The caller has the heavyweight
 * lock.
 */
extern void mm_home_write(const MMInverted *inv, MMHome *home, bool logged);

/*
 * mm_home_stamp: a stamp that nothing else has.
 */
extern uint64 mm_home_stamp(const MMInverted *inv, bool logged);

/*
 * mm_inverted_lock: take the heavyweight lock that whoever replaces runs and
 * chains holds.  Returns false if others have it and wait is false.
 */
extern bool mm_inverted_lock(const MMInverted *inv, bool wait);
extern void mm_inverted_unlock(const MMInverted *inv);

/*
 * mm_inverted_page_init: make a page an empty one of this kind, of a run or
 * chain with this stamp.
 */
extern void mm_inverted_page_init(const MMInverted *inv, Page page, uint8 kind, int level,
								  uint64 stamp);

/*
 * mm_inverted_read: pin a page of a run or chain, and lock it.  The page may
 * have been deleted since.  Raises an error if it is not what it was.
 */
extern Buffer mm_inverted_read(const MMInverted *inv, BlockNumber block, int mode, uint8 kind,
							   uint64 stamp, BufferAccessStrategy strategy);

/*
 * mm_inverted_delete: delete a page that nothing leads to any more, for those
 * that come later.
 */
extern void mm_inverted_delete(const MMInverted *inv, Buffer buffer);

/*
 * mm_inverted_begin_page: begin to change a page, which is locked exclusively.
 * If logged, this begins a WAL record, and returns a copy of the page.
 *
 * mm_inverted_end_page: the change is done.
 */
extern Page mm_inverted_begin_page(const MMInverted *inv, Buffer buffer, bool logged, int flags,
								   GenericXLogState **xlog);
extern void mm_inverted_end_page(Buffer buffer, GenericXLogState *xlog);

#endif							/* MM_INVERTED_HOME_H */
