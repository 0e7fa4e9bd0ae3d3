/*-------------------------------------------------------------------------
 *
 * handler.c
 *	  What the access method mmdb can do, and the functions that do it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/vacuum.h"

#include "am/am.h"
#include "index/options.h"
#include "metric/metric.h"

PG_FUNCTION_INFO_V1(mmdb_handler);

Datum
mmdb_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	am->amstrategies = MM_NSTRATEGIES;
	am->amsupport = MM_NPROCS;
	am->amoptsprocnum = MM_OPTIONS_PROC;
	am->amcanorderbyop = true;
	am->amcanmulticol = true;
	am->amoptionalkey = true;	/* ORDER BY alone makes a scan */
	am->amusemaintenanceworkmem = true;
	am->amparallelvacuumoptions = VACUUM_OPTION_NO_PARALLEL;
	am->amkeytype = InvalidOid;

	am->ambuild = mmdb_build;
	am->ambuildempty = mmdb_buildempty;
	am->aminsert = mmdb_insert;
	am->ambulkdelete = mmdb_bulkdelete;
	am->amvacuumcleanup = mmdb_vacuumcleanup;
	am->amcostestimate = mmdb_costestimate;
	am->amoptions = mmdb_options;
	am->amvalidate = mmdb_validate;
	am->ambuildphasename = mmdb_buildphasename;
	am->ambeginscan = mmdb_beginscan;
	am->amrescan = mmdb_rescan;
	am->amgettuple = mmdb_gettuple;
	am->amgetbitmap = mmdb_getbitmap;
	am->amendscan = mmdb_endscan;

	PG_RETURN_POINTER(am);
}
