/*-------------------------------------------------------------------------
 *
 * query.h
 *	  Multi-metric queries: the object and weights that a user gives, matched
 *	  with the columns they are about.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_QUERY_H
#define MM_QUERY_H

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "index/scales.h"
#include "search/terms.h"

/*
 * What a column without a value adds to the distance.
 */
typedef enum MMMissing
{
	MISSING_PENALTY,			/* as if its distance were the scale */
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
	int			first;			/* parameters that come before those of the sum */
	bool		normalized;		/* divide by the scales */
	MMMissing	missing;
} MMSqlStyle;

/*
 * The numbers of a statement's parameters.  First come the query values, in
 * the order of the n terms, then the terms' weights and scales, then the sum
 * of the weights, and then the rest.
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
 * mm_sql_parts: append an array with an element for each of the index's
 * columns: what it adds to the distance, or NULL if it plays no part.  Added up
 * in order, the parts are the distance to the last bit, unless something makes
 * up for missing values: then each part is rounded by itself.
 */
extern void mm_sql_parts(StringInfo buf, const MMSqlStyle *style,
						 const MMTerms *terms);

/*
 * mm_sql_present: append the condition that the columns of all terms have
 * values.  It is "true" if they always have.
 */
extern void mm_sql_present(StringInfo buf, const MMSqlStyle *style,
						   const MMTerms *terms);

/*
 * mm_sql_require_scales: raise an error unless there are scales for all terms
 * that need one.
 */
extern void mm_sql_require_scales(const MMSqlStyle *style, const MMTerms *terms,
								  const MMMeta *statistics, const MMScales *scales);

/*
 * mm_sql_number: a number as SQL that is read back as the same number.
 */
extern const char *mm_sql_number(double x);

/*
 * mm_sql_column: the expression of a column, as SQL.
 */
extern char *mm_sql_column(const MMSqlStyle *style, const MMColumn *column);

/*
 * mm_sql_call: a call of an operator on two operands of these types, given as
 * SQL.  An exact call means this very operator for operands of these types or
 * of domains over them, whatever other operators are in the search_path.  An
 * inexact call is written as a person would write it where that means the
 * same; its operand $n may be of unknown type.
 */
extern char *mm_sql_call(Oid operator, const char *left, Oid left_type,
						 const char *right, Oid right_type, bool exact);

/*
 * mm_missing_parse: the meaning of a value of the argument "missing".
 */
extern MMMissing mm_missing_parse(const char *name);

/* statement.c */

/*
 * mm_require_argument: raise an error that names the argument if it is NULL.
 */
extern void mm_require_argument(FunctionCallInfo fcinfo, int arg, const char *name);

/*
 * mm_check_width: raise an error unless a query of ncomponents components has
 * one for each of the index's columns.
 */
extern void mm_check_width(Relation index, const MMColumns *columns, int ncomponents);

/*
 * mm_not_null_holds: does NOT NULL hold for all rows that a query of the table
 * finds?  Children by inheritance may lack the constraint; partitions may not.
 */
extern bool mm_not_null_holds(Oid table);

/*
 * mm_has_storage: are all rows of a table in storage of its own, or of its partitions
 * and its children?  Not so if some are foreign tables, if Citus has distributed the
 * table, or where nothing is stored at all: a view, or a table that is empty.
 */
extern bool mm_has_storage(Oid table);

/*
 * mm_sql_style: fill in the style of a statement on a table, with the columns
 * of an index; both are NULL if no distances are asked for.  Everything is a
 * parameter, distances are normalized, and missing values have a penalty.
 */
extern void mm_sql_style(MMSqlStyle *style, Relation index, const MMColumns *columns,
						 Relation table);

/*
 * mm_sql_table: the table's name, qualified and quoted.
 */
extern char *mm_sql_table(Relation table);

/*
 * mm_sql_filter: a condition that a user has written, in parentheses.  Raises
 * an error unless it is one expression, without parameters: whatever it is, it
 * cannot change the rest of the statement.
 */
