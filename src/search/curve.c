/*-------------------------------------------------------------------------
 *
 * curve.c
 *	  What a distance adds to a sum where that is no multiple of it; see curve.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "search/curve.h"

float
mm_term_curve_fill(MMTermCurve *curve, float distance)
{
	uint32		bits;
	float	  **kept;
	double		least;
	float		result;

	memcpy(&bits, &distance, sizeof(bits));
	kept = &curve->kept[bits >> 23];
	if (*kept == NULL)
	{
		*kept = MemoryContextAlloc(GetMemoryChunkContext(curve), sizeof(float) << MM_CURVE_DIGITS);
		for (int i = 0; i < 1 << MM_CURVE_DIGITS; i++)
			(*kept)[i] = -1.0f;
	}
	bits &= ~UINT32_C(0) << MM_CURVE_DROPPED;
	memcpy(&distance, &bits, sizeof(distance));
	least = Min(curve->least(curve, distance), FLT_MAX);
	result = (float) least;
	if (result > least)
		result = nextafterf(result, 0.0f);
	(*kept)[(bits >> MM_CURVE_DROPPED) & ((1 << MM_CURVE_DIGITS) - 1)] = result;
	return result;
}

double
mm_term_curve_slope(MMTermCurve *curve, double scale)
{
	return scale > 0 ? curve->least(curve, scale / 2) / (scale / 2) : 1.0;
}
