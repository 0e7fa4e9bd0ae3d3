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

typedef __m256 Lanes;

#define LANES				8
#define LANES_OF(x)			_mm256_set1_ps(x)
#define LANES_LOAD(x)		_mm256_loadu_ps(x)
#define LANES_STORE(x, a)	_mm256_storeu_ps(x, a)
#define LANES_ABS(a)		_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define LANES_MAX(a, b)		_mm256_max_ps(a, b)
#define LANES_MIN(a, b)		_mm256_min_ps(a, b)
#define LANES_SQRT(a)		_mm256_sqrt_ps(a)

/* x in the lanes where a >= b, and y in the others. */
#define LANES_IF_GE(a, b, x, y) \
	_mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GE_OQ))

/* Selects a in the lanes whose mask has the bit, and b in the others. */
#define LANES_WHERE(masks, bit, a, b) \
	_mm256_blendv_ps(a, b, _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_setzero_si256(), \
		_mm256_and_si256(_mm256_loadu_si256((const __m256i *) (masks)), _mm256_set1_epi32(bit)))))

/* Are all lanes of a from low to high? */
#define LANES_ALL_WITHIN(low, a, high) \
	(_mm256_movemask_ps(_mm256_and_ps(_mm256_cmp_ps(a, low, _CMP_GE_OQ), _mm256_cmp_ps(a, high, _CMP_LE_OQ))) == 0xFF)

typedef __m256i IntLanes;

#define INT_OF(x)				_mm256_set1_epi32((int) (x))
#define INT_LOAD(x)				_mm256_loadu_si256((const __m256i *) (x))
#define INT_AND(a, b)			_mm256_and_si256(a, b)
#define INT_ADD(a, b)			_mm256_add_epi32(a, b)
#define INT_SHIFT_LEFT(a, n)	_mm256_slli_epi32(a, n)
#define INT_SHIFT_RIGHT(a, n)	_mm256_srli_epi32(a, n)
#define INT_TO_LANES(a)			_mm256_cvtepi32_ps(a)

/* The absolute differences of bytes without sign. */
#define INT_BYTES_APART(a, b)	_mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b))

/* The same bits. */
#define INT_OF_BITS(a)			_mm256_castps_si256(a)

/*
 * The numbers of a table of 32 that the last bits of each lane tell.  An instruction
 * chooses among 8, by the last three bits; the next two choose among the results of four,
 * as signs.
 */
#define LANES_LOOK_UP(result, table, i) \
	do { \
		__m256		bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)); \
		__m256		bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(i, 27)); \
		__m256		low = _mm256_blendv_ps(OF_EIGHT(table, i), OF_EIGHT((table) + 8, i), bit3); \
		__m256		high = _mm256_blendv_ps(OF_EIGHT((table) + 16, i), OF_EIGHT((table) + 24, i), bit3); \
		\
		result = _mm256_blendv_ps(low, high, bit4); \
	} while (0)
#define OF_EIGHT(table, i)	_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), i)

/*
 * Add to each lane the products of its four bytes.  Those of a have no sign, and
 * those of b either have one or are below 128.  Two of the products must fit 16 bits.
 */
#define INT_ADD_PRODUCTS(sum, a, b) \
	INT_ADD(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)))
#define INT_ADD_SIGNED			INT_ADD_PRODUCTS
#define INT_ADD_UNSIGNED		INT_ADD_PRODUCTS

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_avx2 = {
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
