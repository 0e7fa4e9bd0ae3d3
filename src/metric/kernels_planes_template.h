/*-------------------------------------------------------------------------
 *
 * kernels_planes_template.h
 *	  The kernels over planes, written once as plain loops.
 *
 * This is not a header in the usual sense.  A kernels_planes_*.c file includes
 * it after defining, for its instruction set:
 *
 *	- PLANES, the attributes of a function (static, target);
 *	- COUNT_BITS, if the CPU has vectors of that operation;
 *	- Lanes, a register of LANES floats, with operations LANES_..., and IntLanes,
 *	  one of as many integers, with operations INT_..., if the hottest loops are to be
 *	  made of them.  INT_COUNT_BITS may be among them, instead of COUNT_BITS.
 *
 * The compiler makes vector code of the other loops, with the options that the
 * Makefile gives to these files.  Without the options the code is slower, and
 * the results are the same.
 *
 * Each function consists of a block and an outer function.  The block is
 * inlined with a constant number of lanes (entries), so a loop over lanes
 * needs no remainder.  The outer function cuts a page into blocks.  Sums over
 * planes stay in registers within a block.  Whatever is behind a pointer is
 * copied before a loop that writes results: for all the compiler knows, the
 * two might overlap.
 *
 * Rounding.  Every bound is widened by ROUNDING for what float arithmetic may
 * have done to it.  No result is off by more than a few times 2^-24 of itself,
 * except for differences of rounded numbers, which have slacks of their own.
 *
 *-------------------------------------------------------------------------
 */

#define INLINED		PLANES inline __attribute__((always_inline))

#define FLOAT_INFINITY	__builtin_inff()

/*
 * A loop over lanes.  Without the pragma, GCC would replace a loop of 16
 * rounds by as many copies of its body, and then make vectors of only a few of
 * them.
 */
#if defined(__GNUC__) && !defined(__clang__)
#define FOR_LANES(i) \
	_Pragma("GCC unroll 1") \
	for (int i = 0; i < lanes; i++)
#else
#define FOR_LANES(i)	for (int i = 0; i < lanes; i++)
#endif

/* Covers a dozen roundings of 2^-24 each. */
#define ROUNDING	0x1p-20f

/* From here on, arithmetic is far from squares of denormal numbers. */
#define SMALLEST_SQUARE	0x1p-100f

INLINED float
larger(float a, float b)
{
	return a > b ? a : b;
}

INLINED float
smaller(float a, float b)
{
	return a < b ? a : b;
}

/*
 * Call block for all entries, 64 at a time, then 32 or 16.  Blocks index
 * everything, results included, from their first entry.  An index that is a
 * sum of ints might wrap around (-fwrapv), which keeps the compiler from using
 * vectors.
 */
#define FOR_BLOCKS(n, block, ...) \
	do { \
		int			first = 0; \
		\
		for (; (n) - first > 48; first += 64) \
			block(64, first, __VA_ARGS__); \
		for (; (n) - first > 16; first += 32) \
			block(32, first, __VA_ARGS__); \
		if (first < (n)) \
			block(16, first, __VA_ARGS__); \
	} while (0)

/* ---------- functions of distances ---------- */

#ifdef LANES

/*
 * What a curve makes of numbers.
 */
INLINED Lanes
lanes_on_curve(const MMCurveTable *table, Lanes x)
{
	Lanes		at = LANES_MIN(x, LANES_OF(FLT_MAX));
	Lanes		within = LANES_MAX(LANES_MIN(at, LANES_OF(table->last)), LANES_OF(table->first));
	IntLanes	line = INT_SHIFT_RIGHT(INT_OF_BITS(within), table->dropped);
	Lanes		at_zero;
	Lanes		slope;

	LANES_LOOK_UP(at_zero, table->at_zero, line);
	LANES_LOOK_UP(slope, table->slope, line);
	return LANES_MAX(at * slope + at_zero, LANES_OF(0.0f));
}

