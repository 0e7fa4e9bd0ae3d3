/*-------------------------------------------------------------------------
 *
 * handler.c
 *	  What the access method mmdb can do, and the functions that do it.
 *
 * The index keeps metadata only so far: it offers no scan, so that the
 * planner has no path to consider.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/vacuum.h"

#include "am/am.h"

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
	am->amoptionalkey = true;
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

	PG_RETURN_POINTER(am);
}
