/*-------------------------------------------------------------------------
 *
 * json_filter.c
 *	  The conditions of a query written as JSON.
 *
 * A condition is an object.  Its keys are columns, with what they must be, or
 * and, or, not, within and nearest; or
 * "columns", an object whose keys are columns, whatever their names.  All of them must hold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "query/json_query.h"

static const char *const within_keys[] = {"id", "object", "weights", "profile", "radius", NULL};
static const char *const nearest_keys[] = {"id", "object", "weights", "profile", "k", "filter", NULL};
static const char *const column_keys[] = {"eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "null", NULL};

#define CONDITIONS	"and, or, not, within, nearest, columns"

static void
count_condition(const JsonPath *path, JsonQuery *query)
{
	if (++query->nconditions > MM_MAX_QUERY_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many conditions at %s of the query", mm_json_path(path)),
				 errdetail("A query has at most %d conditions.", MM_MAX_QUERY_CONDITIONS)));
}

/* ---------- columns ---------- */

/*
 * A column that is compared.
 */
typedef struct Operand
{
	const char *sql;
	Oid			type;			/* of the values that it is compared with */
	Oid			column_type;	/* which may be a domain */
} Operand;

static int
value_parameter(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const Operand *operand)
{
	return mm_json_parameter(query, operand->type, mm_json_input(path, value, operand->type));
}

/*
 * The comparison of a column with a value, by the type's own order, whatever
 * operators are in the search_path.
 */
static char *
comparison(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const Operand *operand, int strategy)
{
	TypeCacheEntry *cache = lookup_type_cache(operand->type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR);
	Oid			operator = InvalidOid;

	if (OidIsValid(cache->btree_opf))
		operator = get_opfamily_member(cache->btree_opf, cache->btree_opintype, cache->btree_opintype, strategy);
	else if (strategy == BTEqualStrategyNumber)
		operator = cache->eq_opr;
	if (!OidIsValid(operator))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("values of type %s have no such comparison as at %s of the query",
						format_type_be(operand->type), mm_json_path(path))));
	return psprintf("(%s)", mm_sql_call(operator, operand->sql, operand->column_type,
										psprintf("$%d", value_parameter(path, value, query, operand)),
										operand->type, true));
}

/*
 * Is a column between two values, both included?  A null leaves that side open.
 */
static char *
between(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const Operand *operand)
{
	static const int strategies[] = {BTGreaterEqualStrategyNumber, BTLessEqualStrategyNumber};
	JsonbContainer *bounds = mm_json_array(path, value);
	StringInfoData buf;

	if (JsonContainerSize(bounds) != 2)
		mm_json_wrong(path, "an array of two values, from and to");
	initStringInfo(&buf);
	for (int i = 0; i < 2; i++)
	{
		JsonPath	place = {.above = path, .element = i};
		JsonbValue *bound = getIthJsonbValueFromContainer(bounds, i);

		if (bound->type != jbvNull)
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? " AND " : "",
							 comparison(&place, bound, query, operand, strategies[i]));
	}
	return buf.len > 0 ? psprintf("(%s)", buf.data) : "true";
}

/*
 * An array of values as a parameter, which is an array of a type.
 */
static int
array_parameter(const JsonPath *path, const JsonbValue *value, JsonQuery *query, Oid element)
{
	JsonbContainer *array = mm_json_array(path, value);
	int			n = JsonContainerSize(array);
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	Oid			type = get_array_type(element);
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there are no sets of values of type %s, as at %s of the query",
						format_type_be(element), mm_json_path(path)),
				 errhint("Use \"or\".")));
	for (int i = 0; i < n; i++)
	{
		JsonPath	place = {.above = path, .element = i};

		values[i] = mm_json_input(&place, getIthJsonbValueFromContainer(array, i), element);
	}
	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	return mm_json_parameter(query, type, PointerGetDatum(construct_array(values, n, element, typlen, typbyval,
																		  typalign)));
}

/*
 * An operator as SQL, whatever the search_path is.
 */
