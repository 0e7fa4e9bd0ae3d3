/*-------------------------------------------------------------------------
 *
 * kernels_avx2.c
 *	  The kernels for x86-64 with AVX2; see kernels.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

#if defined(__x86_64__)

#include <float.h>
#include <immintrin.h>

#define KERNEL	static inline __attribute__((target("avx2,popcnt")))

#include "metric/kernels_x86.h"

typedef struct Lanes
{
	__m256		lo,
				hi;
} Lanes;

typedef struct Wide
{
	__m256d		d0,
				d1,
				d2,
				d3;
} Wide;

#define DEFINE_LANES(name, op) \
KERNEL Lanes \
name(Lanes a, Lanes b) \
{ \
	return (Lanes) {op(a.lo, b.lo), op(a.hi, b.hi)}; \
}

DEFINE_LANES(lanes_add, _mm256_add_ps)
DEFINE_LANES(lanes_sub, _mm256_sub_ps)
DEFINE_LANES(lanes_mul, _mm256_mul_ps)
DEFINE_LANES(lanes_max, _mm256_max_ps)

KERNEL Lanes
lanes_abs(Lanes a)
{
	const __m256 sign = _mm256_set1_ps(-0.0f);

	return (Lanes) {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}

KERNEL Lanes
lanes_zero(void)
{
	return (Lanes) {_mm256_setzero_ps(), _mm256_setzero_ps()};
}

KERNEL Lanes
lanes_load(const float *p)
{
	return (Lanes) {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

KERNEL Lanes
lanes_load_part(const float *p, int n)
{
	if (n < 8)
		return (Lanes) {load_part8(p, n), _mm256_setzero_ps()};
	return (Lanes) {_mm256_loadu_ps(p), load_part8(p + 8, n - 8)};
}

KERNEL float
lanes_sum(Lanes a)
{
	__m256		eight = _mm256_add_ps(a.lo, a.hi);
	__m128		four = _mm_add_ps(_mm256_castps256_ps128(eight),
								  _mm256_extractf128_ps(eight, 1));
	__m128		two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

KERNEL float
lanes_largest(Lanes a)
{
	__m256		eight = _mm256_max_ps(a.lo, a.hi);
	__m128		four = _mm_max_ps(_mm256_castps256_ps128(eight),
								  _mm256_extractf128_ps(eight, 1));
	__m128		two = _mm_max_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

KERNEL Wide
wide_zero(void)
{
	return (Wide) {_mm256_setzero_pd(), _mm256_setzero_pd(),
		_mm256_setzero_pd(), _mm256_setzero_pd()};
}

KERNEL Wide
wide_from(Lanes a)
{
	return (Wide) {_mm256_cvtps_pd(_mm256_castps256_ps128(a.lo)),
		_mm256_cvtps_pd(_mm256_extractf128_ps(a.lo, 1)),
		_mm256_cvtps_pd(_mm256_castps256_ps128(a.hi)),
		_mm256_cvtps_pd(_mm256_extractf128_ps(a.hi, 1))};
}

KERNEL Wide
wide_add_product(Wide acc, Wide a, Wide b)
{
	return (Wide) {_mm256_add_pd(acc.d0, _mm256_mul_pd(a.d0, b.d0)),
		_mm256_add_pd(acc.d1, _mm256_mul_pd(a.d1, b.d1)),
		_mm256_add_pd(acc.d2, _mm256_mul_pd(a.d2, b.d2)),
		_mm256_add_pd(acc.d3, _mm256_mul_pd(a.d3, b.d3))};
}

KERNEL double
wide_sum(Wide a)
{
	__m256d		four = _mm256_add_pd(_mm256_add_pd(a.d0, a.d2),
									 _mm256_add_pd(a.d1, a.d3));
	__m128d		two = _mm_add_pd(_mm256_castpd256_pd128(four),
								 _mm256_extractf128_pd(four, 1));

	return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "metric/kernels_template.h"

/*
 * The number of one bits in each of the four quarters of x: look up the count
 * of each half byte, then add bytes up (Mula, Kurz, Lemire: Faster Population
 * Counts Using AVX2 Instructions, 2018).
 */
KERNEL __m256i
count_bits(__m256i x)
{
	const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
											1, 2, 2, 3, 2, 3, 3, 4,
											0, 1, 1, 2, 1, 2, 2, 3,
											1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low = _mm256_set1_epi8(0x0f);
	__m256i		bytes = _mm256_add_epi8(_mm256_shuffle_epi8(counts, _mm256_and_si256(x, low)),
										_mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));

	return _mm256_sad_epu8(bytes, _mm256_setzero_si256());
}

KERNEL uint64
sum_quarters(__m256i x)
{
	__m128i		two = _mm_add_epi64(_mm256_castsi256_si128(x),
									_mm256_extracti128_si256(x, 1));

	return (uint64) _mm_cvtsi128_si64(two) +
		(uint64) _mm_cvtsi128_si64(_mm_unpackhi_epi64(two, two));
}

/* The first n < 8 bytes at p, or all 8, as an integer; missing bytes are 0. */
KERNEL uint64
load_bytes(const uint8 *p, int n)
{
	uint64		x = 0;

	memcpy(&x, p, n < 8 ? n : 8);
	return x;
}

KERNEL uint64
kernel_xor_bits(const uint8 *a, const uint8 *b, int n)
{
	__m256i		acc = _mm256_setzero_si256();
	uint64		count;
	int			i = 0;

	for (; i + 32 <= n; i += 32)
		acc = _mm256_add_epi64(acc, count_bits(_mm256_xor_si256(_mm256_loadu_si256((const __m256i *) (a + i)),
																_mm256_loadu_si256((const __m256i *) (b + i)))));
	count = sum_quarters(acc);
	for (; i < n; i += 8)
		count += _mm_popcnt_u64(load_bytes(a + i, n - i) ^ load_bytes(b + i, n - i));
	return count;
}

KERNEL void
kernel_and_or_bits(const uint8 *a, const uint8 *b, int n, uint64 *counts)
{
	__m256i		both = _mm256_setzero_si256();
	__m256i		either = _mm256_setzero_si256();
	int			i = 0;

	for (; i + 32 <= n; i += 32)
	{
		__m256i		x = _mm256_loadu_si256((const __m256i *) (a + i));
		__m256i		y = _mm256_loadu_si256((const __m256i *) (b + i));

		both = _mm256_add_epi64(both, count_bits(_mm256_and_si256(x, y)));
		either = _mm256_add_epi64(either, count_bits(_mm256_or_si256(x, y)));
	}
	counts[0] = sum_quarters(both);
	counts[1] = sum_quarters(either);
	for (; i < n; i += 8)
	{
		uint64		x = load_bytes(a + i, n - i);
		uint64		y = load_bytes(b + i, n - i);

		counts[0] += _mm_popcnt_u64(x & y);
		counts[1] += _mm_popcnt_u64(x | y);
	}
}

static bool
have_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}

const MMKernels mm_kernels_avx2 = {
	.name = "avx2",
	.supported = have_avx2,
	.l1 = kernel_l1,
	.l2_squared = kernel_l2_squared,
	.linf = kernel_linf,
	.dot = kernel_dot,
	.dot2 = kernel_dot2,
	.dot3 = kernel_dot3,
	.xor_bits = kernel_xor_bits,
	.and_or_bits = kernel_and_or_bits,
	.planes = &mm_plane_kernels_avx2,
};

#endif							/* __x86_64__ */
