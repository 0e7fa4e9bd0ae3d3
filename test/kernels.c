/*-------------------------------------------------------------------------
 *
 * kernels.c
 *	  Compares all versions of the kernels that this CPU can run with the portable
 *	  one, on random input: the results must have the same bits.
 *
 * It needs no server.  test/arm builds it for 64-bit ARM and runs it in an emulator.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

/* That of the C library will do. */
#undef printf

#define MOST		200			/* entries of a page, or words of a sketch */
#define STRIDE		(MOST + METRIC_PLANE_SLACK)
#define PLANES		40

static uint64 state = 1;
static const MMKernels *version;
static int	rounds;
static int	failures;

/* Input, and the results of the portable version and of another. */
static float coordinates[2][PLANES * STRIDE];	/* of boxes: least and greatest */
static float points[PLANES * STRIDE];
static uint32 words[PLANES * STRIDE];
static uint8 bytes[2 * STRIDE];
static uint32 nulls[STRIDE];
static float results[2][2][STRIDE];

static uint32
random_bits(void)
{
	state = state * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return (uint32) (state >> 32);
}

static int
random_below(int n)
{
	return (int) (((uint64) random_bits() * n) >> 32);
}

/* Mostly of one size, but sometimes zero, huge, tiny or infinite. */
static float
random_float(void)
{
	float		x = ((float) random_bits() - 0x1p31f) * 0x1p-28f;

	switch (random_below(100))
	{
		case 0:
			return 0.0f;
		case 1:
			return x * 1e30f;
		case 2:
			return x * 1e-30f;
		case 3:
			return x > 0 ? __builtin_inff() : -__builtin_inff();
		default:
			return x;
	}
}

static void
check(const char *what, const void *expected, const void *found, size_t size)
{
	if (memcmp(expected, found, size) == 0)
		return;
	if (failures++ < 20)
		printf("%s: %s differs in round %d\n", version->name, what, rounds);
}

/* ---------- distances ---------- */

static void
compare_distances(const MMKernels *a, const MMKernels *b)
{
	const float *x = coordinates[0] + random_below(16);
	const float *y = coordinates[1] + random_below(16);
	int			n = random_below(1500);
	float		bound = random_below(2) ? __builtin_inff() : (float) random_below(8000);
	float		single[2][3];
	double		sums[2][6];
	uint64		counts[2][3];

	for (int i = 0; i < 2; i++)
	{
		const MMKernels *k = i == 0 ? a : b;

		single[i][0] = k->l1(x, y, n, bound);
		single[i][1] = k->l2_squared(x, y, n, bound);
		single[i][2] = k->linf(x, y, n, bound);
		sums[i][0] = k->dot(x, y, n);
		k->dot2(x, y, n, &sums[i][1]);
		k->dot3(x, y, n, &sums[i][3]);
		counts[i][0] = k->xor_bits((const uint8 *) words, (const uint8 *) words + 4001, n);
		k->and_or_bits((const uint8 *) words, (const uint8 *) words + 4001, n, &counts[i][1]);
	}
	/*
	 * Which NaN a sum of infinities is, is not told; nor what the largest difference is
	 * where one is NaN.  Vectors have no such numbers.
	 */
	for (int i = 0; i < 2; i++)
	{
		if (single[i][0] != single[i][0])
			single[i][2] = -1.0f;
		for (int j = 0; j < 3; j++)
			if (single[i][j] != single[i][j])
				single[i][j] = -1.0f;
		for (int j = 0; j < 6; j++)
			if (sums[i][j] != sums[i][j])
				sums[i][j] = -1.0;
	}
	check("a distance", single[0], single[1], sizeof(single[0]));
	check("a product", sums[0], sums[1], sizeof(sums[0]));
	check("a count of bits", counts[0], counts[1], sizeof(counts[0]));
}

/* ---------- coordinates ---------- */

static MetricTransform
random_transform(void)
{
	MetricTransform t = {.c1 = 1.0f, .clamp = __builtin_inff()};

	if (random_below(2))
		return t;
	t.c1 = 1.0f;
	t.c2 = 0.1f;
	t.c3 = -0.02f;
	t.c4 = 0.001f;
	t.clamp = 3.0f;
	t.relative = 1e-6f;
	t.absolute = 1e-6f;
	return t;
}

