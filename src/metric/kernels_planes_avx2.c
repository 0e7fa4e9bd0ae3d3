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

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx2 = {
	.boxes = plane_boxes,
	.points = plane_points,
	.codes = plane_codes,
	.counts = plane_counts,
	.signatures = plane_signatures,
};

#endif							/* __x86_64__ */
