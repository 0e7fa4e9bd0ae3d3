/*-------------------------------------------------------------------------
 *
 * curve.c
 *	  Functions of one distance that grow with it, as terms of a sum: LEAST and
 *	  GREATEST with constants, powers, roots, exponentials, logarithms,
 *	  d / (d + c), and what sums and products with constants make of these.
 *
 * When a query is planned, an expression's structure shows whether it grows with
 * the distance (mm_curve_direction).  This decides only whether an index is
 * tried.  When a scan runs, a lower bound of the expression's values is computed
 * by interval arithmetic: the distance is anywhere from a lower bound on, and
 * each operation yields the range of its results.  So bounds are right whatever
 * the values of constants are, and whatever their signs.
 *
 * A range is widened by more than what rounding can do to the executor's result.
 * Addition, multiplication and the like are rounded correctly, and so they keep
 * the order of what they are applied to; the functions of the C library may be
 * off by a few units in the last place.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "plan/curve.h"
#include "plan/sum.h"

/* More than the relative error of a result. */
#define ROUNDING	0x1p-48

typedef enum Operation
{
	NO_OPERATION,
	DISTANCE,
	CONSTANT,
	ADD,
	SUBTRACT,
	NEGATE,
	MULTIPLY,
	DIVIDE,
	SATURATE,					/* c * a / (a + b); c may be left out */
	POWER,
	ROOT,
	EXPONENTIAL,
	LOGARITHM,
	LOWEST,						/* LEAST */
	HIGHEST,					/* GREATEST */
	FIRST,						/* COALESCE */
} Operation;

/*
 * The operation that a function of double precision is.
 */
static Operation
operation_of_function(Oid function)
{
	switch (function)
	{
		case F_FLOAT8PL:
			return ADD;
		case F_FLOAT8MI:
			return SUBTRACT;
		case F_FLOAT8UM:
			return NEGATE;
		case F_FLOAT8MUL:
			return MULTIPLY;
		case F_FLOAT8DIV:
			return DIVIDE;
		case F_DPOW:
		case F_POW_FLOAT8_FLOAT8:
		case F_POWER_FLOAT8_FLOAT8:
			return POWER;
		case F_DSQRT:
		case F_SQRT_FLOAT8:
			return ROOT;
		case F_DEXP:
		case F_EXP_FLOAT8:
			return EXPONENTIAL;
		case F_DLOG1:
		case F_LN_FLOAT8:
			return LOGARITHM;
		default:
			return NO_OPERATION;
	}
}

/*
 * If a divisor is the dividend plus something, that; otherwise NULL.
 */
static Expr *
rest_of_divisor(Expr *dividend, Expr *divisor)
{
	OpExpr	   *sum = (OpExpr *) mm_strip_relabel(divisor);

	if (!IsA(sum, OpExpr) || get_opcode(sum->opno) != F_FLOAT8PL)
		return NULL;
	if (equal(linitial(sum->args), dividend))
		return lsecond(sum->args);
	return equal(lsecond(sum->args), dividend) ? linitial(sum->args) : NULL;
}

/*
 * Is a quotient a / (a + b), perhaps with a factor before it?  If so, sets the
 * operands to these.
 */
static bool
is_saturation(Expr *dividend, Expr *divisor, List **operands)
{
	OpExpr	   *product = (OpExpr *) mm_strip_relabel(dividend);
	Expr	   *rest = rest_of_divisor(dividend, divisor);

	if (rest != NULL)
	{
		*operands = list_make2(dividend, rest);
		return true;
	}
	if (!IsA(product, OpExpr) || get_opcode(product->opno) != F_FLOAT8MUL)
		return false;
	for (int i = 0; i < 2; i++)
	{
		Expr	   *a = list_nth(product->args, i);

		rest = rest_of_divisor(a, divisor);
		if (rest != NULL)
		{
			*operands = list_make3(a, rest, list_nth(product->args, 1 - i));
			return true;
		}
	}
	return false;
}

/*
 * The operation that an expression is, and its operands.
 */
