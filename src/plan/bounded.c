/*-------------------------------------------------------------------------
 *
 * bounded.c
 *	  mm_bounded: what a query's author knows of an expression's values.
 *
 * Searches rely on the bound.  It is checked for those rows only that are read, and
 * which rows are read depends on it: a search with a bound that is wrong may miss rows
 * without an error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "plan/bounded.h"

PG_FUNCTION_INFO_V1(mm_bounded);

Expr *
mm_bounded_low(Expr *expr)
{
	FuncExpr   *call = (FuncExpr *) expr;
	FmgrInfo	flinfo;

	if (!IsA(expr, FuncExpr) || list_length(call->args) != 2 || call->funcresulttype != FLOAT8OID)
		return NULL;
	fmgr_info(call->funcid, &flinfo);
	return flinfo.fn_addr == mm_bounded ? lsecond(call->args) : NULL;
}

/*
 * mm_bounded(value, low)
 */
Datum
mm_bounded(PG_FUNCTION_ARGS)
{
	double		value = PG_GETARG_FLOAT8(0);
	double		low = PG_GETARG_FLOAT8(1);

	if (float8_lt(value, low))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("value %s is below %s, which mm_bounded() was told is its least",
						float8out_internal(value), float8out_internal(low)),
				 errhint("Give a lower bound of all values.")));
	PG_RETURN_FLOAT8(value);
}
