/*-------------------------------------------------------------------------
 *
 * sum.c
 *	  Weighted sums of distances, found in expressions.
 *
 * These expressions are understood: a distance between an index's column and a
 * value; a sum, which may include constants; a product or quotient with a
 * constant; and COALESCE of a distance, with or without factors, and a
 * constant.  A constant is whatever does not depend on the row, including
 * parameters and outer references.  So the sign of a factor is known only when
 * the scan begins.  Until then it is taken to be positive.  That is why a
 * distance that is subtracted is no part of a sum, unless all distances are.
 *
 * One factor may depend on the row: if it is provably at least some positive
 * number, the sum times that number bounds the expression.  This is how odbknn
 * makes up for columns without a value.  Likewise, something may be added that
 * depends on the row and is provably at least some number, or is said to be by
 * mm_bounded.  And a term may be a function of a distance that grows with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "parser/parse_coerce.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "plan/bounded.h"
#include "plan/curve.h"
#include "plan/sum.h"

typedef struct MatchContext
{
	PlannerInfo *root;
	IndexOptInfo *index;
	const MMColumns *columns;
	MMSum	   *sum;
	const MMProduct *missing;	/* within a COALESCE: what it gives for NULL */
	bool		bounded;		/* within a product with what depends on the row */
	bool		negated;		/* it is minus the expression that is to be a sum */
	MMRefusal  *refusal;		/* NULL: nobody asks */
} MatchContext;

static bool match(MatchContext *c, Expr *expr, MMProduct product);

/*
 * Does an expression have a column of a relation in a place where it is easily found?
 * This is much faster than to find all relations of a long sum, which is looked at
 * again for each of its terms.
 */
static bool
has_column_walker(Node *node, void *arg)
{
	Index		relid = *(Index *) arg;

	if (node == NULL || IsA(node, PlaceHolderVar) || IsA(node, Query))
		return false;
	if (IsA(node, Var))
		return (Index) ((Var *) node)->varno == relid && ((Var *) node)->varlevelsup == 0;
	return expression_tree_walker(node, has_column_walker, arg);
}

bool
mm_is_constant(PlannerInfo *root, Node *expr, Index relid)
{
	return !has_column_walker(expr, &relid) &&
		!bms_is_member(relid, pull_varnos(root, expr)) &&
		!contain_volatile_functions(expr) &&
		!contain_subplans(expr) &&
		!contain_agg_clause(expr) &&
		!contain_window_function(expr) &&
		!expression_returns_set(expr);
}

bool
mm_is_relabeled_array(const Expr *expr)
{
	const ArrayCoerceExpr *coerce = (const ArrayCoerceExpr *) expr;

	return IsA(expr, ArrayCoerceExpr) && IsA(coerce->elemexpr, RelabelType) &&
		IsA(((RelabelType *) coerce->elemexpr)->arg, CaseTestExpr);
}

static bool
is_constant(MatchContext *c, Expr *expr)
{
	return mm_is_constant(c->root, (Node *) expr, c->index->rel->relid);
}

/*
 * Record why there is no match.  The first reason counts, which is about the
 * innermost expression.  Returns false.
 */
static bool
refuse(MatchContext *c, MMRefusalKind kind, Expr *expr)
{
	if (c->refusal != NULL && c->refusal->kind == MM_REFUSED_NOT)
		*c->refusal = (MMRefusal) {kind, expr};
	return false;
}

/*
 * Is an expression minus another one?
 */
static bool
is_negation(Expr *expr, Expr **what)
{
	OpExpr	   *op = (OpExpr *) expr;

	if (!IsA(expr, OpExpr) || list_length(op->args) != 1 || get_opcode(op->opno) != F_FLOAT8UM)
		return false;
	*what = linitial(op->args);
	return true;
}

/* ---------- matching ---------- */

static bool
add_factor(MatchContext *c, MMProduct *product, Expr *expr, bool divide)
{
	if (product->n == MM_MAX_FACTORS)
		return refuse(c, MM_REFUSED_SIZE, expr);
	product->factors[product->n++] = (MMFactor) {expr, divide};
	return true;
}

