/*-------------------------------------------------------------------------
 *
 * odbquery.c
 *	  The type odbquery: constructors, text and binary I/O.
 *
 * The text form is a JSON object with the arrays "types" and "object" (each
 * component as its type's output function writes it, or null) and "weights",
 * and if the query has them, "scales" and "radius":
 *
 *	{"types": ["integer", "pg_catalog.text"], "object": ["5", null],
 *	 "weights": [1, 0.5], "radius": 2}
 *
 * All ways into the type make the same checks, and they pack equal queries
 * into equal bytes.  Whatever reads a stored query checks the types of its
 * components again (component.c) before it looks at their values.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "mmdb.h"
#include "type/odbquery.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(odbquery_in);
PG_FUNCTION_INFO_V1(odbquery_out);
PG_FUNCTION_INFO_V1(odbquery_recv);
PG_FUNCTION_INFO_V1(odbquery_send);
PG_FUNCTION_INFO_V1(mm_odbquery);
PG_FUNCTION_INFO_V1(mm_odbrange);

/*
 * A descriptor for the object: its attributes are anonymous and have these
 * types.
 */
static TupleDesc
object_descriptor(int natts, const Oid *types)
{
	TupleDesc	desc = CreateTemplateTupleDesc(natts);

	for (int i = 0; i < natts; i++)
		TupleDescInitEntry(desc, i + 1, NULL, types[i], -1, 0);
	return desc;
}

void
mm_odbquery_locate(OdbQuery *query, OdbQueryLayout *layout)
{
	int			n = query->natts;
	char	   *pt = (char *) query + MAXALIGN(sizeof(OdbQuery));

	memset(layout, 0, sizeof(OdbQueryLayout));
	layout->types = (Oid *) pt;
	pt += MAXALIGN(sizeof(Oid) * n);
	if (query->flags & ODBQUERY_KINDS)
	{
		layout->kinds = (ComponentKind *) pt;
		pt += MAXALIGN(sizeof(ComponentKind) * n);
	}
	layout->weights = (float8 *) pt;
	pt += sizeof(float8) * n;
	if (query->flags & ODBQUERY_SCALES)
	{
		layout->scales = (float8 *) pt;
		pt += sizeof(float8) * n;
	}
	layout->object = pt;
	layout->object_size = VARSIZE(query) - (pt - (char *) query);
}

/*
 * x itself, but 0 for -0.  The two are equal, and so must have the same bytes.
 */
static inline float8
without_negative_zero(float8 x)
{
	return x == 0.0 ? 0.0 : x;
}

OdbQuery *
mm_odbquery_pack(OdbQueryParts *parts)
{
	int			n = parts->natts;
	TupleDesc	desc = object_descriptor(n, parts->types);
	ComponentKind kinds[MM_MAX_COLUMNS];
	Size		size;
	HeapTuple	tuple;
	OdbQuery   *query;
	OdbQueryLayout layout;

	for (int i = 0; i < n; i++)
		(void) mm_component_check(parts->types[i], i, &kinds[i], NULL);

	/*
	 * The value must be complete in itself: no part of it may be stored
	 * elsewhere.
	 */
	for (int i = 0; i < n; i++)
		if (!parts->isnull[i] && TupleDescAttr(desc, i)->attlen == -1)
			parts->values[i] = PointerGetDatum(PG_DETOAST_DATUM(parts->values[i]));
	tuple = heap_form_tuple(desc, parts->values, parts->isnull);

	size = MAXALIGN(sizeof(OdbQuery)) + MAXALIGN(sizeof(Oid) * n) +
		MAXALIGN(sizeof(ComponentKind) * n) +
		sizeof(float8) * n * (parts->scales ? 2 : 1) + tuple->t_len;
	query = palloc0(size);
	SET_VARSIZE(query, size);
	query->natts = n;
	query->flags = ODBQUERY_KINDS | (parts->scales ? ODBQUERY_SCALES : 0) |
		(parts->has_radius ? ODBQUERY_RADIUS : 0);
	query->radius = parts->has_radius ? without_negative_zero(parts->radius) : 0.0;

	mm_odbquery_locate(query, &layout);
	for (int i = 0; i < n; i++)
	{
		layout.types[i] = parts->types[i];
		layout.kinds[i] = kinds[i];
		layout.weights[i] = without_negative_zero(parts->weights[i]);
		if (parts->scales)
			layout.scales[i] = parts->scales[i];
	}
	memcpy(layout.object, tuple->t_data, tuple->t_len);
	return query;
}

/*
 * Take a query apart; desc describes its object.
 */