static char *
operator_text(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					  NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Is a column's value one of a set?
 */
static char *
is_in(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const Operand *operand)
{
	Oid			equals = lookup_type_cache(operand->type, TYPECACHE_EQ_OPR)->eq_opr;
	int			parameter = array_parameter(path, value, query, operand->type);

	if (!OidIsValid(equals))
		mm_json_wrong(path, "left out, as values of the column's type have no equality");
	return psprintf("(%s %s ANY ($%d))", operand->sql, operator_text(equals), parameter);
}

/*
 * Has an array all these elements?
 */
static char *
contains(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const Operand *operand)
{
	Oid			element = get_element_type(operand->type);

	if (!OidIsValid(element))
		mm_json_wrong(path, "left out, as the column is no array");
	return psprintf("(%s OPERATOR(pg_catalog.@>) $%d)", operand->sql,
					array_parameter(path, value, query, element));
}

static char *
one_of_column(const JsonPath *path, const char *key, const JsonbValue *value, JsonQuery *query,
			  const Operand *operand)
{
	count_condition(path, query);
	if (strcmp(key, "eq") == 0)
		return comparison(path, value, query, operand, BTEqualStrategyNumber);
	if (strcmp(key, "ne") == 0)
		return psprintf("(NOT %s)", comparison(path, value, query, operand, BTEqualStrategyNumber));
	if (strcmp(key, "lt") == 0)
		return comparison(path, value, query, operand, BTLessStrategyNumber);
	if (strcmp(key, "le") == 0)
		return comparison(path, value, query, operand, BTLessEqualStrategyNumber);
	if (strcmp(key, "gt") == 0)
		return comparison(path, value, query, operand, BTGreaterStrategyNumber);
	if (strcmp(key, "ge") == 0)
		return comparison(path, value, query, operand, BTGreaterEqualStrategyNumber);
	if (strcmp(key, "between") == 0)
		return between(path, value, query, operand);
	if (strcmp(key, "in") == 0)
		return is_in(path, value, query, operand);
	if (strcmp(key, "contains") == 0)
		return contains(path, value, query, operand);
	return psprintf("(%s IS %sNULL)", operand->sql, mm_json_boolean(path, value) ? "" : "NOT ");
}

/*
 * What a column must be: a value, null, or an object of comparisons.  more says
 * what else but a column is allowed in its place.
 */
static void
column_condition(const JsonPath *path, const char *name, const JsonbValue *value, JsonQuery *query,
				 const char *more, StringInfo buf)
{
	AttrNumber	attnum = mm_json_column(path, query, name, more);
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(query->table), attnum - 1);
	Operand		operand = {
		.sql = psprintf("%s.%s", query->style.alias, quote_identifier(name)),
		.type = getBaseType(attribute->atttypid),
		.column_type = attribute->atttypid,
	};
	JsonbContainer *object;
	ListCell   *lc;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
	{
		count_condition(path, query);
		appendStringInfo(buf, "%s%s", buf->len > 0 ? " AND " : "",
						 value->type == jbvNull ? psprintf("(%s IS NULL)", operand.sql) :
						 comparison(path, value, query, &operand, BTEqualStrategyNumber));
		return;
	}
	object = mm_json_object(path, value, column_keys);
	foreach(lc, mm_json_keys(object))
	{
		JsonPath	place;
		JsonbValue *operand_value = mm_json_get(object, lfirst(lc), path, &place);

		if (operand_value == NULL)
			mm_json_wrong(&place, "a value; a column that has none is {\"null\": true}");
		appendStringInfo(buf, "%s%s", buf->len > 0 ? " AND " : "",
						 one_of_column(&place, lfirst(lc), operand_value, query, &operand));
	}
}

/*
 * The conditions of several columns.
 */
static void
columns_condition(const JsonPath *path, const JsonbValue *value, JsonQuery *query, StringInfo buf)
{
	JsonbContainer *object = mm_json_any_object(path, value);
	ListCell   *lc;

	foreach(lc, mm_json_keys(object))
	{
		JsonbValue	null = {.type = jbvNull};
		JsonPath	place;
		JsonbValue *item = mm_json_get(object, lfirst(lc), path, &place);

		column_condition(&place, lfirst(lc), item == NULL ? &null : item, query, NULL, buf);
	}
}

/* ---------- conditions on distances ---------- */

/*
 * Is a row within a radius of an object (V.R)?
 */
