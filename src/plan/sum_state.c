/*-------------------------------------------------------------------------
 *
 * sum_state.c
 *	  Weighted sums of distances at run time.
 *
 * The metrics' own routines compute distances, up to a bound.  The rest is
 * left to the executor: it evaluates the expression, with a column of a slot
 * in the place of each distance.  So the value is the same to the last bit,
 * and NULL, infinity and overflow have the effects that they have in SQL.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "plan/late.h"
#include "plan/plan.h"
#include "search/terms.h"

/* This is more than the relative error of a sum by rounding. */
#define ROUNDING	1e-12

/* ---------- making it ready ---------- */

/*
 * Replace the parts of an expression by columns of the slot of distances.
 */
static Node *
replace_parts(Node *node, void *arg)
{
	const MMSum *sum = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, OpExpr))
		for (int i = 0; i < sum->nparts; i++)
			if (equal(node, sum->parts[i].expr))
				return (Node *) makeVar(INNER_VAR, i + 1, FLOAT8OID, -1, InvalidOid, 0);
	return expression_tree_mutator(node, replace_parts, arg);
}

/*
 * What is at some distance from the value, but for casts that change nothing.
 */
static Expr *
operand_of(const MMSumPart *part)
{
	Expr	   *operand = list_nth(part->expr->args, 1 - part->argument);

	while (IsA(operand, RelabelType) || mm_is_relabeled_array(operand))
		operand = IsA(operand, RelabelType) ? ((RelabelType *) operand)->arg :
			((ArrayCoerceExpr *) operand)->arg;
	return operand;
}

static void
init_part(MMPartState *state, const MMSumPart *part, const MMColumns *columns)
{
	const Expr *operand = operand_of(part);
	Oid			function = get_opcode(part->expr->opno);

	/*
	 * The executor does not check this for us, as the call has been replaced.
	 */
	if (!mm_may_execute(function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));

	state->part = part;
	if (part->column < 0)
		return;
	/* The metric may have changed since the query was planned. */
	mm_columns_require_metric(columns, part->column);
	state->space = (MetricSpace *) &columns->columns[part->column].space;
	if (part->cast)
	{
		Oid			type = exprType((const Node *) operand);
		Oid			opclass = GetDefaultOpClass(type, get_index_am_oid(MM_AM_NAME, false));

		state->space = palloc0(sizeof(MetricSpace));
		mm_metric_open(state->space, opclass, InvalidOid);
	}
	state->finite = mm_metric_finite(state->space);
	if (IsA(operand, Var) && ((const Var *) operand)->varattno > 0)
		state->attnum = ((const Var *) operand)->varattno;
}

MMSumState *
mm_sum_init(const MMDriver *driver, const MMColumns *columns, CustomScanState *node)
{
	const MMSum *sum = driver->sum;
	MMSumState *state = palloc0(sizeof(MMSumState));

	state->driver = driver;
	state->node = node;
	state->user = GetUserId();
	state->parts = palloc0(sizeof(MMPartState) * sum->nparts);
	for (int i = 0; i < sum->nparts; i++)
		init_part(&state->parts[i], &sum->parts[i], columns);
	return state;
}

/*
 * Make ready what is evaluated when a scan begins.  Of many partitions, one does that
 * for all.
 */
static void
init_constants(MMSumState *state)
{
	const MMDriver *driver = state->driver;
	const MMSum *sum = driver->sum;
	PlanState  *ps = &state->node->ss.ps;
	MMLate		late = mm_late_begin(ps, state->user);
	ListCell   *lc;

	for (int i = 0; i < sum->nparts; i++)
	{
		const MMSumPart *part = &sum->parts[i];

		state->parts[i].argument = ExecInitExpr(list_nth(part->expr->args, part->argument), ps);
	}
	state->factors = ExecInitExprList(mm_sum_factors(sum), ps);
	state->curves = palloc0(sizeof(MMCurveNode *) * sum->nterms);
	state->lows = palloc0(sizeof(ExprState *) * sum->nterms);
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];

		if (term->curve != NULL)
			state->curves[i] = mm_curve_init(term->curve, (Expr *) sum->parts[term->part].expr,
											 term->falls, ps);
		if (term->low != NULL)
			state->lows[i] = ExecInitExpr(term->low, ps);
	}
	foreach(lc, driver->bounds)
		state->bounds = lappend(state->bounds, ExecInitExpr(lfirst(lc), ps));
	state->ready = true;
	mm_late_end(&late);
}