static void
unpack(OdbQuery *query, const OdbQueryLayout *layout, TupleDesc desc, OdbQueryParts *parts)
{
	int			n = query->natts;
	HeapTupleData tuple;

	parts->natts = n;
	parts->has_radius = (query->flags & ODBQUERY_RADIUS) != 0;
	parts->radius = query->radius;
	parts->types = layout->types;
	parts->weights = layout->weights;
	parts->scales = layout->scales;

	tuple.t_len = layout->object_size;
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = (HeapTupleHeader) layout->object;
	parts->values = palloc(sizeof(Datum) * n);
	parts->isnull = palloc(sizeof(bool) * n);
	heap_deform_tuple(&tuple, desc, parts->values, parts->isnull);
}

void
mm_odbquery_unpack(OdbQuery *query, OdbQueryParts *parts)
{
	OdbQueryLayout layout;

	mm_odbquery_locate(query, &layout);
	for (int i = 0; i < query->natts; i++)
		mm_component_check_stored(layout.types[i], i, layout.kinds ? &layout.kinds[i] : NULL);
	unpack(query, &layout, object_descriptor(query->natts, layout.types), parts);
}

/*
 * Take a query apart for output.  That must not fail because a type was
 * dropped: otherwise anybody could stop pg_dump by dropping a type of their own.
 * A component that cannot be read becomes a NULL of type text, with a warning.
 */
static void
unpack_readable(OdbQuery *query, OdbQueryParts *parts)
{
	int			n = query->natts;
	OdbQueryLayout layout;
	Oid		   *types;
	bool		readable[MM_MAX_COLUMNS];
	TupleDesc	desc;

	mm_odbquery_locate(query, &layout);
	if (layout.kinds == NULL)
	{
		mm_odbquery_unpack(query, parts);
		return;
	}

	types = palloc(sizeof(Oid) * n);
	for (int i = 0; i < n; i++)
	{
		readable[i] = mm_component_is_readable(layout.types[i], &layout.kinds[i]);
		types[i] = readable[i] ? layout.types[i] : TEXTOID;
		if (!readable[i])
			ereport(WARNING,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("component %d of an odbquery can no longer be read, and is written as null",
							i + 1),
					 errdetail("Its type had the OID %u.", layout.types[i])));
	}
	desc = object_descriptor(n, types);
	for (int i = 0; i < n; i++)
		if (!readable[i])
			mm_set_attribute_storage(desc, i, layout.kinds[i].typlen, layout.kinds[i].typalign,
									 layout.kinds[i].typbyval);
	unpack(query, &layout, desc, parts);
	parts->types = types;
	for (int i = 0; i < n; i++)
		parts->isnull[i] |= !readable[i];
}

/*
 * Is a row one of ROW(...), so that its columns are called f1, f2 and so on?
 */
static bool
is_nameless(TupleDesc desc)
{
	return desc->tdtypeid == RECORDOID && desc->natts > 0 && strcmp(NameStr(TupleDescAttr(desc, 0)->attname), "f1") == 0;
}

void
mm_record_unpack(HeapTupleHeader record, OdbQueryParts *parts, const char ***names)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(record),
											  HeapTupleHeaderGetTypMod(record));
	HeapTupleData tuple;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *isnull = palloc(sizeof(bool) * desc->natts);
	int			n = 0;

	tuple.t_len = HeapTupleHeaderGetDatumLength(record);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = record;
	heap_deform_tuple(&tuple, desc, values, isnull);

	parts->types = palloc(sizeof(Oid) * desc->natts);
	parts->values = values;
	parts->isnull = isnull;
	if (names != NULL)
		*names = is_nameless(desc) ? NULL : palloc(sizeof(char *) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		parts->types[n] = getBaseType(att->atttypid);
		values[n] = values[i];
		isnull[n] = isnull[i];
		if (att->atttypid == UNKNOWNOID)
		{
			/* a literal in ROW('...') */
			parts->types[n] = TEXTOID;
			if (!isnull[n])
				values[n] = CStringGetTextDatum(DatumGetCString(values[n]));
		}
		if (names != NULL && *names != NULL)
			(*names)[n] = pstrdup(NameStr(att->attname));
		n++;
	}
	ReleaseTupleDesc(desc);

	if (n > MM_MAX_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("query has too many components: %d", n),
				 errdetail("Multi-metric objects have up to %d components.",
						   MM_MAX_COLUMNS)));
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no components")));
	parts->natts = n;
}

/*
 * Both constructors: the object, weights and scales in the given arguments.
 */
