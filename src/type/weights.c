/*-------------------------------------------------------------------------
 *
 * weights.c
 *	  Checks of the weights, scales and radius of a query; see weights.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/float.h"

#include "compat.h"
#include "type/weights.h"

/*
 * What a number is of, for a message: a column, or a component without a name.
 */
static char *
name_of(int i, const char **names)
{
	return names == NULL ? psprintf("component %d", i + 1) : psprintf("column \"%s\"", names[i]);
}

/*
 * The columns' names as a list, for a message.
 */
static char *
list_names(int n, const char **names)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < n; i++)
		appendStringInfo(&buf, "%s%s", i > 0 ? ", " : "", names[i]);
	return buf.data;
}

/*
 * The messages of errors in an array of weights, or in one of scales.
 */
typedef struct ArrayMessages
{
	const char *not_flat;
	const char *wrong_number;	/* with how many there are, and should be */
	const char *null;			/* with what it is of */
} ArrayMessages;

static const ArrayMessages of_weights = {
	.not_flat = "weights must be a one-dimensional array",
	.wrong_number = "wrong number of weights: %d instead of %d",
	.null = "weight of %s must not be NULL",
};

static const ArrayMessages of_scales = {
	.not_flat = "scales must be a one-dimensional array",
	.wrong_number = "wrong number of scales: %d instead of %d",
	.null = "scale of %s must not be NULL",
};

/*
 * The n elements of an array, none of them NULL.
 */
static float8 *
numbers_from_array(ArrayType *array, int n, const char **names,
				   const ArrayMessages *messages, Node *escontext)
{
	float8	   *result;
	Datum	   *elems;
	bool	   *nulls;
	int			nelems;

	if (ARR_NDIM(array) > 1)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s", messages->not_flat)));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elems, &nulls, &nelems);
	if (nelems != n)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg(messages->wrong_number, nelems, n),
				 names == NULL ? errdetail("There must be one for each component.") :
				 errdetail("There must be one for each of the columns: %s.", list_names(n, names))));

	result = palloc(sizeof(float8) * n);
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereturn(escontext, NULL,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg(messages->null, name_of(i, names))));
		result[i] = DatumGetFloat8(elems[i]);
	}
	return result;
}

float8 *
mm_weights_from_array(ArrayType *array, int n, const char **names, Node *escontext)
{
	float8	   *weights;
	bool		all_zero = true;

	if (array == NULL)
	{
		weights = palloc(sizeof(float8) * n);
		for (int i = 0; i < n; i++)
			weights[i] = 1.0;
		return weights;
	}

	weights = numbers_from_array(array, n, names, &of_weights, escontext);
	if (weights == NULL)
		return NULL;
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(weights[i]) || weights[i] < 0)
			ereturn(escontext, NULL,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight of %s must be finite and not negative", name_of(i, names)),
					 errdetail("It is %s.", float8out_internal(weights[i]))));
		all_zero &= weights[i] == 0;
	}
	if (all_zero)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all weights are zero"),
				 names == NULL ? errhint("Give at least one component a weight above zero.") :
				 errhint("Give at least one of the columns %s a weight above zero.",
						 list_names(n, names))));
	return weights;
}

float8 *
mm_scales_from_array(ArrayType *array, int n, const char **names, Node *escontext)
{
	float8	   *scales;

	if (array == NULL)
		return NULL;
	scales = numbers_from_array(array, n, names, &of_scales, escontext);
	if (scales == NULL)
		return NULL;
	for (int i = 0; i < n; i++)
		if (!isfinite(scales[i]) || scales[i] <= 0)
			ereturn(escontext, NULL,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("scale of %s must be finite and above zero", name_of(i, names)),
					 errdetail("It is %s.", float8out_internal(scales[i]))));
	return scales;
}

bool
mm_check_radius(float8 radius, Node *escontext)
{
	if (isnan(radius) || radius < 0)
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("radius must not be negative or NaN"),
				 errdetail("It is %s.", float8out_internal(radius))));
	return true;
}