static Operation
operation_of(Expr *expr, List **operands)
{
	Operation	operation = NO_OPERATION;

	*operands = NIL;
	if (exprType((Node *) expr) != FLOAT8OID)
		return NO_OPERATION;
	if (IsA(expr, OpExpr))
	{
		operation = operation_of_function(get_opcode(((OpExpr *) expr)->opno));
		*operands = ((OpExpr *) expr)->args;
	}
	else if (IsA(expr, FuncExpr))
	{
		operation = operation_of_function(((FuncExpr *) expr)->funcid);
		*operands = ((FuncExpr *) expr)->args;
	}
	else if (IsA(expr, MinMaxExpr))
	{
		operation = ((MinMaxExpr *) expr)->op == IS_LEAST ? LOWEST : HIGHEST;
		*operands = ((MinMaxExpr *) expr)->args;
	}
	else if (IsA(expr, CoalesceExpr))
	{
		operation = FIRST;
		*operands = ((CoalesceExpr *) expr)->args;
	}
	if (operation == DIVIDE && is_saturation(linitial(*operands), lsecond(*operands), operands))
		return SATURATE;
	return operation;
}

/* ---------- when a query is planned ---------- */

typedef struct DirectionContext
{
	MMLeafOf	leaf_of;
	void	   *arg;
	Expr	   *distance;
} DirectionContext;

static MMDirection
opposite(MMDirection direction)
{
	return direction == MM_DIRECTION_RISES ? MM_DIRECTION_FALLS :
		direction == MM_DIRECTION_FALLS ? MM_DIRECTION_RISES : direction;
}

/*
 * The direction of a sum, or of whatever else grows with each of two.
 */
static MMDirection
both(MMDirection a, MMDirection b)
{
	return a == MM_DIRECTION_CONSTANT ? b : b == MM_DIRECTION_CONSTANT || a == b ? a :
		MM_DIRECTION_UNKNOWN;
}

/*
 * The value of a constant, as far as the expression shows it; or if_unknown.
 */
static double
shown_value(Expr *expr, double if_unknown)
{
	const Const *constant = (const Const *) mm_strip_relabel(expr);

	return IsA(constant, Const) && constant->consttype == FLOAT8OID && !constant->constisnull ?
		DatumGetFloat8(constant->constvalue) : if_unknown;
}

static MMDirection direction_of(DirectionContext *c, Expr *expr);

static MMDirection
direction_of_power(DirectionContext *c, Expr *base, Expr *exponent)
{
	MMDirection of_base = direction_of(c, base);
	MMDirection of_exponent = direction_of(c, exponent);
	double		value;

	if (of_exponent == MM_DIRECTION_CONSTANT)
	{
		value = shown_value(exponent, 1.0);
		return value > 0 ? of_base : value < 0 ? opposite(of_base) : MM_DIRECTION_UNKNOWN;
	}
	if (of_base != MM_DIRECTION_CONSTANT)
		return MM_DIRECTION_UNKNOWN;
	value = shown_value(base, 0.0);
	return value > 1 ? of_exponent : value > 0 ? opposite(of_exponent) : MM_DIRECTION_UNKNOWN;
}

static MMDirection
direction_of_product(DirectionContext *c, Expr *left, Expr *right, bool divide)
{
	MMDirection a = direction_of(c, left);
	MMDirection b = direction_of(c, right);
	MMDirection result;
	double		value;

	if (a != MM_DIRECTION_CONSTANT && b != MM_DIRECTION_CONSTANT)
		return MM_DIRECTION_UNKNOWN;
	result = b == MM_DIRECTION_CONSTANT ? a : divide ? opposite(b) : b;
	value = shown_value(b == MM_DIRECTION_CONSTANT ? right : left, 1.0);
	return value < 0 ? opposite(result) : result;
}

