/*-------------------------------------------------------------------------
 *
 * kernels.h
 *	  The inner loops of the vector and bit distances, in one version for each
 *	  instruction set, chosen at run time.
 *
 * Invariant: every version returns the same bits.  A sum over n components is
 * defined as 64 running sums.  Component i goes to sum i mod 64, in order of
 * i, and in the end the sums are added up by halving (sum j and sum j + 32,
 * then j + 16, ...).  No version uses fused multiply-add where it would round
 * differently.  So an answer does not depend on the machine: a primary and its
 * standby, or two servers of one cluster, agree to the last digit.
 *
 * The kernels know nothing of PostgreSQL; bench/metrics links them alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_KERNELS_H
#define MM_KERNELS_H

/* The number of running sums that a float sum has; see above. */
#define MM_KERNEL_LANES		64

/*
 * A bounded kernel looks at its bound each time it has done this many
 * components.
 */
#define MM_KERNEL_BLOCK		256

struct MMPlaneKernels;

typedef struct MMKernels
{
	const char *name;			/* as the setting mmdb.simd spells it */
	bool		(*supported) (void);	/* by the CPU we run on? */

	/*
	 * The sum of |a[i] - b[i]|, the sum of (a[i] - b[i])^2, and the largest
	 * |a[i] - b[i]| over n components.  As soon as a part of the sum (or
	 * maximum) exceeds bound, that part is returned instead.  It never exceeds
	 * the whole.
	 */
	float		(*l1) (const float *a, const float *b, int n, float bound);
	float		(*l2_squared) (const float *a, const float *b, int n, float bound);
	float		(*linf) (const float *a, const float *b, int n, float bound);

	/*
	 * Sums in double precision of a[i] * b[i]; with dot2 of b[i]^2 as well;
	 * and with dot3 of a[i]^2, too: sums[0], sums[1], sums[2].  They are made
	 * of 16 running sums, not 64.
	 */
	double		(*dot) (const float *a, const float *b, int n);
	void		(*dot2) (const float *a, const float *b, int n, double *sums);
	void		(*dot3) (const float *a, const float *b, int n, double *sums);

	/* The number of one bits in a XOR b, over n bytes. */
	uint64		(*xor_bits) (const uint8 *a, const uint8 *b, int n);

	/*
	 * The numbers of one bits in a AND b (counts[0]) and in a OR b
	 * (counts[1]).
	 */
	void		(*and_or_bits) (const uint8 *a, const uint8 *b, int n,
								uint64 *counts);

	/* Bounds over the entries of a page; see kernels_planes.h. */
	const struct MMPlaneKernels *planes;
} MMKernels;

/*
 * Every version that is compiled in, the fastest first.  The list ends with
 * NULL.
 */
extern const MMKernels *const mm_kernel_versions[];

/* The version in use; never NULL. */
extern const MMKernels *mm_kernels;

/* mm_kernels_best: the fastest version the CPU can run. */
extern const MMKernels *mm_kernels_best(void);

extern const MMKernels mm_kernels_scalar;
#if defined(__x86_64__)
extern const MMKernels mm_kernels_avx2;
extern const MMKernels mm_kernels_avx512;
#endif
#if defined(__aarch64__)
extern const MMKernels mm_kernels_neon;

/*
 * Can the compiler make code for an extension of the CPU that it is not told to use
 * everywhere?  Clang before 16 cannot.
 */
#if !defined(__clang__) || __clang_major__ >= 16 || defined(__ARM_FEATURE_DOTPROD)
#define MM_HAVE_DOTPROD
extern const MMKernels mm_kernels_dotprod;
#endif
#endif

#endif							/* MM_KERNELS_H */
