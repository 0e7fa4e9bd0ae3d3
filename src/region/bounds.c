/*-------------------------------------------------------------------------
 *
 * bounds.c
 *	  mmdb.region_bounds: how near the rows of each region can be to a query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "compat.h"
#include "mmdb.h"
#include "region/region.h"

PG_FUNCTION_INFO_V1(mm_region_bounds_of_query);

/*
 * The elements of an array that has one for each column.
 */
static void
column_numbers(ArrayType *array, const char *what, int n, double *numbers, double otherwise)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls,
					  &count);
	if (count != n || ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there must be one element of %s for each of the %d columns", what, n)));
	for (int i = 0; i < n; i++)
	{
		numbers[i] = nulls[i] ? otherwise : DatumGetFloat8(elements[i]);
		if (!(numbers[i] >= 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not be negative", what)));
	}
}

/*
 * region_bounds(tree, weights, missing, VARIADIC query)
 */
Datum
mm_region_bounds_of_query(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MMRegionTree *tree;
	double		weights[MM_MAX_COLUMNS];
	double		missing[MM_MAX_COLUMNS];
	MMRegionTerm terms[MM_MAX_COLUMNS];
	int			nterms = 0;
	double	   *bounds;

	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of mmdb.region_bounds() is NULL", i + 1)));
	InitMaterializedSRF(fcinfo, 0);
	tree = mm_region_tree_read(PG_GETARG_DATUM(0));
	mm_region_check_arguments(fcinfo, 3, tree);
	column_numbers(PG_GETARG_ARRAYTYPE_P(1), "weights", tree->ncolumns, weights, 0.0);
	column_numbers(PG_GETARG_ARRAYTYPE_P(2), "missing", tree->ncolumns, missing, get_float8_infinity());
	for (int c = 0; c < tree->ncolumns; c++)
		if (!PG_ARGISNULL(c + 3))
			terms[nterms++] = (MMRegionTerm) {
				.column = c,
				.value = PG_GETARG_DATUM(c + 3),
				.weight = weights[c],
				.missing = missing[c]
			};
	bounds = palloc(sizeof(double) * tree->nregions);
	mm_region_bounds(tree, nterms, terms, bounds);
	for (int i = 0; i < tree->nregions; i++)
	{
		Datum		values[2] = {Int32GetDatum(tree->regions[i]), Float8GetDatum(bounds[i])};
		bool		isnull[2] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
	}
	return (Datum) 0;
}
