/*-------------------------------------------------------------------------
 *
 * kernels_planes_portable.c
 *	  The kernels over planes in portable C, for any CPU; see kernels_planes.h.
 *	  The compiler may use SSE2 on x86-64, which is always there.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels_planes.h"

#define PLANES	static

#include "metric/kernels_planes_template.h"

const MMPlaneKernels mm_plane_kernels_portable = {
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
