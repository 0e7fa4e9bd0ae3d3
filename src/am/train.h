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
 * mm_train_index: choose a model for an index that has none, from the rows
 * that it holds, and build its tree anew with it.  If the index has a model by
 * now, this does nothing.  If most rows are dead, it only removes these.
 *
 * mm_train_running: is this session training an index?  Then it is a function
 * called by the training that now inserts into the index's table.
 */
extern void mm_train_index(Relation index, Relation heap, MMColumns *columns);
extern bool mm_train_running(Oid index);

#endif							/* MM_TRAIN_H */
