/*-------------------------------------------------------------------------
 *
 * json_sum.c
 *	  The sums of distances in a query written as JSON.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "index/open.h"
#include "index/profile.h"
#include "model/statistics.h"
#include "query/json_query.h"

bool
mm_json_compares(JsonbContainer *object)
{
	JsonPath	path;

	return mm_json_get(object, "object", NULL, &path) != NULL || mm_json_get(object, "id", NULL, &path) != NULL;
}

/* ---------- the index and the key ---------- */

/*
 * The one mmdb index of a table.
 */
static Relation
only_index(const JsonPath *path, Relation table)
{
	Oid			am = get_index_am_oid(MM_AM_NAME, false);
	Relation	found = NULL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(table))
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_rel->relam != am || !index->rd_index->indisvalid ||
			RelationGetIndexPredicate(index) != NIL)
			relation_close(index, AccessShareLock);
		else if (found == NULL)
			found = index;
		else
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
					 errmsg("table \"%s\" has several mmdb indexes", RelationGetRelationName(table)),
					 errhint("Name the one to use at %s.index.", mm_json_path(path))));
	}
	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("\"%s\" has no mmdb index", RelationGetRelationName(table)),
				 errhint("Create one, or name the index to take metrics and scales from at %s.index.",
						 mm_json_path(path))));
	return found;
}

/*
 * The index that is named, or that has the columns of the object or, failing
 * these, of the weights.
 */
static Relation
choose_index(const JsonPath *path, JsonbContainer *json, Relation table)
{
	static const char *const by[] = {"object", "weights"};
	JsonPath	place;
	JsonbValue *name = mm_json_get(json, "index", path, &place);
	char	   *how;

	if (name != NULL)
	{
		ErrorContextCallback callback = {
			.callback = mm_json_path_context,
			.arg = &place,
			.previous = error_context_stack,
		};
		Relation	index;

		error_context_stack = &callback;
		index = mm_index_open(DatumGetObjectId(DirectFunctionCall1(regclassin,
																   CStringGetDatum(mm_json_text(&place, name)))), false);
		mm_index_require_valid(index);
		error_context_stack = callback.previous;
		return index;
	}
	how = psprintf("at %s.index", mm_json_path(path));
	for (int i = 0; i < (int) lengthof(by); i++)
	{
		JsonbValue *value = mm_json_get(json, by[i], path, &place);

		if (value == NULL || value->type != jbvBinary || JsonContainerSize(value->val.binary.data) == 0)
			continue;
		if (JsonContainerIsArray(value->val.binary.data))
			return mm_choose_index(table, JsonContainerSize(value->val.binary.data), NIL, how);
		return mm_choose_index(table, 0, mm_json_keys(value->val.binary.data), how);
	}
	return only_index(path, table);
}

/*
 * The columns of the table's primary key, in the key's order.
 */
static List *
primary_key(Relation table)
{
	List	   *key = NIL;
	Relation	index;

	list_free(RelationGetIndexList(table));
	if (!OidIsValid(table->rd_pkindex))
		return NIL;
	index = relation_open(table->rd_pkindex, AccessShareLock);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		key = lappend_int(key, index->rd_index->indkey.values[i]);
	relation_close(index, AccessShareLock);
	return key;
}

void
mm_json_begin(JsonQuery *query)
{
	mm_sql_style(&query->style, NULL, NULL, query->table);
	if (query->table->rd_rel->relkind != RELKIND_VIEW)
		query->key = primary_key(query->table);
}

void
mm_json_require_index(const JsonPath *path, JsonbContainer *object, JsonQuery *query)
{
	MMSqlStyle *style = &query->style;
	bool		normalized = style->normalized;
	MMMissing	missing = style->missing;
	Relation	index;
	MMColumns  *columns;

	if (style->index != NULL)
		return;
	index = choose_index(path, object, query->table);
	columns = mm_columns_present(index);
	mm_check_index_fits(index, query->table);
	mm_sql_style(style, index, columns, query->table);
	style->normalized = normalized;
	style->missing = missing;
	query->statistics = mm_statistics_get(index, columns);
	mm_scales_get(index, columns, query->statistics, &query->scales);
}