/*
 * Is an operand this column of the index?
 */
static bool
is_column(MatchContext *c, Expr *operand, int i)
{
	const MMColumn *column = &c->columns->columns[i];
	FieldSelect *field = (FieldSelect *) mm_strip_relabel(operand);

	if (c->columns->composite == NULL)
		return match_index_to_operand((Node *) operand, column->key, c->index);
	return IsA(field, FieldSelect) && field->fieldnum == column->attribute &&
		match_index_to_operand((Node *) field->arg, 0, c->index);
}

bool
mm_is_wider(Oid wide, Oid narrow)
{
	switch (wide)
	{
		case INT4OID:
			return narrow == INT2OID;
		case INT8OID:
			return narrow == INT2OID || narrow == INT4OID;
		case FLOAT8OID:
			return narrow == INT2OID || narrow == INT4OID || narrow == FLOAT4OID;
		case NUMERICOID:
			return narrow == INT2OID || narrow == INT4OID || narrow == INT8OID;
		default:
			return false;
	}
}

/*
 * Is an operand this column, cast to a wider type of numbers, and is operator
 * that type's distance?  The parser makes such a cast for a distance between
 * two types.
 */
static bool
is_cast_column(MatchContext *c, Expr *operand, Oid operator, int i)
{
	const MMColumn *column = &c->columns->columns[i];
	FuncExpr   *cast = (FuncExpr *) mm_strip_relabel(operand);
	Oid			opclass;
	Oid			function;

	if (!IsA(cast, FuncExpr) || !mm_is_wider(cast->funcresulttype, column->type) ||
		column->opclass != GetDefaultOpClass(column->type, c->index->relam))
		return false;
	opclass = GetDefaultOpClass(cast->funcresulttype, c->index->relam);
	return OidIsValid(get_op_opfamily_sortfamily(operator, get_opclass_family(opclass))) &&
		find_coercion_pathway(cast->funcresulttype, column->type, COERCION_EXPLICIT,
							  &function) == COERCION_PATH_FUNC &&
		function == cast->funcid && is_column(c, linitial(cast->args), i);
}

/*
 * Is an operand this column, an array whose elements another type is a mere name
 * for, as varchar is for text, and is operator one of that type's array, in the
 * column's operator family?
 */
static bool
is_relabeled_array(MatchContext *c, Expr *operand, Oid operator, int i)
{
	const MMColumn *column = &c->columns->columns[i];

	return OidIsValid(column->opclass) && mm_is_relabeled_array(mm_strip_relabel(operand)) &&
		OidIsValid(get_op_opfamily_sortfamily(operator, get_opclass_family(column->opclass))) &&
		is_column(c, ((ArrayCoerceExpr *) mm_strip_relabel(operand))->arg, i);
}

/*
 * Match an operand with a column, and set what the part has of it.  Returns
 * false if the operand is no column.
 */
static bool
match_operand(MatchContext *c, Expr *operand, Oid operator, MMSumPart *part)
{
	part->cast = false;
	if (c->columns->composite != NULL &&
		match_index_to_operand((Node *) operand, 0, c->index) &&
		OidIsValid(get_op_opfamily_sortfamily(operator, c->index->opfamily[0])))
	{
		part->column = -1;
		return true;
	}
	for (part->column = 0; part->column < c->columns->n; part->column++)
	{
		if (operator == c->columns->columns[part->column].space.operator &&
			is_column(c, operand, part->column))
			return true;
		if (is_relabeled_array(c, operand, operator, part->column))
			return true;
		part->cast = is_cast_column(c, operand, operator, part->column);
		if (part->cast)
			return true;
	}
	return false;
}

/*
 * Match an operator call with a part, which goes into *part.  Returns false if
 * it is none.
 */
