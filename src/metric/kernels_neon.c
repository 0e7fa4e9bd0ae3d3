/*-------------------------------------------------------------------------
 *
 * kernels_neon.c
 *	  The kernels for 64-bit ARM, which always has NEON, in two versions: the one
 *	  for CPUs with dot product instructions has other kernels over planes
 *	  (kernels_planes_dotprod.c); see kernels.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <float.h>
#if defined(__linux__) || defined(__FreeBSD__)
#include <sys/auxv.h>
#endif

#define KERNEL	static inline

typedef struct Lanes
{
	float32x4_t q0,
				q1,
				q2,
				q3;
} Lanes;

typedef struct Wide
{
	float64x2_t d[8];
} Wide;

#define DEFINE_LANES(name, op) \
KERNEL Lanes \
name(Lanes a, Lanes b) \
{ \
	return (Lanes) {op(a.q0, b.q0), op(a.q1, b.q1), \
		op(a.q2, b.q2), op(a.q3, b.q3)}; \
}

DEFINE_LANES(lanes_add, vaddq_f32)
DEFINE_LANES(lanes_sub, vsubq_f32)
DEFINE_LANES(lanes_mul, vmulq_f32)
DEFINE_LANES(lanes_max, vmaxq_f32)

KERNEL Lanes
lanes_abs(Lanes a)
{
	return (Lanes) {vabsq_f32(a.q0), vabsq_f32(a.q1),
		vabsq_f32(a.q2), vabsq_f32(a.q3)};
}

KERNEL Lanes
lanes_zero(void)
{
	float32x4_t zero = vdupq_n_f32(0.0f);

	return (Lanes) {zero, zero, zero, zero};
}

KERNEL Lanes
lanes_load(const float *p)
{
	return (Lanes) {vld1q_f32(p), vld1q_f32(p + 4),
		vld1q_f32(p + 8), vld1q_f32(p + 12)};
}

KERNEL Lanes
lanes_load_part(const float *p, int n)
{
	float		padded[16] = {0};

	memcpy(padded, p, sizeof(float) * n);
	return lanes_load(padded);
}

KERNEL float
lanes_sum(Lanes a)
{
	float32x4_t four = vaddq_f32(vaddq_f32(a.q0, a.q2), vaddq_f32(a.q1, a.q3));
	float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));

	return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

KERNEL float
lanes_largest(Lanes a)
{
	return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.q0, a.q2), vmaxq_f32(a.q1, a.q3)));
}

KERNEL Wide
wide_zero(void)
{
	Wide		r;

	for (int j = 0; j < 8; j++)
		r.d[j] = vdupq_n_f64(0.0);
	return r;
}

KERNEL Wide
wide_from(Lanes a)
{
	return (Wide) {{
		vcvt_f64_f32(vget_low_f32(a.q0)), vcvt_high_f64_f32(a.q0),
		vcvt_f64_f32(vget_low_f32(a.q1)), vcvt_high_f64_f32(a.q1),
		vcvt_f64_f32(vget_low_f32(a.q2)), vcvt_high_f64_f32(a.q2),
		vcvt_f64_f32(vget_low_f32(a.q3)), vcvt_high_f64_f32(a.q3)
	}};
}

KERNEL Wide
wide_add_product(Wide acc, Wide a, Wide b)
{
	for (int j = 0; j < 8; j++)
		acc.d[j] = vfmaq_f64(acc.d[j], a.d[j], b.d[j]);
	return acc;
}

KERNEL double
wide_sum(Wide a)
{
	for (int half = 4; half > 0; half /= 2)
		for (int j = 0; j < half; j++)
			a.d[j] = vaddq_f64(a.d[j], a.d[j + half]);
	return vgetq_lane_f64(a.d[0], 0) + vgetq_lane_f64(a.d[0], 1);
}

#include "metric/kernels_template.h"

KERNEL uint64
count_bits(uint8x16_t x)
{
	return vaddlvq_u8(vcntq_u8(x));
}

/* The first n < 16 bytes at p, or all 16; missing bytes are 0. */
KERNEL uint8x16_t
load_bytes(const uint8 *p, int n)
{
	uint8		padded[16] = {0};

	if (n >= 16)
		return vld1q_u8(p);
	memcpy(padded, p, n);
	return vld1q_u8(padded);
}

static uint64
kernel_xor_bits(const uint8 *a, const uint8 *b, int n)
{
	uint64		count = 0;

	for (int i = 0; i < n; i += 16)
		count += count_bits(veorq_u8(load_bytes(a + i, n - i), load_bytes(b + i, n - i)));
	return count;
}

static void
kernel_and_or_bits(const uint8 *a, const uint8 *b, int n, uint64 *counts)
{
	counts[0] = counts[1] = 0;
	for (int i = 0; i < n; i += 16)
	{
		uint8x16_t	x = load_bytes(a + i, n - i);
		uint8x16_t	y = load_bytes(b + i, n - i);

		counts[0] += count_bits(vandq_u8(x, y));
		counts[1] += count_bits(vorrq_u8(x, y));
	}
}

static bool
always(void)
{
	return true;
}

/* What all versions for this CPU have in common. */
#define NEON_KERNELS \
	.l1 = kernel_l1, \
	.l2_squared = kernel_l2_squared, \
	.linf = kernel_linf, \
	.dot = kernel_dot, \
	.dot2 = kernel_dot2, \
	.dot3 = kernel_dot3, \
	.xor_bits = kernel_xor_bits, \
	.and_or_bits = kernel_and_or_bits

const MMKernels mm_kernels_neon = {
	.name = "neon",
	.supported = always,
	NEON_KERNELS,
	.planes = &mm_plane_kernels_neon,
};

#ifdef MM_HAVE_DOTPROD

/*
 * Has the CPU the dot product instructions?
 */
static bool
has_dotprod(void)
{
#if defined(__ARM_FEATURE_DOTPROD) || defined(__APPLE__)
	return true;				/* so does all code, or every such CPU */
#elif defined(__linux__)
	return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__FreeBSD__)
	unsigned long hwcap = 0;

	return elf_aux_info(AT_HWCAP, &hwcap, sizeof(hwcap)) == 0 && (hwcap & HWCAP_ASIMDDP) != 0;
#else
	return false;
#endif
}

const MMKernels mm_kernels_dotprod = {
	.name = "dotprod",
	.supported = has_dotprod,
	NEON_KERNELS,
	.planes = &mm_plane_kernels_dotprod,
};

#endif							/* MM_HAVE_DOTPROD */

#endif							/* __aarch64__ */