char *
mm_json_key_list(const JsonQuery *query)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, query->key)
		appendStringInfo(&buf, "%s%s.%s", buf.len > 0 ? ", " : "", query->style.alias,
						 quote_identifier(get_attname(RelationGetRelid(query->table), lfirst_int(lc), false)));
	return buf.data;
}

/* ---------- the query object ---------- */

/*
 * The condition that a row has the key that is given: a value, or an object of
 * values for a key of several columns.
 */
static char *
key_condition(const JsonPath *path, const JsonbValue *id, JsonQuery *lookup)
{
	Oid			relid = RelationGetRelid(lookup->table);
	StringInfoData buf;
	ListCell   *lc;

	if (lookup->key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" has no primary key that %s of the query could be",
						RelationGetRelationName(lookup->table), mm_json_path(path)),
				 errhint("Give an \"object\", with values by the columns' names.")));
	initStringInfo(&buf);
	foreach(lc, lookup->key)
	{
		char	   *name = get_attname(relid, lfirst_int(lc), false);
		Oid			type = getBaseType(get_atttype(relid, lfirst_int(lc)));
		Oid			equals = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
		JsonPath	place = *path;
		const JsonbValue *value = id;
		int			parameter;

		if (id->type == jbvBinary && JsonContainerIsObject(id->val.binary.data))
			value = mm_json_get(id->val.binary.data, name, path, &place);
		else if (list_length(lookup->key) > 1)
			mm_json_wrong(path, "an object with the columns of the primary key");
		if (value == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s of the query has no value", mm_json_path(&place)),
					 errdetail("The primary key has column \"%s\".", name)));
		if (!OidIsValid(equals))
			mm_json_wrong(path, "left out, as the primary key's type has no equality");
		parameter = mm_json_parameter(lookup, type, mm_json_input(&place, value, type));
		appendStringInfo(&buf, "%s(%s)", buf.len > 0 ? " AND " : "",
						 mm_sql_call(equals, psprintf("%s.%s", lookup->style.alias, quote_identifier(name)), type,
									 psprintf("$%d", parameter), type, true));
	}
	return buf.data;
}

/*
 * Take the query object from a row of the table, which is searched for as any
 * row is: with the caller's rights.
 */
static void
object_of_row(const JsonPath *path, const JsonbValue *id, const JsonQuery *query, OdbQueryParts *object)
{
	const MMColumns *columns = query->style.columns;
	MemoryContext context = CurrentMemoryContext;
	JsonQuery	lookup = *query;
	StringInfoData sql;

	lookup.nparams = lookup.maxparams = 0;
	lookup.types = NULL;
	lookup.values = NULL;
	initStringInfo(&sql);
	for (int i = 0; i < columns->n; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "SELECT ", mm_sql_column(&query->style, &columns->columns[i]));
	appendStringInfo(&sql, " FROM %s AS %s WHERE ", mm_sql_table(query->table), query->style.alias);
	appendStringInfoString(&sql, key_condition(path, id, &lookup));

	SPI_connect();
	if (SPI_execute_with_args(sql.data, lookup.nparams, lookup.types, lookup.values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the row of the query object");
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" has no row with the key at %s of the query",
						RelationGetRelationName(query->table), mm_json_path(path))));
	for (int i = 0; i < columns->n; i++)
	{
		const MMColumn *column = &columns->columns[i];
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &object->isnull[i]);

		if (!object->isnull[i])
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			object->values[i] = datumCopy(mm_column_detoast(column, value), column->typbyval, column->typlen);
			MemoryContextSwitchTo(old);
		}
	}
	SPI_finish();
}

/*
 * The query object: a row's, with whatever values are given in place of its own.
 */
