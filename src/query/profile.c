/*-------------------------------------------------------------------------
 *
 * profile.c
 *	  Saving weights under a name, in the table mmdb.weight_profile.
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

#include "index/profile.h"
#include "query/query.h"
#include "stats/track.h"

PG_FUNCTION_INFO_V1(mm_weights);

/*
 * mm_weights(profile)
 */
Datum
mm_weights(PG_FUNCTION_ARGS)
{
	ArrayType  *columns;
	ArrayType  *weights;

	char	   *profile = text_to_cstring(PG_GETARG_TEXT_PP(0));

	(void) mm_profile_read(profile, &columns, &weights, ERROR);
	mm_track_profile(profile);
	PG_RETURN_ARRAYTYPE_P(weights);
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
