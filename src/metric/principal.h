/*-------------------------------------------------------------------------
 *
 * principal.h
 *	  Principal directions: where vectors differ most.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PRINCIPAL_H
#define MM_PRINCIPAL_H

/*
 * mm_principal_directions: find up to k leading principal directions of n
 * vectors around 0, of dim components each: rows of k * dim floats, which are
 * unit vectors at right angles to each other but for rounding.  Returns how
 * many there are: fewer than k if the vectors span less.
 *
 * *error bounds the norm of G - I, where G has the products of all pairs of
 * rows and I would be G if they were exactly what they should be.
 *
 * Deterministic.  Time: about n * n * dim + 6 * n * n * k multiplications,
 * or the same with n and dim swapped if dim is less.
 */
extern int	mm_principal_directions(const float *vectors, int n, int dim, int k,
									float *directions, double *error);

#endif							/* MM_PRINCIPAL_H */
