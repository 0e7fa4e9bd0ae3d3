/*-------------------------------------------------------------------------
 *
 * change.h
 *	  Small changes of one page, put into WAL without a comparison.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CHANGE_H
#define MM_CHANGE_H

#include "index/page.h"

/*
 * All of these change the page in a buffer that the caller has locked
 * exclusively, and write one WAL record if the index needs WAL.
 *
 * mm_change_put: overwrite entry i of a node, as mm_page_put.
 *
 * mm_change_add: add an entry to a node, as mm_page_add.  The node must have
 * fewer than shape->capacity.
 *
 * mm_change_append: append so many bytes to what the page holds, which ends
 * at pd_lower.  The page must have room for them.
 */
extern void mm_change_put(Relation index, Buffer buffer, const MMShape *shape, int i,
						  const uint32 *entry);
extern void mm_change_add(Relation index, Buffer buffer, const MMShape *shape,
						  const uint32 *entry);
extern void mm_change_append(Relation index, Buffer buffer, const void *bytes, int size);

#endif							/* MM_CHANGE_H */