static char *
within(const JsonPath *path, const JsonbValue *value, JsonQuery *query)
{
	JsonbContainer *object = mm_json_object(path, value, within_keys);
	JsonPath	place;
	JsonbValue *radius = mm_json_get(object, "radius", path, &place);
	int			parameter;
	char	   *sum;

	if (radius == NULL)
		mm_json_wrong(&place, "a number, at least 0");
	sum = mm_json_sum(path, object, query, mm_json_radius(&place, radius), &parameter, NULL, NULL);
	return psprintf("(%s OPERATOR(pg_catalog.<=) $%d)", sum, parameter);
}

/*
 * Is a row among the k nearest to an object (V.K)?
 */
static char *
nearest(const JsonPath *path, const JsonbValue *value, JsonQuery *query, int depth)
{
	JsonbContainer *object = mm_json_object(path, value, nearest_keys);
	JsonPath	place;
	JsonbValue *k = mm_json_get(object, "k", path, &place);
	int64		limit;
	int			parameter;
	char	   *present;
	char	   *sum;
	char	   *key;
	char	   *condition = "true";
	JsonbValue *filter;

	if (k == NULL)
		mm_json_wrong(&place, "a whole number, at least 1");
	limit = mm_json_count(&place, k);
	if (query->key == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("\"%s\" has no primary key, which %s of the query takes",
						RelationGetRelationName(query->table), mm_json_path(path))));
	sum = mm_json_sum(path, object, query, 0.0, &parameter, NULL, &present);
	filter = mm_json_get(object, "filter", path, &place);
	if (filter != NULL)
		condition = mm_json_filter(&place, filter, query, depth + 1);
	key = mm_json_key_list(query);
	return psprintf("((%s) OPERATOR(pg_catalog.=) ANY (SELECT %s FROM %s AS %s WHERE %s AND %s ORDER BY %s LIMIT %lld))",
					key, key, mm_sql_table(query->table), query->style.alias, condition,
					query->style.missing == MISSING_EXCLUDE ? present : "true", sum, (long long) limit);
}

/* ---------- and, or, not ---------- */

static char *
joined(const JsonPath *path, const JsonbValue *value, JsonQuery *query, const char *word, int depth)
{
	JsonbContainer *array = mm_json_array(path, value);
	StringInfoData buf;

	if (JsonContainerSize(array) == 0)
		mm_json_wrong(path, "an array of at least one condition");
	initStringInfo(&buf);
	for (uint32 i = 0; i < JsonContainerSize(array); i++)
	{
		JsonPath	place = {.above = path, .element = i};

		appendStringInfo(&buf, "%s%s", i > 0 ? word : "(",
						 mm_json_filter(&place, getIthJsonbValueFromContainer(array, i), query, depth + 1));
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

char *
mm_json_filter(const JsonPath *path, const JsonbValue *value, JsonQuery *query, int depth)
{
	JsonbContainer *object = mm_json_any_object(path, value);
	StringInfoData buf;
	ListCell   *lc;

	if (depth > MM_MAX_QUERY_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("conditions are nested too deeply in the query"),
				 errdetail("They have at most %d levels.", MM_MAX_QUERY_DEPTH)));
	initStringInfo(&buf);
	foreach(lc, mm_json_keys(object))
	{
		const char *key = lfirst(lc);
		JsonPath	place;
		JsonbValue *item = mm_json_get(object, key, path, &place);
		JsonbValue	null = {.type = jbvNull};
		const char *condition = NULL;

		if (item == NULL)
			item = &null;
		if (strcmp(key, "and") == 0)
			condition = joined(&place, item, query, " AND ", depth);
		else if (strcmp(key, "or") == 0)
			condition = joined(&place, item, query, " OR ", depth);
		else if (strcmp(key, "not") == 0)
			condition = psprintf("(NOT %s)", mm_json_filter(&place, item, query, depth + 1));
		else if (strcmp(key, "within") == 0)
			condition = within(&place, item, query);
		else if (strcmp(key, "nearest") == 0)
			condition = nearest(&place, item, query, depth);
		if (strcmp(key, "columns") == 0)
			columns_condition(&place, item, query, &buf);
		else if (condition == NULL)
			column_condition(&place, key, item, query, CONDITIONS, &buf);
		else
		{
			count_condition(&place, query);
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? " AND " : "", condition);
		}
	}
	return buf.len > 0 ? psprintf("(%s)", buf.data) : "true";
}
