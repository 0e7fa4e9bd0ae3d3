/*-------------------------------------------------------------------------
 *
 * choose.h
 *	  Which child of a node a new entry should go to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_CHOOSE_H
#define MM_CHOOSE_H

#include "model/model.h"

/*
 * mm_choose_child: the number of the child of an inner node that a leaf entry
 * with this box should go to.
 */
extern int	mm_choose_child(const MMModel *model, Page page, const uint32 *box);

#endif							/* MM_CHOOSE_H */
