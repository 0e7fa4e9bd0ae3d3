/*-------------------------------------------------------------------------
 *
 * kernels_planes_avx512.c
 *	  The kernels over planes for x86-64 with AVX-512;
 *	  see kernels_planes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels_planes.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* Without this, compilers may prefer vectors of half the width. */
#if defined(__clang__)
#define WIDE_VECTORS	__attribute__((min_vector_width(512)))
#define TARGET			"avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq"
#else
#define WIDE_VECTORS
#define TARGET			"avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,prefer-vector-width=512"
#endif

#define PLANES	static WIDE_VECTORS __attribute__((target(TARGET)))

PLANES inline __attribute__((always_inline)) void
bytes_to_floats(const uint8 *bytes, float *floats)
{
	_mm512_storeu_ps(floats, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *) bytes))));
}

typedef __m512 Lanes;

#define LANES				16
#define LANES_OF(x)			_mm512_set1_ps(x)
#define LANES_LOAD(x)		_mm512_loadu_ps(x)
#define LANES_STORE(x, a)	_mm512_storeu_ps(x, a)
#define LANES_ABS(a)		_mm512_abs_ps(a)
#define LANES_MAX(a, b)		_mm512_max_ps(a, b)
#define LANES_MIN(a, b)		_mm512_min_ps(a, b)

/* Selects a in the lanes whose mask has the bit, and b in the others. */
#define LANES_WHERE(masks, bit, a, b) \
	_mm512_mask_blend_ps(_mm512_test_epi32_mask(_mm512_loadu_si512(masks), _mm512_set1_epi32(bit)), b, a)

/* This is a single instruction here. */
#define COUNT_BITS(x)	__builtin_popcount(x)

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx512 = {
	.boxes = plane_boxes,
	.points = plane_points,
	.sums = plane_sums,
	.growths = plane_growths,
	.codes = plane_codes,
	.counts = plane_counts,
	.signatures = plane_signatures,
};

#endif							/* __x86_64__ */
