/*-------------------------------------------------------------------------
 *
 * kernels_planes_neon.h
 *	  What the kernels over planes are made of on 64-bit ARM; see
 *	  kernels_planes_template.h.
 *
 * A kernels_planes_*.c file includes this after defining PLANES, and defines
 * INT_ADD_SIGNED and INT_ADD_UNSIGNED.
 *
 * The larger of two numbers is chosen by a comparison, and not by the instruction for
 * that.  They differ where a number is NaN, and other CPUs compare.
 *
 *-------------------------------------------------------------------------
 */

#include <arm_neon.h>

typedef float32x4_t Lanes;

#define LANES				4
#define LANES_OF(x)			vdupq_n_f32(x)
#define LANES_LOAD(x)		vld1q_f32(x)
#define LANES_STORE(x, a)	vst1q_f32(x, a)
#define LANES_ABS(a)		vabsq_f32(a)
#define LANES_MAX(a, b)		lanes_max(a, b)
#define LANES_MIN(a, b)		lanes_min(a, b)
#define LANES_SQRT(a)		vsqrtq_f32(a)

/* x in the lanes where a >= b, and y in the others. */
#define LANES_IF_GE(a, b, x, y)	vbslq_f32(vcgeq_f32(a, b), x, y)

/* Selects a in the lanes whose mask has the bit, and b in the others. */
#define LANES_WHERE(masks, bit, a, b) \
	vbslq_f32(vtstq_u32(vld1q_u32(masks), vdupq_n_u32(bit)), a, b)

/* Are all lanes of a from low to high? */
#define LANES_ALL_WITHIN(low, a, high) \
	(vminvq_u32(vandq_u32(vcgeq_f32(a, low), vcleq_f32(a, high))) != 0)

typedef uint32x4_t IntLanes;

#define INT_OF(x)				vdupq_n_u32(x)
#define INT_LOAD(x)				vld1q_u32((const uint32_t *) (x))
#define INT_STORE(x, a)			vst1q_u32((uint32_t *) (x), a)
#define INT_AND(a, b)			vandq_u32(a, b)
#define INT_ADD(a, b)			vaddq_u32(a, b)
#define INT_SHIFT_LEFT(a, n)	((a) << (uint32_t) (n))
#define INT_SHIFT_RIGHT(a, n)	((a) >> (uint32_t) (n))
#define INT_TO_LANES(a)			vcvtq_f32_s32(vreinterpretq_s32_u32(a))

/* The absolute differences of bytes without sign. */
#define INT_BYTES_APART(a, b) \
	vreinterpretq_u32_u8(vabdq_u8(vreinterpretq_u8_u32(a), vreinterpretq_u8_u32(b)))

/* The same bits. */
#define INT_OF_BITS(a)			vreinterpretq_u32_f32(a)

/* The numbers of a table of 32 that the last bits of each lane tell. */
#define LANES_LOOK_UP(result, table, i) \
	((result) = (Lanes) {OF_LANE(table, i, 0), OF_LANE(table, i, 1), OF_LANE(table, i, 2), OF_LANE(table, i, 3)})
#define OF_LANE(table, i, lane)	(table)[vgetq_lane_u32(i, lane) & 31]

/* The one bits of each lane. */
#define INT_COUNT_BITS(a) \
	vpaddlq_u16(vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u32(a))))

PLANES inline __attribute__((always_inline)) Lanes
lanes_max(Lanes a, Lanes b)
{
	return vbslq_f32(vcgtq_f32(a, b), a, b);
}

PLANES inline __attribute__((always_inline)) Lanes
lanes_min(Lanes a, Lanes b)
{
	return vbslq_f32(vcltq_f32(a, b), a, b);
}
