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

/* Left to themselves, compilers may prefer vectors of half the width. */
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

/* A single instruction here. */
#define COUNT_BITS(x)	__builtin_popcount(x)

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx512 = {
	.boxes = plane_boxes,
	.points = plane_points,
	.codes = plane_codes,
	.counts = plane_counts,
	.signatures = plane_signatures,
};

#endif							/* __x86_64__ */
