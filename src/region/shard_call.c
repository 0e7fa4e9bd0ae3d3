/*-------------------------------------------------------------------------
 *
 * shard_call.c
 *	  SQL functions that are in the library mmdb_shard.
 *
 * That library calls functions of this one, and the loader finds those only if
 * this one is loaded first.  So SQL functions are declared as being here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(mm_shard_call);

/*
 * Call the function of mmdb_shard that has the name of this one, after
 * "mm_shard_".
 */
Datum
mm_shard_call(PG_FUNCTION_ARGS)
{
	char	   *name = psprintf("mm_shard_%s", get_func_name(fcinfo->flinfo->fn_oid));
	PGFunction	function = (PGFunction) load_external_function("$libdir/mmdb_shard", name, true, NULL);

	pfree(name);
	return function(fcinfo);
}
