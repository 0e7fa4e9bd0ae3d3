/*-------------------------------------------------------------------------
 *
 * kernels_planes_template.h
 *	  The kernels over planes, written once as plain loops.
 *
 * Not a header in the usual sense: a kernels_planes_*.c file includes it after
 * defining, for its instruction set, PLANES, the attributes of a function
 * (static, target), and bytes_to_floats, of 16 bytes, where compilers take a
 * roundabout way; and COUNT_BITS, if there are vectors of that.  The compiler makes vector code of the loops, with the
 * options that the Makefile gives to these files; without them the code is
 * slower and the results are the same.
 *
 * Each function comes as a block, inlined with a constant number of lanes
 * (entries) so that a loop over lanes needs no remainder, and an outer
 * function that cuts a page into blocks.  Sums over planes stay in registers
 * within a block.  What a pointer leads to is copied before a loop that
 * writes results: for all the compiler knows, they might overlap.
 *
 * Rounding.  Every bound is widened by ROUNDING for what float arithmetic may
 * have done to it: no result is off by more than a few times 2^-24 of itself,
 * but for differences of rounded numbers, which is what slacks are for.
 *
 *-------------------------------------------------------------------------
 */

#define INLINED		PLANES inline __attribute__((always_inline))

#define FLOAT_INFINITY	__builtin_inff()

/* Covers a dozen roundings of 2^-24 each. */
#define ROUNDING	0x1p-20f

/* Where arithmetic is far from denormal numbers, and from squares of such. */
#define SMALLEST		0x1p-120f
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
 * Call block for all entries, 64 at a time, then 32 or 16.  Blocks index from
 * their first entry, results included: an index that is a sum of ints, which
 * might wrap around (-fwrapv), stops the compiler from using vectors.
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

/* ---------- coordinates ---------- */

/*
 * What a coordinate q may be off by, together with one x at distance g: both
 * are rounded to float, half a unit in the last place or 2^-24 each, as is
 * their sum with the slack.  That is relative to |q| and |x| <= |q| + g; the
 * part of g is in the deflation.  And a constant, so that no bound needs to
 * think of denormal numbers.
 */
INLINED float
coordinate_slack(const MetricTransform *t, float q)
{
	return 2.0f * (0x1p-22f + t->relative) * __builtin_fabsf(q) + (t->absolute + SMALLEST);
}

INLINED bool
is_identity(const MetricTransform *t)
{
	return t->clamp == FLT_MAX && t->c1 == 1.0f &&
		t->c2 == 0.0f && t->c3 == 0.0f && t->c4 == 0.0f;
}

/*
 * From a norm to the lower bound of the distance.  Infinity stays, for empty
 * boxes.
 */
INLINED void
transform_lower(const int lanes, const MetricTransform *t, const float *x, float *lower)
{
	MetricTransform f = *t;
	float		deflate = 1.0f - (ROUNDING + f.relative);

	if (is_identity(&f))
	{
		deflate *= deflate;
		for (int i = 0; i < lanes; i++)
			lower[i] = x[i] * deflate;
		return;
	}
	for (int i = 0; i < lanes; i++)
	{
		float		y = smaller(x[i] * deflate, f.clamp);
		float		fy = (((f.c4 * y + f.c3) * y + f.c2) * y + f.c1) * y * deflate;

		fy = larger(fy, 0.0f);
		lower[i] = x[i] > FLT_MAX ? FLOAT_INFINITY : fy;
	}
}

/*
 * The steps of a norm.  L2 keeps the largest difference beside the sum of
 * squares: it is the bound where squares overflow or underflow.
 */
#define ADD_GAP(norm, sum, largest, gap) \
	do { \
		if (norm == MM_NORM_L1) \
			sum += gap; \
		else if (norm == MM_NORM_L2) \
		{ \
			sum += gap * gap; \
			largest = larger(gap, largest); \
		} \
		else \
			sum = larger(gap, sum); \
	} while (0)

