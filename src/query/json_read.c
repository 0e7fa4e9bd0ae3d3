/*-------------------------------------------------------------------------
 *
 * json_read.c
 *	  Reading JSON whose every error tells the path of what is wrong, and what
 *	  is allowed there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "query/json_query.h"

/* ---------- paths ---------- */

#define WORD	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static void
write_path(StringInfo buf, const JsonPath *path)
{
	if (path->above == NULL)
	{
		appendStringInfoChar(buf, '$');
		return;
	}
	write_path(buf, path->above);
	if (path->key == NULL)
		appendStringInfo(buf, "[%d]", path->element);
	else if (path->key[0] != '\0' && strspn(path->key, WORD) == strlen(path->key))
		appendStringInfo(buf, ".%s", path->key);
	else
	{
		/* A long key would hide what is wrong with it. */
		char	   *shown = pnstrdup(path->key, pg_mbcliplen(path->key, strlen(path->key), NAMEDATALEN));

		appendStringInfoChar(buf, '[');
		escape_json(buf, shown);
		appendStringInfoChar(buf, ']');
	}
}

char *
mm_json_path(const JsonPath *path)
{
	StringInfoData buf;

	initStringInfo(&buf);
	write_path(&buf, path);
	return buf.data;
}

void
mm_json_path_context(void *arg)
{
	errcontext("odb_query, at %s", mm_json_path(arg));
}

void
mm_json_wrong(const JsonPath *path, const char *must_be)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 path->above == NULL ? errmsg("a query must be %s", must_be) :
			 errmsg("%s of the query must be %s", mm_json_path(path), must_be)));
}

/* ---------- values ---------- */

JsonbContainer *
mm_json_any_object(const JsonPath *path, const JsonbValue *value)
{
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		mm_json_wrong(path, "an object");
	return value->val.binary.data;
}

JsonbContainer *
mm_json_array(const JsonPath *path, const JsonbValue *value)
{
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		mm_json_wrong(path, "an array");
	return value->val.binary.data;
}

List *
mm_json_keys(JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	List	   *keys = NIL;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		if (token == WJB_KEY)
			keys = lappend(keys, pnstrdup(value.val.string.val, value.val.string.len));
	return keys;
}

JsonbContainer *
mm_json_object(const JsonPath *path, const JsonbValue *value, const char *const *allowed)
{
	JsonbContainer *object = mm_json_any_object(path, value);
	ListCell   *lc;

	foreach(lc, mm_json_keys(object))
	{
		const char *key = lfirst(lc);
		JsonPath	place = {.above = path, .key = key};
		StringInfoData list;
		int			i = 0;

		while (allowed[i] != NULL && strcmp(allowed[i], key) != 0)
			i++;
		if (allowed[i] != NULL)
			continue;
		initStringInfo(&list);
		for (i = 0; allowed[i] != NULL; i++)
			appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", allowed[i]);
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown key at %s of the query", mm_json_path(&place)),
				 errhint("Allowed there: %s.", list.data)));
	}
	return object;
}

JsonbValue *
mm_json_get(JsonbContainer *object, const char *key, const JsonPath *above, JsonPath *path)
{
	JsonbValue	name = {
		.type = jbvString,
		.val.string.val = unconstify(char *, key),
		.val.string.len = strlen(key)
	};
	JsonbValue *value = findJsonbValueFromContainer(object, JB_FOBJECT, &name);

	*path = (JsonPath) {.above = above, .key = key};
	return value == NULL || value->type == jbvNull ? NULL : value;
}

char *
mm_json_text(const JsonPath *path, const JsonbValue *value)
{
	if (value->type != jbvString)
		mm_json_wrong(path, "text");
	return pnstrdup(value->val.string.val, value->val.string.len);
}

bool
mm_json_boolean(const JsonPath *path, const JsonbValue *value)
{
	if (value->type != jbvBool)
		mm_json_wrong(path, "true or false");
	return value->val.boolean;
}

int64
mm_json_count(const JsonPath *path, const JsonbValue *value)
{
	char	   *end;
	long long	count = 0;

	errno = 0;
	if (value->type == jbvNumeric)
		count = strtoll(mm_number_text(value), &end, 10);
	if (count < 1 || errno != 0 || *end != '\0')
		mm_json_wrong(path, "a whole number, at least 1");
	return count;
}

double
mm_json_radius(const JsonPath *path, const JsonbValue *value)
{
	double		radius = -1.0;
	char	   *end = "";

	errno = 0;
	if (value->type == jbvNumeric)
		radius = strtod(mm_number_text(value), &end);
	if (!(radius >= 0) || isinf(radius) || *end != '\0')
		mm_json_wrong(path, "a number, at least 0");
	return radius;
}

Datum
mm_json_input(const JsonPath *path, const JsonbValue *value, Oid type)
{
	ErrorContextCallback callback = {
		.callback = mm_json_path_context,
		.arg = unconstify(JsonPath *, path),
		.previous = error_context_stack,
	};
	Datum		result;

	if (value->type == jbvNull)
		mm_json_wrong(path, "a value");
	error_context_stack = &callback;
	result = mm_values_input(type, value);
	error_context_stack = callback.previous;
	return result;
}

/* ---------- columns and parameters ---------- */

AttrNumber
mm_json_column(const JsonPath *path, const JsonQuery *query, const char *name, const char *more)
{
	TupleDesc	desc = RelationGetDescr(query->table);
	StringInfoData list;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped && strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) == 0)
			return i + 1;

	initStringInfo(&list);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", NameStr(TupleDescAttr(desc, i)->attname));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("\"%s\" has no column as named at %s of the query",
					RelationGetRelationName(query->table), mm_json_path(path)),
			 more == NULL ? errhint("Allowed there: %s.", list.data) :
			 errhint("Allowed there: %s; and the columns %s.", more, list.data)));
}

int
mm_json_parameter(JsonQuery *query, Oid type, Datum value)
{
	if (query->nparams == query->maxparams)
	{
		query->maxparams = Max(2 * query->maxparams, 64);
		query->types = query->types == NULL ? palloc(sizeof(Oid) * query->maxparams) :
			repalloc(query->types, sizeof(Oid) * query->maxparams);
		query->values = query->values == NULL ? palloc(sizeof(Datum) * query->maxparams) :
			repalloc(query->values, sizeof(Datum) * query->maxparams);
	}
	query->types[query->nparams] = type;
	query->values[query->nparams] = value;
	return ++query->nparams;
}
