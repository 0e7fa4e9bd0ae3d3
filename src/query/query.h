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

#include "executor/spi.h"
#include "lib/stringinfo.h"

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
	bool		parameters;		/* weights and scales, too, as parameters */
	bool		normalized;		/* divide by the scales */
	MMMissing	missing;
} MMSqlStyle;

/*
 * Parameters: first the query values, in the order of the n terms; then their
 * weights, and their scales; the sum of the weights; what else there is.
 */
#define MM_WEIGHT_PARAMETER(n, i)	((n) + (i) + 1)
#define MM_SCALE_PARAMETER(n, i)	(2 * (n) + (i) + 1)
#define MM_TOTAL_PARAMETER(n)		(3 * (n) + 1)
#define MM_RADIUS_PARAMETER(n)		(3 * (n) + 2)
#define MM_PARAMETERS(n)			(3 * (n) + 2)

/*
 * mm_sql_distance: append the weighted sum of the terms.
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

/* plans.c */

/*
 * mm_plan_execute: run a query, by the plan that is kept if it was asked before.
 * nparams parameters have these types; their values are in options.
 */
extern void mm_plan_execute(const char *sql, int nparams, Oid *types,
							const SPIExecuteOptions *options);

#endif							/* MM_QUERY_H */
