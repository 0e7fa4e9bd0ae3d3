/*-------------------------------------------------------------------------
 *
 * values.c
 *	  Reading odbvalues: a query object, or weights, for the columns of an
 *	  index.
 *
 * A program has names of columns and values of its own language, and makes
 * JSON of them.  A JSON value becomes one of the column's type by that type's
 * input function, so it is read as a literal in SQL would be.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "query/query.h"
#include "type/weights.h"

static const char *
skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
		s++;
	return s;
}

/*
 * Is a text JSON, rather than an array as PostgreSQL writes it?  Both may begin
 * with a brace, but what is in an array of numbers has no quotes.
 */
static bool
is_json(const char *s)
{
	s = skip_space(s);
	return *s == '[' || (*s == '{' && *skip_space(s + 1) == '"');
}

static bool
is_container(const Jsonb *json, bool array)
{
	const JsonbContainer *root = &json->root;

	return !JsonContainerIsScalar(root) && (array ? JsonContainerIsArray(root) : JsonContainerIsObject(root));
}

char *
mm_number_text(const JsonbValue *value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
}

/* ---------- query objects ---------- */

/*
 * Write a JSON array as PostgreSQL writes arrays.
 */
static void
write_array(StringInfo buf, JsonbContainer *array)
{
	JsonbIterator *it = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	value;
	bool		first = true;

	check_stack_depth();
	appendStringInfoChar(buf, '{');
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char	   *text;

		if (token != WJB_ELEM)
			continue;
		if (!first)
			appendStringInfoChar(buf, ',');
		first = false;
		if (value.type == jbvNull)
			appendStringInfoString(buf, "NULL");
		else if (value.type == jbvNumeric)
			appendStringInfoString(buf, mm_number_text(&value));
		else if (value.type == jbvBool)
			appendStringInfoString(buf, value.val.boolean ? "true" : "false");
		else if (value.type == jbvBinary && JsonContainerIsArray(value.val.binary.data))
			write_array(buf, value.val.binary.data);
		else
		{
			text = value.type == jbvString ?
				pnstrdup(value.val.string.val, value.val.string.len) :
				JsonbToCString(NULL, value.val.binary.data, value.val.binary.len);
			appendStringInfoChar(buf, '"');
			for (; *text != '\0'; text++)
			{
				if (*text == '"' || *text == '\\')
					appendStringInfoChar(buf, '\\');
				appendStringInfoChar(buf, *text);
			}
			appendStringInfoChar(buf, '"');
		}
	}
	appendStringInfoChar(buf, '}');
}

/*
 * A point as a list of its coordinates, in the form that its type reads; NULL if
 * the list is no pair of numbers.
 */
static char *
point_text(JsonbContainer *array)
{
	JsonbValue *x = getIthJsonbValueFromContainer(array, 0);
	JsonbValue *y = getIthJsonbValueFromContainer(array, 1);

	if (JsonContainerSize(array) != 2 || x->type != jbvNumeric || y->type != jbvNumeric)
		return NULL;
	return psprintf("(%s,%s)", mm_number_text(x), mm_number_text(y));
}

/*
 * A JSON value as a literal of a type.
 */
static char *
literal(Oid type, const JsonbValue *value)
{
	JsonbContainer *container;
	char	   *point = NULL;
	StringInfoData buf;

	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return mm_number_text(value);
		case jbvBool:
			return value->val.boolean ? "true" : "false";
		default:
			container = value->val.binary.data;
			break;
	}
	if (JsonContainerIsArray(container) && OidIsValid(get_element_type(type)))
	{
		initStringInfo(&buf);
		write_array(&buf, container);
		return buf.data;
	}
	if (JsonContainerIsArray(container) && type == POINTOID)
		point = point_text(container);
	return point != NULL ? point : JsonbToCString(NULL, container, value->val.binary.len);
}

Datum
mm_values_input(Oid type, const JsonbValue *value)
{
	Oid			function;
	Oid			ioparam;

	getTypeInputInfo(type, &function, &ioparam);
	return OidInputFunctionCall(function, literal(type, value), ioparam, -1);
}

static void
value_error_context(void *arg)
{
	errcontext("value of column \"%s\" in the query", ((const MMColumn *) arg)->name);
}

/*
 * Make a JSON value the component for column i.
 */
