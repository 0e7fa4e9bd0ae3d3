/*-------------------------------------------------------------------------
 *
 * rights.h
 *	  Who may know the statistics of an index, and whose functions it calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_RIGHTS_H
#define MM_RIGHTS_H

#include "nodes/bitmapset.h"

#include "index/columns.h"

/*
 * mm_may_read: may the user read these columns of a table?  They are numbered from
 * FirstLowInvalidHeapAttributeNumber, as pull_varattnos does.
 */
extern bool mm_may_read(Oid table, const Bitmapset *columns);

/*
 * mm_statistics_visible: may the user know the statistics of a column of an
 * index?
 *
 * mm_statistics_require: raise an error unless the user may.  The error has
 * the given hint, which may be NULL.
 *
 * mm_calls_functions_of_others: do an index's expressions, or its WHERE clause, call
 * functions that belong neither to the user nor to a superuser?
 */
extern bool mm_statistics_visible(const MMColumns *columns, int column);
extern void mm_statistics_require(const MMColumns *columns, int column, const char *hint);
extern bool mm_calls_functions_of_others(Relation index);

#endif							/* MM_RIGHTS_H */
