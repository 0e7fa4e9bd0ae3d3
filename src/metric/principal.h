/*-------------------------------------------------------------------------
 *
 * principal.h
 *	  Principal directions: the directions in which vectors differ most.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_PRINCIPAL_H
#define MM_PRINCIPAL_H

/*
 * mm_principal_directions: find up to k leading principal directions, around
 * 0, of n vectors of dim components each.  directions gets k rows of dim
 * floats, which are unit vectors at right angles to each other except for
 * rounding.  Returns how many there are; it is fewer than k if the vectors
 * span less.
 *
 * *error becomes a bound of the norm of G - I, where G has the products of all
 * pairs of rows.  G would be I if the rows were exactly what they should be.
 *
 * The result is deterministic.  It takes about n * n * dim + 6 * n * n * k
 * multiplications, or the same with n and dim swapped if dim is less.
 */
extern int	mm_principal_directions(const float *vectors, int n, int dim, int k,
									float *directions, double *error);

/*
 * The principal directions of vectors around their mean.
 */
typedef struct MMPrincipal
{
	int			n;				/* how many there are */
	float	   *mean;			/* dim numbers */
	double		mean_length;
	float	   *directions;		/* n rows of dim numbers */
	double	   *mean_projection;	/* the mean times each direction */
	double		gram_error;		/* the *error above */
} MMPrincipal;

/*
 * mm_principal_of_vectors: find up to most principal directions of n vectors of
 * dim finite components, which are stored one after the other.  If unit, the vectors
 * are first made unit vectors; none of them must be zero then.  The result's arrays
 * are in the current context.
 */
extern void mm_principal_of_vectors(bool unit, const float *vectors, int n, int dim,
									int most, MMPrincipal *result);

#endif							/* MM_PRINCIPAL_H */
