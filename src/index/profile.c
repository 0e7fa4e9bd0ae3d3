/*-------------------------------------------------------------------------
 *
 * profile.c
 *	  Reading the table mmdb.weight_profile.
 *
 * A profile knows its weights by the columns' names.  So it outlives its
 * index, and it is dumped and restored as plain data.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "index/profile.h"
#include "type/weights.h"

bool
mm_profile_read(const char *profile, ArrayType **columns, ArrayType **weights, int elevel)
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
	{
		ereport(elevel,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no weight profile \"%s\"", profile),
				 errhint("See the table mmdb.weight_profile.")));
		SPI_finish();
		return false;
	}
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
	return true;
}

double *
mm_profile_get(const char *profile, int n, const char **columns, int elevel)
{
	ArrayType  *names_array;
	ArrayType  *weights_array;
	Datum	   *names;
	bool	   *nulls;
	int			nnames;
	const char **own;
	double	   *weights;
	double	   *result = palloc(sizeof(double) * n);

	if (!mm_profile_read(profile, &names_array, &weights_array, elevel))
		return NULL;
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
		{
			ereport(elevel,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("weight profile \"%s\" is about other columns", profile),
					 place == nnames ?
					 errdetail("It has no weight for column \"%s\".", columns[c]) :
					 errdetail("Number of its weights: %d; of columns: %d.", nnames, n)));
			return NULL;
		}
		result[c] = weights[place];
	}
	return result;
}
