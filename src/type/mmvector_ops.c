/*-------------------------------------------------------------------------
 *
 * mmvector_ops.c
 *	  Order, hashing, element-wise arithmetic and norms of mmvector.
 *
 * Vectors are ordered as arrays are: component by component, and a vector
 * comes before any longer one that begins with it. -0 equals 0, and hashes as
 * 0.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "mmdb.h"
#include "type/mmvector.h"

PG_FUNCTION_INFO_V1(mmvector_lt);
PG_FUNCTION_INFO_V1(mmvector_le);
PG_FUNCTION_INFO_V1(mmvector_eq);
PG_FUNCTION_INFO_V1(mmvector_ne);
PG_FUNCTION_INFO_V1(mmvector_ge);
PG_FUNCTION_INFO_V1(mmvector_gt);
PG_FUNCTION_INFO_V1(mmvector_cmp);
PG_FUNCTION_INFO_V1(mmvector_hash);
PG_FUNCTION_INFO_V1(mmvector_hash_extended);
PG_FUNCTION_INFO_V1(mmvector_dims);
PG_FUNCTION_INFO_V1(mmvector_norm);
PG_FUNCTION_INFO_V1(mmvector_normalize);
PG_FUNCTION_INFO_V1(mmvector_add);
PG_FUNCTION_INFO_V1(mmvector_sub);
PG_FUNCTION_INFO_V1(mmvector_mul);

/*
 * Three-way comparison of the vectors in arguments 0 and 1.
 */
static int
compare_args(FunctionCallInfo fcinfo)
{
	MMVector   *a = PG_GETARG_MMVECTOR_P(0);
	MMVector   *b = PG_GETARG_MMVECTOR_P(1);
	int			dim = Min(a->dim, b->dim);
	int			result = 0;

	for (int i = 0; i < dim && result == 0; i++)
		result = (a->x[i] > b->x[i]) - (a->x[i] < b->x[i]);
	if (result == 0)
		result = (a->dim > b->dim) - (a->dim < b->dim);

	/* B-tree and sort code relies on us not to leak memory. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

Datum
mmvector_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
mmvector_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
mmvector_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
mmvector_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
mmvector_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
mmvector_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
mmvector_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

/*
 * A copy of v whose bytes are equal whenever the vectors are: -0 becomes 0.
 */
static MMVector *
without_negative_zero(const MMVector *v)
{
	MMVector   *result = mmvector_alloc(v->dim);

	for (int i = 0; i < v->dim; i++)
		result->x[i] = v->x[i] == 0.0f ? 0.0f : v->x[i];
	return result;
}

Datum
mmvector_hash(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	MMVector   *key = without_negative_zero(v);
	Datum		result = hash_any((unsigned char *) key->x,
								  sizeof(float4) * key->dim);

	pfree(key);
	PG_FREE_IF_COPY(v, 0);
	return result;
}

Datum
mmvector_hash_extended(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	MMVector   *key = without_negative_zero(v);
	Datum		result = hash_any_extended((unsigned char *) key->x,
										   sizeof(float4) * key->dim,
										   PG_GETARG_INT64(1));

	pfree(key);
	PG_FREE_IF_COPY(v, 0);
	return result;
}

Datum
mmvector_dims(PG_FUNCTION_ARGS)
{
	/*
	 * The dimension is at the front of the value, so there is no need to fetch
	 * the rest.
	 */
	MMVector   *head = (MMVector *)
		PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0,
							   offsetof(MMVector, x) - VARHDRSZ);

	PG_RETURN_INT32(head->dim);
}

static double
euclidean_norm(const MMVector *v)
{
	double		sum = 0.0;

	for (int i = 0; i < v->dim; i++)
		sum += (double) v->x[i] * v->x[i];
	return sqrt(sum);
}

Datum
mmvector_norm(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(euclidean_norm(PG_GETARG_MMVECTOR_P(0)));
}

/*
 * The vector of length 1 in the same direction.  The zero vector, which has no
 * direction, is returned as it is.
 */
Datum
mmvector_normalize(PG_FUNCTION_ARGS)
{
	MMVector   *v = PG_GETARG_MMVECTOR_P(0);
	double		norm = euclidean_norm(v);
	MMVector   *result = mmvector_alloc(v->dim);

	if (norm > 0.0)
		for (int i = 0; i < v->dim; i++)
			result->x[i] = (float4) (v->x[i] / norm);
	PG_RETURN_POINTER(result);
}

Datum
mmvector_add(PG_FUNCTION_ARGS)
{
	MMVector   *a = PG_GETARG_MMVECTOR_P(0);
	MMVector   *b = PG_GETARG_MMVECTOR_P(1);
	MMVector   *result;

	mmvector_check_dims(a->dim, b->dim);
	result = mmvector_alloc(a->dim);
	for (int i = 0; i < a->dim; i++)
	{
		result->x[i] = a->x[i] + b->x[i];
		if (unlikely(isinf(result->x[i])))
			mmvector_overflow();
	}
	PG_RETURN_POINTER(result);
}

Datum
mmvector_sub(PG_FUNCTION_ARGS)
{
	MMVector   *a = PG_GETARG_MMVECTOR_P(0);
	MMVector   *b = PG_GETARG_MMVECTOR_P(1);
	MMVector   *result;

	mmvector_check_dims(a->dim, b->dim);
	result = mmvector_alloc(a->dim);
	for (int i = 0; i < a->dim; i++)
	{
		result->x[i] = a->x[i] - b->x[i];
		if (unlikely(isinf(result->x[i])))
			mmvector_overflow();
	}
	PG_RETURN_POINTER(result);
}

Datum
mmvector_mul(PG_FUNCTION_ARGS)
{
	MMVector   *a = PG_GETARG_MMVECTOR_P(0);
	MMVector   *b = PG_GETARG_MMVECTOR_P(1);
	MMVector   *result;

	mmvector_check_dims(a->dim, b->dim);
	result = mmvector_alloc(a->dim);
	for (int i = 0; i < a->dim; i++)
	{
		result->x[i] = a->x[i] * b->x[i];
		if (unlikely(isinf(result->x[i])))
			mmvector_overflow();
		/* As in float4 multiplication, an underflow is an error, too. */
		if (unlikely(result->x[i] == 0.0f) && a->x[i] != 0.0f && b->x[i] != 0.0f)
			mmvector_overflow();
	}
	PG_RETURN_POINTER(result);
}
