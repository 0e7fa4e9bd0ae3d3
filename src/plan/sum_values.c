/*-------------------------------------------------------------------------
 *
 * sum_values.c
 *	  The values of the terms of a weighted sum.
 *
 * Whether a sum is run, planned or shown by EXPLAIN, its weights, its
 * constants and what it adds for NULLs are products of the same expressions.
 * The only difference is how much of these is known.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "plan/sum.h"

/*
 * Sums are exact with numbers that are multiples, by less than 2^24, of a unit
 * that is at least this large.
 */
#define LEAST_UNIT	0x1p-60

/*
 * The greatest power of 2 that a number is a multiple of; Infinity if the
 * number is 0; 0 if the power is too small or the multiple too large.
 */
static double
unit_of(double x)
{
	double		unit;
	int			exponent;

	if (x == 0)
		return get_float8_infinity();
	if (!(fabs(x) <= 1 / LEAST_UNIT))
		return 0.0;
	/* The number must fit into 24 bits. */
	x = ldexp(frexp(x, &exponent), 24);
	if (x != rint(x))
		return 0.0;
	unit = ldexp((double) ((int64) x & -(int64) x), exponent - 24);
	return unit >= LEAST_UNIT ? unit : 0.0;
}

/*
 * Evaluate a product whose first factor has number *next.  *unit is lowered to
 * a unit of the product, or to 0 if the product, or a part of it, has none.
 */
static MMProductValue
product_value(const MMProduct *product, MMFactorValue factor_value, void *state, int *next,
			  double *unit)
{
	MMProductValue result = {.known = true, .value = product->negative ? -1.0 : 1.0};

	for (int i = 0; i < product->n; i++)
	{
		bool		divide = product->factors[i].divide;
		double		factor = 0.0;
		bool		zero;

		result.known &= factor_value(product->factors[i].expr, (*next)++, state, &factor);
		zero = result.value == 0 || (divide ? isinf(factor) : factor == 0);
		result.value = divide ? result.value / factor : result.value * factor;
		/* Only a division by a power of 2 is exact. */
		if (divide && unit_of(factor) != fabs(factor))
			*unit = 0.0;
		*unit = Min(*unit, Min(unit_of(factor), unit_of(result.value)));
		result.vanished |= !zero && fabs(result.value) < DBL_MIN;
	}
	return result;
}

double
mm_sum_values(const MMSum *sum, MMFactorValue factor_value, void *state, MMTermValue *values)
{
	double		unit = 1.0;
	int			next = 0;

	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];

		values[i].product = product_value(&term->product, factor_value, state, &next, &unit);
		values[i].missing = (MMProductValue) {0};
		if (term->has_missing)
			values[i].missing = product_value(&term->missing, factor_value, state, &next, &unit);
	}
	return unit;
}

List *
mm_sum_factors(const MMSum *sum)
{
	List	   *factors = NIL;

	for (int i = 0; i < sum->nterms; i++)
	{
		const MMSumTerm *term = &sum->terms[i];

		for (int f = 0; f < term->product.n; f++)
			factors = lappend(factors, term->product.factors[f].expr);
		for (int f = 0; term->has_missing && f < term->missing.n; f++)
			factors = lappend(factors, term->missing.factors[f].expr);
	}
	return factors;
}
