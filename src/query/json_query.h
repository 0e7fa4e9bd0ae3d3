/*-------------------------------------------------------------------------
 *
 * json_query.h
 *	  Queries written as JSON: what the files behind odb_query share.
 *
 * A place in the JSON is known by its path, as $.filter.and[2].width, and
 * every error tells it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_JSON_QUERY_H
#define MM_JSON_QUERY_H

#include "query/query.h"

/*
 * A place: a key of an object, or an element of an array, at another place.
 * The root has none above it.
 */
typedef struct JsonPath
{
	const struct JsonPath *above;
	const char *key;			/* NULL: an element */
	int			element;
} JsonPath;

/*
 * A query, as far as it has been read.
 */
typedef struct JsonQuery
{
	Relation	table;
	MMSqlStyle	style;			/* style.index is NULL: no distances are asked for */
	MMMeta	   *statistics;
	MMScales	scales;
	List	   *key;			/* column numbers of the primary key, if there is one */
	int			nconditions;

	/* Parameters of the statement. */
	int			nparams;
	int			maxparams;
	Oid		   *types;
	Datum	   *values;
} JsonQuery;

/* json_read.c */

/*
 * mm_json_path: the path's text.
 *
 * mm_json_path_context: a callback for an ErrorContextCallback.  Its argument
 * is the path.
 */
extern char *mm_json_path(const JsonPath *path);
extern void mm_json_path_context(void *arg);

/*
 * mm_json_wrong: raise the error that what is at a place is not what it must
 * be.
 */
pg_noreturn extern void mm_json_wrong(const JsonPath *path, const char *must_be);

/*
 * mm_json_object: the object that a value is.  Raises an error if it is none,
 * or if it has keys beside those allowed, a list that ends with NULL.
 *
 * mm_json_any_object: the same with whatever keys.
 *
 * mm_json_array: the array that a value is.  Raises an error if it is none.
 */
extern JsonbContainer *mm_json_object(const JsonPath *path, const JsonbValue *value,
									  const char *const *allowed);
extern JsonbContainer *mm_json_any_object(const JsonPath *path, const JsonbValue *value);
extern JsonbContainer *mm_json_array(const JsonPath *path, const JsonbValue *value);

/*
 * mm_json_get: the value of a key; NULL if there is none, or if it is null.
 * path becomes the place of it.
 */
extern JsonbValue *mm_json_get(JsonbContainer *object, const char *key, const JsonPath *above,
							   JsonPath *path);

/*
 * mm_json_keys: the keys of an object.
 */
extern List *mm_json_keys(JsonbContainer *object);

/*
 * mm_json_text, mm_json_boolean, mm_json_count, mm_json_radius: what a value
 * says.  Raise an error if it is not text, true or false, a whole number from
 * 1, or a number from 0.
 */
extern char *mm_json_text(const JsonPath *path, const JsonbValue *value);
extern bool mm_json_boolean(const JsonPath *path, const JsonbValue *value);
extern int64 mm_json_count(const JsonPath *path, const JsonbValue *value);
extern double mm_json_radius(const JsonPath *path, const JsonbValue *value);

/*
 * mm_json_input: a value as one of a type (no domain).  Errors tell the path.
 */
extern Datum mm_json_input(const JsonPath *path, const JsonbValue *value, Oid type);

/*
 * mm_json_column: the number of the table's column that a name means.  Raises
 * an error, which lists the columns, if there is none.  more says what else is
 * allowed in that place; or it is NULL.
 */
extern AttrNumber mm_json_column(const JsonPath *path, const JsonQuery *query, const char *name,
								 const char *more);

/*
 * mm_json_parameter: add a parameter to the statement.  Returns its number.
 */
extern int	mm_json_parameter(JsonQuery *query, Oid type, Datum value);

/* json_sum.c */

/*
 * mm_json_compares: does an object of the JSON ask for distances?
 */
extern bool mm_json_compares(JsonbContainer *object);

/*
 * mm_json_begin: set up what a query of its table needs before there is an
 * index: the style, and the primary key.
 *
 * mm_json_require_index: unless there is an index already, find the one that
 * an object of the JSON names, or whose columns it compares.
 */
extern void mm_json_begin(JsonQuery *query);
extern void mm_json_require_index(const JsonPath *path, JsonbContainer *object, JsonQuery *query);

/*
 * mm_json_sum: the sum of distances that the keys "id", "object", "weights" and
 * "profile" of an object mean, in parentheses, and its parts.  The sum's values
 * become parameters, of which the one for the radius is *radius_parameter.
 * present, if not NULL, gets the condition that nothing is missing.
 */
extern char *mm_json_sum(const JsonPath *path, JsonbContainer *object, JsonQuery *query,
						 double radius, int *radius_parameter, char **parts, char **present);

/*
 * mm_json_key_list: the columns of the primary key, as SQL.
 */
extern char *mm_json_key_list(const JsonQuery *query);

/* json_filter.c */

/*
 * mm_json_filter: the condition that a filter of the JSON means, as SQL.
 */
extern char *mm_json_filter(const JsonPath *path, const JsonbValue *value, JsonQuery *query,
							int depth);

#endif							/* MM_JSON_QUERY_H */
