/*-------------------------------------------------------------------------
 *
 * keys.c
 *	  Rows by their keys.
 *
 * A key is a value of the table's primary key, or a row of values if the
 * primary key has several columns.  Keys may be of other types if there are
 * casts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "learn/learner.h"

/*
 * Convert a value to a key's type.
 */
static Datum
to_key(Datum value, Oid from, Oid to)
{
	bool		isnull = false;

	if (from == UNKNOWNOID)
	{
		Oid			function;
		Oid			ioparam;

		getTypeInputInfo(to, &function, &ioparam);
		return OidInputFunctionCall(function, DatumGetCString(value), ioparam, -1);
	}
	if (from != to && !mm_coerce(&value, &isnull, from, to, COERCION_EXPLICIT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a key is of type %s, but the primary key is of type %s",
						format_type_be(from), format_type_be(to))));
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a key is NULL")));
	return value;
}

/*
 * Take a key apart into its values, key->n of them.
 */
static void
split_key(const MMPrimaryKey *key, Oid type, Datum value, Datum *values)
{
	OdbQueryParts parts;

	if (key->n == 1)
	{
		values[0] = to_key(value, type, key->types[0]);
		return;
	}
	if (!type_is_rowtype(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a key is of type %s, but the primary key has %d columns",
						format_type_be(type), key->n),
				 errhint("Write keys as rows of their columns' values.")));
	mm_record_unpack(DatumGetHeapTupleHeader(value), &parts, NULL);
	if (parts.natts != key->n)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a key has %d values, but the primary key has %d columns",
						parts.natts, key->n)));
	for (int i = 0; i < key->n; i++)
	{
		if (parts.isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a key is NULL")));
		values[i] = to_key(parts.values[i], parts.types[i], key->types[i]);
	}
}

static char *
key_text(const MMPrimaryKey *key, const Datum *values)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < key->n; i++)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(key->types[i], &output, &varlena);
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", OidOutputFunctionCall(output, values[i]));
	}
	return buf.data;
}

/*
 * Counts rows on their way to another receiver.
 */
typedef struct Counted
{
	MMReceiveRow receive;
	void	   *arg;
	int			n;
} Counted;

static void
count_row(MMLearner *learner, const MMRow *row, void *arg)
{
	Counted    *counted = arg;

	counted->n++;
	counted->receive(learner, row, counted->arg);
}

void
mm_key_find(MMLearner *learner, Oid type, Datum value, MMReceiveRow receive,
			void *arg)
{
	const MMPrimaryKey *key = mm_key_get(learner);
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "mmdb key",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(work);
	ParamListInfo params = makeParamList(key->n);
	Counted		counted = {receive, arg, 0};
	Datum		values[INDEX_MAX_KEYS];
	StringInfoData where;

	split_key(key, type, value, values);
	initStringInfo(&where);
	for (int i = 0; i < key->n; i++)
	{
		appendStringInfo(&where, "%s %s", i > 0 ? " AND" : "WHERE",
						 mm_sql_call(key->operators[i],
									 psprintf("%s.%s", learner->style.alias, key->names[i]),
									 key->column_types[i], psprintf("$%d", i + 1), key->types[i],
									 true));
		params->params[i] = (ParamExternData) {
			.value = values[i],
			.pflags = PARAM_FLAG_CONST,
			.ptype = key->types[i],
		};
	}
	mm_learner_run(learner, NULL, where.data, params, (Oid *) key->types, count_row, &counted);
	if (counted.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("there is no row with key %s in table \"%s\"", key_text(key, values),
						RelationGetRelationName(learner->table)),
				 errdetail("The row does not exist, or you may not see it.")));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
}

int
mm_key_find_all(MMLearner *learner, Oid type, Datum keys, MMReceiveRow receive,
				void *arg)
{
	const MMPrimaryKey *key = mm_key_get(learner);
	Oid			element;
	Datum	   *elems;
	bool	   *nulls;
	int			n;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (type == UNKNOWNOID && key->n == 1)
	{
		type = get_array_type(key->types[0]);
		keys = to_key(keys, UNKNOWNOID, type);
	}
	element = get_element_type(type);
	if (!OidIsValid(element))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("keys must be an array, not of type %s", format_type_be(type))));
	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	deconstruct_array(DatumGetArrayTypeP(keys), element, typlen, typbyval, typalign,
					  &elems, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a key is NULL")));
		mm_key_find(learner, element, elems[i], receive, arg);
	}
	return n;
}
