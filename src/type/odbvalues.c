/*-------------------------------------------------------------------------
 *
 * odbvalues.c
 *	  Casts to the type odbvalues.
 *
 * A value of the type is a text.  What it says is found out where the columns
 * are known that it is about (query/values.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(mm_odbvalues_from_float8);
PG_FUNCTION_INFO_V1(mm_odbvalues_from_float4);

/*
 * An array of numbers as text.  The output functions of arrays would do, but
 * for numbers that extra_float_digits has them write with fewer digits.
 */
static Datum
array_text(ArrayType *array, Oid type)
{
	bool		wide = type == FLOAT8OID;
	StringInfoData buf;
	Datum	   *elems;
	bool	   *nulls;
	int			n;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("values for the columns of an index must be a one-dimensional array")));
	deconstruct_array(array, type, wide ? sizeof(float8) : sizeof(float4),
					  wide ? FLOAT8PASSBYVAL : true, wide ? TYPALIGN_DOUBLE : TYPALIGN_INT,
					  &elems, &nulls, &n);
	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < n; i++)
	{
		char		number[DOUBLE_SHORTEST_DECIMAL_LEN];
		double		x;

		if (i > 0)
			appendStringInfoChar(&buf, ',');
		if (nulls[i])
		{
			appendStringInfoString(&buf, "NULL");
			continue;
		}
		x = wide ? DatumGetFloat8(elems[i]) : DatumGetFloat4(elems[i]);
		if (!isfinite(x))
			appendStringInfoString(&buf, float8out_internal(x));
		else
		{
			double_to_shortest_decimal_buf(x, number);
			appendStringInfoString(&buf, number);
		}
	}
	appendStringInfoChar(&buf, '}');
	return PointerGetDatum(cstring_to_text_with_len(buf.data, buf.len));
}

Datum
mm_odbvalues_from_float8(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(array_text(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID));
}

Datum
mm_odbvalues_from_float4(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(array_text(PG_GETARG_ARRAYTYPE_P(0), FLOAT4OID));
}
