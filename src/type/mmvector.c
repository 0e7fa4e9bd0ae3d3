/*-------------------------------------------------------------------------
 *
 * mmvector.c
 *	  The mmvector type: text and binary I/O, typmod, casts to and from arrays.
 *
 * A value holds 1 to MM_MAX_DIMS float4 components, none of them NaN or
 * infinite.  Every way into the type checks that, so the distances need not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "parser/scansup.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "mmdb.h"
#include "type/mmvector.h"

PG_FUNCTION_INFO_V1(mmvector_in);
PG_FUNCTION_INFO_V1(mmvector_out);
PG_FUNCTION_INFO_V1(mmvector_recv);
PG_FUNCTION_INFO_V1(mmvector_send);
PG_FUNCTION_INFO_V1(mmvector_typmod_in);
PG_FUNCTION_INFO_V1(mmvector_enforce_typmod);
PG_FUNCTION_INFO_V1(mmvector_from_array);
PG_FUNCTION_INFO_V1(mmvector_to_float4_array);
PG_FUNCTION_INFO_V1(mmvector_to_float8_array);
PG_FUNCTION_INFO_V1(mmvector_to_int4_array);

MMVector *
mmvector_alloc(int dim)
{
	Size		size = MMVECTOR_SIZE(dim);
	MMVector   *result = palloc0(size);

	SET_VARSIZE(result, size);
	result->dim = dim;
	return result;
}

void
mmvector_check_dims(int a, int b)
{
	if (unlikely(a != b))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vectors have different dimensions: %d and %d", a, b)));
}

void
mmvector_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("mmvector component out of range"),
			 errdetail("Components are of type real.")));
	pg_unreachable();
}

/*
 * Check that dim is a dimension a vector may have.  The error is soft if
 * escontext allows it.
 */
static bool
check_dim(int64 dim, Node *escontext)
{
	if (dim < 1)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("mmvector must have at least 1 dimension")));
	if (dim > MM_MAX_DIMS)
		ereturn(escontext, false,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("mmvector cannot have more than %d dimensions",
						MM_MAX_DIMS)));
	return true;
}

/*
 * Check that dim matches the declared number of dimensions.  A typmod of -1
 * matches all.
 *
 * The message names the type, as the messages of PostgreSQL's own types do:
 * input functions and casts are not told for which column a value is meant.
 */
static bool
check_typmod(int dim, int32 typmod, Node *escontext)
{
	if (typmod != -1 && typmod != dim)
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg_plural("a vector of %d dimension does not fit type mmvector(%d)",
							   "a vector of %d dimensions does not fit type mmvector(%d)",
							   dim, dim, typmod)));
	return true;
}

/*
 * Check that x is a finite number.
 */
static bool
check_component(double x, Node *escontext)
{
	if (isnan(x))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN is not allowed in mmvector")));
	if (isinf(x))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value is not allowed in mmvector")));
	return true;
}

/*
 * Narrow a float8 to a component.  Like the cast from float8 to float4, this
 * refuses what float4 cannot hold.
 */
static float4
component_from_float8(double x)
{
	float4		result = (float4) x;

	check_component(x, NULL);
	if (unlikely(isinf(result)) || unlikely(result == 0.0f && x != 0.0))
		mmvector_overflow();
	return result;
}

/*
 * Report that the text at pt is not what a vector must have there.
 */
static Datum
syntax_error(const char *str, const char *pt, const char *expected,
			 Node *escontext)
{
	int			position = pg_mbstrlen_with_len(str, pt - str) + 1;
	int			shown = pg_mbcliplen(str, strlen(str), 64);

	ereturn(escontext, (Datum) 0,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s%s\"", "mmvector",
					shown, str, str[shown] ? "..." : ""),
			 errdetail("Expected %s at character %d.", expected, position),
			 *pt == '{' ? errhint("An array becomes a vector by a cast: ::real[]::mmvector.") : 0));
}

static const char *
skip_space(const char *pt)
{
	while (scanner_isspace(*pt))
		pt++;
	return pt;
}

/*
 * Text input: "[1,2.5,3]"; white space is allowed between the parts.
 */
Datum
mmvector_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	int32		typmod = PG_GETARG_INT32(2);
	Node	   *escontext = fcinfo->context;
	const char *pt = skip_space(str);
	int			allocated = typmod > 0 ? typmod : 16;
	int			dim = 0;
	MMVector   *result = palloc(MMVECTOR_SIZE(allocated));

	if (*pt != '[')
		return syntax_error(str, pt, "\"[\"", escontext);
	pt = skip_space(pt + 1);
	if (*pt == ']')
	{
		check_dim(0, escontext);
		PG_RETURN_NULL();
	}

	for (;;)
	{
		char	   *end;
		float4		value;

		if (dim == MM_MAX_DIMS)
		{
			check_dim((int64) dim + 1, escontext);
			PG_RETURN_NULL();
		}
		if (dim == allocated)
		{
			allocated = Min(allocated * 2, MM_MAX_DIMS);
			result = repalloc(result, MMVECTOR_SIZE(allocated));
		}

		pt = skip_space(pt);
		errno = 0;
		value = strtof(pt, &end);
		if (end == pt)
			return syntax_error(str, pt, "a number", escontext);
		if (errno == ERANGE && (value == 0.0f || isinf(value)))
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("\"%.*s\" is out of range for type %s",
							(int) Min(end - pt, 64), pt, "mmvector")));
		if (!check_component(value, escontext))
			PG_RETURN_NULL();
		result->x[dim++] = value;

		pt = skip_space(end);
		if (*pt == ']')
			break;
		if (*pt != ',')
			return syntax_error(str, pt, "\",\" or \"]\"", escontext);
		pt++;
	}

	pt = skip_space(pt + 1);
	if (*pt != '\0')
		return syntax_error(str, pt, "the end", escontext);
	if (!check_typmod(dim, typmod, escontext))
		PG_RETURN_NULL();

	SET_VARSIZE(result, MMVECTOR_SIZE(dim));
	result->dim = dim;
	PG_RETURN_POINTER(result);
}

