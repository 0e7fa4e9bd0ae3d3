/*-------------------------------------------------------------------------
 *
 * curve.c
 *	  What a distance adds to a sum where that is no multiple of it; see curve.h.
 *
 * Values and slopes are reduced by DEFLATION for the roundings of the kernels' float
 * arithmetic.  What the function itself may be off by, least takes care of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/float.h"
#include "utils/memutils.h"

#include "metric/bounds.h"
#include "search/curve.h"

#define DEFLATION	(1 - 0x1p-21)

/*
 * How many binary digits behind the first tell the pieces for a power of 2.  Chords
 * are below a concave function by the square of a piece's width, so few pieces will
 * do; prolonged ones are four times farther off, and a constant is off by the whole
 * width.  Each piece that a search needs is computed once, and with more pieces than
 * these that takes longer than the search gains by closer bounds.
 */
static const int digits[] = {
	[MM_BEND_LINEAR] = 1,
	[MM_BEND_CONCAVE] = 1,
	[MM_BEND_CONVEX] = 3,
	[MM_BEND_UNKNOWN] = 6,
};

/* A prolonged chord has this part of the width of a piece: it is nearly a tangent. */
#define TANGENT		(1.0f / 16)

/* So many exponents have floats that are finite and not negative. */
#define EXPONENTS	255

static float
float_of_bits(uint32 bits)
{
	float		result;

	memcpy(&result, &bits, sizeof(result));
	return result;
}

static uint32
bits_of_float(float x)
{
	uint32		result;

	memcpy(&result, &x, sizeof(result));
	return result;
}

/*
 * The greatest float that is not above x >= 0 reduced.
 */
static float
reduced(double x)
{
	double		least = Min(x * DEFLATION, FLT_MAX);
	float		result = (float) least;

	return result > least ? nextafterf(result, 0.0f) : result;
}

/*
 * How many pieces there are.
 */
static int
count_pieces(const MMTermCurve *curve)
{
	return EXPONENTS << digits[curve->bend];
}

/*
 * Make a table without any piece but those below all normal numbers, where the
 * function is taken for 0.
 */
static void
make_table(MMTermCurve *curve)
{
	curve->pieces = MemoryContextAllocZero(GetMemoryChunkContext(curve),
										   sizeof(MMCurvePiece) * count_pieces(curve));
	for (int i = 0; i < 1 << digits[curve->bend]; i++)
		curve->pieces[i].minus_value = -0.0f;
	curve->table.dropped = FLT_MANT_DIG - 1 - digits[curve->bend];
	curve->table.pieces = curve->pieces;
}

/*
 * The start of a piece.
 */
static float
start_of(const MMTermCurve *curve, int piece)
{
	return float_of_bits((uint32) piece << curve->table.dropped);
}

/*
 * A lower bound of how steep the function is in a piece, at the start of which it is
 * value at least.
 */
static double
slope_of(MMTermCurve *curve, int piece, double value)
{
	float		start = start_of(curve, piece);
	float		other;

	if (curve->bend == MM_BEND_UNKNOWN || value > FLT_MAX)
		return 0.0;
	if (curve->bend == MM_BEND_CONVEX)
	{
		other = start - TANGENT * (start - start_of(curve, piece - 1));
		return (value - curve->most(curve, other)) / (start - other);
	}
	other = start_of(curve, piece + 1);
	return isinf(other) ? 0.0 : (Min(curve->least(curve, other), FLT_MAX) - value) / (other - start);
}

/*
 * Compute a piece, if it is not known.
 */
static const MMCurvePiece *
get_piece(MMTermCurve *curve, int piece)
{
	MMCurvePiece *result;
	double		value;
	double		slope;

	if (curve->pieces == NULL)
		make_table(curve);
	result = &curve->pieces[piece];
	if (signbit(result->minus_value))
		return result;
	value = curve->least(curve, start_of(curve, piece));
	slope = slope_of(curve, piece, value);
	/* This leaves out a NaN, too. */
	result->slope = slope > 0 ? reduced(slope) : 0.0f;
	result->minus_value = -reduced(value);
	return result;
}

/*
 * The piece of a lower bound.
 */
static int
piece_of(const MMTermCurve *curve, float lower)
{
	/* A NaN, of an entry without a value, will do as any number. */
	return (int) (bits_of_float(Max(Min(lower, FLT_MAX), 0.0f)) >> curve->table.dropped);
}

double
mm_term_curve_slope(MMTermCurve *curve, double scale)
{
	return scale > 0 ? curve->least(curve, scale / 2) / (scale / 2) : 1.0;
}

const MMCurveTable *
mm_term_curve_table(MMTermCurve *curve)
{
	if (curve->pieces == NULL)
		make_table(curve);
	return &curve->table;
}

void
mm_term_curve_know(MMTermCurve *curve, const float *bounds)
{
	for (int i = 0; i < METRIC_PLANE_SLACK; i++)
		(void) get_piece(curve, piece_of(curve, bounds[i]));
}

void
mm_term_curve_shape(MMTermCurve *curve, float *lower, int n)
{
	const MMCurveTable *table = mm_term_curve_table(curve);
	int			done = 0;

	for (int i = n; i % METRIC_PLANE_SLACK != 0; i++)
		lower[i] = 0.0f;
	while ((done = mm_curve_values(table, lower, done, n)) < n)
		for (int i = done; i < Min(done + METRIC_PLANE_SLACK, n); i++)
			(void) get_piece(curve, piece_of(curve, lower[i]));
}

float
mm_term_curve_of(MMTermCurve *curve, float lower)
{
	float		x[METRIC_PLANE_SLACK] = {lower};

	mm_term_curve_shape(curve, x, 1);
	return x[0];
}

double
mm_term_curve_within(MMTermCurve *curve, double most)
{
	int			low = 0;
	int			high = count_pieces(curve);

	/* Find the first piece that begins above most. */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (-get_piece(curve, middle)->minus_value > most)
			high = middle;
		else
			low = middle + 1;
	}
	return low == count_pieces(curve) ? METRIC_NO_BOUND : start_of(curve, low);
}
