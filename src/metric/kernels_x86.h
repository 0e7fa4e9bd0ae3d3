/*-------------------------------------------------------------------------
 *
 * kernels_x86.h
 *	  What the AVX2 and AVX-512 kernels share; included after KERNEL is
 *	  defined.
 *
 * The last components of a vector are put together from smaller loads.  Masked
 * loads would be shorter to write, but they wait far longer for data that are
 * not in the cache (measured on Zen 5: 45 ns per row of a sequential scan).
 *
 *-------------------------------------------------------------------------
 */

/* The first n < 4 floats at p, then zeros. */
KERNEL __m128
load_part4(const float *p, int n)
{
	return _mm_setr_ps(n > 0 ? p[0] : 0.0f, n > 1 ? p[1] : 0.0f,
					   n > 2 ? p[2] : 0.0f, 0.0f);
}

/* The first n < 8 floats at p, then zeros. */
KERNEL __m256
load_part8(const float *p, int n)
{
	if (n < 4)
		return _mm256_set_m128(_mm_setzero_ps(), load_part4(p, n));
	return _mm256_set_m128(load_part4(p + 4, n - 4), _mm_loadu_ps(p));
}
