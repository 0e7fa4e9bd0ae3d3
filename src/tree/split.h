/*-------------------------------------------------------------------------
 *
 * split.h
 *	  Dividing the entries of a full node in two.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_SPLIT_H
#define MM_SPLIT_H

#include "model/model.h"

/*
 * mm_split_page: divide the n >= 2 entries of a full node in two.  order gets the entries' numbers.  Returns how many of them,
 * from the first, make the first half.  Leaks memory.
 */
extern int	mm_split_page(const MMModel *model, Page page, uint16 *order);

#endif							/* MM_SPLIT_H */
