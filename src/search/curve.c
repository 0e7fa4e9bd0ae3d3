/*-------------------------------------------------------------------------
 *
 * curve.c
 *	  What a distance adds to a sum where that is no multiple of it; see curve.h.
 *
 * The kernels evaluate a line in float, with a rounding of the product and one of the
 * sum.  Lines are lowered for these (set_line).  What the function itself may be off by,
 * least takes care of.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "metric/bounds.h"
#include "search/curve.h"

/*
 * How many binary digits behind the first tell the lines for a power of 2.  Chords are
 * below a concave function by the square of a line's width, so few will do; prolonged
 * ones are four times farther off.  With more lines for a power of 2, there are fewer
 * such powers that have them.
 */
static const int digits[] = {
	[MM_BEND_LINEAR] = 1,
	[MM_BEND_CONCAVE] = 1,
	[MM_BEND_CONVEX] = 2,
	[MM_BEND_UNKNOWN] = 1,
};

/* A prolonged chord is so long, for each unit of the distance that it ends at. */
#define TANGENT		(1.0 / 128)

/* A function that may bend in both ways is looked at so many times for each line. */
#define STEPS		16

/* What denormal floats are rounded by is less than this. */
#define DENORMAL		0x1p-149

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
 * The greatest float that is not above x, if that is within their range.
 */
static float
float_below(double x)
{
	float		result = (float) x;

	return result > x ? nextafterf(result, -FLT_MAX) : result;
}

/*
 * What a distance adds at least, within the range of floats.
 */
static double
least_of(MMTermCurve *curve, double distance)
{
	double		result = curve->least(curve, distance);

	return Min(result, FLT_MAX);
}

/*
 * Where the line with a number begins.
 */
static float
start_of(const MMTermCurve *curve, int number)
{
	return float_of_bits((uint32) number << curve->table.dropped);
}

/*
 * Keep a line that is below the function from start on, where it has this value.  For a
 * distance x, the roundings are at most 2^-24 (2 slope x + |at_zero|).  As at_zero is
 * value - slope * start, that is less than 2^-24 (|value| + 3 slope x).  The part that
 * grows with x beyond start is made up for by a smaller slope, and the rest by a lower
 * value.  So is what the product may be off by where it is denormal.
 */
static void
set_line(MMCurveTable *table, int number, double start, double value, double slope)
{
	int			i = number % MM_CURVE_LINES;
	double		at_zero;

	/* This leaves out a NaN, too. */
	table->slope[i] = slope > 0 ? float_below(Min(slope, FLT_MAX) * (1 - 0x1p-21)) : 0.0f;
	at_zero = value - table->slope[i] * start - DENORMAL -
		0x1p-22 * (fabs(value) + 3 * table->slope[i] * start);
	if (at_zero < -FLT_MAX)
	{
		table->slope[i] = 0.0f;
		at_zero = value - 0x1p-22 * fabs(value);
	}
	table->at_zero[i] = float_below(at_zero);
}

/*
 * A lower bound of how steep a convex function is from a distance on where it is
 * value at least.
 */
static double
slope_of_tangent(MMTermCurve *curve, double start, double value)
{
	double		other = start * (1 - TANGENT);

	return start > 0 && value < FLT_MAX ? (value - curve->most(curve, other)) / (start - other) : 0.0;
}

/*
 * The value at start of a line of some slope that is below the function up to end.  At
 * the end of each step, the line must not be above what the function is at least from
 * the step's start on.
 */
static double
value_below_steps(MMTermCurve *curve, double start, double end, double value, double slope)
{
	double		step = (end - start) / STEPS;
	double		result = value - slope * step;

	for (int i = 1; i < STEPS; i++)
	{
		double		most = least_of(curve, start + i * step) - slope * (i + 1) * step;

		result = Min(most, result);
	}
	return result;
}

/*
 * Choose the line for distances from start to end, where the function is value and
 * end_value at least.
 */
static void
choose_line(MMTermCurve *curve, int number, double start, double end, double value,
			double end_value)
{
	double		slope = (end_value - value) / (end - start);

	if (curve->bend == MM_BEND_CONVEX)
		slope = slope_of_tangent(curve, start, value);
	else if (curve->bend == MM_BEND_UNKNOWN)
	{
		double		lowered = value_below_steps(curve, start, end, value, slope);

		/* In the middle, a line without a slope may be higher. */
		if (lowered + slope * (end - start) / 2 > value)
			value = lowered;
		else
			slope = 0.0;
	}
	set_line(&curve->table, number, start, value, slope);
}

/*
 * The number of the first line: it begins below all bounds, or far below usual
 * distances.
 */
static int
first_number(const MMTermCurve *curve, const float *lower, int n)
{
	int			powers = MM_CURVE_LINES >> digits[curve->bend];
	double		from = curve->scale > 0 ? ldexp(curve->scale, -powers * 5 / 8) : 0.0;
	float		least = n > 0 ? FLT_MAX : 0.0f;
	int			number;

	for (int i = 0; i < n; i++)
		least = Min(lower[i], least);
	number = (int) (bits_of_float((float) Min(Max(least, from), FLT_MAX)) >> curve->table.dropped) - 1;
	/* Numbers are for normal floats. */
	return Max(Min(number, (EXPONENTS << digits[curve->bend]) - MM_CURVE_LINES),
			   1 << digits[curve->bend]);
}

double
mm_term_curve_slope(MMTermCurve *curve, double scale)
{
	return scale > 0 ? curve->least(curve, scale / 2) / (scale / 2) : 1.0;
}

void
mm_term_curve_init(MMTermCurve *curve, double scale)
{
	curve->scale = scale;
}

void
mm_term_curve_begin(MMTermCurve *curve, const float *lower, int n)
{
	int			first;
	double		start = 0.0;
	double		value;

	if (curve->begun)
		return;
	curve->begun = true;
	curve->table.dropped = FLT_MANT_DIG - 1 - digits[curve->bend];
	first = first_number(curve, lower, n);
	curve->table.first = start_of(curve, first);
	curve->table.last = start_of(curve, first + MM_CURVE_LINES - 1);
	value = least_of(curve, start);
	for (int i = 0; i < MM_CURVE_LINES; i++)
	{
		double		end = i < MM_CURVE_LINES - 1 ? start_of(curve, first + i + 1) : FLT_MAX;
		double		end_value = least_of(curve, end);

		choose_line(curve, first + i, start, end, value, end_value);
		start = end;
		value = end_value;
	}
}

const MMCurveTable *
mm_term_curve_table(const MMTermCurve *curve)
{
	return &curve->table;
}

void
mm_term_curve_shape(MMTermCurve *curve, float *lower, int n)
{
	mm_term_curve_begin(curve, NULL, 0);
	mm_curve_values(&curve->table, lower, n);
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
	int			first;

	mm_term_curve_begin(curve, NULL, 0);
	first = (int) (bits_of_float(curve->table.first) >> curve->table.dropped);
	/* Find where a line, between its ends, is above most first. */
	for (int i = 0; i < MM_CURVE_LINES; i++)
	{
		double		start = i > 0 ? start_of(curve, first + i) : 0.0;
		double		end = i < MM_CURVE_LINES - 1 ? start_of(curve, first + i + 1) : FLT_MAX;
		double		at_zero = curve->table.at_zero[(first + i) % MM_CURVE_LINES];
		double		slope = curve->table.slope[(first + i) % MM_CURVE_LINES];

		if (at_zero + slope * end > most)
			return slope > 0 ? Max((most - at_zero) / slope, start) : start;
	}
	return METRIC_NO_BOUND;
}
