/*-------------------------------------------------------------------------
 *
 * principal.c
 *	  Principal directions by subspace iteration; see principal.h.
 *
 * They are the leading eigenvectors of X'X, or X' times the eigenvectors of
 * XX', whichever matrix is smaller (X has the vectors as rows).  Subspace
 * iteration starts with any k orthonormal vectors; it multiplies all of them
 * by the matrix, makes them orthonormal again, and repeats.  How good the
 * directions are decides how tight bounds are, not whether they are right, so
 * a fixed number of rounds is enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "metric/kernels.h"
#include "metric/principal.h"

#define ROUNDS	6

/*
 * A direction with less than this fraction of the first one's variance is
 * noise.
 */
#define LEAST_VARIANCE	1e-9

/*
 * If no more than this is left of a unit vector, it is a combination of others
 * except for rounding.
 */
#define LEAST_REST		1e-10

static double
dot(const double *a, const double *b, int n)
{
	double		sums[8] = {0};
	double		sum = 0.0;
	int			i = 0;

	for (; i + 8 <= n; i += 8)
		for (int j = 0; j < 8; j++)
			sums[j] += a[i + j] * b[i + j];
	for (; i < n; i++)
		sum += a[i] * b[i];
	for (int j = 0; j < 8; j++)
		sum += sums[j];
	return sum;
}

static void
add_multiple(double *a, double factor, const double *b, int n)
{
	for (int i = 0; i < n; i++)
		a[i] += factor * b[i];
}

/*
 * Make v a unit vector at right angles to the given rows.  Returns false if it
 * is a combination of them.
 */
static bool
orthonormalize(double *v, const double *rows, int nrows, int n)
{
	double		before = sqrt(dot(v, v, n));
	double		norm;

	if (!(before > 0.0))
		return false;
	/* Twice is enough (Parlett, "The Symmetric Eigenvalue Problem", 1980). */
	for (int pass = 0; pass < 2; pass++)
		for (int r = 0; r < nrows; r++)
			add_multiple(v, -dot(v, rows + (Size) r * n, n), rows + (Size) r * n, n);
	norm = sqrt(dot(v, v, n));
	if (!(norm > before * LEAST_REST))
		return false;
	for (int i = 0; i < n; i++)
		v[i] /= norm;
	return true;
}

/*
 * Fill in some vector.  The sequence of vectors is the same in each run.
 */
static void
arbitrary_vector(double *v, int n, uint32 *state)
{
	for (int i = 0; i < n; i++)
	{
		*state = *state * 1664525u + 1013904223u;
		v[i] = (double) *state / PG_UINT32_MAX - 0.5;
	}
}

/*
 * The k <= n leading eigenvectors of a symmetric matrix without negative
 * eigenvalues, as rows, in descending order of eigenvalues.  Returns how many
 * of them matter.
 */
static int
leading_eigenvectors(const double *matrix, int n, int k, double *rows)
{
	double	   *next = palloc_extended(sizeof(double) * k * n, MCXT_ALLOC_HUGE);
	double		first = 0.0;
	int			found = 0;
	uint32		state = 1;

	for (int r = 0; r < k; r++)
		do
			arbitrary_vector(rows + (Size) r * n, n, &state);
		while (!orthonormalize(rows + (Size) r * n, rows, r, n));

	for (int round = 0; round < ROUNDS; round++)
	{
		memset(next, 0, sizeof(double) * k * n);
		found = 0;
		for (int r = 0; r < k; r++)
		{
			double	   *v = next + (Size) r * n;
			double		eigenvalue;

			CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < n; i++)
				add_multiple(v, rows[(Size) r * n + i], matrix + (Size) i * n, n);
			eigenvalue = sqrt(dot(v, v, n));
			first = Max(first, eigenvalue);
			if (found == r && eigenvalue > first * LEAST_VARIANCE)
				found++;
			while (!orthonormalize(v, next, r, n))
			{
				found = Min(found, r);
				arbitrary_vector(v, n, &state);
			}
		}
		memcpy(rows, next, sizeof(double) * k * n);
	}
	pfree(next);
	return found;
}

/*
 * The products of all pairs of n vectors.
 */
static void
multiply_rows(const float *vectors, int n, int dim, double *products)
{
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j <= i; j++)
			products[(Size) i * n + j] = products[(Size) j * n + i] =
				mm_kernels->dot(vectors + (Size) i * dim, vectors + (Size) j * dim, dim);
	}
}

/*
 * The products of all pairs of components, summed over n vectors.
 */