static bool
match_part(MatchContext *c, OpExpr *op, MMSumPart *part)
{
	for (int argument = 0; argument < 2; argument++)
	{
		Expr	   *value = list_nth(op->args, argument);
		Expr	   *operand = list_nth(op->args, 1 - argument);
		Oid			operator = argument == 1 ? op->opno : get_commutator(op->opno);
		Oid			collation;

		if (!OidIsValid(operator) || !is_constant(c, value))
			continue;
		/*
		 * COALESCE tells what the whole composite adds, not what each
		 * attribute does.
		 */
		if (!match_operand(c, operand, operator, part) ||
			(part->column == -1 && c->missing != NULL))
			continue;
		collation = part->column >= 0 ?
			c->columns->columns[part->column].space.collation : InvalidOid;
		if (OidIsValid(collation) && collation != op->inputcollid)
			continue;
		part->expr = op;
		part->argument = argument;
		return true;
	}
	return false;
}

/* What a walker looks for: a column of the index within an expression. */
typedef struct ColumnSearch
{
	MatchContext *c;
	int			column;
} ColumnSearch;

static int
column_of(MatchContext *c, Expr *operand)
{
	for (int i = 0; i < c->columns->n; i++)
		if (is_column(c, operand, i))
			return i;
	return -1;
}

static bool
column_within_walker(Node *node, void *arg)
{
	ColumnSearch *search = arg;

	if (node == NULL)
		return false;
	search->column = column_of(search->c, (Expr *) node);
	return search->column >= 0 || expression_tree_walker(node, column_within_walker, arg);
}

/*
 * How near an operand comes to a column of the index, for an operator call
 * with the column on that side.
 */
static MMFit
operand_fit(MatchContext *c, Expr *operand, Oid operator, Oid collation, int *column)
{
	ColumnSearch search = {.c = c};
	Node	   *inner = (Node *) mm_strip_relabel(operand);

	*column = column_of(c, operand);
	if (*column >= 0)
		return operator != c->columns->columns[*column].space.operator ? MM_FIT_OPERATOR :
			MM_FIT_COLLATION;
	if (IsA(inner, FuncExpr) && list_length(((FuncExpr *) inner)->args) == 1 &&
		((FuncExpr *) inner)->funcformat != COERCE_EXPLICIT_CALL)
		*column = column_of(c, linitial(((FuncExpr *) inner)->args));
	else if (IsA(inner, CoerceViaIO))
		*column = column_of(c, ((CoerceViaIO *) inner)->arg);
	if (*column >= 0)
		return MM_FIT_CAST;
	if (column_within_walker(inner, &search))
	{
		*column = search.column;
		return MM_FIT_EXPRESSION;
	}
	return MM_FIT_NOT;
}

MMFit
mm_sum_fit(PlannerInfo *root, OpExpr *op, IndexOptInfo *index, const MMColumns *columns,
		   int *column, int *argument)
{
	MatchContext c = {
		.root = root,
		.index = index,
		.columns = columns,
	};
	MMSumPart	part;
	MMFit		best = MM_FIT_SEVERAL;

	if (match_part(&c, op, &part))
	{
		*column = part.column;
		*argument = part.argument;
		return MM_FIT;
	}
	*column = *argument = -1;
	for (int i = 0; i < 2; i++)
	{
		Expr	   *value = list_nth(op->args, i);
		Expr	   *operand = list_nth(op->args, 1 - i);
		Oid			operator = i == 1 ? op->opno : get_commutator(op->opno);
		MMFit		fit;
		int			fitting;

		if (bms_is_member(index->rel->relid, pull_varnos(root, (Node *) value)) ||
			!bms_is_member(index->rel->relid, pull_varnos(root, (Node *) operand)))
			continue;
		fit = operand_fit(&c, operand, operator, op->inputcollid, &fitting);
		/*
		 * Nothing is wrong with the column, so the value must be the reason.
		 */
		if (fit == MM_FIT_COLLATION && !is_constant(&c, value))
			fit = MM_FIT_VOLATILE;
		if (*argument >= 0 && fit >= best)
			continue;
		best = fit;
		*column = fitting;
		*argument = i;
	}
	return best;
}

/*
 * Room for one more of n elements of an array, which grows by doubling.  Most sums are
 * short, and there is one for each partition.
 */
#define LEAST_ROOM	8

static void *
make_room(void *array, int n, Size size)
{
	if (array == NULL)
		return palloc(size * LEAST_ROOM);
	return n >= LEAST_ROOM && (n & (n - 1)) == 0 ? repalloc(array, size * n * 2) : array;
}