/* ---------- one scan ---------- */

/*
 * What is needed to evaluate a factor.
 */
typedef struct FactorContext
{
	List	   *factors;
	ExprContext *econtext;
} FactorContext;

static bool
factor_value(Expr *expr, int i, void *state, double *value)
{
	FactorContext *context = state;
	bool		isnull;
	Datum		datum = ExecEvalExprSwitchContext(list_nth(context->factors, i), context->econtext,
												  &isnull);

	if (isnull)
		return false;
	*value = DatumGetFloat8(datum);
	return true;
}

/*
 * The contribution of a product to the sum: NaN if it is too small to be
 * exact.
 */
static double
exact_value(const MMProductValue *product)
{
	return product->vanished ? get_float8_nan() : product->value;
}

/*
 * Evaluate the value of a part.  It lasts as long as the current context.
 */
static void
begin_part(MMPartState *part, ExprContext *econtext)
{
	Oid			type = exprType((Node *) part->argument->expr);
	Datum		datum = ExecEvalExprSwitchContext(part->argument, econtext, &part->isnull);

	part->factor = part->missing = 0.0;
	part->curve = NULL;
	part->null_factor = part->null_sum = false;
	if (!part->isnull && part->space != NULL)
		part->isnull = mm_metric_is_null(part->space, datum);
	if (part->isnull)
		return;
	part->value = get_typlen(type) == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(datum)) :
		datumCopy(datum, get_typbyval(type), get_typlen(type));
	if (part->space != NULL)
		part->prepared = mm_metric_prepare(part->space, part->value);
}

/*
 * Find the least of the bounds.
 */
static void
begin_bounds(MMSumState *sum, ExprContext *econtext)
{
	ListCell   *lc;

	sum->null_bound = false;
	sum->bound = get_float8_infinity();
	foreach(lc, sum->bounds)
	{
		ExprState  *state = lfirst(lc);
		bool		isnull;
		Datum		datum = ExecEvalExprSwitchContext(state, econtext, &isnull);
		double		bound;

		if (isnull)
		{
			sum->null_bound = true;
			continue;
		}
		bound = exprType((Node *) state->expr) == FLOAT4OID ? DatumGetFloat4(datum) :
			DatumGetFloat8(datum);
		/* Everything is at most NaN, and only NaN is at least NaN. */
		if (isnan(bound) && sum->driver->sum->negated)
			bound = -get_float8_infinity();
		if (!isnan(bound))
			sum->bound = Min(sum->bound, bound);
	}
}

/*
 * Are sums of the parts exact with this unit?  Everything that goes into the
 * sum must be a multiple of it.
 */
static bool
is_exact(const MMSumState *state, double unit)
{
	const MMSum *sum = state->driver->sum;

	if (!sum->exact || unit == 0 || state->magnitude >= 0x1p50 * unit)
		return false;
	for (int i = 0; i < sum->nparts; i++)
	{
		const MMPartState *part = &state->parts[i];

		if (part->factor > 0 &&
			(part->space == NULL || part->space->routine == NULL || !part->space->routine->whole ||
			 part->factor >= 0x1p24 * unit))
			return false;
		if (part->missing >= 0x1p24 * unit)
			return false;
	}
	return true;
}

/*
 * Add a constant to a sum.
 */
static void
add_constant(MMSumState *state, double value)
{
	state->offset += value;
	state->magnitude += fabs(value);
}

/*
 * Add a term that is no part, but at least something.  Returns false if it cannot
 * be searched with.
 */