static MMCurveTable
random_curve(void)
{
	MMCurveTable curve = {.dropped = 21 + random_below(3)};
	uint32		number = (1 + random_below(254)) << (23 - curve.dropped);
	uint32		first = number << curve.dropped;
	uint32		last = (number + random_below(MM_CURVE_LINES)) << curve.dropped;

	memcpy(&curve.first, &first, sizeof(first));
	memcpy(&curve.last, &last, sizeof(last));
	for (int i = 0; i < MM_CURVE_LINES; i++)
	{
		curve.at_zero[i] = random_float();
		curve.slope[i] = fabsf(random_float());
	}
	return curve;
}

static void
compare_sums(const MMPlaneKernels *a, const MMPlaneKernels *b, const MMPointTerm *terms, int nterms,
			 int n)
{
	for (int i = 0; i < 2; i++)
		results[i][1][0] = (i == 0 ? a : b)->sums(terms, nterms, points, nulls, STRIDE, n,
												  results[i][0]);
	check("a sum", results[0][0], results[1][0], sizeof(float) * n);
	check("the least sum", results[0][1], results[1][1], sizeof(float));
}

static void
compare_coordinates(const MMPlaneKernels *a, const MMPlaneKernels *b)
{
	static const MetricNorm norms[] = {
		METRIC_NORM_MAX, METRIC_NORM_PIVOTS, METRIC_NORM_L1, METRIC_NORM_L2,
		METRIC_NORM_DISCRETE, METRIC_NORM_BALLS
	};
	int			n = 1 + random_below(MOST);
	MMPointTerm terms[8] = {{0}};
	int			nterms = 1 + random_below((int) lengthof(terms));
	MetricTransform transforms[lengthof(terms)];
	MMCurveTable curves[lengthof(terms)];
	float		q[PLANES];
	float		slack[PLANES];
	float		unit[PLANES];
	float		boxes[2][2 * PLANES];
	int			next = 0;

	for (int i = 0; i < PLANES; i++)
	{
		q[i] = random_below(100) ? random_float() : 0.0f;
		if (__builtin_isinf(q[i]))
			q[i] = 1.0f;
		unit[i] = random_below(3) * 0.5f;
	}
	for (int r = 0; r < nterms; r++)
	{
		MMPointTerm *term = &terms[r];

		transforms[r] = random_transform();
		term->norm = norms[random_below((int) lengthof(norms))];
		term->ncoordinates = 1 + random_below(4) + (term->norm == METRIC_NORM_BALLS);
		term->first = next;
		term->factor = random_below(100) * 0.25f;
		term->bit = (uint32) 1 << r;
		term->missing = 7.0f;
		term->transform = &transforms[r];
		term->identity = metric_is_identity(term->transform);
		term->q = q + next;
		term->slack = slack + next;
		for (int p = next; p < next + term->ncoordinates; p++)
			slack[p] = term->norm == METRIC_NORM_DISCRETE ? 0.0f :
				mm_coordinate_slack(term->transform, q[p]);
		next += term->ncoordinates;
	}
	for (int i = 0; i < STRIDE; i++)
		nulls[i] = random_below(3) ? 0 : random_bits();

	for (int r = 0; r < nterms; r++)
	{
		const MMPointTerm *term = &terms[r];
		const float *lo = coordinates[0] + term->first * STRIDE;
		const float *hi = coordinates[1] + term->first * STRIDE;

		for (int i = 0; i < 2; i++)
			(i == 0 ? a : b)->boxes(term->norm, term->transform, term->ncoordinates, term->q,
									lo, hi, STRIDE, n, results[i][0]);
		check("a box", results[0][0], results[1][0], sizeof(float) * n);
		for (int i = 0; i < 2; i++)
			(i == 0 ? a : b)->points(term->norm, term->transform, term->ncoordinates, term->q,
									 points + term->first * STRIDE, STRIDE, n,
									 results[i][0], results[i][1]);
		check("a point's lower bound", results[0][0], results[1][0], sizeof(float) * n);
		check("a point's upper bound", results[0][1], results[1][1], sizeof(float) * n);
	}
	compare_sums(a, b, terms, nterms, n);
	for (int r = 0; r < nterms; r++)
	{
		curves[r] = random_curve();
		terms[r].curve = random_below(3) ? &curves[r] : NULL;
	}
	compare_sums(a, b, terms, nterms, n);
	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->growths(next, q, unit, coordinates[0], coordinates[1], STRIDE, n,
								  1e6f, results[i][0]);
	check("a growth", results[0][0], results[1][0], sizeof(float) * n);
	for (int p = 0; p < next; p++)
	{
		boxes[0][p] = q[p];
		boxes[0][next + p] = q[p] + random_below(3);
		boxes[1][p] = q[p] - random_below(3);
		boxes[1][next + p] = boxes[0][next + p] + random_below(3);
	}
	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->overlap_growths(next, boxes[0], boxes[1], unit, coordinates[0],
										  coordinates[1], STRIDE, n, 1e6f, results[i][0]);
	check("an overlap's growth", results[0][0], results[1][0], sizeof(float) * n);
}