PLANES void
plane_curve(const MMCurveTable *table, float *x, int n)
{
	for (int first = 0; first < n; first += LANES)
		LANES_STORE(x + first, lanes_on_curve(table, LANES_LOAD(x + first)));
}
#else							/* !LANES */

INLINED void
curve_block(const int lanes, int first, const MMCurveTable *table, float *x)
{
	int			dropped = table->dropped;
	float		least = table->first;
	float		most = table->last;

	x += first;
	FOR_LANES(i)
	{
		float		at = smaller(x[i], FLT_MAX);
		float		within = larger(smaller(at, most), least);
		uint32		line;

		memcpy(&line, &within, sizeof(line));
		line = line >> dropped & (MM_CURVE_LINES - 1);
		x[i] = larger(at * table->slope[line] + table->at_zero[line], 0.0f);
	}
}

PLANES void
plane_curve(const MMCurveTable *table, float *x, int n)
{
	FOR_BLOCKS(n, curve_block, table, x);
}
#endif							/* LANES */

#include "metric/kernels_coordinates_template.h"

/* ---------- vectors in codes of 4 bits ---------- */

/*
 * From the norm of the scaled differences of coded components to bounds of the
 * distance.
 */
INLINED void
codes_lower(const int lanes, const MMCodeQuery *query, const float *norm,
			const float *error, float *lower)
{
	float		factor = query->unscale;
	float		deflate = 1.0f - (query->distance_error + ROUNDING);
	float		moved = query->moved;
	float		absolute = query->absolute_error;
	bool		half_square = query->half_square;

	FOR_LANES(i)
	{
		/*
		 * This must not go beyond the range of float where the distance does
		 * not.
		 */
		float		seen = smaller(norm[i] * factor, FLT_MAX);
		float		hidden = (error[i] + moved) * (1.0f + ROUNDING);
		float		bound = seen > hidden ? seen - hidden : 0.0f;

		bound = half_square ? bound * bound * 0.5f : bound;
		bound = bound * deflate - absolute;
		lower[i] = larger(bound, 0.0f);
	}
}

INLINED void
codes_upper(const int lanes, const MMCodeQuery *query, const float *norm,
			const float *error, float *upper)
{
	float		factor = query->unscale;
	float		inflate = 1.0f + (query->distance_error + ROUNDING);
	float		moved = query->moved;
	float		absolute = query->absolute_error;
	bool		half_square = query->half_square;
	float		most = half_square ? 2.0f : FLOAT_INFINITY;

	FOR_LANES(i)
	{
		float		bound = norm[i] * factor + (error[i] + moved) * (1.0f + ROUNDING);

		bound = half_square ? bound * bound * 0.5f : bound;
		bound = bound * inflate + absolute;
		upper[i] = smaller(bound, most);
	}
}

/*
 * The sum over words of units times whole numbers: of products of codes, or of
 * differences of positions.
 */
#ifdef LANES

INLINED Lanes
lanes_products(const MMCodeQuery *query, const uint32 *words, int stride)
{
	IntLanes	nibbles = INT_OF(0x0F0F0F0F);
	Lanes		total = LANES_OF(0.0f);

	for (int w = 0; w < query->words; w++, words += stride)
	{
		const MMCodeBytes *bytes = &query->bytes[w];
		IntLanes	codes = INT_LOAD(words);
		IntLanes	first = INT_AND(codes, nibbles);
		IntLanes	second = INT_AND(INT_SHIFT_RIGHT(codes, 4), nibbles);
		IntLanes	sum = INT_ADD_SIGNED(INT_OF(0), first, INT_OF(bytes->high[0]));

		sum = INT_SHIFT_LEFT(INT_ADD_SIGNED(sum, second, INT_OF(bytes->high[1])), MM_PRODUCT_BITS);
		sum = INT_ADD_SIGNED(sum, first, INT_OF(bytes->low[0]));
		sum = INT_ADD_SIGNED(sum, second, INT_OF(bytes->low[1]));
		total += LANES_OF(query->units[w]) * INT_TO_LANES(sum);
	}
	return total;
}

