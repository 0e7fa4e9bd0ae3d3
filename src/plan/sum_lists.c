/*-------------------------------------------------------------------------
 *
 * sum_lists.c
 *	  Weighted sums as lists, for a plan.
 *
 * A plan can be copied, and sent to parallel workers, if it consists of nodes: of
 * expressions, which the planner may change, and of numbers.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "plan/sum.h"

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

void
mm_sum_pack(const MMSum *sum, List **exprs, List **numbers)
{
	*exprs = list_make1(sum->expr);
	*numbers = list_make4_int(sum->negated, sum->exact, sum->nleaves, sum->nterms);
	for (int i = 0; i < sum->nleaves; i++)
	{
		*exprs = lappend(*exprs, sum->leaves[i].expr);
		*numbers = lappend_int(*numbers, sum->leaves[i].column);
		*numbers = lappend_int(*numbers, sum->leaves[i].argument);
		*numbers = lappend_int(*numbers, sum->leaves[i].cast);
	}
	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];

		*numbers = lappend_int(lappend_int(*numbers, term->leaf), term->has_missing);
		pack_product(&term->product, exprs, numbers);
		if (term->has_missing)
			pack_product(&term->missing, exprs, numbers);
	}
}

/*
 * Reads lists from their beginning to their end.
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

MMSum *
mm_sum_unpack(List *exprs, List *numbers)
{
	MMSum	   *sum = palloc0(sizeof(MMSum));
	Reader		r = {.exprs = exprs, .numbers = numbers};

	sum->expr = next_expr(&r);
	sum->negated = next_number(&r);
	sum->exact = next_number(&r);
	sum->nleaves = next_number(&r);
	sum->nterms = next_number(&r);
	for (int i = 0; i < sum->nleaves; i++)
	{
		sum->leaves[i].expr = (OpExpr *) next_expr(&r);
		sum->leaves[i].column = next_number(&r);
		sum->leaves[i].argument = next_number(&r);
		sum->leaves[i].cast = next_number(&r);
	}
	for (int i = 0; i < sum->nterms; i++)
	{
		MMSumTerm  *term = &sum->terms[i];

		term->leaf = next_number(&r);
		term->has_missing = next_number(&r);
		unpack_product(&r, &term->product);
		if (term->has_missing)
			unpack_product(&r, &term->missing);
	}
	return sum;
}