/*
 * Add a term, and point *added at it, if that is not NULL.
 */
static bool
add_term(MatchContext *c, int part, const MMProduct *product, MMSumTerm **added)
{
	MMSumTerm  *term;

	if (c->sum->nterms == MM_MAX_TERMS)
		return refuse(c, MM_REFUSED_SIZE, NULL);
	c->sum->terms = make_room(c->sum->terms, c->sum->nterms, sizeof(MMSumTerm));
	term = &c->sum->terms[c->sum->nterms];
	memset(term, 0, sizeof(MMSumTerm));
	if (added != NULL)
		*added = term;
	term->part = part;
	term->product = *product;
	term->has_missing = c->missing != NULL;
	if (c->missing != NULL)
		term->missing = *c->missing;
	term->scaled = c->bounded;
	c->sum->nterms++;
	return true;
}

/*
 * Is a product less than 0, as far as the expression shows?
 */
static bool
is_negative(const MMProduct *product)
{
	bool		negative = product->negative;

	for (int i = 0; i < product->n; i++)
	{
		const Const *constant = (const Const *) product->factors[i].expr;

		negative ^= IsA(constant, Const) && !constant->constisnull &&
			DatumGetFloat8(constant->constvalue) < 0;
	}
	return negative;
}

static bool
may_be_nan(const MetricSpace *space)
{
	return space->routine != NULL && space->routine->may_be_nan;
}

static bool
add_part(MatchContext *c, const MMSumPart *part, const MMProduct *product, MMSumTerm **added)
{
	MMSum	   *sum = c->sum;
	int			i = 0;

	if (is_negative(product))
		return refuse(c, MM_REFUSED_SIGN, (Expr *) part->expr);
	/* NaN is the greatest number, so it would come first in minus a sum. */
	if (c->negated && part->column >= 0 && may_be_nan(&c->columns->columns[part->column].space))
		return refuse(c, MM_REFUSED_NAN, (Expr *) part->expr);
	while (i < sum->nparts && !equal(sum->parts[i].expr, part->expr))
		i++;
	if (i == MM_MAX_TERMS)
		return refuse(c, MM_REFUSED_SIZE, (Expr *) part->expr);
	if (i == sum->nparts)
	{
		sum->parts = make_room(sum->parts, sum->nparts, sizeof(MMSumPart));
		sum->parts[sum->nparts++] = *part;
	}
	return add_term(c, i, product, added);
}

/* What is looked for in a curve. */
typedef struct CurveSearch
{
	MatchContext *c;
	MMSumPart	part;			/* of the distance last found */
} CurveSearch;

static MMLeaf
leaf_of_curve(Expr *expr, void *arg)
{
	CurveSearch *search = arg;

	if (is_constant(search->c, expr))
		return MM_LEAF_CONSTANT;
	return IsA(expr, OpExpr) && list_length(((OpExpr *) expr)->args) == 2 &&
		match_part(search->c, (OpExpr *) expr, &search->part) ? MM_LEAF_DISTANCE : MM_LEAF_NOT;
}

/*
 * Match a function of one distance that grows with it, or one that falls, times a
 * negative number.  Changes nothing if there is no match.
 */
static bool
match_curve(MatchContext *c, Expr *expr, MMProduct product)
{
	CurveSearch search = {.c = c};
	Expr	   *distance;
	MMDirection direction = mm_curve_direction(expr, leaf_of_curve, &search, &distance);
	bool		falls = is_negative(&product);
	MMSumTerm  *term;

	/* What bounds a product is no bound of products with negative numbers. */
	if (c->bounded || contain_volatile_functions((Node *) expr) ||
		direction != (falls ? MM_DIRECTION_FALLS : MM_DIRECTION_RISES) ||
		/* COALESCE tells what the whole composite adds. */
		search.part.column < 0)
		return false;
	product.negative ^= falls;
	if (!add_part(c, &search.part, &product, &term))
		return false;
	term->curve = expr;
	term->falls = falls;
	c->sum->exact = false;
	return true;
}

/*
 * Match something that depends on the row, but is known to be bounded.
 */