INLINED void
norm_lower(const int lanes, const MetricNorm norm, const MetricTransform *t,
		   const float *sum, const float *largest, float *lower)
{
	float		x[64];

	if (norm == MM_NORM_DISCRETE)
	{
		for (int i = 0; i < lanes; i++)
			lower[i] = sum[i] > FLT_MAX ? FLOAT_INFINITY : sum[i] > 0.0f ? 1.0f : 0.0f;
		return;
	}
	for (int i = 0; i < lanes; i++)
		if (norm == MM_NORM_L2)
		{
			float		root = __builtin_sqrtf(sum[i]);

			x[i] = sum[i] >= SMALLEST_SQUARE && sum[i] <= FLT_MAX ? root : largest[i];
		}
		else
			x[i] = sum[i];
	transform_lower(lanes, t, x, lower);
}

INLINED void
boxes_block(const int lanes, int first, const MetricNorm norm,
			const MetricTransform *t, int ncoordinates, const float *q,
			const float *lo, const float *hi, int stride, float *lower)
{
	float		sum[64];
	float		largest[64];

	lower += first;
	for (int i = 0; i < lanes; i++)
		sum[i] = largest[i] = 0.0f;
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *l = lo + (Size) p * stride + first;
		const float *h = hi + (Size) p * stride + first;
		float		slack = norm == MM_NORM_DISCRETE ? 0.0f : coordinate_slack(t, q[p]);
		float		above = q[p] + slack;
		float		below = q[p] - slack;

		for (int i = 0; i < lanes; i++)
		{
			float		gap = larger(larger(l[i] - above, below - h[i]), 0.0f);

			ADD_GAP(norm, sum[i], largest[i], gap);
		}
	}
	norm_lower(lanes, norm, t, sum, largest, lower);
}

/* One call of a macro for each norm, as a constant. */
#define FOR_NORM(norm, call) \
	do { \
		switch (norm) \
		{ \
			case MM_NORM_MAX: \
				call(MM_NORM_MAX); \
				break; \
			case MM_NORM_PIVOTS: \
				call(MM_NORM_PIVOTS); \
				break; \
			case MM_NORM_L1: \
				call(MM_NORM_L1); \
				break; \
			case MM_NORM_L2: \
				call(MM_NORM_L2); \
				break; \
			case MM_NORM_DISCRETE: \
				call(MM_NORM_DISCRETE); \
				break; \
		} \
	} while (0)

PLANES void
plane_boxes(MetricNorm norm, const MetricTransform *t, int ncoordinates,
			const float *q, const float *lo, const float *hi, int stride, int n,
			float *lower)
{
#define BOXES(norm) \
	FOR_BLOCKS(n, boxes_block, norm, t, ncoordinates, q, lo, hi, stride, lower)
	/* a pivot's box is like any other */
	FOR_NORM(norm == MM_NORM_PIVOTS ? MM_NORM_MAX : norm, BOXES);
#undef BOXES
}

INLINED void
points_lower_block(const int lanes, int first, const MetricNorm norm,
				   const MetricTransform *t, int ncoordinates, const float *q,
				   const float *x, int stride, float *lower)
{
	float		sum[64];
	float		largest[64];

	lower += first;
	for (int i = 0; i < lanes; i++)
		sum[i] = largest[i] = 0.0f;
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *v = x + (Size) p * stride + first;
		float		slack = norm == MM_NORM_DISCRETE ? 0.0f : coordinate_slack(t, q[p]);
		float		center = q[p];

		for (int i = 0; i < lanes; i++)
		{
			float		gap = larger(__builtin_fabsf(v[i] - center) - slack, 0.0f);

			ADD_GAP(norm, sum[i], largest[i], gap);
		}
	}
	norm_lower(lanes, norm, t, sum, largest, lower);
}

/*
 * Upper bounds, of a metric that is the norm itself, or by way of the pivots.
 * A coordinate at the limit may stand for any number beyond.
 */