/* ---------- curves ---------- */

static void
compare_curves(const MMPlaneKernels *a, const MMPlaneKernels *b)
{
	MMCurveTable curve = random_curve();
	float		distances[STRIDE];
	int			n = 1 + random_below(MOST);

	for (int i = 0; i < n + METRIC_PLANE_SLACK; i++)
		distances[i] = random_float();
	for (int i = 0; i < 2; i++)
	{
		memcpy(results[i][0], distances, sizeof(float) * (n + METRIC_PLANE_SLACK));
		(i == 0 ? a : b)->curve(&curve, results[i][0], n);
	}
	check("a curve's value", results[0][0], results[1][0], sizeof(float) * n);
}

/* ---------- sketches ---------- */

static MetricSketchPlanes
random_planes(void)
{
	MetricSketchPlanes planes = {
		.n = 1 + random_below(MOST), .stride = STRIDE, .words = words, .bytes = bytes
	};
	return planes;
}

static void
compare_codes(const MMPlaneKernels *a, const MMPlaneKernels *b)
{
	static const MetricNorm norms[] = {METRIC_NORM_L1, METRIC_NORM_L2, METRIC_NORM_MAX};
	static const float head[] = {0.01f, 3.0f, 0.5f};
	MMCodeQuery query = {.norm = norms[random_below(3)]};
	bool		is_l1 = query.norm == METRIC_NORM_L1;
	MetricSketchPlanes planes = random_planes();
	MMCodeBytes packed[PLANES] = {{{0}}};
	float		units[PLANES];
	int16		weights[PLANES * MM_CODES_PER_WORD];
	uint8		positions[PLANES * MM_CODES_PER_WORD];
	float		at[PLANES * MM_CODES_PER_WORD];
	float		step[PLANES * MM_CODES_PER_WORD];
	int			bits = is_l1 ? MM_POSITION_BITS : MM_PRODUCT_BITS;

	query.words = 1 + random_below((PLANES - 3) / 2);
	query.later = query.norm != METRIC_NORM_L2 && random_below(2) ? query.words : 0;
	query.first_word = 3;
	query.has_rest = random_below(2);
	query.has_upper = random_below(4) > 0;
	query.far = random_below(20) == 0;
	query.half_square = random_below(2);
	query.scale = 4.0f;
	query.unscale = 0.25f;
	query.rest = 0.3f;
	query.constant = random_below(1000) * 0.1f;
	query.sum_error = 1e-5f;
	query.missing = 0.1f;
	query.moved = 0.02f;
	query.distance_error = 1e-6f;
	query.units = units;
	query.weights = weights;
	query.positions = positions;
	query.bytes = packed;
	query.at = at;
	query.step = step;
	for (int p = 0; p < query.words * MM_CODES_PER_WORD; p++)
	{
		MMCodeBytes *word = &packed[p / MM_CODES_PER_WORD];
		int			half = p / 4 % 2;
		int			shift = p % 4 * 8;
		int			extreme = random_below(10);
		int			most = is_l1 ? MM_POSITION_WEIGHT : MM_PRODUCT_WEIGHT;
		int			weight = extreme == 0 ? most : extreme == 1 && !is_l1 ? -most :
			is_l1 ? random_below(most) : random_below(2 * most) - most;
		uint32		low = (uint32) weight & ((1 << bits) - 1);

		weights[p] = (int16) weight;
		positions[p] = (uint8) (random_below(8) ? random_bits() : 255 * random_below(2));
		at[p] = random_below(1000) * 0.01f;
		step[p] = random_below(100) * 0.01f;
		units[p / MM_CODES_PER_WORD] = 0x1p-20f * (1 + random_below(9));
		word->low[half] |= low << shift;
		word->high[half] |= ((uint32) ((weight - (int) low) / (1 << bits)) & 0xFF) << shift;
		word->positions[half] |= (uint32) positions[p] << shift;
	}
	for (int w = 0; w < query.first_word; w++)
		for (int i = 0; i < STRIDE; i++)
		{
			float		x = head[w] * (1 + random_below(50));

			memcpy(&words[w * STRIDE + i], &x, sizeof(float));
		}

	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->codes(&query, &planes, results[i][0], results[i][1]);
	check("codes' lower bound", results[0][0], results[1][0], sizeof(float) * planes.n);
	check("codes' upper bound", results[0][1], results[1][1], sizeof(float) * planes.n);
}