INLINED Lanes
lanes_differences(const MMCodeQuery *query, const uint32 *words, int stride)
{
	IntLanes	nibbles = INT_OF(0x0F0F0F0F);
	Lanes		total = LANES_OF(0.0f);

	for (int w = 0; w < query->words; w++, words += stride)
	{
		const MMCodeBytes *bytes = &query->bytes[w];
		IntLanes	codes = INT_LOAD(words);
		IntLanes	first = INT_SHIFT_LEFT(INT_AND(codes, nibbles), 4);
		IntLanes	second = INT_AND(codes, INT_OF(0xF0F0F0F0));
		IntLanes	sum;

		if (query->later > 0)
		{
			codes = INT_LOAD(words + (Size) query->later * stride);
			first = INT_ADD(first, INT_AND(codes, nibbles));
			second = INT_ADD(second, INT_AND(INT_SHIFT_RIGHT(codes, 4), nibbles));
		}
		first = INT_BYTES_APART(first, INT_OF(bytes->positions[0]));
		second = INT_BYTES_APART(second, INT_OF(bytes->positions[1]));
		sum = INT_ADD_UNSIGNED(INT_OF(0), first, INT_OF(bytes->high[0]));
		sum = INT_SHIFT_LEFT(INT_ADD_UNSIGNED(sum, second, INT_OF(bytes->high[1])), MM_POSITION_BITS);
		sum = INT_ADD_UNSIGNED(sum, first, INT_OF(bytes->low[0]));
		sum = INT_ADD_UNSIGNED(sum, second, INT_OF(bytes->low[1]));
		total += LANES_OF(query->units[w]) * INT_TO_LANES(sum);
	}
	return total;
}

INLINED void
codes_total(const int lanes, const MetricNorm norm, const MMCodeQuery *query,
			const uint32 *words, int stride, float *total)
{
	for (int i = 0; i < lanes; i += LANES)
		LANES_STORE(total + i, norm == METRIC_NORM_L1 ? lanes_differences(query, words + i, stride) :
					lanes_products(query, words + i, stride));
}
#else							/* !LANES */

INLINED void
codes_total(const int lanes, const MetricNorm norm, const MMCodeQuery *query,
			const uint32 *words, int stride, float *total)
{
	FOR_LANES(i)
		total[i] = 0.0f;
	for (int w = 0; w < query->words; w++, words += stride)
	{
		float		unit = query->units[w];
		const uint32 *lower = words + (Size) query->later * stride;
		int			mask = query->later > 0 ? 15 : 0;
		int			sum[64];

		FOR_LANES(i)
			sum[i] = 0;
		for (int p = 0; p < MM_CODES_PER_WORD; p++)
		{
			int			shift = p % 4 * 8 + p / 4 % 2 * 4;
			int			weight = query->weights[w * MM_CODES_PER_WORD + p];
			int			position = norm == METRIC_NORM_L1 ?
				query->positions[w * MM_CODES_PER_WORD + p] : 0;

			FOR_LANES(i)
			{
				int			code = (int) (words[i] >> shift) & 15;

				if (norm == METRIC_NORM_L1)
				{
					int			diff = position - 16 * code - ((int) (lower[i] >> shift) & mask);

					sum[i] += weight * (diff < 0 ? -diff : diff);
				}
				else
					sum[i] += weight * code;
			}
		}
		FOR_LANES(i)
			total[i] += unit * (float) sum[i];
	}
}
#endif							/* LANES */

/*
 * The largest difference to codes.
 */
