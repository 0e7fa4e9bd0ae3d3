/*-------------------------------------------------------------------------
 *
 * vector.h
 *	  What the parts of the vector metrics share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_VECTOR_H
#define MM_VECTOR_H

/*
 * The most relative error of L1, L2 and L-infinity.  A float sum over n
 * components has 64 running sums (kernels.h): each term goes through n / 64 +
 * 6 additions, and before that through at most three other roundings, of at
 * most 2^-24 each: 259 * 2^-24 = 1.55e-5 for n = 16,000.  The root of L2
 * halves that.
 */
#define MM_VECTOR_ERROR		2e-5f

/*
 * The most absolute error of cosine distances.  Its sums are in double
 * precision, 16 at a time: a thousand additions for n = 16,000, of 2^-53 each,
 * in each of three sums, of which two are under a root.
 */
#define MM_COSINE_ERROR		4e-13

#endif							/* MM_VECTOR_H */