static bool
begin_bounded(MMSumState *state, int term, double factor, ExprContext *econtext)
{
	bool		isnull;
	Datum		datum = ExecEvalExprSwitchContext(state->lows[term], econtext, &isnull);
	double		low = isnull ? get_float8_nan() : DatumGetFloat8(datum);

	add_constant(state, factor * low);
	return factor >= 0 && isfinite(factor) && isfinite(low);
}

/*
 * Add a term with a curve.  Returns false if it cannot be searched with.  *null is
 * set if it is NULL for all rows.
 */
static bool
begin_curve(MMSumState *state, int i, const MMTermValue *value, ExprContext *econtext, bool *null)
{
	MMPartState *part = &state->parts[state->driver->sum->terms[i].part];
	double		factor = exact_value(&value->product);
	double		zero;
	double		if_null;
	bool		isnull;

	mm_curve_begin(state->curves[i], econtext);
	if (!value->product.known || !(factor >= 0) || !isfinite(factor))
		return false;
	/* What it adds where the distance is NULL. */
	if_null = mm_curve_of_null(state->curves[i], &isnull) * factor;
	if (isnull && value->missing.known)
	{
		if_null = exact_value(&value->missing);
		isnull = false;
	}
	if (!isnull && !isfinite(if_null))
		return false;
	if (part->isnull)
	{
		*null |= isnull;
		add_constant(state, isnull ? 0.0 : if_null);
		return true;
	}
	zero = mm_curve_least(state->curves[i], 0.0);
	if (!isfinite(zero) || !isfinite(factor * zero))
		return false;
	add_constant(state, factor * zero);
	if_null -= factor * zero;
	if (!isnull && if_null < 0)
		return false;
	part->curve = mm_part_curve_add(part->curve, state->curves[i], factor, zero);
	part->missing += isnull ? 0.0 : if_null;
	part->null_sum |= isnull;
	/* A NaN would come first among what is minus a sum. */
	return part->finite || !state->driver->sum->negated;
}

void
mm_sum_begin(MMSumState *state, ExprContext *econtext)
{
	const MMSum *sum = state->driver->sum;
	FactorContext context = {.econtext = econtext};
	MMTermValue values[MM_MAX_TERMS];
	double		unit;
	bool		null = false;
	bool		other = false;

	if (!state->ready)
		init_constants(state);
	context.factors = state->factors;
	state->offset = state->magnitude = 0.0;
	begin_bounds(state, econtext);
	for (int i = 0; i < sum->nparts; i++)
		begin_part(&state->parts[i], econtext);
	unit = mm_sum_values(sum, factor_value, &context, values);
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];
		MMPartState *part = term->part < 0 ? NULL : &state->parts[term->part];
		bool		has_factor = values[i].product.known;
		bool		has_missing = values[i].missing.known;
		double		factor = exact_value(&values[i].product);
		double		missing = exact_value(&values[i].missing);

		if (term->low != NULL)
		{
			other |= !has_factor || !begin_bounded(state, i, factor, econtext);
			continue;
		}
		if (term->curve != NULL)
		{
			other |= !begin_curve(state, i, &values[i], econtext, &null);
			continue;
		}

		/*
		 * If the value or a factor is NULL, the term is what COALESCE gives.
		 * That may be NULL, too.
		 */
		if (part != NULL)
			part->null_factor |= !has_factor;
		if (part == NULL || part->isnull || !has_factor)
		{
			if (part == NULL ? !has_factor : !has_missing)
				null = true;
			else
			{
				/* A multiple of a negative number may be less. */
				other |= term->scaled && !(missing >= 0);
				add_constant(state, part == NULL ? factor : missing);
			}
			continue;
		}
		other |= !(factor >= 0) || isinf(factor) || !(missing >= 0);

		/*
		 * 0 * Infinity is NaN, the greatest number.  So it comes last among
		 * sums, but first among what is minus a sum.
		 */
		other |= sum->negated && factor == 0 && !part->finite;
		part->factor += factor;
		part->missing += missing;
		part->null_sum |= !has_missing;
	}
	for (int i = 0; i < sum->nparts; i++)
		other |= isinf(state->parts[i].factor);
	other |= !isfinite(state->offset);
	for (int i = 0; i < sum->nparts; i++)
	{
		MMPartState *part = &state->parts[i];

		part->no_weight = part->factor == 0 && !other && part->finite && sum->exact;
	}
	state->kind = null ? MM_SUM_NULL : other ? MM_SUM_OTHER : MM_SUM_WEIGHTED;
	state->unit = is_exact(state, unit) ? unit : 0.0;
}