static OdbQueryParts
construct_parts(FunctionCallInfo fcinfo, int weights_arg, int scales_arg)
{
	OdbQueryParts parts;
	const char **names;

	memset(&parts, 0, sizeof(parts));
	mm_record_unpack(PG_GETARG_HEAPTUPLEHEADER(0), &parts, &names);
	parts.weights = mm_weights_from_array(PG_ARGISNULL(weights_arg) ? NULL :
									   PG_GETARG_ARRAYTYPE_P(weights_arg),
									   parts.natts, names, NULL);
	parts.scales = mm_scales_from_array(PG_ARGISNULL(scales_arg) ? NULL :
									 PG_GETARG_ARRAYTYPE_P(scales_arg),
									 parts.natts, names, NULL);
	return parts;
}

/*
 * odbquery(record, weights float8[], scales float8[])
 */
Datum
mm_odbquery(PG_FUNCTION_ARGS)
{
	OdbQueryParts parts;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	parts = construct_parts(fcinfo, 1, 2);
	PG_RETURN_POINTER(mm_odbquery_pack(&parts));
}

/*
 * odbrange(record, weights float8[], radius float8, scales float8[])
 */
Datum
mm_odbrange(PG_FUNCTION_ARGS)
{
	OdbQueryParts parts;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	parts = construct_parts(fcinfo, 1, 3);
	parts.has_radius = true;
	parts.radius = PG_GETARG_FLOAT8(2);
	mm_check_radius(parts.radius, NULL);
	PG_RETURN_POINTER(mm_odbquery_pack(&parts));
}

/* ---------- text ---------- */

static void
append_numbers(StringInfo buf, const char *key, int n, const float8 *numbers)
{
	appendStringInfo(buf, ", \"%s\": [", key);
	for (int i = 0; i < n; i++)
		appendStringInfo(buf, "%s%s", i > 0 ? ", " : "", float8out_internal(numbers[i]));
	appendStringInfoChar(buf, ']');
}

Datum
odbquery_out(PG_FUNCTION_ARGS)
{
	OdbQueryParts parts;
	StringInfoData buf;

	unpack_readable(PG_GETARG_ODBQUERY_P(0), &parts);

	initStringInfo(&buf);
	appendStringInfoString(&buf, "{\"types\": [");
	for (int i = 0; i < parts.natts; i++)
	{
		if (i > 0)
			appendStringInfoString(&buf, ", ");
		escape_json(&buf, format_type_be_qualified(parts.types[i]));
	}
	appendStringInfoString(&buf, "], \"object\": [");
	for (int i = 0; i < parts.natts; i++)
	{
		Oid			output;
		bool		is_varlena;

		if (i > 0)
			appendStringInfoString(&buf, ", ");
		if (parts.isnull[i])
		{
			appendStringInfoString(&buf, "null");
			continue;
		}
		getTypeOutputInfo(parts.types[i], &output, &is_varlena);
		escape_json(&buf, OidOutputFunctionCall(output, parts.values[i]));
	}
	appendStringInfoChar(&buf, ']');
	append_numbers(&buf, "weights", parts.natts, parts.weights);
	if (parts.scales)
		append_numbers(&buf, "scales", parts.natts, parts.scales);
	if (parts.has_radius)
	{
		appendStringInfoString(&buf, ", \"radius\": ");
		if (isinf(parts.radius))
			appendStringInfoString(&buf, "\"Infinity\"");
		else
			appendStringInfoString(&buf, float8out_internal(parts.radius));
	}
	appendStringInfoChar(&buf, '}');
	PG_RETURN_CSTRING(buf.data);
}

/*
 * Report that the value is JSON, but does not have the right form.
 */
static Datum
format_error(Node *escontext, const char *detail)
{
	ereturn(escontext, (Datum) 0,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input for type %s", "odbquery"),
			 errdetail("%s", detail),
			 errhint("Write it with the functions odbquery() and odbrange().")));
}

/*
 * The array under a key of the object, or NULL if there is none.
 */
static JsonbContainer *
get_array(Jsonb *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(&object->root, key,
													 strlen(key), NULL);

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsArray(value->val.binary.data))
		return NULL;
	return value->val.binary.data;
}

/*
 * A string or a number as text, and NULL for anything else.
 */
static char *
value_text(JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	return NULL;
}

/*
 * A JSON array of n numbers as a float8[], the form that the constructors
 * take.
 */
