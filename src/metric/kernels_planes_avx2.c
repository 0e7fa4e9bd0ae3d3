/*-------------------------------------------------------------------------
 *
 * kernels_planes_avx2.c
 *	  The kernels over planes for x86-64 with AVX2;
 *	  see kernels_planes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels_planes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define PLANES	static __attribute__((target("avx2")))

PLANES inline __attribute__((always_inline)) void
bytes_to_floats(const uint8 *bytes, float *floats)
{
	_mm256_storeu_ps(floats, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *) bytes))));
	_mm256_storeu_ps(floats + 8, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *) (bytes + 8)))));
}

typedef __m256 Lanes;

#define LANES				8
#define LANES_OF(x)			_mm256_set1_ps(x)
#define LANES_LOAD(x)		_mm256_loadu_ps(x)
#define LANES_STORE(x, a)	_mm256_storeu_ps(x, a)
#define LANES_ABS(a)		_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define LANES_MAX(a, b)		_mm256_max_ps(a, b)
#define LANES_MIN(a, b)		_mm256_min_ps(a, b)

/* Selects a in the lanes whose mask has the bit, and b in the others. */
#define LANES_WHERE(masks, bit, a, b) \
	_mm256_blendv_ps(a, b, _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_setzero_si256(), \
		_mm256_and_si256(_mm256_loadu_si256((const __m256i *) (masks)), _mm256_set1_epi32(bit)))))

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx2 = {
	.boxes = plane_boxes,
	.points = plane_points,
	.sums = plane_sums,
	.growths = plane_growths,
	.codes = plane_codes,
	.counts = plane_counts,
	.signatures = plane_signatures,
};

#endif							/* __x86_64__ */