static void
read_object(const JsonPath *path, JsonbContainer *json, const JsonQuery *query, OdbQueryParts *object)
{
	const MMColumns *columns = query->style.columns;
	OdbQueryParts given;
	JsonPath	id_path;
	JsonPath	object_path;
	JsonbValue *id = mm_json_get(json, "id", path, &id_path);
	JsonbValue *value = mm_json_get(json, "object", path, &object_path);
	ErrorContextCallback callback = {
		.callback = mm_json_path_context,
		.arg = &object_path,
		.previous = error_context_stack,
	};
	Jsonb	   *values;
	ListCell   *lc;

	if (id == NULL && value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of the query has neither \"id\" nor \"object\"", mm_json_path(path)),
				 errhint("\"object\" has values by the columns' names; \"id\" is the primary key of the row to compare with.")));
	memset(object, 0, sizeof(*object));
	object->natts = columns->n;
	object->types = palloc(sizeof(Oid) * columns->n);
	object->values = palloc0(sizeof(Datum) * columns->n);
	object->isnull = palloc(sizeof(bool) * columns->n);
	for (int i = 0; i < columns->n; i++)
	{
		object->types[i] = columns->columns[i].type;
		object->isnull[i] = true;
	}
	if (id != NULL)
		object_of_row(&id_path, id, query, object);
	if (value == NULL)
		return;
	if (value->type != jbvBinary)
		mm_json_wrong(&object_path, "an object or an array");
	error_context_stack = &callback;
	values = JsonbValueToJsonb(value);
	mm_values_query(values, query->style.index, columns, &given);
	if (mm_values_names(values) == NIL && JsonContainerIsArray(value->val.binary.data))
		*object = given;
	foreach(lc, mm_values_names(values))
	{
		int			i = mm_columns_find(columns, lfirst(lc));

		object->values[i] = given.values[i];
		object->isnull[i] = given.isnull[i];
	}
	error_context_stack = callback.previous;
}

static double *
read_weights(const JsonPath *path, JsonbContainer *json, const JsonQuery *query)
{
	const MMColumns *columns = query->style.columns;
	JsonPath	place;
	JsonPath	profile_path;
	JsonbValue *value = mm_json_get(json, "weights", path, &place);
	JsonbValue *profile = mm_json_get(json, "profile", path, &profile_path);
	ErrorContextCallback callback = {
		.callback = mm_json_path_context,
		.arg = &place,
		.previous = error_context_stack,
	};
	double	   *weights;

	if (value != NULL && profile != NULL)
		mm_json_wrong(&profile_path, "left out, as there are weights");
	if (value != NULL && (value->type != jbvBinary || JsonContainerSize(value->val.binary.data) == 0))
		mm_json_wrong(&place, "an object or an array of numbers");
	if (profile != NULL)
		callback.arg = &profile_path;
	error_context_stack = &callback;
	if (profile != NULL)
		weights = mm_profile_get(mm_json_text(&profile_path, profile), columns->n, mm_column_names(columns), ERROR);
	else
		weights = mm_values_weights(value == NULL ? NULL :
									cstring_to_text(JsonbToCString(NULL, value->val.binary.data,
																   value->val.binary.len)),
									columns);
	error_context_stack = callback.previous;
	return weights;
}

/* ---------- the sum ---------- */

char *
mm_json_sum(const JsonPath *path, JsonbContainer *object, JsonQuery *query, double radius,
			int *radius_parameter, char **parts, char **present)
{
	MMSqlStyle	style;
	ErrorContextCallback callback = {
		.callback = mm_json_path_context,
		.arg = unconstify(JsonPath *, path),
		.previous = error_context_stack,
	};
	OdbQueryParts values;
	double	   *weights;
	MMTerms    *terms;
	ParamListInfo params;
	Oid			types[MM_PARAMETERS(MM_MAX_COLUMNS)];
	StringInfoData buf;

	mm_json_require_index(path, object, query);
	style = query->style;
	read_object(path, object, query, &values);
	weights = read_weights(path, object, query);
	error_context_stack = &callback;
	terms = mm_terms_make(style.columns, &values, weights, query->scales.in_force);
	mm_terms_check_dimensions(style.columns, terms, query->statistics);
	mm_sql_require_scales(&style, terms, query->statistics, &query->scales);
	error_context_stack = callback.previous;

	style.first = query->nparams;
	params = mm_sql_parameters(style.columns, terms, radius, types);
	for (int i = 0; i < params->numParams; i++)
		mm_json_parameter(query, types[i], params->params[i].value);
	*radius_parameter = style.first + MM_RADIUS_PARAMETER(terms->n);

	if (parts != NULL)
	{
		initStringInfo(&buf);
		mm_sql_parts(&buf, &style, terms);
		*parts = buf.data;
	}
	if (present != NULL)
	{
		initStringInfo(&buf);
		mm_sql_present(&buf, &style, terms);
		*present = buf.data;
	}
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '(');
	mm_sql_distance(&buf, &style, terms);
	appendStringInfoChar(&buf, ')');
	return buf.data;
}
