/*-------------------------------------------------------------------------
 *
 * kernels_planes_neon.c
 *	  The kernels over planes for any 64-bit ARM;
 *	  see kernels_planes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels_planes.h"

#if defined(__aarch64__)

#define PLANES	static

#include "metric/kernels_planes_neon.h"

/*
 * Add to each lane the products of its four bytes.  Two of the products must fit 16
 * bits.
 */
#define INT_ADD_SIGNED(sum, a, b)	int_add_signed(sum, vreinterpretq_s8_u32(a), vreinterpretq_s8_u32(b))
#define INT_ADD_UNSIGNED(sum, a, b)	int_add_unsigned(sum, vreinterpretq_u8_u32(a), vreinterpretq_u8_u32(b))

PLANES inline __attribute__((always_inline)) IntLanes
int_add_signed(IntLanes sum, int8x16_t a, int8x16_t b)
{
	int16x8_t	low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
	int16x8_t	high = vmull_high_s8(a, b);

	return vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(sum), vpaddq_s16(low, high)));
}

PLANES inline __attribute__((always_inline)) IntLanes
int_add_unsigned(IntLanes sum, uint8x16_t a, uint8x16_t b)
{
	uint16x8_t	low = vmull_u8(vget_low_u8(a), vget_low_u8(b));
	uint16x8_t	high = vmull_high_u8(a, b);

	return vpadalq_u16(sum, vpaddq_u16(low, high));
}

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_neon = {
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

#endif							/* __aarch64__ */