static void
set_component(const MMColumns *columns, int i, const JsonbValue *value, OdbQueryParts *query)
{
	const MMColumn *column = &columns->columns[i];
	ErrorContextCallback callback = {
		.callback = value_error_context,
		.arg = (void *) column,
		.previous = error_context_stack,
	};

	query->isnull[i] = value->type == jbvNull;
	if (query->isnull[i])
		return;
	mm_columns_require_metric(columns, i);
	error_context_stack = &callback;
	query->values[i] = mm_values_input(column->type, value);
	error_context_stack = callback.previous;
}

int
mm_values_count(const Jsonb *json)
{
	return JsonContainerSize(&json->root);
}

Jsonb *
mm_values_parse(const text *values)
{
	char	   *s = text_to_cstring(values);
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(s)));

	if (!is_container(json, false) && !is_container(json, true))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a query object must be a JSON object or a JSON array"),
				 errdetail("An object has the values by the columns' names, an array has them in the columns' order.")));
	if (mm_values_count(json) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no components"),
				 errhint("Give a value for one or more of the index's columns, which mmdb.index_columns lists.")));
	return json;
}

List *
mm_values_names(const Jsonb *json)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;
	List	   *names = NIL;

	if (is_container(json, true))
		return NIL;
	it = JsonbIteratorInit((JsonbContainer *) &json->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		if (token == WJB_KEY)
			names = lappend(names, pnstrdup(value.val.string.val, value.val.string.len));
	return names;
}

void
mm_values_query(const Jsonb *json, Relation index, const MMColumns *columns, OdbQueryParts *query)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) &json->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			i = 0;

	memset(query, 0, sizeof(*query));
	query->natts = columns->n;
	query->types = palloc(sizeof(Oid) * columns->n);
	query->values = palloc0(sizeof(Datum) * columns->n);
	query->isnull = palloc(sizeof(bool) * columns->n);
	for (int c = 0; c < columns->n; c++)
	{
		query->types[c] = columns->columns[c].type;
		query->isnull[c] = true;
	}
	if (is_container(json, true))
		mm_check_width(index, columns, mm_values_count(json));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		switch (token)
		{
			case WJB_KEY:
				i = mm_columns_find(columns, pnstrdup(value.val.string.val, value.val.string.len));
				break;
			case WJB_VALUE:
				set_component(columns, i, &value, query);
				break;
			case WJB_ELEM:
				set_component(columns, i++, &value, query);
				break;
			default:
				break;
		}
}

/* ---------- weights ---------- */

/*
 * The weights in a JSON object or array, as an array of elements; there may be
 * another number of elements than of columns if there were so many.
 */
static ArrayType *
weights_of_json(const char *s, const MMColumns *columns)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(s)));
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	bool		by_name = is_container(json, false);
	int			n = by_name ? columns->n : mm_values_count(json);
	Datum	   *elems = palloc(sizeof(Datum) * (n + 1));
	bool	   *nulls = palloc0(sizeof(bool) * (n + 1));
	int			dims[] = {n};
	int			lbs[] = {1};
	JsonbIteratorToken token;
	JsonbValue	value;
	int			i = 0;

	for (int c = 0; c < n; c++)
		elems[c] = Float8GetDatum(0.0);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			i = mm_columns_find(columns, pnstrdup(value.val.string.val, value.val.string.len));
		if (token != WJB_VALUE && token != WJB_ELEM)
			continue;
		nulls[i] = value.type == jbvNull;
		if (!nulls[i] && value.type != jbvNumeric)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 i < columns->n ?
					 errmsg("weight of column \"%s\" must be a number", columns->columns[i].name) :
					 errmsg("weights must be numbers")));
		if (!nulls[i])
			elems[i] = DirectFunctionCall1(numeric_float8, NumericGetDatum(value.val.numeric));
		i++;
	}
	return construct_md_array(elems, nulls, 1, dims, lbs, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
							  TYPALIGN_DOUBLE);
}

double *
mm_values_weights(const text *values, const MMColumns *columns)
{
	ArrayType  *array = NULL;

	if (values != NULL)
	{
		char	   *s = text_to_cstring(values);
		Oid			function;
		Oid			ioparam;

		if (is_json(s))
			array = weights_of_json(s, columns);
		else
		{
			getTypeInputInfo(FLOAT8ARRAYOID, &function, &ioparam);
			array = DatumGetArrayTypeP(OidInputFunctionCall(function, s, ioparam, -1));
		}
	}
	return mm_weights_from_array(array, columns->n, mm_column_names(columns), NULL);
}