static void
compare_counts(const MMPlaneKernels *a, const MMPlaneKernels *b)
{
	MMCountQuery *query = calloc(1, offsetof(MMCountQuery, masks) + sizeof(MMCountMask) * PLANES);
	MetricSketchPlanes planes = random_planes();

	query->length = random_below(50) ? random_below(300) : 1 << 25;
	query->length_bytes = 1 + random_below(2);
	query->shared = random_below(20);
	query->nmasks = random_below(PLANES);
	for (int m = 0; m < query->nmasks; m++)
		query->masks[m] = (MMCountMask) {random_below(PLANES), random_below(5), random_bits() & random_bits()};
	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->counts(query, &planes, results[i][0], results[i][1]);
	check("counts' lower bound", results[0][0], results[1][0], sizeof(float) * planes.n);
	check("counts' upper bound", results[0][1], results[1][1], sizeof(float) * planes.n);
	free(query);
}

static void
compare_signatures(const MMPlaneKernels *a, const MMPlaneKernels *b)
{
	MMSignatureQuery *query = calloc(1, offsetof(MMSignatureQuery, signature) + sizeof(uint32) * PLANES);
	MetricSketchPlanes planes = random_planes();

	query->distance = random_below(2) ? MM_SIGNATURE_JACCARD : MM_SIGNATURE_HAMMING;
	query->words = 1 + random_below(PLANES - 2);
	query->size_bytes = random_below(3);
	query->has_rest = query->size_bytes == 0 && random_below(2);
	query->most_rest = random_below(3) ? random_below(200) : query->distance == MM_SIGNATURE_JACCARD ? -1 : 1 << 24;
	query->rest = random_below(50);
	for (int w = 0; w < query->words; w++)
	{
		query->signature[w] = random_bits() & random_bits();
		query->ones += __builtin_popcount(query->signature[w]);
	}
	for (int i = 0; i < STRIDE; i++)
		words[query->words * STRIDE + i] = random_below(100);
	for (int i = 0; i < 2; i++)
		(i == 0 ? a : b)->signatures(query, &planes, results[i][0], results[i][1]);
	check("signatures' lower bound", results[0][0], results[1][0], sizeof(float) * planes.n);
	check("signatures' upper bound", results[0][1], results[1][1], sizeof(float) * planes.n);
	free(query);
}

int
main(int argc, char **argv)
{
	int			wanted = argc > 1 ? atoi(argv[1]) : 2000;
	const MMKernels *portable = &mm_kernels_scalar;

	for (int v = 0; mm_kernel_versions[v] != NULL; v++)
	{
		version = mm_kernel_versions[v];
		if (!version->supported() || version == portable)
			continue;
		for (rounds = 0; rounds < wanted; rounds++)
		{
			if (rounds % 20 == 0)
			{
				for (int i = 0; i < PLANES * STRIDE; i++)
				{
					float		x = random_float();
					float		y = random_float();

					coordinates[0][i] = x < y ? x : y;
					coordinates[1][i] = x < y ? y : x;
					words[i] = random_bits();
					points[i] = __builtin_isinf(x) ? y * 0.5f : x;
					if (__builtin_isinf(points[i]))
						points[i] = 1.0f;
				}
				for (int i = 0; i < 2 * STRIDE; i++)
					bytes[i] = random_below(8) ? random_bits() : 255;
			}
			compare_distances(portable, version);
			compare_coordinates(portable->planes, version->planes);
			compare_curves(portable->planes, version->planes);
			compare_codes(portable->planes, version->planes);
			compare_counts(portable->planes, version->planes);
			compare_signatures(portable->planes, version->planes);
		}
		printf("%s: compared with %s in %d rounds\n", version->name, portable->name, wanted);
	}
	printf("%d differences\n", failures);
	return failures > 0;
}
