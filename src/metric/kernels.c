/*-------------------------------------------------------------------------
 *
 * kernels.c
 *	  The list of kernel versions, and which one is in use.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "metric/kernels.h"

const MMKernels *const mm_kernel_versions[] = {
#if defined(__x86_64__)
	&mm_kernels_avx512,
	&mm_kernels_avx2,
#endif
#ifdef MM_HAVE_DOTPROD
	&mm_kernels_dotprod,
#endif
#if defined(__aarch64__)
	&mm_kernels_neon,
#endif
	&mm_kernels_scalar,
	NULL
};

const MMKernels *mm_kernels = &mm_kernels_scalar;

const MMKernels *
mm_kernels_best(void)
{
	int			i = 0;

	while (!mm_kernel_versions[i]->supported())
		i++;					/* scalar, the last, always is */
	return mm_kernel_versions[i];
}