static void
multiply_columns(const float *vectors, int n, int dim, double *products)
{
	double	   *v = palloc(sizeof(double) * dim);

	memset(products, 0, sizeof(double) * dim * dim);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < dim; j++)
			v[j] = vectors[(Size) i * dim + j];
		for (int j = 0; j < dim; j++)
			add_multiple(products + (Size) j * dim, v[j], v, dim);
	}
	pfree(v);
}

/*
 * How far rows are from orthonormal: the Frobenius norm of G - I, which is no
 * less than its largest eigenvalue, plus the possible error of its own sums.
 */
static double
orthonormality_error(const float *rows, int k, int dim)
{
	double		sum = 0.0;

	for (int i = 0; i < k; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j <= i; j++)
		{
			double		product = mm_kernels->dot(rows + (Size) i * dim,
												  rows + (Size) j * dim, dim);

			sum += i == j ? (product - 1.0) * (product - 1.0) : 2.0 * product * product;
		}
	}
	return sqrt(sum) * (1 + 1e-9) + 1e-12 * k;
}

int
mm_principal_directions(const float *vectors, int n, int dim, int k,
						float *directions, double *error)
{
	int			side = Min(n, dim);
	double	   *matrix = palloc_extended(sizeof(double) * side * side, MCXT_ALLOC_HUGE);
	double	   *eigenvectors;
	double	   *rows;
	int			found;
	int			kept = 0;

	k = Min(k, side);
	eigenvectors = palloc_extended(sizeof(double) * k * side, MCXT_ALLOC_HUGE);
	rows = palloc_extended(sizeof(double) * k * dim, MCXT_ALLOC_HUGE);
	if (side == dim)
		multiply_columns(vectors, n, dim, matrix);
	else
		multiply_rows(vectors, n, dim, matrix);
	found = leading_eigenvectors(matrix, side, k, eigenvectors);

	for (int r = 0; r < found; r++)
	{
		double	   *row = rows + (Size) kept * dim;
		const double *v = eigenvectors + (Size) r * side;

		CHECK_FOR_INTERRUPTS();
		if (side == dim)
			memcpy(row, v, sizeof(double) * dim);
		else
		{
			memset(row, 0, sizeof(double) * dim);
			for (int i = 0; i < n; i++)
				for (int j = 0; j < dim; j++)
					row[j] += v[i] * vectors[(Size) i * dim + j];
		}
		if (orthonormalize(row, rows, kept, dim))
			kept++;
	}
	for (Size i = 0; i < (Size) kept * dim; i++)
		directions[i] = (float) rows[i];
	*error = orthonormality_error(directions, kept, dim);

	pfree(rows);
	pfree(eigenvectors);
	pfree(matrix);
	return kept;
}

void
mm_principal_of_vectors(bool unit, const float *vectors, int n, int dim, int most,
						MMPrincipal *result)
{
	double	   *sum = palloc0(sizeof(double) * dim);
	double	   *factor = palloc(sizeof(double) * n);
	float	   *centered = palloc_extended(sizeof(float) * dim * n, MCXT_ALLOC_HUGE);
	double		largest = 0.0;
	double		scale;

	result->mean = palloc(sizeof(float) * dim);
	result->directions = palloc_extended(sizeof(float) * dim * most, MCXT_ALLOC_HUGE);
	for (int v = 0; v < n; v++)
	{
		const float *x = vectors + (Size) v * dim;

		factor[v] = unit ? 1.0 / sqrt(mm_kernels->dot(x, x, dim)) : 1.0;
		for (int i = 0; i < dim; i++)
		{
			sum[i] += x[i] * factor[v];
			largest = Max(largest, fabs(x[i] * factor[v]));
		}
	}
	for (int i = 0; i < dim; i++)
		result->mean[i] = (float) (sum[i] / n);

	/*
	 * The vectors are scaled so that floats can hold them; the directions stay
	 * the same.
	 */
	scale = largest > 0.0 ? 0.5 / largest : 1.0;
	for (int v = 0; v < n; v++)
		for (int i = 0; i < dim; i++)
			centered[(Size) v * dim + i] =
				(float) ((vectors[(Size) v * dim + i] * factor[v] - result->mean[i]) * scale);
	result->n = mm_principal_directions(centered, n, dim, most,
										result->directions, &result->gram_error);

	result->mean_length = sqrt(mm_kernels->dot(result->mean, result->mean, dim));
	result->mean_projection = palloc(sizeof(double) * Max(result->n, 1));
	for (int p = 0; p < result->n; p++)
		result->mean_projection[p] = mm_kernels->dot(result->mean,
													 result->directions + (Size) dim * p, dim);
	pfree(centered);
	pfree(factor);
	pfree(sum);
}