/*
 * Text output: the shortest decimals that are read back as the same
 * components.
 */
Datum
mmvector_out(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	char	   *result = palloc(3 + (Size) v->dim * (FLOAT_SHORTEST_DECIMAL_LEN + 1));
	char	   *pt = result;

	*pt++ = '[';
	for (int i = 0; i < v->dim; i++)
	{
		if (i > 0)
			*pt++ = ',';
		pt += float_to_shortest_decimal_bufn(v->x[i], pt);
	}
	*pt++ = ']';
	*pt = '\0';

	PG_FREE_IF_COPY(v, 0);
	PG_RETURN_CSTRING(result);
}

/*
 * Binary input: the number of dimensions as int32, then that many float4.
 */
Datum
mmvector_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int32		typmod = PG_GETARG_INT32(2);
	int32		dim = pq_getmsgint(buf, 4);
	MMVector   *result;

	check_dim(dim, NULL);
	check_typmod(dim, typmod, NULL);

	result = mmvector_alloc(dim);
	for (int i = 0; i < dim; i++)
	{
		result->x[i] = pq_getmsgfloat4(buf);
		check_component(result->x[i], NULL);
	}
	PG_RETURN_POINTER(result);
}

/*
 * Binary output, in the form that mmvector_recv reads.
 */
Datum
mmvector_send(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendint32(&buf, v->dim);
	for (int i = 0; i < v->dim; i++)
		pq_sendfloat4(&buf, v->x[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Type modifier: mmvector(n).
 */
Datum
mmvector_typmod_in(PG_FUNCTION_ARGS)
{
	ArrayType  *modifiers = PG_GETARG_ARRAYTYPE_P(0);
	int			n;
	int32	   *values = ArrayGetIntegerTypmods(modifiers, &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mmvector takes one type modifier, its number of dimensions")));
	if (values[0] < 1 || values[0] > MM_MAX_DIMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("dimensions of mmvector must be between 1 and %d",
						MM_MAX_DIMS)));
	PG_RETURN_INT32(values[0]);
}

/*
 * Length coercion: the cast from mmvector to mmvector(n), applied on
 * assignment.
 */
Datum
mmvector_enforce_typmod(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	int32		typmod = PG_GETARG_INT32(1);

	check_typmod(v->dim, typmod, NULL);
	PG_RETURN_POINTER(v);
}

/*
 * Cast from smallint[], integer[], bigint[], real[], double precision[] or
 * numeric[].
 */
Datum
mmvector_from_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int32		typmod = PG_GETARG_INT32(1);
	Oid			elemtype = ARR_ELEMTYPE(array);
	int16		typlen;
	bool		typbyval;
	char		typalign;
	Datum	   *elems;
	bool	   *nulls;
	int			dim;
	MMVector   *result;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("mmvector cannot be made from an array of %d dimensions",
						ARR_NDIM(array)),
				 errdetail("The array must be one-dimensional.")));

	get_typlenbyvalalign(elemtype, &typlen, &typbyval, &typalign);
	deconstruct_array(array, elemtype, typlen, typbyval, typalign,
					  &elems, &nulls, &dim);
	check_dim(dim, NULL);
	check_typmod(dim, typmod, NULL);

	result = mmvector_alloc(dim);
	for (int i = 0; i < dim; i++)
	{
		double		value;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("mmvector cannot be made from an array with NULL elements")));
		switch (elemtype)
		{
			case INT2OID:
				value = DatumGetInt16(elems[i]);
				break;
			case INT4OID:
				value = DatumGetInt32(elems[i]);
				break;
			case INT8OID:
				/* A detour through double would round twice. */
				result->x[i] = (float4) DatumGetInt64(elems[i]);
				continue;
			case FLOAT4OID:
				value = DatumGetFloat4(elems[i]);
				break;
			case FLOAT8OID:
				value = DatumGetFloat8(elems[i]);
				break;
			case NUMERICOID:
				value = DatumGetFloat8(DirectFunctionCall1(numeric_float8, elems[i]));
				break;
			default:
				elog(ERROR, "unexpected element type %u", elemtype);
		}
		result->x[i] = component_from_float8(value);
	}
	PG_RETURN_POINTER(result);
}

Datum
mmvector_to_float4_array(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	Datum	   *elems = palloc(sizeof(Datum) * v->dim);

	for (int i = 0; i < v->dim; i++)
		elems[i] = Float4GetDatum(v->x[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elems, v->dim, FLOAT4OID,
										  sizeof(float4), true, TYPALIGN_INT));
}

Datum
mmvector_to_float8_array(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	Datum	   *elems = palloc(sizeof(Datum) * v->dim);

	for (int i = 0; i < v->dim; i++)
		elems[i] = Float8GetDatum((float8) v->x[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elems, v->dim, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/*
 * Cast to integer[].  It rounds as the cast from real to integer does.
 */
Datum
mmvector_to_int4_array(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	Datum	   *elems = palloc(sizeof(Datum) * v->dim);

	for (int i = 0; i < v->dim; i++)
	{
		float4		rounded = rintf(v->x[i]);

		if (!FLOAT4_FITS_IN_INT32(rounded))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("integer out of range")));
		elems[i] = Int32GetDatum((int32) rounded);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elems, v->dim, INT4OID,
										  sizeof(int32), true, TYPALIGN_INT));
}
