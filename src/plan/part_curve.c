/*-------------------------------------------------------------------------
 *
 * part_curve.c
 *	  What a distance adds to a sum that has functions of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "plan/plan.h"

/* One of the part's terms. */
typedef struct CurveTerm
{
	const MMCurveNode *node;
	double		factor;
	double		zero;			/* what the function is at least */
} CurveTerm;

struct MMPartCurve
{
	MMTermCurve search;			/* must be first */
	double		factor;			/* of the terms without curves */
	int			n;
	CurveTerm	terms[MM_MAX_TERMS];
};

/*
 * A lower bound of what a term adds to its least value.
 */
static double
term_least(const CurveTerm *term, double distance)
{
	double		value = mm_curve_least(term->node, distance);
	double		least;

	if (isinf(value))
		return value > 0 ? value : 0.0;
	/* This is for the rounding of the difference, and of the product. */
	least = (value - term->zero) - (fabs(value) + fabs(term->zero)) * 0x1p-48;
	return Max(term->factor * least * (1 - 0x1p-48), 0.0);
}

/*
 * An upper bound of what a term adds to its least value for this very distance.
 */
static double
term_most(const CurveTerm *term, double distance)
{
	double		value = mm_curve_most(term->node, distance);
	double		most = (value - term->zero) + (fabs(value) + fabs(term->zero)) * 0x1p-48;

	return term->factor == 0 ? 0.0 : Max(term->factor * most * (1 + 0x1p-48), 0.0);
}

double
mm_part_curve_least(MMPartCurve *curve, double factor, double distance)
{
	double		result = factor == 0 ? 0.0 : factor * distance;

	for (int i = 0; i < curve->n; i++)
		result += term_least(&curve->terms[i], distance);
	return result * (1 - 0x1p-48);
}

/*
 * What MMTermCurve wants.
 */
static double
search_least(MMTermCurve *search, double distance)
{
	MMPartCurve *curve = (MMPartCurve *) search;

	return mm_part_curve_least(curve, curve->factor, distance);
}

static double
search_most(MMTermCurve *search, double distance)
{
	MMPartCurve *curve = (MMPartCurve *) search;
	double		result = curve->factor == 0 ? 0.0 : curve->factor * distance;

	for (int i = 0; i < curve->n; i++)
		result += term_most(&curve->terms[i], distance);
	return result * (1 + 0x1p-48);
}

MMPartCurve *
mm_part_curve_add(MMPartCurve *curve, const MMCurveNode *node, double factor, double zero)
{
	if (curve == NULL)
	{
		curve = palloc0(sizeof(MMPartCurve));
		curve->search.least = search_least;
		curve->search.most = search_most;
		curve->search.bend = MM_BEND_LINEAR;
	}
	if (factor > 0)
		curve->search.bend = mm_bend_of_sum(curve->search.bend, mm_curve_bend(node));
	curve->terms[curve->n++] = (CurveTerm) {node, factor, zero};
	return curve;
}

MMTermCurve *
mm_part_curve_term(MMPartCurve *curve, double factor)
{
	curve->factor = factor;
	return &curve->search;
}
