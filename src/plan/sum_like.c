/*-------------------------------------------------------------------------
 *
 * sum_like.c
 *	  A sum that begins with what another one has evaluated.
 *
 * The partitions of a table are searched for the same sum.  Each of them has its own
 * expressions, with its own columns.  But weights and values, and what the metrics
 * prepare of these, are the same as long as no column is in them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "plan/plan.h"

static bool
same_products(const MMProduct *a, const MMProduct *b)
{
	if (a->n != b->n || a->negative != b->negative)
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->factors[i].divide != b->factors[i].divide ||
			!equal(a->factors[i].expr, b->factors[i].expr))
			return false;
	return true;
}

/*
 * Functions of distances and other terms with a bound depend on the row, and so on the
 * partition: such sums are not compared.
 */
static bool
same_terms(const MMSumTerm *a, const MMSumTerm *b)
{
	return a->curve == NULL && b->curve == NULL && a->low == NULL && b->low == NULL &&
		a->part == b->part && a->scaled == b->scaled && a->has_missing == b->has_missing &&
		same_products(&a->product, &b->product) &&
		(!a->has_missing || same_products(&a->missing, &b->missing));
}

/*
 * Is what a metric prepares of the value the same, too?  Composites are matched with the
 * columns of an index, which may be others.
 */
static bool
same_parts(const MMPartState *a, const MMPartState *b)
{
	return a->space != NULL && b->space != NULL && a->space->type == b->space->type &&
		a->space->operator == b->space->operator && a->space->collation == b->space->collation &&
		a->space->routine == b->space->routine && a->part->column == b->part->column &&
		equal(list_nth(a->part->expr->args, a->part->argument),
			  list_nth(b->part->expr->args, b->part->argument));
}

static bool
same_sums(const MMSumState *a, const MMSumState *b)
{
	const MMSum *x = a->driver->sum;
	const MMSum *y = b->driver->sum;

	if (x->nparts != y->nparts || x->nterms != y->nterms || x->negated != y->negated ||
		x->exact != y->exact || !equal(a->driver->bounds, b->driver->bounds))
		return false;
	for (int i = 0; i < x->nparts; i++)
		if (!same_parts(&a->parts[i], &b->parts[i]))
			return false;
	for (int i = 0; i < x->nterms; i++)
		if (!same_terms(&x->terms[i], &y->terms[i]))
			return false;
	return true;
}

bool
mm_sum_begin_like(MMSumState *sum, const MMSumState *other)
{
	if (!same_sums(sum, other))
		return false;
	for (int i = 0; i < sum->driver->sum->nparts; i++)
	{
		MMPartState *part = &sum->parts[i];
		const MMPartState *from = &other->parts[i];

		part->value = from->value;
		part->isnull = from->isnull;
		part->prepared = from->prepared;
		part->factor = from->factor;
		part->missing = from->missing;
		part->null_factor = from->null_factor;
		part->null_sum = from->null_sum;
		part->no_weight = from->no_weight;
	}
	sum->offset = other->offset;
	sum->magnitude = other->magnitude;
	sum->unit = other->unit;
	sum->null_bound = other->null_bound;
	sum->bound = other->bound;
	sum->kind = other->kind;
	return true;
}
