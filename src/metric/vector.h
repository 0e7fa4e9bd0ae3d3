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
 * The largest relative error of L1, L2 and L-infinity.  A float sum over n
 * components has 64 running sums (kernels.h).  Each term goes through n / 64 +
 * 6 additions, and before that through at most three other roundings, of at
 * most 2^-24 each: 259 * 2^-24 = 1.55e-5 for n = 16,000.  The root of L2
 * halves that.
 */
#define MM_VECTOR_ERROR		2e-5f

/*
 * The largest absolute error of cosine distances.  There are three sums in
 * double precision, 16 running sums each, and two of the three are under a
 * root.  For n = 16,000, each sum takes a thousand additions, of 2^-53 each.
 */
#define MM_COSINE_ERROR		4e-13

/* Sums of 16,000 terms in double precision have a smaller relative error. */
#define MM_VECTOR_SUM_ERROR	4e-12

#endif							/* MM_VECTOR_H */
