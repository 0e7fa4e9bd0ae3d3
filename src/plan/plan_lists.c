/*-------------------------------------------------------------------------
 *
 * plan_lists.c
 *	  The planner's decisions about a scan, as lists.
 *
 * A plan can be copied, and sent to parallel workers, if it consists of nodes.
 * So its expressions, which the planner may change, and its numbers are put
 * into lists.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"

#include "plan/plan.h"

/* ---------- sums ---------- */

static void
pack_product(const MMProduct *product, List **exprs, List **numbers)
{
	*numbers = lappend_int(lappend_int(*numbers, product->n), product->negative);
	for (int i = 0; i < product->n; i++)
	{
		*exprs = lappend(*exprs, product->factors[i].expr);
		*numbers = lappend_int(*numbers, product->factors[i].divide);
	}
}

static void
pack_sum(const MMSum *sum, List **exprs, List **numbers)
{
	*exprs = list_make1(sum->expr);
	*numbers = list_make4_int(sum->negated, sum->exact, sum->nparts, sum->nterms);
	for (int i = 0; i < sum->nparts; i++)
	{
		*exprs = lappend(*exprs, sum->parts[i].expr);
		*numbers = lappend_int(*numbers, sum->parts[i].column);
		*numbers = lappend_int(*numbers, sum->parts[i].argument);
		*numbers = lappend_int(*numbers, sum->parts[i].cast);
	}
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];

		*numbers = lappend_int(lappend_int(*numbers, term->part), term->has_missing);
		*numbers = lappend_int(*numbers, (term->curve != NULL) | term->falls << 1 |
							   (term->low != NULL) << 2 | term->scaled << 3);
		if (term->curve != NULL)
			*exprs = lappend(*exprs, term->curve);
		if (term->low != NULL)
			*exprs = lappend(*exprs, term->low);
		pack_product(&term->product, exprs, numbers);
		if (term->has_missing)
			pack_product(&term->missing, exprs, numbers);
	}
}

/*
 * Reads the lists from beginning to end.
 */
typedef struct Reader
{
	List	   *exprs;
	List	   *numbers;
	int			expr;
	int			number;
} Reader;

static Expr *
next_expr(Reader *r)
{
	return list_nth(r->exprs, r->expr++);
}

static int
next_number(Reader *r)
{
	return list_nth_int(r->numbers, r->number++);
}

static void
unpack_product(Reader *r, MMProduct *product)
{
	product->n = next_number(r);
	product->negative = next_number(r);
	for (int i = 0; i < product->n; i++)
	{
		product->factors[i].expr = next_expr(r);
		product->factors[i].divide = next_number(r);
	}
}

static MMSum *
unpack_sum(List *exprs, List *numbers)
{
	MMSum	   *sum = palloc0(sizeof(MMSum));
	Reader		r = {.exprs = exprs, .numbers = numbers};

	sum->expr = next_expr(&r);
	sum->negated = next_number(&r);
	sum->exact = next_number(&r);
	sum->nparts = next_number(&r);
	sum->nterms = next_number(&r);
	sum->parts = palloc(sizeof(MMSumPart) * sum->nparts);
	sum->terms = palloc0(sizeof(MMSumTerm) * sum->nterms);
	for (int i = 0; i < sum->nparts; i++)
	{
		sum->parts[i].expr = (OpExpr *) next_expr(&r);
		sum->parts[i].column = next_number(&r);
		sum->parts[i].argument = next_number(&r);
		sum->parts[i].cast = next_number(&r);
	}
	for (int i = 0; i < sum->nterms; i++)
	{
		MMSumTerm  *term = &sum->terms[i];
		int			flags;

		term->part = next_number(&r);
		term->has_missing = next_number(&r);
		flags = next_number(&r);
		if (flags & 1)
			term->curve = next_expr(&r);
		term->falls = (flags & 2) != 0;
		if (flags & 4)
			term->low = next_expr(&r);
		term->scaled = (flags & 8) != 0;
		unpack_product(&r, &term->product);
		if (term->has_missing)
			unpack_product(&r, &term->missing);
	}
	return sum;
}

/* ---------- the plan ---------- */

void
mm_plan_pack(const MMScanPlan *plan, List **exprs, List **numbers)
{
	Expr	   *none = (Expr *) makeNullConst(INT8OID, -1, InvalidOid);

	*exprs = list_make1(list_make2(plan->limit ? plan->limit : none,
								   plan->offset ? plan->offset : none));
	*numbers = list_make2(list_make1_oid(plan->index),
						  lappend_int(list_make5_int(plan->ordered, plan->limited, plan->early_quals,
													 plan->ndrivers, plan->any), plan->nulls_first));
	lsecond(*numbers) = lappend_int(lsecond(*numbers), plan->secured);
	for (int i = 0; i < plan->ndrivers; i++)
	{
		const MMDriver *driver = &plan->drivers[i];
		List	   *sum_exprs;
		List	   *sum_numbers;

		pack_sum(driver->sum, &sum_exprs, &sum_numbers);
		*exprs = lappend(*exprs, list_make3(sum_exprs, driver->bounds, driver->conditions));
		*numbers = lappend(*numbers, sum_numbers);
	}
}

MMScanPlan *
mm_plan_unpack(List *exprs, List *numbers)
{
	MMScanPlan *plan = palloc0(sizeof(MMScanPlan));
	List	   *header = lsecond(numbers);
	List	   *limits = linitial(exprs);

	plan->index = linitial_oid(linitial(numbers));
	plan->ordered = linitial_int(header);
	plan->limited = lsecond_int(header);
	plan->early_quals = lthird_int(header);
	plan->ndrivers = lfourth_int(header);
	plan->any = list_nth_int(header, 4);
	plan->nulls_first = list_nth_int(header, 5);
	plan->secured = list_nth_int(header, 6);
	plan->limit = linitial(limits);
	plan->offset = lsecond(limits);
	plan->drivers = palloc0(sizeof(MMDriver) * plan->ndrivers);
	for (int i = 0; i < plan->ndrivers; i++)
	{
		List	   *driver = list_nth(exprs, i + 1);

		plan->drivers[i].sum = unpack_sum(linitial(driver), list_nth(numbers, i + 2));
		plan->drivers[i].bounds = lsecond(driver);
		plan->drivers[i].conditions = lthird(driver);
	}
	return plan;
}