/*
 * The coordinates of a number for a column of a narrower type.
 */
static const double *
cast_coordinates(const MMPartState *part)
{
	double	   *x = palloc(sizeof(double) * METRIC_MAX_RAW_COORDINATES);

	part->space->routine->coordinates(part->value, part->space->collation, x);
	return x;
}

int
mm_sum_search_terms(const MMSumState *state, const MMColumns *columns,
					MMTerm **result, bool *complete)
{
	MMTerm *terms = palloc(sizeof(MMTerm) * state->driver->sum->nparts * columns->n);
	int			n = 0;

	*result = terms;
	*complete = true;
	for (int i = 0; i < state->driver->sum->nparts; i++)
	{
		const MMPartState *part = &state->parts[i];
		double		missing = part->null_sum ? MM_MISSING_NULL : part->missing;
		bool		all = true;

		if (part->isnull)
			continue;
		if (part->factor == 0 && part->curve == NULL)
			*complete &= missing == 0 && part->finite;	/* NULL, NaN: found when verified */
		else if (part->space == NULL)
			n += mm_terms_of_query(columns, part->value, part->factor, terms + n, NULL, &all);
		else
			terms[n++] = (MMTerm) {
			.coordinates = part->part->cast ? cast_coordinates(part) : NULL,
			.column = part->part->column,
			.weight = part->factor,
			.scale = 1.0,
			.value = part->value,
			.missing = missing,
			.curve = part->curve == NULL ? NULL : mm_part_curve_term(part->curve, part->factor),
		};
		*complete &= all;
	}
	return n;
}

int
mm_sum_null_terms(const MMSumState *state, const MMColumns *columns, MMTerm **result,
				  bool *complete)
{
	MMTerm *terms = palloc(sizeof(MMTerm) * state->driver->sum->nparts * columns->n);
	int			n = 0;

	*result = terms;
	*complete = true;
	/* What is no part may be NULL, too, and so may what parts are multiplied by. */
	for (int i = 0; i < state->driver->sum->nterms; i++)
		*complete &= state->driver->sum->terms[i].low == NULL && !state->driver->sum->terms[i].scaled;
	for (int i = 0; i < state->driver->sum->nparts; i++)
	{
		const MMPartState *part = &state->parts[i];
		bool		all = true;

		if (part->isnull || !part->null_sum)
			continue;
		if (part->space == NULL)
			n += mm_terms_of_query(columns, part->value, 0.0, terms + n, NULL, &all);
		else
			terms[n++] = (MMTerm) {
			.coordinates = part->part->cast ? cast_coordinates(part) : NULL,
			.column = part->part->column,
			.scale = 1.0,
			.value = part->value,
			.missing = MM_MISSING_NULL,
		};
		*complete &= all;
	}
	return n;
}

/*
 * The greatest difference between the expression and the sum of its terms.
 * (With a unit there is none; or if the sum is too large for that, it is less
 * than what is taken off the bounds of such sums.)
 */
static double
rounding(const MMSumState *state, double value)
{
	return (fabs(value) + state->magnitude) * ROUNDING;
}

double
mm_sum_search_bound(const MMSumState *state, double value)
{
	if (state->magnitude == 0 || !isfinite(value))
		return value;
	return value - state->offset + (state->unit > 0 ? 0.0 : rounding(state, value));
}

double
mm_sum_least_value(const MMSumState *state, double lower)
{
	double		value = lower + state->offset;

	return state->magnitude == 0 || state->unit > 0 ? value : value - rounding(state, value);
}

/* ---------- one row ---------- */

/*
 * Make ready what is evaluated for a row.  That takes as long as a few rows, and of many
 * partitions no row is ever evaluated.
 */
