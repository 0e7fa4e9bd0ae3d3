/*-------------------------------------------------------------------------
 *
 * value_bounds.c
 *	  Between which numbers the values of an expression are, as far as the
 *	  expression shows it.
 *
 * This understands just enough for the factor that odbknn writes, and for
 * numbers that a CASE chooses from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "plan/sum.h"

Expr *
mm_strip_relabel(Expr *expr)
{
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return expr;
}

Oid
mm_binary_function(Expr *expr, Expr **left, Expr **right)
{
	OpExpr	   *op = (OpExpr *) expr;

	if (!IsA(expr, OpExpr) || list_length(op->args) != 2)
		return InvalidOid;
	*left = linitial(op->args);
	*right = lsecond(op->args);
	return get_opcode(op->opno);
}

/*
 * The value of a constant of a type of numbers, which is not NULL.  Returns false
 * for other types.
 */
static bool
number_of(const Const *constant, double *value)
{
	Datum		datum = constant->constvalue;

	switch (constant->consttype)
	{
		case FLOAT8OID:
			*value = DatumGetFloat8(datum);
			return true;
		case FLOAT4OID:
			*value = DatumGetFloat4(datum);
			return true;
		case INT2OID:
			*value = DatumGetInt16(datum);
			return true;
		case INT4OID:
			*value = DatumGetInt32(datum);
			return true;
		case INT8OID:
			*value = (double) DatumGetInt64(datum);
			return true;
		case NUMERICOID:
			*value = DatumGetFloat8(DirectFunctionCall1(numeric_float8, datum));
			return true;
		default:
			return false;
	}
}

/*
 * Is an expression the cast of a number to another type of numbers?
 */
static bool
is_number_cast(Expr *expr)
{
	FuncExpr   *cast = (FuncExpr *) expr;

	return IsA(expr, FuncExpr) &&
		(cast->funcid == F_FLOAT8_INT2 || cast->funcid == F_FLOAT8_INT4 ||
		 cast->funcid == F_FLOAT8_INT8 || cast->funcid == F_FLOAT8_FLOAT4 ||
		 cast->funcid == F_FLOAT8_NUMERIC || cast->funcid == F_NUMERIC_INT4 ||
		 cast->funcid == F_NUMERIC_INT8 || cast->funcid == F_INT8_INT4);
}

/*
 * Bounds of a product, from those of its factors.
 */
static bool
product_bounds(const double *l, const double *r, double *least, double *most)
{
	double		products[] = {l[0] * r[0], l[0] * r[1], l[1] * r[0], l[1] * r[1]};

	*least = *most = products[0];
	for (int i = 0; i < 4; i++)
	{
		if (!isfinite(products[i]))
			return false;
		*least = Min(*least, products[i]);
		*most = Max(*most, products[i]);
	}
	return true;
}

bool
mm_value_bounds(Expr *expr, double *least, double *most)
{
	Expr	   *left;
	Expr	   *right;
	double		l[2];
	double		r[2];

	check_stack_depth();
	if (is_number_cast(expr))
		return mm_value_bounds(linitial(((FuncExpr *) expr)->args), least, most);
	if (IsA(expr, Const))
	{
		Const	   *constant = (Const *) expr;

		if (constant->constisnull)
		{
			*least = get_float8_infinity();
			*most = -get_float8_infinity();
			return true;
		}
		if (!number_of(constant, least))
			return false;
		*most = *least;
		return !isnan(*least);
	}
	if (IsA(expr, CaseExpr))
	{
		CaseExpr   *caseexpr = (CaseExpr *) expr;
		ListCell   *lc;

		if (caseexpr->defresult == NULL || !mm_value_bounds(caseexpr->defresult, least, most))
			return false;
		foreach(lc, caseexpr->args)
		{
			if (!mm_value_bounds(lfirst_node(CaseWhen, lc)->result, &l[0], &l[1]))
				return false;
			*least = Min(*least, l[0]);
			*most = Max(*most, l[1]);
		}
		return true;
	}
	if (IsA(expr, MinMaxExpr) && ((MinMaxExpr *) expr)->op == IS_GREATEST)
	{
		ListCell   *lc;

		/*
		 * GREATEST skips NULLs, so only a constant that is not NULL gives a
		 * bound.
		 */
		*least = -get_float8_infinity();
		*most = get_float8_infinity();
		foreach(lc, ((MinMaxExpr *) expr)->args)
			if (IsA(lfirst(lc), Const) && mm_value_bounds(lfirst(lc), &l[0], &l[1]) &&
				l[0] == l[1])
				*least = Max(*least, l[0]);
		return true;
	}
	switch (mm_binary_function(expr, &left, &right))
	{
		case F_INT4MUL:
		case F_NUMERIC_MUL:
		case F_FLOAT8MUL:
			return mm_value_bounds(left, &l[0], &l[1]) && mm_value_bounds(right, &r[0], &r[1]) &&
				product_bounds(l, r, least, most);
		case F_FLOAT8PL:
			if (!mm_value_bounds(left, &l[0], &l[1]) || !mm_value_bounds(right, &r[0], &r[1]))
				return false;
			*least = l[0] + r[0];
			*most = l[1] + r[1];
			return true;
		case F_FLOAT8DIV:
			if (!mm_value_bounds(left, &l[0], &l[1]) || !mm_value_bounds(right, &r[0], &r[1]) ||
				l[0] < 0 || r[0] < 0 || r[1] <= 0)
				return false;
			*least = l[0] / r[1];
			*most = get_float8_infinity();
			return true;
		default:
			return false;
	}
}

bool
mm_factor_least(Expr *expr, double *least)
{
	double		most;

	if (contain_volatile_functions((Node *) expr) ||
		!mm_value_bounds(expr, least, &most) || !(*least > 0) || !isfinite(*least))
		return false;
	*least *= 1.0 - 1e-9;
	return true;
}
