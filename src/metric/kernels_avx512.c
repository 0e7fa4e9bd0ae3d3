/*-------------------------------------------------------------------------
 *
 * kernels_avx512.c
 *	  The kernels for x86-64 with AVX-512 (F, BW, DQ, VL and VPOPCNTDQ:
 *	  Ice Lake, Zen 4 and later); see kernels.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

#if defined(__x86_64__)

#include <float.h>
#include <immintrin.h>

#define KERNEL \
	static inline __attribute__((target("avx512f,avx512bw,avx512vpopcntdq")))

#include "metric/kernels_x86.h"

typedef __m512 Lanes;

typedef struct Wide
{
	__m512d		lo,
				hi;
} Wide;

#define lanes_zero()		_mm512_setzero_ps()
#define lanes_load(p)		_mm512_loadu_ps(p)
#define lanes_add(a, b)		_mm512_add_ps(a, b)
#define lanes_sub(a, b)		_mm512_sub_ps(a, b)
#define lanes_mul(a, b)		_mm512_mul_ps(a, b)
#define lanes_max(a, b)		_mm512_max_ps(a, b)
#define lanes_abs(a)		_mm512_abs_ps(a)

KERNEL Lanes
lanes_load_part(const float *p, int n)
{
	if (n < 8)
		return _mm512_zextps256_ps512(load_part8(p, n));
	return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(_mm512_castps256_ps512(_mm256_loadu_ps(p))),
											   _mm256_castps_pd(load_part8(p + 8, n - 8)), 1));
}

/* The upper half of the 16 lanes. */
KERNEL __m256
upper(Lanes a)
{
	return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1));
}

KERNEL float
lanes_sum(Lanes a)
{
	__m256		eight = _mm256_add_ps(_mm512_castps512_ps256(a), upper(a));
	__m128		four = _mm_add_ps(_mm256_castps256_ps128(eight),
								  _mm256_extractf128_ps(eight, 1));
	__m128		two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

KERNEL float
lanes_largest(Lanes a)
{
	__m256		eight = _mm256_max_ps(_mm512_castps512_ps256(a), upper(a));
	__m128		four = _mm_max_ps(_mm256_castps256_ps128(eight),
								  _mm256_extractf128_ps(eight, 1));
	__m128		two = _mm_max_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

KERNEL Wide
wide_zero(void)
{
	return (Wide) {_mm512_setzero_pd(), _mm512_setzero_pd()};
}

KERNEL Wide
wide_from(Lanes a)
{
	return (Wide) {_mm512_cvtps_pd(_mm512_castps512_ps256(a)),
		_mm512_cvtps_pd(upper(a))};
}

KERNEL Wide
wide_add_product(Wide acc, Wide a, Wide b)
{
	return (Wide) {_mm512_fmadd_pd(a.lo, b.lo, acc.lo),
		_mm512_fmadd_pd(a.hi, b.hi, acc.hi)};
}

KERNEL double
wide_sum(Wide a)
{
	__m512d		eight = _mm512_add_pd(a.lo, a.hi);
	__m256d		four = _mm256_add_pd(_mm512_castpd512_pd256(eight),
									 _mm512_extractf64x4_pd(eight, 1));
	__m128d		two = _mm_add_pd(_mm256_castpd256_pd128(four),
								 _mm256_extractf128_pd(four, 1));

	return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#include "metric/kernels_template.h"

/* The first n < 64 bytes at p, or all 64; missing bytes are 0. */
KERNEL __m512i
load_bytes(const uint8 *p, int n)
{
	if (n >= 64)
		return _mm512_loadu_si512(p);
	return _mm512_maskz_loadu_epi8((UINT64CONST(1) << n) - 1, p);
}

KERNEL uint64
kernel_xor_bits(const uint8 *a, const uint8 *b, int n)
{
	__m512i		acc = _mm512_setzero_si512();

	for (int i = 0; i < n; i += 64)
		acc = _mm512_add_epi64(acc, _mm512_popcnt_epi64(_mm512_xor_si512(load_bytes(a + i, n - i),
																		 load_bytes(b + i, n - i))));
	return (uint64) _mm512_reduce_add_epi64(acc);
}

KERNEL void
kernel_and_or_bits(const uint8 *a, const uint8 *b, int n, uint64 *counts)
{
	__m512i		both = _mm512_setzero_si512();
	__m512i		either = _mm512_setzero_si512();

	for (int i = 0; i < n; i += 64)
	{
		__m512i		x = load_bytes(a + i, n - i);
		__m512i		y = load_bytes(b + i, n - i);

		both = _mm512_add_epi64(both, _mm512_popcnt_epi64(_mm512_and_si512(x, y)));
		either = _mm512_add_epi64(either, _mm512_popcnt_epi64(_mm512_or_si512(x, y)));
	}
	counts[0] = (uint64) _mm512_reduce_add_epi64(both);
	counts[1] = (uint64) _mm512_reduce_add_epi64(either);
}

static bool
have_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512vpopcntdq") &&
		__builtin_cpu_supports("avx512vnni");
}

const MMKernels mm_kernels_avx512 = {
	.name = "avx512",
	.supported = have_avx512,
	.l1 = kernel_l1,
	.l2_squared = kernel_l2_squared,
	.linf = kernel_linf,
	.dot = kernel_dot,
	.dot2 = kernel_dot2,
	.dot3 = kernel_dot3,
	.xor_bits = kernel_xor_bits,
	.and_or_bits = kernel_and_or_bits,
	.planes = &mm_plane_kernels_avx512,
};

#endif							/* __x86_64__ */
