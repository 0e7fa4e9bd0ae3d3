/*-------------------------------------------------------------------------
 *
 * rights.h
 *	  Who may know the statistics of an index, and whose functions it calls.
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
 *
 * mm_calls_functions_of_others: do an index's expressions, or its WHERE clause, call
 * functions that belong neither to the user nor to a superuser?
 */
extern bool mm_statistics_visible(const MMColumns *columns, int column);
extern void mm_statistics_require(const MMColumns *columns, int column, const char *hint);
extern bool mm_calls_functions_of_others(Relation index);

#endif							/* MM_RIGHTS_H */
