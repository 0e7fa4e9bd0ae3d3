/*-------------------------------------------------------------------------
 *
 * found.c
 *	  mmdb.last_tuning: the rows of the last tuning of the session, which outlive
 *	  its transaction.  So whoever cancels it has not let it run in vain.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/memutils.h"

#include "compat.h"
#include "tune/found.h"

PG_FUNCTION_INFO_V1(mm_last_tuning);

static MemoryContext found_context = NULL;
static List *found = NIL;

void
mm_found_forget(void)
{
	if (found_context == NULL)
		found_context = AllocSetContextCreate(TopMemoryContext, "mmdb tuning", ALLOCSET_SMALL_SIZES);
	found = NIL;
	MemoryContextReset(found_context);
}

void
mm_found_keep(HeapTuple tuple)
{
	MemoryContext old = MemoryContextSwitchTo(found_context);

	found = lappend(found, heap_copytuple(tuple));
	MemoryContextSwitchTo(old);
}

/*
 * mmdb.last_tuning()
 */
Datum
mm_last_tuning(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, found)
		tuplestore_puttuple(rsinfo->setResult, lfirst(lc));
	return (Datum) 0;
}