static bool
match_bounded(MatchContext *c, Expr *expr, MMProduct product)
{
	bool		negative = is_negative(&product);
	Expr	   *low = mm_bounded_low(expr);
	bool		nan_possible = low != NULL;
	MMSumTerm  *term;
	double		least;
	double		most;

	if (c->bounded || c->missing != NULL || contain_volatile_functions((Node *) expr) ||
		contain_subplans((Node *) expr))
		return false;
	if (low != NULL && (negative || !is_constant(c, low)))
		return false;
	if (low == NULL)
	{
		if (!mm_value_bounds(expr, &least, &most) || isinf(negative ? most : least))
			return false;
		/* GREATEST of NaN and a number is NaN: no upper bound keeps it out. */
		nan_possible = isinf(least) || isinf(most);
		least = negative ? -most : least;
		/* Less than what another order of operations, or their types, can do. */
		least -= fabs(least) * 1e-12;
		low = (Expr *) makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8),
								 Float8GetDatum(least), false, FLOAT8PASSBYVAL);
	}
	/* See add_part. */
	if (c->negated && nan_possible)
		return refuse(c, MM_REFUSED_NAN, expr);
	product.negative ^= negative;
	if (!add_term(c, -1, &product, &term))
		return false;
	term->low = low;
	c->sum->exact = false;
	return true;
}

/*
 * Match what is no sum, no multiple and no distance; kind says why, if there is no
 * match.
 */
static bool
match_other(MatchContext *c, Expr *expr, MMProduct product, MMRefusalKind kind, Expr *reason)
{
	return match_curve(c, expr, product) || match_bounded(c, expr, product) ||
		refuse(c, kind, reason);
}

/*
 * Match the product or the quotient of two expressions.
 */
static bool
match_product(MatchContext *c, Expr *whole, Expr *left, Expr *right, bool divide,
			  MMProduct product)
{
	MatchContext inner = *c;
	double		least;

	if (is_constant(c, right))
		return add_factor(c, &product, right, divide) && match(c, left, product);
	if (divide)
		return match_other(c, whole, product, MM_REFUSED_FACTOR, right);
	if (is_constant(c, left))
		return add_factor(c, &product, left, false) && match(c, right, product);

	if (c->negated)
		return refuse(c, MM_REFUSED_FACTOR, left);
	/* The factor may be NULL where the distance is not. */
	if (c->missing != NULL)
		return refuse(c, MM_REFUSED_COALESCE, whole);
	inner.bounded = true;
	c->sum->exact = false;
	if (mm_factor_least(left, &least))
	{
		Expr	   *swap = left;

		left = right;
		right = swap;
	}
	else if (!mm_factor_least(right, &least))
		return refuse(c, MM_REFUSED_FACTOR,
					  mm_mentions_distance((Node *) left) ? right : left);
	right = (Expr *) makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8),
							   Float8GetDatum(least), false, FLOAT8PASSBYVAL);
	return add_factor(c, &product, right, false) && match(&inner, left, product);
}

/*
 * Match COALESCE of a distance, perhaps with factors, and a constant.
 */
static bool
match_coalesce(MatchContext *c, CoalesceExpr *coalesce, MMProduct product)
{
	MatchContext inner = *c;
	MMProduct	missing = product;
	Expr	   *constant;

	if (list_length(coalesce->args) != 2 || c->missing != NULL)
		return match_other(c, (Expr *) coalesce, product, MM_REFUSED_COALESCE, (Expr *) coalesce);
	constant = lsecond(coalesce->args);
	if (!is_constant(c, constant))
		return match_other(c, (Expr *) coalesce, product, MM_REFUSED_COALESCE, (Expr *) coalesce);
	if (!add_factor(c, &missing, constant, false))
		return false;
	inner.missing = &missing;
	return match(&inner, linitial(coalesce->args), product);
}

/*
 * Add the terms of an expression, times product, to the sum.  Returns false if
 * it contains anything else.
 */