static ArrayType *
numbers_array(JsonbContainer *numbers, int n, Node *escontext)
{
	Datum	   *elems = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(numbers, i);

		if (value->type != jbvNumeric)
		{
			format_error(escontext, "\"weights\" and \"scales\" must be arrays of numbers.");
			return NULL;
		}
		/*
		 * A number that is too large becomes infinite, which the checks
		 * refuse.
		 */
		elems[i] = DirectFunctionCall1(numeric_float8_no_overflow,
									   NumericGetDatum(value->val.numeric));
	}
	return construct_array(elems, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
						   TYPALIGN_DOUBLE);
}

/*
 * Set the type of component i of parts from its name.  *declared becomes the
 * type of that name; it may be a domain, whose constraints are checked on
 * input.
 *
 * This comes before the component is read, so that nothing is read of a type
 * that is not allowed.
 */
static bool
component_type(OdbQueryParts *parts, int i, const char *name, Oid *declared, Node *escontext)
{
	ComponentKind kind;

	/*
	 * A domain's constraint may be a function that itself reads an odbquery.
	 */
	check_stack_depth();
	if (!mm_parse_type(name, declared, escontext) ||
		!mm_component_check(*declared, i, &kind, escontext))
		return false;
	parts->types[i] = getBaseType(*declared);
	return true;
}

/*
 * Set component i of parts from its type's name and its text.  A text of NULL
 * stands for a component that is NULL.
 */
static bool
parse_component(OdbQueryParts *parts, int i, const char *type, char *text,
				Node *escontext)
{
	Oid			declared;
	FmgrInfo	input;
	Oid			function;
	Oid			ioparam;

	if (!component_type(parts, i, type, &declared, escontext))
		return false;
	getTypeInputInfo(declared, &function, &ioparam);
	fmgr_info(function, &input);
	parts->isnull[i] = text == NULL;
	return InputFunctionCallSafe(&input, text, ioparam, -1, escontext,
								 &parts->values[i]);
}

Datum
odbquery_in(PG_FUNCTION_ARGS)
{
	Node	   *escontext = fcinfo->context;
	Datum		datum;
	Jsonb	   *json;
	JsonbContainer *types,
			   *object,
			   *weights,
			   *scales;
	JsonbValue *radius;
	ArrayType  *array;
	OdbQueryParts parts;
	int			n;

	if (!DirectInputFunctionCallSafe(jsonb_in, PG_GETARG_CSTRING(0), InvalidOid,
									 -1, escontext, &datum))
		PG_RETURN_NULL();
	json = DatumGetJsonbP(datum);
	if (!JB_ROOT_IS_OBJECT(json))
		return format_error(escontext, "It must be a JSON object.");
	types = get_array(json, "types");
	object = get_array(json, "object");
	weights = get_array(json, "weights");
	scales = get_array(json, "scales");
	radius = getKeyJsonValueFromContainer(&json->root, "radius", 6, NULL);
	if (types == NULL || object == NULL || weights == NULL)
		return format_error(escontext, "It must have the arrays \"types\", \"object\" and \"weights\".");
	n = JsonContainerSize(types);
	if (n < 1 || n > MM_MAX_COLUMNS)
		return format_error(escontext, psprintf("It must have 1 to %d components.",
												MM_MAX_COLUMNS));
	if ((int) JsonContainerSize(object) != n || (int) JsonContainerSize(weights) != n ||
		(scales != NULL && (int) JsonContainerSize(scales) != n))
		return format_error(escontext, "All its arrays must have the same length.");

	memset(&parts, 0, sizeof(parts));
	parts.natts = n;
	parts.types = palloc(sizeof(Oid) * n);
	parts.values = palloc(sizeof(Datum) * n);
	parts.isnull = palloc(sizeof(bool) * n);
	for (int i = 0; i < n; i++)
	{
		JsonbValue *type = getIthJsonbValueFromContainer(types, i);
		JsonbValue *value = getIthJsonbValueFromContainer(object, i);
		char	   *text = value_text(value);

		if (type->type != jbvString || (text == NULL && value->type != jbvNull))
			return format_error(escontext, "\"types\" must hold strings, \"object\" strings, numbers and nulls.");
		if (!parse_component(&parts, i, value_text(type), text, escontext))
			PG_RETURN_NULL();
	}

	if ((array = numbers_array(weights, n, escontext)) == NULL ||
		(parts.weights = mm_weights_from_array(array, n, NULL, escontext)) == NULL)
		PG_RETURN_NULL();
	if (scales != NULL &&
		((array = numbers_array(scales, n, escontext)) == NULL ||
		 (parts.scales = mm_scales_from_array(array, n, NULL, escontext)) == NULL))
		PG_RETURN_NULL();
	if (radius != NULL)
	{
		char	   *text = value_text(radius);

		/* JSON has no number for infinity. */
		if (text == NULL || (radius->type == jbvString && strcmp(text, "Infinity") != 0))
			return format_error(escontext, "\"radius\" must be a number, or \"Infinity\".");
		if (!DirectInputFunctionCallSafe(float8in, text, InvalidOid, -1, escontext, &datum))
			PG_RETURN_NULL();
		parts.has_radius = true;
		parts.radius = DatumGetFloat8(datum);
		if (!mm_check_radius(parts.radius, escontext))
			PG_RETURN_NULL();
	}
	PG_RETURN_POINTER(mm_odbquery_pack(&parts));
}