static MMDirection
direction_of(DirectionContext *c, Expr *expr)
{
	List	   *operands;
	Operation	operation;
	MMDirection result = MM_DIRECTION_CONSTANT;
	ListCell   *lc;

	check_stack_depth();
	expr = mm_strip_relabel(expr);
	if (exprType((Node *) expr) != FLOAT8OID)
		return MM_DIRECTION_UNKNOWN;
	switch (c->leaf_of(expr, c->arg))
	{
		case MM_LEAF_CONSTANT:
			return MM_DIRECTION_CONSTANT;
		case MM_LEAF_DISTANCE:
			if (c->distance != NULL && !equal(c->distance, expr))
				return MM_DIRECTION_UNKNOWN;
			c->distance = expr;
			return MM_DIRECTION_RISES;
		case MM_LEAF_NOT:
			break;
	}
	operation = operation_of(expr, &operands);
	switch (operation)
	{
		case ADD:
		case LOWEST:
		case HIGHEST:
		case FIRST:
			foreach(lc, operands)
				result = both(result, direction_of(c, lfirst(lc)));
			return result;
		case SUBTRACT:
			return both(direction_of(c, linitial(operands)),
						opposite(direction_of(c, lsecond(operands))));
		case SATURATE:
			result = both(direction_of(c, linitial(operands)),
						  opposite(direction_of(c, lsecond(operands))));
			if (list_length(operands) == 2)
				return result;
			return direction_of(c, lthird(operands)) != MM_DIRECTION_CONSTANT ? MM_DIRECTION_UNKNOWN :
				shown_value(lthird(operands), 1.0) < 0 ? opposite(result) : result;
		case NEGATE:
			return opposite(direction_of(c, linitial(operands)));
		case MULTIPLY:
		case DIVIDE:
			return direction_of_product(c, linitial(operands), lsecond(operands),
										operation == DIVIDE);
		case POWER:
			return direction_of_power(c, linitial(operands), lsecond(operands));
		case ROOT:
		case EXPONENTIAL:
		case LOGARITHM:
			return direction_of(c, linitial(operands));
		default:
			return MM_DIRECTION_UNKNOWN;
	}
}

MMDirection
mm_curve_direction(Expr *expr, MMLeafOf leaf_of, void *arg, Expr **distance)
{
	DirectionContext c = {.leaf_of = leaf_of, .arg = arg};
	MMDirection result = direction_of(&c, expr);

	*distance = c.distance;
	return result;
}

/* ---------- when it runs ---------- */

/*
 * All values that an expression may have; both ends may be infinite.  If it is NULL,
 * low is NaN: so small a struct is returned in registers.
 */
typedef struct Range
{
	double		low;
	double		high;
} Range;

#define NULL_RANGE	((Range) {get_float8_nan(), get_float8_nan()})

struct MMCurveNode
{
	Operation	operation;
	int			n;
	MMCurveNode **operands;
	ExprState  *constant;
	Range		value;			/* of a constant */
};

static Range
range(double low, double high)
{
	Range		result = {low, high};

	/* What cannot be told is anywhere. */
	if (isnan(low))
		result.low = -get_float8_infinity();
	if (isnan(high))
		result.high = get_float8_infinity();
	return result;
}

static bool
is_null(Range a)
{
	return isnan(a.low);
}

static Range
anywhere(void)
{
	return range(-get_float8_infinity(), get_float8_infinity());
}

static Range
widened(double low, double high)
{
	return range(isfinite(low) ? low - fabs(low) * ROUNDING : low,
				 isfinite(high) ? high + fabs(high) * ROUNDING : high);
}

/*
 * A product of ends of ranges: infinite ends stand for numbers that are large
 * beyond measure, so that 0 times them is 0.
 */
static double
times(double a, double b)
{
	return a == 0 || b == 0 ? 0.0 : a * b;
}

static Range
multiply(Range a, Range b)
{
	double		p = times(a.low, b.low);
	double		q = times(a.high, b.high);
	double		r;
	double		s;

	if (a.low >= 0 && b.low >= 0)
		return widened(p, q);
	r = times(a.low, b.high);
	s = times(a.high, b.low);
	return widened(Min(Min(p, q), Min(r, s)), Max(Max(p, q), Max(r, s)));
}