static bool
match(MatchContext *c, Expr *expr, MMProduct product)
{
	MMSumPart	part;
	Expr	   *left;
	Expr	   *right;
	Oid			function;

	check_stack_depth();
	expr = mm_strip_relabel(expr);
	if (exprType((Node *) expr) != FLOAT8OID)
		return refuse(c, MM_REFUSED_TYPE, expr);
	if (is_constant(c, expr))
	{
		if (c->missing != NULL || c->bounded)
			return refuse(c, c->missing != NULL ? MM_REFUSED_COALESCE : MM_REFUSED_FACTOR, expr);
		return add_factor(c, &product, expr, false) && add_term(c, -1, &product, NULL);
	}
	if (IsA(expr, CoalesceExpr))
		return match_coalesce(c, (CoalesceExpr *) expr, product);
	function = is_negation(expr, &left) ? F_FLOAT8UM : mm_binary_function(expr, &left, &right);

	/* Whether a sum inside COALESCE is NULL depends on several columns. */
	if (c->missing != NULL &&
		(function == F_FLOAT8UM || function == F_FLOAT8PL || function == F_FLOAT8MI))
		return refuse(c, MM_REFUSED_COALESCE, expr);
	switch (function)
	{
		case InvalidOid:
			return match_other(c, expr, product, MM_REFUSED_OTHER, expr);
		case F_FLOAT8UM:
			product.negative = !product.negative;
			return match(c, left, product);
		case F_FLOAT8PL:
			return match(c, left, product) && match(c, right, product);
		case F_FLOAT8MI:
			if (!match(c, left, product))
				return false;
			product.negative = !product.negative;
			return match(c, right, product);
		case F_FLOAT8MUL:
			return match_product(c, expr, left, right, false, product);
		case F_FLOAT8DIV:
			return match_product(c, expr, left, right, true, product);
		default:
			if (match_part(c, (OpExpr *) expr, &part))
				return add_part(c, &part, &product, NULL);
			return match_other(c, expr, product, mm_is_distance(((OpExpr *) expr)->opno) ?
							   MM_REFUSED_DISTANCE : MM_REFUSED_OTHER, expr);
	}
}

MMSum *
mm_sum_match(PlannerInfo *root, Expr *expr, IndexOptInfo *index,
			 const MMColumns *columns, bool negated, MMRefusal *refusal)
{
	MMSum	   *sum = palloc0(sizeof(MMSum));
	MatchContext c = {
		.root = root,
		.index = index,
		.columns = columns,
		.sum = sum,
		.negated = negated,
		.refusal = refusal,
	};

	if (refusal != NULL)
		*refusal = (MMRefusal) {MM_REFUSED_NOT, NULL};
	sum->negated = negated;
	sum->exact = true;
	if (!match(&c, expr, (MMProduct) {.negative = negated}))
		return NULL;
	if (sum->nparts == 0)
	{
		refuse(&c, MM_REFUSED_OTHER, expr);
		return NULL;
	}
	sum->expr = expr;
	sum->outer = mm_relids_without(pull_varnos(root, (Node *) expr), index->rel->relid);
	return sum;
}

/*
 * What is innermost is looked at first.  So of a long sum, all but one distance is left
 * out, and most of the additions around them.
 */
static bool
mentions_walker(Node *node, void *arg)
{
	const IndexOptInfo *index = arg;

	if (node == NULL)
		return false;
	if (expression_tree_walker(node, mentions_walker, arg))
		return true;
	if (IsA(node, OpExpr))
		for (int i = 0; i < index->nkeycolumns; i++)
			if (OidIsValid(get_op_opfamily_sortfamily(((OpExpr *) node)->opno, index->opfamily[i])))
				return true;
	/* A column with a cast has the operator of another type. */
	if (IsA(node, FuncExpr) && list_length(((FuncExpr *) node)->args) == 1)
		for (int i = 0; i < index->nkeycolumns; i++)
			if (mm_is_wider(((FuncExpr *) node)->funcresulttype, index->opcintype[i]))
				return true;
	/* In a composite, any attribute may be the one that is meant. */
	return IsA(node, FieldSelect) && index->opcintype[0] == RECORDOID;
}

bool
mm_sum_mentions(Node *expr, const IndexOptInfo *index)
{
	return mentions_walker(expr, (void *) index);
}
