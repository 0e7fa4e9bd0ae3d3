/*-------------------------------------------------------------------------
 *
 * profile.c
 *	  Weights under a name: the table mmdb.weight_profile.
 *
 * A profile knows its weights by the columns' names.  So it outlives its
 * index, and it is dumped and restored as plain data.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "query/query.h"
#include "type/weights.h"

PG_FUNCTION_INFO_V1(mm_weights);

/*
 * The columns (text[]) and weights (double precision[]) of a profile, in the
 * current context.
 */
static void
read_profile(const char *profile, ArrayType **columns, ArrayType **weights)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			type = TEXTOID;
	Datum		name = CStringGetTextDatum(profile);
	Datum		values[2];
	MemoryContext old;

	SPI_connect();
	if (SPI_execute_with_args("SELECT p.columns, p.weights FROM mmdb.weight_profile p"
							  " WHERE p.name OPERATOR(pg_catalog.=) $1",
							  1, &type, &name, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the weight profiles");
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no weight profile \"%s\"", profile),
				 errhint("See the table mmdb.weight_profile.")));
	for (int i = 0; i < 2; i++)
	{
		bool		isnull;

		values[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &isnull);
	}
	old = MemoryContextSwitchTo(context);
	*columns = DatumGetArrayTypePCopy(values[0]);
	*weights = DatumGetArrayTypePCopy(values[1]);
	MemoryContextSwitchTo(old);
	SPI_finish();
}

/*
 * mm_weights(profile)
 */
Datum
mm_weights(PG_FUNCTION_ARGS)
{
	ArrayType  *columns;
	ArrayType  *weights;

	read_profile(text_to_cstring(PG_GETARG_TEXT_PP(0)), &columns, &weights);
	PG_RETURN_ARRAYTYPE_P(weights);
}

double *
mm_profile_get(const char *profile, int n, const char **columns)
{
	ArrayType  *names_array;
	ArrayType  *weights_array;
	Datum	   *names;
	bool	   *nulls;
	int			nnames;
	const char **own;
	double	   *weights;
	double	   *result = palloc(sizeof(double) * n);

	read_profile(profile, &names_array, &weights_array);
	deconstruct_array(names_array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &nnames);
	own = palloc(sizeof(char *) * Max(nnames, 1));
	for (int i = 0; i < nnames; i++)
		own[i] = nulls[i] ? "" : TextDatumGetCString(names[i]);
	weights = mm_weights_from_array(weights_array, nnames, own, NULL);

	for (int c = 0; c < n; c++)
	{
		int			place = 0;

		while (place < nnames && strcmp(own[place], columns[c]) != 0)
			place++;
		if (place == nnames || nnames != n)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight profile \"%s\" is about other columns", profile),
					 place == nnames ?
					 errdetail("It has no weight for column \"%s\".", columns[c]) :
					 errdetail("Number of its weights: %d; of columns: %d.", nnames, n)));
		result[c] = weights[place];
	}
	return result;
}

void
mm_profile_require_writable(void)
{
	Oid			table = get_relname_relid("weight_profile", get_namespace_oid("mmdb", false));

	PreventCommandIfReadOnly("saving a weight profile");
	if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK ||
		pg_class_aclcheck(table, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to save a weight profile"),
				 errhint("It takes INSERT and UPDATE on the table mmdb.weight_profile.")));
}

void
mm_profile_save(const char *profile, const char *index, Datum columns, Datum weights,
				double recall, double heldout, const char *how)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, FLOAT8ARRAYOID, FLOAT8OID, FLOAT8OID, TEXTOID};
	Datum		values[] = {
		CStringGetTextDatum(profile),
		CStringGetTextDatum(index),
		columns,
		weights,
		Float8GetDatum(recall),
		Float8GetDatum(heldout),
		CStringGetTextDatum(how)
	};
	char		nulls[] = {
		' ', ' ', ' ', ' ',
		isnan(recall) ? 'n' : ' ',
		isnan(heldout) ? 'n' : ' ',
		' ', '\0'
	};

	SPI_connect();
	SPI_execute_with_args("INSERT INTO mmdb.weight_profile"
						  " (name, index_name, columns, weights, recall, heldout_recall, learned)"
						  " VALUES ($1, $2, $3, $4, $5, $6, $7::pg_catalog.jsonb)"
						  " ON CONFLICT (name) DO UPDATE SET"
						  " index_name = excluded.index_name, columns = excluded.columns,"
						  " weights = excluded.weights, recall = excluded.recall,"
						  " heldout_recall = excluded.heldout_recall, learned = excluded.learned,"
						  " saved_at = excluded.saved_at",
						  lengthof(types), types, values, nulls, false, 0);
	SPI_finish();
}