extern char *mm_sql_filter(const char *filter);

/*
 * mm_sql_parameters: the values of the parameters of a statement with these
 * terms.  types gets the parameters' types, MM_PARAMETERS(terms->n) of them.
 */
extern ParamListInfo mm_sql_parameters(const MMColumns *columns, const MMTerms *terms,
									   double radius, Oid *types);

/* measure.c */

/*
 * mm_index_table_columns: the columns of its table that an index uses, in the form of
 * pull_varattnos; those of its predicate only if with_predicate.
 */
extern Bitmapset *mm_index_table_columns(Relation index, bool with_predicate);

/* values.c */

/*
 * mm_values_input: a JSON value, which is not null, as one of a type (no
 * domain), by that type's input function.
 */
extern Datum mm_values_input(Oid type, const JsonbValue *value);

/*
 * mm_number_text: a JSON number as text.
 */
extern char *mm_number_text(const JsonbValue *value);

/*
 * mm_values_parse: the query object in a value of type odbvalues, as jsonb.
 * Raises an error unless it is an object or an array, with something in it.
 *
 * mm_values_names: the names in it, an empty list for an array.
 *
 * mm_values_count: how many values it has.
 */
extern Jsonb *mm_values_parse(const text *values);
extern List *mm_values_names(const Jsonb *json);
extern int	mm_values_count(const Jsonb *json);

/*
 * mm_values_query: the query object for the columns of an index.  All its
 * components have their columns' types.  Columns that are not named have NULL.
 * Raises an error, which names the column, for a value that is none of the
 * column's type, for a name that is no column's, and for an array of another
 * length.
 */
extern void mm_values_query(const Jsonb *json, Relation index, const MMColumns *columns,
							OdbQueryParts *query);

/*
 * mm_values_weights: the weights in a value of type odbvalues, or all 1 if it
 * is NULL.  Columns that are not named have 0.  Raises the errors of
 * mm_weights_from_array, and one for a name that is no column's.
 */
extern double *mm_values_weights(const text *values, const MMColumns *columns);

/* choose_index.c */

/*
 * mm_choose_index: open the one mmdb index of a table that has ncolumns
 * columns, or columns of all these names if there are any.  Partial indexes do
 * not count.  An index that cannot be used does not stand in the way of
 * another.  Raises an error if there is no such index, or if there are several.
 * how tells the user to name one: "with" an argument, or "at" a place in JSON.
 */
extern Relation mm_choose_index(Relation table, int ncolumns, const List *names,
								const char *how);

/*
 * mm_check_index_fits: raise an error if an index belongs to another relation
 * (the table under a view, or the parent of a partition), and the table does
 * not have the columns that the index uses.
 */
extern void mm_check_index_fits(Relation index, Relation table);

/* measure.c */

/*
 * mm_scales_measure: what an index build would measure, over all rows of the
 * index's table, its partitions and its children.  Raises an error if the user may
 * not read all of it.  *columns becomes the index's columns, which remain when it has
 * been closed.
 */
extern MMMeta *mm_scales_measure(Oid index, MMColumns **columns);

/* profile.c */

/*
 * mm_profile_require_writable: raise an error unless the user may save profiles.
 */
extern void mm_profile_require_writable(void);

/*
 * mm_profile_save: save a profile, replacing one of that name.  It consists of
 * the index's name, columns (text[]) and weights (double precision[]) as
 * Datums, recalls (NaN if there are none), and how it was learned, as the text
 * of a jsonb.
 */
extern void mm_profile_save(const char *profile, const char *index, Datum columns, Datum weights,
							double recall, double heldout, const char *how);

/* plans.c */

/*
 * mm_plan_execute: run a query, by the kept plan if it was run before.  It has
 * nparams parameters of these types, whose values are in options.
 */
extern void mm_plan_execute(const char *sql, int nparams, Oid *types,
							const SPIExecuteOptions *options);

#endif							/* MM_QUERY_H */
