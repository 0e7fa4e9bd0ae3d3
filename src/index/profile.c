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

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "index/profile.h"
#include "type/weights.h"

/*
 * May the current user read profiles?  If not, reports that with this level.
 */
static bool
may_read(const char *profile, int elevel)
{
	static const char *const needed[] = {"name", "columns", "weights"};
	Oid			schema = get_namespace_oid("mmdb", false);
	Oid			table = get_relname_relid("weight_profile", schema);
	bool		may = mm_may_use_schema(schema);

	if (may && pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		for (int i = 0; i < (int) lengthof(needed); i++)
			may &= pg_attribute_aclcheck(table, get_attnum(table, needed[i]), GetUserId(),
										 ACL_SELECT) == ACLCHECK_OK;
	if (!may)
		ereport(elevel,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for weight profile \"%s\"", profile),
				 errdetail("User \"%s\" may not read the table mmdb.weight_profile.",
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("Grant USAGE on the schema mmdb, and SELECT on the table.")));
	return may;
}

/*
 * Read a profile, within a snapshot.
 */
static bool
read_profile(const char *profile, ArrayType **columns, ArrayType **weights, int elevel)
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

bool
mm_profile_read(const char *profile, ArrayType **columns, ArrayType **weights, int elevel)
{
	bool		found;
	bool		pushed;

	if (!may_read(profile, elevel))
		return false;
	/* A commit, which empties temporary tables and their indexes, has none. */
	pushed = !ActiveSnapshotSet();
	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	found = read_profile(profile, columns, weights, elevel);
	if (pushed)
		PopActiveSnapshot();
	return found;
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
