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

#include "am/am.h"
#include "type/odbquery.h"

/*
 * One term of a weighted sum: weight * (distance to value / scale).
 */
typedef struct MMTerm
{
	int			column;
	double		weight;			/* > 0 */
	double		scale;			/* > 0 */
	Datum		value;			/* of the column's type */
} MMTerm;

typedef struct MMTerms
{
	int			n;				/* at least 1 */
	MMTerm		terms[MM_MAX_COLUMNS];
} MMTerms;

/*
 * What a column without a value adds to the distance.
 */
typedef enum MMMissing
{
	MISSING_PENALTY,			/* as if it were at distance scale */
	MISSING_IGNORE,				/* nothing; the other weights make up for it */
	MISSING_EXCLUDE,			/* such rows are no answers */
} MMMissing;

/* terms.c */

/*
 * mm_terms_make: match an object, weights and scales with columns.  Components
 * that are NULL or have no weight take no part; the others are converted to
 * their column's type.  scales may be NULL.  Raises an error, naming the
 * column, for a component that does not fit or has no distances, and if no
 * column takes part.
 */
extern MMTerms *mm_terms_make(const MMColumns *columns,
							  const OdbQueryParts *query,
							  const double *weights, const double *scales);

/*
 * mm_terms_check_dimensions: raise an error, naming the column, for a value
 * whose dimensions are not those of its column in the statistics.
 */
extern void mm_terms_check_dimensions(const MMColumns *columns,
									  const MMTerms *terms,
									  const MMMeta *statistics);

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

/*
 * mm_column_names: the columns' names (columns->n).
 */
extern const char **mm_column_names(const MMColumns *columns);

#endif							/* MM_QUERY_H */
