/*-------------------------------------------------------------------------
 *
 * kept.h
 *	  What a session keeps of the indexes that it searches, ready for use.
 *
 * To look up the metrics of an index's columns and to make its model ready takes as
 * long as to read ten leaves or more.  A search of many partitions would do that for
 * each of them, each time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_KEPT_H
#define MM_KEPT_H

#include "model/model.h"

/*
 * mm_kept_columns: the columns of an index, as mm_columns_open makes them, which raises
 * the same errors.  They stay until the current memory context is reset or deleted, and
 * must not be changed.
 *
 * mm_kept_model: the model for such columns, as mm_model_open makes it.  It stays as
 * long as the columns do, or as the current memory context.
 */
extern MMColumns *mm_kept_columns(Relation index);
extern MMModel *mm_kept_model(MMColumns *columns, const MMMeta *meta, const void *stored);

#endif							/* MM_KEPT_H */