static Range
reciprocal(Range a)
{
	/* A division by zero itself is an error, and has no value. */
	if (a.low >= 0)
		return widened(a.high == 0 ? get_float8_infinity() : 1 / a.high,
					   a.low == 0 ? get_float8_infinity() : 1 / a.low);
	if (a.high <= 0)
		return widened(a.high == 0 ? -get_float8_infinity() : 1 / a.high,
					   a.low == 0 ? -get_float8_infinity() : 1 / a.low);
	return anywhere();
}

/*
 * The range of a / (a + b), which grows with a, and falls with b, where neither
 * is negative.
 */
static Range
saturate(Range a, Range b)
{
	double		low;
	double		high;

	if (!(a.low >= 0 && b.low >= 0))
		return anywhere();
	low = a.low == 0 ? 0.0 : isinf(b.high) ? 0.0 : isinf(a.low) ? 1.0 : a.low / (a.low + b.high);
	high = isinf(a.high) || b.low == 0 ? 1.0 : a.high / (a.high + b.low);
	return widened(low, high);
}

/*
 * pow(x, p), but faster for a frequent power.
 */
static double
raised(double x, double p)
{
	return p == 2 ? x * x : pow(x, p);
}

static Range
power(Range base, Range exponent)
{
	double		p = exponent.low;

	if (!(base.low >= 0))
		return anywhere();
	if (p == exponent.high)
		return p >= 0 ? widened(raised(base.low, p), raised(base.high, p)) :
			widened(raised(base.high, p), raised(base.low, p));
	if (base.low != base.high || base.low == 0)
		return anywhere();
	return base.low >= 1 ? widened(raised(base.low, p), raised(base.low, exponent.high)) :
		widened(raised(base.low, exponent.high), raised(base.low, p));
}

static Range
of_one(Operation operation, Range a)
{
	switch (operation)
	{
		case NEGATE:
			return range(-a.high, -a.low);
		case ROOT:
			return a.high < 0 ? anywhere() : widened(sqrt(Max(a.low, 0)), sqrt(a.high));
		case EXPONENTIAL:
			return widened(exp(a.low), exp(a.high));
		default:
			Assert(operation == LOGARITHM);
			return a.high <= 0 ? anywhere() :
				widened(a.low <= 0 ? -get_float8_infinity() : log(a.low), log(a.high));
	}
}

static Range
of_two(Operation operation, Range a, Range b)
{
	switch (operation)
	{
		case ADD:
			return widened(a.low + b.low, a.high + b.high);
		case SUBTRACT:
			return widened(a.low - b.high, a.high - b.low);
		case MULTIPLY:
			return multiply(a, b);
		case DIVIDE:
			return multiply(a, reciprocal(b));
		case SATURATE:
			return saturate(a, b);
		default:
			Assert(operation == POWER);
			return power(a, b);
	}
}

static Range evaluate(const MMCurveNode *node, const Range *distance);

/*
 * The range of LEAST, GREATEST or COALESCE, which pass over NULLs.
 */
static Range
of_many(const MMCurveNode *node, const Range *distance)
{
	Range		result = NULL_RANGE;

	for (int i = 0; i < node->n; i++)
	{
		Range		operand = evaluate(node->operands[i], distance);

		if (is_null(operand))
			continue;
		if (is_null(result))
			result = operand;
		else if (node->operation == LOWEST)
			result = range(Min(result.low, operand.low), Min(result.high, operand.high));
		else
			result = range(Max(result.low, operand.low), Max(result.high, operand.high));
		if (node->operation == FIRST)
			break;
	}
	return result;
}

static Range
evaluate(const MMCurveNode *node, const Range *distance)
{
	Range		a;
	Range		b;

	switch (node->operation)
	{
		case DISTANCE:
			return *distance;
		case CONSTANT:
			return node->value;
		case LOWEST:
		case HIGHEST:
		case FIRST:
			return of_many(node, distance);
		default:
			break;
	}
	a = evaluate(node->operands[0], distance);
	if (is_null(a) || node->n == 1)
		return is_null(a) ? a : of_one(node->operation, a);
	b = evaluate(node->operands[1], distance);
	if (is_null(b))
		return b;
	a = of_two(node->operation, a, b);
	if (node->n == 2)
		return a;
	b = evaluate(node->operands[2], distance);
	return is_null(b) ? b : multiply(a, b);
}