INLINED void
points_upper_block(const int lanes, int first, const MetricNorm norm,
				   const MetricTransform *t, int ncoordinates, const float *q,
				   const float *x, int stride, float *upper)
{
	float		inflate = 1.0f + (ROUNDING + t->relative);
	float		sum[64];
	float		largest[64];

	upper += first;
	inflate *= inflate;

	/* So small a summand makes up for squares that underflow. */
	for (int i = 0; i < lanes; i++)
	{
		sum[i] = norm == MM_NORM_PIVOTS ? FLOAT_INFINITY : norm == MM_NORM_L2 ? SMALLEST_SQUARE : 0.0f;
		largest[i] = 0.0f;
	}
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *v = x + (Size) p * stride + first;
		float		slack = coordinate_slack(t, q[p]);
		float		center = q[p];
		bool		exact = __builtin_fabsf(center) < (float) MM_COORDINATE_LIMIT;
		float		limit = exact ? (float) MM_COORDINATE_LIMIT : 0.0f;

		for (int i = 0; i < lanes; i++)
		{
			float		size = __builtin_fabsf(v[i]);
			float		gap = (norm == MM_NORM_PIVOTS ? size + center :
							   __builtin_fabsf(v[i] - center)) + slack;

			gap = size < limit ? gap : FLOAT_INFINITY;
			if (norm == MM_NORM_PIVOTS)
				sum[i] = smaller(gap, sum[i]);
			else
				ADD_GAP(norm, sum[i], largest[i], gap);
		}
	}
	for (int i = 0; i < lanes; i++)
		upper[i] = (norm == MM_NORM_L2 ? __builtin_sqrtf(sum[i]) : sum[i]) * inflate;
}

PLANES void
plane_points(MetricNorm norm, const MetricTransform *t, int ncoordinates,
			 const float *q, const float *x, int stride, int n,
			 float *lower, float *upper)
{
#define POINTS_LOWER(norm) \
	FOR_BLOCKS(n, points_lower_block, norm, t, ncoordinates, q, x, stride, lower)
#define POINTS_UPPER(norm) \
	FOR_BLOCKS(n, points_upper_block, norm, t, ncoordinates, q, x, stride, upper)

	FOR_NORM(norm == MM_NORM_PIVOTS ? MM_NORM_MAX : norm, POINTS_LOWER);
	if (upper == NULL)
		return;
	if (norm == MM_NORM_DISCRETE)
	{
		for (int i = 0; i < n; i++)
			upper[i] = 1.0f;
	}
	else if (is_identity(t))
		FOR_NORM(norm, POINTS_UPPER);
	else
	{
		for (int i = 0; i < n; i++)
			upper[i] = FLOAT_INFINITY;
	}
#undef POINTS_LOWER
#undef POINTS_UPPER
}

/* ---------- vectors in 8-bit codes ---------- */

/*
 * From the norm of the coded components, scaled, to bounds of the distance.
 */
