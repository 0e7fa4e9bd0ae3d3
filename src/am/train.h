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
 * mm_train_running: is this session training an index, so that it is a function
 * called for that which now inserts into its table?
 */
extern void mm_train_index(Relation index, Relation heap, MMColumns *columns);
extern bool mm_train_running(Oid index);

#endif							/* MM_TRAIN_H */