/*
 * Does an expression contain the distance?
 */
static bool
contains_walker(Node *node, void *distance)
{
	if (node == NULL)
		return false;
	return equal(node, distance) || expression_tree_walker(node, contains_walker, distance);
}

/*
 * How the constants of an expression are evaluated: when it runs, by parent's
 * executor, or before by a function.
 */
typedef struct Constants
{
	PlanState  *parent;
	MMConstantValue value_of;	/* or NULL */
	void	   *arg;
} Constants;

static MMCurveNode *
init_node(Expr *expr, Expr *distance, const Constants *constants)
{
	MMCurveNode *node = palloc0(sizeof(MMCurveNode));
	List	   *operands;
	ListCell   *lc;

	expr = mm_strip_relabel(expr);
	if (equal(expr, distance))
	{
		node->operation = DISTANCE;
		return node;
	}
	if (!contains_walker((Node *) expr, distance))
	{
		node->operation = CONSTANT;
		if (constants->value_of != NULL)
		{
			double		value = constants->value_of(expr, constants->arg);

			node->value = isfinite(value) ? range(value, value) : anywhere();
		}
		else
			node->constant = ExecInitExpr(expr, constants->parent);
		return node;
	}
	node->operation = operation_of(expr, &operands);
	if (node->operation == NO_OPERATION)
		elog(ERROR, "unexpected node type in a curve: %d", (int) nodeTag(expr));
	node->operands = palloc(sizeof(MMCurveNode *) * list_length(operands));
	foreach(lc, operands)
		node->operands[node->n++] = init_node(lfirst(lc), distance, constants);
	return node;
}

MMCurveNode *
mm_curve_init(Expr *expr, Expr *distance, bool negated, PlanState *parent)
{
	Constants	constants = {.parent = parent};
	MMCurveNode *node = init_node(expr, distance, &constants);
	MMCurveNode *minus;

	if (!negated)
		return node;
	minus = palloc0(sizeof(MMCurveNode));
	minus->operation = NEGATE;
	minus->n = 1;
	minus->operands = palloc(sizeof(MMCurveNode *));
	minus->operands[0] = node;
	return minus;
}

void
mm_curve_begin(MMCurveNode *node, ExprContext *econtext)
{
	for (int i = 0; i < node->n; i++)
		mm_curve_begin(node->operands[i], econtext);
	if (node->operation == CONSTANT)
	{
		bool		isnull;
		Datum		datum = ExecEvalExprSwitchContext(node->constant, econtext, &isnull);
		double		value = isnull ? 0.0 : DatumGetFloat8(datum);

		/* With a NaN or Infinity, operations have results of their own. */
		node->value = isnull ? NULL_RANGE :
			!isfinite(value) ? anywhere() : range(value, value);
	}
}

double
mm_curve_least(const MMCurveNode *node, double distance)
{
	Range		from = range(distance, get_float8_infinity());
	Range		result = evaluate(node, &from);

	/* Where it is NULL for every distance, nothing is known of it. */
	return is_null(result) ? -get_float8_infinity() : result.low;
}

double
mm_curve_most(const MMCurveNode *node, double distance)
{
	Range		at = range(distance, distance);
	Range		result = evaluate(node, &at);

	return is_null(result) ? get_float8_infinity() : result.high;
}

/*
 * How minus a function bends, and the sum of two.  A function that grows, of another,
 * bends like the sum of both.
 */
static MMBend
bend_of_minus(MMBend bend)
{
	return bend == MM_BEND_CONCAVE ? MM_BEND_CONVEX : bend == MM_BEND_CONVEX ? MM_BEND_CONCAVE : bend;
}

MMBend
mm_bend_of_sum(MMBend a, MMBend b)
{
	return a == MM_BEND_LINEAR ? b : b == MM_BEND_LINEAR || a == b ? a : MM_BEND_UNKNOWN;
}

/*
 * A number that a node always is; NaN if it is none.
 */