INLINED void
codes_lower(const int lanes, const MMCodeQuery *query, const float *norm,
			const float *error, float *lower)
{
	float		factor = query->unscale * (1.0f - query->sum_error);
	float		deflate = 1.0f - (query->distance_error + ROUNDING);
	float		moved = query->moved;
	float		absolute = query->absolute_error;
	bool		half_square = query->half_square;

	for (int i = 0; i < lanes; i++)
	{
		/* Not beyond the range of float, where the distance is less. */
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
	float		factor = query->unscale * (1.0f + query->sum_error);
	float		inflate = 1.0f + (query->distance_error + ROUNDING);
	float		moved = query->moved;
	float		absolute = query->absolute_error;
	bool		half_square = query->half_square;
	float		most = half_square ? 2.0f : FLOAT_INFINITY;

	for (int i = 0; i < lanes; i++)
	{
		float		bound = norm[i] * factor + (error[i] + moved) * (1.0f + ROUNDING);

		bound = half_square ? bound * bound * 0.5f : bound;
		bound = bound * inflate + absolute;
		upper[i] = smaller(bound, most);
	}
}

INLINED void
codes_block(const int lanes, int first, const MetricNorm norm,
			const MMCodeQuery *query, const SketchPlanes *planes,
			float *lower, float *upper)
{
	const uint8 *bytes = planes->bytes + first;
	const float *error = (const float *) planes->words + first;
	const float *rest = error + planes->stride;
	float		sum[64];
	float		x[64];

	lower += first;
	if (upper != NULL)
		upper += first;
	for (int i = 0; i < lanes; i++)
		sum[i] = 0.0f;
	for (int p = 0; p < query->planes; p++)
	{
		const uint8 *code = bytes + (Size) p * planes->stride;
		float		at = query->components[p].at;
		float		step = query->components[p].step;
		float		value[64];

		for (int i = 0; i < lanes; i += 16)
			bytes_to_floats(code + i, value + i);
		for (int i = 0; i < lanes; i++)
		{
			float		diff = at - step * value[i];

			if (norm == MM_NORM_L1)
				sum[i] += __builtin_fabsf(diff);
			else if (norm == MM_NORM_L2)
				sum[i] += diff * diff;
			else
				sum[i] = larger(__builtin_fabsf(diff), sum[i]);
		}
	}

	/* A difference of rests so large that its square overflows is cut off. */
	for (int i = 0; i < lanes; i++)
	{
		float		diff = query->has_rest ?
			smaller(__builtin_fabsf(query->rest - rest[i]) * query->scale, 0x1p60f) : 0.0f;

		x[i] = norm == MM_NORM_L2 ? __builtin_sqrtf(sum[i] + diff * diff) : sum[i];
	}
	codes_lower(lanes, query, x, error, lower);
	if (upper == NULL)
		return;
	if (!query->has_upper)
	{
		for (int i = 0; i < lanes; i++)
			upper[i] = FLOAT_INFINITY;
		return;
	}
	for (int i = 0; i < lanes; i++)
	{
		float		both = query->has_rest ? (query->rest + rest[i]) * query->scale : 0.0f;

		x[i] = norm == MM_NORM_L2 ? __builtin_sqrtf(sum[i] + both * both) : sum[i];
	}
	codes_upper(lanes, query, x, error, upper);
}

PLANES void
plane_codes(const MMCodeQuery *query, const SketchPlanes *planes,
			float *lower, float *upper)
{
#define CODES(norm) \
	FOR_BLOCKS(planes->n, codes_block, norm, query, planes, lower, upper)
	switch (query->norm)
	{
		case MM_NORM_L1:
			CODES(MM_NORM_L1);
			break;
		case MM_NORM_L2:
			CODES(MM_NORM_L2);
			break;
		default:
			CODES(MM_NORM_MAX);
			break;
	}
#undef CODES
}

/* ---------- counts of characters ---------- */

INLINED void
counts_block(const int lanes, int first, const MMCountQuery *query,
			 const SketchPlanes *planes, float *lower, float *upper)
{
	const uint8 *bytes = planes->bytes + first;
	int			length = query->length;
	int			excess = query->excess;
	int			most = query->length_bytes == 1 ? 0xff : 0xffff;
	uint8		sum[64];
	int			common[64];
	int			longer[64];
	bool		cut_off[64];

	/* Whole numbers above 2^24 are rounded in a float. */
	float		deflate = length < 1 << 24 ? 1.0f : 1.0f - ROUNDING;
	float		inflate = length < 1 << 24 ? 1.0f : 1.0f + ROUNDING;

	lower += first;
	if (upper != NULL)
		upper += first;
	for (int i = 0; i < lanes; i++)
	{
		sum[i] = 0;
		common[i] = excess;
	}
	for (int c = 0; c < query->ncounts; c++)
	{
		const uint8 *counts = bytes + (Size) query->counts[c].plane * planes->stride;
		uint8		count = query->counts[c].count;

		for (int i = 0; i < lanes; i++)
			sum[i] += counts[i] < count ? counts[i] : count;
		if (query->counts[c].flush)
			for (int i = 0; i < lanes; i++)
			{
				common[i] += sum[i];
				sum[i] = 0;
			}
	}

	for (int i = 0; i < lanes; i++)
		longer[i] = bytes[i];
	if (query->length_bytes == 2)
		for (int i = 0; i < lanes; i++)
			longer[i] += bytes[planes->stride + i] << 8;
	for (int i = 0; i < lanes; i++)
	{
		cut_off[i] = longer[i] == most;
		longer[i] = longer[i] > length ? longer[i] : length;
	}
	for (int i = 0; i < lanes; i++)
		lower[i] = larger((float) (longer[i] - common[i]) * deflate, 0.0f);
	if (upper != NULL)
		for (int i = 0; i < lanes; i++)
			upper[i] = cut_off[i] ? FLOAT_INFINITY : (float) longer[i] * inflate;
}

PLANES void
plane_counts(const MMCountQuery *query, const SketchPlanes *planes,
			 float *lower, float *upper)
{
	FOR_BLOCKS(planes->n, counts_block, query, planes, lower, upper);
}

/* ---------- signatures ---------- */

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

/* Any set's rest is less, and sums of a few are within an int. */
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
 * 1 - shared / all, where all = sum of both sizes - shared.
 */
INLINED float
jaccard(int sizes, int shared)
{
	int			all = sizes - shared;

	return (float) (all - shared) / (float) greater(all, 1);
}

INLINED void
signatures_block(const int lanes, int first, const MMSignatureDistance distance,
				 const MMSignatureQuery *query, const SketchPlanes *planes,
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
	for (int i = 0; i < lanes; i++)
		both[i] = ones[i] = rest[i] = 0;
	for (int p = 0; p < query->words; p++)
	{
		const uint32 *word = words + (Size) p * planes->stride;
		uint32		signature = query->signature[p];

		for (int i = 0; i < lanes; i++)
		{
			both[i] += COUNT_BITS(word[i] & signature);
			ones[i] += COUNT_BITS(word[i]);
		}
	}

	if (query->size_bytes > 0)
	{
		int			most = query->size_bytes == 1 ? 0xff : 0xffff;

		for (int i = 0; i < lanes; i++)
			size[i] = bytes[i];
		if (query->size_bytes == 2)
			for (int i = 0; i < lanes; i++)
				size[i] += bytes[planes->stride + i] << 8;
		for (int i = 0; i < lanes; i++)
			rest[i] = size[i] == most ? UNKNOWN_REST : size[i] - ones[i];
	}
	else
	{
		if (query->has_rest)
			for (int i = 0; i < lanes; i++)
				rest[i] = words[(Size) query->words * planes->stride + i];
		for (int i = 0; i < lanes; i++)
			size[i] = ones[i] + rest[i];
	}

	if (distance == MM_SIGNATURE_HAMMING)
	{
		/* Whole numbers above 2^24 are rounded in a float. */
		bool		exact = most_rest < 1 << 23;
		float		deflate = exact ? 1.0f : 1.0f - ROUNDING;
		float		inflate = exact ? 1.0f : 1.0f + ROUNDING;

		for (int i = 0; i < lanes; i++)
		{
			int			differ = query_ones + ones[i] - 2 * both[i];
			int			more = query_rest - rest[i];

			lower[i] = (float) (differ + (more < 0 ? -more : more)) * deflate;
		}
		if (upper != NULL)
			for (int i = 0; i < lanes; i++)
			{
				int			differ = query_ones + ones[i] - 2 * both[i];
				int			sum = query_rest + rest[i];

				upper[i] = (float) (differ + lesser(sum, 2 * most_rest - sum)) * inflate;
			}
		return;
	}

	for (int i = 0; i < lanes; i++)
	{
		int			shared = lesser(both[i] + lesser(query_rest, rest[i]), query_size);

		/* A size that was cut off is at least what is shared. */
		lower[i] = jaccard(query_size + greater(size[i], shared), shared) *
			(1.0f - ROUNDING);
	}
	if (upper != NULL)
	{
		if (most_rest < 0)
			for (int i = 0; i < lanes; i++)
				upper[i] = 1.0f;
		else
			for (int i = 0; i < lanes; i++)
			{
				int			shared = both[i] + greater(query_rest + rest[i] - most_rest, 0);

				upper[i] = smaller(jaccard(query_size + size[i], shared) *
										   (1.0f + ROUNDING), 1.0f);
			}
	}
}

PLANES void
plane_signatures(const MMSignatureQuery *query, const SketchPlanes *planes,
				 float *lower, float *upper)
{
	if (query->distance == MM_SIGNATURE_HAMMING)
		FOR_BLOCKS(planes->n, signatures_block, MM_SIGNATURE_HAMMING, query, planes,
				   lower, upper);
	else
		FOR_BLOCKS(planes->n, signatures_block, MM_SIGNATURE_JACCARD, query, planes,
				   lower, upper);
}