static void
init_row(MMSumState *state)
{
	const MMSum *sum = state->driver->sum;
	PlanState  *ps = &state->node->ss.ps;
	MMLate		late = mm_late_begin(ps, state->user);
	TupleDesc	desc = CreateTemplateTupleDesc(sum->nparts);

	for (int i = 0; i < sum->nparts; i++)
	{
		const MMSumPart *part = &sum->parts[i];
		MMPartState *ready = &state->parts[i];

		TupleDescInitEntry(desc, i + 1, NULL, FLOAT8OID, -1, 0);
		/* "query operator value" may have other bits than "value operator query". */
		if (ready->space == NULL ||
			(part->argument == 0 && ready->space->routine != NULL && ready->space->routine->asymmetric))
			ready->distance = ExecInitExpr((Expr *) part->expr, ps);
		else if (ready->attnum == 0)
			ready->operand = ExecInitExpr(operand_of(part), ps);
	}
	state->distances = ExecInitExtraTupleSlot(ps->state, desc, &TTSOpsVirtual);
	state->value = ExecInitExpr((Expr *) replace_parts((Node *) sum->expr, (void *) sum), ps);
	state->conditions = ExecInitQual((List *) replace_parts((Node *) state->driver->conditions,
															 (void *) sum), ps);
	mm_late_end(&late);
}

/*
 * The value of a part's column in the row.
 */
static Datum
part_operand(MMPartState *part, ExprContext *econtext, bool *isnull)
{
	if (part->attnum > 0)
		return slot_getattr(econtext->ecxt_scantuple, part->attnum, isnull);
	return ExecEvalExpr(part->operand, econtext, isnull);
}

/*
 * The distance of a part if it is at most bound.  It is NULL if the column is
 * NULL.
 */
static double
part_distance(MMPartState *part, ExprContext *econtext, double bound, bool *isnull)
{
	Datum		operand;

	if (part->isnull)
	{
		*isnull = true;
		return 0.0;
	}
	if (part->distance != NULL)
	{
		part->evaluations++;
		operand = ExecEvalExpr(part->distance, econtext, isnull);
		return *isnull ? 0.0 : DatumGetFloat8(operand);
	}
	operand = part_operand(part, econtext, isnull);
	if (!*isnull)
		*isnull = mm_metric_is_null(part->space, operand);
	if (*isnull)
		return 0.0;
	if (part->no_weight)
		return 0.0;
	part->evaluations++;
	return mm_metric_distance(part->space, part->prepared, operand, bound);
}

bool
mm_sum_evaluate(MMSumState *state, ExprContext *econtext, double most,
				double *value, bool *isnull)
{
	TupleTableSlot *distances;
	double		sum = state->offset;
	double		limit = most + rounding(state, most);
	MemoryContext old;

	if (state->value == NULL)
		init_row(state);
	distances = state->distances;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	ExecClearTuple(distances);
	for (int i = 0; i < state->driver->sum->nparts; i++)
	{
		MMPartState *part = &state->parts[i];
		double		bound = isfinite(limit) && part->factor > 0 ?
			Max((limit - sum) / part->factor, 0.0) : METRIC_NO_BOUND;
		double		distance = part_distance(part, econtext, bound, &distances->tts_isnull[i]);

		distances->tts_values[i] = Float8GetDatum(distance);
		sum += distances->tts_isnull[i] ? part->missing :
			part->curve == NULL ? part->factor * distance :
			isfinite(limit) ? mm_part_curve_least(part->curve, part->factor, distance) : 0.0;
		if (sum > limit)
		{
			MemoryContextSwitchTo(old);
			return false;
		}
	}
	ExecStoreVirtualTuple(distances);
	econtext->ecxt_innertuple = distances;
	*value = DatumGetFloat8(ExecEvalExpr(state->value, econtext, isnull));
	if (state->driver->sum->negated)
		*value = -*value;
	MemoryContextSwitchTo(old);
	return true;
}

bool
mm_sum_conditions(MMSumState *state, ExprContext *econtext)
{
	econtext->ecxt_innertuple = state->distances;
	return ExecQual(state->conditions, econtext);
}