static double
constant_of(const MMCurveNode *node)
{
	return node->operation == CONSTANT && node->value.low == node->value.high ?
		node->value.low : get_float8_nan();
}

static MMBend
bend_of_product(const MMCurveNode *a, double factor)
{
	return factor >= 0 ? mm_curve_bend(a) : factor < 0 ? bend_of_minus(mm_curve_bend(a)) :
		MM_BEND_UNKNOWN;
}

/*
 * Is a node at least 0 for all distances?
 */
static bool
is_never_negative(const MMCurveNode *node)
{
	Range		all = range(0.0, get_float8_infinity());

	return evaluate(node, &all).low >= 0;
}

static MMBend
bend_of_power(const MMCurveNode *base, const MMCurveNode *exponent)
{
	double		p = constant_of(exponent);

	if (constant_of(base) > 0)
		return mm_bend_of_sum(MM_BEND_CONVEX, bend_of_product(exponent, log(constant_of(base))));
	if (!(p > 0) || !is_never_negative(base))
		return MM_BEND_UNKNOWN;
	return mm_bend_of_sum(p == 1 ? MM_BEND_LINEAR : p > 1 ? MM_BEND_CONVEX : MM_BEND_CONCAVE,
						mm_curve_bend(base));
}

MMBend
mm_curve_bend(const MMCurveNode *node)
{
	MMCurveNode *const *operands = node->operands;
	MMBend		result;

	switch (node->operation)
	{
		case DISTANCE:
			return MM_BEND_LINEAR;
		case CONSTANT:
			return isnan(constant_of(node)) ? MM_BEND_UNKNOWN : MM_BEND_LINEAR;
		case ADD:
			return mm_bend_of_sum(mm_curve_bend(operands[0]), mm_curve_bend(operands[1]));
		case SUBTRACT:
			return mm_bend_of_sum(mm_curve_bend(operands[0]), bend_of_minus(mm_curve_bend(operands[1])));
		case NEGATE:
			return bend_of_minus(mm_curve_bend(operands[0]));
		case MULTIPLY:
			return isnan(constant_of(operands[0])) ?
				bend_of_product(operands[0], constant_of(operands[1])) :
				bend_of_product(operands[1], constant_of(operands[0]));
		case DIVIDE:
			return bend_of_product(operands[0], constant_of(operands[1]));
		case SATURATE:
			if (!(constant_of(operands[1]) >= 0) || !is_never_negative(operands[0]) ||
				(node->n == 3 && !(constant_of(operands[2]) >= 0)))
				return MM_BEND_UNKNOWN;
			return mm_bend_of_sum(MM_BEND_CONCAVE, mm_curve_bend(operands[0]));
		case POWER:
			return bend_of_power(operands[0], operands[1]);
		case EXPONENTIAL:
			return mm_bend_of_sum(MM_BEND_CONVEX, mm_curve_bend(operands[0]));
		case ROOT:
		case LOGARITHM:
			/* Negative numbers have a range here, which need not fit the rest. */
			if (!is_never_negative(operands[0]))
				return MM_BEND_UNKNOWN;
			return mm_bend_of_sum(MM_BEND_CONCAVE, mm_curve_bend(operands[0]));
		case LOWEST:
		case HIGHEST:
			/* A NULL among the operands is passed over. */
			result = node->operation == LOWEST ? MM_BEND_CONCAVE : MM_BEND_CONVEX;
			for (int i = 0; i < node->n; i++)
				result = mm_bend_of_sum(result, mm_curve_bend(operands[i]));
			return result;
		default:
			return MM_BEND_UNKNOWN;
	}
}

double
mm_curve_of_null(const MMCurveNode *node, bool *isnull)
{
	Range		distance = NULL_RANGE;
	Range		result = evaluate(node, &distance);

	*isnull = is_null(result);
	return *isnull ? 0.0 : result.low;
}

double
mm_curve_estimate(Expr *expr, Expr *distance, double at, MMConstantValue value_of, void *arg)
{
	Constants	constants = {.value_of = value_of, .arg = arg};
	Range		point = range(at, at);

	return evaluate(init_node(expr, distance, &constants), &point).low;
}
