/*-------------------------------------------------------------------------
 *
 * mmdb_vector.c
 *	  The bridge to pgvector: finding functions of its library and mmdb's, and
 *	  casts.
 *
 * The bridge needs no header of pgvector.  It calls the same C functions that
 * pgvector's operators do, so distances have the same bits.  mmdb's routines
 * are versioned structs of function pointers; no other function of mmdb's
 * library is called.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mmdb_vector.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(mmdb_vector_to_mmvector);
PG_FUNCTION_INFO_V1(mmdb_vector_from_mmvector);

PGFunction
mmdb_vector_function(const char *name)
{
	return (PGFunction) load_external_function("$libdir/vector", name, true, NULL);
}

const MetricRoutine *
mmdb_vector_base(const char *name)
{
	PGFunction	function = (PGFunction) load_external_function("$libdir/mmdb", name, true, NULL);
	const MetricRoutine *base = (const MetricRoutine *)
		DatumGetPointer(DirectFunctionCall1(function, PointerGetDatum(NULL)));

	if (base->magic != METRIC_ROUTINE_MAGIC || base->version != METRIC_ROUTINE_VERSION ||
		base->size < sizeof(MetricRoutine))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("mmdb_vector was built for another version of mmdb"),
				 errdetail("Function \"%s\" of mmdb's library returned a metric routine of version %u and size %zu; it should be version %u, of at least %zu.",
						   name, base->version, base->size,
						   METRIC_ROUTINE_VERSION, sizeof(MetricRoutine)),
				 errhint("Build and install mmdb and mmdb_vector together.")));
	return base;
}

ImageValue *
mmdb_vector_image(int dim)
{
	Size		size = offsetof(ImageValue, x) + sizeof(float) * dim;
	ImageValue *image = palloc(size);

	SET_VARSIZE(image, size);
	image->dim = dim;
	return image;
}

void
mmdb_vector_check_length(const float *x, int n)
{
	double		square = 0.0;
	double		length;

	for (int i = 0; i < n; i++)
		square += (double) x[i] * x[i];
	length = sqrt(square);
	if (likely((length >= MM_LEAST_COSINE_LENGTH && length <= MM_MOST_COSINE_LENGTH) || length == 0.0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("vector is too %s for a search by cosine distance",
					length < MM_LEAST_COSINE_LENGTH ? "short" : "long"),
			 errdetail("Its length is %g, and must be 0 or from %g to %g.",
					   length, MM_LEAST_COSINE_LENGTH, MM_MOST_COSINE_LENGTH),
			 errhint("Beyond that, float precision does not tell cosine distances. Scale the vector, or use another distance.")));
}

WidenedQuery *
mmdb_vector_widened(void *base, double relative, double absolute, double most)
{
	WidenedQuery *result = palloc(sizeof(WidenedQuery));

	/* The summands are for rounding here. */
	result->base = base;
	result->shrink = (float) (1.0 - relative - 1e-6);
	result->less = (float) (absolute * (1.0 + 1e-6));
	result->grow = (float) (1.0 + relative + 1e-6);
	result->more = (float) (absolute * (1.0 + 1e-6));
	result->most = (float) most;
	return result;
}

void
mmdb_vector_widen(const WidenedQuery *query, int n, float *lower, float *upper)
{
	for (int i = 0; i < n; i++)
	{
		float		bound = lower[i] * query->shrink - query->less;

		lower[i] = bound > 0.0f ? bound : 0.0f;
	}
	if (upper == NULL)
		return;
	for (int i = 0; i < n; i++)
	{
		float		bound = upper[i] * query->grow + query->more;

		upper[i] = bound < query->most ? bound : get_float4_infinity();
	}
}

/*
 * The two types differ in the place where the number of dimensions is: half a
 * word, or a word.
 */
Datum
mmdb_vector_to_mmvector(PG_FUNCTION_ARGS)
{
	VectorValue *vector = (VectorValue *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	ImageValue *result = mmdb_vector_image(vector->dim);

	memcpy(result->x, vector->x, sizeof(float) * vector->dim);
	PG_RETURN_POINTER(result);
}

Datum
mmdb_vector_from_mmvector(PG_FUNCTION_ARGS)
{
	ImageValue *vector = (ImageValue *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	Size		size = offsetof(VectorValue, x) + sizeof(float) * vector->dim;
	VectorValue *result = palloc0(size);

	SET_VARSIZE(result, size);
	result->dim = (int16) vector->dim;
	memcpy(result->x, vector->x, sizeof(float) * vector->dim);
	PG_RETURN_POINTER(result);
}
