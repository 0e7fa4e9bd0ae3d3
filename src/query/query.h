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

#include "index/scales.h"
#include "search/terms.h"

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
	bool		parameters;		/* weights and scales, too, as parameters: the
								 * text is to be run, not to be read */
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
 * mm_sql_require_scales: raise an error unless there are scales for those of
 * the terms that need any.
 */
extern void mm_sql_require_scales(const MMSqlStyle *style, const MMTerms *terms,
								  const MMMeta *statistics, const MMScales *scales);

/*
 * mm_sql_number: a number as SQL, such that it reads back as the same.
 */
extern const char *mm_sql_number(double x);

/*
 * mm_sql_column: the expression of a column.
 */
extern char *mm_sql_column(const MMSqlStyle *style, const MMColumn *column);

/*
 * mm_sql_call: a call of an operator, on two operands, given as SQL, of these types.
 * If exact, it means this very operator, whatever others there are in the
 * search_path, for the operands' types or domains over them; if not, it is
 * written as a person would where that means the same.  An operand $n of an
 * inexact call may be of unknown type.
 */
extern char *mm_sql_call(Oid operator, const char *left, Oid left_type,
						 const char *right, Oid right_type, bool exact);

/*
 * mm_missing_parse: the value of the argument "missing".
 */
extern MMMissing mm_missing_parse(const char *name);

/* statement.c */

/*
 * mm_require_argument: raise an error, with the argument's name, if it is NULL.
 */
extern void mm_require_argument(FunctionCallInfo fcinfo, int arg, const char *name);

/*
 * mm_check_width: raise an error unless a query of ncomponents components has
 * one for each of the index's columns.
 */
extern void mm_check_width(Relation index, const MMColumns *columns, int ncomponents);

/*
 * mm_not_null_holds: does NOT NULL hold for all rows that a query of the table
 * finds?  A table's children by inheritance may have done without it;
 * partitions may not.
 */
extern bool mm_not_null_holds(Oid table);

/*
 * mm_sql_style: fill in the style of a statement on a table, with the columns of
 * an index: all as parameters, normalized, missing values by penalty.
 */
extern void mm_sql_style(MMSqlStyle *style, Relation index, const MMColumns *columns,
						 Relation table);

/*
 * mm_sql_table: the table's name, qualified and quoted.
 */
extern char *mm_sql_table(Relation table);

/*
 * mm_sql_parameters: values of the parameters of a statement with these terms.
 * types gets their MM_PARAMETERS(terms->n) types.
 */
extern ParamListInfo mm_sql_parameters(const MMColumns *columns, const MMTerms *terms,
									   double radius, Oid *types);

/* profile.c */

/*
 * mm_profile_get: the weights of a saved profile, in the order of these columns
 * (n of them).  Raises an error if there is no such profile, or it is about
 * other columns.
 */
extern double *mm_profile_get(const char *profile, int n, const char **columns);

/*
 * mm_profile_require_writable: raise an error unless the user may save profiles.
 */
extern void mm_profile_require_writable(void);

/*
 * mm_profile_save: save a profile, in place of one of that name: the index's
 * name, columns (text[]) and weights (double precision[]) as Datums, recalls
 * (NaN: none), and how it was learned, as the text of a jsonb.
 */
extern void mm_profile_save(const char *profile, const char *index, Datum columns, Datum weights,
							double recall, double heldout, const char *how);

/* plans.c */

/*
 * mm_plan_execute: run a query, by the plan that is kept if it was asked before.
 * nparams parameters have these types; their values are in options.
 */
extern void mm_plan_execute(const char *sql, int nparams, Oid *types,
							const SPIExecuteOptions *options);

#endif							/* MM_QUERY_H */
