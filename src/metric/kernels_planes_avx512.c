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
#define TARGET			"avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx512vnni"
#else
#define WIDE_VECTORS
#define TARGET			"avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx512vnni,prefer-vector-width=512"
#endif

#define PLANES	static WIDE_VECTORS __attribute__((target(TARGET)))

typedef __m512 Lanes;

#define LANES				16
#define LANES_OF(x)			_mm512_set1_ps(x)
#define LANES_LOAD(x)		_mm512_loadu_ps(x)
#define LANES_STORE(x, a)	_mm512_storeu_ps(x, a)
#define LANES_ABS(a)		_mm512_abs_ps(a)
#define LANES_MAX(a, b)		_mm512_max_ps(a, b)
#define LANES_MIN(a, b)		_mm512_min_ps(a, b)
#define LANES_SQRT(a)		_mm512_sqrt_ps(a)

/* x in the lanes where a >= b, and y in the others. */
#define LANES_IF_GE(a, b, x, y) \
	_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ), y, x)

/* Selects a in the lanes whose mask has the bit, and b in the others. */
#define LANES_WHERE(masks, bit, a, b) \
	_mm512_mask_blend_ps(_mm512_test_epi32_mask(_mm512_loadu_si512(masks), _mm512_set1_epi32(bit)), b, a)

/* Are all lanes of a from low to high? */
#define LANES_ALL_WITHIN(low, a, high) \
	(_mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(a, low, _CMP_GE_OQ), a, high, _CMP_LE_OQ) == 0xFFFF)

typedef __m512i IntLanes;

#define INT_OF(x)				_mm512_set1_epi32((int) (x))
#define INT_LOAD(x)				_mm512_loadu_si512(x)
#define INT_AND(a, b)			_mm512_and_si512(a, b)
#define INT_ADD(a, b)			_mm512_add_epi32(a, b)
#define INT_SHIFT_LEFT(a, n)	_mm512_slli_epi32(a, n)
#define INT_SHIFT_RIGHT(a, n)	_mm512_srli_epi32(a, n)
#define INT_TO_LANES(a)			_mm512_cvtepi32_ps(a)

/* The absolute differences of bytes without sign. */
#define INT_BYTES_APART(a, b)	_mm512_sub_epi8(_mm512_max_epu8(a, b), _mm512_min_epu8(a, b))

/* The same bits. */
#define INT_OF_BITS(a)			_mm512_castps_si512(a)

/* The numbers of a table of 32 that the last bits of each lane tell. */
#define LANES_LOOK_UP(result, table, i) \
	((result) = _mm512_permutex2var_ps(_mm512_loadu_ps(table), i, _mm512_loadu_ps((table) + 16)))

/*
 * Add to each lane the products of its four bytes.  Those of a have no sign, and
 * those of b either have one or are below 128.
 */
#define INT_ADD_SIGNED(sum, a, b)	_mm512_dpbusd_epi32(sum, a, b)
#define INT_ADD_UNSIGNED			INT_ADD_SIGNED

/* This is a single instruction here. */
#define COUNT_BITS(x)	__builtin_popcount(x)

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx512 = {
	.boxes = plane_boxes,
	.points = plane_points,
	.sums = plane_sums,
	.growths = plane_growths,
	.overlap_growths = plane_overlap_growths,
	.curve = plane_curve,
	.codes = plane_codes,
	.counts = plane_counts,
	.signatures = plane_signatures,
};

#endif							/* __x86_64__ */
