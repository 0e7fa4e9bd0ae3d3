/*-------------------------------------------------------------------------
 *
 * part_curve.c
 *	  What a distance adds to a sum that has functions of it.
 *
 * A search asks for this for each entry of each page that it looks at.  So the
 * bounds are kept.  They are those of distances that are rounded down to 10
 * binary digits behind the first one: a thousand of them for each power of 2, and
 * there are few such powers between the least and the greatest distance of a
 * column.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "plan/plan.h"

#define DIGITS		10
#define EXPONENTS	256			/* of a float that is not negative */
#define DROPPED		(23 - DIGITS)

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
	double	   *kept[EXPONENTS];	/* NaN where not known yet; NULL: none are */
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

double
mm_part_curve_least(MMPartCurve *curve, double factor, double distance)
{
	double		result = factor * distance;

	for (int i = 0; i < curve->n; i++)
		result += term_least(&curve->terms[i], distance);
	return result * (1 - 0x1p-48);
}

/*
 * What MMTermCurve wants.
 */
static double
kept_least(MMTermCurve *search, double distance)
{
	MMPartCurve *curve = (MMPartCurve *) search;
	float		x = (float) distance;
	uint32		bits;
	double	   *kept;

	if (!(x > 0))
		return 0.0;
	if (x > distance)
		x = nextafterf(x, 0.0f);
	memcpy(&bits, &x, sizeof(bits));
	kept = curve->kept[bits >> 23];
	if (kept == NULL)
	{
		kept = MemoryContextAlloc(GetMemoryChunkContext(curve), sizeof(double) << DIGITS);
		for (int i = 0; i < 1 << DIGITS; i++)
			kept[i] = get_float8_nan();
		curve->kept[bits >> 23] = kept;
	}
	kept += (bits >> DROPPED) & ((1 << DIGITS) - 1);
	if (isnan(*kept))
	{
		bits &= ~UINT32_C(0) << DROPPED;
		memcpy(&x, &bits, sizeof(x));
		*kept = mm_part_curve_least(curve, curve->factor, x);
	}
	return *kept;
}

MMPartCurve *
mm_part_curve_add(MMPartCurve *curve, const MMCurveNode *node, double factor, double zero)
{
	if (curve == NULL)
	{
		curve = palloc0(sizeof(MMPartCurve));
		curve->search.least = kept_least;
	}
	curve->terms[curve->n++] = (CurveTerm) {node, factor, zero};
	return curve;
}

MMTermCurve *
mm_part_curve_term(MMPartCurve *curve, double factor)
{
	curve->factor = factor;
	return &curve->search;
}