INLINED void
codes_largest(const int lanes, const MMCodeQuery *query, const uint32 *words, int stride,
			  float *largest)
{
	bool		fine = query->later > 0;

	FOR_LANES(i)
		largest[i] = 0.0f;
	for (int w = 0; w < query->words; w++, words += stride)
		for (int p = 0; p < MM_CODES_PER_WORD; p++)
		{
			const uint32 *lower = words + (Size) query->later * stride;
			int			shift = p % 4 * 8 + p / 4 % 2 * 4;
			float		at = query->at[w * MM_CODES_PER_WORD + p];
			float		step = query->step[w * MM_CODES_PER_WORD + p];

			FOR_LANES(i)
			{
				int			high = (int) (words[i] >> shift) & 15;
				int			code = fine ? high << 4 | ((int) (lower[i] >> shift) & 15) : high;
				float		diff = at - step * (float) code;

				largest[i] = larger(__builtin_fabsf(diff), largest[i]);
			}
		}
}

/*
 * The squares of the distances under L2 become the least norms, and if both is set the
 * greatest, with the rests of what codes stand for.
 */
INLINED void
codes_roots(const int lanes, const MMCodeQuery *query, const float *square, const float *rest,
			bool both, float *norm)
{
	float		error = both ? query->sum_error : -query->sum_error;
	float		own_rest = query->rest;
	float		scale = query->scale;
	bool		has_rest = query->has_rest;

	/* A difference of rests whose square would overflow is cut off. */
	FOR_LANES(i)
	{
		float		diff = has_rest ? (both ? own_rest + rest[i] : __builtin_fabsf(own_rest - rest[i])) : 0.0f;
		float		scaled = both ? diff * scale : smaller(diff * scale, 0x1p60f);

		norm[i] = __builtin_sqrtf(larger(square[i] + error, 0.0f) + scaled * scaled);
	}
}

INLINED void
codes_block(const int lanes, int first, const MetricNorm norm,
			const MMCodeQuery *query, const MetricSketchPlanes *planes,
			float *lower, float *upper)
{
	int			stride = planes->stride;
	const uint32 *words = planes->words + (Size) query->first_word * stride + first;
	const float *error = (const float *) planes->words + first;
	const float *square = error + stride;
	const float *rest = square + stride;
	float		constant = query->constant;
	float		deflate = 1.0f - query->sum_error;
	float		inflate = 1.0f + query->sum_error;
	float		missing = query->missing;
	float		sum[64];
	float		x[64];

	lower += first;
	if (upper != NULL)
		upper += first;
	if (norm == METRIC_NORM_MAX)
		codes_largest(lanes, query, words, stride, sum);
	else if (query->far)
		FOR_LANES(i)
			sum[i] = constant;
	else
	{
		codes_total(lanes, norm, query, words, stride, sum);
		if (norm == METRIC_NORM_L2)
			FOR_LANES(i)
				sum[i] = (square[i] + constant) - sum[i];
	}

	if (norm == METRIC_NORM_L2)
		codes_roots(lanes, query, sum, rest, false, x);
	else
		FOR_LANES(i)
			x[i] = norm == METRIC_NORM_L1 ? (sum[i] + constant) * deflate : sum[i];
	codes_lower(lanes, query, x, error, lower);
	if (upper == NULL)
		return;
	if (!query->has_upper)
	{
		FOR_LANES(i)
			upper[i] = FLOAT_INFINITY;
		return;
	}
	if (norm == METRIC_NORM_L2)
		codes_roots(lanes, query, sum, rest, true, x);
	else
		FOR_LANES(i)
			x[i] = norm == METRIC_NORM_L1 ? (sum[i] + constant + missing) * inflate : sum[i];
	codes_upper(lanes, query, x, error, upper);
}