/* ---------- binary ---------- */

/*
 * Binary form: the number of components and the flags, both int32; for each
 * component its type's name, and its value as its type sends it (after an
 * int32 length, which is -1 for NULL); then the weights, the scales if there
 * are any, and the radius if there is one.
 */
Datum
odbquery_send(PG_FUNCTION_ARGS)
{
	OdbQuery   *query = PG_GETARG_ODBQUERY_P(0);
	OdbQueryParts parts;
	StringInfoData buf;

	unpack_readable(query, &parts);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, parts.natts);
	pq_sendint32(&buf, query->flags & ODBQUERY_SENT_FLAGS);
	for (int i = 0; i < parts.natts; i++)
	{
		Oid			send;
		bool		is_varlena;
		bytea	   *bytes;

		pq_sendstring(&buf, format_type_be_qualified(parts.types[i]));
		if (parts.isnull[i])
		{
			pq_sendint32(&buf, -1);
			continue;
		}
		getTypeBinaryOutputInfo(parts.types[i], &send, &is_varlena);
		bytes = OidSendFunctionCall(send, parts.values[i]);
		pq_sendint32(&buf, VARSIZE(bytes) - VARHDRSZ);
		pq_sendbytes(&buf, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	}
	for (int i = 0; i < parts.natts; i++)
		pq_sendfloat8(&buf, parts.weights[i]);
	for (int i = 0; parts.scales && i < parts.natts; i++)
		pq_sendfloat8(&buf, parts.scales[i]);
	if (parts.has_radius)
		pq_sendfloat8(&buf, parts.radius);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Read n numbers from a message, in the form that the constructors take.
 */
static ArrayType *
receive_numbers(StringInfo buf, int n)
{
	Datum	   *elems = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		elems[i] = Float8GetDatum(pq_getmsgfloat8(buf));
	return construct_array(elems, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
						   TYPALIGN_DOUBLE);
}

static void
receive_component(StringInfo buf, OdbQueryParts *parts, int i)
{
	int			len;
	Oid			declared;
	Oid			receive;
	Oid			ioparam;
	StringInfoData value;

	(void) component_type(parts, i, pq_getmsgstring(buf), &declared, NULL);
	len = pq_getmsgint(buf, 4);
	parts->isnull[i] = len == -1;
	parts->values[i] = (Datum) 0;
	if (len == -1)
		return;
	if (len < 0 || len > buf->len - buf->cursor)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid length of component %d of an odbquery", i + 1)));

	initStringInfo(&value);
	appendBinaryStringInfo(&value, pq_getmsgbytes(buf, len), len);
	getTypeBinaryInputInfo(declared, &receive, &ioparam);
	parts->values[i] = OidReceiveFunctionCall(receive, &value, ioparam, -1);
	if (value.cursor != value.len)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("improper binary format in component %d of an odbquery", i + 1)));
}

Datum
odbquery_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			n = pq_getmsgint(buf, 4);
	int			flags = pq_getmsgint(buf, 4);
	OdbQueryParts parts;

	if (n < 1 || n > MM_MAX_COLUMNS ||
		(flags & ~ODBQUERY_SENT_FLAGS) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid header of an odbquery")));

	memset(&parts, 0, sizeof(parts));
	parts.natts = n;
	parts.types = palloc(sizeof(Oid) * n);
	parts.values = palloc(sizeof(Datum) * n);
	parts.isnull = palloc(sizeof(bool) * n);
	for (int i = 0; i < n; i++)
		receive_component(buf, &parts, i);

	parts.weights = mm_weights_from_array(receive_numbers(buf, n), n, NULL, NULL);
	if (flags & ODBQUERY_SCALES)
		parts.scales = mm_scales_from_array(receive_numbers(buf, n), n, NULL, NULL);
	if (flags & ODBQUERY_RADIUS)
	{
		parts.has_radius = true;
		parts.radius = pq_getmsgfloat8(buf);
		mm_check_radius(parts.radius, NULL);
	}
	PG_RETURN_POINTER(mm_odbquery_pack(&parts));
}
