/*-------------------------------------------------------------------------
 *
 * train.h
 *	  The first model of an index that was built on few rows, or none.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_TRAIN_H
#define MM_TRAIN_H

#include "index/columns.h"

/*
 * mm_train_index: choose a model for an index that has none, from the rows it
 * holds, and make its tree anew with it.  Does nothing if it has one by now; and
 * only removes dead rows if they are the most.
 */
extern void mm_train_index(Relation index, Relation heap, MMColumns *columns);

#endif							/* MM_TRAIN_H */
