/*-------------------------------------------------------------------------
 *
 * rights.h
 *	  Who may know the statistics of an index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RIGHTS_H
#define MM_RIGHTS_H

#include "index/columns.h"

/*
 * mm_statistics_visible: may the user know the statistics of a column of an
 * index?
 *
 * mm_statistics_require: raise an error unless the user may.  The error has
 * the given hint, which may be NULL.
 */
extern bool mm_statistics_visible(const MMColumns *columns, int column);
extern void mm_statistics_require(const MMColumns *columns, int column, const char *hint);

#endif							/* MM_RIGHTS_H */
