/*-------------------------------------------------------------------------
 *
 * load.c
 *	  mmdb.copy_from: the rows of a query go to a distributed table by one COPY
 *	  a server.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rls.h"

#include "region/remote_use.h"
#include "shard/operations.h"

PG_FUNCTION_INFO_V1(mm_shard_copy_from);

extern PGDLLEXPORT Datum mm_shard_copy_from(PG_FUNCTION_ARGS);

/*
 * Raise an error unless the user may insert any rows.
 */
static void
require_insert(Oid relid)
{
	AclResult	result;

	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no table with OID %u", relid)));
	result = pg_class_aclcheck(relid, GetUserId(), ACL_INSERT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security restricts what the user may insert into table \"%s\"",
						get_rel_name(relid)),
				 errhint("Use INSERT, which looks at the policies.")));
}

/*
 * Raise an error unless the query has as many columns as are wanted, one for each of
 * the table's that is not generated.
 */
static void
require_columns(const MMDistributed *table, const char *query, int wanted)
{
	SPIPlanPtr	plan;
	TupleDesc	desc = NULL;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan != NULL && list_length(SPI_plan_get_plan_sources(plan)) == 1)
		desc = ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->resultDesc;
	if (desc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("mmdb.copy_from() needs a query that returns rows")));
	if (desc->natts != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query of mmdb.copy_from() returns %d columns, and table \"%s\" has %d that are not generated",
						desc->natts, table->name, wanted)));
	SPI_finish();
}

/*
 * copy_from(table, query): returns the number of rows.
 *
 * The query is the user's, and runs under the user's search_path; what is
 * looked up here before that does not.
 */
Datum
mm_shard_copy_from(PG_FUNCTION_ARGS)
{
	MMDistributed *table;
	char	   *query;
	char	   *names;
	char	   *values;
	int			wanted;
	int			nest;
	int64		rows;

	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %d of mmdb.copy_from() is NULL", i + 1)));
	PreventCommandIfReadOnly("mmdb.copy_from()");
	require_insert(PG_GETARG_OID(0));
	query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	nest = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	table = mm_distributed_read(PG_GETARG_OID(0));
	(void) mm_local("LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE", table->qualified);
	table = mm_distributed_read(PG_GETARG_OID(0));
	names = mm_definition_names(table->relid);
	values = mm_definition_values(table->relid, "mmdb_query");
	wanted = atoi(mm_local_value("SELECT count(*) FROM pg_attribute WHERE attrelid = %u AND attnum > 0 "
								 "AND NOT attisdropped AND attgenerated = ''", table->relid));
	mm_use_check_copy(table->relid);
	mm_distributed_connect(table);
	AtEOXact_GUC(true, nest);
	require_columns(table, query, wanted);
	rows = mm_stream_query(table, psprintf("SELECT %s, mmdb_rows.* FROM (SELECT %s FROM (%s\n) AS mmdb_query (%s)) AS mmdb_rows (%s)",
										   table->key, values, query, names, names), names);
	mm_use_copied(table->relid);
	PG_RETURN_INT64(rows);
}
