/*-------------------------------------------------------------------------
 *
 * kernels_planes_dotprod.c
 *	  The kernels over planes for 64-bit ARM with the dot product instructions, an
 *	  option from ARMv8.2 on that nearly all CPUs have; see kernels_planes.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels_planes.h"

#ifdef MM_HAVE_DOTPROD

/* The compiler may have been told to use them everywhere. */
#if defined(__ARM_FEATURE_DOTPROD)
#define PLANES	static
#else
#define PLANES	static __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

#include "metric/kernels_planes_neon.h"

/* Add to each lane the products of its four bytes. */
#define INT_ADD_SIGNED(sum, a, b) \
	vreinterpretq_u32_s32(vdotq_s32(vreinterpretq_s32_u32(sum), vreinterpretq_s8_u32(a), vreinterpretq_s8_u32(b)))
#define INT_ADD_UNSIGNED(sum, a, b) \
	vdotq_u32(sum, vreinterpretq_u8_u32(a), vreinterpretq_u8_u32(b))

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_dotprod = {
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

#endif							/* MM_HAVE_DOTPROD */
