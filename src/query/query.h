/*-------------------------------------------------------------------------
 *
 * query.h
 *	  Multi-metric queries: the object and weights a user gives, matched with
 *	  the columns they are about.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_QUERY_H
#define MM_QUERY_H

#include "lib/stringinfo.h"
#include "utils/tuplestore.h"

#include "am/terms.h"

/*
 * What a column without a value adds to the distance.
 */
typedef enum MMMissing
{
	MISSING_PENALTY,			/* as if it were at distance scale */
	MISSING_IGNORE,				/* nothing; the other weights make up for it */
	MISSING_EXCLUDE,			/* such rows are no answers */
} MMMissing;

/* distance_sql.c */

/*
 * How the text of a distance names things.
 */
typedef struct MMSqlStyle
{
	Relation	index;			/* whose columns they are */
	const MMColumns *columns;
	const char *alias;			/* of the table; NULL: bare column names */
	bool		not_null;		/* NOT NULL columns of the table can be trusted */
	bool		literals;		/* query values as literals, not as $1, $2, ... */
	bool		normalized;		/* divide by the scales */
	MMMissing	missing;
} MMSqlStyle;

/*
 * mm_sql_distance: append the weighted sum of the terms.  Parameters are
 * numbered in the order of the terms.
 */
extern void mm_sql_distance(StringInfo buf, const MMSqlStyle *style,
							const MMTerms *terms);

/*
 * mm_sql_present: append the condition that all the terms' columns have
 * values, "true" if they always do.
 */
extern void mm_sql_present(StringInfo buf, const MMSqlStyle *style,
						   const MMTerms *terms);

/*
 * mm_sql_number: a number as SQL, such that it reads back as the same.
 */
extern const char *mm_sql_number(double x);

/*
 * mm_missing_parse: the value of the argument "missing".
 */
extern MMMissing mm_missing_parse(const char *name);

/* index_search.c */

/*
 * mm_index_search: find the k nearest rows of table, or if k is 0 those within
 * radius, by the index of style, and put them into store: rows of desc, (row,
 * distance), in order.  False, and nothing done, if the index cannot answer
 * that, or not fast: run the SELECT then.
 */
extern bool mm_index_search(Relation table, const MMSqlStyle *style,
							const MMTerms *terms, int64 k, double radius,
							TupleDesc desc, Tuplestorestate *store);

#endif							/* MM_QUERY_H */