PLANES void
plane_codes(const MMCodeQuery *query, const MetricSketchPlanes *planes,
			float *lower, float *upper)
{
#define CODES(norm) \
	FOR_BLOCKS(planes->n, codes_block, norm, query, planes, lower, upper)
	switch (query->norm)
	{
		case METRIC_NORM_L1:
			CODES(METRIC_NORM_L1);
			break;
		case METRIC_NORM_L2:
			CODES(METRIC_NORM_L2);
			break;
		default:
			CODES(METRIC_NORM_MAX);
			break;
	}
#undef CODES
}

/* ---------- counts of characters ---------- */

#ifndef COUNT_BITS
#define COUNT_BITS(x)	count_bits(x)

INLINED int
count_bits(uint32 x)
{
	x = x - ((x >> 1) & 0x55555555);
	x = (x & 0x33333333) + ((x >> 2) & 0x33333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f;
	x += x >> 8;
	x += x >> 16;
	return x & 0x3f;
}
#endif

/*
 * Add to each sum the number of bits that a word has in common with a mask, times
 * 2^digit.
 */
INLINED void
add_common_bits(const int lanes, const uint32 *word, uint32 mask, int digit, int *sum)
{
#ifdef INT_COUNT_BITS
	for (int i = 0; i < lanes; i += LANES)
		INT_STORE(sum + i, INT_ADD(INT_LOAD(sum + i),
								   INT_SHIFT_LEFT(INT_COUNT_BITS(INT_AND(INT_LOAD(word + i), INT_OF(mask))), digit)));
#else
	FOR_LANES(i)
		sum[i] += (int) COUNT_BITS(word[i] & mask) << digit;
#endif
}

INLINED void
counts_block(const int lanes, int first, const MMCountQuery *query,
			 const MetricSketchPlanes *planes, float *lower, float *upper)
{
	const uint8 *bytes = planes->bytes + first;
	const uint32 *words = planes->words + first;
	int			length = query->length;
	int			shared = query->shared;
	int			most = query->length_bytes == 1 ? 0xff : 0xffff;
	int			common[64];
	int			longer[64];
	bool		cut_off[64];

	/* Whole numbers above 2^24 are rounded in a float. */
	float		deflate = length < 1 << 24 ? 1.0f : 1.0f - ROUNDING;
	float		inflate = length < 1 << 24 ? 1.0f : 1.0f + ROUNDING;

	lower += first;
	if (upper != NULL)
		upper += first;
	FOR_LANES(i)
		common[i] = shared;
	for (int m = 0; m < query->nmasks; m++)
	{
		const uint32 *word = words + (Size) query->masks[m].word * planes->stride;
		uint32		mask = query->masks[m].mask;
		int			digit = query->masks[m].digit;

		add_common_bits(lanes, word, mask, digit, common);
	}

	FOR_LANES(i)
		longer[i] = bytes[i];
	if (query->length_bytes == 2)
		FOR_LANES(i)
			longer[i] += bytes[planes->stride + i] << 8;
	FOR_LANES(i)
	{
		cut_off[i] = longer[i] == most;
		longer[i] = longer[i] > length ? longer[i] : length;
	}
	FOR_LANES(i)
		lower[i] = larger((float) (longer[i] - common[i]) * deflate, 0.0f);
	if (upper != NULL)
		FOR_LANES(i)
			upper[i] = cut_off[i] ? FLOAT_INFINITY : (float) longer[i] * inflate;
}

PLANES void
plane_counts(const MMCountQuery *query, const MetricSketchPlanes *planes,
			 float *lower, float *upper)
{
	FOR_BLOCKS(planes->n, counts_block, query, planes, lower, upper);
}

/* ---------- signatures ---------- */

/*
 * Any set's rest is less than this, and the sum of a few of these fits an int.
 */
#define UNKNOWN_REST	(1 << 28)

INLINED int
lesser(int a, int b)
{
	return a < b ? a : b;
}

INLINED int
greater(int a, int b)
{
	return a > b ? a : b;
}

/*
 * 1 - shared / all, where all is the sum of both sizes minus shared.
 */
INLINED float
jaccard(int sizes, int shared)
{
	int			all = sizes - shared;

	return (float) (all - shared) / (float) greater(all, 1);
}

INLINED void
signatures_block(const int lanes, int first, const MMSignatureDistance distance,
				 const MMSignatureQuery *query, const MetricSketchPlanes *planes,
				 float *lower, float *upper)
{
	const uint32 *words = planes->words + first;
	const uint8 *bytes = planes->bytes + first;
	int			query_ones = query->ones;
	int			query_rest = query->rest;
	int			query_size = query_ones + query_rest;
	int			most_rest = query->most_rest;
	int			both[64];		/* ones of both signatures */
	int			ones[64];		/* of the entry's signature */
	int			rest[64];
	int			size[64];

	lower += first;
	if (upper != NULL)
		upper += first;
	FOR_LANES(i)
		both[i] = ones[i] = rest[i] = 0;
	for (int p = 0; p < query->words; p++)
	{
		const uint32 *word = words + (Size) p * planes->stride;
		uint32		signature = query->signature[p];

		add_common_bits(lanes, word, signature, 0, both);
		add_common_bits(lanes, word, ~(uint32) 0, 0, ones);
	}

	if (query->size_bytes > 0)
	{
		int			most = query->size_bytes == 1 ? 0xff : 0xffff;

		FOR_LANES(i)
			size[i] = bytes[i];
		if (query->size_bytes == 2)
			FOR_LANES(i)
				size[i] += bytes[planes->stride + i] << 8;
		FOR_LANES(i)
			rest[i] = size[i] == most ? UNKNOWN_REST : size[i] - ones[i];
	}
	else
	{
		if (query->has_rest)
			FOR_LANES(i)
				rest[i] = words[(Size) query->words * planes->stride + i];
		FOR_LANES(i)
			size[i] = ones[i] + rest[i];
	}

	if (distance == MM_SIGNATURE_HAMMING)
	{
		/* Whole numbers above 2^24 are rounded in a float. */
		bool		exact = most_rest < 1 << 23;
		float		deflate = exact ? 1.0f : 1.0f - ROUNDING;
		float		inflate = exact ? 1.0f : 1.0f + ROUNDING;

		FOR_LANES(i)
		{
			int			differ = query_ones + ones[i] - 2 * both[i];
			int			more = query_rest - rest[i];

			lower[i] = (float) (differ + (more < 0 ? -more : more)) * deflate;
		}
		if (upper != NULL)
			FOR_LANES(i)
			{
				int			differ = query_ones + ones[i] - 2 * both[i];
				int			sum = query_rest + rest[i];

				upper[i] = (float) (differ + lesser(sum, 2 * most_rest - sum)) * inflate;
			}
		return;
	}

	FOR_LANES(i)
	{
		int			shared = lesser(both[i] + lesser(query_rest, rest[i]), query_size);

		/* A size that was cut off is at least the number of shared members. */
		lower[i] = jaccard(query_size + greater(size[i], shared), shared) *
			(1.0f - ROUNDING);
	}
	if (upper != NULL)
	{
		if (most_rest < 0)
			FOR_LANES(i)
				upper[i] = 1.0f;
		else
			FOR_LANES(i)
			{
				int			shared = both[i] + greater(query_rest + rest[i] - most_rest, 0);

				upper[i] = smaller(jaccard(query_size + size[i], shared) *
										   (1.0f + ROUNDING), 1.0f);
			}
	}
}

PLANES void
plane_signatures(const MMSignatureQuery *query, const MetricSketchPlanes *planes,
				 float *lower, float *upper)
{
	if (query->distance == MM_SIGNATURE_HAMMING)
		FOR_BLOCKS(planes->n, signatures_block, MM_SIGNATURE_HAMMING, query, planes,
				   lower, upper);
	else
		FOR_BLOCKS(planes->n, signatures_block, MM_SIGNATURE_JACCARD, query, planes,
				   lower, upper);
}
